"""The frames that rows with times are of, where a file has a row for each frame, or only for those with an animal."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.data.incoming.unseen import is_too_sparse
from harness.recording import Array
from harness.words import counted

REGULAR = 0.05
"""Of a frame, that the times of a regular clock are off it where they were rounded to milliseconds."""

OFTEN = 0.02
"""Share of the times that are one frame after the one before."""


@dataclass(frozen=True, eq=False, slots=True)
class Times:
    """When the rows of one part are."""

    stamps: Array
    """float64 (rows,), seconds."""
    rate: float | None = None
    """Rows a second, where the file says only this and when the first is."""


@dataclass(frozen=True, eq=False, slots=True)
class Timeline:
    """The frames of a video."""

    frames: tuple[Array, ...]
    """int64 (rows,) of each part."""
    length: int
    """Frames, the last of which has a row."""
    fps: float | None
    note: str = ""
    """What somebody should know of how it was made; empty where there is nothing."""


@np.errstate(all="ignore")  # times that are damaged may be any numbers
def timeline(parts: Sequence[Times], *, from_zero: bool = False) -> Timeline:
    """The frames of the rows of one video. Raises `ValueError`, in words, where they cannot be told.

    Frame 0 is the first with a row, or with `from_zero` that at 0 s. Times that are whole numbers are frames. A gap in
    regular times is frames without a row; where times are irregular and those of all parts, each is a frame, as a
    camera that is late skips none.
    """
    stamps = [one.stamps if one.rate is None else one.stamps[:1] for one in parts]
    same = all(one.rate == parts[0].rate and np.array_equal(one.stamps, parts[0].stamps) for one in parts)
    known = np.unique(np.concatenate(stamps)) if stamps else np.zeros(0)
    if not np.isfinite(known).all():
        raise ValueError("its times are not all numbers")
    rates = sorted({one.rate for one in parts if one.rate is not None})
    if any(rate <= 0 for rate in rates):
        raise ValueError(f"says {rates[0]:g} rows a second, expected more than 0")
    if any((np.diff(one) <= 0).any() for one in stamps):
        if not same:
            raise ValueError("its times do not always rise, and differ from part to part")
        rows = [np.arange(len(one.stamps)) for one in parts]
        return _made(rows, None, "its times do not always rise: each row is taken for a frame")
    if not len(known) or (known[0] >= 0 and set(rates) <= {1.0} and (known == np.rint(known)).all()):
        note = "its times are whole numbers: taken for frames, and how many there are a second is not known"
        return _made(_placed(parts, known, known), None, note)
    period, regular = _clock(parts, rates)
    if same and not regular:
        places, note = np.arange(len(known), dtype=np.float64), ""
    else:
        places = np.concatenate([[0.0], np.cumsum(np.rint(np.diff(known) / period))])
        first = np.rint(known[0] / period)
        note = "" if first == 0 or from_zero else f"its times begin at {known[0]:g} s, which is taken for frame 0"
        places += first if from_zero and first > 0 else 0
    timed = any(one.rate is None for one in parts) and places[-1] > places[0]
    fps = (places[-1] - places[0]) / (known[-1] - known[0]) if timed else rates[0] if rates else None
    return _made(_placed(parts, known, places), None if fps is None else round(float(fps), 6), note)


def _clock(parts: Sequence[Times], rates: Sequence[float]) -> tuple[float, bool]:
    """Seconds from one frame to the next, and whether all times are whole numbers of these apart.

    A rate goes before times only where there are no times: sleap-io cuts it to a whole number.
    """
    timed = [one.stamps for one in parts if one.rate is None and len(one.stamps) > 1]
    if not timed:
        if rates and rates[-1] > rates[0] * 1.001:
            raise ValueError(f"its parts have from {rates[0]:g} to {rates[-1]:g} rows a second, expected one rate")
        return (1 / rates[0], True) if rates else (float("inf"), True)
    steps = np.concatenate([np.diff(one) for one in timed])
    shortest = steps < 1.5 * steps.min()
    period = float(steps[shortest].mean())
    off = np.abs(steps / period - np.rint(steps / period))
    regular = shortest.mean() >= OFTEN and bool((off <= REGULAR).all())
    return (period, True) if regular else (float(np.median(steps)), False)


def _placed(parts: Sequence[Times], known: Array, places: Array) -> list[Array]:
    """The frames of each part, as numbers that may yet be too large, from the places of the times that are known."""
    return [
        places[np.searchsorted(known, one.stamps)]
        if one.rate is None
        else places[np.searchsorted(known, one.stamps[:1])] + np.arange(len(one.stamps))
        for one in parts
    ]


def _made(frames: Sequence[Array], fps: float | None, note: str) -> Timeline:
    last = max((float(one[-1]) for one in frames if len(one)), default=-1.0)
    rows = max((len(one) for one in frames), default=0)
    if is_too_sparse(last + 1, rows):
        raise ValueError(f"its times come to {last + 1:,.0f} frames, but no part has more than {counted(rows, 'row')}")
    if any((np.diff(one) <= 0).any() for one in frames):
        raise ValueError("two rows of one part are at nearly the same time, expected one for each frame")
    return Timeline(tuple(one.astype(np.int64) for one in frames), int(last) + 1, fps, note)
