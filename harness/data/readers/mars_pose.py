"""Poses of MARS (Segalin et al. 2021): json of all frames, the black mouse first, which is the resident.

What it calls right is called left in CalMS21, which was made with it.
"""

import re
from collections.abc import Iterator

from harness.data.incoming.nested import nested_numbers
from harness.files.source import Source
from harness.plugins.readers import XY, Tracks, pose_reader
from harness.words import counted, listed, numbered

TOOL = "MARS"

MICE = ("resident", "intruder")

PARTS = ("nose", "right_ear", "left_ear", "neck", "right_side", "left_side", "tail_base")
"""Seen from above."""

_BEGINNING = re.compile(r'\s*\{\s*"(?:keypoints"\s*:\s*\[\s*\[\s*\[\s*\[|(?:scores|bbox|bscores)"\s*:\s*\[\s*\[)')


def _knows(source: Source) -> bool:
    return _BEGINNING.match(source.top) is not None


@pose_reader("mars_pose", tool=TOOL, endings=(".json",), recognises=_knows)
def mars_pose(source: Source) -> Iterator[Tracks]:
    """Both mice, on every frame."""
    content = source.json()
    if not isinstance(content, dict) or "keypoints" not in content:
        has = listed(content, 8) if isinstance(content, dict) else "a list"
        raise source.refusal(f"has no keypoints; it has {has}")
    try:
        keypoints = nested_numbers(content["keypoints"], 4, "keypoints")  # (frames, mice, xy, parts)
        scores = nested_numbers(content["scores"], 3, "scores") if "scores" in content else None
    except ValueError as error:
        raise source.refusal(str(error)) from error
    frames, mice, coordinates, parts = keypoints.shape
    if coordinates != XY:
        source.report(f"keypoints are {keypoints.shape}, expected (frames, mice, 2 for x and y, parts)")
    if scores is not None and scores.shape != (frames, mice, parts):
        source.report(f"scores are {scores.shape}, expected {(frames, mice, parts)}, one for each keypoint")
    source.settle()
    notes = []
    names: tuple[str, ...] = PARTS
    if parts != len(PARTS):
        names = numbered("part", parts)
        notes.append(f"what its {counted(parts, 'part')} are is not said")
    yield Tracks(
        tool=TOOL,
        animals=MICE if mice == len(MICE) else numbered("animal", mice),
        parts=names,
        keypoints=keypoints,
        confidence=scores,
        notes=tuple(notes),
    )
