"""From frames to steps of one rate and back: a network looks at a few steps a second, however fast the camera was."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.plugins.sequences import Series
from harness.recording import UNKNOWN, Array


def frames_a_step(fps: float, rate: float) -> int:
    """How many frames make one step, so that there are about `rate` steps a second, and never more than frames."""
    return max(1, round(fps / rate))


def steps_of(X: Array, frames: int) -> Array:
    """The mean over each step of so many `frames`: (frames, columns) to (steps, columns); NaN where all are missing.

    The last step may have fewer.
    """
    count = -(-len(X) // frames)
    padded = np.full((count * frames, X.shape[1]), np.nan, dtype=np.float32)
    padded[: len(X)] = X
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of steps in which nothing is seen
        return np.asarray(np.nanmean(padded.reshape(count, frames, -1), axis=1), dtype=np.float32)


def shares_of(labels: Array, frames: int) -> Array:
    """The share of each step's known frames that are positive: (frames, behaviors) to (steps, behaviors) float32.

    NaN where nobody looked.
    """
    return steps_of(np.where(labels == UNKNOWN, np.nan, labels).astype(np.float32), frames)


@dataclass(frozen=True)
class Stepped:
    """Recordings at one rate."""

    seen: list[Array]
    """(steps, columns) of each."""
    shares: list[Array]
    """(steps, behaviors) of each, NaN where nobody looked."""
    rates: list[float]
    """Steps a second of each, which depend on its camera."""

    @classmethod
    def of(cls, series: Sequence[Series], rate: float) -> "Stepped":
        paces = [frames_a_step(one.fps, rate) for one in series]
        return cls(
            [steps_of(one.X, pace) for one, pace in zip(series, paces, strict=True)],
            [shares_of(one.labels, pace) for one, pace in zip(series, paces, strict=True)],
            [one.fps / pace for one, pace in zip(series, paces, strict=True)],
        )

    @property
    def steps(self) -> int:
        return sum(map(len, self.seen))

    @property
    def behaviors(self) -> int:
        return int(self.shares[0].shape[1])

    @property
    def rarity(self) -> Array:
        """(behaviors,) how many known steps without each behavior there are for one with it; 1 where none has it."""
        positive = np.sum([np.nansum(one, axis=0) for one in self.shares], axis=0)
        known = np.sum([(~np.isnan(one)).sum(axis=0) for one in self.shares], axis=0)
        return np.where(positive > 0, np.maximum(known - positive, 0) / np.maximum(positive, 1e-9), 1.0)


def frames_of(steps: Array, step: int, frames: int) -> Array:
    """Values between the middles of steps on a straight line: (steps, behaviors) to (frames, behaviors)."""
    middles = np.arange(len(steps)) * step + (step - 1) / 2
    at = np.arange(frames)
    return np.stack([np.interp(at, middles, column) for column in steps.T], axis=1)
