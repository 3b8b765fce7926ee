"""What people watch and read: tables that fit a terminal, and how far a search has come.

What is shown is worked out elsewhere. Here, in a notebook's cell or on standard error, it is only drawn, when asked.
"""
