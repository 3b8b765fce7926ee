"""Rhythmic movement around a frame, by frequency."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from harness.columns import Scene, lag_frames, mean_of_seen, rates, scene
from harness.plugins import Columns, feature_set
from harness.recording import Array, Recording

BANDS = ((0.1, 1.0), (1.0, 3.0), (3.0, 5.0), (5.0, 8.0), (8.0, 15.0))
"""In Hz; a band ends below its upper edge."""

STEP = 0.5
"""Hz from one frequency to the next: the finest that a window of two seconds tells apart."""

LAG_SECONDS = 1 / 30
"""To either side, for velocities; a longer one would let no fast rhythm pass."""

FAINT = 1e-4
"""Squared body lengths, about a tracker's noise: where the power is no more, the mean frequency is halved or less."""

ENOUGH = 1 / 3
"""The share of a window, weighed by its taper, that must be seen."""

TILE = 2048
"""Frames worked on at once, so that their windows stay in the processor's cache."""

NAMES = (*(f"{low:g}-{high:g} Hz" for low, high in BANDS), "all Hz", "frequency", "regularity")


@feature_set(
    "spectral_bands",
    reach_seconds=1.05,
    invariant_to=("translation", "rotation", "scale", "mirror", "frame_rate"),
)
def spectral_bands(recording: Recording, *, window: float = 2.0) -> Columns:
    """How far each animal sways at which frequencies, in centered windows of `window` seconds.

    What may sway: front along and front across, the front relative to the middle of the animal, along and across its
    body axis; middle along, the whole animal along its axis; length, the axis itself; and for two animals fronts, the
    distance between their fronts. For each of them, in body lengths and Hz:

    - 0.1-1 Hz, ..., 8-15 Hz: the root mean square of what lies in the band (a sinusoid's amplitude over sqrt 2); 0
      for what is not below half the frame rate; all Hz: of all bands
    - frequency: the mean frequency, weighed by power; regularity: the sum over the frequencies of their squared share
      of the power, scaled to be about 1 for a pure rhythm. Both go to 0 for sways of less than 0.01 body lengths

    Windows are tapered (Hann), so that about half of `window` counts. How far the middle sways is integrated,
    frequency by frequency, from the mean velocity of the keypoints seen, which does not jump where one goes missing.
    The first and last value of the recording stand for those beyond it. A missing value counts as the mean of the
    window; NaN where less than a third of the window was seen.

    The bands are those of JABS, which has power densities of other signals by Welch's method, and skew and kurtosis
    besides. These columns are in body lengths instead, so that they do not change with the frame rate.
    """
    animals = scene(recording)
    bank = _bank(window, recording.fps)
    columns: dict[str, Array] = {}
    for signal, values in _places(animals):
        columns |= _described(signal, values, bank)
    for signal, values in _velocities(animals):
        columns |= _described(signal, values, bank.integrated)
    return columns


def _places(animals: Scene) -> Iterator[tuple[str, Array]]:
    """What may sway (frames,), after the beginning of its columns' names."""
    fronts = (animals.fronts - animals.middles) * animals.headings.conj()
    for animal, front in enumerate(fronts):
        yield f"{animal} front along", front.real
        yield f"{animal} front across", front.imag
        yield f"{animal} length", np.abs(animals.axes[animal])
    for one, other in combinations(range(len(fronts)), 2):
        yield f"{one}-{other} fronts", np.abs(animals.fronts[one] - animals.fronts[other])


def _velocities(animals: Scene) -> Iterator[tuple[str, Array]]:
    """What may sway (frames,) and is known by its velocity, after the beginning of its columns' names."""
    velocities = rates(animals.points, lag_frames(LAG_SECONDS, animals.fps), animals.fps)
    along = (mean_of_seen(velocities, axis=1) * animals.headings.conj()).real
    for animal, values in enumerate(along):
        yield f"{animal} middle along", values


@dataclass(frozen=True, eq=False)
class _Bank:
    """What every window is multiplied with, and what its powers are."""

    spread: float
    """Over how many of the frequencies the taper spreads a pure rhythm, about."""
    kernels: Array
    """The taper, its square, and the taper times cosines and sines (frames of a window, 2 + 2 x frequencies)."""
    sums: Array
    """Which frequencies belong to each band, then 1 for all, then the frequencies in Hz (bands + 2, frequencies)."""
    scale: Array
    """From squared sums, over those of the squared taper, to variances (frequencies,)."""

    @property
    def integrated(self) -> "_Bank":
        """The bank that gives the variances of what the values are the velocities of."""
        return replace(self, scale=self.scale / (2 * np.pi * self.sums[-1]) ** 2)


def _bank(window: float, fps: float) -> _Bank:
    half = int(window * fps / 2)
    seconds = np.arange(-half, half + 1) / fps
    taper = np.cos(np.pi * seconds / window)[:, None] ** 2
    frequencies = np.arange(STEP, BANDS[-1][1], STEP)
    frequencies = frequencies[frequencies < fps / 2]
    angles = 2 * np.pi * seconds[:, None] * frequencies
    kernels = np.hstack([taper, taper**2, taper * np.cos(angles), taper * np.sin(angles)])
    bands = [(low <= frequencies) & (frequencies < high) for low, high in BANDS]
    sums = np.stack([*bands, np.ones_like(frequencies), frequencies])
    scale = np.full(len(frequencies), 2 * STEP / fps)
    arrays = (array.astype(np.float32) for array in (kernels, sums, scale))
    return _Bank(2 / (window * STEP), *arrays)


def _described(signal: str, values: Array, bank: _Bank) -> dict[str, Array]:
    half = len(bank.kernels) // 2
    around = np.pad(values, half, mode="edge")
    columns = np.empty((len(NAMES), len(values)), dtype=np.float32)
    for start in range(0, len(values), TILE):
        nearby = around[start : start + TILE + 2 * half]
        columns[:, start : start + TILE] = _summary(_variances(nearby, bank), bank)
    return {f"{signal} {name}": column for name, column in zip(NAMES, columns, strict=True)}


def _variances(nearby: Array, bank: _Bank) -> Array:
    """The variance at each frequency (windows, frequencies) in every window that fits into `nearby` (frames,)."""
    seen = ~np.isnan(nearby)
    level = nearby[seen].mean() if seen.any() else 0.0
    sums = _weighed(np.where(seen, nearby - level, 0), bank.kernels)
    whole = bank.kernels.sum(axis=0, keepdims=True)
    weights = whole if seen.all() else _weighed(seen, bank.kernels)
    weights = np.where(weights[:, :1] > ENOUGH * whole[:, :1], weights, np.nan)
    sums -= sums[:, :1] / weights[:, :1] * weights  # what they would be with the window's mean taken from its values
    sums *= sums
    cosines, sines = np.split(sums[:, 2:], 2, axis=1)
    return np.asarray((cosines + sines) * (bank.scale / weights[:, 1:2]))


def _weighed(values: Array, kernels: Array) -> Array:
    """Each window of `values` times each kernel, summed: (windows, kernels)."""
    windows = np.lib.stride_tricks.sliding_window_view(values.astype(np.float32), len(kernels))
    return np.asarray(np.ascontiguousarray(windows) @ kernels)


def _summary(variances: Array, bank: _Bank) -> Array:
    """The columns `NAMES` (name, windows) of `variances` (windows, frequencies)."""
    sums = bank.sums @ variances.T
    total = sums[-2] + FAINT
    squares = np.einsum("ij,ij->i", variances, variances)
    return np.vstack([np.sqrt(sums[:-1]), sums[-1] / total, np.minimum(bank.spread * squares / total**2, 1)])
