"""The formats that labels are written in, one file each: those of annotators' programs, of challenges, and tables.

What is written follows from an `Asked` and each recording's `Labelled` alone. Whether and where to write is not decided
here.
"""
