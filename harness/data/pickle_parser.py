"""Parse a pickle without running anything that is in it: calls become notes, and what they may name is a short list.

A pickle is a program: it names functions and says what to call them with. Here it is only read. `Parser` turns it
into a tree in which a call is a note of the name and the arguments; nothing is imported and nothing is called. A name
that is not in `NAMES` is refused.
"""

import io
import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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

PLAIN = {str, int, float, bool, bytes, type(None)}
"""Types of what stands in a tree as it is."""

_LONGEST_INTEGER = 1000  # bits, so that every integer fits a float and can be printed
_TOO_FEW = "takes more from its stack than there is"


@dataclass(eq=False, slots=True)
class Name:
    """A name that the pickle asks for."""

    role: str | None
    """What it stands for, a value of `NAMES`; None for a refused one."""


@dataclass(eq=False, slots=True)
class Call:
    """A call that the pickle asks for."""

    role: str | None
    arguments: object
    state: object = None
    """What the result should be filled with."""


class OtherKindError(ValueError):
    """The pickle is whole, perhaps, but holds something that is not read."""


class Parser:
    """Reads a pickle into a tree of lists, tuples, dicts, plain values, `Name` and `Call`."""

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
            raise OtherKindError(f"an integer of {value.bit_length():,} bits")
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
        if not isinstance(called, Name) and not self.refused:
            raise ValueError("calls something that is no name")
        self._stack.append(Call(called.role if isinstance(called, Name) else None, arguments))

    def fill(self, _: Any) -> None:
        state, filled = self._pop(), self._top()
        if isinstance(filled, Call) and filled.state is None:
            filled.state = state
        elif not self.refused:
            raise ValueError("fills something that is not new")

    def instance(self, pair: str) -> None:
        self._pop_marked()
        self.name(pair)
        self._refuse("the opcode INST")

    def marked_object(self, _: Any) -> None:
        self._pop_marked()
        self._stack.append(Call(None, ()))
        self._refuse("the opcode OBJ")

    def new_object(self, parts: int) -> None:
        self.tuple_of(parts)
        self._stack[-1] = Call(None, ())
        self._refuse("the opcode NEWOBJ" if parts == 2 else "the opcode NEWOBJ_EX")

    def _refuse(self, *names: str) -> None:
        # Cut first: a pickle may ask for a million names in one module whose own name is a million letters long.
        self.refused[shown(".".join(name[:LONGEST_SHOWN] for name in names))] = None

    def _name(self, module: str, name: str) -> None:
        role = NAMES.get((module, name))
        if role is None:
            self._refuse(module, name)
        self._stack.append(Name(role))

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
            if not all(_is_key(key) or (type(key) is tuple and all(map(_is_key, key))) for key in keys):
                raise OtherKindError("a key of a dict that is neither text nor a number")
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

_ACTIONS: dict[str, Callable[[Parser, Any], None]] = {
    **dict.fromkeys(("PROTO", "FRAME"), lambda _, __: None),
    **dict.fromkeys(("INT", "LONG", "LONG1", "LONG4"), Parser.integer),
    "NONE": lambda parser, _: parser._stack.append(None),
    "NEWTRUE": lambda parser, _: parser._stack.append(True),
    "NEWFALSE": lambda parser, _: parser._stack.append(False),
    "EMPTY_LIST": lambda parser, _: parser._stack.append([]),
    "EMPTY_DICT": lambda parser, _: parser._stack.append({}),
    "EMPTY_TUPLE": lambda parser, _: parser._stack.append(()),
    "TUPLE1": lambda parser, _: parser.tuple_of(1),
    "TUPLE2": lambda parser, _: parser.tuple_of(2),
    "TUPLE3": lambda parser, _: parser.tuple_of(3),
    "MARK": Parser.mark,
    "TUPLE": Parser.marked_tuple,
    "LIST": Parser.marked_list,
    "DICT": Parser.marked_dict,
    "APPEND": Parser.append,
    "APPENDS": Parser.appends,
    "SETITEM": Parser.setitem,
    "SETITEMS": Parser.setitems,
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), Parser.get),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), Parser.put),
    "MEMOIZE": Parser.memoize,
    "GLOBAL": Parser.name,
    "STACK_GLOBAL": Parser.stack_name,
    "REDUCE": Parser.call,
    "BUILD": Parser.fill,
    # Never granted, but read on, so that the refusal names all that is asked for.
    "INST": Parser.instance,
    "OBJ": Parser.marked_object,
    "NEWOBJ": lambda parser, _: parser.new_object(2),
    "NEWOBJ_EX": lambda parser, _: parser.new_object(3),
}


def _is_key(value: Any) -> bool:
    """Whether `value` can be a key, or a part of one: many nested tuples would overflow the stack when hashed."""
    return type(value) in PLAIN or isinstance(value, Call)
