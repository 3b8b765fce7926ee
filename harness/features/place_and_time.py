"""Where in the arena each animal is, and when in the session."""

import numpy as np

from harness.columns import scene
from harness.plugins import Columns, feature_set
from harness.recording import Array, Recording

SINCE_START_SECONDS, UNTIL_END_SECONDS = 50.0, 76.7
"""Over how long the two session times saturate: 1500 and 2300 frames at 30 frames per second."""

WALLS = (0.01, 0.99)
"""Quantiles of all x, and of all y, between which the arena lies."""


@feature_set("place_and_time", invariant_to=("translation", "scale", "mirror", "frame_rate"))
def place_and_time(recording: Recording) -> Columns:
    """How far each animal is from the walls and the middle of the arena, and how long the session has lasted.

    session_begins and session_ends are tanh of the time since the session's start over 50 s, and of the time to its
    end over 76.7 s (Wild, MABe 2021). For the middle of each animal, in body lengths: wall, the distance to the
    nearest wall; wall_x and wall_y, to the nearest of the two across x and of the two across y; corner, to the
    nearest corner; center, to the middle of the arena. NaN where the animal was not seen.

    Walls are where one in a hundred keypoints of the recording is farther out, along the sides of the picture, as in
    MARS (Segalin et al. 2021), which has the distances in pixels; outside of them the distance to a wall is negative.
    """
    animals = scene(recording)
    corner, opposite = _arena(animals.points)
    columns = _session_times(recording)
    unseen = np.isnan(animals.middles)
    for animal, middle in enumerate(np.where(unseen, complex(np.nan, np.nan), animals.middles)):
        x = np.minimum(middle.real - corner.real, opposite.real - middle.real)
        y = np.minimum(middle.imag - corner.imag, opposite.imag - middle.imag)
        columns |= {
            f"{animal} wall": np.minimum(x, y),
            f"{animal} wall_x": x,
            f"{animal} wall_y": y,
            f"{animal} corner": np.hypot(x, y),
            f"{animal} center": np.abs(middle - (corner + opposite) / 2),
        }
    return columns


def _session_times(recording: Recording) -> dict[str, Array]:
    frame = recording.first_frame + np.arange(recording.frames)
    left = (recording.session_frames or recording.frames) - frame
    return {
        "session_begins": np.tanh(frame / recording.fps / SINCE_START_SECONDS),
        "session_ends": np.tanh(left / recording.fps / UNTIL_END_SECONDS),
    }


def _arena(points: Array) -> tuple[complex, complex]:
    """The corners of the arena with the smallest, and with the largest, x and y; NaN where nothing was seen."""
    seen = points[~np.isnan(points)]
    if not len(seen):
        return complex(np.nan, np.nan), complex(np.nan, np.nan)
    (left, right), (top, bottom) = np.quantile(seen.real, WALLS), np.quantile(seen.imag, WALLS)
    return complex(left, top), complex(right, bottom)
