"""Feature sets: one decorated function in one file each."""
