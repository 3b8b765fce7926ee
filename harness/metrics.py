"""The challenge's measure: F1 of the positive class on pooled frames, then precision."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from harness.recording import Array


class Score(NamedTuple):
    """Compares as the challenge ranks: F1 first, precision breaks ties."""

    f1: float
    precision: float


@dataclass(frozen=True, slots=True)
class Counts:
    """Frames of one or several recordings: rightly claimed, claimed, and positive. They add up."""

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
    """Count 0/1 predictions (frames,) against 0/1 labels (frames,)."""
    claimed, positive = np.asarray(predicted) != 0, np.asarray(actual) != 0
    return Counts(int((claimed & positive).sum()), int(claimed.sum()), int(positive.sum()))


def total(counts: Iterable[Counts]) -> Counts:
    return sum(counts, Counts())


def mean_score(scores: Iterable[Score]) -> Score:
    """The challenge's mean over behaviors: of the F1s, and of the precisions."""
    f1s, precisions = zip(*scores, strict=True)
    return Score(float(np.mean(f1s)), float(np.mean(precisions)))
