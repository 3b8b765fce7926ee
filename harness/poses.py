"""What feature sets share about poses: tracks without short gaps, points, body axes, lengths and velocities.

A point is a complex number x + iy, so that turning is a multiplication, a distance is an absolute value, and
`np.angle(a * b.conj())` is the angle from b to a, already within -pi to pi. Frames are the last axis.
Missing is NaN, and what depends on something missing is NaN.
"""

from dataclasses import replace

import numpy as np

from harness.recording import Array, Recording


def interpolated(recording: Recording, longest_gap_seconds: float) -> Recording:
    """The recording with gaps of up to `longest_gap_seconds` in a keypoint's track filled on a straight line.

    Only between two frames on which the keypoint was seen: longer gaps, and those at the beginning and the end, stay
    missing. The recording given is left as it is.
    """
    longest = int(longest_gap_seconds * recording.fps + 1e-6)
    missing = np.asarray(np.isnan(recording.keypoints).any(axis=2))  # (frames, animal, part)
    keypoints = recording.keypoints.copy()
    for animal, part in np.argwhere(missing.any(axis=0)):
        _fill_gaps(keypoints[:, animal, :, part], missing[:, animal, part], longest)
    return replace(recording, keypoints=keypoints)


def _fill_gaps(track: Array, missing: Array, longest: int) -> None:
    """Fill gaps of up to `longest` frames in `track` (frames, xy), in place."""
    seen, holes = np.flatnonzero(~missing), np.flatnonzero(missing)
    follower = np.searchsorted(seen, holes)
    inside = (follower > 0) & (follower < len(seen))
    holes, follower = holes[inside], follower[inside]
    before, after = seen[follower - 1], seen[follower]
    short = after - before - 1 <= longest
    holes, before, after = holes[short], before[short], after[short]
    share = ((holes - before) / (after - before))[:, None]
    track[holes] = (1 - share) * track[before] + share * track[after]


def lag_frames(seconds: float, fps: float) -> int:
    """How many frames `seconds` are; at least one."""
    return max(1, round(seconds * fps))


def keypoints_as_points(recording: Recording) -> Array:
    """The keypoints as complex numbers (animal, part, frames)."""
    keypoints = recording.keypoints.transpose(2, 1, 3, 0)
    points = np.empty(keypoints.shape[1:], dtype=np.complex128)
    points.real, points.imag = keypoints
    return points


def mean_of_seen(values: Array, axis: int) -> Array:
    """The mean along `axis` of what is not NaN; NaN where nothing is seen."""
    seen = ~np.isnan(values)
    count = seen.sum(axis=axis)
    mean = np.where(seen, values, 0).sum(axis=axis) * (1 / np.maximum(count, 1))
    mean[count == 0] = np.nan
    return np.asarray(mean)


def median_of_seen(values: Array) -> Array:
    """The median along the last axis of what is not NaN; NaN where nothing is seen."""
    medians = np.full(values.shape[:-1], np.nan)
    for index in np.ndindex(medians.shape):
        seen = values[index][~np.isnan(values[index])]
        if len(seen):
            medians[index] = np.median(seen)
    return medians


def body_axes(recording: Recording, points: Array) -> Array:
    """From the rear of each animal to its front (animal, frames), as all keypoints seen on a frame tell.

    The animal's shape is the median place of its keypoints between rear (0) and front (1) of the skeleton; the axis
    is the least-squares fit of that shape, turned and scaled, to the keypoints seen. Where the animal has its usual
    shape that is front minus rear; where front or rear was not seen, two other keypoints are enough.
    """
    axes = [_fitted_axis(animal, _shape(recording, animal)) for animal in points]
    return np.stack(axes)


def _shape(recording: Recording, points: Array) -> Array:
    """Median place (part,) of one animal's keypoints on the way from rear (0) to front (1); NaN where not known."""
    front, rear = points[recording.skeleton.front], points[recording.skeleton.rear]
    way = front - rear
    known = np.abs(way) > 0  # False where NaN
    if not known.any() and not recording.skeleton.roles:
        return np.linspace(1, 0, len(points)).astype(np.complex128)
    places = (points[:, known] - rear[known]) / way[known]
    return np.asarray(median_of_seen(places.real) + 1j * median_of_seen(places.imag))


def _fitted_axis(points: Array, shape: Array) -> Array:
    known = ~np.isnan(shape)
    seen = ~np.isnan(points[known])
    count = np.maximum(seen.sum(axis=0), 1)
    place, point = np.where(seen, shape[known, None], 0), np.where(seen, points[known], 0)
    covariance = (place.conj() * point).sum(axis=0) - place.sum(axis=0).conj() * point.sum(axis=0) / count
    variance = (np.abs(place) ** 2).sum(axis=0) - np.abs(place.sum(axis=0)) ** 2 / count
    variance[variance < 1e-6] = np.nan  # fewer than two keypoints, or two at the same place
    return np.asarray(covariance * (1 / variance))


def typical_lengths(axes: Array) -> Array:
    """The unit of length (animal,): each animal's median body length in the recording, never 0.

    An animal that was not seen has the mean of the others; 1 where none was seen.
    """
    lengths = median_of_seen(np.abs(axes))
    known = lengths > 0
    lengths[~known] = lengths[known].mean() if known.any() else 1
    return lengths


def directions(vectors: Array) -> Array:
    """The vectors at length 1; NaN for those of length 0."""
    lengths = np.abs(vectors)
    return np.divide(vectors, lengths, out=np.full(vectors.shape, np.nan, dtype=np.complex128), where=lengths > 0)


def rates(values: Array, lag: int, fps: float) -> Array:
    """Change per second along the last axis, from `lag` frames before to `lag` frames after.

    Where the recording ends the span ends too; a recording of one frame has no rates (NaN).
    """
    earlier, later = _around(values.shape[-1], lag)
    span = np.where(later > earlier, later - earlier, np.nan)
    return np.asarray((values[..., later] - values[..., earlier]) * (fps / span))


def turning_rates(headings: Array, lag: int, fps: float) -> Array:
    """Radians per second by which `headings` (unit vectors) turn, spans as in `rates`."""
    earlier, later = _around(headings.shape[-1], lag)
    span = np.where(later > earlier, later - earlier, np.nan)
    return np.asarray(np.angle(headings[..., later] * headings[..., earlier].conj()) * (fps / span))


def _around(frames: int, lag: int) -> tuple[Array, Array]:
    frame = np.arange(frames)
    return np.maximum(frame - lag, 0), np.minimum(frame + lag, frames - 1)
