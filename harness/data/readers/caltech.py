"""Text of the Caltech Behavior Annotator, as Piotr's toolbox writes it: streams S1, S2 and on, each without a gap.

Frames are counted from 1, and the end of a line belongs to it. What is called `base` is nothing in particular.
"""

import re
from collections.abc import Iterator

from harness.files.source import Source
from harness.plugins.readers import FRAMES, Annotations, Bout, annotation_reader
from harness.words import shown

TITLE = "Caltech Behavior Annotator"

NOTHING = ("base", "other")
"""What a stream has where none of the behaviors is."""

_STREAM = re.compile(r"S(\d+):\s+start\s+end\s+type", re.IGNORECASE)
_BOUT = re.compile(r"(\d{1,12})\s+(\d{1,12})\s+(\S.*)")


def _knows(source: Source) -> bool:
    return source.top.startswith(TITLE)


@annotation_reader("caltech", tool=TITLE, endings=(".txt", ".annot"), recognises=_knows)
def caltech(source: Source) -> Iterator[Annotations]:
    """The bouts of all streams together."""
    declared: dict[str, None] = {}
    bouts: list[Bout] = []
    ends: dict[str, int] = {}
    stream, gapless = "", True
    for number, line in enumerate(source.text().split("\n")[1:], start=2):
        text = line.strip()
        if not text or not text.strip("-") or text.startswith("Configuration file"):
            continue
        if match := _STREAM.fullmatch(text):
            stream, gapless = match[1], True
            if stream in ends:
                source.report(f"stream S{stream} is there twice, expected once", line=number)
            ends[stream] = 0
        elif not stream:
            declared[text.split("\t")[0].strip()] = None
        elif match := _BOUT.fullmatch(text):
            start, end, name = int(match[1]), int(match[2]), match[3].strip()
            if name not in declared:
                source.report(f"{shown(repr(name))} is not among the behaviors at the top of the file", line=number)
            if end < start:
                source.report(f"ends at frame {end} before it starts at {start}", line=number)
            elif gapless and start != ends[stream] + 1:
                said = f"starts at frame {start:,}, expected {ends[stream] + 1:,}, as a stream has no gap"
                source.report(said, line=number)
            elif name not in NOTHING:
                bouts.append(Bout(name, start - 1, end, line=number))
            ends[stream], gapless = max(end, ends[stream]), end >= start
        else:
            source.report(f"{shown(repr(text), 60)} is no start, end and type", line=number)
            gapless = False  # what a line that cannot be read leaves open is told once
    if not ends:
        source.report("has no stream; S1 and what is in it should follow the behaviors")
    source.settle()
    behaviors = tuple(name for name in declared if name not in NOTHING)
    length = max(ends.values())
    yield Annotations(tool=TITLE, unit=FRAMES, bouts=tuple(bouts), length=length, behaviors=behaviors)
