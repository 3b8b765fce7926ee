"""Distances to walls, against brute force over many points of the walls."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.arena import Arena, Array

PLACES = st.floats(-150, 250, allow_nan=False)
ARENAS = [
    Arena.rectangle(0, 0, 100, 50),
    Arena.circle(40, 30, 60),
    Arena.polygon([(0, 0), (100, 0), (100, 100), (50, 40), (0, 100)]),  # with a dent
]


def walls_of(arena: Arena) -> Array:
    """Many points on the walls (points,), one after the other."""
    share = np.linspace(0, 1, 4000, endpoint=False)
    if not arena.corners:
        return np.asarray(arena.center + arena.radius * np.exp(2j * np.pi * share))
    corners = np.array(arena.corners)
    return np.concatenate(
        [one + share * (other - one) for one, other in zip(corners, np.roll(corners, -1), strict=True)]
    )


@pytest.mark.parametrize("arena", ARENAS)
@given(x=PLACES, y=PLACES)
def test_the_distance_to_the_wall_is_that_of_its_nearest_point(arena: Arena, x: float, y: float) -> None:
    point = np.array([complex(x, y)])
    distance, way, along = arena.walls(point)
    every = walls_of(arena)
    assert abs(distance[0]) == pytest.approx(np.abs(every - point).min(), abs=0.1)
    if abs(distance[0]) > 1:
        foot = point[0] + way[0] * distance[0]
        assert np.abs(every - foot).min() < 0.1
    assert 0 <= along[0] <= arena.perimeter


@pytest.mark.parametrize(("x", "y", "inside"), [(50, 20, True), (50, 60, False), (20, 60, True), (-1, 5, False)])
def test_a_dent_is_outside(x: float, y: float, inside: bool) -> None:
    assert (ARENAS[2].walls(np.array([complex(x, y)]))[0][0] > 0) == inside


def test_a_corner_that_is_named_twice_is_one() -> None:
    twice = Arena.polygon([(0, 0), (0, 0), (100, 0), (100, 50), (0, 50), (0, 0)])
    assert twice.corners == Arena.rectangle(0, 0, 100, 50).corners


def test_a_polygon_has_an_area() -> None:
    assert ARENAS[0].size == pytest.approx(np.sqrt(5000))
    assert ARENAS[0].center == 50 + 25j
    assert ARENAS[0].perimeter == 300
    for points in ([(0, 0), (1, 1)], [(0, 0), (1, 1), (2, 2)]):
        with pytest.raises(ValueError, match="without an area"):
            Arena.polygon([(float(x), float(y)) for x, y in points])
