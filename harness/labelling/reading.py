"""A folder of labels, read back: as it was written, or as somebody has corrected its `events.csv` since."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.choosing.reliability import Reliability
from harness.data.entry import Place
from harness.data.folder.bouts import Cast, Stretch, Who, stretch_in
from harness.data.folder.tables import Line, read_table, tell
from harness.errors import DataError, HarnessError
from harness.labelling.summary import Done, Observed
from harness.labelling.writing import BOOKKEEPING, EVENTS, MADE, OF_RECORDINGS, RECORDINGS
from harness.recording import SCOPES, Array
from harness.scores.metrics import runs
from harness.words import shown

NEEDED = ("recording", "behavior", "agent", "target", "start_frame", "stop_frame")
"""Columns of `events.csv`."""


@dataclass(frozen=True, slots=True)
class LabelsFolder:
    """What is in a folder of labels."""

    recordings: tuple[Observed, ...]
    reliability: Mapping[str, Reliability]
    """By behavior, what is known of the detectors."""


def is_labels_folder(folder: Path) -> bool:
    return (folder / MADE).is_file()


def read_labels_folder(folder: Path) -> LabelsFolder:
    """Raises `DataError` with every problem of all files."""
    scopes, reliability = _made(folder / MADE)
    problems: dict[str, None] = {}
    register = Place(folder / RECORDINGS, {})
    lines = {
        line.get("id"): line
        for line in read_table(register.path, OF_RECORDINGS[:3], OF_RECORDINGS[:3], register, more=True)
    }
    casts = {name: cast for name, line in lines.items() if (cast := _cast(line, scopes)) is not None}
    tell(register.problems, register.path, problems)
    events = Place(folder / EVENTS, {})
    found: dict[str, list[Stretch]] = {name: [] for name in casts}
    for line in read_table(events.path, NEEDED, NEEDED, events, more=True):
        name = line.get("recording")
        if name not in casts:
            line.report("recording", f"{shown(repr(name))} is not in {RECORDINGS}")
        elif (stretch := stretch_in(line, casts[name])) is not None:
            found[name].append(stretch)
    tell(events.problems, events.path, problems)
    if problems:
        raise DataError(tuple(problems))
    return LabelsFolder(tuple(_observed(lines[name], casts[name], found[name]) for name in casts), reliability)


def _made(path: Path) -> tuple[dict[str, str], dict[str, Reliability]]:
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        scopes = {str(behavior): str(scope) for behavior, scope in plain["behaviors"].items()}
        if not set(scopes.values()) <= set(SCOPES):
            raise ValueError(f"scopes should be some of {', '.join(SCOPES)}")
        return scopes, {name: Reliability.from_json(one) for name, one in plain["reliability"].items()}
    except OSError as error:
        raise HarnessError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise HarnessError(
            f"{path}: damaged or something else ({shown(str(error))}); label the recordings again"
        ) from error


def _cast(line: Line, scopes: Mapping[str, str]) -> Cast | None:
    frames, fps = line.whole_in("frames"), line.number_in("fps")
    animals = tuple(name for name in line.get("animals").split(";") if name)
    return None if not frames or fps is None else Cast(frames, animals, scopes)


def _observed(line: Line, cast: Cast, stretches: list[Stretch]) -> Observed:
    labels: dict[Who, Array] = {}
    for one in stretches:
        labels.setdefault(one.who, np.zeros(cast.frames, bool))[one.start : one.stop] = True
    known = {name: cell for name, cell in line.cells.items() if name not in (*OF_RECORDINGS[:4], *BOOKKEEPING)}
    fps = line.number_in("fps")
    assert fps is not None, "or there is no cast"
    return Observed(line.get("id"), cast.frames, fps, tuple(_done(labels, cast)), known)


def _done(labels: Mapping[Who, Array], cast: Cast) -> Iterator[Done]:
    """Of each behavior, one for every animal or pair that it can be of."""
    for behavior in cast.scopes:
        for who in cast.every(behavior):
            _, agent, target = who
            bouts = runs(labels[who]) if who in labels else ()
            yield Done(behavior, agent, target if target != agent else "", bouts)
