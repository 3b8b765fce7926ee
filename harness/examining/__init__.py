"""What a careful colleague would find in a dataset before anything is searched: tracks, animals, clocks and labels.

Each module looks for one family of faults and returns findings. Nothing here changes the data, fits a detector that is
kept, or reads a file.
"""
