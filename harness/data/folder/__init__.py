"""The dataset folder: `dataset.toml`, `recordings.csv`, and a file of poses, labels and what was looked at for each.

What the challenge's files hold, and what is wrong with recordings together, does not belong here.
"""
