"""How each animal has moved over shorter and longer times: along its own body, and toward places on the others."""

from collections.abc import Iterator
from itertools import combinations, permutations

import numpy as np

from harness.columns import Scene, directions, lag_frames, mean_of_seen, scene
from harness.plugins import Columns, feature_set
from harness.recording import Array, Recording

LAGS = (5 / 30, 0.5, 1.0)
"""How many seconds of motion up to the frame are looked at: 5, 15 and 30 frames at 30 a second."""


@feature_set(
    "target_motion",
    reach_seconds=max(LAGS),
    invariant_to=("translation", "rotation", "scale", "mirror", "frame_rate"),
)
def target_motion(recording: Recording) -> Columns:
    """Motion in the last 0.17, 0.5 and 1 s along each animal's body and toward the others, and angles to places there.

    Lengths are in body lengths (the mean of the animals' typical ones), speeds in body lengths a second, angles in
    radians without a sign. Of each animal, over each of these times:

    - speed: of the whole animal; along and across: the parts of its velocity along the axis from rear to front that it
      had at first, and to either side of it; turning: of that axis, per second

    From one animal to another:

    - towards_front, towards_middle, towards_rear: the velocity of the one's front, over each of these times, toward
      that place on the other
    - axis_to_front, axis_to_rear: the angle at the one's middle between its axis and the line to that place
    - gaze_to_front, gaze_to_rear: the angle at the one's front between the way there from its middle and that line

    For two animals together: parallel_change, how fast the cosine between their axes changes, per second, over each of
    these times.

    Frames that have no such time behind them hold what the first frame that has holds. An animal's velocity is the mean
    over the keypoints seen at both ends, so that a keypoint that goes missing is no jump. What needs a front or rear
    that is missing is NaN, and so is the direction to a place that one is at.

    These are features that vassi (Nuehrenberg et al.) has for mice. Velocities are those of the whole animal and of
    its front instead of every keypoint's. Left out is what `social_geometry` has: the angles to the other's middle
    (`ahead`, `facing`), and how well the axes are aligned (`parallel`), of which this is the change.
    """
    here = scene(recording)
    columns = dict(_angles(here))
    for lag in LAGS:
        frames = min(lag_frames(lag, recording.fps), recording.frames - 1)
        columns |= {f"{name} {lag:.2g}s": np.pad(values, (frames, 0), "edge") for name, values in _motion(here, frames)}
    return columns


def _angles(here: Scene) -> Iterator[tuple[str, Array]]:
    """Names and values of the angles from each animal to places on each other one."""
    for one, other in permutations(range(len(here.points)), 2):
        gaze = here.fronts[one] - here.middles[one]
        for place, target in (("front", here.fronts[other]), ("rear", here.rears[other])):
            yield f"{one} to {other} axis_to_{place}", _angle(here.axes[one], target - here.middles[one])
            yield f"{one} to {other} gaze_to_{place}", _angle(gaze, target - here.fronts[one])


def _angle(one: Array, other: Array) -> Array:
    """Between two vectors; NaN where one of them has no length."""
    return np.asarray(np.abs(np.angle(directions(one) * directions(other).conj())))


def _motion(here: Scene, lag: int) -> Iterator[tuple[str, Array]]:
    """Names and values (frames - lag,) of what has moved in the last `lag` frames, from the frame number `lag` on."""
    animals, frames = range(len(here.points)), here.points.shape[-1]
    before, now = slice(0, frames - lag), slice(lag, frames)
    per_second = here.fps / lag if lag else np.nan
    steps = here.points[:, :, now] - here.points[:, :, before]
    velocities = mean_of_seen(steps, axis=1) * per_second
    fronts = steps[:, here.skeleton.front] * per_second
    own = velocities * here.headings[:, before].conj()
    turns = here.headings[:, now] * here.headings[:, before].conj()
    for animal in animals:
        yield f"{animal} speed", np.abs(velocities[animal])
        yield f"{animal} along", own[animal].real
        yield f"{animal} across", np.abs(own[animal].imag)
        yield f"{animal} turning", np.abs(np.angle(turns[animal])) * per_second
    for one, other in permutations(animals, 2):
        for place, targets in (("front", here.fronts), ("middle", here.middles), ("rear", here.rears)):
            toward = directions(targets[other, now] - here.fronts[one, now])
            yield f"{one} to {other} towards_{place}", (fronts[one] * toward.conj()).real
    for one, other in combinations(animals, 2):
        parallel = (here.headings[one] * here.headings[other].conj()).real
        yield f"{one}-{other} parallel_change", (parallel[now] - parallel[before]) * per_second
