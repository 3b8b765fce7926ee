"""Places that stand for "not seen": some trackers and converters write (0, 0) or another fixed place instead of NaN.

Such a place is recognised by three things together: a part is exactly there on several frames, it gets there and away
in jumps, and the rest of the animal is elsewhere, or is written as exactly there too. An animal that sits still is
where its parts are, and a landmark that is tracked with the animals never leaves its place.
"""

from typing import NamedTuple

import numpy as np

from harness.recording import Array

USUAL = (0j, -1 - 1j)
"""(0, 0) and (-1, -1), which are looked for on every frame, and of which one is enough."""

MISSING = complex("nan+nanj")
"""Neither x nor y: NaN alone would leave a y of 0."""

LEAP = 2.0
"""How many times an animal's size a part lies off the rest of it, or jumps."""

MANY = 0.01
"""Points that another place needs to be recognised, for each frame."""

VISITS = 3
"""Ways there that another place needs."""

MOSTLY = 0.9
"""Of the points that are exactly there, so many lie off the rest of their animal, and so many ways there are leaps."""

OFTEN = 0.5
"""The same for a usual place, which an animal may come near to."""

LOOKED_AT = 1_000
"""Frames, evenly spread, that the size of an animal is taken from."""

MOST_PLACES = 8
"""That are looked at in a recording, those with most jumps first."""


class Cleaned(NamedTuple):
    """Keypoints without the places that stand for "not seen"."""

    keypoints: Array
    """float32 (frames, animal, xy, part)."""
    unseen: dict[tuple[float, float], int]
    """Place to how many points were exactly there, and are NaN now."""


def without_sentinels(keypoints: Array) -> Cleaned:
    """`keypoints` (frames, animal, xy, part) with NaN for parts at a place that stands for "not seen"."""
    points = keypoints[:, :, 0] + np.complex64(1j) * keypoints[:, :, 1]  # (frames, animal, part)
    leap = LEAP * _size(points[:: max(1, len(points) // LOOKED_AT)])
    unseen = np.zeros(points.shape, dtype=bool)
    found = {}
    for place in _places(points, leap):
        there = points == place
        if (count := int(there.sum())) and _stands_for_unseen(points, there, place, leap):
            unseen |= there
            found[float(place.real), float(place.imag)] = count
    if not found:
        return Cleaned(keypoints, {})
    return Cleaned(np.where(unseen[:, :, None], np.float32(np.nan), keypoints), found)


def _size(points: Array) -> float:
    """How far a part typically is from the middle of its animal; for animals of one part, many steps of it."""
    places = np.where((points == USUAL[0]) | (points == USUAL[1]), MISSING, points)
    if points.shape[2] > 1:
        distances = np.abs(places - _medians(places)[:, :, None])
    else:
        distances = 10 * np.abs(np.diff(places, axis=0))
    seen = distances[np.isfinite(distances) & (distances > 0)]
    return float(np.median(seen)) if len(seen) else 1.0


def _medians(points: Array) -> Array:
    """The middle (frames, animal) of the parts seen; NaN where there are none."""
    sides = []
    for side in (points.real, points.imag):
        ordered = np.sort(side, axis=2)  # what is missing comes last
        seen = np.isfinite(ordered).sum(axis=2)
        low, high = (np.maximum((seen + shift) // 2, 0)[:, :, None] for shift in (-1, 0))
        middle = [
            np.take_along_axis(ordered, np.minimum(at, points.shape[2] - 1), axis=2)[:, :, 0] for at in (low, high)
        ]
        sides.append(np.where(seen > 0, (middle[0] + middle[1]) / 2, np.nan))
    return np.asarray(sides[0] + 1j * sides[1])


def _places(points: Array, leap: float) -> list[complex]:
    """The places that are worth a look: the usual ones that occur, and those that jumps lead to or come from."""
    places = [place for place in USUAL if (points == place).any()]
    far = np.abs(np.diff(points, axis=0)) > leap
    ends, counts = np.unique(np.concatenate([points[:-1][far], points[1:][far]]), return_counts=True)
    order = np.argsort(-counts, kind="stable")[:MOST_PLACES]
    places += [complex(ends[at]) for at in order if counts[at] > 1 and complex(ends[at]) not in places]
    return places


def _stands_for_unseen(points: Array, there: Array, place: complex, leap: float) -> bool:
    count, usual = int(there.sum()), place in USUAL
    came = int((there[1:] & ~there[:-1]).sum() + there[0].sum())
    if not usual and (count < MANY * len(points) or came < VISITS):
        return False
    least = OFTEN if usual else MOSTLY
    if not _leaps(points, there, leap, least, otherwise=usual):
        return False
    if points.shape[2] == 1:
        return True
    some = there.any(axis=(1, 2))
    points, there = points[some], there[some]
    off = (
        np.abs(place - _medians(np.where(there, MISSING, points))) > leap
    )  # (frames, animal) whose other parts are seen
    several = there.sum(axis=2) > 1
    seen_elsewhere = (np.isfinite(points) & ~there).any(axis=2)
    return bool((there & (off | (several & ~seen_elsewhere))[:, :, None]).sum() >= least * count)


def _leaps(points: Array, there: Array, leap: float, least: float, otherwise: bool) -> bool:
    """Whether of the ways to and from there, between two frames on which the part was seen, `least` are leaps.

    `otherwise` where no part was ever seen to go.
    """
    frames, *tracks = np.nonzero(there[1:] != there[:-1])
    steps = np.abs(points[frames + 1, *tracks] - points[frames, *tracks])
    steps = steps[np.isfinite(steps)]
    return bool((steps > leap).mean() >= least) if len(steps) else otherwise
