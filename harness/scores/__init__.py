"""What predictions are worth: F1 and precision, bouts, resamples, and how lucky the best of many is.

Nothing here knows what was predicted by which pipeline, or where from.
"""
