"""Whole files, safely: named for every disk, never seen half written, read within bounds, held by one writer.

What the files mean belongs to the rooms that read and write them.
"""
