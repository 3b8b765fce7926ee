"""`harness score`."""

import argparse

from harness.cli.console import show_csv, show_json, show_markdown, show_table
from harness.metrics import mean_score
from harness.submission import read_predictions, read_truth, score

HEADER = ("behavior", "F1", "precision", "recall", "positive", "claimed")


def run(arguments: argparse.Namespace) -> int:
    truth = read_truth(arguments.truth)
    counts = score(read_predictions(arguments.submission, truth), truth)
    mean = mean_score(one.score for one in counts.values())
    rows = [
        {
            "behavior": behavior,
            "f1": one.f1,
            "precision": one.precision,
            "recall": one.recall,
            "positive": one.actual,
            "claimed": one.claimed,
        }
        for behavior, one in counts.items()
    ]
    if arguments.format == "json":
        show_json({"f1": mean.f1, "precision": mean.precision, "behaviors": rows})
        return 0
    if arguments.format == "csv":
        show_csv(rows)
        return 0
    cells = [
        [behavior, f"{one.f1:.4f}", f"{one.precision:.4f}", f"{one.recall:.4f}", f"{one.actual:,}", f"{one.claimed:,}"]
        for behavior, one in counts.items()
    ]
    cells.append(["mean", f"{mean.f1:.4f}", f"{mean.precision:.4f}", "", "", ""])
    if arguments.format == "markdown":
        show_markdown(HEADER, cells)
    else:
        show_table(HEADER, cells, right=HEADER[1:], sections=[len(cells) - 2])
    return 0
