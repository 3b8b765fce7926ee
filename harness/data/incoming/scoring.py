"""From what an annotator saw to bouts of frames, and to what was looked at."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.data.folder.layout import near
from harness.data.incoming.films import Film
from harness.data.incoming.moments import MOST_TRIMMED, frames_of
from harness.plugins.readers import EVERY, SECONDS, Annotations, Bout
from harness.recording import ONE, PAIR, SCENE
from harness.words import counted, listed, shown

WHOLE, SPAN, BOUTS = "whole", "span", "bouts"
LOOKED_AT = (WHOLE, SPAN, BOUTS)
"""What somebody looked at where the file does not say it: all of the video, from the first bout to the last, or nothing
but bouts."""

ONE_FRAME, LEFT_OUT = "frame", "out"
POINTS = (ONE_FRAME, LEFT_OUT)
"""What becomes of a point event."""

CLOSED, REFUSED = "close", "refuse"
UNPAIRED = (CLOSED, REFUSED)
"""What becomes of a bout that is never stopped."""

ENDLESS = 1 << 62
"""A frame after the end of every video."""

Who = tuple[str, str, str]
"""Behavior, agent and target, as a dataset folder has them."""

Run = tuple[int, int]
"""The first frame, and the first after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How annotations are taken."""

    subjects: Mapping[str, str] = field(default_factory=dict)
    """What an annotator calls an animal, to what its tracks are called."""
    looked_at: str = WHOLE
    points: str = ONE_FRAME
    unpaired: str = CLOSED


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one file says of one video."""

    path: Path
    annotations: Annotations

    def where(self, bout: Bout) -> str:
        return f"{self.path}: line {bout.line}" if bout.line else str(self.path)


@dataclass(slots=True)
class Scored:
    """What is known of a video."""

    bouts: dict[Who, list[Run]] = field(default_factory=dict)
    """In order, none touching another."""
    looked_at: dict[Who, list[Run]] = field(default_factory=dict)
    """Where agent or target may be `EVERY`."""
    frames: int = 0
    """Of the video, which can be more than are tracked."""
    trimmed: int = 0
    """Frames that annotations went on after the end of the tracks."""
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(map(len, self.bouts.values()))


def scopes_of(sheets: Iterable[Sheet], asked: Mapping[str, str]) -> dict[str, str]:
    """Behavior to whom it is of, in the order in which they come: what is asked for, else a pair where somebody is a
    target, one animal where somebody acts, else the scene.
    """
    found: dict[str, str] = {}
    for sheet in sheets:
        for name in sheet.annotations.behaviors:
            found.setdefault(behavior_name(name), SCENE)
        for bout in sheet.annotations.bouts:
            name = behavior_name(bout.behavior)
            before = found.setdefault(name, SCENE)
            if bout.target and bout.target != bout.agent:
                found[name] = PAIR
            elif bout.agent and before == SCENE:
                found[name] = ONE
    return {name: asked.get(name, scope) for name, scope in found.items()}


def behavior_name(name: str) -> str:
    """The name of a behavior as a dataset folder can have it."""
    return name.strip().replace("/", "-").replace("\\", "-")


def agents_of(sheets: Iterable[tuple[Film, Sheet]], subjects: Mapping[str, str]) -> dict[str, set[str]]:
    """Behavior to all animals that are seen to do it anywhere."""
    found: dict[str, set[str]] = {}
    for film, sheet in sheets:
        for bout in sheet.annotations.bouts:
            if name := animal_of(bout.agent, film.animals, subjects):
                found.setdefault(behavior_name(bout.behavior), set()).add(name)
    return found


def animal_of(subject: str, animals: Sequence[str], subjects: Mapping[str, str]) -> str | None:
    """The animal that an annotator means; None where there is none of such a name."""
    name = subjects.get(subject, subject)
    if name in animals:
        return name
    alike = [one for one in animals if one.casefold() == name.casefold()]
    return alike[0] if len(alike) == 1 else None


def score(
    film: Film,
    sheets: Sequence[Sheet],
    scopes: Mapping[str, str],
    agents: Mapping[str, set[str]],
    fps: float,
    rules: Rules,
) -> Scored:
    """The bouts of a video and what was looked at, by all files that are of it."""
    found = Scored(frames=film.frames)
    taken = [(sheet, *_in_frames(film, sheet, fps, rules, found)) for sheet in sheets]
    ends = [end for *_, end in taken]
    _settle_end(film, sheets, max(ends, default=0), fps, found)
    for sheet, bouts, end in taken:
        length = min(found.frames, end) if sheet.annotations.length is not None else found.frames
        named = list(_named(film, sheet, bouts, scopes, rules, found))
        for who, run in named:
            found.bouts.setdefault(who, []).append(run)
        for who, runs in _looked_at(film, sheet, named, scopes, agents, fps, length, rules, found):
            found.looked_at.setdefault(who, []).extend(runs)
    merged = 0
    for group in (found.bouts, found.looked_at):
        for who, runs in group.items():
            clean = joined(runs, found.frames)
            merged += sum(_overlapping(runs)) if group is found.bouts else 0
            group[who] = clean
    if merged:
        found.notes.append(f"{counted(merged, 'bout')} overlapping others of the same, joined with them")
    return found


def joined(runs: Iterable[Run], frames: int) -> list[Run]:
    """The runs within `frames`, in order, those that touch or overlap as one."""
    clean: list[Run] = []
    for start, stop in sorted((max(0, start), min(stop, frames)) for start, stop in runs):
        if start >= stop:
            continue
        if clean and start <= clean[-1][1]:
            clean[-1] = clean[-1][0], max(stop, clean[-1][1])
        else:
            clean.append((start, stop))
    return clean


def _overlapping(runs: Iterable[Run]) -> Iterator[bool]:
    last = -1
    for start, stop in sorted(runs):
        yield start < last
        last = max(last, stop)


def _in_frames(film: Film, sheet: Sheet, fps: float, rules: Rules, found: Scored) -> tuple[list[tuple[Bout, Run]], int]:
    """The bouts of a file and their frames, and the first frame after all that it speaks of."""
    annotations = sheet.annotations
    rate = fps if annotations.unit == SECONDS else None
    end = 0
    if annotations.length is not None:
        end = frames_of(annotations.length, annotations.length, rate)[0]
    bouts: list[tuple[Bout, Run]] = []
    points = never = 0
    for bout in annotations.bouts:
        if bout.point:
            points += 1
            if rules.points == LEFT_OUT:
                continue
        if bout.stop is None:
            never += 1
            if rules.unpaired == REFUSED:
                found.problems.append(f"{sheet.where(bout)}: {shown(bout.behavior)} is never stopped")
                continue
        run = frames_of(bout.start, bout.start if bout.stop is None else bout.stop, rate)
        end = max(end, run[1])
        bouts.append((bout, (run[0], ENDLESS) if bout.stop is None else run))
    if points:
        became = "left out" if rules.points == LEFT_OUT else "one frame each"
        found.notes.append(f"{counted(points, 'point event')}, {became}")
    if never and rules.unpaired == CLOSED:
        found.notes.append(f"{counted(never, 'bout')} never stopped, taken to go on to the end")
    return bouts, end


def _settle_end(film: Film, sheets: Sequence[Sheet], end: int, fps: float, found: Scored) -> None:
    """What becomes of annotations that go on after the tracks end."""
    beyond = end - film.frames
    if beyond <= 0:
        return
    if beyond <= MOST_TRIMMED * fps:
        found.trimmed = beyond
        found.notes.append(f"its annotations go on for {counted(beyond, 'frame')} after its tracks; these are left out")
    elif film.ends_early and end <= 2 * film.frames:
        found.frames = end
        found.notes.append(
            f"its tracks end with what was last seen, {counted(beyond, 'frame')} before its annotations; "
            "nothing is seen there"
        )
    else:
        found.problems.append(
            f"{sheets[0].path}: speaks of frame {end - 1:,}, which is {beyond / fps:,.1f} s after the end of "
            f"{film.files[0].name} with its {film.frames:,} frames at {fps:g} a second; "
            "is it another video, another frame rate, or seconds taken for frames?"
        )


def _named(
    film: Film,
    sheet: Sheet,
    bouts: Sequence[tuple[Bout, Run]],
    scopes: Mapping[str, str],
    rules: Rules,
    found: Scored,
) -> Iterator[tuple[Who, Run]]:
    """The bouts by whom they are of, with the names that the tracks have."""
    for bout, run in bouts:
        behavior = behavior_name(bout.behavior)
        try:
            yield (behavior, *_cast(film, bout, scopes[behavior], rules)), run
        except ValueError as error:
            text = f"{sheet.where(bout)}: {error}"
            if text not in found.problems:
                found.problems.append(text)


def _cast(film: Film, bout: Bout, scope: str, rules: Rules) -> tuple[str, str]:
    """Agent and target of a bout. Raises `ValueError`, in words."""
    if scope == SCENE:
        return "", ""
    behavior = shown(bout.behavior)
    if not bout.agent:
        way = f"--scope {behavior_name(bout.behavior)}=scene takes all of it as of nobody in particular"
        raise ValueError(f"does not say who does {behavior}, as others do; {way}")
    agent = _known(bout.agent, film, rules)
    if scope == ONE:
        return agent, ""
    if bout.target and bout.target == bout.agent:
        raise ValueError(f"says that {shown(agent)} does {behavior} to itself, where others do it to others")
    if bout.target:
        return agent, _known(bout.target, film, rules)
    others = [name for name in film.animals if name != agent]
    if len(others) != 1:
        there = "is no other animal" if not others else f"are {len(others)} others"
        raise ValueError(f"does not say to whom {shown(agent)} does {behavior}, and there {there}")
    return agent, others[0]


def _known(subject: str, film: Film, rules: Rules) -> str:
    name = animal_of(subject, film.animals, rules.subjects)
    if name is None:
        hint = near(rules.subjects.get(subject, subject), film.animals)
        way = f"--subject {shown(subject)}={film.animals[0]}" if len(film.animals) == 1 else ""
        way = way or f"--subject {shown(subject)}=NAME says who it is"
        raise ValueError(
            f"{shown(repr(subject))} is no animal of {film.files[0].name}{hint}; it has "
            f"{listed(film.animals, 10)}; {way}"
        )
    return name


def _looked_at(
    film: Film,
    sheet: Sheet,
    named: Sequence[tuple[Who, Run]],
    scopes: Mapping[str, str],
    agents: Mapping[str, set[str]],
    fps: float,
    length: int,
    rules: Rules,
    found: Scored,
) -> Iterator[tuple[Who, list[Run]]]:
    """What was looked at, by this file, for which behavior of whom."""
    annotations = sheet.annotations
    if annotations.looked_at is not None:
        rate = fps if annotations.unit == SECONDS else None
        for bout in annotations.looked_at:
            run = frames_of(bout.start, length if bout.stop is None else bout.stop, rate)
            names = list(scopes) if bout.behavior == EVERY else [behavior_name(bout.behavior)]
            for behavior in names:
                yield from _lookers(film, sheet, bout, behavior, scopes[behavior], run, rules, found)
        return
    runs = [run for _, run in named]
    if rules.looked_at == WHOLE:
        runs = [(0, length)]
    elif rules.looked_at == SPAN and runs:
        runs = [(min(start for start, _ in runs), max(stop for _, stop in runs))]
    declared = {behavior_name(name) for name in annotations.behaviors} | {who[0] for who, _ in named}
    for behavior, scope in scopes.items():
        if annotations.behaviors and behavior not in declared:
            continue
        if scope == SCENE:
            yield (behavior, "", ""), runs
            continue
        mapped = {animal_of(name, film.animals, rules.subjects) for name in annotations.subjects}
        seen = (mapped | agents.get(behavior, set())) & set(film.animals)
        target = "" if scope == ONE else EVERY
        if seen == set(film.animals):
            yield (behavior, EVERY, EVERY), runs
        else:
            yield from (((behavior, name, target), runs) for name in film.animals if name in seen)


def _lookers(
    film: Film, sheet: Sheet, bout: Bout, behavior: str, scope: str, run: Run, rules: Rules, found: Scored
) -> Iterator[tuple[Who, list[Run]]]:
    """What was looked at, where the file says it."""
    if scope == SCENE:
        yield (behavior, "", ""), [run]
        return
    try:
        agent = EVERY if bout.agent in ("", EVERY) else _known(bout.agent, film, rules)
        if scope == ONE:
            target = EVERY if agent == EVERY else ""
        else:
            target = EVERY if bout.target in ("", EVERY, bout.agent) else _known(bout.target, film, rules)
    except ValueError:
        unseen = sorted({bout.agent, bout.target} - {"", EVERY, *film.animals})
        note = f"{listed(unseen)} was looked at and not tracked"
        if note not in found.notes:
            found.notes.append(note)
        return
    yield (behavior, agent, target), [run]
