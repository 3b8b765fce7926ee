"""What happens around a frame: statistics of every feature column in centred windows, computed for all at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import DTypeLike

from harness.columns.tiles import Tile, height, tiles
from harness.recording import Array


def half_width(seconds: float, fps: float) -> int:
    """How many frames a window of `seconds` looks to either side; at least one."""
    return max(1, round(seconds * fps / 2))


def window_names(columns: Sequence[str], seconds: Sequence[float], statistics: Sequence[str]) -> list[str]:
    """What `windowed` computes, in its order: `<column> <statistic> <seconds>s`."""
    return [f"{column} {statistic} {width:g}s" for width in seconds for statistic in statistics for column in columns]


def windowed(
    block: Array, fps: float, seconds: Sequence[float], statistics: Sequence[str], *, out: Array | None = None
) -> Array:
    """Statistics of each column in centred windows `seconds` wide, in the order of `window_names`.

    `block` is (frames, columns) of one recording with NaN for missing; the result is float32 (frames, columns x
    statistics x widths), in `out` where that is given. A width becomes an odd number of frames, at least 3. Missing
    values are left out, and windows shrink where the recording ends.

    - mean, std, min, max, range (max minus min): of what is seen in the window; NaN where that is nothing
    - past: the value minus the mean of the half of the window up to the frame; future: the mean of the half from the
      frame on, minus the value. Both halves hold the frame itself, so these are NaN only where the value is missing
    - change: the mean of the half from the frame on minus that of the half up to the frame, which is past + future
      where the value is seen; NaN only where one of the halves holds nothing seen

    Min and max are exact, and range but for float32. For the others values are rounded to about a millionth of the
    range of their column nearby; in return a constant stretch has a std, past, future and change of exactly 0.
    """
    frames, columns = block.shape
    halves = [min(half_width(width, fps), frames) for width in seconds]
    shape = (frames, columns * len(statistics) * len(halves))
    result = np.empty(shape, dtype=np.float32) if out is None else out
    assert result.shape == shape
    if result.size == 0:
        return result
    with np.errstate(invalid="ignore"):  # 0 / 0 where nothing was seen is the NaN that is wanted
        for rows, across, tile in tiles(block, halves, slice(0, frames)):
            places = result[rows].reshape(tile.frames, len(halves), len(statistics), columns)[..., across]
            for width, half in enumerate(halves):
                window = _Window(tile, half, slice(None))
                for place, statistic in enumerate(statistics):
                    WRITERS[statistic](window, places[:, width, place])
    return result


def with_windows(
    block: Array, fps: float, seconds: Sequence[float], statistics: Sequence[str], *, out: Array | None = None
) -> Array:
    """The columns themselves and then what `windowed` gives, in one float32 table: `out` where that is given."""
    frames, columns = block.shape
    shape = (frames, columns * (1 + len(seconds) * len(statistics)))
    table = np.empty(shape, dtype=np.float32) if out is None else out
    table[:, :columns] = block
    windowed(block, fps, seconds, statistics, out=table[:, columns:])
    return table


def frames_at_once(fps: float, seconds: Sequence[float]) -> int:
    """Where `chosen_windows` may begin: what it gives is the same from any multiple of this."""
    return height([half_width(width, fps) for width in seconds])


def chosen_windows(
    block: Array, fps: float, seconds: Sequence[float], wanted: Mapping[tuple[int, str], Array], frames: slice
) -> Array:
    """Some of what `windowed` gives, without computing the rest: the very same values.

    `wanted` says by place in `seconds` and statistic of which columns, in growing order; the result, float32 (frames,
    all that is wanted), has them in that order. `frames` begins at a multiple of `frames_at_once`.
    """
    ends = np.cumsum([0, *(len(columns) for columns in wanted.values())])
    result = np.empty((frames.stop - frames.start, ends[-1]), dtype=np.float32)
    if result.size == 0:
        return result
    halves = [min(half_width(width, fps), len(block)) for width in seconds]
    with np.errstate(invalid="ignore"):
        for rows, across, tile in tiles(block, halves, frames):
            for end, ((width, statistic), columns) in zip(ends, wanted.items(), strict=False):
                first, last = np.searchsorted(columns, (across.start, across.stop))
                if first < last:
                    window = _Window(tile, halves[width], columns[first:last] - across.start)
                    out = result[rows.start - frames.start : rows.stop - frames.start, end + first : end + last]
                    WRITERS[statistic](window, out)
    return result


def moving_mean(values: Array, half: int) -> Array:
    """The mean along the last axis over `half` frames to either side, for feature sets that need one of their own.

    Missing values are left out, the window shrinks where the recording ends, NaN where it holds nothing seen.
    Complex values are allowed.
    """
    half = min(half, values.shape[-1])
    missing = np.isnan(values)
    means = _in_windows(np.where(missing, 0, values), half, np.result_type(values, np.float64))
    count = _in_windows(~missing, half, np.int32)
    divisor = np.where(count > 0, count, np.nan)
    # Dividing a complex number by a real one would divide by a complex one, several times slower.
    for part in (means.real, means.imag) if np.iscomplexobj(means) else (means,):
        part /= divisor
    return means


def _in_windows(values: Array, half: int, dtype: DTypeLike) -> Array:
    """The sum along the last axis over `half` frames, at most all, to either side."""
    frames = values.shape[-1]
    sums = np.zeros((*values.shape[:-1], frames + 1 + 2 * half), dtype)
    np.cumsum(values, axis=-1, dtype=dtype, out=sums[..., half + 1 : half + 1 + frames])
    sums[..., half + 1 + frames :] = sums[..., half + frames : half + 1 + frames]
    return np.asarray(sums[..., 2 * half + 1 :] - sums[..., :frames])


@dataclass(frozen=True)
class _Window:
    """The windows of one width around the frames of a tile; sums and means are in steps from the center."""

    tile: Tile
    half: int
    columns: Array | slice
    """Of the tile, those that are asked for."""

    @cached_property
    def total(self) -> Array:
        return self.between(self.tile.sums, -self.half, self.half + 1)

    @cached_property
    def count(self) -> Array | int:
        return self._count(-self.half, self.half + 1)

    @cached_property
    def mean_before(self) -> Array:
        """Of the half up to the frame."""
        return self._mean(-self.half, 1)

    @cached_property
    def mean_after(self) -> Array:
        """Of the half from the frame on."""
        return self._mean(0, self.half + 1)

    @property
    def value(self) -> Array:
        return self.tile.steps[self.tile.margin :][: self.tile.frames, self.columns]

    @property
    def grid(self) -> tuple[Array, Array]:
        center, step = self.tile.grid
        return center[self.columns], step[self.columns]

    @property
    def lowest(self) -> Array:
        return np.asarray(self.tile.lowest[self.half][:, self.columns])

    @property
    def highest(self) -> Array:
        return np.asarray(self.tile.highest[self.half][:, self.columns])

    def between(self, sums: Array, first: int, last: int) -> Array:
        """What was summed from `first` up to `last` (exclusive), both counted from each frame."""
        here, frames = self.tile.margin, self.tile.frames
        columns = self.columns
        return np.asarray(sums[here + last :][:frames, columns] - sums[here + first :][:frames, columns])

    def _count(self, first: int, last: int) -> Array | int:
        return last - first if self.tile.seen is None else self.between(self.tile.seen, first, last)

    def _mean(self, first: int, last: int) -> Array:
        mean = self.between(self.tile.sums, first, last)
        mean /= self._count(first, last)
        return mean

    def write(self, steps: Array, out: Array) -> None:
        """Write what is in steps in the units of the columns."""
        _, step = self.grid
        np.multiply(steps.astype(np.float32, copy=False), step.astype(np.float32), out=out)


def _mean(window: _Window, out: Array) -> None:
    center, step = window.grid
    mean = window.total.astype(np.float32)
    mean /= window.count
    mean *= step.astype(np.float32)
    np.add(mean, center.astype(np.float32), out=out)


def _std(window: _Window, out: Array) -> None:
    # √(n Σx² - (Σx)²) / n. Sums are exact and rounding keeps order, so that the difference of the two products is never
    # negative, and 0 where all x are the same.
    variance = window.between(window.tile.squares, -window.half, window.half + 1)
    variance *= window.count
    variance -= window.total * window.total
    std = variance.astype(np.float32)
    np.sqrt(std, out=std)
    std /= window.count
    window.write(std, out)


def _past(window: _Window, out: Array) -> None:
    window.write(window.value - window.mean_before, out)


def _future(window: _Window, out: Array) -> None:
    window.write(window.mean_after - window.value, out)


def _change(window: _Window, out: Array) -> None:
    window.write(window.mean_after - window.mean_before, out)


def _min(window: _Window, out: Array) -> None:
    np.copyto(out, window.lowest)


def _max(window: _Window, out: Array) -> None:
    np.copyto(out, window.highest)


def _range(window: _Window, out: Array) -> None:
    np.subtract(window.highest, window.lowest, out=out)


WRITERS: Mapping[str, Callable[[_Window, Array], None]] = {
    "mean": _mean,
    "std": _std,
    "min": _min,
    "max": _max,
    "range": _range,
    "past": _past,
    "future": _future,
    "change": _change,
}
"""How each of the `STATISTICS` comes to its place (frames, columns) in the result."""
