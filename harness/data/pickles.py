"""Read pickled `.npy` files, such as the challenge's, without running anything that is in them.

`data.pickle_parser` makes a tree of the pickle, in which a call is a note, and refuses all names but a few. `_Builder`
then makes values from the notes with checks of its own: NumPy's functions for the purpose trust their arguments, and so
are not used.
"""

import io
import math
import re
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np

from harness.data.pickle_parser import PLAIN, Call, Name, OtherKindError, Parser
from harness.errors import DataError
from harness.files.bounded import read_bytes
from harness.recording import Array
from harness.words import shown

READ = "numpy arrays and numbers, dicts, lists, tuples, text, bytes, numbers, booleans and None"

MAGIC = b"\x93NUMPY"

_Order = Literal["C", "F"]
_KEYS = (str, int, float, bytes, np.generic, type(None))
_DTYPE = re.compile(r"[biufcSUO][0-9]{1,9}")
_DEEPEST = 50
_MOST_AXES = 32
_MOST_NAMES = 10
_LONGEST_AXIS = 2**48


def read_pickled_npy(path: Path) -> object:
    """The one object, most often a dict, that `numpy.save(path, object, allow_pickle=True)` wrote to `path`.

    Arrays in it may be read-only. Raises `DataError` with one line where there is no such file, where it is damaged or
    something else, and where its pickle asks for anything but plain data and arrays: then with the names it asks for.
    """
    try:
        data = read_bytes(path)
    except FileNotFoundError as error:
        raise DataError([f"{path}: no such file"]) from error
    except OSError as error:
        raise DataError([f"{path}: {error.strerror}"]) from error
    parser = Parser()
    try:
        tree = parser.parse(_pickle_in(data))
        value = None if parser.refused else _Builder().plain(tree)
    except _OtherFileError as error:
        raise DataError([f"{path}: {error}"]) from error
    except MemoryError as error:
        raise DataError([f"{path}: {len(data):,} bytes hold more than fits into memory"]) from error
    except OtherKindError as error:
        if not parser.refused:
            raise DataError([f"{path}: holds {shown(str(error))}; only {READ} are read"]) from error
    except ValueError as error:
        if not parser.refused:
            raise DataError([f"{path}: damaged or cut short: {shown(str(error))}"]) from error
    if parser.refused:
        asked = ", ".join(islice(parser.refused, _MOST_NAMES))
        if len(parser.refused) > _MOST_NAMES:
            asked += f" and {len(parser.refused) - _MOST_NAMES:,} more"
        raise DataError([f"{path}: refused: the pickle asks for {asked}; only {READ} are read"])
    if not isinstance(value, np.ndarray) or value.dtype != object or value.shape != ():
        raise DataError([f"{path}: {_OTHER}"])
    return value.item()


_OTHER = "holds no pickled dict; numpy.save(path, the_dict, allow_pickle=True) writes one"


class _OtherFileError(Exception):
    """The file is whole, perhaps, but of another kind."""


def _pickle_in(data: bytes) -> io.BytesIO:
    """The pickle behind the header of an `.npy` file that holds objects."""
    if not data:
        raise _OtherFileError("the file is empty")
    if data.startswith(b"PK"):
        raise _OtherFileError("an .npz archive, expected an .npy file; numpy.save(path, the_dict) writes one")
    if not data.startswith(MAGIC):
        raise _OtherFileError(f"not an .npy file, which begins with {MAGIC!r}; it begins with {data[:12]!r}")
    width = 2 if data[6:7] == b"\1" else 4
    start = 8 + width
    end = start + int.from_bytes(data[8:start], "little")
    if len(data) < end:
        raise ValueError("the file ends in its header")
    header = data[start:end].decode("latin-1")
    kind = re.search(r"'descr': '([^']*)'", header)
    if kind is None or kind.group(1) != "|O":
        of_type = f" of type {shown(kind.group(1))}" if kind else ""
        raise _OtherFileError(f"a plain array{of_type}, expected a pickled dict")
    stream = io.BytesIO(data)
    stream.seek(end)
    return stream


class _Builder:
    """Makes values from a tree; each part of it once, however often it is referred to."""

    def __init__(self) -> None:
        self._built: dict[int, Any] = {}
        self._dtypes: dict[int, np.dtype[Any]] = {}
        self._scalars: dict[tuple[int, bytes], Any] = {}

    def plain(self, node: Any, depth: int = 0) -> Any:
        """The value of `node`. Raises `ValueError` where it is not data."""
        if type(node) in PLAIN:
            return node
        if depth > _DEEPEST:
            raise ValueError(f"nested more than {_DEEPEST} deep")
        if id(node) not in self._built:
            self._built[id(node)] = _UNFINISHED
            self._built[id(node)] = self._build(node, depth + 1)
        value = self._built[id(node)]
        if value is _UNFINISHED:
            raise ValueError("something that holds itself")
        return value

    def _build(self, node: Any, depth: int) -> Any:
        if type(node) in (list, tuple):
            return node if PLAIN.issuperset(map(type, node)) else type(node)(self.plain(i, depth) for i in node)
        if type(node) is dict:
            return {self._key(key, depth): self.plain(value, depth) for key, value in node.items()}
        match node:
            case Call("scalar", (dtype, content), None):
                # Labels are few different ones in long lists.
                key = (id(dtype), bytes(_bytes(content)))
                if key not in self._scalars:
                    self._scalars[key] = _numbers((), self._dtype(dtype), "C", key[1])[()]
                return self._scalars[key]
            case Call("array", (Name("ndarray"), _, _), (_, tuple(shape), dtype, fortran, content)):
                return self._array(shape, self._dtype(dtype), "F" if fortran is True else "C", content, depth)
            case Call("frombuffer", (content, dtype, tuple(shape), "C" | "F" as order), None):
                return self._array(shape, self._dtype(dtype), order, content, depth)
            case Call("frombuffer", (content, dtype, tuple(shape), "K", tuple(axes)), None):
                if not {int}.issuperset(map(type, axes)) or sorted(axes) != list(range(len(shape))):
                    raise ValueError(f"the order of {len(shape)} axes is not one")
                return self._array(shape, self._dtype(dtype), "C", content, depth).transpose(axes)
            case Call("encode" | "bytes"):
                return _bytes(node)
        raise ValueError(f"{getattr(node, 'role', None) or type(node).__name__} in a place or a form that is not data")

    def _key(self, node: Any, depth: int) -> Any:
        key = self.plain(node, depth)
        if not isinstance(key, _KEYS) and not (isinstance(key, tuple) and all(isinstance(one, _KEYS) for one in key)):
            raise OtherKindError("a key of a dict that is neither text nor a number")
        return key

    def _dtype(self, node: Any) -> np.dtype[Any]:
        if id(node) not in self._dtypes:
            self._dtypes[id(node)] = _dtype(node)
        return self._dtypes[id(node)]

    def _array(self, shape: tuple[Any, ...], dtype: np.dtype[Any], order: _Order, content: Any, depth: int) -> Array:
        if not dtype.hasobject:
            return _numbers(shape, dtype, order, _bytes(content))
        if not isinstance(content, list) or _size(shape) != len(content):
            raise ValueError(f"an array of objects of shape {shape} with another number of objects")
        objects = np.empty(len(content), dtype=object)
        for index, item in enumerate(content):
            objects[index] = self.plain(item, depth)
        return objects.reshape(shape, order=order)


_UNFINISHED = object()


def _dtype(node: Any) -> np.dtype[Any]:
    """The type of an array's elements: booleans, numbers, text, bytes or objects."""
    match node:
        case Call("dtype", (str(code), _, _), (_, "<" | ">" | "|" | "=" as order, None, None, None, *_)):
            if not _DTYPE.fullmatch(code):
                raise OtherKindError(f"an array of type {shown(code)}")
        case _:
            raise OtherKindError("an array of a type that is not boolean, number, text, bytes or object")
    try:
        return np.dtype(code).newbyteorder(order)
    except TypeError as error:
        raise ValueError(str(error)) from error


def _bytes(node: Any) -> bytes | bytearray:
    match node:
        case bytes() | bytearray():
            return node
        case Call("encode", (str(text), "latin1"), None):
            return text.encode("latin-1")
        case Call("bytes", (), None):
            return b""
    raise ValueError("something else where bytes are expected")


def _size(shape: tuple[Any, ...]) -> int:
    """The number of elements of an array of `shape`, which may be anything."""
    if len(shape) > _MOST_AXES or not all(type(length) is int and 0 <= length < _LONGEST_AXIS for length in shape):
        raise ValueError("an array of an impossible shape")
    return math.prod(shape)


def _numbers(shape: tuple[Any, ...], dtype: np.dtype[Any], order: _Order, content: bytes | bytearray) -> Array:
    """An array that looks at `content`; a shape that claims more or less than there is takes no memory."""
    size = _size(shape)
    # Text without letters is of no width, so any number of them is in no bytes; but NumPy makes room for one letter.
    if dtype.hasobject or size * dtype.itemsize != len(content) or (size > 1 and dtype.itemsize == 0):
        raise ValueError(f"an array of {dtype} of shape {shape} in {len(content):,} bytes")
    if not content:
        return np.zeros(shape, dtype)
    if dtype.kind == "U" and np.frombuffer(content, np.dtype("u4").newbyteorder(dtype.byteorder)).max() > 0x10FFFF:
        raise ValueError("text that is not Unicode")
    if dtype.kind == "b":  # a byte other than 0 and 1 is no boolean to NumPy
        return np.asarray(np.ndarray(shape, np.uint8, content, order=order) != 0)
    return np.ndarray(shape, dtype, content, order=order)
