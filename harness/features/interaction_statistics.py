"""What two animals' movements have to do with one another over seconds."""

from functools import reduce
from itertools import combinations, permutations

import numpy as np

from harness.columns import Scene, directions, half_width, lag_frames, mean_velocities, moving_mean, scene
from harness.plugins import Columns, feature_set
from harness.recording import Array, Recording

LAG = 0.1
"""Seconds before and after a frame between which velocities are taken."""

STILL = 0.25
"""Body lengths per second (some 2 cm/s for a mouse) below which directions of movement tell little: they fade."""

NOISE = 0.05
"""Body lengths per second by which the speed of an animal that stands still varies; correlations of less fade."""

CLOSE = (0.25, 0.75)
"""Body lengths between the nearest keypoints within which two animals are close; at twice as many they are no more."""

FOLLOWING_SECONDS = 0.4
"""How much later the one that follows does the same."""


@feature_set(
    "interaction_statistics",
    animals=2,
    reach_seconds=2.7,
    invariant_to=("translation", "rotation", "scale", "mirror", "frame_rate"),
)
def interaction_statistics(recording: Recording) -> Columns:
    """Steadiness, closeness, pursuit, and how the speeds of two animals go together, over a third of a second to five.

    In body lengths (the mean of the animals' typical ones) and seconds. The number that ends a column's name is the
    width of its centered window. Velocities v are from 0.1 s before to 0.1 s after and the mean over the keypoints seen
    at both ends; sums are over the window, distances d between middles.

    - For each animal: speed_ratio, (short - long) / (short + long + 0.25) of its mean speeds over 0.33 and 5 s;
      speed_around, its mean speed with weights that fall on straight lines to 0 where the window ends.
    - For two: steady, 1 / (1 + variance of d squared); variation, s / (s + m) of the standard deviation s and the mean
      m of d; common_speed, v0 . v1 / (|v0| + |v1| + 0.25), and together, sum v0 . v1 over the root of sum |v0|^2 times
      sum |v1|^2, both negative where they go opposite ways; speeds_alike, Pearson's correlation of the speeds;
      within_0.25 and within_0.75, the share of time in which the nearest keypoints are that close, counting less and
      less up to twice as far.
    - For each towards the other: pursues, sum of v along the line to the other over sum |v|; chases, the slower of its
      speed towards the other and the other's away from it, 0 where either is negative; leads, the correlation over 4 s
      of its speed with the other's 0.4 s later, less that of the other's with its own 0.4 s later.

    Sums of squares have 0.25 (correlations: 0.05) body lengths per second to the square added to their mean, and sums
    of speeds 0.25 to theirs: on animals that stand still the ratios go to 0. Frames on which something is missing are
    left out of a window; a window that saw nothing is NaN.

    The list is that of the 9th place in the MABe 2025 challenge. Its exponentially weighted means are here weighted by
    triangles, since a window must end; what it leaves unbounded is saturated; the speed's percentile rank
    within a long window is left out, since looking that far costs training frames around every fold.
    """
    animals = scene(recording)
    velocities = mean_velocities(animals, LAG)
    speeds = np.abs(velocities)
    columns = {
        f"{animal} {name}": values[animal]
        for name, values in _speed_statistics(speeds, recording.fps).items()
        for animal in range(recording.animals)
    }
    for one, other in combinations(range(recording.animals), 2):
        pair = _steadiness(animals, one, other) | _closeness(animals, one, other)
        pair |= _common_motion(velocities[one], velocities[other], recording.fps)
        columns |= {f"{one}-{other} {name}": values for name, values in pair.items()}
    for one, other in permutations(range(recording.animals), 2):
        directed = _pursuit(animals, velocities, one, other) | _leading(speeds[one], speeds[other], recording.fps)
        columns |= {f"{one} to {other} {name}": values for name, values in directed.items()}
    return columns


def _speed_statistics(speeds: Array, fps: float) -> dict[str, Array]:
    short, long = (moving_mean(speeds, half_width(seconds, fps)) for seconds in (0.33, 5.0))
    statistics = {"speed_ratio": (short - long) / (short + long + STILL)}
    for seconds in (2.0, 4.0):
        # The mean over half the window of means over half the window: weights that fall to 0 at its ends.
        half = half_width(seconds / 2, fps)
        statistics[f"speed_around {seconds:g}s"] = moving_mean(moving_mean(speeds, half), half)
    return statistics


def _steadiness(animals: Scene, one: int, other: int) -> dict[str, Array]:
    distance = np.abs(animals.middles[other] - animals.middles[one])
    statistics = {}
    for seconds in (1.0, 2.0):
        half = half_width(seconds, animals.fps)
        _, variance = _mean_and_variance(distance**2, half)
        statistics[f"steady {seconds:g}s"] = 1 / (1 + variance)
    mean, variance = _mean_and_variance(distance, half_width(1.0, animals.fps))
    deviation = np.sqrt(variance)
    return statistics | {"variation 1s": deviation / np.maximum(deviation + mean, 1e-9)}


def _mean_and_variance(values: Array, half: int) -> tuple[Array, Array]:
    mean, squares = moving_mean(np.stack([values, values**2]), half)
    return mean, np.maximum(squares - mean**2, 0)


def _closeness(animals: Scene, one: int, other: int) -> dict[str, Array]:
    squares = (_squared_distances(animals.points[other], point) for point in animals.points[one])
    nearest = np.sqrt(np.fmin.reduce(reduce(np.fmin, squares), axis=0))
    degrees = np.stack([np.clip(2 - nearest / close, 0, 1) for close in CLOSE])
    statistics: dict[str, Array] = {}
    for seconds in (0.3, 0.7, 1.3):
        shares = moving_mean(degrees, half_width(seconds, animals.fps))
        statistics |= {f"within_{close:g} {seconds:g}s": share for close, share in zip(CLOSE, shares, strict=True)}
    return statistics


def _squared_distances(points: Array, point: Array) -> Array:
    apart = points - point
    return np.asarray(apart.real**2 + apart.imag**2)


def _common_motion(one: Array, other: Array, fps: float) -> dict[str, Array]:
    """Columns from the velocities (frames,) of two animals."""
    product = (one * other.conj()).real
    unknown = np.where(np.isnan(product), np.nan, 0)
    energies = np.abs(one) ** 2 + unknown, np.abs(other) ** 2 + unknown
    statistics = {"common_speed": product / (np.abs(one) + np.abs(other) + STILL)}
    for seconds in (1.0, 2.0):
        shared, own, others = moving_mean(np.stack([product, *energies]), half_width(seconds, fps))
        statistics[f"together {seconds:g}s"] = shared / np.sqrt((own + STILL**2) * (others + STILL**2))
    for seconds in (2.0, 4.0):
        alike = _correlation(np.abs(one), np.abs(other), half_width(seconds, fps))
        statistics[f"speeds_alike {seconds:g}s"] = alike
    return statistics


def _pursuit(animals: Scene, velocities: Array, one: int, other: int) -> dict[str, Array]:
    along = directions(animals.middles[other] - animals.middles[one])
    towards, away = (velocities[one] * along.conj()).real, (velocities[other] * along.conj()).real
    path = np.where(np.isnan(towards), np.nan, np.abs(velocities[one]))
    statistics = {"chases": np.maximum(np.minimum(towards, away), 0)}
    for seconds in (1.0, 2.0):
        gained, walked = moving_mean(np.stack([towards, path]), half_width(seconds, animals.fps))
        statistics[f"pursues {seconds:g}s"] = gained / (walked + STILL)
    return statistics


def _leading(own: Array, others: Array, fps: float) -> dict[str, Array]:
    lag, half = lag_frames(FOLLOWING_SECONDS, fps), half_width(4.0, fps)
    leads, follows = _correlation(own, _ahead(others, lag), half), _correlation(_ahead(own, lag), others, half)
    return {"leads 4s": leads - follows}


def _ahead(values: Array, lag: int) -> Array:
    """What `values` (frames,) are `lag` frames later; NaN where the recording has ended."""
    later = np.full(values.shape, np.nan)
    later[:-lag] = values[lag:]
    return later


def _correlation(one: Array, other: Array, half: int) -> Array:
    """Pearson's correlation of two speeds over `half` frames to either side where both are seen."""
    product = one * other
    unknown = np.where(np.isnan(product), np.nan, 0)
    one, other = one + unknown, other + unknown
    sums = np.stack([one, other, product, one**2, other**2])
    mean, other_mean, products, squares, other_squares = moving_mean(sums, half)
    variance = np.maximum(squares - mean**2, 0) + NOISE**2
    other_variance = np.maximum(other_squares - other_mean**2, 0) + NOISE**2
    return np.asarray((products - mean * other_mean) / np.sqrt(variance * other_variance))
