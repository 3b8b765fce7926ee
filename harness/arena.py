"""Where animals can be: a circle or a polygon in the picture, and how far points are from its walls."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


TOUCHING = 1e-6
"""Pixels from a wall up to which no way there is told."""


@dataclass(frozen=True, slots=True)
class Arena:
    """A circle or a polygon, in pixels; points are complex numbers x + iy."""

    corners: tuple[complex, ...] = ()
    """Of a polygon, one after the other; none for a circle."""
    center: complex = 0j
    radius: float = 0.0
    """Of a circle."""

    @classmethod
    def circle(cls, x: float, y: float, radius: float) -> "Arena":
        return cls((), complex(x, y), radius)

    @classmethod
    def rectangle(cls, left: float, top: float, right: float, bottom: float) -> "Arena":
        return cls.polygon([(left, top), (right, top), (right, bottom), (left, bottom)])

    @classmethod
    def polygon(cls, points: "list[tuple[float, float]]") -> "Arena":
        """Raises `ValueError` where it has no area."""
        corners = np.array([complex(x, y) for x, y in points])
        corners = corners[corners != np.roll(corners, -1)]  # a corner that is named twice is one
        after = np.roll(corners, -1)
        cross = (corners.conj() * after).imag
        area = cross.sum() / 2
        if len(corners) < 3 or abs(area) < 1e-9:
            raise ValueError("a polygon without an area")
        center = ((corners + after) * cross).sum() / (6 * area)  # of its area
        return cls(tuple(corners.tolist()), complex(center))

    @property
    def size(self) -> float:
        """The square root of its area, a unit of length that does not depend on its shape."""
        if not self.corners:
            return float(np.sqrt(np.pi) * self.radius)
        corners = np.array(self.corners)
        return float(np.sqrt(abs((corners.conj() * np.roll(corners, -1)).imag.sum()) / 2))

    @property
    def perimeter(self) -> float:
        if not self.corners:
            return 2 * float(np.pi) * self.radius
        corners = np.array(self.corners)
        return float(np.abs(np.roll(corners, -1) - corners).sum())

    def walls(self, points: Array) -> tuple[Array, Array, Array]:
        """Of points of any shape: their distance to the nearest wall, below 0 where they are outside; which way that
        wall is, of length 1, outwards; and how far along the walls, from the first corner on, or the rightmost point
        of a circle. NaN where a point is.
        """
        if not self.corners:
            return self._round_wall(points)
        found = [self._wall(points, number) for number in range(len(self.corners))]
        away = np.stack([np.abs(points - foot) for foot, _ in found])
        nearest = np.argmin(np.where(np.isnan(away), np.inf, away), axis=0)[None]
        feet, along = (np.stack(values) for values in zip(*found, strict=True))
        foot, way = (np.take_along_axis(values, nearest, axis=0)[0] for values in (feet, along))
        inside = np.where(self._inside(points), 1.0, -1.0)
        distance = np.abs(points - foot) * inside
        with np.errstate(invalid="ignore"):
            outwards = (foot - points) * inside
        length = np.abs(outwards)
        missing = np.full(points.shape, complex(np.nan, np.nan))
        return distance, np.divide(outwards, length, out=missing, where=length > TOUCHING), way

    def corner_distance(self, points: Array) -> Array:
        """To the nearest corner; NaN in a circle, which has none."""
        if not self.corners:
            return np.full(points.shape, np.nan)
        return np.asarray(np.min([np.abs(points - corner) for corner in self.corners], axis=0))

    def _round_wall(self, points: Array) -> tuple[Array, Array, Array]:
        from_center = points - self.center
        length = np.abs(from_center)
        missing = np.full(points.shape, complex(np.nan, np.nan))
        outwards = np.divide(from_center, length, out=missing, where=length > TOUCHING)
        return self.radius - length, outwards, np.mod(np.angle(from_center), 2 * np.pi) * self.radius

    def _wall(self, points: Array, number: int) -> tuple[Array, Array]:
        """The nearest places on one wall, and how far along all walls they are."""
        corners = np.array(self.corners)
        start, way = corners[number], np.roll(corners, -1)[number] - corners[number]
        share = np.clip(((points - start) * way.conj()).real / abs(way) ** 2, 0, 1)
        before = np.abs(np.roll(corners, -1) - corners)[:number].sum()
        return start + share * way, before + share * abs(way)

    def _inside(self, points: Array) -> Array:
        """Even-odd rule: whether a ray to the right crosses the walls an odd number of times."""
        corners = np.array(self.corners)
        crossings = np.zeros(points.shape, dtype=np.int64)
        for one, other in zip(corners, np.roll(corners, -1), strict=True):
            if one.imag == other.imag:
                continue
            between = (points.imag >= min(one.imag, other.imag)) & (points.imag < max(one.imag, other.imag))
            x = one.real + (points.imag - one.imag) / (other.imag - one.imag) * (other.real - one.real)
            crossings += between & (points.real < x)
        return np.asarray(crossings % 2 == 1)
