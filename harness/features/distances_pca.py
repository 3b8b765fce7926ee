"""The whole scene in a few numbers: principal components of all distances between keypoints."""

from collections.abc import Iterator, Sequence

import numpy as np

from harness.errors import HarnessError
from harness.poses import body_axes, keypoints_as_points, median_of_seen, typical_lengths
from harness.recording import Array, Recording
from harness.registry import Columns, Fitted, feature_set

FIT_FRAMES = 20_000
"""The components are learned from this many frames, evenly taken from all recordings."""

CHUNK = 4096
"""Frames worked on at once."""

SINCE_START_SECONDS, UNTIL_END_SECONDS = 50.0, 76.7
"""Over how long the two session times saturate: 1500 and 2300 frames at 30 frames per second."""


def fit_distances(recordings: Sequence[Recording], *, variance: float = 0.95, session: bool = True) -> Fitted:
    """Median distance of each pair, and the directions (pair, component) that hold `variance` of the scatter."""
    del session
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
def distances_pca(
    recording: Recording, fitted: Fitted, *, variance: float = 0.95, session: bool = True
) -> Columns:
    """Principal components of log(1 + distance) between all keypoints of all animals, and the time in the session.

    Distances are in median body lengths. The components, learned from poses alone, hold `variance` of the scatter.
    A distance that is missing counts as its median; a frame on which none is seen is NaN. With `session` there are
    two columns more, tanh of the time since the session's start over 50 s and of the time to its end over 76.7 s.
    """
    del variance
    scores = np.full((recording.frames, fitted["components"].shape[1]), np.nan)
    points = _scaled_points(recording)
    for frames in _chunks(recording.frames):
        distances = _log_distances(points[:, frames])
        seen = ~np.isnan(distances).all(axis=0)
        scores[frames][seen] = (_filled(distances, fitted["median"]).T @ fitted["components"])[seen]
    columns = {f"component {number}": values for number, values in enumerate(scores.T)}
    return columns | _session_times(recording) if session else columns


def _session_times(recording: Recording) -> dict[str, Array]:
    frame = recording.first_frame + np.arange(recording.frames)
    left = np.maximum((recording.session_frames or recording.frames) - frame, 0)
    return {
        "session_begins": np.tanh(frame / recording.fps / SINCE_START_SECONDS),
        "session_ends": np.tanh(left / recording.fps / UNTIL_END_SECONDS),
    }


def _scaled_points(recording: Recording) -> Array:
    """All keypoints of all animals (point, frames) in median body lengths."""
    points = keypoints_as_points(recording)
    unit = typical_lengths(body_axes(recording, points)).mean()
    return points.reshape(-1, recording.frames) / unit


def _log_distances(points: Array) -> Array:
    """log(1 + distance) of each two of `points` (point, frames): (pair, frames)."""
    if len(points) < 2:
        raise HarnessError("distances_pca needs two keypoints or more; the recordings have one")
    first, second = np.triu_indices(len(points), k=1)
    return np.log1p(np.abs(points[first] - points[second]))


def _filled(distances: Array, median: Array) -> Array:
    """How far each distance is from its median, 0 where it is missing."""
    return np.nan_to_num(distances - median[:, None])


def _components(deviations: Array, variance: float) -> Array:
    """The fewest orthonormal directions (pair, component) that hold `variance` of the scatter of (pair, frames)."""
    scatter = np.cov(deviations, ddof=0).reshape(len(deviations), len(deviations))
    values, vectors = np.linalg.eigh(scatter)
    values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
    share = np.cumsum(values) / max(values.sum(), 1e-300)
    components = vectors[:, : int(np.searchsorted(share, variance - 1e-12)) + 1]
    largest = np.abs(components).argmax(axis=0)
    # The sign of an eigenvector is the linear algebra library's choice; this one is ours.
    return np.asarray(components * np.sign(components[largest, np.arange(components.shape[1])]))


def _chunks(frames: int) -> Iterator[slice]:
    for start in range(0, frames, CHUNK):
        yield slice(start, start + CHUNK)
