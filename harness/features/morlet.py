"""Rhythms of each animal and between two, by Morlet wavelets."""

from itertools import combinations

import numpy as np

from harness.columns import Scene, lag_frames, rates, scene
from harness.plugins import Columns, feature_set
from harness.recording import Array, Recording

FREQUENCIES = np.geomspace(0.5, 12, 6)
"""In Hz."""

CYCLES = 5.0
"""Radians that a wavelet turns through within one standard deviation of its envelope: the usual number."""

CUT = 3.0
"""Standard deviations of the envelope after which a wavelet ends."""

LONGEST_SECONDS = 2.9
"""How far a wavelet may look to either side; the lowest frequency has a narrower envelope for it."""

SPEED_LAG = 1 / 30
"""Seconds to either side from which speed is taken; longer ones would let no fast rhythm pass."""

ENOUGH = 1 / 3
"""The share of a wavelet, weighed by its envelope, that must be seen; at either end of a recording half of it is."""

TILE = 1024
"""Frames worked on at once, so that their windows stay in the processor's cache."""


@feature_set("morlet", reach_seconds=3.0, invariant_to=("translation", "rotation", "scale", "mirror", "frame_rate"))
def morlet(recording: Recording) -> Columns:
    """How strongly each animal's speed and length, and the distance between two, swing at six frequencies.

    The columns are amplitudes: a pure sinusoid of amplitude A gives A at its frequency. Signals: front_speed, the
    speed of the front in body lengths per second (a nod has two swings of it); length, of the body axis in body
    lengths; and for two animals fronts, the distance between their fronts in body lengths. Frequencies: 0.5 to 12 Hz,
    each 1.9 times the last; 0 for what is not below half the frame rate.

    A missing value and a frame outside the recording count as the mean under the wavelet's envelope; NaN where less
    than a third of the envelope was seen. The wavelets are the complex ones of MotionMapper (Berman et al. 2014),
    which has 25 frequencies from 1 to 50 Hz of principal components of the image. These here are cut off at three
    standard deviations of the envelope and at 2.9 seconds, so that a frame depends on no other that is far away.
    """
    kernels = _kernels(recording.fps)
    columns: dict[str, Array] = {}
    for signal, values in _signals(scene(recording)).items():
        for frequency, amplitude in zip(FREQUENCIES, _amplitudes(values, kernels), strict=True):
            columns[f"{signal} {frequency:.2g} Hz"] = amplitude
    return columns


def _signals(animals: Scene) -> dict[str, Array]:
    """What may swing, by the beginning of its columns' names: (frames,) each."""
    fronts = animals.fronts
    speeds = np.abs(rates(fronts, lag_frames(SPEED_LAG, animals.fps), animals.fps))
    signals = {}
    for animal, axis in enumerate(animals.axes):
        signals[f"{animal} front_speed"], signals[f"{animal} length"] = speeds[animal], np.abs(axis)
    for one, other in combinations(range(len(fronts)), 2):
        signals[f"{one}-{other} fronts"] = np.abs(fronts[one] - fronts[other])
    return signals


def _kernels(fps: float) -> Array:
    """Envelopes that add up to 1, then these times cosines and times sines (frames of a window, 3 x frequencies).

    There are no waves at frequencies that are not below half the frame rate.
    """
    half = int(LONGEST_SECONDS * fps)
    seconds = np.arange(-half, half + 1)[:, None] / fps
    deviations = np.minimum(CYCLES / (2 * np.pi * FREQUENCIES), LONGEST_SECONDS / CUT)
    envelopes = np.where(np.abs(seconds) <= CUT * deviations, np.exp(-((seconds / deviations) ** 2) / 2), 0)
    envelopes /= envelopes.sum(axis=0)
    waving = np.where(fps > 2 * FREQUENCIES, envelopes, 0)
    angles = 2 * np.pi * seconds * FREQUENCIES
    return np.hstack([envelopes, waving * np.cos(angles), waving * np.sin(angles)]).astype(np.float32)


def _amplitudes(signal: Array, kernels: Array) -> Array:
    """How strongly `signal` (frames,) swings at each frequency: (frequency, frames)."""
    half = len(kernels) // 2
    around = np.pad(signal, half, constant_values=np.nan)
    amplitudes = np.empty((len(FREQUENCIES), len(signal)), dtype=np.float32)
    for start in range(0, len(signal), TILE):
        nearby = around[start : start + TILE + 2 * half]
        amplitudes[:, start : start + TILE] = _amplitudes_nearby(nearby, kernels).T
    return amplitudes


def _amplitudes_nearby(nearby: Array, kernels: Array) -> Array:
    """The amplitudes (windows, frequency) in every window that fits into `nearby` (frames,)."""
    seen = ~np.isnan(nearby)
    level = nearby[seen].mean() if seen.any() else 0.0
    sums, cosines, sines = _weighed(np.where(seen, nearby - level, 0), kernels)
    if seen.all():
        shares, cosine_shares, sine_shares = np.split(kernels.sum(axis=0), 3)
    else:
        shares, cosine_shares, sine_shares = _weighed(seen, kernels)
    shares = np.where(shares > ENOUGH, shares, np.nan)
    means = sums / shares
    return np.asarray(2 * np.hypot(cosines - means * cosine_shares, sines - means * sine_shares) / shares)


def _weighed(values: Array, kernels: Array) -> list[Array]:
    """Each window of `values` times each kernel, summed: (windows, frequency) of envelopes, cosines and sines."""
    windows = np.lib.stride_tricks.sliding_window_view(values.astype(np.float32), len(kernels))
    return np.split(np.ascontiguousarray(windows) @ kernels, 3, axis=1)
