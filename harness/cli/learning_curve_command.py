"""`harness learning-curve`."""

import argparse
from collections.abc import Sequence

import harness
from harness.choosing.learning_curve import Curve
from harness.cli.arguments import machine, named_run
from harness.cli.console import show_csv, show_json, show_markdown, show_notes, show_table
from harness.scores.amounts import held_out_by_group
from harness.showing.console import say

HEADER = ("behavior", "recordings", "F1", "90% interval", "sets", "")
SPARE = {"": 0, "sets": 0}
"""Columns that are left out where the terminal is narrow, the first one first."""

BAR = 20
"""Columns of a bar from F1 0 to 1."""


def run(arguments: argparse.Namespace) -> int:
    run = named_run(arguments)
    curves = harness.learning_curve(run, behaviors=arguments.behavior, out=arguments.out, **machine(arguments))
    if arguments.format == "json":
        show_json([curve.as_json() for curve in curves])
    elif arguments.format == "csv":
        show_csv([{"behavior": curve.behavior} | point for curve in curves for point in curve.as_json()["points"]])
    else:
        _show(curves, arguments.format, held_out_by_group(run.amounts))
    if arguments.out:
        say(f"wrote {arguments.out}")
    return 0


def _show(curves: Sequence[Curve], how: str, groups: Sequence[str]) -> None:
    cells = [line for curve in curves for line in _cells(curve, how)]
    last = [n for n, line in enumerate(cells) if n + 1 == len(cells) or cells[n + 1][0] != line[0]]
    if how == "markdown":
        show_markdown(HEADER[:-1], [line[:-1] for line in cells])
        print("\n".join(["", *groups, *_notes(curves)]))
        return
    show_table(HEADER, cells, right=("recordings", "F1", "sets"), sections=last, spare=SPARE)
    show_notes([*groups, *_notes(curves)])


def _cells(curve: Curve, how: str) -> list[list[str]]:
    star = "*" if curve.record.folds == "blocked" else ""
    return [
        [
            curve.behavior,
            f"{point.recordings}{star}",
            f"{point.f1:.3f}",
            "{:.3f} to {:.3f}".format(*point.interval),
            str(len(point.sets)),
            ("█" * round(BAR * point.f1)).ljust(BAR, "░"),
        ]
        for point in curve.points
    ]


def _notes(curves: Sequence[Curve]) -> list[str]:
    """The answers, and what the numbers are."""
    lines = [f"{curve.behavior} ({curve.record.in_words}): {curve.answer}" for curve in curves]
    lines += [
        "",
        "recordings: so many are trained on. sets: so many choices of them were fitted.",
        "F1: on the recordings left out, each cut as is best on the others.",
        "90% interval: bootstrap over recordings, of which three or four make it too narrow.",
        "The pipeline was chosen for its F1 with all recordings but one, so the last step is a little too high.",
    ]
    if any(curve.record.folds == "blocked" for curve in curves):
        lines.append("*: parts of the one recording or group that shows it: optimistic, and nothing is said of others.")
    return lines
