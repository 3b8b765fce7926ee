"""Tables of DeepLabCut as csv: three rows of names, or four where there are several animals, then a row for each frame.

x, y and likelihood in pixels from the top left; rows are numbered from 0. A file of several animals ends with the last
frame on which one was seen. Lightning Pose writes the same.
"""

from collections.abc import Iterator

from harness.data.incoming.deeplabcut import COORDS, INDIVIDUALS, PARTS, SCORER, columns_of, frames_in, tracks_of
from harness.files.source import Source
from harness.plugins.readers import Tracks, pose_reader
from harness.words import counted

LIGHTNING = ("heatmap_tracker", "heatmap_mhcrnn_tracker", "heatmap_multiview", "regression_tracker", "ensemble-kalman")
"""What scorers of Lightning Pose and its smoother (EKS) are called, or begin with."""

TRAINING = "labeled-data"
"""What the first cell of a row of training labels holds or begins with."""


def _rows(source: Source) -> list[list[str]]:
    """The rows of names that the file begins with, each as cells."""
    rows = []
    for line in source.top_lines[:4]:
        cells = [cell.strip().strip('"') for cell in line.rstrip("\r").split(source_separator(source))]
        rows.append(cells)
        if cells[0].lower() == COORDS:
            break
    return rows


def source_separator(source: Source) -> str:
    """Some spreadsheets save a csv with semicolons."""
    return ";" if source.top_lines[0].count(";") > source.top_lines[0].count(",") else ","


def is_table(source: Source) -> bool:
    """Whether the file begins as such tables do, be they tracks or training labels."""
    rows = _rows(source)
    return rows[0][0].lower() == SCORER and len(rows) > 1


def is_training(source: Source) -> bool:
    """Whether it is of training labels, whose rows are images."""
    after = len(_rows(source))
    lines = source.top_lines
    first = lines[after] if len(lines) > after else ""
    cells = [cell.strip().strip('"') for cell in first.split(source_separator(source))]
    named = source.name.startswith("CollectedData")
    return named or cells[0].replace("\\", "/").startswith(TRAINING) or cells[0].lower().endswith((".png", ".jpg"))


def scorer(source: Source) -> str:
    return _rows(source)[0][1] if len(_rows(source)[0]) > 1 else ""


def _knows(source: Source) -> bool:
    return is_table(source) and not is_training(source) and not scorer(source).startswith(LIGHTNING)


@pose_reader("deeplabcut_csv", tool="DeepLabCut", endings=(".csv",), recognises=_knows)
def deeplabcut_csv(source: Source) -> Iterator[Tracks]:
    yield read(source, "DeepLabCut")


@pose_reader(
    "lightning_pose_csv",
    tool="Lightning Pose",
    endings=(".csv",),
    recognises=lambda source: is_table(source) and not is_training(source) and scorer(source).startswith(LIGHTNING),
)
def lightning_pose_csv(source: Source) -> Iterator[Tracks]:
    yield read(source, "Lightning Pose")


@pose_reader(
    "deeplabcut_training_labels",
    tool="DeepLabCut",
    endings=(".csv",),
    recognises=lambda source: is_table(source) and is_training(source),
    only_refuses=True,
)
def deeplabcut_training_labels(source: Source) -> Iterator[Tracks]:
    """Refused, as it holds no tracks."""
    images = sum(bool(line.strip()) for line in source.text().split("\n")[len(_rows(source)) :])
    way = "give what analyzing the video has written, VIDEODLC_..."
    raise source.refusal(f"training labels of {counted(images, 'image')}, not tracks of a video; {way}")


def read(source: Source, tool: str) -> Tracks:
    """The tracks of such a table."""
    rows = _rows(source)
    names = [cells[0].lower() for cells in rows]
    if names not in ([SCORER, PARTS, COORDS], [SCORER, INDIVIDUALS, PARTS, COORDS]):
        raise source.refusal(
            f"its first rows are {', '.join(names)}, expected {SCORER}, {INDIVIDUALS} (or none), {PARTS}, {COORDS}"
        )
    levels = {name: cells[1:] for name, cells in zip(names, rows, strict=True) if name != SCORER}
    columns = columns_of(source, levels, len(rows))
    values = source.numbers(len(rows), source_separator(source), len(columns) + 1)
    if not len(values):
        raise source.refusal("has names of columns and no frames")
    frames = frames_in(source, values[:, 0], len(rows) + 1)
    several = INDIVIDUALS in levels
    return tracks_of(source, columns, frames, values[:, 1:], tool=tool, ends_early=several)
