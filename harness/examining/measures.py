"""What is counted in the poses of one video, a piece at a time, so that a long one needs no more memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from harness.arena import Arena
from harness.recording import Array, Recording, Skeleton
from harness.scores.metrics import runs

LOOKED_AT = 500
"""Frames, evenly spread, that a size is taken from."""

MOST_PARTS = 12
"""Of which the distances to each other are measured."""

VALUES_AT_ONCE = 400_000
"""Points held in memory together."""

LEAP = 2.0
"""Sizes that a point leaps in one frame and back in the next: about a body length."""

BACK = 0.5
"""It is back where it was, up to this share of the leap."""

CHANGED = 1.5
"""Sizes that each of two animals must leap at once to have changed places."""

CROSSED = 0.5
"""And each lands where the other was, up to this share of its leap."""

GAP_SECONDS = 0.5
"""The longest that animals may be unseen in between."""

FROZEN_SECONDS = 2.0
"""A point that stays exactly where it is for so long, while the rest of its animal goes away by a size, is frozen."""

STILL_SECONDS = 20.0
"""An animal all of whose points stay exactly where they are for so long is one that the tracker lost."""

ONE_PLACE = 0.02
"""Points that lie within this share of a size are in one place."""

MARGIN = 0.05
"""Share of the picture's sides that a tracker may place a point outside of it."""

SPEED_SECONDS = 0.2
"""Over which a speed is taken: long enough that a tracker's tremble is small beside it."""

SPEEDS = np.geomspace(1e-4, 1e4, 161)
"""Edges of the bins in which speeds are counted, in sizes a second."""


@dataclass(frozen=True, eq=False)
class Measures:
    """Counts of frames in one video, by animal, or by animal and part."""

    seen: Array
    """(animal,) with any of its points."""
    missing: Array
    """(animal, part) on which the animal is seen without it."""
    zeros: Array
    """(animal, part) at exactly (0, 0)."""
    outside: Array
    """(animal, part) out of the picture by more than `MARGIN`."""
    off_arena: Array
    """(animal, part) out of the rectangle around the arena by more than `MARGIN` of its size."""
    several: Array
    """(animal,) with two points or more."""
    one_place: Array
    """(animal,) of these, with all of them in one place."""
    frozen: Array
    """(animal, part)"""
    still: Array
    """(animal,)"""
    jumps: Array
    """(animal, part)"""
    swaps: Array
    """(), of any two animals."""
    sided: Array
    """(animal,) on which left and right can be told."""
    left: Array
    """(animal,) of these, with what is called left on one and the same side of the axis."""
    speeds: Array
    """(bin,) of `SPEEDS`, of all animals."""


def size(recording: Recording) -> float:
    """How far apart the points of an animal lie, in pixels: the median over animals and pairs of parts of the median
    over frames. NaN where no two points were seen together.

    Few points that are wrong do not change it, nor does which have roles.
    """
    some = _points(recording, slice(None, None, max(1, recording.frames // LOOKED_AT)))
    some = some[:, :, :: max(1, -(-some.shape[2] // MOST_PARTS))]
    if some.shape[2] < 2:
        return np.nan
    first, second = np.triu_indices(some.shape[2], 1)
    apart = np.abs(some[:, :, first] - some[:, :, second]).reshape(len(some), -1)
    typical = [float(np.median(seen)) for one in apart.T if len(seen := one[np.isfinite(one)])]
    return float(np.median(typical)) if typical else np.nan


def measured(recording: Recording, unit: float) -> Measures:
    """The counts of `recording`, in which a size is `unit` pixels; NaN leaves out what is counted in sizes."""
    sums: dict[str, Array] = {}
    for some in _pieces(recording):
        for name, counts in _counts(recording, _points(recording, some), unit, some.start > 0):
            sums[name] = sums.get(name, 0) + counts
    return Measures(**sums)


def sides(skeleton: Skeleton) -> tuple[tuple[int, int], ...]:
    """The pairs of a part on the left and its like on the right, by role or by name."""
    pairs = [("left_ear", "right_ear"), ("left_hip", "right_hip")]
    found = [(skeleton.roles[one], skeleton.roles[other]) for one, other in pairs
             if one in skeleton.roles and other in skeleton.roles]  # fmt: skip
    names = [name.lower() for name in skeleton.keypoints]
    for left, name in enumerate(names):
        mirrored = name.replace("left", "right")
        if mirrored != name and mirrored in names:
            found.append((left, names.index(mirrored)))
    return tuple(dict.fromkeys(found))


def _pieces(recording: Recording) -> Iterator[slice]:
    """Stretches of the frames, each of which begins with the last two frames of the one before."""
    step = max(1_000, VALUES_AT_ONCE // (recording.animals * len(recording.skeleton.keypoints)))
    for start in range(0, max(recording.frames - 2, 1), step):
        yield slice(start, min(start + step + 2, recording.frames))


def _points(recording: Recording, some: slice) -> Array:
    """complex64 (frames, animal, part); NaN where a point was not seen."""
    keypoints = np.asarray(recording.keypoints[some], dtype=np.float32)
    return np.asarray(keypoints[:, :, 0] + np.complex64(1j) * keypoints[:, :, 1])


def _counts(recording: Recording, points: Array, unit: float, goes_on: bool) -> Iterator[tuple[str, Array]]:
    """What is counted in a piece, by name; of one that goes on, frames that the one before counted count no more."""
    new = points[2:] if goes_on else points
    known = ~np.isnan(new)
    amount = known.sum(axis=2)
    seen = amount > 0
    yield "seen", seen.sum(axis=0)
    yield "missing", (seen[:, :, None] & ~known).sum(axis=0)
    yield "zeros", (new == 0).sum(axis=0)
    yield "outside", _outside(new, recording.image_size)
    yield "off_arena", _off_arena(new, recording.arena)
    yield "several", (amount > 1).sum(axis=0)
    yield "one_place", ((amount > 1) & _in_one_place(new, unit)).sum(axis=0)
    frozen, still = _frozen(points, unit, recording.fps)
    yield "frozen", frozen
    yield "still", still
    yield "jumps", _jumps(points, unit)
    yield "swaps", _swaps(points, unit, max(1, round(GAP_SECONDS * recording.fps)), goes_on)
    sided, left = _sides(new, recording.skeleton)
    yield "sided", sided
    yield "left", left
    yield "speeds", _speeds(points, unit, recording.fps)


def _outside(points: Array, image_size: tuple[int, int] | None) -> Array:
    if image_size is None:
        return np.zeros(points.shape[1:], dtype=np.int64)
    wide, high = image_size
    x, y = np.abs(points.real / wide - 0.5), np.abs(points.imag / high - 0.5)
    return np.asarray((np.maximum(x, y) > 0.5 + MARGIN).sum(axis=0))


def _off_arena(points: Array, arena: Arena | None) -> Array:
    if arena is None:
        return np.zeros(points.shape[1:], dtype=np.int64)
    half = arena.radius * (1 + 1j)
    corners = np.array(arena.corners or (arena.center - half, arena.center + half))
    margin = MARGIN * arena.size
    off = [
        (values < sides.min() - margin) | (values > sides.max() + margin)
        for values, sides in ((points.real, corners.real), (points.imag, corners.imag))
    ]
    return np.asarray((off[0] | off[1]).sum(axis=0))


def _in_one_place(points: Array, unit: float) -> Array:
    """Whether all points of an animal that are seen lie in one place (frames, animal); where none is, so they do."""
    wide, high = (np.fmax.reduce(side, axis=2) - np.fmin.reduce(side, axis=2) for side in (points.real, points.imag))
    return np.asarray(np.fmax(wide, high) <= (ONE_PLACE * unit if np.isfinite(unit) else 0))


def _frozen(points: Array, unit: float, fps: float) -> tuple[Array, Array]:
    """Frames on which a point is frozen (animal, part), and on which an animal is (animal,)."""
    frozen = np.zeros(points.shape[1:], dtype=np.int64)
    still = np.zeros(points.shape[1], dtype=np.int64)
    same = points[1:] == points[:-1]  # (frames - 1, animal, part), not so where NaN
    known = ~np.isnan(points)
    for animal in range(points.shape[1]):
        one = points[:, animal]
        whole = (same[:, animal] | ~known[1:, animal]).all(axis=1) & same[:, animal].any(axis=1)
        # A picture is counted in whole pixels by some trackers, where an animal at rest stays exactly where it is.
        if not (one[known[:, animal]].real % 1 == 0).all():
            still[animal] = sum(stop - start for start, stop in _long_runs(whole, STILL_SECONDS * fps))
        for part in range(points.shape[2]):
            for start, stop in _long_runs(same[:, animal, part], FROZEN_SECONDS * fps):
                rest = np.delete(one[start:stop], part, axis=1)
                if np.isfinite(unit) and _goes_away(rest, unit):
                    frozen[animal, part] += stop - start
    return frozen, still


def _long_runs(holds: Array, least: float) -> Iterator[tuple[int, int]]:
    """Start and stop (exclusive) of each stretch of `least` frames or more on which it holds from one to the next."""
    return ((start, stop + 1) for start, stop in runs(holds) if stop - start >= least)


def _goes_away(points: Array, unit: float) -> bool:
    """Whether most of the points (frames, part) get farther than a size from where they were first seen."""
    if not points.shape[1]:
        return False
    known = ~np.isnan(points)
    first = points[known.argmax(axis=0), np.arange(points.shape[1])]
    farthest = np.fmax.reduce(np.abs(points - first), axis=0)
    seen = farthest[np.isfinite(farthest)]
    return len(seen) > 0 and bool(np.median(seen) > unit)


def _jumps(points: Array, unit: float) -> Array:
    """Frames on which a point is elsewhere for that frame alone (animal, part)."""
    before, now, after = points[:-2], points[1:-1], points[2:]
    out, back = np.abs(now - before), np.abs(after - now)
    leap = np.minimum(out, back)
    jumped = np.asarray((leap > LEAP * unit) & (np.abs(after - before) < BACK * leap))
    # Where most points of an animal go together it is the whole animal: another one's place is no jump.
    whole = np.asarray(jumped.sum(axis=2) * 2 > (~np.isnan(now)).sum(axis=2))
    for one, other in combinations(range(points.shape[1]), 2):
        both = np.asarray(whole[:, one] & whole[:, other])
        jumped[both, one] = jumped[both, other] = False
    return np.asarray(jumped.sum(axis=0))


def _swaps(points: Array, unit: float, longest: int, goes_on: bool) -> Array:
    """How often two animals changed places between one frame on which both were seen and the next such: ()."""
    count = 0
    seen = np.asarray((~np.isnan(points)).any(axis=2))
    for one, other in combinations(range(points.shape[1]), 2):
        frames = np.flatnonzero(seen[:, one] & seen[:, other])
        near = (np.diff(frames) <= longest) & (frames[1:] >= (2 if goes_on else 1))
        before, after = frames[:-1][near], frames[1:][near]
        here, there = (points[before, animal] for animal in (one, other))
        straight = [_apart(here, points[after, one]), _apart(there, points[after, other])]
        crossed = [_apart(here, points[after, other]), _apart(there, points[after, one])]
        least = np.minimum(*straight)
        count += int(((least > CHANGED * unit) & (np.maximum(*crossed) < CROSSED * least)).sum())
    return np.array(count)


def _apart(here: Array, there: Array) -> Array:
    """How far apart points (frames, part) are, the mean over the parts seen in both; NaN where there are none."""
    distances = np.abs(here - there)
    known = np.isfinite(distances)
    total, amount = np.where(known, distances, 0).sum(axis=1), known.sum(axis=1)
    return np.asarray(np.divide(total, amount, out=np.full(len(total), np.nan), where=amount > 0))


def _sides(points: Array, skeleton: Skeleton) -> tuple[Array, Array]:
    """Frames on which the side of left can be told (animal,), and on which it is one and the same."""
    axis = points[:, :, skeleton.front] - points[:, :, skeleton.rear]
    votes = np.zeros(axis.shape)
    for left, right in sides(skeleton):
        across = points[:, :, left] - points[:, :, right]
        votes += np.nan_to_num(np.sign((axis.conj() * across).imag))
    return (votes != 0).sum(axis=0), (votes > 0).sum(axis=0)


def _speeds(points: Array, unit: float, fps: float) -> Array:
    lag = max(1, round(SPEED_SECONDS * fps))
    moved = np.abs(points[lag:] - points[:-lag]) * (fps / lag / unit)
    return np.histogram(moved[np.isfinite(moved)].clip(SPEEDS[0], SPEEDS[-1]), SPEEDS)[0]
