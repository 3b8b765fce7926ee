"""Lengths, distances and speeds in centimeters."""

from functools import reduce
from itertools import combinations

import numpy as np

from harness.columns import mean_velocities, scene
from harness.plugins import Columns, feature_set
from harness.recording import Array, Recording

LAG = 0.1
"""Seconds before and after a frame over which speeds are taken."""


@feature_set(
    "metric_distances",
    needs=("scale",),
    reach_seconds=LAG,
    invariant_to=("translation", "rotation", "mirror", "frame_rate"),
)
def metric_distances(recording: Recording) -> Columns:
    """How long each animal is, how fast, and how far from the others, in centimeters and seconds.

    Other sets measure in body lengths, in which a pup that walks and an adult that walks are the same. For each animal:
    length_cm, from rear to front, and speed_cm, a mean over its keypoints. For each two: distance_cm, between the
    means of their keypoints, front_cm, between their fronts, and nearest_cm, between any two keypoints. What depends
    on a keypoint that was not seen is NaN, and so is all of a recording whose scale is not known.
    """
    here = scene(recording)
    unit = np.nan if recording.pixels_per_cm is None else here.unit / recording.pixels_per_cm
    columns: dict[str, Array] = {}
    for animal, (axis, velocity) in enumerate(zip(here.axes, mean_velocities(here, LAG), strict=True)):
        columns |= {f"{animal} length_cm": np.abs(axis) * unit, f"{animal} speed_cm": np.abs(velocity) * unit}
    for one, other in combinations(range(recording.animals), 2):
        every = (np.abs(here.points[one] - point) for point in here.points[other])
        nearest = reduce(np.fmin, (np.fmin.reduce(distances, axis=0) for distances in every))
        columns |= {
            f"{one}-{other} distance_cm": np.abs(here.middles[one] - here.middles[other]) * unit,
            f"{one}-{other} front_cm": np.abs(here.fronts[one] - here.fronts[other]) * unit,
            f"{one}-{other} nearest_cm": nearest * unit,
        }
    return columns
