"""What happens around a frame: statistics of every feature column in centred windows, computed for all at once."""

from collections.abc import Sequence

import numpy as np

from harness.recording import Array

STATISTICS = ("mean", "std", "change")
"""What each window gives; `change` is the mean from the frame on minus the mean up to the frame."""

TILE = 512
"""Frames worked on at once: a tile of a wide table and its running sums stay in the processor's cache."""

LEVELS = 20
"""Bits a value is rounded to within its tile, so that running sums of squares are whole numbers below 2^53."""


def half_width(seconds: float, fps: float) -> int:
    """How many frames a window of `seconds` looks to either side; at least one."""
    return max(1, round(seconds * fps / 2))


def window_names(columns: Sequence[str], seconds: Sequence[float]) -> list[str]:
    """What `windowed` computes, in its order: `<column> <statistic> <seconds>s`."""
    return [f"{column} {statistic} {width:g}s" for width in seconds for statistic in STATISTICS for column in columns]


def windowed(block: Array, fps: float, seconds: Sequence[float]) -> Array:
    """Mean, standard deviation and change of each column in centred windows `seconds` wide, as `window_names` orders.

    `block` is (frames, columns) of one recording with NaN for missing; the result is float32 (frames, columns x 3 x
    widths). A width becomes an odd number of frames, at least 3. Missing values are left out, windows shrink where the
    recording ends, and a value is NaN only where its window (for `change`, one of the two halves, each with the frame
    itself) holds nothing seen. Values are rounded to about a millionth of the range of their column nearby; in return
    a stretch that is constant has a standard deviation and a change of exactly 0.
    """
    frames, columns = block.shape
    halves = [half_width(width, fps) for width in seconds]
    result = np.empty((frames, columns * len(STATISTICS) * len(halves)), dtype=np.float32)
    if result.size == 0:
        return result
    margin = max(halves)
    tile = max(TILE, 4 * margin)
    with np.errstate(invalid="ignore", divide="ignore"):  # 0 / 0 where nothing was seen is the NaN that is wanted
        for start in range(0, frames, tile):
            stop = min(start + tile, frames)
            before = max(start - margin, 0)
            nearby = block[before : stop + margin].astype(np.float64)
            _fill(result[start:stop], nearby, start - before, halves)
    return result


def moving_mean(values: Array, half: int) -> Array:
    """The mean along the last axis over `half` frames to either side, for feature sets that need one of their own.

    Missing values are left out, the window shrinks where the recording ends, NaN where it holds nothing seen.
    Complex values are allowed.
    """
    frame = np.arange(values.shape[-1])
    first, last = np.maximum(frame - half, 0), np.minimum(frame + half + 1, len(frame))
    seen = ~np.isnan(values)
    kind = np.complex128 if np.iscomplexobj(values) else np.float64
    sums = np.zeros((*values.shape[:-1], len(frame) + 1), dtype=kind)
    np.cumsum(np.where(seen, values, 0), axis=-1, out=sums[..., 1:])
    if seen.all():
        return np.asarray((sums[..., last] - sums[..., first]) / (last - first))
    counts = np.zeros(sums.shape, dtype=np.int64)
    np.cumsum(seen, axis=-1, out=counts[..., 1:])
    count = counts[..., last] - counts[..., first]
    return np.where(count > 0, (sums[..., last] - sums[..., first]) / np.maximum(count, 1), np.nan)


def _fill(result: Array, values: Array, offset: int, halves: Sequence[int]) -> None:
    """Write the windows of the frames from `offset` on; `values` (frames, columns) reach to the margins around them."""
    missing = np.isnan(values)
    seen = _running_sum(~missing) if missing.any() else None
    center, step = _grid(values)
    values -= center
    values /= step
    np.rint(values, out=values)
    if seen is not None:
        values[missing] = 0
    sums, squares = _running_sum(values), _running_sum(values * values)
    frame = np.arange(offset, offset + len(result))
    for half, places in zip(halves, np.split(result, len(halves), axis=1), strict=True):
        mean_place, std_place, change_place = np.split(places, len(STATISTICS), axis=1)
        first, last = np.maximum(frame - half, 0), np.minimum(frame + half + 1, len(values))
        mean = _mean(sums, seen, first, last)
        variance = _mean(squares, seen, first, last)
        variance -= mean * mean
        np.maximum(variance, 0, out=variance)
        np.multiply(np.sqrt(variance, out=variance), step, out=std_place, casting="same_kind")
        mean *= step
        np.add(mean, center, out=mean_place, casting="same_kind")
        change = _mean(sums, seen, frame, last)
        change -= _mean(sums, seen, first, frame + 1)
        np.multiply(change, step, out=change_place, casting="same_kind")


def _grid(values: Array) -> tuple[Array, Array]:
    """For each column a step, a power of two, and a multiple of it in the middle, so that steps from it are few."""
    low, high = np.fmin.reduce(values, axis=0), np.fmax.reduce(values, axis=0)
    low, high = np.nan_to_num(low), np.nan_to_num(high)
    middle = (low + high) / 2
    reach = np.maximum((high - low) / 2, np.abs(middle) * 2.0**-LEVELS)
    step = np.exp2(np.ceil(np.log2(np.maximum(reach, 1e-250))) - LEVELS)
    return np.rint(middle / step) * step, step


def _running_sum(values: Array) -> Array:
    """Sums (frames + 1, columns) of everything before each frame, so that a window is a difference of two rows."""
    sums = np.zeros((len(values) + 1, values.shape[1]))
    np.cumsum(values, axis=0, out=sums[1:])
    return sums


def _mean(sums: Array, seen: Array | None, first: Array, last: Array) -> Array:
    """The mean from `first` up to `last` (exclusive): of all frames, or where some are missing of those `seen`."""
    mean = _between(sums, first, last)
    mean /= (last - first)[:, None] if seen is None else _between(seen, first, last)
    return mean


def _between(sums: Array, first: Array, last: Array) -> Array:
    """What was summed from `first` up to `last` (exclusive)."""
    return np.asarray(sums[_rows(last)] - sums[_rows(first)])


def _rows(index: Array) -> Array | slice:
    """Consecutive rows as a slice, which copies nothing."""
    if index[-1] - index[0] == len(index) - 1:
        return slice(int(index[0]), int(index[-1]) + 1)
    return index
