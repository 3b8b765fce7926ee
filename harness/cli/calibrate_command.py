"""`harness calibrate`."""

import argparse

import harness
from harness.cli.arguments import labour
from harness.cli.console import show_csv, show_json, show_markdown, show_notes, show_table
from harness.showing.console import say

HEADER = ("behavior", "F1 before", "F1 after", "prec before", "prec after", "decision")

SPARE = {"prec before": 0, "prec after": 0}
"""Columns that are left out where the terminal is narrow, the first one first."""


def run(arguments: argparse.Namespace) -> int:
    made = harness.calibrate(
        arguments.models,
        arguments.data,
        arguments.out,
        **labour(arguments),
    )
    rows = made.rows()
    if arguments.format == "json":
        show_json(rows)
    elif arguments.format == "csv":
        show_csv(rows)
    else:
        cells = [
            [
                row["behavior"],
                *(f"{row[name]:.3f}" + "*" * row["optimistic"] for name in ("f1_before", "f1_after")),
                *(f"{row[name]:.3f}" for name in ("precision_before", "precision_after")),
                row["decision"] if row["changed"] else "as it was",
            ]
            for row in rows
        ]
        if arguments.format == "markdown":
            show_markdown(HEADER, cells)
        else:
            show_table(HEADER, cells, right=HEADER[1:5], spare=SPARE)
            notes = [
                "after: each recording by what the others would choose; as it was: where that does not lead by far."
            ]
            notes += ["*: of parts of the one recording that shows it: optimistic."] if _some_optimistic(made) else []
            show_notes(notes)
    say(f"wrote {made.folder} (the models, for harness predict)")
    return 0


def _some_optimistic(made: harness.Calibration) -> bool:
    return any(one.blocked for one in made.behaviors.values())
