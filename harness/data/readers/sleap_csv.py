"""Tables of SLEAP as csv: `track`, `frame_idx`, `instance.score`, then NODE.x, NODE.y, NODE.score of each part.

A row is of an animal on a frame, in any order; frames without an animal have none, and so the last ones are not there.
"""

from collections.abc import Iterator

import numpy as np

from harness.data.incoming.sleap import TOOL, UNTRACKED, Instances, tracks_of
from harness.files.source import Source
from harness.plugins.readers import Tracks, pose_reader
from harness.words import shown

FIRST = ["track", "frame_idx", "instance.score"]


def _header(source: Source) -> list[str]:
    return [cell.strip().strip('"') for cell in source.top_lines[0].split(",")]


@pose_reader("sleap_csv", tool=TOOL, endings=(".csv",), recognises=lambda source: _header(source)[:3] == FIRST)
def sleap_csv(source: Source) -> Iterator[Tracks]:
    header, *rows = source.table(",").rows
    names = list(header.cells)
    parts = [name.removesuffix(".x") for name in names if name.endswith(".x")]
    wanted = FIRST + [f"{part}.{end}" for part in parts for end in ("x", "y", "score")]
    if not parts or names != wanted or len(set(parts)) < len(parts):
        raise source.refusal(
            "its columns are not track, frame_idx, instance.score, and x, y and score of each part, each once", line=1
        )
    if not rows:
        raise source.refusal("has names of columns and no animals")
    tracks: dict[str, int] = {}
    places = np.full(len(rows), UNTRACKED, dtype=np.int64)
    values = np.full((len(rows), len(names)), np.nan)
    for at, row in enumerate(rows):
        if len(row.cells) != len(names):
            source.report(f"has {len(row.cells)} cells, expected {len(names)}", line=row.number)
            continue
        if row.cells[0]:
            places[at] = tracks.setdefault(row.cells[0], len(tracks))
        for place, cell in enumerate(row.cells[1:], start=1):
            try:
                values[at, place] = float(cell) if cell else np.nan
            except ValueError:
                source.report(f"{shown(names[place])}: {shown(repr(cell), 40)}, expected a number", line=row.number)
        frame = values[at, 1]
        if not np.isfinite(frame) or frame < 0 or frame != int(frame) or frame >= 2**40:
            source.report(
                f"frame_idx: {shown(repr(row.cells[1]), 40)}, expected the number of a frame", line=row.number
            )
    source.settle()
    points = values[:, 3:].reshape(len(rows), len(parts), 3)
    xy = np.where(np.isfinite(points[..., :2]).all(axis=2, keepdims=True), points[..., :2], np.nan)
    instances = Instances(values[:, 1].astype(np.int64), places, xy, points[..., 2])
    yield tracks_of(source, instances, list(tracks), parts)
