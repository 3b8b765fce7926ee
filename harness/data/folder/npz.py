"""Named arrays in an `.npz` file: mapped from where they are stored in it, or unpacked; never unpickled."""

import io
import os
import stat
import struct
from math import prod
from pathlib import Path
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import numpy as np

from harness.files.arrays import DAMAGED
from harness.files.bounded import is_more_than_memory
from harness.recording import Array
from harness.words import listed, shown, size_in_words

LOCAL = 30
"""Bytes of what stands before a member, without its name and what follows that (APPNOTE.TXT 4.3.7)."""

MOST_PACKED = 1032
"""Bytes that one byte of a deflated stream can stand for."""

ENCRYPTED = 1
"""The bit among a member's flags."""

READS = (*DAMAGED, MemoryError)
"""What NumPy and zipfile raise on content that was damaged at random."""


def read_npz(path: Path, names: tuple[str, ...]) -> dict[str, Array]:
    """The arrays in the file at `path`, read-only. What is stored in it as it is, as `np.savez` does, is mapped: pages
    are read when they are first looked at.

    Raises `ValueError` with what is wrong with it, in words, also where it holds arrays of other names than `names`.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise _NotReadError("is no file")
        with ZipFile(path) as archive, open(path, "rb") as file:
            members = archive.infolist()
            _check_names([one.filename for one in members], names)
            return {one.filename.removesuffix(".npy"): _array(path, archive, file, one) for one in members}
    except FileNotFoundError as error:
        raise ValueError("no such file") from error
    except _NotReadError as error:
        raise ValueError(str(error)) from error
    except OSError as error:
        raise ValueError(f"cannot be read ({error.strerror or error})") from error
    except READS as error:
        raise ValueError(f"damaged, cut short, or no .npz file: {shown(str(error) or 'no content')}") from error


class _NotReadError(Exception):
    """What the file holds, and is not read."""


def _check_names(found: list[str], names: tuple[str, ...]) -> None:
    for name in found:
        plain = name.removesuffix(".npy")
        if plain not in names or plain == name:
            raise _NotReadError(f"holds {shown(repr(plain))}; it takes {listed(names)}")
        if found.count(name) > 1:
            raise _NotReadError(f"holds {plain} {found.count(name)} times, expected once")


def _array(path: Path, archive: ZipFile, file: IO[bytes], member: ZipInfo) -> Array:
    name = member.filename.removesuffix(".npy")
    if member.flag_bits & ENCRYPTED or member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise _NotReadError(f"{name} is encrypted or packed in another way than np.savez and np.savez_compressed do")
    if member.compress_type == ZIP_STORED:
        start = _start(file, member)
        if member.compress_size != member.file_size or start + member.file_size > os.fstat(file.fileno()).st_size:
            raise ValueError(f"{name} is longer than the file")
        file.seek(start)
        dtype, shape, fortran = _header(file, name)
        _check_size(name, dtype, shape, start + member.file_size - file.tell())
        order: str = "F" if fortran else "C"
        if 0 in shape or not shape:
            return np.zeros(shape, dtype)
        mapped = np.memmap(path, dtype, "r", file.tell(), shape, order)  # type: ignore[call-overload]
        return np.asarray(mapped)
    if member.file_size > MOST_PACKED * member.compress_size:
        raise ValueError(f"{name} claims more bytes than it can hold")
    if is_more_than_memory(member.file_size):
        raise _NotReadError(f"{name} is {size_in_words(member.file_size)}, more than fits into memory")
    content = archive.read(member)
    stream = io.BytesIO(content)
    dtype, shape, fortran = _header(stream, name)
    _check_size(name, dtype, shape, len(content) - stream.tell())
    return np.frombuffer(content, dtype, offset=stream.tell()).reshape(shape, order="F" if fortran else "C")


def _start(file: IO[bytes], member: ZipInfo) -> int:
    """Where the content of a stored member begins."""
    file.seek(member.header_offset)
    head = file.read(LOCAL)
    if len(head) < LOCAL or not head.startswith(b"PK\3\4"):
        raise ValueError(f"no member where {member.filename} should be")
    name, extra = struct.unpack("<HH", head[-4:])
    return member.header_offset + LOCAL + int(name) + int(extra)


def _header(file: IO[bytes], name: str) -> tuple[np.dtype[np.generic], tuple[int, ...], bool]:
    """What the array is, which begins where the file stands afterwards."""
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"version {version} of the .npy format")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(file)
    if dtype.hasobject:
        raise _NotReadError(f"{name} holds Python objects, which are never read; expected numbers (names, for parts)")
    return dtype, shape, fortran


def _check_size(name: str, dtype: np.dtype[np.generic], shape: tuple[int, ...], nbytes: int) -> None:
    if min(shape, default=0) < 0 or max(shape, default=0) >= 2**48 or prod(shape) * dtype.itemsize != nbytes:
        raise ValueError(f"{name} has {nbytes:,} bytes for an array of {dtype} {shape}")
