"""How animals move, as few numbers that are alike where motion is alike."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.columns.windows import windowed
from harness.fitting.pipeline import named_block
from harness.plugins.registry import feature_set_named
from harness.recording import Array, Recording
from harness.spec import Choice, Preparation

SETS = ("kinematics", "social_geometry")
"""Feature sets that say how animals move, as far as a recording can give them."""

SECOND = 1.0
"""Motion is what these say on average, and how much it varies, over so long."""

STEPS = 2
"""So often a second motion is looked at."""

DIMENSIONS = 12
"""Motion is told by so many numbers."""

FEW = 3_000
"""So many moments of what was labelled are enough to hold others against."""


def motion_columns(recording: Recording) -> Array:
    """How animals move: (moments, columns) float32, `STEPS` a second, NaN where nothing is seen."""
    sets = [name for name in SETS if not feature_set_named(name).refusal(recording)]
    block = np.concatenate([named_block(recording, Choice(name), Preparation(), None)[1] for name in sets], axis=1)
    both = windowed(block, recording.fps, (SECOND,), ("mean", "std"))
    return np.ascontiguousarray(both[moments(recording)])


def moments(recording: Recording) -> Array:
    """The frames that motion is looked at on."""
    step = recording.fps / STEPS
    return np.arange(0, recording.frames, step).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Motion:
    """A scale to tell motion by: principal components of columns, each as wide as it usually is."""

    middle: Array
    width: Array
    axes: Array
    """(columns, dimensions)."""

    @classmethod
    def of(cls, columns: Array) -> "Motion":
        """Learned from (moments, columns)."""
        with warnings.catch_warnings():  # a column of which nothing is seen says nothing
            warnings.simplefilter("ignore", RuntimeWarning)
            low, middle, high = np.nanpercentile(columns, (10, 50, 90), axis=0)
        middle = np.nan_to_num(middle)
        width = np.nan_to_num(high - low, nan=0.0)
        width = np.where(width > 0, width, np.inf)
        plain = cls(middle, width, np.eye(columns.shape[1]))
        scaled = plain(columns)
        axes = np.linalg.svd(scaled - scaled.mean(axis=0), full_matrices=False)[2]
        return cls(middle, width, axes[:DIMENSIONS].T)

    def __call__(self, columns: Array) -> Array:
        """(moments, dimensions) float32; what is not seen is as usual, what is extreme no more than that."""
        scaled = np.clip((columns - self.middle) / self.width, -2, 2)
        return np.asarray(np.nan_to_num(scaled) @ self.axes, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Known:
    """The motion that was labelled for a behavior."""

    moments: Array
    """(moments, dimensions)."""
    usual: float
    """How far a moment of one labelled recording usually is from the nearest of the others."""

    @classmethod
    def of(cls, parts: Sequence[Array]) -> "Known":
        """From the labelled moments (moments, dimensions) of each recording."""
        every = [part[:: max(1, len(part) * len(parts) // FEW)] for part in parts if len(part)]
        apart = []
        for place, part in enumerate(every):
            others = every[:place] + every[place + 1 :]
            if others:
                apart.append(_nearest(part, np.concatenate(others)))
        usual = float(np.median(np.concatenate(apart))) if apart else 1.0
        return cls(np.concatenate(every), usual or 1.0)

    def novelty(self, motion: Array) -> Array:
        """How far each moment (moments, dimensions) is from the nearest that was labelled, in usual distances."""
        return _nearest(motion, self.moments) / self.usual


def _nearest(moments: Array, others: Array) -> Array:
    """Of each of (moments, dimensions) the distance to the nearest of (others, dimensions)."""
    from sklearn.neighbors import NearestNeighbors

    distances, _ = NearestNeighbors(n_neighbors=1).fit(others).kneighbors(moments)
    return np.asarray(distances[:, 0])
