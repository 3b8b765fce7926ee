"""Tabular events of BORIS, a line for each start and stop, in the three layouts that its versions write.

Up to version 7 a few lines stand above the table; 8.0 has a table alone, and later ones a column with the time offset
besides. Columns of the user's own stand anywhere between, so they go by name. Seconds contain the time offset; the stop
does not belong to a bout.
"""

from collections.abc import Iterator

from harness.data.incoming.boris import TOOL, Observation, annotations_of, late_note, media_in, media_of, numbers_in
from harness.data.incoming.pairing import POINT, START, STOP, Event
from harness.data.incoming.tabular import Cells, records, tables_of
from harness.files.source import Source
from harness.files.texts import Table
from harness.plugins.readers import Annotations, annotation_reader
from harness.words import shown

OLD = ("Time", "Media file path", "Total length", "FPS", "Subject", "Behavior", "Status")
NEW = ("Observation id", "Source", "Subject", "Behavior", "Behavior type", "Time")

ENDINGS = (".csv", ".tsv", ".txt", ".xlsx")


def _knows(source: Source) -> bool:
    tables = tables_of(source, top=True)
    return any(table.find(*OLD) is not None or table.find(*NEW) is not None for table in tables)


@annotation_reader("boris_tabular", tool=TOOL, endings=ENDINGS, recognises=_knows)
def boris_tabular(source: Source) -> Iterator[Annotations]:
    observations: dict[str, Observation] = {}
    indices: dict[str, list[tuple[float, str]]] = {}
    for table in tables_of(source):
        if table.find(*OLD) is not None:
            _old(source, table, observations)
        elif table.find(*NEW) is not None:
            _new(source, table, observations, indices)
    source.settle()
    if not observations:
        raise source.refusal("has no events")
    for name, one in observations.items():
        note = late_note(indices.get(name, ()), one.media[0].fps if one.media else None)
        one.notes += [note] if note else []
        yield from annotations_of(source, one)


def _old(source: Source, table: Table, observations: dict[str, Observation]) -> None:
    at = table.find(*OLD)
    assert at is not None
    above = {row.cells[0]: row.cells[1] for row in table.rows[:at] if len(row.cells) > 1}
    offset = _offset(source, above.get("Time offset (s)", ""))
    for one in records(source, table, at):
        video = one["Media file path"]
        name = above.get("Observation id") or video
        rates, lengths = numbers_in(one["FPS"]), numbers_in(one["Total length"])
        known = observations.setdefault(f"{name} {video}", Observation(name, offset, media_of([video], lengths, rates)))
        _add(source, known, one, one["Status"])


def _new(
    source: Source,
    table: Table,
    observations: dict[str, Observation],
    indices: dict[str, list[tuple[float, str]]],
) -> None:
    at = table.find(*NEW)
    assert at is not None
    for one in records(source, table, at):
        name = one["Observation id"]
        if name not in observations:
            offset = _offset(source, one.get("Time offset (s)", ""))
            names = [media for media in media_in(one["Source"]) if media and media != "NA"]
            media = media_of(names, numbers_in(one.get("Media duration (s)", "")), numbers_in(one.get("FPS", "")))
            observations[name] = Observation(name, offset, media)
        event = _add(source, observations[name], one, one["Behavior type"])
        if event is not None and len(observations[name].media) == 1:
            time = event.time - observations[name].offset
            indices.setdefault(name, []).append((time, one.get("Image index", "")))


def _add(source: Source, observation: Observation, one: Cells, status: str) -> Event | None:
    time = one.number("Time")
    if not one["Behavior"]:
        source.report("has no behavior", line=one.line)
        return None
    if status.upper() not in (START, STOP, POINT):
        source.report(f"{shown(repr(status))} should be one of {START}, {STOP}, {POINT}", line=one.line)
        return None
    if time is None:
        return None
    modifiers = "|".join(value for name, value in one.cells.items() if name.startswith("Modifier") and value)
    event = Event(time, one["Subject"], one["Behavior"], modifiers, status.upper(), one.line)
    observation.events.append(event)
    return event


def _offset(source: Source, cell: str) -> float:
    if cell in ("", "NA"):
        return 0.0
    try:
        return float(cell.replace(",", "."))
    except ValueError:
        source.report(f"time offset {shown(repr(cell))} is no number of seconds")
        return 0.0
