"""How each animal moves within about a second, in a few numbers: principal components of windows of poses."""

from collections.abc import Iterable

import numpy as np

from harness.columns import (
    channels,
    half_seen,
    lags_in_frames,
    principal_components,
    sampled_windows,
    standardized,
    usual_values,
    weighted_windows,
)
from harness.plugins import Columns, Fitted, feature_set
from harness.recording import Array, Recording

FIT_WINDOWS = 20_000
"""The components are learned from at most this many windows."""

SYMMETRIC, SIDED = 8, 4
"""Components of channels that a mirror leaves as they are, and of those that change their sign."""

STEPS = np.arange(-5, 6)
"""When a window is looked at, in tenths of it from its frame."""


def fit_components(recordings: Iterable[Recording], *, seconds: float = 1.0) -> Fitted:
    """Means and standard deviations of the channels, and the directions (component, channel x time)."""
    sample = sampled_windows(recordings, _times(seconds), FIT_WINDOWS)
    usual = usual_values(sample)
    windows = standardized(sample, usual)
    return {
        **usual,
        "symmetric": principal_components(windows.symmetric, SYMMETRIC),
        "sided": principal_components(windows.sided, SIDED),
    }


@feature_set(
    "pose_window_pca",
    fit=fit_components,
    reach_seconds=1.2,
    invariant_to=("translation", "rotation", "scale", "mirror", "frame_rate"),
)
def pose_window_pca(recording: Recording, fitted: Fitted, *, seconds: float = 1.0) -> Columns:
    """Principal components of what an animal does and sees within a window of `seconds` around the frame.

    Eleven times the window holds the animal's keypoints in its body frame, its velocity and turning, and front,
    middle, rear and distance of the animal nearest to it; each in standard deviations. The components are learned
    from poses alone, from all animals together, and from each window with its mirror image. That splits them in two:
    `component` 0 to 7 are the first of those that a mirror leaves as they are, and `sided` 0 to 3 the sizes of the
    first of those whose sign tells left from right.

    Missing values count as their mean; where less than half of a window was seen the columns are NaN.
    """
    lags = lags_in_frames(_times(seconds), recording.fps)
    columns: dict[str, Array] = {}
    for animal, seen in enumerate(channels(recording)):
        standard, unknown = standardized(seen, fitted), ~half_seen(seen, lags)
        components = weighted_windows(standard.symmetric, fitted["symmetric"], lags)
        sizes = np.abs(weighted_windows(standard.sided, fitted["sided"], lags))
        components[:, unknown] = sizes[:, unknown] = np.nan
        columns |= {f"{animal} component {number}": values for number, values in enumerate(components)}
        columns |= {f"{animal} sided {number}": values for number, values in enumerate(sizes)}
    return columns


def _times(seconds: float) -> Array:
    return np.asarray(STEPS * seconds / 10)
