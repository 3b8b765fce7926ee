"""`harness leaderboard`."""

import argparse
from collections.abc import Sequence

from harness.cli.arguments import last_run_folder
from harness.cli.console import counted, pipeline_name, show_csv, show_json, show_markdown, show_table
from harness.errors import NothingToRankError, unknown
from harness.leaderboard import Row, leaderboard, mean_f1
from harness.spec import Decision
from harness.store import Run

HEADER = ("behavior", "#", "F1", "honest F1", "prec", "AP", "pipeline", "decision", "trial")
WIDE = ("decision", "trial")
"""Columns that are left out where the terminal is narrow."""


def run(arguments: argparse.Namespace) -> int:
    run = Run(last_run_folder(arguments.results))
    about = run.description["about"]
    behaviors = about["behaviors"]
    for name in arguments.behavior:
        if name not in behaviors:
            raise unknown("behavior", name, behaviors)
    records = [one for one in run.records() if not arguments.behavior or one.behavior in arguments.behavior]
    for_people = arguments.format in ("table", "markdown")
    rows = leaderboard(records, arguments.by, arguments.top or (3 if for_people else None))
    if not rows:
        failed = [record.error for record in records if record.error]
        reason = f"all {len(failed)} trials failed, the first: {failed[0]}" if failed else "no trial has finished"
        raise NothingToRankError(f"{run.folder}: {reason}; it was made by `{about['command']}`")
    if arguments.format == "json":
        show_json([row.as_json() for row in rows])
    elif arguments.format == "csv":
        show_csv([row.as_json() for row in rows])
    else:
        _show(rows, arguments.format)
    return 0


def _show(rows: Sequence[Row], how: str) -> None:
    cells = [_cells(row) for row in rows]
    if how == "markdown":
        show_markdown(HEADER, cells)
    else:
        last = [n for n, row in enumerate(rows) if n + 1 == len(rows) or rows[n + 1].rank == 1]
        show_table(HEADER, cells, right=("#", "F1", "prec", "AP", "trial"), sections=last, wide=WIDE)
    leaders = [row for row in rows if row.rank == 1]
    honest = [row.honest.f1 for row in leaders if row.honest]
    print()
    print(f"leaders of {counted(len(leaders), 'behavior')}: mean F1 {mean_f1(rows):.3f}", end="")
    print(f", mean honest F1 {sum(honest) / len(honest):.3f}" if len(honest) == len(leaders) else "")
    print("F1: on recordings that were held out. prec: precision. AP: average precision.")
    print("honest F1: less the luck of having been selected, with its 90% interval.")
    if any(row.best.folds == "blocked" for row in rows):
        print("*: only one recording shows it, so parts of that were held out: optimistic.")


def _cells(row: Row) -> list[str]:
    record, pooled = row.best, row.best.pooled
    return [
        record.behavior,
        str(row.rank),
        f"{pooled.f1:.3f}{'*' if record.folds == 'blocked' else ''}",
        f"{row.honest.f1:.3f} ({row.honest.low:.2f}-{row.honest.high:.2f})" if row.honest else "",
        f"{pooled.precision:.3f}",
        f"{record.average_precision:.3f}",
        pipeline_name(record),
        described(record.decision) if record.decision else "",
        str(record.trial),
    ]


def described(decision: Decision) -> str:
    """A decision in words."""
    words = [f"{decision.smoother}" if decision.smoother.name != "none" else "", f"≥{decision.threshold:.3g}"]
    words.append(f"gap≤{decision.longest_gap:g}s" if decision.longest_gap else "")
    words.append(f"bout≥{decision.shortest_bout:g}s" if decision.shortest_bout else "")
    return " ".join(word for word in words if word)
