"""Feature sets: one decorated function in one file each, from a recording to columns.

They import nobody's plugin, and nobody imports them; what several compute with stands in `columns`.
"""
