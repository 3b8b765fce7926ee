"""Rank what was tried: the best trial of every pipeline, feature stack or family, and how honest its score is."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.runs.records import TrialRecord
from harness.scores.honest import Honest, bias_corrected, f1_of, out_of_bag_weight, tied
from harness.scores.metrics import Counts, total
from harness.scores.resampling import resamples

GROUPINGS: dict[str, Callable[[TrialRecord], object]] = {
    "pipeline": lambda record: record.arm,
    "features": lambda record: tuple(choice.name for choice in record.spec.features),
    "model": lambda record: record.spec.model.name,
}
"""What a row can stand for: one arm, one stack of feature sets, or one model family."""


@dataclass(frozen=True, slots=True)
class Row:
    """The best trial of its group."""

    rank: int
    best: TrialRecord
    honest: Honest | None
    """None where no resample left out a unit that holds positives."""
    tied: bool
    """Whether the lead of the first row over this one may be chance."""
    trials: int
    """Trials of the group that have a score."""
    pruned: int
    failed: int

    def as_json(self) -> dict[str, Any]:
        record = self.best
        return {
            "behavior": record.behavior,
            "rank": self.rank,
            "tied_with_best": self.tied,
            "trial": record.trial,
            **scores_as_json(record.counts, record.bouts, record.average_precision, self.honest),
            "features": [choice.name for choice in record.spec.features],
            "model": record.spec.model.name,
            "pipeline": record.spec.as_json(),
            "rounds": record.rounds,
            "decision": record.decision and record.decision.as_json(),
            "members": None,
            "folds": record.folds,
            "trials": self.trials,
            "pruned": self.pruned,
            "failed": self.failed,
            "seconds": record.seconds,
        }


def scores_as_json(
    counts: Sequence[Counts], bouts: Sequence[Counts], average_precision: float, honest: Honest | None
) -> dict[str, Any]:
    """All scores of a row by name, in the order in which they are shown; `counts` and `bouts` are by unit."""
    frames, of_bouts = total(counts), total(bouts)
    return {
        "f1": frames.f1,
        "precision": frames.precision,
        "recall": frames.recall,
        "average_precision": average_precision,
        "f1_honest": honest and honest.f1,
        "f1_honest_low": honest and honest.low,
        "f1_honest_high": honest and honest.high,
        "bout_f1": of_bouts.f1,
        "bout_precision": of_bouts.precision,
        "bout_recall": of_bouts.recall,
    }


def leaderboard(records: Iterable[TrialRecord], by: str = "pipeline", top: int | None = None) -> list[Row]:
    """Rows by behavior, best first: the best trial of each group that `by` (of `GROUPINGS`) makes.

    The honest score of a row is that of a selection which ended on it: from the trials of its own and all lower rows.
    """
    behaviors: dict[str, list[TrialRecord]] = {}
    for record in records:
        behaviors.setdefault(record.behavior, []).append(record)
    return [row for behavior in behaviors.values() for row in _rows(behavior, by)[:top]]


def _rows(records: Sequence[TrialRecord], by: str) -> list[Row]:
    groups: dict[object, list[TrialRecord]] = {}
    for record in records:
        groups.setdefault(GROUPINGS[by](record), []).append(record)
    complete = {key: [record for record in group if record.complete] for key, group in groups.items()}
    ranked = sorted((key for key in groups if complete[key]), key=lambda key: _merit(complete[key]), reverse=True)
    best = {key: max(complete[key], key=lambda record: record.merit) for key in ranked}
    return [
        Row(
            rank=place + 1,
            best=best[key],
            honest=honest_score([record for lower in ranked[place:] for record in complete[lower]]),
            tied=tied(best[key].counts, best[ranked[0]].counts),
            trials=len(complete[key]),
            pruned=sum(record.pruned for record in groups[key]),
            failed=sum(record.error is not None for record in groups[key]),
        )
        for place, key in enumerate(ranked)
    ]


def _merit(records: Sequence[TrialRecord]) -> tuple[float, float, float, int]:
    return max(record.merit for record in records)


def honest_score(records: Sequence[TrialRecord]) -> Honest | None:
    """What selecting the best of `records`, and its decision, is worth on recordings that had no say in it.

    On each resample of the units every trial takes the decision that is best there, the best of the trials is selected,
    and counted on the units left out. See `harness.scores.honest.bias_corrected`.
    """
    ranked = sorted(records, key=lambda record: record.merit, reverse=True)
    table = np.array([record.resampled for record in ranked])  # (trials, resamples, 4)
    actual = np.array([counts.actual for counts in ranked[0].counts])
    positives = resamples(len(actual)).draws @ actual
    # Ties go to the first, which is the better one on all units.
    chosen = f1_of(table[:, :, 0], table[:, :, 1], positives).argmax(axis=0)
    left_out = table[chosen, np.arange(len(chosen)), 2:]
    return bias_corrected(left_out, ranked[0].counts, out_of_bag_weight(len(ranked)))


def best_records(records: Iterable[TrialRecord]) -> dict[str, TrialRecord]:
    """The trial to export for each behavior: the best one, a baseline only where nothing else finished."""
    best: dict[str, TrialRecord] = {}
    for record in records:
        if not record.complete:
            continue
        known = best.get(record.behavior)
        if known is None or (not record.baseline, record.merit) > (not known.baseline, known.merit):
            best[record.behavior] = record
    return best
