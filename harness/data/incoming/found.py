"""What files of trackers and annotators come to, video by video."""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.data.incoming.clock import Clock
from harness.data.incoming.films import Film
from harness.data.incoming.scoring import Scored, Sheet
from harness.recording import Skeleton

NOTICED = 2.0
"""Frames that clocks differ by at the end of a video, from which on it is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """One video as it was taken."""

    film: Film
    sheets: tuple[Sheet, ...]
    scored: Scored
    clock: Clock | None
    """None where nobody says how many frames a second the video has."""

    @property
    def notes(self) -> tuple[str, ...]:
        drift = []
        if self.clock is not None and self.clock.drift >= NOTICED:
            off = f"{self.clock.drift:.0f} frames"
            drift = [f"who says how many frames a second it has differ: bouts may be off by up to {off} at the end"]
        every = [
            *drift,
            *self.film.notes,
            *(note for one in self.sheets for note in one.annotations.notes),
            *self.scored.notes,
        ]
        return tuple(dict.fromkeys(every))

    @property
    def looked_at(self) -> float:
        """Share of the frames on which somebody looked for something."""
        some = {frame for runs in self.scored.looked_at.values() for frame in runs}
        seen = 0
        last = 0
        for start, stop in sorted(some):
            seen += max(0, stop - max(start, last))
            last = max(last, stop)
        return seen / max(1, self.scored.frames)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What files come to."""

    videos: tuple[Imported, ...]
    skeleton: Skeleton
    scopes: Mapping[str, str]
    unmatched: tuple[str, ...]
    """Annotations of videos of which there are no tracks, in files of which other videos have some."""
    notes: tuple[str, ...]
    problems: tuple[str, ...]
