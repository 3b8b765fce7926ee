"""How often each animal moves in ways that nobody thought of: random convolution kernels over its channels."""

from collections.abc import Iterable

import numpy as np

from harness.columns import (
    as_table,
    channels,
    half_seen,
    half_width,
    lags_in_frames,
    moving_mean,
    sampled_windows,
    standardized,
    usual_values,
    weighted_windows,
)
from harness.plugins import Columns, Fitted, feature_set
from harness.recording import Array, Recording

FIT_WINDOWS = 6_000
"""Thresholds are learned from at most this many windows."""

TAPS = np.arange(-4, 5)
"""A kernel has nine weights, around its frame."""

DILATIONS = (1 / 15, 2 / 15, 4 / 15)
"""Seconds from one weight of a kernel to the next; less than a frame of a slow camera would be another kernel there."""

MOST_CHANNELS = 3
"""Channels that a kernel looks at, at most."""

LEVELS = (0.1, 0.9)
"""Quantiles of a kernel's outputs between which its threshold is drawn."""

SMALLEST = 0.01
"""Outputs that vary less than this are measured by this: what is left of them is rounding."""

RAMP = 0.5
"""Over how many standard deviations around its threshold an output goes from not counted to counted."""

SHARE_SECONDS = 1.0
"""Width of the window in which outputs above the threshold are counted."""


def fit_kernels(recordings: Iterable[Recording], *, kernels: int = 48, seed: int = 0) -> Fitted:
    """Weights (dilation, kernel, channel x tap) of symmetric and sided kernels, and thresholds of both together."""
    sample = sampled_windows(recordings, np.outer(DILATIONS, TAPS).ravel(), FIT_WINDOWS)
    usual = usual_values(sample)
    windows, chance = standardized(sample, usual), np.random.default_rng(seed)
    each = kernels // len(DILATIONS)
    symmetric = _drawn_weights(windows.symmetric, each - each // 3, chance)
    sided = _drawn_weights(windows.sided, each // 3, chance)
    outputs = [
        _outputs(symmetric[place] @ one, sided[place] @ other)
        for place, (one, other) in enumerate(
            zip(_by_dilation(windows.symmetric), _by_dilation(windows.sided), strict=True)
        )
    ]
    levels = chance.uniform(*LEVELS, (len(DILATIONS), each))
    return {**usual, "symmetric": symmetric, "sided": sided, "thresholds": _quantiles(outputs, levels)}


@feature_set(
    "random_kernels",
    fit=fit_kernels,
    reach_seconds=1.8,
    invariant_to=("translation", "rotation", "scale", "mirror", "frame_rate"),
)
def random_kernels(recording: Recording, fitted: Fitted, *, kernels: int = 48, seed: int = 0) -> Columns:
    """How often the outputs of random convolution kernels are high within a second, for each animal.

    After MiniRocket (Dempster et al. 2021): nine weights of -1 and 2 that add up to 0, three of them 2; 1/15 to 4/15
    seconds from one to the next; one to three channels of keypoints, velocity, turning and the animal nearest, each
    with its own order of weights and its own sign. Weights and thresholds, which are quantiles of the outputs between
    0.1 and 0.9, are drawn with `seed`; channels and outputs are in standard deviations on the recordings learned from.

    What differs: there is a value for each frame, not for the whole series; outputs within a quarter of a standard
    deviation of the threshold count in part, so that jitter decides nothing; and about a third of the kernels see
    channels that tell left from right and give the size of their output, so that a motion and its mirror image count
    alike.

    Missing values count as their mean; frames are left out where less than half of a kernel's window was seen.
    """
    del kernels, seed
    half = half_width(SHARE_SECONDS, recording.fps)
    columns: dict[str, Array] = {}
    for animal, seen in enumerate(channels(recording)):
        standard = standardized(seen, fitted)
        for place, dilation in enumerate(DILATIONS):
            lags = lags_in_frames(dilation * TAPS, recording.fps)
            outputs = _outputs(
                weighted_windows(standard.symmetric, fitted["symmetric"][place], lags),
                weighted_windows(standard.sided, fitted["sided"][place], lags),
            )
            outputs -= fitted["thresholds"][place][:, None].astype(np.float32)
            high = np.clip(outputs / RAMP + 0.5, 0, 1)
            high[:, ~half_seen(seen, lags)] = np.nan
            first = place * len(high)
            columns |= {f"{animal} kernel {first + i}": often for i, often in enumerate(moving_mean(high, half))}
    return columns


def _drawn_weights(windows: Array, count: int, chance: np.random.Generator) -> Array:
    """Weights (dilation, kernel, channel x tap) whose outputs on `windows` (channel, time, window) have spread 1."""
    drawn = np.array([[_kernel(len(windows), chance) for _ in range(count)] for _ in DILATIONS])
    for weights, values in zip(drawn, _by_dilation(windows), strict=True):
        outputs = weights @ values
        spread = np.sqrt((outputs**2).mean(axis=1)) if outputs.size else np.ones(count)
        weights /= np.maximum(spread, SMALLEST)[:, None]
    return drawn


def _kernel(seen: int, chance: np.random.Generator) -> Array:
    """Weights (channel x tap) of one kernel for as many channels as are `seen`."""
    weights = np.zeros((seen, len(TAPS)))
    count = chance.integers(1, min(MOST_CHANNELS, seen), endpoint=True)
    for channel in chance.choice(seen, count, replace=False):
        weights[channel] = -1
        weights[channel, chance.choice(len(TAPS), 3, replace=False)] = 2
        weights[channel] *= chance.choice((-1, 1))
    return weights.ravel()


def _by_dilation(windows: Array) -> list[Array]:
    """Windows (channel, time, window) as one table (channel x tap, window) for each dilation."""
    return [as_table(part) for part in np.split(windows, len(DILATIONS), axis=1)]


def _outputs(symmetric: Array, sided: Array) -> Array:
    """Of kernels of both kinds together; those of the sided ones without their signs, which a mirror changes."""
    return np.concatenate([symmetric, np.abs(sided)])


def _quantiles(outputs: list[Array], levels: Array) -> Array:
    """The quantile at `levels` (dilation, kernel) of each kernel's outputs (kernel, window); 0 without outputs."""
    found = np.zeros(levels.shape)
    for place, values in enumerate(outputs):
        for kernel, ones in enumerate(values):
            found[place, kernel] = np.quantile(ones, levels[place, kernel]) if len(ones) else 0
    return found
