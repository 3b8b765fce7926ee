"""What BORIS's files have in common: events of an observation, the media that it is of, and what bouts they come to.

Times are seconds that contain the observation's time offset. Several media of one player follow one another, and time
runs on over the second (BORIS 8.27 and 9.15).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from harness.data.incoming.pairing import Event, paired
from harness.files.source import Source
from harness.plugins.readers import EVERY, SECONDS, Annotations, Bout
from harness.words import counted, shown

TOOL = "BORIS"

LOOKED_AT = "looked at"
"""A state event of this name says what somebody looked at; its first modifier for which behavior, its second to whom it
would be done. Where there is any, the rest of the video is unknown."""

DATES = 1e8
"""Seconds from which on a time is a date: three years."""

DIGITS = 9
"""Decimals of a second, beyond which there is only what subtracting leaves."""


@dataclass(frozen=True, slots=True)
class Medium:
    """A video of an observation."""

    name: str
    """Of its file."""
    length: float | None
    """Seconds."""
    fps: float | None


@dataclass(slots=True)
class Observation:
    id: str
    offset: float = 0.0
    media: tuple[Medium, ...] = ()
    """Of the first player, in order; none of a live observation."""
    events: list[Event] = field(default_factory=list)
    bouts: list[Bout] = field(default_factory=list)
    """That are known as such, with the offset."""
    behaviors: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    interval: tuple[float, float | None] | None = None
    """Seconds that were looked at, where these are not all; with the offset."""
    notes: list[str] = field(default_factory=list)


def annotations_of(source: Source, observation: Observation) -> Iterator[Annotations]:
    """What was seen in each of the videos of an observation; what is wrong is reported."""
    one = observation
    subjects = one.subjects or tuple(dict.fromkeys(event.subject for event in one.events))
    if any(bout.behavior == LOOKED_AT for bout in one.bouts):
        source.report(
            f"{shown(one.id)}: aggregated events do not say for what was {LOOKED_AT}; give the project, or its tabular "
            "events"
        )
        return
    events = [event for event in one.events if event.behavior != LOOKED_AT]
    ranges = paired(source, map(_looking, (event for event in one.events if event.behavior == LOOKED_AT)), subjects)
    bouts = [*one.bouts, *paired(source, events, subjects)]
    if any(bout.start >= DATES for bout in bouts):
        source.report(
            f"{shown(one.id)}: its times are dates; export it anew from an observation that does not take the date of "
            "the media as offset"
        )
        return
    if count := sum(bool(event.modifiers) and event.modifiers not in subjects for event in events):
        one.notes.append(f"modifiers of {counted(count, 'event')} are not read")
    moved = [_moved(bout, -one.offset) for bout in bouts]
    if not ranges and one.interval is not None:
        ranges = [Bout(EVERY, *one.interval, agent=EVERY)]
    looked = [_moved(bout, -one.offset) for bout in ranges] or None
    for medium, start, stop in _spans(source, one):
        inside = tuple(_within(moved, start, stop))
        seen = None if looked is None else tuple(_within(looked, start, stop))
        yield Annotations(
            tool=TOOL,
            unit=SECONDS,
            bouts=inside,
            video=medium.name or one.id,
            fps=medium.fps,
            length=medium.length,
            behaviors=tuple(name for name in one.behaviors if name != LOOKED_AT),
            subjects=one.subjects,
            looked_at=seen,
            notes=tuple(one.notes),
        )


def _looking(event: Event) -> Event:
    """An event of what was looked at, as one of the behavior that was looked for."""
    for_what, _, whom = ("" if one == "None" else one for one in event.modifiers.partition("|"))
    return replace(event, behavior=for_what or EVERY, modifiers=whom)


def _spans(source: Source, observation: Observation) -> Iterator[tuple[Medium, float, float | None]]:
    """The media and from when to when they are, without the offset."""
    media = observation.media or (Medium("", None, None),)
    start = 0.0
    for place, medium in enumerate(media):
        last = place + 1 == len(media)
        if medium.length is None and not last:
            source.report(
                f"{shown(observation.id)}: does not say how long {shown(medium.name)} is, after which another follows"
            )
            return
        yield medium, start, None if last else start + (medium.length or 0.0)
        start += medium.length or 0.0


def _moved(bout: Bout, by: float) -> Bout:
    stop = None if bout.stop is None else round(bout.stop + by, DIGITS)
    return replace(bout, start=round(bout.start + by, DIGITS), stop=stop)


def _within(bouts: Iterable[Bout], start: float, stop: float | None) -> Iterator[Bout]:
    """The parts of bouts in a span, counted from its beginning."""
    for bout in bouts:
        if stop is not None and bout.start >= stop:
            continue
        if bout.stop is not None and start > 0 and (bout.stop <= start if not bout.point else bout.start < start):
            continue
        end = bout.stop
        if stop is not None:
            end = stop if end is None else min(end, stop)
        begin = max(bout.start, start) if start > 0 else bout.start
        yield replace(
            bout, start=round(begin - start, DIGITS), stop=None if end is None else round(end - start, DIGITS)
        )


def media_in(source_cell: str) -> list[str]:
    """The files of the first player, from `player #1:a;b|player #2:c`."""
    first = source_cell.split("|")[0]
    return [one.strip() for one in re.sub(r"^player\s*#\s*\d+\s*:", "", first.strip(), flags=re.IGNORECASE).split(";")]


def numbers_in(cell: str) -> list[float]:
    """Those of the first player, from such as `29.970;29.970|25.000`; none where there are none, or `NA`."""
    found = []
    for one in cell.split("|")[0].split(";"):
        try:
            value = float(one.strip().replace(",", "."))
        except ValueError:
            continue
        if value > 0:
            found.append(value)
    return found


def media_of(names: Sequence[str], lengths: Sequence[float], rates: Sequence[float]) -> tuple[Medium, ...]:
    """The media, where there is a length and a rate for each, or a rate for all."""
    return tuple(
        Medium(
            name,
            lengths[place] if len(lengths) == len(names) else None,
            rates[place] if len(rates) == len(names) else rates[0] if rates else None,
        )
        for place, name in enumerate(names)
    )


def late_note(events: Iterable[tuple[float, str]], fps: float | None) -> str:
    """A note where the images that events name, given as time in the video and index, are not those at their times."""
    if fps is None:
        return ""
    off = [abs(int(index) - time * fps) for time, index in events if re.fullmatch(r"\d{1,12}", index)]
    worst = max(off, default=0.0)
    return "" if worst <= 2 else f"its image indices are up to {worst:.0f} frames off its times; the times are taken"
