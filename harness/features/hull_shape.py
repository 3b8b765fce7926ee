"""The outline of each animal's keypoints, as SimBA measures it."""

from itertools import combinations

import numpy as np

from harness.columns import Scene, angle_between, half_width, mean_of_seen, mean_velocities, moving_mean, scene
from harness.plugins import Columns, feature_set
from harness.recording import Array, Recording

PATH_SECONDS = 1.0
"""Over how long the way of an animal is compared to how far it got."""

STEP_SECONDS = 2 / 30
"""Velocities along that way are taken over this long to either side, whatever the frame rate, as noise makes ways."""

RESTING = 0.2
"""Body lengths a second; well below this an animal goes nowhere, and its way counts as straight."""

GRID = 2.0**18
"""Steps to a body length that keypoints are rounded to for hulls: the area between any three is then exact in floating
point, so that no two answers contradict each other, and points on one line are known as such."""

CHUNK = 8192
"""Frames worked on at once."""

PAIRS_AT_ONCE = 1 << 20
"""Distances between keypoints held in memory together; of many keypoints, fewer frames are worked on at once."""


@feature_set(
    "hull_shape",
    reach_seconds=0.7,
    invariant_to=("translation", "rotation", "scale", "mirror", "frame_rate"),
)
def hull_shape(recording: Recording) -> Columns:
    """Convex hull, widths, bend and distances between keypoints of each animal, and how crooked its way is.

    In body lengths and radians. For each animal:

    - hull_area, hull_perimeter: of the convex hull of its keypoints
    - length_along, width_across: between its outermost keypoints along and across its body axis
    - farthest, nearest, mean_distance: of all distances between two of its keypoints
    - ear_distance, hip_distance, ear_to_hip (mean of both sides) and ear_to_hip_difference (between them), where
      keypoints have the roles
    - middle_angle: at its middle between front and rear, pi when straight
    - tortuosity: 1 - (net speed + 0.2) / (mean speed + 0.2) of its middle within 1 s around the frame; 0 when it goes
      straight or rests, towards 1 when it goes far and gets nowhere

    For each two animals: hull_filling, their own hulls' areas together over that of the hull around both; from near 0
    when far apart to 2 when in the same place.

    The hull, widths and distances are those of the keypoints seen, NaN with fewer than three; speeds are the mean over
    the keypoints seen at both ends; the rest is NaN where anything it names is missing.

    From SimBA (Goodwin, Choong, Hwang et al. 2024; Nilsson et al. 2020), whose `poly_area` is the perimeter. Its sums
    and means over windows are left out, as all columns get windows, and so are its deviations from the mean of the
    whole video and percentile ranks in it: the same posture would have another value in another video, and some of the
    ranks are deviations by mistake.
    """
    animals = scene(recording)
    columns = _hulls(animals) | _widths(animals) | _sides_of_the_body(animals) | _crookedness(animals)
    areas = columns["hull_area"]
    result = {f"{animal} {name}": values[animal] for animal in range(len(areas)) for name, values in columns.items()}
    for one, other in combinations(range(len(areas)), 2):
        result[f"{one}-{other} hull_filling"] = _filling(animals.points[[one, other]], areas[one] + areas[other])
    return result


def _hulls(animals: Scene) -> dict[str, Array]:
    """Columns (animal, frames) from each two keypoints of an animal."""
    count, parts, frames = animals.points.shape
    names = ("hull_area", "hull_perimeter", "farthest", "nearest", "mean_distance")
    columns = np.full((len(names), count, frames), np.nan)
    first, second = np.triu_indices(parts, k=1)
    if parts < 3:
        return dict(zip(names, columns, strict=True))
    chunk = min(CHUNK, max(1, PAIRS_AT_ONCE // len(first)))
    for animal, start in np.ndindex(count, -(-frames // chunk)):
        place = slice(start * chunk, (start + 1) * chunk)
        points = animals.points[animal, :, place]
        lengths = np.abs(points[first] - points[second])
        columns[:, animal, place] = (
            *_hull(points),
            np.fmax.reduce(lengths),
            np.fmin.reduce(lengths),
            mean_of_seen(lengths, axis=0),
        )
    columns[:, _fewer_than_three(animals.points)] = np.nan
    return dict(zip(names, columns, strict=True))


def _hull(points: Array) -> tuple[Array, Array]:
    """Area and perimeter (frames,) of the convex hull of `points` (part, frames), 0 where fewer than two are seen.

    The hull of points on one line goes there and back. Monotone chain (Andrew 1979), on all frames at once: in order of
    x, then y, each point is put on a stack, from which those are taken before that do not turn left; once for the lower
    and, in the opposite order, once for the upper side.
    """
    parts, frames = points.shape
    places = np.rint((points - mean_of_seen(points, axis=0)) * GRID).T
    x, y = places.real.copy(), places.imag.copy()
    numbers = np.broadcast_to(np.arange(parts), x.shape)
    order = np.lexsort((numbers, y, x), axis=-1)  # what is missing comes last, the first of those in one place first
    x, y = (np.take_along_axis(one, order, axis=1) for one in (x, y))
    usable = ~np.isnan(x)
    usable[:, 1:] &= (x[:, 1:] != x[:, :-1]) | (y[:, 1:] != y[:, :-1])
    twice_area = np.zeros(frames)
    edges = [_side(x, y, usable, turn) for turn in (range(parts), range(parts - 1, -1, -1))]
    lengths = np.zeros((frames, 2 * parts))
    pairs = np.full((frames, 2 * parts), parts * parts)
    for side, (stack, size) in enumerate(edges):
        for at in range(1, parts):
            on = np.flatnonzero(at < size)
            one, other = stack[on, at - 1], stack[on, at]
            twice_area[on] += x[on, one] * y[on, other] - x[on, other] * y[on, one]
            ends = np.sort(np.stack([order[on, one], order[on, other]]), axis=0)
            pairs[on, side * parts + at] = ends[0] * parts + ends[1]
            lengths[on, side * parts + at] = np.abs(points[ends[0], on] - points[ends[1], on])
    # Always summed in the same order, so that a point that moves within the hull changes nothing.
    lengths = np.take_along_axis(lengths, np.argsort(pairs, axis=1, kind="stable"), axis=1)
    perimeter = np.zeros(frames)
    for length in lengths.T:
        perimeter += length
    return np.maximum(twice_area / (2 * GRID**2), 0), perimeter


def _side(x: Array, y: Array, usable: Array, turn: range) -> tuple[Array, Array]:
    """The points (frames, part) of one side of the hull, by their place in the sorted `x` and `y`, and how many."""
    frames, parts = x.shape
    stack, size = np.zeros((frames, parts), dtype=np.int64), np.zeros(frames, dtype=np.int64)
    for new in turn:
        here = np.flatnonzero(usable[:, new])
        on = here[size[here] > 1]
        while len(on):
            one, other = stack[on, size[on] - 2], stack[on, size[on] - 1]
            ax, ay = x[on, one], y[on, one]
            left = (x[on, other] - ax) * (y[on, new] - ay) - (y[on, other] - ay) * (x[on, new] - ax) > 0
            on = on[~left]
            size[on] -= 1
            on = on[size[on] > 1]
        stack[here, size[here]] = new
        size[here] += 1
    return stack, size


def _filling(points: Array, own_areas: Array) -> Array:
    """`own_areas` (frames,) of two animals over the area of the hull around all of `points` (animal, part, frames)."""
    together = np.concatenate(points)
    filling = np.full(own_areas.shape, np.nan)
    for start in range(0, len(filling), CHUNK):
        place = slice(start, start + CHUNK)
        area, _ = _hull(together[:, place])
        np.divide(own_areas[place], area, out=filling[place], where=area > 0)
    return np.asarray(np.minimum(filling, 2))  # more only by rounding, where nobody has an area to speak of


def _fewer_than_three(points: Array) -> Array:
    """Where (animal, frames) fewer than three keypoints of `points` (animal, part, frames) are seen."""
    return np.asarray((~np.isnan(points)).sum(axis=1) < 3)


def _widths(animals: Scene) -> dict[str, Array]:
    """Columns (animal, frames) of how far the keypoints reach along and across the body axis."""
    turned = animals.points * animals.headings.conj()[:, None]
    columns = {}
    for name, places in (("length_along", turned.real), ("width_across", turned.imag)):
        columns[name] = np.fmax.reduce(places, axis=1) - np.fmin.reduce(places, axis=1)
        columns[name][_fewer_than_three(turned)] = np.nan
    return columns


def _sides_of_the_body(animals: Scene) -> dict[str, Array]:
    """Columns (animal, frames) of the distances between ears and hips, as far as the skeleton has the roles."""
    columns = {}
    ears, hips = ("left_ear", "right_ear"), ("left_hip", "right_hip")
    for name, pair in (("ear_distance", ears), ("hip_distance", hips)):
        if not animals.skeleton.lacking(pair):
            columns[name] = _distance(animals, *pair)
    if not animals.skeleton.lacking(ears + hips):
        left, right = (_distance(animals, *side) for side in zip(ears, hips, strict=True))
        columns["ear_to_hip"] = (left + right) / 2
        columns["ear_to_hip_difference"] = np.abs(left - right)
    return columns


def _distance(animals: Scene, one: str, other: str) -> Array:
    roles = animals.skeleton.roles
    return np.asarray(np.abs(animals.points[:, roles[one]] - animals.points[:, roles[other]]))


def _crookedness(animals: Scene) -> dict[str, Array]:
    """Columns (animal, frames) of the bend of the body and of its way."""
    front, rear = animals.fronts - animals.middles, animals.rears - animals.middles
    velocities = mean_velocities(animals, STEP_SECONDS)
    half = half_width(PATH_SECONDS, animals.fps)
    net, mean = np.abs(moving_mean(velocities, half)), moving_mean(np.abs(velocities), half)
    return {"middle_angle": angle_between(front, rear), "tortuosity": 1 - (net + RESTING) / (mean + RESTING)}
