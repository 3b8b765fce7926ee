"""The challenge's measure, F1 of the positive class on pooled frames, then precision; and the same counts of bouts."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from harness.recording import UNKNOWN, Array


class Score(NamedTuple):
    """Compares as the challenge ranks: F1 first, precision breaks ties."""

    f1: float
    precision: float


@dataclass(frozen=True, slots=True)
class Counts:
    """Frames, or bouts, of one or several recordings: rightly claimed, claimed, and positive. They add up."""

    hits: int = 0
    claimed: int = 0
    actual: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.hits + other.hits, self.claimed + other.claimed, self.actual + other.actual)

    @property
    def f1(self) -> float:
        """2 hits / (claimed + actual); 0 where that is 0 / 0, as scikit-learn's `zero_division=0`."""
        return 2 * self.hits / (self.claimed + self.actual) if self.claimed + self.actual else 0.0

    @property
    def precision(self) -> float:
        """hits / claimed; 0 where nothing is claimed."""
        return self.hits / self.claimed if self.claimed else 0.0

    @property
    def recall(self) -> float:
        """hits / actual; 0 where nothing is positive."""
        return self.hits / self.actual if self.actual else 0.0

    @property
    def score(self) -> Score:
        return Score(self.f1, self.precision)


def count(predicted: Array, actual: Array) -> Counts:
    """Count 0/1 predictions (frames,) against labels (frames,) of 0, 1 and `UNKNOWN`; unknown frames do not count."""
    claimed, positive = _looked_at(predicted, actual)
    return Counts(int((claimed & positive).sum()), int(claimed.sum()), int(positive.sum()))


def bouts(labels: Array) -> tuple[Array, Array]:
    """First frames, and frames after the last, of the runs of 1 in labels (frames,)."""
    change = np.diff(np.concatenate([[0], np.asarray(labels) == 1, [0]]).astype(np.int8))
    return np.flatnonzero(change > 0), np.flatnonzero(change < 0)


def runs(there: Array) -> tuple[tuple[int, int], ...]:
    """The same of frames (frames,) on which something holds: start and stop (exclusive) of each run."""
    starts, stops = bouts(there)
    return tuple(zip(starts.tolist(), stops.tolist(), strict=True))


def count_bouts(predicted: Array, actual: Array) -> Counts:
    """Count the bouts of 0/1 predictions (frames,) against those of labels (frames,) of 0, 1 and `UNKNOWN`.

    Of a bout that goes beyond what was looked at, the part within it is a bout.

    A claimed bout is a hit where it and a true bout share at least half of the frames that either has. No bout can do
    so with two: they would be a frame apart, and so have less than its whole length in it.
    """
    claimed, positive = _looked_at(predicted, actual)
    (claimed_starts, claimed_stops), (true_starts, true_stops) = bouts(claimed), bouts(positive)
    # Bouts of one labeling do not touch, so what two bouts share is a run of its own.
    shared_starts, shared_stops = bouts(claimed & positive)
    mine = np.searchsorted(claimed_starts, shared_starts, "right") - 1
    theirs = np.searchsorted(true_starts, shared_starts, "right") - 1
    shared = shared_stops - shared_starts
    either = (claimed_stops - claimed_starts)[mine] + (true_stops - true_starts)[theirs] - shared
    return Counts(int((2 * shared >= either).sum()), len(claimed_starts), len(true_starts))


def _looked_at(predicted: Array, actual: Array) -> tuple[Array, Array]:
    """What is claimed and what is positive, (frames,) bool, of the frames that were looked at."""
    return (np.asarray(predicted) != 0) & (np.asarray(actual) != UNKNOWN), np.asarray(actual) == 1


def total(counts: Iterable[Counts]) -> Counts:
    return sum(counts, Counts())


def mean_score(scores: Iterable[Score]) -> Score:
    """The challenge's mean over behaviors: of the F1s, and of the precisions."""
    f1s, precisions = zip(*scores, strict=True)
    return Score(float(np.mean(f1s)), float(np.mean(precisions)))
