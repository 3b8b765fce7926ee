"""The whole scene in a few numbers: principal components of all distances between keypoints."""

from collections.abc import Sequence

import numpy as np

from harness.errors import HarnessError
from harness.poses import body_axes, keypoints_as_points, mean_of_seen, median_of_seen, typical_lengths
from harness.recording import Array, Recording
from harness.registry import Columns, Fitted, feature_set

FIT_FRAMES = 20_000
"""The components are learned from this many frames, evenly taken from all recordings."""

CHUNK = 4096
"""Frames worked on at once."""

SINCE_START_SECONDS, UNTIL_END_SECONDS = 50.0, 76.7
"""Over how long the two session times saturate: 1500 and 2300 frames at 30 frames per second."""

WALLS = (0.01, 0.99)
"""Quantiles of all x, and of all y, between which the arena lies."""


def fit_distances(recordings: Sequence[Recording], *, variance: float = 0.95, setting: bool = True) -> Fitted:
    """Median distance of each pair, and the directions (pair, component) that hold `variance` of the scatter."""
    del setting
    total = sum(recording.frames for recording in recordings)
    taken = np.unique(np.linspace(0, total - 1, min(total, FIT_FRAMES)).round().astype(int))
    ends = np.cumsum([recording.frames for recording in recordings])
    parts = np.split(taken, np.searchsorted(taken, ends[:-1]))
    starts = ends - [recording.frames for recording in recordings]
    samples = [
        _log_distances(_scaled_points(recording)[:, part - start])
        for recording, part, start in zip(recordings, parts, starts, strict=True)
    ]
    distances = np.concatenate(samples, axis=1)  # (pair, frames)
    median = np.nan_to_num(median_of_seen(distances))
    return {"median": median, "components": _components(_filled(distances, median), variance)}


@feature_set("distances_pca", fit=fit_distances)
def distances_pca(recording: Recording, fitted: Fitted, *, variance: float = 0.95, setting: bool = True) -> Columns:
    """Principal components of log(1 + distance) between all keypoints of all animals, and where and when it is.

    Distances are in median body lengths. The components, learned from poses alone, hold `variance` of the scatter.
    A distance that is missing counts as its median; a frame on which none is seen is NaN. With `setting` there are
    more columns: tanh of the time since the session's start over 50 s and of the time to its end over 76.7 s, and
    for each animal how far its middle is from the nearest wall. Walls are where one in a hundred keypoints of the
    recording is farther out.
    """
    del variance
    scores = np.full((recording.frames, fitted["components"].shape[1]), np.nan)
    points = _scaled_points(recording)
    for start in range(0, recording.frames, CHUNK):
        distances = _log_distances(points[:, start : start + CHUNK])
        seen = ~np.isnan(distances).all(axis=0)
        found = _filled(distances, fitted["median"]).T @ fitted["components"]
        scores[start : start + CHUNK][seen] = found[seen]
    columns = {f"component {number}": values for number, values in enumerate(scores.T)}
    return columns | _session_times(recording) | _wall_distances(recording, points) if setting else columns


def _session_times(recording: Recording) -> dict[str, Array]:
    frame = recording.first_frame + np.arange(recording.frames)
    left = (recording.session_frames or recording.frames) - frame
    return {
        "session_begins": np.tanh(frame / recording.fps / SINCE_START_SECONDS),
        "session_ends": np.tanh(left / recording.fps / UNTIL_END_SECONDS),
    }


def _wall_distances(recording: Recording, points: Array) -> dict[str, Array]:
    seen = points[~np.isnan(points)]
    left, right = np.quantile(seen.real, WALLS) if len(seen) else (np.nan, np.nan)
    top, bottom = np.quantile(seen.imag, WALLS) if len(seen) else (np.nan, np.nan)
    middles = mean_of_seen(points.reshape(recording.animals, -1, recording.frames), axis=1)
    return {
        f"{animal} wall": np.minimum.reduce([x - left, right - x, y - top, bottom - y])
        for animal, (x, y) in enumerate(zip(middles.real, middles.imag, strict=True))
    }


def _scaled_points(recording: Recording) -> Array:
    """All keypoints of all animals (point, frames) in median body lengths."""
    points = keypoints_as_points(recording)
    unit = typical_lengths(body_axes(recording, points)).mean()
    return np.asarray(points.reshape(-1, recording.frames) / unit)


def _log_distances(points: Array) -> Array:
    """log(1 + distance) of each two of `points` (point, frames): (pair, frames)."""
    if len(points) < 2:
        raise HarnessError("distances_pca needs two keypoints or more; the recordings have one")
    first, second = np.triu_indices(len(points), k=1)
    return np.asarray(np.log1p(np.abs(points[first] - points[second])))


def _filled(distances: Array, median: Array) -> Array:
    """How far each distance is from its median, 0 where it is missing."""
    return np.asarray(np.nan_to_num(distances - median[:, None]))


def _components(deviations: Array, variance: float) -> Array:
    """The fewest orthonormal directions (pair, component) that hold `variance` of the scatter of (pair, frames)."""
    scatter = np.cov(deviations, ddof=0).reshape(len(deviations), len(deviations))
    values, vectors = np.linalg.eigh(scatter)
    values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
    held = np.cumsum(values)
    components = vectors[:, : int((held < variance * held[-1] * (1 - 1e-12)).sum()) + 1]
    largest = np.abs(components).argmax(axis=0)
    # The sign of an eigenvector is the linear algebra library's choice; this one is ours.
    return np.asarray(components * np.sign(components[largest, np.arange(components.shape[1])]))
