"""Read pickled `.npy` files, such as the challenge's, without running anything that is in them.

A pickle is a program: it names functions and says what to call them with. Here it is only read. `_Parser` turns it
into a tree in which a call is a note of the name and the arguments; nothing is imported and nothing is called. A name
that is not in `NAMES` refuses the file. `_Builder` then makes values from the notes with checks of its own: NumPy's
functions for the purpose trust their arguments, and so are not used.
"""

import io
import math
import pickletools
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np

from harness.errors import DataError
from harness.files.bounded import read_bytes
from harness.recording import Array
from harness.words import LONGEST_SHOWN, shown

NAMES = {
    ("numpy.core.multiarray", "_reconstruct"): "array",
    ("numpy._core.multiarray", "_reconstruct"): "array",
    ("numpy.core.numeric", "_frombuffer"): "frombuffer",
    ("numpy._core.numeric", "_frombuffer"): "frombuffer",
    ("numpy.core.multiarray", "scalar"): "scalar",
    ("numpy._core.multiarray", "scalar"): "scalar",
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): "dtype",
    ("_codecs", "encode"): "encode",  # how protocol 2 writes bytes
    ("__builtin__", "bytes"): "bytes",  # and no bytes
    ("builtins", "bytes"): "bytes",
}
"""Module and name, as NumPy 1 and 2 write them in protocols 0 to 5, to what they stand for here."""

READ = "numpy arrays and numbers, dicts, lists, tuples, text, bytes, numbers, booleans and None"

MAGIC = b"\x93NUMPY"

_Order = Literal["C", "F"]
_PLAIN = {str, int, float, bool, bytes, type(None)}
_KEYS = (str, int, float, bytes, np.generic, type(None))
_DTYPE = re.compile(r"[biufcSUO][0-9]{1,9}")
_LONGEST_INTEGER = 1000  # bits, so that every integer fits a float and can be printed
_DEEPEST = 50
_MOST_AXES = 32
_MOST_NAMES = 10
_LONGEST_AXIS = 2**48
_TOO_FEW = "takes more from its stack than there is"


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
    parser = _Parser()
    try:
        tree = parser.parse(_pickle_in(data))
        value = None if parser.refused else _Builder().plain(tree)
    except _OtherFileError as error:
        raise DataError([f"{path}: {error}"]) from error
    except MemoryError as error:
        raise DataError([f"{path}: {len(data):,} bytes hold more than fits into memory"]) from error
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


@dataclass(eq=False, slots=True)
class _Name:
    """A name that the pickle asks for."""

    role: str | None
    """What it stands for, a value of `NAMES`; None for a refused one."""


@dataclass(eq=False, slots=True)
class _Call:
    """A call that the pickle asks for."""

    role: str | None
    arguments: object
    state: object = None
    """What the result should be filled with."""


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


class _Parser:
    """Reads a pickle into a tree of lists, tuples, dicts, plain values, `_Name` and `_Call`."""

    def __init__(self) -> None:
        self.refused: dict[str, None] = {}
        """What the pickle asks for and does not get, each once, in order, as it may be printed."""
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}

    def parse(self, stream: io.BytesIO) -> Any:
        """The tree; worth nothing where `refused` is not empty. Raises `ValueError` for what is no pickle."""
        for opcode, argument, _ in pickletools.genops(stream):
            if opcode.name in _PUSHED:
                self._stack.append(argument)
            elif opcode.name in _ACTIONS:
                _ACTIONS[opcode.name](self, argument)
            elif opcode.name != "STOP":
                self._refuse(f"the opcode {opcode.name}")
                raise ValueError(opcode.name)
        return self._pop()

    def integer(self, value: int) -> None:
        if value.bit_length() > _LONGEST_INTEGER:
            raise ValueError(f"an integer of {value.bit_length():,} bits")
        self._stack.append(value)

    def mark(self, _: Any) -> None:
        self._marks.append(len(self._stack))

    def get(self, key: int) -> None:
        if key not in self._memo:
            raise ValueError(f"refers to entry {key} of its memo, which is not there")
        self._stack.append(self._memo[key])

    def put(self, key: int) -> None:
        self._memo[key] = self._top()

    def memoize(self, _: Any) -> None:
        self._memo[len(self._memo)] = self._top()

    def tuple_of(self, count: int) -> None:
        start = len(self._stack) - count
        if start < (self._marks[-1] if self._marks else 0):
            raise ValueError(_TOO_FEW)
        self._stack[start:] = [tuple(self._stack[start:])]

    def marked_tuple(self, _: Any) -> None:
        self._stack.append(tuple(self._pop_marked()))

    def marked_list(self, _: Any) -> None:
        self._stack.append(self._pop_marked())

    def marked_dict(self, _: Any) -> None:
        items = self._pop_marked()
        self._stack.append({})
        self._set(items)

    def append(self, _: Any) -> None:
        self._extend([self._pop()])

    def appends(self, _: Any) -> None:
        self._extend(self._pop_marked())

    def setitem(self, _: Any) -> None:
        value, key = self._pop(), self._pop()
        self._set([key, value])

    def setitems(self, _: Any) -> None:
        self._set(self._pop_marked())

    def name(self, pair: str) -> None:
        module, _, name = pair.partition(" ")
        self._name(module, name)

    def stack_name(self, _: Any) -> None:
        name, module = self._pop(), self._pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise ValueError("names something by a value that is not text")
        self._name(module, name)

    def call(self, _: Any) -> None:
        arguments, called = self._pop(), self._pop()
        if not isinstance(called, _Name) and not self.refused:
            raise ValueError("calls something that is no name")
        self._stack.append(_Call(called.role if isinstance(called, _Name) else None, arguments))

    def fill(self, _: Any) -> None:
        state, filled = self._pop(), self._top()
        if isinstance(filled, _Call) and filled.state is None:
            filled.state = state
        elif not self.refused:
            raise ValueError("fills something that is not new")

    def instance(self, pair: str) -> None:
        self._pop_marked()
        self.name(pair)
        self._refuse("the opcode INST")

    def marked_object(self, _: Any) -> None:
        self._pop_marked()
        self._stack.append(_Call(None, ()))
        self._refuse("the opcode OBJ")

    def new_object(self, parts: int) -> None:
        self.tuple_of(parts)
        self._stack[-1] = _Call(None, ())
        self._refuse("the opcode NEWOBJ" if parts == 2 else "the opcode NEWOBJ_EX")

    def _refuse(self, *names: str) -> None:
        # Cut first: a pickle may ask for a million names in one module whose own name is a million letters long.
        self.refused[shown(".".join(name[:LONGEST_SHOWN] for name in names))] = None

    def _name(self, module: str, name: str) -> None:
        role = NAMES.get((module, name))
        if role is None:
            self._refuse(module, name)
        self._stack.append(_Name(role))

    def _extend(self, items: list[Any]) -> None:
        target = self._top()
        if type(target) is list:
            target.extend(items)
        elif not self.refused:
            raise ValueError("appends to something that is no list")

    def _set(self, items: list[Any]) -> None:
        target = self._top()
        keys, values = items[::2], items[1::2]
        if type(target) is dict and len(keys) == len(values):
            # A key made of many nested tuples would overflow the stack when it is hashed.
            if not all(type(key) in _PLAIN or isinstance(key, _Call) for key in keys):
                raise ValueError("a key of a dict that is neither text nor a number")
            target.update(zip(keys, values, strict=True))
        elif not self.refused:
            raise ValueError("sets items of something that is no dict")

    def _top(self) -> Any:
        if len(self._stack) <= (self._marks[-1] if self._marks else 0):
            raise ValueError(_TOO_FEW)
        return self._stack[-1]

    def _pop(self) -> Any:
        if len(self._stack) <= (self._marks[-1] if self._marks else 0):
            raise ValueError(_TOO_FEW)
        return self._stack.pop()

    def _pop_marked(self) -> list[Any]:
        if not self._marks:
            raise ValueError("goes back to a mark that is not there")
        mark = self._marks.pop()
        items = self._stack[mark:]
        del self._stack[mark:]
        return items


_PUSHED = {
    *("BININT", "BININT1", "BININT2", "FLOAT", "BINFLOAT", "STRING", "BINSTRING", "SHORT_BINSTRING"),
    *("UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"),
    *("SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8"),
}
"""Opcodes that do no more than put their argument on the stack."""

_ACTIONS: dict[str, Callable[[_Parser, Any], None]] = {
    **dict.fromkeys(("PROTO", "FRAME"), lambda _, __: None),
    **dict.fromkeys(("INT", "LONG", "LONG1", "LONG4"), _Parser.integer),
    "NONE": lambda parser, _: parser._stack.append(None),
    "NEWTRUE": lambda parser, _: parser._stack.append(True),
    "NEWFALSE": lambda parser, _: parser._stack.append(False),
    "EMPTY_LIST": lambda parser, _: parser._stack.append([]),
    "EMPTY_DICT": lambda parser, _: parser._stack.append({}),
    "EMPTY_TUPLE": lambda parser, _: parser._stack.append(()),
    "TUPLE1": lambda parser, _: parser.tuple_of(1),
    "TUPLE2": lambda parser, _: parser.tuple_of(2),
    "TUPLE3": lambda parser, _: parser.tuple_of(3),
    "MARK": _Parser.mark,
    "TUPLE": _Parser.marked_tuple,
    "LIST": _Parser.marked_list,
    "DICT": _Parser.marked_dict,
    "APPEND": _Parser.append,
    "APPENDS": _Parser.appends,
    "SETITEM": _Parser.setitem,
    "SETITEMS": _Parser.setitems,
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Parser.get),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _Parser.put),
    "MEMOIZE": _Parser.memoize,
    "GLOBAL": _Parser.name,
    "STACK_GLOBAL": _Parser.stack_name,
    "REDUCE": _Parser.call,
    "BUILD": _Parser.fill,
    # Never granted, but read on, so that the refusal names all that is asked for.
    "INST": _Parser.instance,
    "OBJ": _Parser.marked_object,
    "NEWOBJ": lambda parser, _: parser.new_object(2),
    "NEWOBJ_EX": lambda parser, _: parser.new_object(3),
}


class _Builder:
    """Makes values from a tree; each part of it once, however often it is referred to."""

    def __init__(self) -> None:
        self._built: dict[int, Any] = {}
        self._dtypes: dict[int, np.dtype[Any]] = {}
        self._scalars: dict[tuple[int, bytes], Any] = {}

    def plain(self, node: Any, depth: int = 0) -> Any:
        """The value of `node`. Raises `ValueError` where it is not data."""
        if type(node) in _PLAIN:
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
            return node if _PLAIN.issuperset(map(type, node)) else type(node)(self.plain(i, depth) for i in node)
        if type(node) is dict:
            return {self._key(key, depth): self.plain(value, depth) for key, value in node.items()}
        match node:
            case _Call("scalar", (dtype, content), None):
                # Labels are few different ones in long lists.
                key = (id(dtype), bytes(_bytes(content)))
                if key not in self._scalars:
                    self._scalars[key] = _numbers((), self._dtype(dtype), "C", key[1])[()]
                return self._scalars[key]
            case _Call("array", (_Name("ndarray"), _, _), (_, tuple(shape), dtype, fortran, content)):
                return self._array(shape, self._dtype(dtype), "F" if fortran is True else "C", content, depth)
            case _Call("frombuffer", (content, dtype, tuple(shape), "C" | "F" as order), None):
                return self._array(shape, self._dtype(dtype), order, content, depth)
            case _Call("frombuffer", (content, dtype, tuple(shape), "K", tuple(axes)), None):
                if not {int}.issuperset(map(type, axes)) or sorted(axes) != list(range(len(shape))):
                    raise ValueError(f"the order of {len(shape)} axes is not one")
                return self._array(shape, self._dtype(dtype), "C", content, depth).transpose(axes)
            case _Call("encode" | "bytes"):
                return _bytes(node)
        raise ValueError(f"{getattr(node, 'role', None) or type(node).__name__} in a place or a form that is not data")

    def _key(self, node: Any, depth: int) -> Any:
        key = self.plain(node, depth)
        if not isinstance(key, _KEYS):
            raise ValueError("a key of a dict that is neither text nor a number")
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
        case _Call("dtype", (str(code), _, _), (_, "<" | ">" | "|" | "=" as order, None, None, None, *_)):
            if not _DTYPE.fullmatch(code):
                raise ValueError(f"an array of type {shown(code)}")
        case _:
            raise ValueError("an array of a type that is not boolean, number, text, bytes or object")
    try:
        return np.dtype(code).newbyteorder(order)
    except TypeError as error:
        raise ValueError(str(error)) from error


def _bytes(node: Any) -> bytes | bytearray:
    match node:
        case bytes() | bytearray():
            return node
        case _Call("encode", (str(text), "latin1"), None):
            return text.encode("latin-1")
        case _Call("bytes", (), None):
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
