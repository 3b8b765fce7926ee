"""The ten hand-written programs that Task Programming learned its representation from."""

from collections.abc import Mapping
from itertools import permutations

import numpy as np

from harness.columns import (
    angle_between,
    directions,
    keypoints_as_points,
    lag_frames,
    mean_of_seen,
    rates,
    typical_lengths,
)
from harness.plugins import Columns, feature_set
from harness.recording import Array, Recording

LAG_SECONDS = 2 / 30
"""The programs look two frames to either side at 30 frames per second."""

EDGES = {
    "moved": (0.1, 0.2),
    "front_moved": (0.05, 0.08),
    "social_angle": (0.5, 1.5),
    "head_body_angle": (-0.5, 0.5),
    "nose_to_nose": (0.6, 2.0),
    "nose_to_tail": (0.6, 2.0),
}
"""Where the programs' values are split: the published edges, at 100 pixels to the body length."""


@feature_set(
    "task_programs",
    roles=("nose", "neck", "tail_base"),
    animals=2,
    reach_seconds=0.1,
    invariant_to=("translation", "rotation", "scale", "frame_rate"),
)
def task_programs(recording: Recording, *, bins: bool = False) -> Columns:
    """The programs of Task Programming (TREBA; Sun et al. 2021) in body lengths and radians.

    For each animal: moved and front_moved, how far its middle, and its nose relative to its middle, go in 4/30 s;
    social_angle, between its body axis and the line to the other's middle; head_body_angle, at the neck between nose
    and tail base, 0 when straight. For each two animals: the distance between noses, and from the nose of each to
    the other's tail base (the published program has the resident's nose alone). A body length is the animal's median
    from tail base to neck, or the mean of both. `bins` adds whether each value is above each of the program's two
    edges. What depends on a keypoint that was not seen is NaN.
    """
    points = keypoints_as_points(recording)
    roles = recording.skeleton.roles
    noses, necks, tails = points[:, roles["nose"]], points[:, roles["neck"]], points[:, roles["tail_base"]]
    lengths = typical_lengths(necks - tails)
    middles = mean_of_seen(points, axis=1)
    lag = lag_frames(LAG_SECONDS, recording.fps)
    columns: dict[str, Array] = {}
    for animal in range(recording.animals):
        scaled = np.stack([middles[animal], noses[animal] - middles[animal]]) / lengths[animal]
        moved, front_moved = np.abs(rates(scaled, lag, recording.fps)) * 2 * LAG_SECONDS
        bend = np.angle((noses[animal] - necks[animal]) * (necks[animal] - tails[animal]).conj())
        columns |= _named(str(animal), {"moved": moved, "front_moved": front_moved, "head_body_angle": bend}, bins=bins)
    for one, other in permutations(range(recording.animals), 2):
        unit = lengths[[one, other]].mean()
        line = directions(middles[other] - middles[one])
        programs = {
            "social_angle": angle_between(line, necks[one] - tails[one]),
            "nose_to_tail": np.abs(noses[one] - tails[other]) / unit,
        }
        columns |= _named(f"{one} to {other}", programs, bins=bins)
        if one < other:
            apart = {"nose_to_nose": np.abs(noses[one] - noses[other]) / unit}
            columns |= _named(f"{one}-{other}", apart, bins=bins)
    return columns


def _named(who: str, programs: Mapping[str, Array], *, bins: bool) -> dict[str, Array]:
    """The programs' values under full names, followed where asked by 0 or 1 for below or above each edge."""
    columns = {f"{who} {name}": values for name, values in programs.items()}
    if bins:
        for name, values in programs.items():
            for edge in EDGES[name]:
                columns[f"{who} {name} above {edge:g}"] = np.where(np.isnan(values), np.nan, values > edge)
    return columns
