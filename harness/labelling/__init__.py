"""Fit for good what was chosen, keep it in files, label recordings or look through them, write the submission.

Which pipelines are fitted is settled before, in `choosing`.
"""
