"""What a network is given of columns: each on one scale, with what is missing told apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.recording import Array

TAILS = (0.05, 0.95)
"""The quantiles of a column that come to lie one apart, around its median, times `SPREAD`."""

SPREAD = 3.3
"""How far apart they come to lie: as far as on a bell curve with a standard deviation of 1."""

FARTHEST = 4.0
"""Values farther out than this are held there: a jump of the tracker tells nothing more."""

LEARNED_FROM = 50_000
"""Steps at most, evenly spaced."""

AT_ONCE = 64
"""Columns, of which there are copies in memory as one learns of them."""

TELLING = (0.002, 0.998)
"""A column that is missing on a smaller or larger share of steps than these has no mask."""


@dataclass(frozen=True)
class Inputs:
    """How columns become what a network is given: on one scale, missing ones 0, and a mask for what goes missing."""

    center: Array
    """(columns,) the median of each."""
    scale: Array
    """(columns,) what a column is divided by."""
    masked: Array
    """(masks,) one column of all those that go missing together."""

    @classmethod
    def learned(cls, series: Sequence[Array]) -> "Inputs":
        """From columns (steps, columns) of training recordings."""
        width = series[0].shape[1]
        apart = max(1, -(-sum(map(len, series)) // LEARNED_FROM))
        center, scale = np.zeros(width, np.float32), np.ones(width, np.float32)
        first: dict[bytes, int] = {}
        for start in range(0, width, AT_ONCE):
            some = slice(start, start + AT_ONCE)
            steps = np.concatenate([one[::apart, some] for one in series])
            missing = np.isnan(steps)
            center[some], scale[some] = _center_and_scale(steps)
            share = missing.mean(axis=0)
            for column in np.flatnonzero((share > TELLING[0]) & (share < TELLING[1])).tolist():
                first.setdefault(np.packbits(missing[:, column]).tobytes(), start + column)
        return cls(center, scale, np.array(sorted(first.values()), dtype=np.int64))

    @property
    def width(self) -> int:
        """Values a step that a network is given."""
        return len(self.center) + len(self.masked)

    def of(self, columns: Array) -> Array:
        """(steps, columns) to (steps, `width`) float32."""
        given = np.empty((len(columns), self.width), dtype=np.float32)
        values = given[:, : len(self.center)]
        np.clip((columns - self.center) / self.scale, -FARTHEST, FARTHEST, out=values)
        np.nan_to_num(values, copy=False)
        given[:, len(self.center) :] = np.isnan(columns[:, self.masked])
        return given

    def as_arrays(self) -> dict[str, Array]:
        return {"center": self.center, "scale": self.scale, "masked": self.masked}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> "Inputs":
        """From what `as_arrays` gave. Raises `ValueError` where it is something else."""
        center, scale, masked = (arrays[name] for name in ("center", "scale", "masked"))
        if center.ndim != 1 or scale.shape != center.shape or masked.ndim != 1 or masked.dtype.kind not in "iu":
            raise ValueError(f"center {center.shape}, scale {scale.shape}, masked {masked.shape} are not of inputs")
        if ((masked < 0) | (masked >= len(center))).any():
            raise ValueError(f"masks of columns that are not among {len(center)}")
        return cls(center, scale, masked)


def _center_and_scale(steps: Array) -> tuple[Array, Array]:
    """(columns,) of each; 0 and 1 of those that hold nothing, and 1 for the scale of those that stay as they are."""
    center, scale = np.zeros(steps.shape[1], np.float32), np.ones(steps.shape[1], np.float32)
    some = ~np.isnan(steps).all(axis=0)
    if some.any():
        center[some] = np.nanmedian(steps[:, some], axis=0)
        low, high = np.nanquantile(steps[:, some], TAILS, axis=0)
        spread = (high - low) / SPREAD
        scale[some] = np.where(spread > 1e-9 * np.maximum(1, np.abs(center[some])), spread, 1)
    return center, scale
