"""What the exports of EthoVision and The Observer have in common: a log of what starts and stops, in seconds."""

import re
from collections.abc import Mapping
from pathlib import PureWindowsPath

from harness.data.incoming.pairing import NOBODY, POINT, START, STOP, Event
from harness.data.incoming.tabular import Cells
from harness.files.source import Source
from harness.words import listed, shown

EVENTS = {
    "state start": START,
    "start": START,
    "state stop": STOP,
    "stop": STOP,
    "point event": POINT,
    "point": POINT,
}
"""What happens, in small letters."""


def event_of(source: Source, one: Cells, columns: Mapping[str, str]) -> Event | None:
    """What a row says; None, with a problem, where it says nothing. `columns` names time, behavior and event."""
    time, behavior, what = one.number(columns["time"]), one[columns["behavior"]], one[columns["event"]].lower()
    if not behavior:
        source.report("has no behavior", line=one.line)
        return None
    if what not in EVENTS:
        said = f"{columns['event']}: {shown(repr(one[columns['event']]), 40)}, expected one of {listed(EVENTS, 6)}"
        source.report(said, line=one.line)
        return None
    if time is None:
        return None
    subject = one[columns["subject"]] if columns.get("subject") else ""
    return Event(time, "" if subject in NOBODY else subject, behavior, "", EVENTS[what], one.line)


def video_in(cell: str) -> str:
    """The name of a video's file; empty where there is none."""
    return PureWindowsPath(cell).name if re.search(r"\.\w{2,5}$", cell) else ""
