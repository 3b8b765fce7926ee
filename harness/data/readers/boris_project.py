"""A project of BORIS (.boris, or packed as .boris.gz): JSON, of the layout 7.0 in all versions from 7 to 9.

`events` of an observation are lists of time, subject, code, modifiers, comment and, since 8.11, the index of the image.
There is no start and no stop: of a state event of the same subject, code and modifiers, every second one is a stop.
Times contain the observation's time offset.
"""

import math
from collections.abc import Iterator, Mapping
from pathlib import PureWindowsPath
from typing import Any

from harness.data.incoming.boris import TOOL, Medium, Observation, annotations_of, late_note
from harness.data.incoming.pairing import POINT, START, STOP, Event
from harness.files.source import Source
from harness.plugins.readers import Annotations, annotation_reader
from harness.words import listed, shown

FORMATS = ("4.", "5.", "6.", "7.")
"""What `project_format_version` begins with."""


@annotation_reader("boris_project", tool=TOOL, endings=(".boris", ".boris.gz"))
def boris_project(source: Source) -> Iterator[Annotations]:
    project = source.json()
    if not isinstance(project, dict) or not isinstance(project.get("observations"), dict):
        raise source.refusal("no project of BORIS: it has no observations")
    version = project.get("project_format_version", "")
    if not isinstance(version, str) or not version.startswith(FORMATS):
        raise source.refusal(f"is of project format {shown(repr(version), 20)}, expected 7.0; save it with BORIS 9")
    kinds = {one["code"]: str(one.get("type", "")) for one in _entries(source, project, "behaviors_conf", "code")}
    subjects = tuple(one["name"] for one in _entries(source, project, "subjects_conf", "name"))
    source.settle()
    if not project["observations"]:
        raise source.refusal("has no observations")
    for name, content in project["observations"].items():
        one = _observation(source, str(name), content, kinds)
        if one is not None:
            one.behaviors, one.subjects = tuple(kinds), subjects
            yield from annotations_of(source, one)


def _entries(source: Source, project: Mapping[str, Any], key: str, name: str) -> Iterator[dict[str, Any]]:
    """The behaviors or subjects that a project declares."""
    declared = project.get(key)
    if not isinstance(declared, dict):
        source.report(f"has no {key}")
        return
    for one in declared.values():
        if isinstance(one, dict) and isinstance(one.get(name), str) and one[name].strip():
            yield one
        else:
            source.report(f"{key}: an entry without a {name}")


def _observation(source: Source, name: str, content: Any, kinds: Mapping[str, str]) -> Observation | None:
    if not isinstance(content, dict) or not isinstance(content.get("events"), list):
        source.report(f"{shown(name)}: has no events")
        return None
    offset = content.get("time offset", 0.0)
    if not _is_number(offset):
        source.report(f"{shown(name)}: time offset {shown(repr(offset), 40)} is no number of seconds")
        return None
    one = Observation(name, float(offset), _media(content))
    interval = content.get("observation time interval")
    if isinstance(interval, list) and len(interval) == 2 and all(map(_is_number, interval)) and any(interval):
        one.interval = float(interval[0]), float(interval[1]) or None
    seen: dict[tuple[str, str, str], int] = {}
    indices: list[tuple[float, str]] = []
    for number, entry in enumerate(_sorted(content["events"]), start=1):
        event = _event(entry, kinds)
        if isinstance(event, str):
            source.report(f"{shown(name)}: event {number}: {event}")
            continue
        if event.status != POINT:
            key = event.subject, event.behavior, event.modifiers
            seen[key] = seen.get(key, 0) + 1
            status = START if seen[key] % 2 else STOP
            event = Event(event.time, event.subject, event.behavior, event.modifiers, status)
        one.events.append(event)
        if len(entry) > 5:
            indices.append((event.time - one.offset, str(entry[5])))
    note = late_note(indices, one.media[0].fps) if len(one.media) == 1 else ""
    one.notes += [note] if note else []
    return one


def _sorted(events: list[Any]) -> list[Any]:
    """By time, as far as there are times."""

    def time(entry: Any) -> float:
        known = isinstance(entry, list) and entry and _is_number(entry[0])
        return float(entry[0]) if known else math.inf

    return sorted(events, key=time)


def _event(entry: Any, kinds: Mapping[str, str]) -> Event | str:
    """What an entry says, or what is wrong with it."""
    if not isinstance(entry, list) or len(entry) < 3:
        return "should be a list of time, subject, code and more"
    time, subject, code, *rest = entry
    if not _is_number(time):
        return f"time {shown(repr(time), 40)} is no number of seconds"
    if not isinstance(subject, str) or not isinstance(code, str):
        return "its subject and code should be text"
    if code not in kinds:
        return f"{shown(repr(code), 60)} is no behavior of the project; it has {listed(kinds, 10)}"
    modifiers = str(rest[0]) if rest and rest[0] not in (None, "", "None") else ""
    return Event(float(time), subject, code, modifiers, POINT if kinds[code].startswith("Point") else START)


def _media(content: Mapping[str, Any]) -> tuple[Medium, ...]:
    """The files of the first player."""
    files, about = content.get("file"), content.get("media_info")
    names = files.get("1") if isinstance(files, dict) else None
    lengths, rates = (
        one if isinstance(one, dict) else {}
        for one in ((about.get("length"), about.get("fps")) if isinstance(about, dict) else (None, None))
    )
    found = []
    for name in names if isinstance(names, list) else []:
        if isinstance(name, str):
            length, fps = (one.get(name) for one in (lengths, rates))
            found.append(Medium(PureWindowsPath(name).name, _above_0(length), _above_0(fps)))
    return tuple(found)


def _above_0(value: Any) -> float | None:
    return float(value) if _is_number(value) and value > 0 else None


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False
