"""Which behaviors one run does better than another, by how much, and whether the difference is real."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from harness.choosing.ensembles import Selections
from harness.choosing.leaderboard import best_records
from harness.choosing.selection import EXPORTED
from harness.errors import HarnessError
from harness.recording import Array
from harness.runs.records import TrialRecord
from harness.scores.honest import resampled_f1, weighted_quantile
from harness.scores.metrics import Counts, total
from harness.scores.resampling import resamples

FEWEST = 5
"""Recordings with the behavior that a verdict takes: four all speak for the better one by chance in 1 of 16 cases."""

DRAWN = 20_000
"""So many resamples the interval of a mean over behaviors is made of."""

Verdict = Literal["better", "worse", "no difference", "too few"]

Judged = Mapping[str, Sequence[Counts]]
"""By behavior, the counts of every unit."""

Parts = Sequence[Sequence[str]]
"""Of each part that counts are of, the ids of the recordings in it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What the second run is worth more than the first, on one behavior or in the mean over all that both have."""

    behavior: str | None
    """None for the mean."""
    what: str
    """`best trial`, or `exported`: the way of choosing that `export-best` takes."""
    first: float
    """F1 of the first run."""
    second: float
    low: float
    """The 90% interval of the difference goes from here."""
    high: float
    recordings: int
    """Units that show the behavior. The blocks of a single recording count as the one that they are."""
    blocked: bool

    @property
    def difference(self) -> float:
        return self.second - self.first

    @property
    def verdict(self) -> Verdict:
        """Of the second run: a difference is told where the interval leaves out zero, and recordings are not too few.

        Where they are, resamples are too few as well: the interval is then as narrow as they are alike.
        """
        if self.recordings < FEWEST:
            return "too few"
        if self.low > 0:
            return "better"
        return "worse" if self.high < 0 else "no difference"

    def as_json(self) -> dict[str, Any]:
        return {
            "behavior": self.behavior,
            "what": self.what,
            "f1_first": self.first,
            "f1_second": self.second,
            "difference": self.difference,
            "difference_low": self.low,
            "difference_high": self.high,
            "verdict": self.verdict,
            "recordings": self.recordings,
            "folds": None if self.behavior is None else "blocked" if self.blocked else "grouped",
        }


def best_trials(records: Sequence[TrialRecord]) -> dict[str, Sequence[Counts]]:
    """The cross-fitted counts of each behavior's best trial. They hold the luck of having been selected."""
    return {name: record.counts for name, record in best_records(records).items()}


def exported(selections: Selections) -> dict[str, Sequence[Counts]]:
    """The nested counts of what would be exported of each behavior: free of the luck of selection among the trials."""
    return {name: theirs[EXPORTED].counts for name, theirs in selections.items()}


def shared(first: Parts, second: Parts, alike: Collection[str]) -> tuple[list[list[int]], list[list[int]]]:
    """What two runs on different data have both judged, as the parts of each that it is of, in the same order.

    `alike` are the recordings whose poses and labels are the same in both. Blocks of a recording are one; a part with
    several recordings is only taken where the other run has the same together, all of them alike.
    """
    mine, theirs = _by_recordings(first), _by_recordings(second)
    both = [key for key in mine if key in theirs and key <= frozenset(alike)]
    return [mine[key] for key in both], [theirs[key] for key in both]


def _by_recordings(parts: Parts) -> dict[frozenset[str], list[int]]:
    found: dict[frozenset[str], list[int]] = {}
    for place, ids in enumerate(parts):
        found.setdefault(frozenset(ids), []).append(place)
    return found


def narrowed(judged: Judged, parts: Mapping[str, Sequence[Sequence[int]]]) -> dict[str, Sequence[Counts]]:
    """The counts of some behaviors, those of each group of parts as one."""
    return {
        name: [total([judged[name][place] for place in group]) for group in groups]
        for name, groups in parts.items()
        if name in judged
    }


def differences(what: str, first: Judged, second: Judged, blocked: Sequence[str]) -> list[Difference]:
    """One for each behavior that both have, and one for their mean.

    `blocked` names the behaviors whose units are blocks of one recording. Paired bootstrap over units (Efron and
    Tibshirani 1993, chapter 16): both runs are counted on the same resamples; the interval goes from the 5% to the 95%
    quantile of the differences in pooled F1. For the mean, units of different behaviors are drawn independently.
    Raises `HarnessError` where a behavior's units are not the same in both.
    """
    both = [name for name in first if name in second]
    for name in both:
        if [one.actual for one in first[name]] != [one.actual for one in second[name]]:
            raise HarnessError(
                f"{name} was cut into other units, {_in_words(first[name])} and {_in_words(second[name])}"
            )
    rows, spread = [], {name: _spread(first[name], second[name]) for name in both}
    for name in both:
        values, weights = spread[name]
        low, high = (weighted_quantile(values, weights, share) for share in (0.05, 0.95))
        showing = sum(one.actual > 0 for one in first[name])
        is_blocked = name in blocked
        scores = total(first[name]).f1, total(second[name]).f1
        rows.append(Difference(name, what, *scores, low, high, min(showing, 1) if is_blocked else showing, is_blocked))
    return [*rows, _mean(what, rows, list(spread.values()))] if len(rows) > 1 else rows


def _spread(first: Sequence[Counts], second: Sequence[Counts]) -> tuple[Array, Array]:
    """Differences in F1 (resamples,) and their weights (resamples,)."""
    return resampled_f1(second) - resampled_f1(first), resamples(len(first)).weights


def _mean(what: str, rows: Sequence[Difference], spread: Sequence[tuple[Array, Array]]) -> Difference:
    chance = np.random.default_rng(0)
    drawn = np.mean([chance.choice(values, DRAWN, p=weights) for values, weights in spread], axis=0)
    low, high = (weighted_quantile(drawn, np.ones(DRAWN), share) for share in (0.05, 0.95))
    first, second = (float(np.mean(scores)) for scores in zip(*((row.first, row.second) for row in rows), strict=True))
    recordings = sum(row.recordings for row in rows)
    return Difference(None, what, first, second, low, high, recordings, any(row.blocked for row in rows))


def _in_words(counts: Sequence[Counts]) -> str:
    return f"{len(counts)} with {total(counts).actual} positive frames"
