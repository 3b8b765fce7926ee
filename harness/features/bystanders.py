"""Where the other animals are, those that are neither agent nor target."""

from dataclasses import replace

import numpy as np

from harness.columns import Scene, directions, keypoints_as_points, lag_frames, mean_of_seen, rates, scene
from harness.plugins import Columns, feature_set
from harness.recording import Array, Recording

LAG = 0.2
"""Seconds before and after a frame over which speeds are taken."""


@feature_set(
    "bystanders",
    needs=("others",),
    reach_seconds=LAG,
    invariant_to=("translation", "rotation", "scale", "frame_rate"),
)
def bystanders(recording: Recording) -> Columns:
    """How near the other animals are to agent and target, and where the nearest is; in no order of theirs.

    In body lengths, seconds and radians. An animal is where the mean of its keypoints seen is. For agent and target
    each: nearest_other and mean_other, distances; others_near, how many are within a body length; other_ahead and
    other_aside, cosine and sine of the nearest one's bearing from its heading; other_closing, the speed at which that
    one's distance shrinks. other_speed is the mean speed of the others. Animals that were not seen do not count, and
    what needs one is NaN where none was.
    """
    here = scene(recording)
    places = _middles(recording, here)
    lag = lag_frames(LAG, recording.fps)
    columns: dict[str, Array] = {"other_speed": _mean(np.abs(rates(places, lag, recording.fps)))}
    for animal, (middle, heading) in enumerate(zip(here.middles, here.headings, strict=True)):
        ways = places - middle  # (other, frames)
        distances = np.abs(ways)
        unseen = np.isnan(distances).all(axis=0)
        nearest = np.argmin(np.where(np.isnan(distances), np.inf, distances), axis=0)[None]
        closing = -rates(distances, lag, recording.fps)
        way, distance, speed = (np.take_along_axis(one, nearest, axis=0)[0] for one in (ways, distances, closing))
        bearing = directions(way) * heading.conj()
        near = (distances < 1).sum(axis=0).astype(np.float64)
        columns |= {
            f"{animal} nearest_other": distance,
            f"{animal} mean_other": _mean(distances),
            f"{animal} others_near": np.where(unseen, np.nan, near),
            f"{animal} other_ahead": bearing.real,
            f"{animal} other_aside": bearing.imag,
            f"{animal} other_closing": speed,
        }
    return columns


def _mean(values: Array) -> Array:
    """Over the others (other, frames); bit for bit the same in whatever order they come."""
    return mean_of_seen(np.sort(values, axis=0), axis=0)


def _middles(recording: Recording, here: Scene) -> Array:
    """Where each of the others is (other, frames), in body lengths; one that is never seen where there are none."""
    if not recording.others:
        return np.full((1, recording.frames), complex(np.nan, np.nan))
    alone = replace(recording, keypoints=np.stack(recording.others, axis=1), confidence=None)
    return np.asarray(mean_of_seen(keypoints_as_points(alone), axis=1) / here.unit)
