"""`harness leaderboard`, once or as it changes."""

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

import harness
from harness.choosing.ensembles import EnsembleRow
from harness.choosing.leaderboard import Row
from harness.cli.arguments import named_run
from harness.cli.console import show, show_csv, show_json, show_markdown
from harness.scores.amounts import held_out_by_group
from harness.scores.honest import Honest
from harness.scores.metrics import Counts, mean_score, total
from harness.showing.console import can_redraw, plain_console
from harness.showing.tables import fitted_table
from harness.words import counted

HEADER = ("behavior", "#", "F1", "honest F1", "prec", "AP", "bout F1", "pipeline", "decision", "trial")
SPARE = {"trial": 32, "decision": 32, "bout F1": 32, "AP": 20, "prec": 20, "honest F1": 14}
"""Columns that are left out, the first one first, where they would leave less room than this for the pipeline."""

TOP = 3
"""Rows of a behavior that people are shown."""

POLL_SECONDS = 0.5
"""How often a watched run is asked whether something has changed."""

SHARE = 0.1
"""Of its time a watch computes at most, so that the search has the rest."""

ANEW_SECONDS = 60
"""A watched run is read so often in any case: not every storage shows a change in the run's folder."""

PIPELINES_SHOWN = 3
"""Of an ensemble, in a table."""


def run(arguments: argparse.Namespace) -> int:
    run = named_run(arguments)
    if arguments.watch:
        return _watch(run, arguments)
    for_people = arguments.format in ("table", "markdown")
    top = arguments.top or (TOP if for_people else None)
    rows = run.rows(by=arguments.by, top=top, behaviors=arguments.behavior)
    if arguments.format == "json":
        show_json([row.as_json() for row in rows])
    elif arguments.format == "csv":
        show_csv([row.as_json() for row in rows])
    elif arguments.format == "markdown":
        show_markdown(HEADER, _all_cells(rows))
        print("\n".join(["", *_notes(rows, run)]))
    else:
        console = plain_console()
        show(console, _drawn(rows, run, console.width))
    return 0


def _watch(run: harness.Run, arguments: argparse.Namespace) -> int:
    """Draw the leaderboard anew whenever the run has changed, until interrupted. The run is only read.

    It is drawn from the top of a terminal's other screen: a terminal drops what it has not shown yet when Ctrl-C is
    pressed, and breaks lines when it is made narrower, after which nobody knows where the lines drawn before stand.
    """
    console = plain_console()
    if arguments.format != "table" or not can_redraw(console):
        raise harness.HarnessError("--watch draws a table on a terminal; leave it out where the output goes elsewhere")
    board: RenderableType = ""
    # The only way to end it, so nothing is broken off by it.
    with suppress(KeyboardInterrupt), Live(console=console, screen=True, auto_refresh=False) as live:
        seen = None
        while True:
            began = time.monotonic()
            # Found out before the run is read: what changes meanwhile is seen the next time.
            state = (*run.state(), console.size, int(began // ANEW_SECONDS))
            if state != seen:
                seen = state
                status, board = _watched(run, arguments, console)
                live.update(Group(status, board), refresh=True)
            spent = time.monotonic() - began
            time.sleep(max(POLL_SECONDS, spent / SHARE - spent))
    show(console, board)
    return 0


def _watched(run: harness.Run, arguments: argparse.Namespace, console: Console) -> tuple[Text, RenderableType]:
    """How far the run has come, and the leaderboard with as many rows as the terminal is high enough for."""
    every = run.records()
    pruned, failed = sum(one.pruned for one in every), sum(one.error is not None for one in every)
    clock = time.strftime("%H:%M:%S")
    status = Text(
        f"{clock} {run.folder}: {counted(len(every), 'trial')}, {pruned} pruned, {failed} failed; Ctrl-C ends"
    )
    for top in [arguments.top] if arguments.top else range(TOP, 0, -1):
        try:
            board = _drawn(run.rows(by=arguments.by, top=top, behaviors=arguments.behavior), run, console.width)
        except harness.NothingToRankError as error:
            return status, Text(str(error))
        if len(console.render_lines(Group(status, board), pad=False)) <= console.height:
            break
    return status, board


def _all_cells(rows: Sequence[Row | EnsembleRow]) -> list[list[str]]:
    return [_cells(row) if isinstance(row, Row) else _ensemble_cells(row) for row in rows]


def _drawn(rows: Sequence[Row | EnsembleRow], run: harness.Run, width: int) -> RenderableType:
    """The table and what it means, for a terminal of so many columns."""
    cells = _all_cells(rows)
    names = [line[0] for line in cells]
    last = [n for n, name in enumerate(names) if n + 1 == len(names) or names[n + 1] != name]
    right = ("#", "F1", "prec", "AP", "bout F1", "trial")
    table = fitted_table(
        HEADER, cells, width, right=right, sections=last, spare=SPARE, styles=[_style(row) for row in rows]
    )
    return Group(table, Text("\n".join(["", *_notes(rows, run)])))


def _style(row: Row | EnsembleRow) -> str:
    if isinstance(row, EnsembleRow):
        return "cyan"
    return "green" if row.rank == 1 else ""


def _notes(rows: Sequence[Row | EnsembleRow], run: harness.Run) -> list[str]:
    """What the rows come to in the mean, what their signs stand for, and what to be careful about."""
    ranked = [row for row in rows if isinstance(row, Row)]
    ensembles = [row for row in rows if isinstance(row, EnsembleRow)]
    lines = _means(ranked, ensembles)
    lines.append("F1: on recordings that were held out. prec: precision. AP: average precision.")
    lines.append("honest F1: less the luck of having been selected, with its 90% interval.")
    if any(row.tied and row.rank > 1 for row in ranked):
        lines.append("=: the lead of the first over it may be chance (bootstrap over recordings, 5%).")
    if ensembles:
        lines.append("E: ensemble; each recording is judged by members chosen without it.")
    if any(row.best.folds == "blocked" for row in ranked):
        lines.append("*: only one recording, or one group, shows it; parts of that were held out: optimistic.")
    amounts = run.amounts
    lines += held_out_by_group(amounts)
    for row in ranked:
        if row.rank == 1 and row.best.behavior in amounts:
            lines += [f"{row.best.behavior}: {caution}" for caution in amounts[row.best.behavior].cautions(row.honest)]
    return lines


def _means(ranked: Sequence[Row], ensembles: Sequence[EnsembleRow]) -> list[str]:
    leaders = [row for row in ranked if row.rank == 1]
    lines = [_mean("leaders", [row.best.pooled for row in leaders], [row.honest for row in leaders])]
    if ensembles:
        selections = [row.selection for row in ensembles]
        lines.append(_mean("ensembles", [one.pooled for one in selections], [one.honest for one in selections]))
    return lines


def _mean(what: str, scores: Sequence[Counts], honest: Sequence[Honest | None]) -> str:
    told = [one.f1 for one in honest if one]
    line = f"{what} of {counted(len(scores), 'behavior')}: mean F1 {mean_score(one.score for one in scores).f1:.3f}"
    return line + (f", mean honest F1 {sum(told) / len(told):.3f}" if len(told) == len(scores) else "")


def _cells(row: Row) -> list[str]:
    record = row.best
    return [
        record.behavior,
        f"{row.rank}{'=' if row.tied and row.rank > 1 else ''}",
        *_score_cells(record.counts, record.bouts, record.average_precision, row.honest, record.folds),
        record.in_words,
        record.decision.in_words if record.decision else "",
        str(record.trial),
    ]


def _ensemble_cells(row: EnsembleRow) -> list[str]:
    one = row.selection
    names: Counter[str] = Counter()
    for member in one.members:
        names[member.record.in_words] += member.weight
    shown = [f"{name} x{weight}" for name, weight in names.most_common(PIPELINES_SHOWN)]
    more = [f"{len(names) - PIPELINES_SHOWN} more"] if len(names) > PIPELINES_SHOWN else []
    return [
        one.behavior,
        "E",
        *_score_cells(one.counts, one.bouts, one.average_precision, one.honest, one.members[0].record.folds),
        f"ensemble of {len(one.members)}: {'; '.join(shown + more)}",
        one.decision.in_words,
        "",
    ]


def _score_cells(
    counts: Sequence[Counts], bouts: Sequence[Counts], average_precision: float, honest: Honest | None, folds: str
) -> list[str]:
    frames = total(counts)
    return [
        f"{frames.f1:.3f}{'*' if folds == 'blocked' else ''}",
        f"{honest.f1:.3f} ({honest.low:.2f}-{honest.high:.2f})" if honest else "",
        f"{frames.precision:.3f}",
        f"{average_precision:.3f}",
        f"{total(bouts).f1:.3f}",
    ]
