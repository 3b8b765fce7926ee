"""How Parquet packs the values of a page; `ValueError` where it does not hold what it says."""

from collections.abc import Callable, Iterator
from types import ModuleType

import numpy as np

from harness.recording import Array
from harness.words import shown

BOOLEAN, INT32, INT64, FLOAT, DOUBLE, BYTE_ARRAY = 0, 1, 2, 4, 5, 6
NUMBERS = {INT32: "<i4", INT64: "<i8", FLOAT: "<f4", DOUBLE: "<f8"}

WIDEST = 32
"""Bits of a number that stands for a value."""

HOLDS_LESS = "damaged: a page that holds less than it says"


def unpacked(content: bytes, length: int, codec: int, codecs: ModuleType) -> bytes:
    """The `length` bytes of a page; `codecs` is cramjam."""
    into: dict[int, Callable[[bytes, bytearray], int]] = {
        1: codecs.snappy.decompress_raw_into,
        2: codecs.gzip.decompress_into,
        4: codecs.brotli.decompress_into,
        6: codecs.zstd.decompress_into,
        7: codecs.lz4.decompress_block_into,
    }
    if codec == 0 or not length:
        return content[:length]
    if codec not in into:
        raise ValueError(f"is packed in a way (codec {codec}) that is not read; pandas packs with snappy")
    room = bytearray(length)
    try:
        written = into[codec](content, room)
    except (codecs.DecompressionError, ValueError, OSError) as error:
        raise ValueError(f"damaged: a page that cannot be unpacked ({shown(str(error))})") from error
    if written != length:
        raise ValueError(HOLDS_LESS)
    return bytes(room)


def plain(content: bytes, count: int, kind: int) -> Array:
    """Numbers one behind the other."""
    if kind == BOOLEAN:
        bits = np.frombuffer(content[: -(-count // 8)], np.uint8)
        values: Array = np.unpackbits(bits, bitorder="little")[:count]
    else:
        dtype = np.dtype(NUMBERS[kind])
        values = np.frombuffer(content[: min(count, len(content) // dtype.itemsize) * dtype.itemsize], dtype)
    if len(values) < count:
        raise ValueError(HOLDS_LESS)
    return values


def byte_arrays(content: bytes, count: int) -> Iterator[bytes]:
    """Words, each behind its length."""
    at = 0
    for _ in range(count):
        start = at + 4
        at = start + int.from_bytes(content[at:start], "little")
        if at > len(content):
            raise ValueError(HOLDS_LESS)
        yield content[start:at]


def hybrid(content: bytes, width: int, count: int) -> Array:
    """Numbers of `width` bits: runs of one that stays the same, and of packed ones."""
    if not 0 <= width <= WIDEST:
        raise ValueError(f"damaged: numbers of {width} bits")
    values = np.zeros(count, dtype=np.int64)
    at = done = 0
    while done < count and width:
        header, at = _header(content, at)
        if header & 1:
            wanted = min(8 * (header >> 1), count - done)
            values[done : done + wanted] = _packed(content[at : at + -(-wanted * width // 8)], width, wanted)
            at += (header >> 1) * width
        else:
            wanted = min(header >> 1, count - done)
            values[done : done + wanted] = int.from_bytes(content[at : at + -(-width // 8)], "little")
            at += -(-width // 8)
        done += wanted
    return values


def _header(content: bytes, at: int) -> tuple[int, int]:
    """What a run is, and the place behind that."""
    header = 0
    for shift in range(0, 35, 7):
        if at >= len(content):
            break
        byte = content[at]
        at += 1
        header |= (byte & 127) << shift
        if byte < 128:
            return header, at
    raise ValueError(HOLDS_LESS)


def _packed(content: bytes, width: int, count: int) -> Array:
    bits = np.unpackbits(np.frombuffer(content, np.uint8), bitorder="little")
    if len(bits) < count * width:
        raise ValueError(HOLDS_LESS)
    places: Array = np.int64(1) << np.arange(width)
    numbers: Array = bits[: count * width].reshape(count, width) @ places
    return numbers
