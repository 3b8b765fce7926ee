"""How the vectors between keypoints stretch and turn, and how fast each keypoint moves."""

from itertools import combinations, permutations

import numpy as np

from harness.columns import Scene, directions, lag_frames, rates, scene, turning_rates
from harness.plugins import Columns, feature_set
from harness.recording import Array, Recording, Skeleton

LAG_SECONDS = 0.07
"""Turning and speed are measured from this long before a frame to this long after it."""

MOST_KEYPOINTS = 8
"""Pairs are made of this many keypoints at most, so that a skeleton of any size has no more than 28 of them."""


@feature_set(
    "pair_vectors",
    reach_seconds=LAG_SECONDS,
    invariant_to=("translation", "rotation", "scale", "frame_rate"),
)
def pair_vectors(recording: Recording) -> Columns:
    """Lengths and turning of the vectors between an animal's keypoints, and the keypoints' speeds.

    Lengths are in body lengths (the mean of the animals' typical ones), speeds in body lengths a second, turning in
    radians a second without a sign; the latter two from 0.07 s before the frame to 0.07 s after it.

    - `0 nose to neck length`, `0 nose to neck turning`: of each two keypoints of an animal
    - `0 neck speed`: of each keypoint
    - `0-1 fronts turning`, `0-1 rears turning`, `0-1 middles turning`, `0 to 1 front to rear turning`: of the lines
      between two animals

    Of a skeleton of more than eight keypoints eight are taken: front, rear and those that play a role, and of the
    others some that are evenly spread in the skeleton's order. What has a missing keypoint at an end is NaN, and so is
    the turning of a vector without length.

    These are the features of B-SOiD (Hsu & Yttri 2021) and A-SOiD (Tillmann et al. 2024) with three differences. Theirs
    go from frame to frame, which measures the tracker's jitter the more the higher the frame rate. They then average or
    add up in bins of 0.1 s; that is left to the pipeline's windows. And they pair keypoints across animals like all
    others, of which only the turning of a few lines is kept here: `social_geometry` has the distances.
    """
    here = scene(recording)
    lag = lag_frames(LAG_SECONDS, recording.fps)
    columns: dict[str, Array] = {}
    for animal in range(recording.animals):
        columns |= {f"{animal} {name}": values for name, values in _within(here, animal, lag).items()}
    for one, other in combinations(range(recording.animals), 2):
        for ends, places in (("fronts", here.fronts), ("rears", here.rears), ("middles", here.middles)):
            columns[f"{one}-{other} {ends} turning"] = _turning(places[other] - places[one], lag, recording.fps)
    for one, other in permutations(range(recording.animals), 2):
        line = here.rears[other] - here.fronts[one]
        columns[f"{one} to {other} front to rear turning"] = _turning(line, lag, recording.fps)
    return columns


def _within(here: Scene, animal: int, lag: int) -> dict[str, Array]:
    """Columns of one animal's keypoints."""
    names, body = here.skeleton.keypoints, here.points[animal]
    parts = _parts(here.skeleton)
    columns: dict[str, Array] = {}
    for one, other in combinations(parts, 2):
        vector = body[other] - body[one]
        columns[f"{names[one]} to {names[other]} length"] = np.abs(vector)
        columns[f"{names[one]} to {names[other]} turning"] = _turning(vector, lag, here.fps)
    for part in parts:
        columns[f"{names[part]} speed"] = np.abs(rates(body[part], lag, here.fps))
    return columns


def _parts(skeleton: Skeleton) -> list[int]:
    """The keypoints that pairs are made of, in the skeleton's order."""
    count = len(skeleton.keypoints)
    if count <= MOST_KEYPOINTS:
        return list(range(count))
    kept = {skeleton.front, skeleton.rear, *skeleton.roles.values()}
    others = [part for part in range(count) if part not in kept]
    wanted = MOST_KEYPOINTS - len(kept)
    return sorted(kept | {others[int((number + 0.5) * len(others) / wanted)] for number in range(wanted)})


def _turning(vector: Array, lag: int, fps: float) -> Array:
    return np.abs(turning_rates(directions(vector), lag, fps))
