"""Reading datasets, and making one."""
