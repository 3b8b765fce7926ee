"""Annotations of BENTO (`.annot`), in the three kinds that there are.

MATLAB's counts frames from 1, as such or as frame / fps in seconds (a dot tells), and the last frame belongs to a bout:
its duration is stop - start and a frame. Python's (`v2` in the first line) has seconds from 0, and the stop does not
belong to a bout. Others write the same with ends of their own, so the duration decides.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.data.incoming.framewise import NOTHING
from harness.files.source import Source
from harness.plugins.readers import EVERY, FRAMES, SECONDS, Annotations, Bout, annotation_reader
from harness.words import counted, shown

TOOL = "BENTO"

TITLE = "Bento annotation file"

_NUMBER = re.compile(r"\d{1,12}(\.\d{1,20})?([eE][-+]?\d{1,3})?")


@dataclass(slots=True)
class _Sheet:
    """What the lines of a file say."""

    values: dict[str, str] = field(default_factory=dict)
    """What stands above the lists, by name."""
    behaviors: list[str] = field(default_factory=list)
    channels: dict[str, int] = field(default_factory=dict)
    """To the number of their bouts."""
    rows: list[tuple[int, str, float, float, float]] = field(default_factory=list)
    """Line, behavior, start, stop, duration."""
    dotted: bool = False
    """Whether a time has a dot."""


@annotation_reader(
    "bento", tool=TOOL, endings=(".annot", ".txt"), recognises=lambda source: source.top.startswith(TITLE)
)
def bento(source: Source) -> Iterator[Annotations]:
    sheet = _read(source)
    fps = _number(source, sheet, "Annotation framerate")
    first, last = (_number(source, sheet, f"Annotation {side} frame") for side in ("start", "stop"))
    source.settle()
    if fps is None or fps <= 0:
        raise source.refusal("has no 'Annotation framerate' above 0, which says what its times are")
    python = "v2" in source.top_lines[0]
    in_seconds = python or sheet.dotted
    included = _is_included(source, sheet, fps if in_seconds else 1.0)
    source.settle()
    bouts = []
    for line, behavior, start, stop, _ in sheet.rows:
        if python:
            bouts.append(Bout(behavior, start, stop + (1 / fps if included else 0.0), line=line))
        else:
            begin, end = (round(time * fps) if in_seconds else int(time) for time in (start, stop))
            bouts.append(Bout(behavior, begin - 1, end - (not included), line=line))
    unit, scale = (SECONDS, fps) if python else (FRAMES, 1.0)
    whole = first is None or first <= 1
    looked_at = None
    if not whole and first is not None:
        looked_at = (Bout(EVERY, (first - 1) / scale, None if last is None else last / scale, EVERY),)
    used = [channel for channel, count in sheet.channels.items() if count]
    yield Annotations(
        tool=TOOL,
        unit=unit,
        bouts=tuple(bout for bout in bouts if bout.behavior.lower() not in NOTHING),
        fps=fps,
        length=None if last is None else last / scale,
        behaviors=tuple(name for name in sheet.behaviors if name.lower() not in NOTHING),
        looked_at=looked_at,
        notes=(f"bouts of {counted(len(used), 'channel')} are put together",) if len(used) > 1 else (),
    )


def _read(source: Source) -> _Sheet:
    sheet = _Sheet()
    listing = channel = behavior = ""
    for number, line in enumerate(source.text().split("\n")[1:], start=2):
        text = line.strip()
        if not text or re.match(r"start\s+stop", text, re.IGNORECASE):
            continue
        if match := re.fullmatch(r"List of (channels|annotations):?", text, re.IGNORECASE):
            listing = match[1].lower()
        elif match := re.fullmatch(r"(.*?)-{5,}", text):
            channel, listing, behavior = match[1], "", ""
            sheet.channels[channel] = 0
        elif channel and text.startswith(">"):
            behavior = text[1:].strip()
            if behavior not in sheet.behaviors:
                source.report(f"{shown(repr(behavior))} is not in the list of annotations", line=number)
        elif listing == "annotations":
            sheet.behaviors.append(text)
        elif channel:
            _add(source, sheet, text, channel, behavior, number)
        elif not listing and ":" in text:
            name, _, value = text.partition(":")
            sheet.values[name.strip()] = value.strip()
    if not sheet.channels:
        source.report("has no channel; a line such as Ch1---------- should follow the list of annotations")
    return sheet


def _add(source: Source, sheet: _Sheet, text: str, channel: str, behavior: str, line: int) -> None:
    cells = text.split()
    if not behavior or len(cells) != 3 or not all(map(_NUMBER.fullmatch, cells)):
        expected = "start, stop and duration below the name of a behavior"
        source.report(f"{shown(repr(text), 60)}, expected {expected}", line=line)
        return
    start, stop, duration = map(float, cells)
    if not stop < 1e12 or not duration < 1e12 or not start < 1e12:
        source.report(f"{shown(repr(text), 60)}, expected times of a video", line=line)
        return
    if stop < start:
        source.report(f"ends at {cells[1]} before it starts at {cells[0]}", line=line)
        return
    sheet.dotted = sheet.dotted or any("." in cell for cell in cells)
    sheet.rows.append((line, behavior, start, stop, duration))
    sheet.channels[channel] += 1


def _is_included(source: Source, sheet: _Sheet, rate: float) -> bool:
    """Whether the last frame belongs to a bout, by all durations; `rate` is of a frame in the unit of the times."""
    found: bool | None = None
    for line, _, start, stop, duration in sheet.rows:
        over = (duration - (stop - start)) * rate
        if min(abs(over), abs(over - 1)) > 0.25:
            said = f"lasts {duration:g} from {start:g} to {stop:g}, expected their difference, or a frame more"
            source.report(said, line=line)
            continue
        included = over > 0.5
        if found is not None and included != found:
            source.report("its duration counts the last frame otherwise than that of the bouts before", line=line)
        found = included if found is None else found
    return bool(found)


def _number(source: Source, sheet: _Sheet, name: str) -> float | None:
    cell = sheet.values.get(name, "")
    if not cell:
        return None
    if not _NUMBER.fullmatch(cell) or not float(cell) < 1e12:
        source.report(f"{name}: {shown(repr(cell), 40)}, expected a number")
        return None
    return float(cell)
