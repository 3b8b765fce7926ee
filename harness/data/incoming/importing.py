"""A dataset folder from the files of trackers and annotators."""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from harness.data.folder.layout import ANNOTATED, ENDINGS, near
from harness.data.folder.write import new_folder, write_poses
from harness.data.incoming.clock import Clock, Said, clock
from harness.data.incoming.films import Film, Whose, read_films
from harness.data.incoming.found import Found, Imported
from harness.data.incoming.keys import Matches, Pattern, match, video_of, video_of_file
from harness.data.incoming.recognising import read_annotations
from harness.data.incoming.roles import skeleton_of
from harness.data.incoming.scoring import Rules, Scored, Sheet, agents_of, behavior_name, scopes_of, score
from harness.data.incoming.writing import write_found
from harness.errors import DataError
from harness.plugins.readers import Bout, Tracks
from harness.recording import SCOPES, Skeleton
from harness.words import listed, shown

OPTION = "--fps"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How files are taken, where they do not say it themselves."""

    fps: float | None = None
    patterns: tuple[Pattern, ...] = ()
    scopes: Mapping[str, str] = field(default_factory=dict)
    """Behavior to whom it is of."""
    whose: Whose = field(default_factory=Whose)
    rules: Rules = field(default_factory=Rules)


def look(poses: Sequence[Path], annotations: Sequence[Path], wishes: Wishes) -> Found:
    """What the files come to, without writing anything. One video is in memory at a time."""
    return _found(poses, annotations, wishes, lambda film, tracks: None)


class _HasProblemsError(Exception):
    pass


def write(poses: Sequence[Path], annotations: Sequence[Path], wishes: Wishes, folder: Path) -> Found:
    """Make `folder`, a dataset folder, of which nothing is seen before it is whole, unless something is wrong.

    Raises `HarnessError` where `folder` is there or cannot be written.
    """
    found = None
    with suppress(_HasProblemsError), new_folder(folder) as place:
        for part in ENDINGS:
            (place / part).mkdir()

        def keep(film: Film, tracks: Tracks) -> None:
            write_poses(place, film.id, tracks.keypoints, tracks.confidence, tracks.parts)

        found = _found(poses, annotations, wishes, keep)
        if found.problems:
            raise _HasProblemsError
        write_found(place, found)
    assert found is not None
    return found


def _found(
    poses: Sequence[Path], annotations: Sequence[Path], wishes: Wishes, keep: Callable[[Film, Tracks], object]
) -> Found:
    problems: list[str] = []
    notes: list[str] = []
    sheets = _sheets(annotations, problems)
    films = read_films(poses, wishes.whose, keep, problems, notes)
    if problems:
        return Found(
            videos=(), skeleton=Skeleton(()), scopes={}, unmatched=(), notes=tuple(notes), problems=tuple(problems)
        )
    by_film, unmatched = _matched(films, sheets, wishes, problems)
    every = [(film, sheet) for film in films for sheet in by_film.get(film.key, ())]
    scopes = scopes_of([sheet for _, sheet in every], wishes.scopes)
    problems += _scope_problems(scopes, wishes.scopes)
    notes += _alike(scopes)
    notes += _all_absent(films, by_film, scopes)
    agents = agents_of(every, wishes.rules.subjects)
    clocks = _clocks(films, by_film, wishes.fps, problems)
    videos = []
    for film in films:
        own, time = tuple(by_film.get(film.key, ())), clocks[film.key]
        scored = Scored(frames=film.frames)
        if time is not None and own:
            scored = score(film, own, scopes, agents, time.fps, wishes.rules)
            problems += scored.problems
        videos.append(Imported(film=film, sheets=own, scored=scored, clock=time))
    parts = tuple(dict.fromkeys(part for film in films for part in film.parts))
    return Found(
        videos=tuple(videos),
        skeleton=skeleton_of(parts),
        scopes=scopes,
        unmatched=unmatched,
        notes=tuple(notes),
        problems=tuple(dict.fromkeys(problems)),
    )


# What is of which video


def _sheets(files: Sequence[Path], problems: list[str]) -> dict[Path, list[Sheet]]:
    found: dict[Path, list[Sheet]] = {}
    for path in dict.fromkeys(files):
        try:
            found[path] = [Sheet(path, one) for one in read_annotations(path)]
        except DataError as error:
            problems += error.lines
    return found


def _matched(
    films: Sequence[Film], sheets: Mapping[Path, Sequence[Sheet]], wishes: Wishes, problems: list[str]
) -> tuple[dict[str, list[Sheet]], tuple[str, ...]]:
    """The annotations of each video, and what videos of files, some of which are matched, have no tracks."""
    keys = [film.key for film in films]
    by_film: dict[str, list[Sheet]] = {}
    unmatched: list[str] = []
    for path, inside in sheets.items():
        of_file = match(keys, [video_of_file(path)], wishes.patterns)
        lost: list[str] = []
        for sheet in inside:
            # What the file calls the video goes before what the file is called.
            key = video_of(sheet.annotations.video) if sheet.annotations.video else video_of_file(path)
            found = match(keys, [key], wishes.patterns)
            if not found.tracks and len(inside) == 1:
                found = of_file
            if found.tracks:
                by_film.setdefault(next(iter(found.tracks.values())), []).append(sheet)
            elif found.ambiguous:
                problems.append(_ambiguous(path, found))
            else:
                lost.append(key)
        if lost and len(lost) == len(inside):
            of = listed(lost, 5)
            near_by = near(lost[0], keys)
            problems.append(
                f"{path}: no tracks of the video {of}{near_by}; --match TRACKS=ANNOTATIONS says what belongs together, "
                f"such as --match {shown(keys[0] if keys else 'tracks')}={shown(lost[0])}"
            )
        else:
            unmatched += [f"{path.name}: {shown(one)}" for one in lost]
    for film in films:
        problems += _twice(film, by_film.get(film.key, []))
    return by_film, tuple(unmatched)


def _ambiguous(path: Path, found: Matches) -> str:
    ((key, candidates),) = found.ambiguous.items()
    return (
        f"{path}: may be of the tracks {listed(candidates, 5)}; --match {shown(candidates[0])}={shown(key)} says which"
    )


def _twice(film: Film, sheets: Sequence[Sheet]) -> list[str]:
    """That two files speak of the same behaviors of the same subjects."""
    taken: dict[tuple[str, str], Sheet] = {}
    for sheet in sheets:
        own = {(bout.behavior, bout.agent) for bout in sheet.annotations.bouts}
        own |= {(name, "") for name in sheet.annotations.behaviors}
        for key in sorted(own):
            other = taken.setdefault(key, sheet)
            if other is not sheet and not _apart(sheet, other):
                both = f"{other.path} and {sheet.path}" if other.path != sheet.path else f"{sheet.path}"
                return [
                    f"{both}: both score {shown(key[0])} in the video {shown(film.key)}; give one of them, or import "
                    "the other into a dataset of its own"
                ]
    return []


def _apart(one: Sheet, other: Sheet) -> bool:
    """Whether both say what was looked at, and no moment of it is the same."""
    if one.annotations.unit != other.annotations.unit:
        return False
    mine, theirs = one.annotations.looked_at, other.annotations.looked_at
    if mine is None or theirs is None:
        return False
    return all(_ends(a) <= b.start or _ends(b) <= a.start for a in mine for b in theirs)


def _ends(bout: Bout) -> float:
    return math.inf if bout.stop is None else bout.stop


# What holds for all


def _scope_problems(scopes: Mapping[str, str], asked: Mapping[str, str]) -> list[str]:
    found = []
    for name, scope in asked.items():
        if name not in scopes:
            there = listed(scopes, 10) or "none"
            found.append(f"--scope {shown(name)}: no behavior of that name{near(name, scopes)}; there are {there}")
        if scope not in SCOPES:
            found.append(f"--scope {shown(name)}={shown(scope)}: expected one of {', '.join(SCOPES)}")
    return found


def _alike(names: Mapping[str, str]) -> list[str]:
    by_folded: dict[str, list[str]] = {}
    for name in names:
        by_folded.setdefault("".join(filter(str.isalnum, name.casefold())), []).append(name)
    return [
        f"{' and '.join(map(shown, group))} are taken for different behaviors; make them one in the files if they are"
        for group in by_folded.values()
        if len(group) > 1
    ]


def _all_absent(films: Sequence[Film], by_film: Mapping[str, Sequence[Sheet]], scopes: Mapping[str, str]) -> list[str]:
    """Behaviors that some files have no bout of, though others do and nothing says whether they were scored."""
    found = []
    for behavior in scopes:
        without = [
            film.key
            for film in films
            if by_film.get(film.key)
            and not any(
                sheet.annotations.behaviors
                or sheet.annotations.looked_at is not None
                or any(behavior_name(bout.behavior) == behavior for bout in sheet.annotations.bouts)
                for sheet in by_film[film.key]
            )
        ]
        if without:
            found.append(
                f"{shown(behavior)}: no bout in {listed(without)}, where it is taken as absent; if nobody scored it "
                f"there, say so in {ANNOTATED}/"
            )
    return found


def _clocks(
    films: Sequence[Film], by_film: Mapping[str, Sequence[Sheet]], asked: float | None, problems: list[str]
) -> dict[str, Clock | None]:
    """The clock of each video; where nobody says it, what all others have."""
    found: dict[str, Clock | None] = {}
    disputed = False
    for film in films:
        said = [Said(asked, OPTION)] if asked is not None else []
        said += [Said(film.fps, str(film.files[0]))] if film.fps is not None else []
        sheets = by_film.get(film.key, ())
        said += [Said(one.annotations.fps, str(one.path)) for one in sheets if one.annotations.fps is not None]
        found[film.key] = None
        try:
            found[film.key] = clock(said, film.frames) if said else None
        except ValueError as error:
            problems.append(str(error))
            disputed = True
    if disputed:
        return found
    known = {one.fps for one in found.values() if one is not None}
    silent = [film for film in films if found[film.key] is None]
    if silent and len(known) == 1:
        others = Clock(next(iter(known)), "as the others", 0.0)
        return found | {film.key: others for film in silent}
    if silent:
        which = f"{silent[0].files[0]}{f' and {len(silent) - 1} more' if len(silent) > 1 else ''}"
        problems.append(f"{which}: nothing says how many frames a second; --fps does, such as --fps 30")
    return found
