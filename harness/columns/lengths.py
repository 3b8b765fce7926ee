"""How long the animals of a recording are, to see that all recordings are to one scale."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from harness.columns.poses import body_axes, keypoints_as_points, typical_lengths
from harness.recording import Recording

LOOKED_AT = 500
"""Frames, evenly spread, that a length is taken from."""

ODD = 0.5
"""By more than this share of the usual length a recording's is told of."""


class Length(NamedTuple):
    """A recording whose animals are much longer or shorter than those of others."""

    recording: Recording
    pixels: float
    """The mean over its animals of their typical body length."""
    usual: float
    """The median over all recordings."""


def odd_lengths(recordings: Sequence[Recording]) -> list[Length]:
    """The `recordings` in which animals are longer or shorter than usual by more than half; none of fewer than three.

    Features are in body lengths: a recording at another scale is made alike by that, but one whose points are wrong is
    not.
    """
    lengths = np.array([body_length(one) for one in recordings])
    if np.isfinite(lengths).sum() < 3:
        return []
    usual = float(np.nanmedian(lengths))
    odd = np.flatnonzero(np.abs(lengths - usual) > ODD * usual)
    return [Length(recordings[int(place)], float(lengths[place]), usual) for place in odd]


def body_length(recording: Recording) -> float:
    """Pixels from rear to front, the mean over the animals; NaN where none was seen."""
    every = max(1, recording.frames // LOOKED_AT)
    some = Recording(recording.id, recording.keypoints[::every], recording.skeleton)
    axes = body_axes(some, keypoints_as_points(some))
    return float(typical_lengths(axes).mean()) if np.isfinite(axes).any() else np.nan
