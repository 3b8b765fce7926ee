"""What `train.csv` and `test.csv` of Kaggle's MABe challenge of 2025 say of a video.

They lie two folders above the files of videos: train_tracking/LAB/VIDEO.parquet is of the row of `train.csv` with that
lab_id and video_id.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from harness.errors import DataError
from harness.files.source import Source
from harness.files.texts import table_in
from harness.words import shown

TOOL = "MABe 2025 (Kaggle)"

ITSELF = "self"
"""What the whitelist has for the target of an act that is done to nobody else."""


@dataclass(frozen=True, slots=True)
class About:
    """A video."""

    fps: float | None = None
    image_size: tuple[int, int] | None = None
    pixels_per_cm: float | None = None
    labelled: tuple[tuple[str, str, str], ...] | None = None
    """Agent, target and action of what was annotated; None where that is not said."""
    note: str = ""


def mouse(number: int) -> str:
    """What the mouse of a number in the Parquet files is called in everything else."""
    return f"mouse{number}"


def about(source: Source) -> About:
    """What is said of the video that a file is of. Raises `DataError` where that cannot be read."""
    folder = source.path.absolute().parents
    name = f"{folder[1].name.partition('_')[0]}.csv" if len(folder) > 2 else "train.csv"
    if len(folder) < 3 or not os.path.isfile(path := folder[2] / name):
        return About(
            note=f"no {shown(name)} two folders above it, which would say the frame rate and what was annotated"
        )
    try:
        return _of_row(source, _row(Source.at(path), folder[0].name, source.path.stem), name)
    except DataError as error:
        raise source.refusal(f"needs {shown(error.lines[0], 300)}") from error
    except ValueError as error:
        raise source.refusal(f"{shown(name)} of this video: {shown(str(error), 200)}") from error


def _row(table: Source, lab: str, video: str) -> Mapping[str, str] | None:
    """Cells by column. Only lines that name the video are taken apart, as there are thousands of others."""
    lines = _lines(table.path, table.path.stat().st_mtime_ns)
    rows = table_in("\n".join([lines[0], *(line for line in lines[1:] if video in line)]), ",").rows
    header = rows[0].cells if rows else ()
    for row in rows[1:]:
        cells = dict(zip(header, row.cells, strict=False))
        if cells.get("video_id") == video and cells.get("lab_id", lab) == lab:
            return cells
    return None


@lru_cache(maxsize=1)
def _lines(path: Path, changed: int) -> list[str]:
    """Of a table as it was last `changed`: it is one for thousands of videos, and is read once."""
    del changed
    return Source.at(path).text().split("\n")


def _of_row(source: Source, row: Mapping[str, str] | None, name: str) -> About:
    if row is None:
        return About(
            note=f"{shown(name)} has no row of this video, which would say the frame rate and what was annotated"
        )
    width, height = (_number(row, f"video_{side}_pix") for side in ("width", "height"))
    size = (round(width), round(height)) if width and height else None
    return About(_number(row, "frames_per_second"), size, _number(row, "pix_per_cm_approx"), _labelled(row))


def _number(row: Mapping[str, str], name: str) -> float | None:
    cell = row.get(name, "")
    if not cell:
        return None
    try:
        value = float(cell)
    except ValueError as error:
        raise ValueError(f"{name} is {shown(repr(cell), 40)}, expected a number") from error
    if not 0 < value < 1e6:
        raise ValueError(f"{name} is {value:g}, expected a number above 0")
    return value


def _labelled(row: Mapping[str, str]) -> tuple[tuple[str, str, str], ...] | None:
    """The whitelist, without the quotes that stray in that of some labs."""
    cell = row.get("behaviors_labeled", "")
    try:
        found = json.loads(cell) if cell else []
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"behaviors_labeled is {shown(repr(cell), 60)}, expected a list in JSON") from error
    if not isinstance(found, list) or not all(isinstance(one, str) and one.count(",") == 2 for one in found):
        raise ValueError(f"behaviors_labeled is {shown(repr(cell), 60)}, expected agent,target,action of each")
    acts = [tuple(part.strip("' ") for part in one.split(",")) for one in found]
    return tuple(dict.fromkeys((agent, target, action) for agent, target, action in acts)) or None
