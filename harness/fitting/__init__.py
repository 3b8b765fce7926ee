"""One pipeline on one behavior: folds, the fit, out-of-fold probabilities, and the best decision.

All functions here are pure: nothing is stored, and nothing chosen between pipelines.
"""
