"""The whole scene in a few numbers: principal components of all distances between keypoints."""

from collections.abc import Iterable

import numpy as np

from harness.columns import median_of_seen, scene
from harness.plugins import Columns, Fitted, feature_set
from harness.recording import Array, Recording

FIT_FRAMES = 20_000
"""The components are learned from this many frames, evenly taken from all recordings."""

FIT_VALUES = 4_000_000
"""Distances that the components are learned from at most; where there are many pairs, from fewer frames."""

PAIRS = 8
"""Distances for each point at most. All of n points have 2n - 3 degrees of freedom in common, so of many points some
pairs say as much as all, at a cost that is in the points and not in their square."""

CHUNK = 4096
"""Frames worked on at once."""


def fit_distances(recordings: Iterable[Recording], *, variance: float = 0.95) -> Fitted:
    """Median distance of each pair, and the directions (pair, component) that hold `variance` of the scatter."""
    sizes = [(recording.frames, recording.animals * len(recording.skeleton.keypoints)) for recording in recordings]
    frames = [amount for amount, _ in sizes]
    pairs = max(1, max(len(_pairs(points)[0]) for _, points in sizes))
    amount = min(sum(frames), FIT_FRAMES, max(1, FIT_VALUES // pairs))
    taken = np.unique(np.linspace(0, sum(frames) - 1, amount).round().astype(int))
    ends = np.cumsum(frames)
    parts = np.split(taken, np.searchsorted(taken, ends[:-1]))
    samples = [
        _log_distances(_scaled_points(recording)[:, part - start])
        for recording, part, start in zip(recordings, parts, ends - frames, strict=True)
    ]
    distances = np.concatenate(samples, axis=1)  # (pair, frames)
    median = np.nan_to_num(median_of_seen(distances))
    return {"median": median, "components": _components(_filled(distances, median), variance)}


@feature_set(
    "distances_pca",
    fit=fit_distances,
    invariant_to=("translation", "rotation", "scale", "frame_rate"),
)
def distances_pca(recording: Recording, fitted: Fitted, *, variance: float = 0.95) -> Columns:
    """Principal components of log(1 + distance) between all keypoints of all animals.

    Of more than 17 points, distances between so many pairs of them, evenly taken, as are eight times the points.
    Distances are in median body lengths. The components, learned from poses alone, hold `variance` of the scatter.
    A distance that is missing counts as its median; a frame on which none is seen is NaN, and so is all of a single
    keypoint.
    """
    del variance
    scores = np.full((fitted["components"].shape[1], recording.frames), np.nan)
    points = _scaled_points(recording)
    for start in range(0, recording.frames, CHUNK):
        distances = _log_distances(points[:, start : start + CHUNK])
        seen = ~np.isnan(distances).all(axis=0)
        found = fitted["components"].T @ _filled(distances, fitted["median"])
        scores[:, start : start + CHUNK] = np.where(seen, found, np.nan)
    return {f"component {number}": values for number, values in enumerate(scores)}


def _scaled_points(recording: Recording) -> Array:
    """All keypoints of all animals (point, frames) in median body lengths."""
    return scene(recording).points.reshape(-1, recording.frames)


def _log_distances(points: Array) -> Array:
    """log(1 + distance) of pairs of `points` (point, frames): (pair, frames)."""
    first, second = _pairs(len(points))
    return np.asarray(np.log1p(np.abs(points[first] - points[second])))


def _pairs(points: int) -> tuple[Array, Array]:
    """The points that distances are taken between: each two, or where those are many, some evenly taken."""
    first, second = np.triu_indices(points, k=1)
    if len(first) <= PAIRS * points:
        return first, second
    taken = np.linspace(0, len(first) - 1, PAIRS * points).round().astype(int)
    return first[taken], second[taken]


def _filled(distances: Array, median: Array) -> Array:
    """How far each distance is from its median, 0 where it is missing."""
    return np.asarray(np.nan_to_num(distances - median[:, None]))


def _components(deviations: Array, variance: float) -> Array:
    """The fewest orthonormal directions (pair, component) that hold `variance` of the scatter of (pair, frames)."""
    if len(deviations) == 0:
        return np.zeros((0, 1))
    scatter = np.cov(deviations, ddof=0).reshape(len(deviations), len(deviations))
    values, vectors = np.linalg.eigh(scatter)
    values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
    held = np.cumsum(values)
    components = vectors[:, : int((held < variance * held[-1] * (1 - 1e-12)).sum()) + 1]
    largest = np.abs(components).argmax(axis=0)
    # The sign of an eigenvector is the linear algebra library's choice; this one is ours.
    return np.asarray(components * np.sign(components[largest, np.arange(components.shape[1])]))
