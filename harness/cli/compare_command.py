"""`harness compare`."""

import argparse
from collections.abc import Sequence

from harness.cli.arguments import named_server
from harness.cli.console import counted, say, show_csv, show_json, show_markdown, show_notes, show_table
from harness.comparison import FEWEST, Difference, best_trials, differences, exported
from harness.ensembles import kept
from harness.errors import HarnessError, NothingToRankError
from harness.records import TrialRecord
from harness.store import Run

HEADER = ("behavior", "of", "first", "second", "difference", "recordings", "second is")
SPARE = {"recordings": 0, "first": 0, "second": 0}
"""Columns that are left out where the terminal is narrow, the first one first."""


def run(arguments: argparse.Namespace) -> int:
    rows = _differences(Run(arguments.first, named_server(None)), Run(arguments.second, named_server(None)))
    if arguments.format == "json":
        show_json([row.as_json() for row in rows])
    elif arguments.format == "csv":
        show_csv([row.as_json() for row in rows])
    else:
        _show(rows, arguments)
    return 0


def _differences(first: Run, second: Run) -> list[Difference]:
    """Raises `HarnessError` where the two cannot be compared, and `NothingToRankError` where there is nothing to."""
    if first.description["identity"].get("data") != second.description["identity"].get("data"):
        names = " and ".join(run.description["about"]["data"] for run in (first, second))
        raise HarnessError(f"{first.folder} and {second.folder} were searched on different data ({names})")
    records = [run.records() for run in (first, second)]
    folds = [{one.behavior: one.folds for one in theirs if one.complete} for theirs in records]
    for run, known in zip((first, second), folds, strict=True):
        if not known:
            raise NothingToRankError(f"{run.folder}: no trial has a score")
    both = [name for name in folds[0] if name in folds[1]]
    if not both:
        raise NothingToRankError(f"{first.folder} and {second.folder} have no behavior in common")
    for name in both:
        if folds[0][name] != folds[1][name]:
            raise HarnessError(
                f"{first.folder} and {second.folder} cannot be compared: "
                f"{name} has {folds[0][name]} folds in the first, {folds[1][name]} ones in the second"
            )
    for here, there, run in ((0, 1, first), (1, 0, second)):
        alone = [name for name in folds[here] if name not in folds[there]]
        if alone:
            say(f"only in {run.folder}, so left out: {', '.join(alone)}")
    blocked = [name for name in both if folds[0][name] == "blocked"]
    try:
        return _of_best(records, blocked) + _of_exported((first, second), records, blocked)
    except HarnessError as error:
        raise HarnessError(f"{first.folder} and {second.folder} cannot be compared: {error}") from error


def _of_best(records: Sequence[Sequence[TrialRecord]], blocked: Sequence[str]) -> list[Difference]:
    one, other = (best_trials(theirs) for theirs in records)
    return differences("best trial", one, other, blocked)


def _of_exported(
    runs: Sequence[Run], records: Sequence[Sequence[TrialRecord]], blocked: Sequence[str]
) -> list[Difference]:
    """None where a search was broken off before it found out what would be exported."""
    found = [kept(run, theirs) for run, theirs in zip(runs, records, strict=True)]
    for run, one in zip(runs, found, strict=True):
        if one is None:
            say(f"{run.folder}: its search was broken off, so what would be exported is not compared")
    one, other = found
    return differences("exported", exported(one), exported(other), blocked) if one and other else []


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
        lines.append("*: only one recording shows it, so parts of that were held out: optimistic.")
    return lines
