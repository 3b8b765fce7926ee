"""Aggregated events of BORIS, a line for each bout, in seconds that contain the time offset.

The stop does not belong to a bout; a point event starts when it stops.
"""

from collections.abc import Iterator

from harness.data.incoming.boris import TOOL, Observation, annotations_of, media_in, media_of, numbers_in
from harness.data.incoming.pairing import NOBODY, POINT
from harness.data.incoming.tabular import records, tables_of
from harness.files.source import Source
from harness.plugins.readers import Annotations, Bout, annotation_reader
from harness.words import shown

COLUMNS = ("Observation id", "Subject", "Behavior", "Behavior type", "Start (s)", "Stop (s)")

STATE = "STATE"


def _knows(source: Source) -> bool:
    return any(table.find(*COLUMNS) is not None for table in tables_of(source, top=True))


@annotation_reader("boris_aggregated", tool=TOOL, endings=(".csv", ".tsv", ".txt", ".xlsx"), recognises=_knows)
def boris_aggregated(source: Source) -> Iterator[Annotations]:
    observations: dict[str, Observation] = {}
    for table in tables_of(source):
        at = table.find(*COLUMNS)
        for one in records(source, table, at) if at is not None else ():
            name = one["Observation id"]
            if name not in observations:
                names = [media for media in media_in(one["Source"]) if media and media != "NA"]
                rates = numbers_in(one.get("FPS (frame/s)") or one.get("FPS"))
                media = media_of(names, numbers_in(one["Media duration (s)"]), rates)
                offset = one.number("Time offset (s)") if one.get("Time offset (s)") not in ("", "NA") else 0.0
                observations[name] = Observation(name, offset or 0.0, media)
            start, stop = one.number("Start (s)"), one.number("Stop (s)")
            kind = one["Behavior type"].upper()
            if kind not in (STATE, POINT):
                source.report(f"{shown(repr(kind))} should be {STATE} or {POINT}", line=one.line)
            elif not one["Behavior"]:
                source.report("has no behavior", line=one.line)
            elif start is not None and stop is not None:
                if stop < start:
                    source.report(f"stops at {stop:g} s before it starts at {start:g} s", line=one.line)
                agent = "" if one["Subject"] in NOBODY else one["Subject"]
                bout = Bout(one["Behavior"], start, stop, agent, point=kind == POINT, line=one.line)
                observations[name].bouts.append(bout)
    source.settle()
    if not observations:
        raise source.refusal("has no events")
    for observation in observations.values():
        yield from annotations_of(source, observation)
