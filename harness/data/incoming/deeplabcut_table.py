"""DeepLabCut's tables as csv, which Lightning Pose writes too: rows of names, then a row for each frame."""

from harness.data.incoming.deeplabcut import COORDS, INDIVIDUALS, PARTS, SCORER, columns_of, frames_in, tracks_of
from harness.files.source import Source
from harness.plugins.readers import Tracks
from harness.words import shown

LIGHTNING = ("heatmap_tracker", "heatmap_mhcrnn_tracker", "heatmap_multiview", "regression_tracker", "ensemble-kalman")
"""What scorers of Lightning Pose and its smoother (EKS) are called, or begin with."""

LEVELS = (SCORER, INDIVIDUALS, PARTS, COORDS)
"""Of the names of columns."""

TRAINING = "labeled-data"
"""What the first cell of a row of training labels holds or begins with."""


def header_rows(source: Source) -> list[list[str]]:
    """The rows of names that the file begins with, each as cells."""
    rows = []
    for line in source.lines(len(LEVELS)):
        cells = [cell.strip().strip('"') for cell in line.rstrip("\r").split(separator_of(source))]
        rows.append(cells)
        if cells[0].lower() == COORDS:
            break
    return rows


def separator_of(source: Source) -> str:
    """Some spreadsheets save a csv with semicolons."""
    return ";" if source.top_lines[0].count(";") > source.top_lines[0].count(",") else ","


def is_table(source: Source) -> bool:
    """Whether the file begins as such tables do, be they tracks or training labels."""
    rows = header_rows(source)
    return rows[0][0].lower() == SCORER and len(rows) > 1


def is_training(source: Source) -> bool:
    """Whether it is of training labels, whose rows are images."""
    after = len(header_rows(source))
    lines = source.lines(len(LEVELS) + 1)
    first = lines[after] if len(lines) > after else ""
    cells = [cell.strip().strip('"') for cell in first.split(separator_of(source))]
    named = source.name.startswith("CollectedData")
    return named or cells[0].replace("\\", "/").startswith(TRAINING) or cells[0].lower().endswith((".png", ".jpg"))


def scorer(source: Source) -> str:
    return header_rows(source)[0][1] if len(header_rows(source)[0]) > 1 else ""


def is_lightning(source: Source) -> bool:
    """Whether Lightning Pose or its smoother wrote it."""
    return scorer(source).startswith(LIGHTNING)


def read_table(source: Source, tool: str) -> Tracks:
    """The tracks of such a table. Raises `DataError` with every problem."""
    rows = header_rows(source)
    names = [cells[0].lower() for cells in rows]
    if names not in ([SCORER, PARTS, COORDS], [SCORER, INDIVIDUALS, PARTS, COORDS]):
        raise source.refusal(
            f"its first rows are {shown(', '.join(names))}, expected {SCORER}, {INDIVIDUALS} (or none), {PARTS}, "
            f"{COORDS}"
        )
    levels = {name: cells[1:] for name, cells in zip(names, rows, strict=True) if name != SCORER}
    columns = columns_of(source, levels, len(rows))
    values = source.numbers(len(rows), separator_of(source), len(columns) + 1)
    if not len(values):
        raise source.refusal("has names of columns and no frames")
    frames = frames_in(source, values[:, 0], len(rows) + 1)
    several = INDIVIDUALS in levels
    return tracks_of(source, columns, frames, values[:, 1:], tool=tool, ends_early=several)
