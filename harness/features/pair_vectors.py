"""How the vectors between keypoints stretch and turn, and how fast each keypoint moves."""

from itertools import combinations, permutations

import numpy as np

from harness.poses import Scene, directions, lag_frames, rates, scene, turning_rates
from harness.recording import Array, Recording, Skeleton
from harness.registry import Columns, feature_set

LAG_SECONDS = 0.1
"""Over how long turning and speed are measured: from half of it before the frame to half of it after."""

MOST_KEYPOINTS = 8
"""Pairs are made of this many keypoints at most, so that a skeleton of any size has no more than 28 of them."""


@feature_set(
    "pair_vectors",
    reach_seconds=LAG_SECONDS / 2,
    invariant_to=("translation", "rotation", "scale", "frame_rate"),
)
def pair_vectors(recording: Recording) -> Columns:
    """Lengths and turning of the vectors between keypoints, and the keypoints' speeds.

    Lengths are in body lengths (of all animals on average), speeds in body lengths a second and turning in radians a
    second without its sign, both over 0.1 s around the frame.

    - `0 nose to neck length`, `0 nose to neck turning`: of each two keypoints of one animal
    - `0 nose speed`: of each keypoint
    - `0-1 fronts turning`, `0-1 rears turning`, `0-1 middles turning`, `0 to 1 front to rear turning`: of the lines from
      one animal to the other

    Of a skeleton of more than eight keypoints eight are taken: front, rear and those that play a role, and between them
    others evenly in the skeleton's order. What a missing keypoint is an end of is NaN, as is the turning of a vector
    without length.

    These are the features of B-SOiD (Hsu and Yttri 2021) and A-SOiD (Tillmann et al. 2024), with three differences.
    They take angles and displacements from frame to frame, which depends on the frame rate and on the tracker's jitter;
    here it is over 0.1 s. They then average or add up in bins of 0.1 s, which here is left to the pipeline's windows.
    And they pair keypoints of one animal with those of the other like any two, of which here only the turning of lines
    between fronts, rears and middles is kept, since `social_geometry` has the distances.
    """
    here = scene(recording)
    lag = lag_frames(LAG_SECONDS / 2, recording.fps)
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
    parts = _paired(here.skeleton)
    columns: dict[str, Array] = {}
    for one, other in combinations(parts, 2):
        vector = body[other] - body[one]
        columns[f"{names[one]} to {names[other]} length"] = np.abs(vector)
        columns[f"{names[one]} to {names[other]} turning"] = _turning(vector, lag, here.fps)
    for part in parts:
        columns[f"{names[part]} speed"] = np.abs(rates(body[part], lag, here.fps))
    return columns


def _paired(skeleton: Skeleton) -> list[int]:
    """The keypoints that pairs are made of, in the skeleton's order."""
    count = len(skeleton.keypoints)
    if count <= MOST_KEYPOINTS:
        return list(range(count))
    kept = {skeleton.front, skeleton.rear, *skeleton.roles.values()}
    others = [part for part in range(count) if part not in kept]
    taken = np.linspace(0, len(others) - 1, MOST_KEYPOINTS - len(kept)).round().astype(int)
    return sorted(kept | {others[index] for index in taken})


def _turning(vector: Array, lag: int, fps: float) -> Array:
    return np.abs(turning_rates(directions(vector), lag, fps))
