"""`harness score`."""

import argparse

import harness
from harness.cli.console import show_csv, show_json, show_markdown, show_table
from harness.showing.console import say

HEADER = ("behavior", "F1", "precision", "recall", "positive", "claimed")


def run(arguments: argparse.Namespace) -> int:
    scores = harness.score(arguments.submission, arguments.truth)
    for note in scores.notes:
        say(f"note: {note}")
    if arguments.format == "json":
        show_json(scores.as_json())
        return 0
    if arguments.format == "csv":
        show_csv(scores.rows())
        return 0
    cells = [
        [behavior, f"{one.f1:.4f}", f"{one.precision:.4f}", f"{one.recall:.4f}", f"{one.actual:,}", f"{one.claimed:,}"]
        for behavior, one in scores.behaviors.items()
    ]
    cells.append(["mean", f"{scores.mean.f1:.4f}", f"{scores.mean.precision:.4f}", "", "", ""])
    if arguments.format == "markdown":
        show_markdown(HEADER, cells)
    else:
        show_table(HEADER, cells, right=HEADER[1:], sections=[len(cells) - 2])
    return 0
