"""What feature sets share about poses: tracks without short gaps, points, body axes, lengths and velocities.

A point is a complex number x + iy, so that turning is a multiplication, a distance is an absolute value, and
`np.angle(a * b.conj())` is the angle from b to a, already within -pi to pi. Frames are the last axis.
Missing is NaN, and what depends on something missing is NaN.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from harness.recording import Array, Recording, Skeleton


@dataclass(frozen=True, eq=False)
class Scene:
    """What most feature sets begin with: all animals of a recording in body lengths. Its arrays are read-only."""

    points: Array
    """Keypoints (animal, part, frames)."""
    middles: Array
    """Mean of the keypoints seen (animal, frames)."""
    axes: Array
    """From rear to front (animal, frames); see `body_axes`."""
    headings: Array
    """The axes at length 1 (animal, frames)."""
    lengths: Array
    """Each animal's own typical body length (animal,), of which the mean over the animals is the unit."""
    unit: float
    """Pixels of that."""
    fps: float
    skeleton: Skeleton

    @property
    def fronts(self) -> Array:
        """The front keypoint (animal, frames)."""
        return np.asarray(self.points[:, self.skeleton.front])

    @property
    def rears(self) -> Array:
        """The rear keypoint (animal, frames)."""
        return np.asarray(self.points[:, self.skeleton.rear])


@lru_cache(maxsize=1)
def scene(recording: Recording) -> Scene:
    """The scene of `recording`; the last one is kept, since several feature sets ask for it one after the other."""
    points = keypoints_as_points(recording)
    axes = body_axes(recording, points)
    lengths = typical_lengths(axes)
    unit = float(lengths.mean())
    points /= unit
    axes /= unit
    arrays = (points, middles(points), axes, directions(axes), lengths / unit)
    for array in arrays:
        array.flags.writeable = False
    return Scene(*arrays, unit, recording.fps, recording.skeleton)


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


JUMP_SECONDS = 0.5
"""A keypoint that jumps away and back within this time was elsewhere by mistake; one that stays longer may be right."""


LEAP = 1 / 3
"""Steps that are shorter, in lengths of the animal, are no jumps but jitter, however fast they are."""


def without_jumps(recording: Recording, top_speed: float) -> Recording:
    """The recording with keypoints that jump away and back taken for missing.

    `top_speed`, in lengths of the animal a second, is what no animal exceeds; its length is the median extent of its
    keypoints, along x or y. A keypoint's track falls apart at every step that is faster, and longer than a third of the
    animal, which jitter is not at any frame rate; pieces of up to half a second between two such steps, or before the
    first or after the last, become NaN. A recording shorter than that stays as it is, and so does an animal of one
    keypoint, which has no length. The recording given is left as it is.
    """
    longest = JUMP_SECONDS * recording.fps
    if recording.frames <= longest:
        return recording
    points = keypoints_as_points(recording)
    extents = _extents(points)
    keypoints = recording.keypoints.copy()
    for animal, part in np.ndindex(points.shape[:2]):
        seen = np.flatnonzero(~np.isnan(points[animal, part]))
        track = points[animal, part, seen]
        longest_step = np.maximum(top_speed / recording.fps * np.diff(seen), LEAP) * extents[animal]
        far = np.abs(np.diff(track)) > longest_step
        if far.any():
            first, last = np.append(0, np.flatnonzero(far) + 1), np.append(np.flatnonzero(far), len(seen) - 1)
            short = seen[last] - seen[first] < longest
            keypoints[seen[np.repeat(short, last - first + 1)], animal, :, part] = np.nan
    return replace(recording, keypoints=keypoints)


def _extents(points: Array) -> Array:
    """Each animal's median extent (animal,) along x or y, whichever is more on a frame; infinite where it has none."""
    sides = (np.fmax.reduce(part, axis=1) - np.fmin.reduce(part, axis=1) for part in (points.real, points.imag))
    extents = median_of_seen(np.fmax(*sides))
    return np.where(extents > 0, extents, np.inf)


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
    mean[count == 0] = _missing(mean)
    return np.asarray(mean)


def _missing(values: Array) -> complex:
    """What stands for missing among such `values`: of a complex number both parts, so that neither reads as 0."""
    return complex(np.nan, np.nan) if np.iscomplexobj(values) else np.nan


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
    axes = [_fitted_axis(animal, shape) for animal, shape in zip(points, _shapes(recording, points), strict=True)]
    return np.stack(axes)


def body_centers(recording: Recording, points: Array, axes: Array) -> Array:
    """Halfway from the rear of each animal to its front (animal, frames), where the fit of `body_axes` places it.

    `points` and `axes` are in the same unit. Where front or rear was not seen, two other keypoints are enough.
    """
    shapes = _shapes(recording, points)
    return mean_of_seen(points - axes[:, None] * (shapes[:, :, None] - 0.5), axis=1)


def _shapes(recording: Recording, points: Array) -> Array:
    """Median place (animal, part) of the keypoints on the way from rear (0) to front (1); NaN where not known.

    An animal whose front and rear were never seen together is taken for another one of the recording; where that is so
    for all, keypoints are taken to lie in a row, in the order of the skeleton.
    """
    shapes = [_shape(recording, animal) for animal in points]
    known = next((shape for shape in shapes if shape is not None), None)
    row = np.linspace(1, 0, points.shape[1]).astype(np.complex128)
    return np.stack([shape if shape is not None else known if known is not None else row for shape in shapes])


def _shape(recording: Recording, points: Array) -> Array | None:
    """That of one animal; None where its front and rear were never seen together."""
    front, rear = points[recording.skeleton.front], points[recording.skeleton.rear]
    way = front - rear
    known = np.abs(way) > 0  # False where NaN
    if not known.any():
        return None
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
    missing = np.full(vectors.shape, complex(np.nan, np.nan))
    return np.asarray(np.divide(vectors, lengths, out=missing, where=lengths > 0))


def middles(points: Array) -> Array:
    """The mean of the keypoints seen: (animal, frames) of points (animal, part, frames)."""
    return mean_of_seen(points, axis=1)


def rates(values: Array, lag: int, fps: float) -> Array:
    """Change per second along the last axis, from `lag` frames before to `lag` frames after.

    Where the recording ends the span ends too; a recording of one frame has no rates (NaN).
    """
    earlier, later = _around(values.shape[-1], lag)
    span = np.where(later > earlier, later - earlier, np.nan)
    return np.asarray((values[..., later] - values[..., earlier]) * (fps / span))


def mean_velocities(here: Scene, seconds: float) -> Array:
    """Each animal's velocity (animal, frames), from `seconds` before a frame to as long after it.

    The mean over the keypoints seen at both ends, so that one that goes missing is no jump.
    """
    return mean_of_seen(rates(here.points, lag_frames(seconds, here.fps), here.fps), axis=1)


def angle_between(one: Array, other: Array) -> Array:
    """The angle between two vectors, from 0 to pi."""
    return np.asarray(np.abs(np.angle(one * other.conj())))


HEAD, HIPS = ("nose", "left_ear", "right_ear"), ("left_hip", "right_hip", "tail_base")
"""The roles of the keypoints that make a head and hips."""


def head_and_hips(skeleton: Skeleton) -> tuple[list[int], list[int]]:
    """The keypoints of the head and those of the hips; where none has a role, the first and the last half."""
    if skeleton.roles:
        head, hips = ([skeleton.roles[role] for role in end if role in skeleton.roles] for end in (HEAD, HIPS))
        return head or [skeleton.front], hips or [skeleton.rear]
    parts = list(range(len(skeleton.keypoints)))
    half = max(len(parts) // 2, 1)
    return parts[:half], parts[-half:]


def covariances(around: Array) -> tuple[Array, Array]:
    """Of points (animal, part, frames) around their middle: spread and stretch (animal, frames).

    The spread is the variance along x plus that along y; the stretch, complex, is by how much the variance along the
    longer axis of their ellipse exceeds that across, at twice the angle of that axis. NaN with fewer than three seen.
    """
    seen = ~np.isnan(around)
    points = np.where(seen, around, 0)
    count = seen.sum(axis=1)
    freedom = np.where(count >= 3, count - 1, np.nan)
    x, y = points.real, points.imag
    xx, yy, xy = ((one * other).sum(axis=1) / freedom for one, other in ((x, x), (y, y), (x, y)))
    return xx + yy, xx - yy + 2j * xy


def second_rates(values: Array, lag: int, fps: float) -> Array:
    """Change of the change, per second squared, along the last axis: (x(t + lag) - 2 x(t) + x(t - lag)) / lag^2.

    Where `lag` frames are not there on one side, both sides are shortened; NaN on the first and last frame.
    """
    frame = np.arange(values.shape[-1])
    span = np.minimum(lag, np.minimum(frame, frame[::-1]))
    step = np.where(span > 0, span / fps, np.nan)
    return np.asarray((values[..., frame + span] - 2 * values + values[..., frame - span]) / step**2)


def turning_rates(headings: Array, lag: int, fps: float) -> Array:
    """Radians per second by which `headings` (unit vectors) turn, spans as in `rates`."""
    earlier, later = _around(headings.shape[-1], lag)
    span = np.where(later > earlier, later - earlier, np.nan)
    return np.asarray(np.angle(headings[..., later] * headings[..., earlier].conj()) * (fps / span))


def _around(frames: int, lag: int) -> tuple[Array, Array]:
    frame = np.arange(frames)
    return np.maximum(frame - lag, 0), np.minimum(frame + lag, frames - 1)
