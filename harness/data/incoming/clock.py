"""How many frames a second a video has, by those who say it."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.data.incoming.moments import APART
from harness.words import shown


@dataclass(frozen=True, slots=True)
class Said:
    """That a video has so many frames a second, and who says it."""

    fps: float
    by: str


@dataclass(frozen=True, slots=True)
class Clock:
    fps: float
    by: str
    """Who says it."""
    drift: float
    """Frames by which another who says it would be off at the end of the video."""


def clock(said: Sequence[Said], frames: int) -> Clock:
    """What all agree on; the first has the word. Raises `ValueError`, in words, where they do not agree."""
    first = said[0]
    drifts = [(abs(one.fps / first.fps - 1), one) for one in said]
    worst, other = max(drifts, key=lambda one: one[0])
    if worst > APART:
        away = f"{worst * frames:,.0f} frames apart at the end"
        raise ValueError(
            f"{shown(other.by)} says {other.fps:g} frames a second, {shown(first.by)} {first.fps:g}: {away}; "
            "one of them is wrong"
        )
    return Clock(first.fps, first.by, worst * frames)
