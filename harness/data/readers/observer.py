"""Event logs exported from The Observer XT: xlsx, or text with semicolons, mostly in UTF-16.

`Time_Relative_sf` is seconds from the start of the observation; the stop does not belong to a bout.
"""

from collections.abc import Iterator

from harness.data.incoming.noldus import event_of, video_in
from harness.data.incoming.pairing import Event, paired
from harness.data.incoming.tabular import records, tables_of
from harness.files.source import Source
from harness.plugins.readers import SECONDS, Annotations, annotation_reader

TOOL = "The Observer"

COLUMNS = ("Time_Relative_sf", "Behavior", "Event_Type")


def _knows(source: Source) -> bool:
    return any(table.find(*COLUMNS) is not None for table in tables_of(source, top=True))


@annotation_reader("observer", tool=TOOL, endings=(".xlsx", ".txt", ".csv", ".odx"), recognises=_knows)
def observer(source: Source) -> Iterator[Annotations]:
    """The events by observation."""
    by_observation: dict[str, list[Event]] = {}
    videos: dict[str, str] = {}
    for table in tables_of(source):
        at = table.find(*COLUMNS)
        if at is None:
            continue
        names = table.rows[at].cells
        columns = {"time": COLUMNS[0], "behavior": COLUMNS[1], "event": COLUMNS[2]}
        columns |= {"subject": "Subject"} if "Subject" in names else {}
        for one in records(source, table, at):
            event = event_of(source, one, columns)
            if event is not None:
                name = one["Observation"]
                by_observation.setdefault(name, []).append(event)
                videos.setdefault(name, video_in(one["Video"] or one["Video_File"]) or name)
    source.settle()
    for name, events in by_observation.items():
        alone = len(by_observation) == 1 and videos[name] == name
        bouts = tuple(paired(source, events))
        yield Annotations(tool=TOOL, unit=SECONDS, bouts=bouts, video="" if alone else videos[name])
    if not by_observation:
        raise source.refusal("has no events")
