"""Where two animals are to one another, and how that changes."""

from collections.abc import Iterator, Mapping
from functools import reduce
from itertools import combinations, permutations, product

import numpy as np

from harness.columns import Scene, angle_between, directions, mean_velocities, scene
from harness.plugins import Columns, feature_set
from harness.recording import Array, Recording

CONTACT = 0.25
"""Two animals are in contact while any two keypoints of theirs are less than this many body lengths apart."""

MEMORY_SECONDS = 3.0
"""How far the time since contact looks back, and the time to contact ahead; longer times read as this."""


LANDMARKS = 12
"""Keypoints of an animal that distances to all keypoints of another are taken from."""


@feature_set(
    "social_geometry",
    animals=2,
    reach_seconds=MEMORY_SECONDS,
    invariant_to=("translation", "rotation", "scale", "frame_rate"),
)
def social_geometry(recording: Recording, *, lag: float = 0.1, pairs: str = "all") -> Columns:
    """Distances, bearings, approach and contact of each two animals, in body lengths, seconds and radians.

    A body length is the mean of the animals' typical ones; front and rear are the skeleton's. Velocities are means over
    the keypoints, from `lag` seconds before to `lag` seconds after. `pairs` is `key` for the distances between
    fronts, rears and middles, or `all` for those between all keypoints as well; of more than
    12 keypoints, for those from 12 of them, evenly taken, to all, as there would be thousands.

    For two animals together: distances; nearest, of any two keypoints; gap, what lies free between the two bodies on
    the line through their middles (negative where they overlap); overlap, intersection over union of the boxes
    around them along that line; closing, the speed at which the distance shrinks; parallel, the cosine between their
    headings; relative_speed; since_contact and until_contact. For each towards the other: ahead and aside, cosine
    and sine of the other's bearing from its heading; facing, the angle at its front between where its front half
    points and the other's middle; towards and past, its own speed along and across the line to the other.

    Middles, boxes, velocities and the nearest distance are those of the keypoints seen; the rest is NaN where anything
    it names is missing.
    """
    animals = scene(recording)
    velocities = mean_velocities(animals, lag)
    columns: dict[str, Array] = {}
    every = frozenset(range(len(animals.skeleton.keypoints)))
    for one, other in combinations(range(recording.animals), 2):
        nearest = reduce(np.fmin, (distance for _, distance in _distances(animals, one, other, every)))
        mutual = _together(animals, velocities, one, other) | _contact(nearest, recording.fps)
        if pairs == "all":
            landmarks = _landmarks(len(animals.skeleton.keypoints))
            mutual |= dict(_distances(animals, one, other, landmarks))
        columns |= _named(f"{one}-{other}", mutual)
    for one, other in permutations(range(recording.animals), 2):
        columns |= _named(f"{one} to {other}", _towards(animals, velocities[one], one, other))
    return columns


def _named(who: str, columns: Mapping[str, Array]) -> dict[str, Array]:
    return {f"{who} {name}": values for name, values in columns.items()}


def _landmarks(parts: int) -> frozenset[int]:
    """The parts that distances are taken from and to: all, or so many evenly taken ones."""
    return frozenset(np.linspace(0, parts - 1, min(parts, LANDMARKS)).round().astype(int).tolist())


def _distances(animals: Scene, one: int, other: int, landmarks: frozenset[int]) -> Iterator[tuple[str, Array]]:
    """The distance (frames,) from each keypoint of the one to each of the other where either is a landmark.

    One at a time, as they may be many.
    """
    for (i, own), (j, its) in product(enumerate(animals.points[one]), enumerate(animals.points[other])):
        if i not in landmarks and j not in landmarks:
            continue
        yield f"{animals.skeleton.keypoints[i]} to {animals.skeleton.keypoints[j]}", np.abs(own - its)


def _together(animals: Scene, velocities: Array, one: int, other: int) -> dict[str, Array]:
    line = animals.middles[other] - animals.middles[one]
    distance, along = np.abs(line), directions(line)
    gap, overlap = _boxes(animals.points[one] * along.conj(), animals.points[other] * along.conj())
    relative = velocities[other] - velocities[one]
    return {
        "distance": distance,
        "front_end to front_end": np.abs(animals.fronts[one] - animals.fronts[other]),
        "front_end to rear_end": np.abs(animals.fronts[one] - animals.rears[other]),
        "rear_end to front_end": np.abs(animals.rears[one] - animals.fronts[other]),
        "gap": gap,
        "overlap": overlap,
        "closing": -(relative * along.conj()).real,
        "parallel": (animals.headings[one] * animals.headings[other].conj()).real,
        "relative_speed": np.abs(relative),
    }


def _contact(nearest: Array, fps: float) -> dict[str, Array]:
    """Columns from the distance (frames,) between the two keypoints that are nearest."""
    unknown = np.where(np.isnan(nearest), np.nan, 0)
    return {
        "nearest": nearest,
        "since_contact": _seconds_since(nearest < CONTACT, fps) + unknown,
        "until_contact": _seconds_since(nearest[::-1] < CONTACT, fps)[::-1] + unknown,
    }


def _towards(animals: Scene, velocity: Array, one: int, other: int) -> dict[str, Array]:
    along = directions(animals.middles[other] - animals.middles[one])
    bearing = along * animals.headings[one].conj()
    gaze, target = animals.fronts[one] - animals.middles[one], animals.middles[other] - animals.fronts[one]
    own = velocity * along.conj()
    return {
        "ahead": bearing.real,
        "aside": bearing.imag,
        "facing": angle_between(target, gaze),
        "towards": own.real,
        "past": np.abs(own.imag),
    }


def _boxes(one: Array, other: Array) -> tuple[Array, Array]:
    """Gap along x, and intersection over union, of the boxes around two sets of points (part, frames)."""
    (low, high), (other_low, other_high) = _box(one), _box(other)
    sides = np.minimum(high, other_high) - np.maximum(low, other_low)  # (xy, frames)
    shared = np.maximum(sides, 0).prod(axis=0)
    union = (high - low).prod(axis=0) + (other_high - other_low).prod(axis=0) - shared
    overlap = np.divide(shared, union, out=np.full(len(union), np.nan), where=union > 0)
    return other_low[0] - high[0], overlap


def _box(points: Array) -> tuple[Array, Array]:
    """Lowest and highest x and y (xy, frames) of the points seen."""
    xy = np.stack([points.real, points.imag])
    return np.fmin.reduce(xy, axis=1), np.fmax.reduce(xy, axis=1)


def _seconds_since(contact: Array, fps: float) -> Array:
    """Seconds since `contact` (frames,) was last true, at most `MEMORY_SECONDS`."""
    frame = np.arange(len(contact))
    never = -len(contact) - MEMORY_SECONDS * fps
    last = np.maximum.accumulate(np.where(contact, frame, never))
    return np.minimum((frame - last) / fps, MEMORY_SECONDS)
