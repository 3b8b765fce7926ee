"""Where in an arena that is known each animal is."""

import numpy as np

from harness.columns import lag_frames, rates, scene
from harness.plugins import Columns, feature_set
from harness.recording import Array, Recording

LAG = 0.2
"""Seconds before and after a frame over which the way to the wall is taken."""


@feature_set("places", needs=("arena",), reach_seconds=LAG, invariant_to=("frame_rate",))
def places(recording: Recording) -> Columns:
    """How far each animal is from the walls, corners and middle of the arena, and where along its walls.

    In body lengths and seconds. For each animal, by the mean of its keypoints seen: wall, to the nearest wall, negative
    outside; corner, to the nearest corner (0 in a circle, which has none); center, to the middle of the arena, where 1
    is the square root of its area; along_x and along_y, cosine and sine of how far along the walls the nearest place
    is, once around being a whole turn; to_wall, the speed at which the wall comes nearer. front_wall is the distance
    of its front to the nearest wall, and facing_wall the cosine between its heading and the way there. What depends on
    something that was not seen is NaN, and so is all of a recording whose arena is not known.

    `place_and_time` takes the walls from where the animals were; a rearing against a wall and one in the middle of the
    arena are told apart by where the walls are.
    """
    here, arena = scene(recording), recording.arena
    columns: dict[str, Array] = {}
    for animal in range(recording.animals):
        middle, front = here.middles[animal], here.fronts[animal]
        if arena is None:
            columns |= {f"{animal} {name}": np.full(recording.frames, np.nan) for name in NAMES}
            continue
        wall, _, along = arena.walls(middle * here.unit)
        front_wall, front_way, _ = arena.walls(front * here.unit)
        corner = arena.corner_distance(middle * here.unit) if arena.corners else np.where(np.isnan(middle), np.nan, 0.0)
        turn = 2 * np.pi * along / arena.perimeter
        values = (
            wall / here.unit,
            corner / here.unit,
            np.abs(middle * here.unit - arena.center) / arena.size,
            np.where(np.isnan(middle), np.nan, np.cos(turn)),
            np.where(np.isnan(middle), np.nan, np.sin(turn)),
            -rates(wall / here.unit, lag_frames(LAG, recording.fps), recording.fps),
            front_wall / here.unit,
            (front_way * here.headings[animal].conj()).real,
        )
        columns |= {f"{animal} {name}": value for name, value in zip(NAMES, values, strict=True)}
    return columns


NAMES = ("wall", "corner", "center", "along_x", "along_y", "to_wall", "front_wall", "facing_wall")
"""Of the columns of each animal."""
