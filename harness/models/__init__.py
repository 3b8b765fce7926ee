"""Model families: one decorated function in one file each."""
