"""Stretches of recordings that a network is shown in training, changed a little each time.

Half of them lie around a positive step of a behavior that is drawn first, so that a rare behavior is seen as often as a
frequent one; the others lie anywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.recording import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What is changed at random in each chunk, so that it is never seen twice alike."""

    stretch: float = 0.2
    """Time runs faster or slower by up to this share."""
    shift: int = 1
    """Labels are moved by up to so many steps: people mark starts and ends a little early or late."""
    dropped: float = 0.5
    """The share of inputs that are hidden throughout a chunk."""


class Chunks:
    """Draws batches of chunks from series of inputs (steps, width) and shares (steps, behaviors), NaN where unknown."""

    def __init__(
        self, inputs: Sequence[Array], shares: Sequence[Array], length: int, changes: Changes, seed: int
    ) -> None:
        self.inputs, self.shares, self.length, self.changes = inputs, shares, length, changes
        self._chance = np.random.default_rng(seed)
        self._lengths = np.array([len(one) for one in inputs], dtype=float)
        behaviors = shares[0].shape[1]
        self._positive = [
            [(at, steps) for at, one in enumerate(shares) if len(steps := np.flatnonzero(one[:, behavior] >= 0.5))]
            for behavior in range(behaviors)
        ]
        self._showing = [behavior for behavior in range(behaviors) if self._positive[behavior]]

    def batch(self, size: int) -> tuple[Array, Array]:
        """Inputs (size, length, width) float32 and shares (size, length, behaviors), NaN beyond a recording's ends."""
        chance, changes = self._chance, self.changes
        X = np.zeros((size, self.length, self.inputs[0].shape[1]), dtype=np.float32)
        y = np.full((size, self.length, self.shares[0].shape[1]), np.nan, dtype=np.float32)
        for place in range(size):
            pace = chance.uniform(1 - changes.stretch, 1 + changes.stretch)
            series, middle = self._drawn(around_positive=place % 2 == 0)
            start = middle - chance.integers(int(np.ceil(self.length * pace)))
            steps = np.rint(start + np.arange(self.length) * pace).astype(np.int64)
            there = (steps >= 0) & (steps < len(self.inputs[series]))
            X[place, there] = self.inputs[series][steps[there]]
            moved = steps + chance.integers(-changes.shift, changes.shift + 1)
            known = there & (moved >= 0) & (moved < len(self.inputs[series]))
            y[place, known] = self.shares[series][moved[known]]
        if changes.dropped:
            X *= chance.random((size, 1, X.shape[2])) >= changes.dropped
        return X, y

    def _drawn(self, around_positive: bool) -> tuple[int, int]:
        """A series, and a step of it."""
        chance = self._chance
        if not around_positive or not self._showing:
            series = int(chance.choice(len(self.inputs), p=self._lengths / self._lengths.sum()))
            return series, int(chance.integers(len(self.inputs[series])))
        recordings = self._positive[self._showing[chance.integers(len(self._showing))]]
        weights = np.sqrt([len(steps) for _, steps in recordings])
        series, steps = recordings[chance.choice(len(recordings), p=weights / weights.sum())]
        return series, int(steps[chance.integers(len(steps))])
