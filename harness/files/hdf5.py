"""HDF5 files, of which numbers and text are read and nothing else: no other file that they refer to, and no pickle."""

import mmap
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from harness.files.bounded import NEVER_TOO_LARGE, is_more_than_memory
from harness.recording import Array
from harness.words import listed, shown

MAGIC = b"\x89HDF\r\n\x1a\n"

MOST_OBJECTS = 10_000
"""Datasets and groups in a file, beyond which it is not looked at."""

LONGEST_ATTRIBUTE = 1_000_000
"""Bytes or numbers."""

MOST_PACKED = 2_000
"""Bytes that one byte of a file may unpack to: gzip, which HDF5 packs with, reaches 1,032."""

HEAP = b"GCOL\1\0\0\0"
"""What a heap of texts begins with, in all versions of HDF5 to 2.0."""

LONGEST_LOOKED_THROUGH = 1_000_000_000
"""Bytes of a file of which all heaps are looked at before."""

DAMAGED = (OSError, RuntimeError, ValueError, TypeError, KeyError, OverflowError, NotImplementedError, UnicodeError)
"""What h5py raises on content that was damaged at random."""


class Hdf5:
    """An open file. Its methods raise `ValueError`, in words, where it does not hold what is asked for."""

    def __init__(self, file: Any) -> None:
        self._file = file
        shapes: dict[str, tuple[int, ...]] = {}
        links: dict[str, str] = {}
        groups: list[str] = []
        for path, found in _objects(file):
            if isinstance(found, tuple):
                shapes[path] = found
            elif isinstance(found, str):
                links[path] = found
            else:
                groups.append(path)
        self.shapes: Mapping[str, tuple[int, ...]] = shapes
        """Path of each dataset, from the root and without a first `/`, to its shape; links are not followed."""
        self.groups: Sequence[str] = groups
        """Paths of the groups."""
        self.links: Mapping[str, str] = links
        """Path of each soft link to what it says it leads to."""

    def __contains__(self, name: str) -> bool:
        """Whether there is such a dataset."""
        return name in self.shapes

    def numbers(self, name: str, rows: slice | None = None) -> Array:
        """The booleans or numbers of a dataset, or of some of its rows; of a table they have named columns."""
        dataset = self._dataset(name)
        if dataset.dtype.hasobject or any(kind not in "biuf" for kind in _kinds(dataset.dtype)):
            raise ValueError(f"{name}: holds {dataset.dtype}, expected numbers")
        return np.asarray(self._read(name, dataset, rows))

    def table(self, name: str, *columns: str) -> Array:
        """The rows of a table that has these columns of numbers, each one number a row."""
        found = self.numbers(name)
        names: Sequence[str] = found.dtype.names or ()
        if found.ndim != 1 or any(found.dtype[one].shape for one in names):
            raise ValueError(f"{shown(name)}: has shape {found.shape}, expected rows of named numbers")
        if lacking := [one for one in columns if one not in names]:
            raise ValueError(f"{shown(name)}: has no column {listed(lacking)}; it has {listed(names, 8) or 'none'}")
        return found

    def array(self, name: str, axes: int) -> Array:
        """The numbers of a dataset that is no table, and has so many axes."""
        found = self.numbers(name) if len(self._dataset(name).shape or ()) == axes else np.zeros((0,) * (axes + 1))
        if found.ndim != axes or found.dtype.names:
            has = f"columns {listed(found.dtype.names)}" if found.dtype.names else f"shape {self.shapes[name]}"
            raise ValueError(f"{shown(name)}: has {has}, expected {axes} {'axis' if axes == 1 else 'axes'} of numbers")
        return found

    def texts(self, name: str) -> list[str]:
        """The text of a dataset: one, or a list of them."""
        dataset = self._dataset(name)
        if not _is_text(dataset.dtype):
            raise ValueError(f"{shown(name)}: holds {dataset.dtype}, expected text")
        found = np.asarray(self._read(name, dataset, None)).ravel().tolist()
        return [_text(one, name) for one in found]

    def attribute(self, name: str, of: str = "/") -> str | bytes | int | float | list[Any] | None:
        """An attribute of a dataset or group: text, bytes, numbers or a list of them; None where there is none.

        What bytes hold is not looked into.
        """
        try:
            attributes = self._file[of].attrs
            if name not in attributes:
                return None
            identity = attributes.get_id(name)
            if prod(identity.shape or ()) > LONGEST_ATTRIBUTE or identity.dtype.itemsize > LONGEST_ATTRIBUTE:
                raise ValueError(f"attribute {name}: is larger than any should be")
            if identity.dtype.hasobject and not _is_text(identity.dtype):
                return None
            value = attributes[name]
        except DAMAGED as error:
            raise ValueError(f"attribute {shown(name)}: cannot be read ({shown(str(error))})") from error
        if isinstance(value, bytes | str):
            return value
        if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biufSUO":
            plain: Any = value.tolist()
            if isinstance(plain, bytes | str | int | float | list):
                return plain
        return None

    def text(self, name: str, of: str = "/") -> str:
        """An attribute that is text; empty where there is none."""
        value = self.attribute(name, of)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        return _text(value, name) if isinstance(value, bytes | str) else ""

    def inside(self, group: str) -> list[str]:
        """What stands in a group: the first word of each dataset's path from there on, in the order of the file."""
        start = f"{group.strip('/')}/" if group.strip("/") else ""
        return list(dict.fromkeys(one[len(start) :].split("/")[0] for one in self.shapes if one.startswith(start)))

    def _dataset(self, name: str) -> Any:
        if name not in self.shapes:
            raise ValueError(f"has no {shown(name)}; it has {listed(self.shapes, 8) or 'nothing'}")
        try:
            dataset = self._file[name]
            _ = dataset.dtype, dataset.shape  # which are looked up when they are asked for
        except DAMAGED as error:
            raise ValueError(f"{shown(name)}: cannot be read ({shown(str(error))})") from error
        return dataset

    def _read(self, name: str, dataset: Any, rows: slice | None) -> Any:
        try:
            if dataset.is_virtual or dataset.external:
                raise ValueError(f"{shown(name)}: refers to another file, which is not read")
            shape = dataset.shape
            if shape is None:
                raise ValueError(f"{shown(name)}: is empty")
            count = prod(shape) if rows is None or not shape else len(range(*rows.indices(shape[0]))) * prod(shape[1:])
            nbytes = count * max(1, dataset.dtype.itemsize)
            if is_more_than_memory(nbytes):
                raise ValueError(f"{shown(name)}: claims {shape} numbers, which are more than fit into memory")
            if nbytes > NEVER_TOO_LARGE and nbytes > MOST_PACKED * dataset.id.get_storage_size():
                raise ValueError(f"{shown(name)}: claims {shape} numbers, of which the file holds next to nothing")
            if dataset.dtype.hasobject and self._longest_text(dataset) > os.path.getsize(self._file.filename):
                raise ValueError(f"{shown(name)}: claims text that is longer than the file")
            return dataset[()] if rows is None else dataset[rows]
        except DAMAGED as error:
            said = str(error)
            if said.startswith(shown(name)):
                raise ValueError(said) from error
            raise ValueError(f"{shown(name)}: cannot be read ({shown(said)})") from error
        except MemoryError as error:
            raise ValueError(f"{shown(name)}: is more than fits into memory") from error

    def _longest_text(self, dataset: Any) -> int:
        """Bytes of the longest text in a dataset, by what stands for it; 0 where that is not in one place.

        HDF5 itself takes as much memory as a damaged length says.
        """
        start = dataset.id.get_offset()
        if start is None:
            return 0
        address, _ = self._file.id.get_create_plist().get_sizes()
        width = 4 + address + 4  # length, address of the heap, place in it
        with open(self._file.filename, "rb") as file:
            file.seek(start)
            found = np.frombuffer(file.read(dataset.size * width), np.uint8)
        return int(found[: len(found) // width * width].reshape(-1, width)[:, :4].copy().view("<u4").max(initial=0))


@contextmanager
def opened(path: Path) -> Iterator[Hdf5]:
    """The HDF5 file at `path`. Raises `ModuleNotFoundError` without h5py, and `ValueError` where it is damaged."""
    import h5py

    try:
        _check_heaps(path)
        file = h5py.File(path, "r", locking=False)
    except DAMAGED as error:
        raise ValueError(f"damaged or cut short ({shown(str(error))})") from error
    with file:
        try:
            found = Hdf5(file)
        except DAMAGED as error:
            raise ValueError(f"damaged or cut short ({shown(str(error))})") from error
        yield found


def _check_heaps(path: Path) -> None:
    """Raise `ValueError` for a heap of texts that is damaged, as HDF5 may look for the end of it for ever."""
    if not 0 < os.path.getsize(path) <= LONGEST_LOOKED_THROUGH:
        return
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        at = content.find(HEAP)
        while at >= 0:
            place, end = at + 16, at + int.from_bytes(content[at + 8 : at + 16], "little")
            while place + 16 <= end <= len(content):
                index, size = int.from_bytes(content[place : place + 2], "little"), content[place + 8 : place + 16]
                length = int.from_bytes(size, "little")
                place += length if index == 0 else 16 + (length + 7) // 8 * 8  # 0 is what is free at the end
                if (index == 0 and place != end) or place > end:
                    raise ValueError("its texts are not where they should be")
            at = content.find(HEAP, at + 1)


def _objects(file: Any) -> Iterator[tuple[str, tuple[int, ...] | str | None]]:
    """Path of all that is in a file, and of a dataset the shape, of a soft link where it leads, of a group None."""
    import h5py

    waiting: list[tuple[str, Any]] = [("", file)]
    seen = 0
    visited = set()
    while waiting:
        path, group = waiting.pop(0)
        where = h5py.h5o.get_info(group.id)
        if (where.fileno, where.addr) in visited:  # a hard link back up
            continue
        visited.add((where.fileno, where.addr))
        for name in group:
            seen += 1
            if seen > MOST_OBJECTS:
                raise ValueError(f"holds more than {MOST_OBJECTS:,} objects")
            link = group.get(name, getlink=True)
            inside = f"{path}/{name}" if path else name
            if isinstance(link, h5py.SoftLink):
                yield inside, link.path.strip("/") if link.path.startswith("/") else f"{path}/{link.path}".strip("/")
            if not isinstance(link, h5py.HardLink):
                continue
            inner = group[name]
            if isinstance(inner, h5py.Dataset):
                yield inside, inner.shape or ()
            elif isinstance(inner, h5py.Group):
                yield inside, None
                waiting.append((inside, inner))


def _kinds(dtype: Any) -> Iterator[str]:
    """The kinds of numbers in a type, which may have named fields."""
    if dtype.fields:
        for inner, *_ in dtype.fields.values():
            yield from _kinds(inner)
    elif dtype.subdtype:
        yield from _kinds(dtype.subdtype[0])
    else:
        yield dtype.kind


def _is_text(dtype: Any) -> bool:
    """Whether values are text. What else has no fixed length is not read: HDF5 trusts what is damaged of it."""
    import h5py

    return dtype.kind in "SU" or h5py.check_string_dtype(dtype) is not None


def _text(value: object, name: str) -> str:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError as error:
            raise ValueError(f"{shown(name)}: holds text that is not UTF-8") from error
    if isinstance(value, str):
        return value
    raise ValueError(f"{shown(name)}: holds {type(value).__name__}, expected text")


def column(table: Array, name: str) -> Array:
    """A column of a table with named ones. Raises `ValueError` where it has none of that name."""
    names: Sequence[str] = table.dtype.names or ()
    if name not in names:
        raise ValueError(f"has no column {name}; it has {listed(names, 8) or 'none'}")
    return np.asarray(table[name])
