"""From what readers give to recordings: which file is of which video, whose frames, whose names.

What a format looks like belongs to `data.readers`, what a dataset folder looks like to `data.folder`.
"""
