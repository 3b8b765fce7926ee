"""Find, for each behavior on its own, the best detector from a few labelled pose recordings."""

__version__ = "0.1.0"
