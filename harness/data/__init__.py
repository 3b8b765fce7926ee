"""From files to a `Dataset`, and submissions back.

What is computed from recordings does not belong here.
"""
