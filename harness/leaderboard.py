"""Rank what was tried: the best trial of every pipeline, feature stack or family, and how honest its score is."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.metrics import mean_score
from harness.recording import Array
from harness.store import TrialRecord

RESAMPLES = 1000
"""Bootstrap resamples behind an honest score."""

GROUPINGS: dict[str, Callable[[TrialRecord], object]] = {
    "pipeline": lambda record: record.arm,
    "features": lambda record: tuple(choice.name for choice in record.spec.features),
    "model": lambda record: record.spec.model.name,
}
"""What a row can stand for: one arm, one stack of feature sets, or one model family."""


@dataclass(frozen=True, slots=True)
class Honest:
    """F1 with the luck of having been selected taken out, and the middle 90% of its resamples."""

    f1: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Row:
    """The best trial of its group."""

    rank: int
    best: TrialRecord
    honest: Honest | None
    """None where no resample left out a unit that holds positives."""
    trials: int
    """Finished trials of the group."""
    failed: int

    def as_json(self) -> dict[str, Any]:
        record, pooled = self.best, self.best.pooled
        return {
            "behavior": record.behavior,
            "rank": self.rank,
            "trial": record.trial,
            "f1": pooled.f1,
            "precision": pooled.precision,
            "recall": pooled.recall,
            "average_precision": record.average_precision,
            "f1_honest": self.honest and self.honest.f1,
            "f1_honest_low": self.honest and self.honest.low,
            "f1_honest_high": self.honest and self.honest.high,
            "features": [choice.name for choice in record.spec.features],
            "model": record.spec.model.name,
            "pipeline": record.spec.as_json(),
            "rounds": record.rounds,
            "decision": record.decision and record.decision.as_json(),
            "folds": record.folds,
            "trials": self.trials,
            "failed": self.failed,
            "seconds": record.seconds,
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
    finished = {key: [record for record in group if record.error is None] for key, group in groups.items()}
    ranked = sorted((key for key in groups if finished[key]), key=lambda key: _merit(finished[key]), reverse=True)
    rows = []
    for place, key in enumerate(ranked):
        considered = [record for lower in ranked[place:] for record in finished[lower]]
        failed = len(groups[key]) - len(finished[key])
        best = max(finished[key], key=lambda record: record.merit)
        rows.append(Row(place + 1, best, honest_score(considered), len(finished[key]), failed))
    return rows


def _merit(records: Sequence[TrialRecord]) -> tuple[float, float, float, int]:
    return max(record.merit for record in records)


def honest_score(records: Sequence[TrialRecord], seed: int = 0) -> Honest | None:
    """What selecting the best of `records` is worth on recordings that had no say in it.

    Bootstrap bias-corrected cross-validation (Tsamardinos et al. 2018, section 3): resample the units, select the best
    trial on the resample, and count it on the units left out. The estimate pools those counts over all resamples, as
    the challenge pools frames; the interval holds the middle 90% of the resamples' own F1.
    """
    ranked = sorted(records, key=lambda record: record.merit, reverse=True)
    hits, claimed = (
        np.array([[getattr(counts, name) for counts in record.counts] for record in ranked], dtype=np.float64)
        for name in ("hits", "claimed")
    )
    actual = np.array([counts.actual for counts in ranked[0].counts], dtype=np.float64)
    units = len(actual)
    draws = np.random.default_rng(seed).multinomial(units, np.full(units, 1 / units), size=RESAMPLES)
    # Ties go to the first, which is the better one on all units.
    chosen = np.argmax(_f1(hits @ draws.T, claimed @ draws.T, actual @ draws.T), axis=0)
    left_out = (draws == 0) & (actual @ (draws == 0).T > 0)[:, None]
    out_hits, out_claimed = (hits[chosen] * left_out).sum(axis=1), (claimed[chosen] * left_out).sum(axis=1)
    out_actual = (actual * left_out).sum(axis=1)
    usable = out_actual > 0
    if not usable.any():
        return None
    f1 = _f1(out_hits[usable], out_claimed[usable], out_actual[usable])
    low, high = np.quantile(f1, [0.05, 0.95])
    return Honest(float(_f1(out_hits.sum(), out_claimed.sum(), out_actual.sum())), float(low), float(high))


def _f1(hits: Array, claimed: Array, actual: Array) -> Array:
    f1: Array = 2 * hits / np.maximum(claimed + actual, 1)
    return f1


def best_records(records: Iterable[TrialRecord]) -> dict[str, TrialRecord]:
    """The trial to export for each behavior: the best one, a baseline only where nothing else finished."""
    best: dict[str, TrialRecord] = {}
    for record in records:
        if record.error is not None:
            continue
        known = best.get(record.behavior)
        if known is None or (not record.baseline, record.merit) > (not known.baseline, known.merit):
            best[record.behavior] = record
    return best


def mean_f1(rows: Iterable[Row]) -> float:
    """The challenge's mean over behaviors, of the rows that lead."""
    return mean_score(row.best.pooled.score for row in rows if row.rank == 1).f1
