"""Tables of DeepLabCut as HDF5, as pandas writes them: of the kind *fixed* or *table*, under whichever key.

Their names are those of the csv. In a *table* they are pickled in an attribute (protocol 0), of which nothing is run.
"""

import io
import re
from collections.abc import Iterator

import numpy as np

from harness.data.incoming.deeplabcut import COORDS, INDIVIDUALS, PARTS, SCORER, columns_of, frames_in, tracks_of
from harness.data.pickle_parser import Parser
from harness.files.hdf5 import Hdf5, column
from harness.files.source import Source
from harness.plugins.readers import Tracks, pose_reader
from harness.recording import Array
from harness.words import counted, listed, shown

LEVELS = {3: (SCORER, PARTS, COORDS), 4: (SCORER, INDIVIDUALS, PARTS, COORDS)}
"""By their number."""

TRAINING = "training labels of {}, not tracks of a video; give what analyzing the video has written, VIDEODLC_..."


def _keys(source: Source) -> list[str]:
    """The groups that hold a table of pandas."""
    fixed = [name.removesuffix("/block0_values") for name in source.shapes if name.endswith("/block0_values")]
    tables = [name.removesuffix("/table") for name in source.shapes if re.fullmatch(r"[^/]+/table", name)]
    return [*fixed, *tables]


@pose_reader(
    "deeplabcut_h5", tool="DeepLabCut", endings=(".h5", ".hdf5"), recognises=lambda source: bool(_keys(source))
)
def deeplabcut_h5(source: Source) -> Iterator[Tracks]:
    keys = _keys(source)
    if len(keys) > 1:
        raise source.refusal(f"holds several tables ({listed(keys)}), expected one")
    with source.hdf5() as file:
        read = _table if f"{keys[0]}/table" in file else _fixed
        names, index, values = read(source, file, keys[0])
    levels = LEVELS.get(len(names))
    if levels is None:
        wanted = f"{SCORER}, {INDIVIDUALS} (or none), {PARTS}, {COORDS}"
        raise source.refusal(f"its columns have {counted(len(names), 'level')} of names, expected {wanted}")
    by_level = {name: cells for name, cells in zip(levels, names, strict=True) if name != SCORER}
    columns = columns_of(source, by_level)
    if values.shape != (len(index), len(columns)):
        raise source.refusal(f"holds {values.shape} values for {len(index):,} rows and {len(columns):,} columns")
    if not len(index):
        raise source.refusal("has names of columns and no frames")
    frames = frames_in(source, index)
    yield tracks_of(source, columns, frames, values, tool="DeepLabCut", ends_early=INDIVIDUALS in by_level)


def _fixed(source: Source, file: Hdf5, key: str) -> tuple[list[list[str]], Array, Array]:
    """Names by level, index and values of the kind *fixed*, whose values are in a block for each type."""
    if f"{key}/axis1" not in file:
        raise source.refusal(TRAINING.format(counted(file.shapes[f"{key}/block0_values"][0], "image")))
    blocks = [name for name in file.inside(key) if re.fullmatch(r"block\d+_values", name)]
    names: list[list[str]] = []
    values = []
    for block in blocks:
        items = block.removesuffix("_values") + "_items"
        for level, cells in enumerate(_cells(source, file, f"{key}/{items}")):
            if level == len(names):
                names.append([])
            names[level] += cells
        values.append(np.asarray(file.numbers(f"{key}/{block}"), dtype=np.float64))
    if any(one.ndim != 2 for one in values) or len({len(one) for one in values}) > 1:
        raise source.refusal("its blocks of values are of different lengths")
    return names, _numbered(source, file.numbers(f"{key}/axis1")), np.concatenate(values, axis=1)


def _cells(source: Source, file: Hdf5, items: str) -> Iterator[list[str]]:
    """The names of columns, level by level: each is a number in a list of names."""
    level = 0
    while f"{items}_level{level}" in file:
        known = file.texts(f"{items}_level{level}")
        codes = np.ravel(file.numbers(f"{items}_label{level}"))
        if codes.dtype.kind not in "iu" or (len(codes) and not 0 <= codes.min() <= codes.max() < len(known)):
            raise source.refusal(f"{items}_label{level}: refers to names that are not there")
        yield [known[code] for code in codes.tolist()]
        level += 1


def _table(source: Source, file: Hdf5, key: str) -> tuple[list[list[str]], Array, Array]:
    """The same of the kind *table*."""
    count = file.shapes[f"{key}/table"][0] if file.shapes[f"{key}/table"] else 0
    pickled = file.attribute("non_index_axes", key)
    if not isinstance(pickled, bytes | str):
        raise source.refusal("its table has no names of columns (attribute non_index_axes)")
    names = _names(source, pickled if isinstance(pickled, bytes) else pickled.encode("latin-1", "replace"))
    if file.text("index_kind", f"{key}/table").strip("'\"\nVp0.") not in ("integer", ""):
        raise source.refusal(TRAINING.format(counted(count, "image")))
    rows = file.numbers(f"{key}/table")
    values = column(rows, "values_block_0")
    if values.ndim != 2:
        raise source.refusal(f"values_block_0 is {values.shape}, expected rows and columns")
    return names, _numbered(source, column(rows, "index")), np.asarray(values, dtype=np.float64)


def _names(source: Source, pickled: bytes) -> list[list[str]]:
    """The names of columns by level, from `[(1, [(scorer, ..., coord), ...])]`."""
    parser = Parser()
    try:
        tree = parser.parse(io.BytesIO(pickled))
    except (ValueError, RecursionError, MemoryError) as error:
        tree = error
    if parser.refused:
        raise source.refusal(f"refused: the names of its columns ask for {listed(parser.refused)}, and nothing is run")
    match tree:
        case [(int(), [*columns])] if columns and all(_is_column(one, len(columns[0])) for one in columns):
            return [list(cells) for cells in zip(*columns, strict=True)]
    raise source.refusal("the names of its columns (attribute non_index_axes) are damaged, or of another kind of table")


def _is_column(one: object, levels: int) -> bool:
    return isinstance(one, tuple) and len(one) == levels and all(isinstance(cell, str) for cell in one)


def _numbered(source: Source, index: Array) -> Array:
    if index.ndim != 1 or index.dtype.kind not in "iuf":
        raise source.refusal(f"its index is {shown(str(index.dtype))} {index.shape}, expected numbers of frames")
    return index.astype(np.float64)
