"""Structures as Thrift's compact protocol writes them, which Parquet describes itself with.

A structure is a dict from the numbers of its fields to booleans, whole numbers, floats, bytes, lists and structures.
"""

import struct
from typing import Any

Struct = dict[int, Any]

DEEPEST = 16

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)


def struct_at(data: bytes, at: int, depth: int = 0) -> tuple[Struct, int]:
    """The structure at a place, and the place behind it. Raises `ValueError` where there is none."""
    if depth > DEEPEST:
        raise ValueError(f"damaged: nested more than {DEEPEST} deep")
    found: Struct = {}
    field = 0
    while True:
        head = _byte(data, at)
        at += 1
        if head == 0:
            return found, at
        if head >> 4:
            field += head >> 4
        else:
            field, at = _zigzag(data, at)
        kind = head & 15
        if kind in (TRUE, FALSE):
            found[field] = kind == TRUE
        else:
            found[field], at = _value(data, at, kind, depth)


def integer(found: Struct, field: int) -> int:
    """A whole number in a structure. Raises `ValueError` where there is none."""
    value = found.get(field)
    if type(value) is not int:
        raise ValueError("damaged: a number is missing in what describes it")
    return value


def structs(found: Struct, field: int) -> list[Struct]:
    """A list of structures in one. Raises `ValueError` where there is none."""
    value = found.get(field)
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ValueError("damaged: a list is missing in what describes it")
    return value


def _value(data: bytes, at: int, kind: int, depth: int) -> tuple[Any, int]:
    if kind in (TRUE, FALSE, BYTE):  # in a list a boolean is a byte
        return (_byte(data, at) == 1 if kind != BYTE else _byte(data, at)), at + 1
    if kind in (I16, I32, I64):
        return _zigzag(data, at)
    if kind == DOUBLE:
        return struct.unpack("<d", _bytes(data, at, 8))[0], at + 8
    if kind == BINARY:
        length, at = _varint(data, at)
        return _bytes(data, at, length), at + length
    if kind == STRUCT:
        return struct_at(data, at, depth + 1)
    if kind in (LIST, SET):
        head = _byte(data, at)
        count, at = (head >> 4, at + 1) if head >> 4 < 15 else _varint(data, at + 1)
        return _values(data, at, [head & 15], count, depth)
    if kind == MAP:
        count, at = _varint(data, at)
        kinds, at = ([_byte(data, at) >> 4, _byte(data, at) & 15], at + 1) if count else ([], at)
        return _values(data, at, kinds, count, depth)
    raise ValueError("damaged: a kind of value that there is not")


def _values(data: bytes, at: int, kinds: list[int], count: int, depth: int) -> tuple[list[Any], int]:
    if depth > DEEPEST or count > len(data) - at:  # each takes a byte at least
        raise ValueError("damaged: a list that is longer than the file")
    found = []
    for _ in range(count):
        for kind in kinds:
            value, at = _value(data, at, kind, depth + 1)
            found.append(value)
    return found, at


def _zigzag(data: bytes, at: int) -> tuple[int, int]:
    value, at = _varint(data, at)
    return (value >> 1) ^ -(value & 1), at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70:
        byte = _byte(data, at)
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
    raise ValueError("damaged: a number of more than 64 bits")


def _byte(data: bytes, at: int) -> int:
    if not 0 <= at < len(data):
        raise ValueError("damaged or cut short (what describes it ends in the middle)")
    return data[at]


def _bytes(data: bytes, at: int, length: int) -> bytes:
    if at + length > len(data):
        raise ValueError("damaged or cut short (what describes it ends in the middle)")
    return data[at : at + length]
