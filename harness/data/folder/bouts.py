"""What `labels/<id>.csv` and `annotated/<id>.csv` say: who does what to whom and when, and what was looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path

import numpy as np

from harness.data.entry import Place
from harness.data.folder.layout import as_date, near
from harness.data.folder.register import EVERY
from harness.data.folder.tables import ENOUGH, Line, read_table, tell
from harness.recording import ONE, PAIR, SCENE, UNKNOWN, Array
from harness.words import listed, shown

COLUMNS = ("behavior", "agent", "target", "start_frame", "stop_frame")

Who = tuple[str, str, str]
"""Behavior, agent and target: nobody for the scene, the agent itself where one animal alone acts."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A line of either file."""

    who: Who
    """In what was looked at, as the cells say it."""
    start: int
    stop: int
    """Exclusive."""
    place: Place


@dataclass(frozen=True, slots=True)
class Cast:
    """What can be said of a recording."""

    frames: int
    animals: tuple[str, ...]
    scopes: Mapping[str, str]
    """Behavior to whom it is of."""

    def every(self, behavior: str) -> list[Who]:
        """By whom and to whom the behavior can be."""
        if self.scopes[behavior] == SCENE:
            return [(behavior, "", "")]
        if self.scopes[behavior] == ONE:
            return [(behavior, name, name) for name in self.animals]
        return [(behavior, one, other) for one in self.animals for other in self.animals if one != other]


@dataclass(frozen=True, slots=True)
class Bouts:
    """What a file says, or that there is none."""

    stretches: tuple[Stretch, ...]
    path: Path | None

    def by_who(self) -> dict[Who, list[Stretch]]:
        found: dict[Who, list[Stretch]] = {}
        for one in self.stretches:
            found.setdefault(one.who, []).append(one)
        return found


NO_FILE = Bouts((), None)


def read_labels(path: Path, cast: Cast, problems: dict[str, None]) -> Bouts:
    """The bouts in a file of labels, in order of frames; what has a problem is reported and left out."""
    return _read(path, cast, problems, anybody=False)


def read_annotated(path: Path, cast: Cast, problems: dict[str, None]) -> Bouts:
    """What was looked at, where behavior and animals may be `EVERY`."""
    return _read(path, cast, problems, anybody=True)


def labels_of(cast: Cast, bouts: Bouts, looked_at: Bouts) -> dict[Who, Array]:
    """int8 (frames,) of each that something is known of: 1 in a bout, 0 where it was looked at, else `UNKNOWN`.

    Where no file says what was looked at, all of it was. Bouts outside change nothing.
    """
    by_who, ranges = bouts.by_who(), looked_at.by_who()
    known: dict[tuple[tuple[int, int], ...], Array] = {}  # most have the same
    found: dict[Who, Array] = {}
    for who in (one for behavior in cast.scopes for one in cast.every(behavior)):
        seen = ((0, cast.frames),) if looked_at is NO_FILE else _looked_at(who, cast, ranges)
        if seen not in known:
            known[seen] = _known(seen, cast.frames)
        labels = known[seen]
        if who in by_who:
            labels = labels.copy()
            for bout in by_who[who]:
                inside = labels[bout.start : bout.stop]
                inside[inside != UNKNOWN] = 1
        if seen:
            found[who] = labels
    return found


def count_outside(bouts: Bouts, labels: Mapping[Who, Array]) -> int:
    """How many bouts lie wholly where nobody looked."""
    return sum(
        one.who not in labels or bool((labels[one.who][one.start : one.stop] == UNKNOWN).all())
        for one in bouts.stretches
    )


def _known(ranges: tuple[tuple[int, int], ...], frames: int) -> Array:
    labels = np.full(frames, UNKNOWN, dtype=np.int8)
    for start, stop in ranges:
        labels[start:stop] = 0
    labels.flags.writeable = False
    return labels


def _looked_at(who: Who, cast: Cast, ranges: Mapping[Who, Sequence[Stretch]]) -> tuple[tuple[int, int], ...]:
    """Start and stop (exclusive) of what was looked at for it."""
    behavior, agent, target = who
    targets = (target, EVERY, "") if cast.scopes[behavior] == ONE else (target, EVERY)
    cells = product((behavior, EVERY), (agent, EVERY), targets)
    return tuple(sorted({(one.start, one.stop) for cell in cells for one in ranges.get(cell, ())}))


def _read(path: Path, cast: Cast, problems: dict[str, None], *, anybody: bool) -> Bouts:
    place = Place(path, {})
    stretches = []
    for line in read_table(path, COLUMNS, COLUMNS, place):
        stretch = stretch_in(line, cast, anybody=anybody)
        stretches += [stretch] if stretch is not None else []
    stretches.sort(key=lambda one: (one.start, one.stop))
    bouts = Bouts(tuple(stretches), path)
    for same in bouts.by_who().values():
        for one, other in pairwise(same):
            if other.start < one.stop and len(place.problems) < ENOUGH:
                first = f"{one.place.names[-1]} (frames {one.start:,} to {one.stop:,})"
                other.place.report(f"overlaps {first}, of the same behavior and animals; make one of both")
    tell(place.problems, path, problems)
    return bouts


def stretch_in(line: Line, cast: Cast, *, anybody: bool = False) -> Stretch | None:
    """What a line says; None, with every problem reported, where that cannot be. `anybody` may be meant by `EVERY`."""
    before = len(line.place.problems)
    who = _who(line, cast, anybody=anybody)
    start, stop = line.whole_in("start_frame"), line.whole_in("stop_frame")
    if start is None or stop is None:
        return None
    _check_frames(line, start, stop, cast.frames)
    return Stretch(who, start, stop, line.place) if len(line.place.problems) == before else None


def _check_frames(line: Line, start: int, stop: int, frames: int) -> None:
    if stop <= start:
        line.report(
            "stop_frame", f"{stop:,} is not after start_frame {start:,}; the stop frame is the first one without it"
        )
    elif stop > frames:
        column = "stop_frame" if start < frames else "start_frame"
        line.report(
            column, f"{stop if start < frames else start:,} is past the end; the recording has {frames:,} frames"
        )


def _who(line: Line, cast: Cast, *, anybody: bool) -> Who:
    """Behavior, agent and target; every problem is reported."""
    behavior, agent, target = (line.get(column) for column in COLUMNS[:3])
    every = (EVERY,) if anybody else ()
    if not behavior or behavior not in (*cast.scopes, *every):
        wrong = shown(repr(behavior)) if behavior else "is empty,"
        line.report("behavior", f"{wrong} {_unknown('behavior', behavior, cast.scopes)}")
    for column, name in (("agent", agent), ("target", target)):
        if name and name not in (*cast.animals, *every):
            line.report(column, f"{shown(repr(name))} {_unknown('animal', name, cast.animals)}")
    scope = cast.scopes.get(behavior)
    if scope == SCENE:
        for column, name in (("agent", agent), ("target", target)):
            if name and name not in every:
                line.report(column, f"is {shown(repr(name))}, expected an empty cell, as {behavior} is of the scene")
        return behavior, "", ""
    if scope is not None and not agent:
        line.report("agent", f"is empty, expected an animal, as {behavior} is of {'one' if scope == ONE else 'a pair'}")
    if scope == ONE:
        if target and target != agent and target not in every:
            line.report(
                "target", f"is {shown(repr(target))}, expected the agent or an empty cell, as {behavior} is of one"
            )
        return behavior, agent, agent if agent not in every else ""
    if scope == PAIR:
        if not target:
            line.report("target", f"is empty, expected an animal, as {behavior} is of a pair")
        elif target == agent and target not in every:
            line.report(
                "target", f"is the agent {shown(repr(agent))}, expected another animal, as {behavior} is of a pair"
            )
    if scope is None and target and not agent:
        line.report("agent", f"is empty beside the target {shown(repr(target))}, expected an animal or {EVERY}")
    return behavior, agent, target


def _unknown(what: str, name: str, known: Sequence[str] | Mapping[str, str]) -> str:
    hint = near(name, known) if name else ""
    return (
        f"is no {what}{hint}; there are {listed(list(known), 10)}{as_date(name)}"
        if name
        else (f"expected a {what}; there are {listed(list(known), 10)}")
    )
