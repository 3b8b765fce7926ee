"""Bouts from what starts and what stops, as programs log it that are used while a video plays."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from harness.files.source import Source
from harness.plugins.readers import Bout
from harness.words import shown

NOBODY = ("", "No focal subject", "NA")
"""What stands where no subject is meant."""

START, STOP, POINT = "START", "STOP", "POINT"


@dataclass(frozen=True, slots=True)
class Event:
    time: float
    """Seconds, with the offset."""
    subject: str
    behavior: str
    modifiers: str
    status: str
    line: int = 0


def paired(source: Source, events: Iterable[Event], subjects: Collection[str] = ()) -> list[Bout]:
    """Bouts from starts and stops of the same subject, behavior and modifiers; the last may be without a stop.

    A modifier that is one of `subjects` says to whom it is done.
    """
    found: list[Bout] = []
    by_key: dict[tuple[str, str, str], list[Event]] = {}
    for event in events:
        by_key.setdefault((event.subject, event.behavior, event.modifiers), []).append(event)
    for (subject, behavior, modifiers), group in by_key.items():
        agent = "" if subject in NOBODY else subject
        target = modifiers if agent and modifiers in subjects else ""
        opened: Event | None = None
        for event in _in_order(group):
            if event.status == POINT:
                found.append(Bout(behavior, event.time, event.time, agent, target, point=True, line=event.line))
            elif event.status == START and opened is None:
                opened = event
            elif event.status == START:
                assert opened is not None
                said = (
                    f"{shown(behavior)} starts at {event.time:g} s, though it has not stopped since {opened.time:g} s"
                )
                source.report(said, line=event.line or None)
            elif opened is None:
                said = f"{shown(behavior)} stops at {event.time:g} s, though it has not started"
                source.report(said, line=event.line or None)
            else:
                found.append(Bout(behavior, opened.time, event.time, agent, target, line=opened.line))
                opened = None
        if opened is not None:
            found.append(Bout(behavior, opened.time, None, agent, target, line=opened.line))
    return found


def _in_order(events: Sequence[Event]) -> Iterator[Event]:
    """By time; of those at the same time a stop goes before a start where there is something to stop."""
    opened = False
    for _, together in groupby(sorted(events, key=lambda event: event.time), key=lambda event: event.time):
        first = STOP if opened else START
        for event in sorted(together, key=lambda event: event.status != first):
            opened = event.status == START if event.status != POINT else opened
            yield event
