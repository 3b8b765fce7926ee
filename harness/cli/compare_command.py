"""`harness compare`."""

import argparse
from collections.abc import Sequence

import harness
from harness.choosing.comparison import FEWEST, Difference
from harness.cli.arguments import named_server
from harness.cli.console import show_csv, show_json, show_markdown, show_notes, show_table
from harness.showing.console import say
from harness.words import counted

HEADER = ("behavior", "of", "first", "second", "difference", "recordings", "second is")
SPARE = {"recordings": 0, "first": 0, "second": 0}
"""Columns that are left out where the terminal is narrow, the first one first."""


def run(arguments: argparse.Namespace) -> int:
    server = named_server(None)
    runs = [harness.open_run(folder, storage=server) for folder in (arguments.first, arguments.second)]
    comparison = harness.compare(*runs)
    for note in comparison.notes:
        say(note)
    rows = comparison.differences
    if arguments.format == "json":
        show_json([row.as_json() for row in rows])
    elif arguments.format == "csv":
        show_csv([row.as_json() for row in rows])
    else:
        _show(rows, arguments)
    return 0


def _show(rows: Sequence[Difference], arguments: argparse.Namespace) -> None:
    cells = [_cells(row) for row in rows]
    notes = ["", f"first: {arguments.first}. second: {arguments.second}.", *_notes(rows)]
    if arguments.format == "markdown":
        show_markdown(HEADER, cells)
        print("\n".join(notes))
        return
    last = [n for n, row in enumerate(rows) if n + 1 == len(rows) or rows[n + 1].what != row.what]
    right = ("first", "second", "difference", "recordings")
    styles = [{"better": "green", "worse": "red"}.get(row.verdict, "") for row in rows]
    show_table(HEADER, cells, right=right, sections=last, spare=SPARE, styles=styles)
    show_notes(notes)


def _cells(row: Difference) -> list[str]:
    star = "*" if row.blocked else ""
    return [
        row.behavior or "mean",
        "best" if row.what == "best trial" else row.what,
        f"{row.first:.3f}{star}",
        f"{row.second:.3f}{star}",
        f"{row.difference:+.3f} ({row.low:+.2f}, {row.high:+.2f})",
        f"{row.recordings}",
        row.verdict,
    ]


def _notes(rows: Sequence[Difference]) -> list[str]:
    """What the columns mean, and what they cannot say."""
    lines = [
        "best: the trial with the best cross-fitted F1; of many trials it is a luckier one than of few.",
        "exported: each recording judged by what would have been chosen without it.",
        "difference: second less first, with its 90% interval by paired bootstrap over recordings.",
        "no difference: none is told, since the interval holds zero.",
    ]
    if any(row.verdict == "too few" for row in rows):
        lines.append(
            f"too few to tell: below {counted(FEWEST, 'recording')} that show it, all of one mind may be so by chance."
        )
    if any(row.blocked for row in rows):
        lines.append("*: only one recording, or one group, shows it; parts of that were held out: optimistic.")
    return lines
