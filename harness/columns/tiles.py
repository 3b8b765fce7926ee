"""A table of columns in tiles, and what all windows in a tile share: running sums, and the extremes around each row.

A tile is so many frames and columns that they stay in the processor's cache with all that is made of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isqrt

import numpy as np
from numpy.typing import DTypeLike

from harness.recording import Array

TILE = 512
"""Frames worked on at once; more where windows are wide, so that the margins around a tile are not most of it."""

BLOCK = 200_000
"""Values worked on at once: so many columns of a tile, with all that is made of them, stay in the processor's cache."""

LEVELS = 20
"""Bits a value is rounded to within its tile, so that running sums of squares are whole numbers up to 2^53."""


@dataclass(frozen=True)
class Tile:
    """Some frames and columns of a block, and what all windows in it share, worked out when first asked for."""

    values: Array
    """(margin + frames + margin, columns), NaN for missing and beyond the recording."""
    margin: int
    halves: Sequence[int]

    @property
    def frames(self) -> int:
        return len(self.values) - 2 * self.margin

    @cached_property
    def missing(self) -> Array | None:
        """Which values are; None where none is."""
        missing = np.isnan(self.values)
        return missing if missing.any() else None

    @cached_property
    def grid(self) -> tuple[Array, Array]:
        """For each column a value in the middle, and a step, a power of two, of which few lead to every other value."""
        low, high = (_over_rows(extreme, self.values).astype(np.float64) for extreme in (np.fmin, np.fmax))
        low, high = np.nan_to_num(low), np.nan_to_num(high)
        center = ((low + high) / 2).astype(self.values.dtype)
        reach = np.maximum(high - center, center - low)
        bits = min(LEVELS, (53 - len(self.values).bit_length()) // 2)
        _, exponent = np.frexp(np.maximum(reach, 1e-30))  # so that a step and its inverse are float32 too
        return center, np.ldexp(1.0, exponent - bits).astype(self.values.dtype)

    @cached_property
    def steps(self) -> Array:
        """How many steps each value is from the center of its column: whole numbers in float32, NaN for missing."""
        center, step = self.grid
        steps: Array = self.values - center
        steps *= 1 / step
        return np.rint(steps, out=steps).astype(np.float32, copy=False)

    @cached_property
    def seen_steps(self) -> Array:
        """The same with 0 for missing."""
        return self.steps if self.missing is None else np.where(self.missing, np.float32(0), self.steps)

    @cached_property
    def sums(self) -> Array:
        return _running_sum(self.seen_steps, np.float64)

    @cached_property
    def squares(self) -> Array:
        return _running_sum(self.seen_steps, np.float64, power=2)

    @cached_property
    def seen(self) -> Array | None:
        """Running counts of the values seen; None where all are."""
        return None if self.missing is None else _running_sum(~self.missing, np.float32)

    @cached_property
    def lowest(self) -> dict[int, Array]:
        """The lowest value seen in each window, by its half width."""
        return _extremes(np.fmin, self)

    @cached_property
    def highest(self) -> dict[int, Array]:
        return _extremes(np.fmax, self)


def height(halves: Sequence[int]) -> int:
    """Frames of a tile that windows of these half widths are made of, less its margins."""
    return max(TILE, 4 * max(halves, default=0))


def tiles(block: Array, halves: Sequence[int], frames: slice) -> Iterator[tuple[slice, slice, Tile]]:
    """The block in pieces: which of the `frames`, which columns, and the tile that holds them."""
    _keep_freed_memory()
    columns = block.shape[1]
    margin, tall = max(halves), height(halves)
    parts = -(-(min(tall, len(block)) + 2 * margin) * columns // BLOCK)
    wide = max(16, -(-columns // parts))
    for start in range(frames.start, frames.stop, tall):
        stop = min(start + tall, frames.stop)
        for left in range(0, columns, wide):
            across = slice(left, left + wide)
            values = _nearby(block[:, across], start - margin, stop + margin)
            yield slice(start, stop), across, Tile(values, margin, halves)


def _nearby(block: Array, start: int, stop: int) -> Array:
    """The rows from `start` up to `stop` in floating point, NaN where they are beyond the block."""
    inside = block[max(start, 0) : stop]
    if inside.dtype not in (np.float32, np.float64):
        inside = inside.astype(np.float64)
    if len(inside) == stop - start:
        return inside
    rows = np.full((stop - start, block.shape[1]), np.nan, dtype=inside.dtype)
    rows[max(-start, 0) :][: len(inside)] = inside
    return rows


def _over_rows(extreme: np.ufunc, values: Array) -> Array:
    """`extreme.reduce` of the rows, by halving the table again and again, which is faster than row by row."""
    while len(values) > 1:
        half = (len(values) + 1) // 2
        values = extreme(values[:half], values[-half:])
    return np.asarray(values[0])


def _extremes(extreme: np.ufunc, tile: Tile) -> dict[int, Array]:
    """The lowest or highest value (frames, columns) float32 seen in the windows of each half width.

    Extremes of 1, 2, 4, ... rows from each row on come from the level before; a window is two of these that overlap.
    """
    level, rows = tile.values.astype(np.float32, copy=False), 1
    found: dict[int, Array] = {}
    for half in sorted(set(tile.halves)):
        while 2 * rows <= 2 * half + 1:
            level = extreme(level[:-rows], level[rows:])
            rows *= 2
        first, second = level[tile.margin - half :], level[tile.margin + half + 1 - rows :]
        found[half] = extreme(first[: tile.frames], second[: tile.frames])
    return found


def _running_sum(values: Array, dtype: DTypeLike, *, power: int = 1) -> Array:
    """Sums (rows + 1 or more, columns) of all rows before each, so that a window is the difference of two rows.

    About √rows groups of rows are summed side by side, then each goes on from the sum of those before it: `np.cumsum`
    goes down the columns one by one, which is several times slower.
    """
    rows, columns = values.shape
    length = isqrt(rows)
    groups, full = -(-rows // length), rows // length
    sums = np.empty((length, groups, columns), dtype)
    sums[:, -1] = 0
    sums[:, :full] = values[: full * length].reshape(full, length, columns).swapaxes(0, 1)
    sums[: rows - full * length, -1] = values[full * length :]
    if power == 2:
        sums *= sums
    for row in range(1, length):
        sums[row] += sums[row - 1]
    before = np.zeros((groups, columns), dtype)
    for group in range(1, groups):
        np.add(before[group - 1], sums[-1, group - 1], out=before[group])
    result = np.zeros((groups * length + 1, columns), dtype)
    np.add(sums.swapaxes(0, 1), before[:, None], out=result[1:].reshape(groups, length, columns))
    return result


def _keep_freed_memory() -> None:
    """Let the process keep what the arrays of one tile took for those of the next.

    The C library hands it back to the system and asks for it again, which takes longer than what is computed here,
    until a block of this size was freed once.
    """
    np.empty(31 * 2**20, dtype=np.uint8)
