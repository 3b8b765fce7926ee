"""Labels of JABS: json of what somebody said is there, or is not; on all other frames nobody looked.

Frames are counted from 0, and the last of a block belongs to it.
"""

import re
from collections.abc import Iterator
from pathlib import PureWindowsPath
from typing import Any, TypeGuard

from harness.files.source import Source
from harness.plugins.readers import FRAMES, Annotations, Bout, annotation_reader
from harness.words import counted, listed, shown

TOOL = "JABS labels"

MOST_FRAMES = 1_000_000_000
"""Of a video."""

_KEYS = re.compile(r'\s*\{.*"num_frames"\s*:.*"(?:unfragmented_)?labels"\s*:', re.DOTALL)


def _knows(source: Source) -> bool:
    return _KEYS.match(source.top) is not None


@annotation_reader("jabs_labels", tool=TOOL, endings=(".json",), recognises=_knows)
def jabs_labels(source: Source) -> Iterator[Annotations]:
    """Labels of each mouse, which is called by JABS's number."""
    content = source.json()
    if not isinstance(content, dict):
        raise source.refusal(f"holds a {type(content).__name__}, expected file, num_frames and labels")
    frames, video = content.get("num_frames"), content.get("file")
    if not _is_whole(frames) or not 0 < frames < MOST_FRAMES:
        raise source.refusal("num_frames is no whole number from 1 on, expected how many frames the video has")
    # As JABS does: what the tracker lost in between is labelled too.
    labels = content.get("unfragmented_labels", content.get("labels"))
    if not isinstance(labels, dict):
        raise source.refusal("has no labels by mouse; it has " + (listed(content, 8) or "nothing"))
    bouts: list[Bout] = []
    looked_at: list[Bout] = []
    behaviors: dict[str, None] = {}
    for mouse, of_mouse in labels.items():
        if not isinstance(of_mouse, dict):
            source.report(f"mouse {shown(mouse)}: has no labels by behavior")
            continue
        for behavior, blocks in of_mouse.items():
            behaviors[behavior] = None
            before = -1
            for bout, present in _blocks(source, f"mouse {shown(mouse)}, {shown(behavior)}", blocks, frames):
                if bout[0] <= before:
                    said = f"mouse {shown(mouse)}, {shown(behavior)}: the block from frame {bout[0]:,} begins"
                    source.report(f"{said} before the one above it ends")
                before = bout[1]
                looked_at.append(Bout(behavior, bout[0], bout[1] + 1, agent=mouse))
                if present:
                    bouts.append(looked_at[-1])
    source.settle()
    notes = []
    if isinstance(others := content.get("annotations"), list) and others:
        notes.append(f"{counted(len(others), 'remark')} on the timeline, of no behavior that is searched for, left out")
    yield Annotations(
        tool=TOOL,
        unit=FRAMES,
        bouts=tuple(bouts),
        video=PureWindowsPath(video).stem if isinstance(video, str) and video.isprintable() else "",
        length=frames,
        behaviors=tuple(behaviors),
        subjects=tuple(labels),
        looked_at=tuple(looked_at),
        notes=tuple(notes),
    )


def _blocks(source: Source, of: str, blocks: object, frames: int) -> Iterator[tuple[tuple[int, int], bool]]:
    """First and last frame, and whether the behavior is there."""
    if not isinstance(blocks, list):
        source.report(f"{of}: holds a {type(blocks).__name__}, expected a list of blocks")
        return
    for number, block in enumerate(blocks, start=1):
        found: dict[str, Any] = block if isinstance(block, dict) else {}
        start, end, present = (found.get(key) for key in ("start", "end", "present"))
        if not _is_whole(start) or not _is_whole(end) or not isinstance(present, bool):
            expected = "whole numbers as start and end, and true or false as present"
            source.report(f"{of}: block {number} has other things than {expected}")
        elif not 0 <= start <= end < MOST_FRAMES:
            said = f"is from frame {shown(str(start), 20)} to {shown(str(end), 20)}"
            source.report(f"{of}: block {number} {said}, expected frames from 0 on that rise")
        elif end >= frames:
            source.report(f"{of}: block {number} ends on frame {end:,}, but the last of {frames:,} is {frames - 1:,}")
        else:
            yield (start, end), present


def _is_whole(value: object) -> TypeGuard[int]:
    return type(value) is int
