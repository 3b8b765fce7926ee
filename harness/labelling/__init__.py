"""Fit for good what was chosen, keep it in files, label recordings, write the submission.

Which pipelines are fitted is settled before, in `choosing`.
"""
