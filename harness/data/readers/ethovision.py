"""Manual scoring exported from EthoVision XT: xlsx, or text with semicolons in UTF-16.

The first cell says how many header lines there are; the last but one of them names the columns, the last has their
units. Seconds of the recording from 0; the stop does not belong to a bout.
"""

from collections.abc import Iterator

from harness.data.incoming.noldus import event_of, video_in
from harness.data.incoming.pairing import Event, paired
from harness.data.incoming.tabular import records, tables_of
from harness.files.source import Source
from harness.files.texts import Table
from harness.plugins.readers import SECONDS, Annotations, annotation_reader
from harness.words import shown

TOOL = "EthoVision"

LINES = "Number of header lines:"

COLUMNS = ("Recording time", "Behavior", "Event")

MOST_HEADER_LINES = 1000


def _knows(source: Source) -> bool:
    return any(
        any(row.cells[0] == LINES for row in table.rows[:1])
        and table.find(*COLUMNS, within=MOST_HEADER_LINES) is not None
        for table in tables_of(source, top=True)
    )


@annotation_reader("ethovision", tool=TOOL, endings=(".xlsx", ".txt", ".csv"), recognises=_knows)
def ethovision(source: Source) -> Iterator[Annotations]:
    """The events of all sheets, each of which is of a subject, by the video that they are of."""
    by_video: dict[str, list[Event]] = {}
    for table in tables_of(source):
        at = _header(source, table)
        if at is None:
            continue
        above = {row.cells[0].rstrip(":"): row.cells[1] for row in table.rows[:at] if len(row.cells) > 1}
        subject = above.get("Subject name", "")
        events = by_video.setdefault(video_in(above.get("Video file", "")), [])
        names = table.rows[at].cells
        columns = {"time": COLUMNS[0], "behavior": COLUMNS[1], "event": COLUMNS[2]}
        if "Subject" in names:
            columns["subject"] = "Subject"
        below = Table((table.rows[at], *table.rows[at + 2 :]))  # without the units
        for one in records(source, below, 0):
            event = event_of(source, one, columns)
            if event is not None:
                own = event.subject or subject
                events.append(Event(event.time, own, event.behavior, "", event.status, event.line))
    source.settle()
    for video, events in by_video.items():
        bouts = tuple(paired(source, events))
        yield Annotations(tool=TOOL, unit=SECONDS, bouts=bouts, video=video)


def _header(source: Source, table: Table) -> int | None:
    """The place of the row that names the columns; None where a sheet holds something else."""
    if not table.rows or table.rows[0].cells[0] != LINES:
        return None
    cell = table.rows[0].cells[1] if len(table.rows[0].cells) > 1 else ""
    if not (cell.isascii() and cell.isdigit() and len(cell) < 6) or not 2 < int(cell) <= MOST_HEADER_LINES:
        raise source.refusal(f"{LINES} {shown(repr(cell), 40)}, expected how many there are", line=1)
    wanted = int(cell) - 1
    place = next((at for at, row in enumerate(table.rows) if row.number == wanted), None)
    if place is None or not set(COLUMNS) <= set(table.rows[place].cells):
        found = table.find(*COLUMNS, within=MOST_HEADER_LINES)
        if found is None:
            return None  # tracks, not scoring
        line = table.rows[found].number
        raise source.refusal(
            f"names its columns in line {line}, expected line {wanted} by its {cell} header lines", line=1
        )
    return place
