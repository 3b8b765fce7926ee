"""CalMS21's json, a recording at a time: groups of recordings of keypoints, scores, annotations and metadata."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from harness.files.source import Source
from harness.recording import Array
from harness.words import shown

AXES = {"keypoints": 4, "scores": 3, "annotations": 1}

LONGEST_METADATA = 10_000
"""Values in it."""

Events = Iterator[tuple[str, Any]]


@dataclass(frozen=True, eq=False, slots=True)
class Entry:
    """A recording."""

    group: str
    name: str
    arrays: dict[str, Array] = field(default_factory=dict)
    """Those of `AXES` that were asked for and are there."""
    metadata: dict[str, Any] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    """Of all that it has."""

    def __str__(self) -> str:
        return f"{shown(self.group)}, {shown(self.name)}"


def entries(source: Source, wanted: tuple[str, ...]) -> Iterator[Entry]:
    """Each recording with those of its arrays that are wanted. Raises `DataError` where one is none."""
    events = source.json_events()
    _expect(source, next(events, ("", None)), "start_map", "a dict of groups")
    seen: set[tuple[str, str]] = set()
    for group in _keys(events):
        event = next(events)
        if event[0] != "start_map":
            _skip(events, event)
            continue
        for name in _keys(events):
            entry = Entry(group, name)
            _expect(source, next(events), "start_map", f"{entry}: a dict with keypoints")
            if (group, name) in seen:
                raise source.refusal(f"{entry}: is there twice, expected once")
            seen.add((group, name))
            for key in _keys(events):
                entry.keys.append(key)
                event = next(events)
                try:
                    if key in wanted:
                        entry.arrays[key] = _numbers(events, event, AXES[key])
                    elif key == "metadata":
                        entry.metadata.update(_small(events, event))
                    else:
                        _skip(events, event)
                except ValueError as error:
                    raise source.refusal(f"{entry}: {shown(key)} {error}") from error
            yield entry
    for _ in events:  # until the end of the file
        pass


def _expect(source: Source, event: tuple[str, Any], kind: str, what: str) -> None:
    if event[0] != kind:
        raise source.refusal(f"{what} is expected, and something else is there")


def _keys(events: Events) -> Iterator[str]:
    """Keys of the map that was just begun, until its end; what follows a key is to be taken in between."""
    for event, value in events:
        if event == "end_map":
            return
        yield value


def _skip(events: Events, event: tuple[str, Any]) -> None:
    """Go behind a value that has begun with `event`."""
    if event[0] not in ("start_map", "start_array"):
        return
    depth = 1
    for kind, _ in events:
        if kind == "number":  # as nearly all are
            continue
        if kind in ("start_map", "start_array"):
            depth += 1
        elif kind in ("end_map", "end_array"):
            depth -= 1
            if depth == 0:
                return


def _small(events: Events, event: tuple[str, Any]) -> dict[str, Any]:
    """A dict of few values."""
    import ijson

    builder = ijson.ObjectBuilder()
    depth = 0
    for _ in range(LONGEST_METADATA):
        builder.event(*event)
        depth += {"start_map": 1, "start_array": 1, "end_map": -1, "end_array": -1}.get(event[0], 0)
        if depth == 0:
            return builder.value if isinstance(builder.value, dict) else {}
        event = next(events)
    raise ValueError(f"holds more than {LONGEST_METADATA:,} values")


def _numbers(events: Events, event: tuple[str, Any], axes: int) -> Array:
    """float32 of lists in lists, null as NaN. Raises `ValueError` where they differ in length, or hold no numbers."""
    if event[0] != "start_array":
        raise ValueError("is no list")
    numbers = array("d")
    append = numbers.append
    ended = [0] * (axes + 2)  # lists by depth, with those that are still open left out
    sizes = [0] * (axes + 1)
    depth = 1
    for kind, value in events:
        if kind == "number":
            append(value)
        elif kind == "start_array":
            depth += 1
            if depth > axes:
                raise ValueError(f"has lists more than {axes} deep")
        elif kind == "end_array":
            inside = len(numbers) if depth == axes else ended[depth + 1]
            if not ended[depth]:
                sizes[depth] = inside
            ended[depth] += 1
            if inside != sizes[depth] * ended[depth]:
                raise ValueError("has lists of different lengths side by side")
            depth -= 1
            if depth == 0:
                break
        elif kind == "null":
            append(np.nan)
        else:
            raise ValueError("holds something that is no number")
    if len(numbers) != prod(sizes[1:]):
        raise ValueError(f"has numbers elsewhere than {axes} lists deep")
    with np.errstate(over="ignore"):
        return np.array(numbers, dtype=np.float32).reshape(sizes[1:])
