"""The files of trackers and annotators as ways into the harness: every reader with its examples, found by its registry.

What a file holds is spoilt by what it is: cells of a table, numbers in HDF5, text between tags.
"""

import gzip
import io
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from random import Random
from typing import Any
from xml.sax.saxutils import escape

import h5py
import numpy as np

from harness.data.incoming.recognising import load_readers, read_annotations, read_poses
from harness.files.hdf5 import MAGIC
from harness.plugins.readers import ANNOTATION_READERS, POSE_READERS
from harness.plugins.readers import Reader as Format
from tests.data.readers.examples import Example, load_examples
from tests.fuzz.readers import (
    CELLS,
    Reader,
    Spoil,
    as_array,
    spoil_csv,
    spoil_json,
    spoil_pickled,
    spoil_poses,
    spoilt_value,
)

Read = Callable[[Path], Iterable[object]]

KINDS: dict[str, tuple[Mapping[str, Format], Read]] = {
    "poses": (POSE_READERS, read_poses),
    "annotations": (ANNOTATION_READERS, read_annotations),
}

TABLES = (".csv", ".tsv", ".txt", ".annot")

_TEXT = re.compile(r'>([^<>]+)<|="([^"]*)"')


def spoil_hdf5(content: bytes, chance: Random) -> bytes:
    """A dataset or an attribute of other values, of another type or shape, taken out, or called otherwise."""
    file = io.BytesIO(content)
    with h5py.File(file, "r+") as root:
        names: list[str] = []
        root.visit(names.append)
        for _ in range(chance.choice((1, 1, 3))):
            name = chance.choice(names)
            if name not in root:
                continue
            match chance.randrange(8):
                case 0:
                    del root[name]
                case 1:
                    root.move(name, f"{name}_")
                case 2 | 3:
                    _spoil_attribute(root[name] if chance.random() < 0.7 else root, chance)
                case _ if isinstance(root[name], h5py.Dataset):
                    _spoil_dataset(root, name, chance)
    return file.getvalue()


def _spoil_attribute(of: Any, chance: Random) -> None:
    if not of.attrs:
        return
    name = chance.choice(list(of.attrs))
    value = of.attrs[name]
    del of.attrs[name]
    if chance.random() < 0.8:
        _store(of.attrs, name, spoilt_value(value, chance), chance)


def _spoil_dataset(root: Any, name: str, chance: Random) -> None:
    attributes = dict(root[name].attrs)
    value = root[name][()]
    del root[name]
    _store(root, name, spoilt_value(value, chance), chance)
    if name in root:
        for key, one in attributes.items():
            _store(root[name].attrs, key, one, chance)


def _store(place: Any, name: str, value: Any, chance: Random) -> None:
    """Put it there as HDF5 has it; something else where HDF5 has no such thing."""
    for one in (value, as_array(value), chance.choice((0, 1.5, "x", np.zeros((2, 3))))):
        try:
            place[name] = one
        except (TypeError, ValueError, OSError, OverflowError, RuntimeError, UnicodeError):
            if name in place:
                del place[name]
        else:
            return


def spoil_xml(content: bytes, chance: Random) -> bytes:
    """What stands between tags, or in an attribute, replaced; or a stretch of it taken out, or doubled."""
    text = content.decode(errors="replace")
    for _ in range(chance.choice((1, 1, 3))):
        places = list(_TEXT.finditer(text))
        if not places:
            break
        start, end = chance.choice([match.span(match.lastindex or 0) for match in places])
        if chance.random() < 0.2:
            other = chance.choice(places).start()
            first, last = sorted((start, other))
            text = text[:first] + text[first:last] * chance.choice((0, 2)) + text[last:]
        else:
            new = escape(chance.choice(CELLS), {'"': "&quot;"})
            text = text[:start] + chance.choice((new, text[start:end] * 2, "")) + text[end:]
    return text.encode(errors="surrogatepass")


def spoil_sheets(content: bytes, chance: Random) -> bytes:
    """The same in one of the files of an xlsx file."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as spoilt:
        names = archive.namelist()
        chosen = chance.choice([name for name in names if "sheet" in name.lower() or "Strings" in name] or names)
        for name in names:
            inside = archive.read(name)
            spoilt.writestr(name, spoil_xml(inside, chance) if name == chosen else inside)
    return file.getvalue()


def _spoil_packed_json(content: bytes, chance: Random) -> bytes:
    return gzip.compress(spoil_json(gzip.decompress(content), chance), mtime=0)


def spoil_of(one: Example, content: bytes) -> Spoil | None:
    """How values in such a file are spoilt; None where only its bytes are."""
    if one.refused:
        return None
    if content.startswith(MAGIC):
        return spoil_hdf5
    if content.startswith(b"\x1f\x8b"):
        return _spoil_packed_json
    if content.startswith(b"PK"):
        return spoil_sheets if one.file.endswith(".xlsx") else spoil_poses
    if content.startswith(b"\x93NUMPY"):
        return spoil_pickled
    if content.lstrip().startswith((b"{", b"[")):
        return spoil_json
    if content.lstrip().startswith(b"<"):
        return spoil_xml
    return spoil_csv if one.file.endswith(TABLES) else None


def _reader(kind: str, one: Example) -> Reader:
    with tempfile.TemporaryDirectory() as folder:
        one.write(Path(folder) / one.file)
        content = (Path(folder) / one.file).read_bytes()
    read = KINDS[kind][1]
    return Reader(
        f"{kind} of {one.file}",
        one.file,
        (content,),
        lambda place: list(read(place / one.file)),
        lambda place: one.write(place / one.file),
        spoil_of(one, content),
    )


load_readers()

FORMATS = {
    reader.name: reader
    for kind, (registry, _) in KINDS.items()
    for one in load_examples().values()
    if one.reader in registry
    for reader in [_reader(kind, one)]
}
"""By what they give and what the example is called."""
