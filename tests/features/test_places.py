from dataclasses import replace

import numpy as np
import pytest

from harness.arena import Arena
from harness.features.places import places
from harness.recording import Recording, Skeleton

SKELETON = Skeleton(("nose", "tail_base"), {"nose": 0, "tail_base": 1})


def stick(x: float, y: float) -> Recording:
    """One animal of length 20 that looks up (towards larger y), its middle at (x, y), for five frames."""
    keypoints = np.array([[[x, x], [y + 10, y - 10]]], dtype=np.float32)
    return Recording("film", np.repeat(keypoints[None], 5, axis=0), SKELETON, fps=10.0)


def test_a_place_in_a_rectangle_is_told_by_walls_corners_and_middle() -> None:
    inside = replace(stick(40, 160), arena=Arena.rectangle(0, 0, 100, 200))
    columns = {name: values[2] for name, values in places(inside).items()}
    along = 2 * np.pi * (100 + 200 + 100 + 40) / 600  # along top, right and bottom, and 40 up the left wall
    assert columns == pytest.approx(
        {
            "0 wall": 2.0,  # 40 px to the left wall and 40 to the bottom one
            "0 corner": np.hypot(40, 40) / 20,
            "0 center": np.hypot(10, 60) / np.sqrt(20_000),
            "0 along_x": columns["0 along_x"],
            "0 along_y": columns["0 along_y"],
            "0 to_wall": 0.0,
            "0 front_wall": 1.5,
            "0 facing_wall": 1.0,
        },
        abs=1e-6,
    )
    nearer = places(replace(stick(39, 160), arena=inside.arena))
    assert (nearer["0 along_x"][0], nearer["0 along_y"][0]) == pytest.approx((np.cos(along), np.sin(along)))


def test_outside_a_wall_the_distance_to_it_is_negative() -> None:
    outside = places(replace(stick(110, 100), arena=Arena.rectangle(0, 0, 100, 200)))
    assert outside["0 wall"] == pytest.approx(np.full(5, -0.5))
    assert places(replace(stick(0, 120), arena=Arena.circle(0, 0, 100)))["0 wall"] == pytest.approx(np.full(5, -1.0))


def test_without_an_arena_nothing_is_known() -> None:
    known = places(replace(stick(0, 0), arena=Arena.circle(0, 0, 100)))
    unknown = places(stick(0, 0))
    assert list(unknown) == list(known)
    assert all(np.isnan(values).all() for values in unknown.values())
