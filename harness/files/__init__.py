"""Whole files, safely: written so that nobody sees half of one, read within bounds, held by one writer.

What the files mean belongs to the rooms that read and write them.
"""
