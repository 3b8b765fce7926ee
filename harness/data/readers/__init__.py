"""Files of trackers and annotators, one module for each format: from a file to `Tracks` or `Annotations`.

A reader says what is in the file and no more; what becomes of it belongs to `data.incoming`.
"""
