"""Plain tables of bouts: a line for each, with a behavior, a start and a stop, in frames or seconds.

Which of the two is told by the names of the columns, and never guessed. Frames count from 0, and the stop is the first
without the behavior, as in a dataset folder's own labels.
"""

import re
from collections.abc import Iterator, Sequence

from harness.data.incoming.tabular import Cells, records, tables_of
from harness.files.source import Source
from harness.files.texts import Table
from harness.plugins.readers import FRAMES, SECONDS, Annotations, Bout, annotation_reader
from harness.words import shown

TOOL = "a table of bouts"

BEHAVIOR = ("behavior", "behaviour", "action", "label", "event", "name", "type", "class")
START = ("start", "begin", "onset", "from", "begins", "starts", "begin_time", "start_time", "onset_time")
STOP = ("stop", "end", "offset", "to", "ends", "stops", "end_time", "stop_time", "offset_time", "finish")
AGENT = ("agent", "subject", "animal", "agent_id", "actor", "id", "individual", "mouse")
TARGET = ("target", "target_id", "receiver", "recipient", "object", "partner")
VIDEO = ("video", "video_id", "file", "recording", "filename", "file_name", "video_name")
UNITS = {
    FRAMES: ("frame", "frames", "f", "idx", "index", "frame_number"),
    SECONDS: ("s", "sec", "secs", "second", "seconds", "time", "t"),
}
"""What stands before or after the name of a column of times."""

MILLISECONDS = ("ms", "msec", "milliseconds", "millisecond")


def _plain(name: str) -> str:
    """The name of a column in small letters, with `_` between words."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _first(names: Sequence[str], wanted: Sequence[str]) -> str | None:
    plain = {_plain(name): name for name in reversed(names)}
    return next((plain[one] for one in wanted if one in plain), None)


def _times(names: Sequence[str], wanted: Sequence[str]) -> tuple[str, str] | None:
    """The column of a start or a stop, and its unit, which is empty where its name does not say it."""
    for name in names:
        plain = _plain(name)
        for base in wanted:
            for unit, marks in (*UNITS.items(), ("", MILLISECONDS)):
                if any(plain in (f"{base}_{mark}", f"{mark}_{base}", f"{base}{mark}") for mark in marks):
                    return name, unit
        if plain in wanted:
            return name, SECONDS if "time" in plain else ""
    return None


def _columns(table: Table) -> tuple[str, tuple[str, str], tuple[str, str]] | None:
    """The columns of the behavior, the start and the stop; None where it is another table."""
    if not table.rows:
        return None
    names = table.rows[0].cells
    if "Observation id" in names:  # BORIS, which says more
        return None
    behavior, start, stop = _first(names, BEHAVIOR), _times(names, START), _times(names, STOP)
    return None if behavior is None or start is None or stop is None else (behavior, start, stop)


def _knows(source: Source) -> bool:
    tables = tables_of(source, top=True)
    return bool(tables) and _columns(tables[0]) is not None


@annotation_reader("events", tool=TOOL, endings=(".csv", ".tsv", ".txt", ".xlsx"), recognises=_knows)
def events(source: Source) -> Iterator[Annotations]:
    table = tables_of(source)[0]
    found = _columns(table)
    assert found is not None
    behavior, (start, unit), (stop, other) = found
    names = table.rows[0].cells
    line = table.rows[0].number
    if not unit or not other:
        way = "name them start_frame and stop_frame, or start_s and stop_s"
        raise source.refusal(f"columns {shown(start)} and {shown(stop)} do not say frames or seconds; {way}", line=line)
    if unit != other:
        raise source.refusal(f"{shown(start)} is in {unit}, {shown(stop)} in {other}; expected the same", line=line)
    agent, target, video = (_first(names, wanted) for wanted in (AGENT, TARGET, VIDEO))
    by_video: dict[str, list[Bout]] = {}
    for one in records(source, table, 0):
        bout = _bout(source, one, behavior, start, stop, unit, agent, target)
        if bout is not None:
            by_video.setdefault(one[video] if video else "", []).append(bout)
    source.settle()
    for name, bouts in (by_video or {"": []}).items():
        yield Annotations(tool=TOOL, unit=unit, bouts=tuple(bouts), video=name)


def _bout(
    source: Source, one: Cells, behavior: str, start: str, stop: str, unit: str, agent: str | None, target: str | None
) -> Bout | None:
    first, last = one.number(start), one.number(stop)
    if not one[behavior]:
        source.report(f"{shown(behavior)} is empty", line=one.line)
        return None
    if first is None or last is None:
        return None
    for name, value in ((start, first), (stop, last)):
        if unit == FRAMES and value != int(value):
            source.report(f"{shown(name)}: {value:g}, expected the number of a frame", line=one.line)
            return None
    who = one[agent] if agent else ""
    return Bout(one[behavior], first, last, who, one[target] if target else "", line=one.line)
