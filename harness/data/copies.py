"""Recordings that show the same footage: cut elsewhere, rounded, tracked again, mirrored, turned, or animals swapped.

What is held out would have been trained on. Byte for byte such recordings differ, but the middle of all animals takes
the same path. Short stretches of that path around moments of fast movement are compared by their shapes, which neither
the place, size, turn or mirror of the image changes, nor which animal is which; where two stretches are alike, the
displacements of all frames that the recordings would share are correlated. The cost grows with the length of all
recordings together, not with the number of pairs.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from harness.recording import Array, Recording

STEP = 0.25
"""Seconds over which the middle's displacement is taken: long enough that a tracker's tremble is small beside it."""

AROUND = 0.75
"""Seconds before and after a moment that its shape is made of."""

POINTS = 9
"""Places on the path that a shape is made of, the moment itself in the middle."""

MOMENTS = 15_000
"""About so many are compared, however long all recordings are together."""

ALIKE = 0.15
"""How far two shapes (of length 1) may lie from each other to be looked at further."""

DIRECTIONS = 8
"""In which shapes differ most; the nearest are found among these."""

NEIGHBOURS = 4
"""Moments of other recordings that each is compared with, the nearest first."""

CHANCE = 1e-12
"""Of a correlation like this between recordings that have nothing in common, times the comparisons that are made."""

INDEPENDENT = 0.5
"""Seconds after which a displacement says something new."""

GLANCE = 1e-4
"""Of a correlation like this between two such moments; those with a larger one are not looked at further."""

VERIFIED = 15.0
"""Seconds before and after two such moments whose displacements are correlated."""

AT_ONCE = 5_000
"""Pairs of moments whose displacements are held in memory together."""

SHAPES_AT_ONCE = 500
"""Shapes whose distances to all others are held in memory together."""

TINY = 1e-300

MOST_TRIED = 3
"""Pairs of moments of two recordings that are looked at further, the likeliest first."""


@dataclass(frozen=True, slots=True)
class Copy:
    """Two of the recordings given, by place, that show the same footage."""

    one: int
    other: int
    """After `one`."""
    shift: int
    """Frame of `other` that shows what frame 0 of `one` shows; below 0 where `other` begins later."""
    frames: int
    """Frames in common."""


def near_copies(recordings: Sequence[Recording]) -> tuple[Copy, ...]:
    """The pairs of `recordings` that show the same footage for some seconds, in order.

    Needs movement: animals that never leave their place are not told from others that do not. Recordings at different
    frame rates are not compared, nor those of fewer than five frames a second. Animals
    that are seen on less than half of the frames do not count. Deterministic.
    """
    asked = tuple(recording.digest for recording in recordings)
    if asked not in _FOUND:
        _FOUND.clear()
        _FOUND[asked] = tuple(copy for group in _by_rate(recordings) for copy in _copies(recordings, group))
    return _FOUND[asked]


_FOUND: dict[tuple[str, ...], tuple[Copy, ...]] = {}
"""What was found last, by digest of the recordings: reading, checking and looking at a dataset ask one after the other.
"""


LOOKED_AT = 2_000
"""Frames, evenly spread, on which animals are looked for."""

OFTEN = 0.5
"""The share of the frames on which an animal that counts is seen."""

SAME_RATE = 0.01
"""Rates that differ by less than this share are one, as 29.97 and 30 are."""

SLOWEST = 5.0
"""Frames a second; at fewer a path has too few points to have a shape."""


def _by_rate(recordings: Sequence[Recording]) -> list[list[int]]:
    groups: dict[float, list[int]] = {}
    for place, recording in enumerate(recordings):
        if recording.fps >= SLOWEST:
            near = (fps for fps in groups if abs(fps / recording.fps - 1) < SAME_RATE)
            groups.setdefault(next(near, recording.fps), []).append(place)
    return list(groups.values())


def _copies(recordings: Sequence[Recording], places: Sequence[int]) -> Iterator[Copy]:
    if len(places) < 2:
        return
    fps = recordings[places[0]].fps
    step = max(1, round(STEP * fps))
    paths = [_middles(recordings[place]) for place in places]
    apart = max(AROUND / 2, sum(map(len, paths)) / fps / MOMENTS)
    moments = [_moments(path, step, max(1, round(apart * fps)), round(AROUND * fps)) for path in paths]
    meetings = _meetings(paths, moments, step, fps)
    tests = max(1, len(meetings)) * (2 * step + 1)
    moves = [path[step:] - path[:-step] for path in paths]
    tried: Counter[tuple[int, int]] = Counter()
    found: set[tuple[int, int]] = set()
    for one, other, frame, there in meetings:
        pair = one, other
        if pair in found or tried[pair] >= MOST_TRIED:
            continue
        tried[pair] += 1
        shift = _verified(moves[one], moves[other], frame, there, step, fps, CHANCE / tests)
        if shift is not None:
            found.add(pair)
            common = min(len(paths[one]), len(paths[other]) - shift) - max(0, -shift)
            yield Copy(places[one], places[other], shift, common)


def _middles(recording: Recording) -> Array:
    """complex128 (frames,): the mean over the animals of the mean of their parts; NaN where one was not seen.

    Animals that are seen on less than half of the frames have no part in it, or it would hardly ever be known.
    """
    keypoints = recording.keypoints
    there = ~np.isnan(keypoints[:: max(1, len(keypoints) // LOOKED_AT)]).all(axis=(2, 3))  # (frames, animal)
    mostly = there.mean(axis=0) >= OFTEN
    if mostly.any() and not mostly.all():
        keypoints = keypoints[:, mostly]
    frames, animals, _, parts = keypoints.shape
    share = np.zeros((animals, 2, parts, 2), dtype=keypoints.dtype)
    for axis in range(2):
        share[:, axis, :, axis] = 1 / (animals * parts)
    means = (keypoints.reshape(frames, -1) @ share.reshape(-1, 2)).astype(np.float64)
    lacking = np.isnan(means).any(axis=1)
    points = keypoints[lacking].astype(np.float64)
    seen = ~np.isnan(points).any(axis=2, keepdims=True)
    amount = seen.sum(axis=3)
    middles = np.where(seen, points, 0).sum(axis=3) / np.where(amount, amount, np.nan)  # (frames, animal, xy)
    means[lacking] = middles.mean(axis=1)
    return np.asarray(means[:, 0] + 1j * means[:, 1])


def _moments(path: Array, step: int, apart: int, around: int) -> Array:
    """Frames at which the middle is faster than at all others up to `apart` frames away, and known all `around`."""
    if len(path) <= 2 * around:
        return np.empty(0, dtype=np.int64)
    half = max(1, step // 2)
    speed = np.zeros(len(path))
    speed[half:-half] = np.abs(path[2 * half :] - path[: -2 * half])
    speed = np.convolve(np.nan_to_num(speed), np.ones(2 * half + 1), mode="same")
    known = np.cumsum(np.concatenate([[0], np.isfinite(path)]))
    whole = np.zeros(len(path), dtype=bool)
    whole[around:-around] = known[2 * around + 1 :] - known[: -2 * around - 1] == 2 * around + 1
    return np.flatnonzero((speed == _largest_around(speed, apart)) & (speed > 0) & whole)


def _largest_around(values: Array, apart: int) -> Array:
    """The largest of the values (frames,) up to `apart` frames away."""
    padded = np.pad(values, apart, constant_values=-np.inf)
    width, wanted = 1, 2 * apart + 1
    while width < wanted:  # the largest of `width` from here on; two such that overlap make a wider one
        step = min(width, wanted - width)
        padded = np.maximum(padded[: len(padded) - step], padded[step:])
        width += step
    return padded


def _shapes(path: Array, moments: Array, fps: float) -> Array:
    """float32 (moments, pairs of points): distances between points of the path around each moment, of length 1."""
    lags = np.round(np.linspace(-AROUND, AROUND, POINTS) * fps).astype(np.int64)
    points = path[moments[:, None] + lags]
    first, second = np.triu_indices(POINTS, 1)
    distances = np.abs(points[:, first] - points[:, second])
    return np.asarray(distances / np.linalg.norm(distances, axis=1, keepdims=True), dtype=np.float32)


def _meetings(
    paths: Sequence[Array], moments: Sequence[Array], step: int, fps: float
) -> list[tuple[int, int, int, int]]:
    """(one, other, frame of one, frame of other) that may show the same, the likeliest first."""
    owner = np.repeat(np.arange(len(paths)), [len(one) for one in moments])
    frame = np.concatenate(moments)
    if len(frame) < 2:
        return []
    shapes = np.concatenate([_shapes(path, at, fps) for path, at in zip(paths, moments, strict=True)])
    steps, apart = round(VERIFIED * fps / step), INDEPENDENT * fps / step
    runs = np.concatenate([_runs(path, at, step, steps) for path, at in zip(paths, moments, strict=True)])
    _, main = np.linalg.eigh(np.cov(shapes, rowvar=False))
    shapes = shapes @ main[:, -DIRECTIONS:]  # which brings them nearer to each other, if anything
    mine, theirs = _neighbours(shapes)
    mine, theirs = mine[owner[mine] != owner[theirs]], theirs[owner[mine] != owner[theirs]]
    swapped = owner[mine] > owner[theirs]
    first, second = np.where(swapped, theirs, mine), np.where(swapped, mine, theirs)
    pieces = range(0, len(first), AT_ONCE)
    chance = [_chance(runs[first[at : at + AT_ONCE]], runs[second[at : at + AT_ONCE]], apart) for at in pieces]
    likely = np.concatenate([np.empty(0), *chance])
    order = np.lexsort((second, first, likely))
    order = order[likely[order] < GLANCE]
    columns = owner[first], owner[second], frame[first], frame[second]
    return list(zip(*(column[order].tolist() for column in columns), strict=True))


def _neighbours(shapes: Array) -> tuple[Array, Array]:
    """The places of shapes (moments, directions) and, one by one, of their nearest that are `ALIKE`."""
    squares = (shapes**2).sum(axis=1)
    amount = min(NEIGHBOURS + 1, len(shapes))
    mine, theirs = [], []
    for start in range(0, len(shapes), SHAPES_AT_ONCE):
        some = slice(start, start + SHAPES_AT_ONCE)
        distances = squares[some, None] + squares - 2 * shapes[some] @ shapes.T
        near = np.argpartition(distances, amount - 1, axis=1)[:, :amount]
        alike = np.take_along_axis(distances, near, axis=1) < ALIKE**2
        mine.append(start + np.nonzero(alike)[0])
        theirs.append(near[alike])
    return np.concatenate(mine), np.concatenate(theirs)


def _runs(path: Array, moments: Array, step: int, steps: int) -> Array:
    """complex64 (moments, steps): the displacements, step after step, around each moment; NaN where not known."""
    at = moments[:, None] + np.arange(-steps, steps + 1) * step
    points = np.where((at >= 0) & (at < len(path)), path[np.clip(at, 0, len(path) - 1)], np.nan)
    return np.diff(points, axis=1).astype(np.complex64)


def _verified(one: Array, other: Array, frame: int, there: int, step: int, fps: float, chance: float) -> int | None:
    """The shift at which displacements (frames,) around the two frames are the same but for turn and mirror."""
    around = round(VERIFIED * fps)

    def probability(shift: int) -> float:
        start = max(0, -shift, frame - around)
        stop = min(len(one), len(other) - shift, frame + around)
        if stop - start < 2:
            return 1.0
        return float(_chance(one[None, start:stop], other[None, start + shift : stop + shift], INDEPENDENT * fps)[0])

    nearby = there - frame
    every = {shift: probability(shift) for shift in range(nearby - step, nearby + step + 1)}
    best = min(every, key=lambda shift: every[shift])
    return best if every[best] < chance else None


def _chance(a: Array, b: Array, apart: float) -> Array:
    """How likely displacements (rows, times) that have nothing in common are to correlate like this: (rows,).

    Times that either does not know (NaN) do not count. Of n independent pairs of complex normal numbers the squared
    correlation exceeds x with the probability (1 - x)^(n - 1); n is how many times of those `apart` the strong
    displacements amount to, as those decide.
    """
    known = np.isfinite(a) & np.isfinite(b)
    amount = np.maximum(known.sum(axis=1, keepdims=True), 1)
    a, b = (np.where(known, one, 0).astype(np.complex128) for one in (a, b))
    # Without the mean, as two that walk straight on have nothing in common yet.
    a, b = (np.where(known, one - one.sum(axis=1, keepdims=True) / amount, 0) for one in (a, b))
    powers = [one.real**2 + one.imag**2 for one in (a, b)]
    sums = [power.sum(axis=1) for power in powers]
    common = np.maximum(np.abs((a * b.conj()).sum(axis=1)), np.abs((a * b).sum(axis=1))) ** 2
    unlike = np.clip(1 - common / np.maximum(sums[0] * sums[1], TINY), 1e-12, 1)
    times = [total**2 / np.maximum((power**2).sum(axis=1), TINY) for total, power in zip(sums, powers, strict=True)]
    return np.asarray(unlike ** np.maximum(np.minimum(*times) / apart - 1, 0))
