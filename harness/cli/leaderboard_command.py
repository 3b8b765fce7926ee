"""`harness leaderboard`."""

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence

from harness.cli.arguments import last_run_folder, named_server
from harness.cli.console import counted, pipeline_name, show_csv, show_json, show_markdown, show_table
from harness.ensembles import EnsembleRow, ensemble_rows, kept
from harness.errors import NothingToRankError, unknown
from harness.honest import Honest
from harness.leaderboard import Row, leaderboard
from harness.metrics import Counts, mean_score, total
from harness.spec import Decision
from harness.store import Run

HEADER = ("behavior", "#", "F1", "honest F1", "prec", "AP", "bout F1", "pipeline", "decision", "trial")
WIDE = ("bout F1", "decision", "trial")
"""Columns that are left out where the terminal is narrow."""

PIPELINES_SHOWN = 3
"""Of an ensemble, in a table."""


def run(arguments: argparse.Namespace) -> int:
    run = Run(last_run_folder(arguments.results), named_server(arguments.storage))
    about = run.description["about"]
    behaviors = about["behaviors"]
    for name in arguments.behavior:
        if name not in behaviors:
            raise unknown("behavior", name, behaviors)
    every = run.records()
    records = [one for one in every if not arguments.behavior or one.behavior in arguments.behavior]
    for_people = arguments.format in ("table", "markdown")
    ranked = leaderboard(records, arguments.by, arguments.top or (3 if for_people else None))
    if not ranked:
        failed = [record.error for record in records if record.error]
        reason = f"all {len(failed)} trials failed, the first: {failed[0]}" if failed else "no trial has finished"
        raise NothingToRankError(f"{run.folder}: {reason}; it was made by `{about['command']}`")
    selections = kept(run, every)
    rows = _with_ensembles(ranked, ensemble_rows(selections, every) if selections else {})
    if arguments.format == "json":
        show_json([row.as_json() for row in rows])
    elif arguments.format == "csv":
        show_csv([row.as_json() for row in rows])
    else:
        _show(rows, arguments.format)
    return 0


def _with_ensembles(ranked: Sequence[Row], ensembles: Mapping[str, EnsembleRow]) -> list[Row | EnsembleRow]:
    """Each behavior's ensemble above its best pipeline."""
    rows: list[Row | EnsembleRow] = []
    for row in ranked:
        if row.rank == 1 and row.best.behavior in ensembles:
            rows.append(ensembles[row.best.behavior])
        rows.append(row)
    return rows


def _show(rows: Sequence[Row | EnsembleRow], how: str) -> None:
    cells = [_cells(row) if isinstance(row, Row) else _ensemble_cells(row) for row in rows]
    if how == "markdown":
        show_markdown(HEADER, cells)
    else:
        names = [line[0] for line in cells]
        last = [n for n, name in enumerate(names) if n + 1 == len(names) or names[n + 1] != name]
        show_table(HEADER, cells, right=("#", "F1", "prec", "AP", "bout F1", "trial"), sections=last, wide=WIDE)
    print()
    ranked = [row for row in rows if isinstance(row, Row)]
    _show_means(ranked, [row for row in rows if isinstance(row, EnsembleRow)])
    print("F1: on recordings that were held out. prec: precision. AP: average precision.")
    print("honest F1: less the luck of having been selected, with its 90% interval.")
    if any(row.tied and row.rank > 1 for row in ranked):
        print("=: the lead of the first over it may be chance (bootstrap over recordings, 5%).")
    if len(ranked) < len(rows):
        print("E: ensemble; each recording is judged by members chosen without it.")
    if any(row.best.folds == "blocked" for row in ranked):
        print("*: only one recording shows it, so parts of that were held out: optimistic.")


def _show_means(ranked: Sequence[Row], ensembles: Sequence[EnsembleRow]) -> None:
    leaders = [row for row in ranked if row.rank == 1]
    _show_mean("leaders", [row.best.pooled for row in leaders], [row.honest for row in leaders])
    if ensembles:
        selections = [row.selection for row in ensembles]
        _show_mean("ensembles", [one.pooled for one in selections], [one.honest for one in selections])


def _show_mean(what: str, scores: Sequence[Counts], honest: Sequence[Honest | None]) -> None:
    told = [one.f1 for one in honest if one]
    print(
        f"{what} of {counted(len(scores), 'behavior')}: mean F1 {mean_score(one.score for one in scores).f1:.3f}",
        end="",
    )
    print(f", mean honest F1 {sum(told) / len(told):.3f}" if len(told) == len(scores) else "")


def _cells(row: Row) -> list[str]:
    record = row.best
    return [
        record.behavior,
        f"{row.rank}{'=' if row.tied and row.rank > 1 else ''}",
        *_score_cells(record.counts, record.bouts, record.average_precision, row.honest, record.folds),
        pipeline_name(record),
        described(record.decision) if record.decision else "",
        str(record.trial),
    ]


def _ensemble_cells(row: EnsembleRow) -> list[str]:
    one = row.selection
    names: Counter[str] = Counter()
    for member in one.members:
        names[pipeline_name(member.record)] += member.weight
    shown = [f"{name} x{weight}" for name, weight in names.most_common(PIPELINES_SHOWN)]
    more = [f"{len(names) - PIPELINES_SHOWN} more"] if len(names) > PIPELINES_SHOWN else []
    return [
        one.behavior,
        "E",
        *_score_cells(one.counts, one.bouts, one.average_precision, one.honest, one.members[0].record.folds),
        f"ensemble of {len(one.members)}: {'; '.join(shown + more)}",
        described(one.decision),
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


def described(decision: Decision) -> str:
    """A decision in words."""
    words = [f"{decision.smoother}" if decision.smoother.name != "none" else "", f"≥{decision.threshold:.3g}"]
    words.append(f"peak≥{decision.peak:.3g}" if decision.peak else "")
    words.append(f"gap≤{decision.longest_gap:g}s" if decision.longest_gap else "")
    words.append(f"bout≥{decision.shortest_bout:g}s" if decision.shortest_bout else "")
    return " ".join(word for word in words if word)
