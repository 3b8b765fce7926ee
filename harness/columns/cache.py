"""Feature blocks computed once: one file each, written atomically by whoever comes first, mapped into memory.

Any number of processes share a folder without locks: a file is whole or it is not there, one that is deleted stays
readable where it is mapped, and whatever cannot be read is computed again. Each file ends in a checksum of the rest,
which is held against it at every reading, so that a block that a disk or a copy has changed counts as unreadable too.
Where a folder outgrows its limit, the blocks last used longest ago are deleted.
"""

import errno
import hashlib
import json
import math
import os
import re
import tempfile
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from tokenize import TokenError
from typing import Any, BinaryIO, TypeVar
from zipfile import BadZipFile

import numpy as np

from harness.files.atomic import locked, reason, write_atomically
from harness.recording import Array

DEFAULT_LIMIT = 10_000_000_000
"""How many bytes a folder may hold where nobody says otherwise."""

LEFT_SHARE = 0.9
"""What eviction leaves, as a share of the limit, so that it is not needed again at the next block."""

UNLISTED_SHARE = 0.01
"""A process lists the folder again once it has written this share of the limit: others have written meanwhile."""

TOUCH_SECONDS = 60
"""How exactly the time of use is kept: a block in steady use is touched this often, not at every use."""

DAMAGED = (ValueError, TypeError, EOFError, SyntaxError, TokenError, RuntimeError, BadZipFile)
"""What numpy and zipfile raise on files that were damaged at random."""

CHECKSUM_BYTES = 4
"""At the end of each file, its CRC-32: against chance, not against anybody."""

SHELF = re.compile(r"[0-9a-f]{2}")
BLOCK = re.compile(r"[0-9a-f]{64}\.np[yz]")
LEFTOVER = re.compile(rf"\.{BLOCK.pattern}\.[a-z0-9_]+")
"""What `write_atomically` calls a file that is not finished."""

Content = TypeVar("Content", Array, Mapping[str, Array])


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A block in the folder, or a part of one that a killed process left."""

    path: Path
    nbytes: int
    used: float
    """Seconds since the epoch."""

    @property
    def is_block(self) -> bool:
        return BLOCK.fullmatch(self.path.name) is not None


@dataclass(frozen=True, slots=True)
class Contents:
    """What lies in the folder of a cache."""

    files: tuple[StoredFile, ...]
    """The cache's own, last used longest ago first."""
    others: tuple[Path, ...]
    """Whatever else there is; no cache touches it."""

    @property
    def nbytes(self) -> int:
        return sum(file.nbytes for file in self.files)


@dataclass
class _Tally:
    """What a process knows of the folder's size without listing it."""

    listed: float = math.inf
    """Bytes when it was last listed, infinity before that."""
    written: int = 0
    """Bytes that this process has added since."""
    refused: str | None = None
    """Why a block could not be kept, the first time."""


@dataclass(frozen=True)
class BlockCache:
    """A folder of arrays, each under the digest of what it was computed from."""

    folder: Path
    limit: int = DEFAULT_LIMIT
    """Bytes. Each process that writes may exceed it by `UNLISTED_SHARE`; with 0 nothing is kept and nothing read."""
    _tally: _Tally = field(default_factory=_Tally, init=False, repr=False, compare=False)

    @property
    def refused(self) -> str | None:
        """Why this process could not keep a block, such as a disk that is full; None while it could."""
        return self._tally.refused

    def here(self) -> "BlockCache":
        """The same, in this machine's own folder where the one named cannot be made here or written to."""
        if not self.limit:
            return self
        with suppress(OSError):
            self.folder.mkdir(exist_ok=True)  # its parents are those of another machine
        if self.folder.is_dir() and os.access(self.folder, os.W_OK | os.X_OK):
            return self
        return BlockCache(default_folder(), self.limit)

    def block(self, made_from: Mapping[str, Any], compute: Callable[[], Array]) -> Array:
        """The array computed from `made_from` (plain data): from the folder if it is there, else computed and kept."""
        return self._once(self._path(made_from, "npy"), _mapped, compute, _write_array)

    def arrays(self, made_from: Mapping[str, Any], compute: Callable[[], Mapping[str, Array]]) -> Mapping[str, Array]:
        """The same for several named arrays that belong together, such as what a feature set has fitted."""
        return self._once(self._path(made_from, "npz"), _loaded, compute, _write_arrays)

    def arrays_of_one(
        self, made_from: Mapping[str, Any], compute: Callable[[], Mapping[str, Array]], *, wait: bool
    ) -> Mapping[str, Array] | None:
        """The same of what takes so long that two processes of a machine should not compute it at once.

        None where another does and nobody wants to `wait` for it.
        """
        path = self._path(made_from, "npz")
        if not self.limit:
            return compute()
        if (kept := _attempt(path, _loaded)) is not None:
            _touch(path)
            return kept
        lock = path.with_name(f".{path.name}.lock")  # one of the `LEFTOVER`s, should a kill leave it
        with suppress(OSError):
            lock.parent.mkdir(parents=True, exist_ok=True)
        with locked(lock, wait=wait) as granted:
            if not granted:
                return None
            found = self.arrays(made_from, compute)
            with suppress(OSError):
                lock.unlink()  # whoever has waited for it finds what it was for
            return found

    def contents(self) -> Contents:
        """List the folder; one that does not exist is empty. Raises `OSError` where it cannot be read."""
        files, others = [], []
        for shelf in _entries(self.folder):
            if not _is_shelf(shelf):
                others.append(Path(shelf.path))
                continue
            for entry in _entries(shelf.path):
                if not _is_own(entry, shelf.name):
                    others.append(Path(entry.path))
                    continue
                with suppress(FileNotFoundError):  # evicted meanwhile
                    seen = entry.stat(follow_symlinks=False)
                    files.append(StoredFile(Path(entry.path), seen.st_size, seen.st_mtime))
        return Contents(tuple(sorted(files, key=lambda file: file.used)), tuple(sorted(others)))

    def clear(self) -> Contents:
        """Delete all blocks, and say what was deleted and what else is left. Raises `OSError` where that fails."""
        found = self.contents()
        for file in found.files:
            file.path.unlink(missing_ok=True)
        for shelf in {file.path.parent for file in found.files}:
            with suppress(OSError):  # not empty: others are in it, or a new block
                shelf.rmdir()
        return found

    def _path(self, made_from: Mapping[str, Any], suffix: str) -> Path:
        key = hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()
        return self.folder / key[:2] / f"{key}.{suffix}"

    def _once(
        self,
        path: Path,
        read: Callable[[Path], Content],
        compute: Callable[[], Content],
        write: Callable[[BinaryIO, Content], object],
    ) -> Content:
        """What `path` holds; where nothing readable is there, what `compute` gives, read back from `path` if kept."""
        if not self.limit:
            return compute()
        kept = _attempt(path, read)
        if kept is not None:
            _touch(path)
            return kept
        computed = compute()
        if _nbytes(computed) > self.limit:
            return computed
        # What cannot be kept, for want of space or because the folder is being cleared, costs time and no result.
        refused = None
        try:
            write_atomically(path, lambda file: write(file, computed))
            self._make_room(path.stat().st_size)
        except FileNotFoundError:  # cleared meanwhile
            pass
        except OSError as error:  # also where another process was faster and, on Windows, has its block open
            refused = f"{self.folder}: {reason(error)}"
        kept = _attempt(path, read)
        if kept is None:
            self._tally.refused = self._tally.refused or refused
            return computed
        return kept

    def _make_room(self, written: int) -> None:
        """Count what was `written`; if that may have filled the folder, list it and evict what exceeds the limit."""
        tally = self._tally
        tally.written += written
        if tally.written <= UNLISTED_SHARE * self.limit and tally.listed + tally.written <= self.limit:
            return
        found = self.contents()
        tally.listed, tally.written = found.nbytes, 0
        if tally.listed <= self.limit:
            return
        for file in found.files[:-1]:  # never the last used, which may be the block just written
            if tally.listed <= LEFT_SHARE * self.limit:
                break
            with suppress(PermissionError):  # somebody else's, in a shared folder
                file.path.unlink(missing_ok=True)  # another process may evict the same ones now
                tally.listed -= file.nbytes


def default_folder() -> Path:
    """Where this machine keeps blocks unless another place is named: `HARNESS_CACHE`, or under the user's cache.

    A user without a home, as in a container, has a folder among the temporary files.
    """
    return named_folder() or _home_folder() or temporary_folder()


def named_folder() -> Path | None:
    """What `HARNESS_CACHE` names."""
    named = os.environ.get("HARNESS_CACHE")
    return Path(os.path.expanduser(named)) if named else None


def temporary_folder() -> Path:
    """For this user, where there is no home or nothing can be written there."""
    user = getattr(os, "getuid", lambda: "user")()  # Windows has temporary files for each user
    return Path(tempfile.gettempdir(), f"harness-{user}")


def make_folder(folder: Path) -> None:
    """Make the folder of a cache where it is not there; one among the temporary files is for this user alone.

    Raises `OSError` where it cannot be written to, or is another user's among the temporary files.
    """
    folder.mkdir(0o700 if folder == temporary_folder() else 0o777, parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OSError(errno.EACCES, "cannot be written to")
    getuid = getattr(os, "getuid", None)
    if folder == temporary_folder() and getuid is not None and folder.lstat().st_uid != getuid():
        raise OSError(errno.EACCES, "belongs to another user")


def _home_folder() -> Path | None:
    if named := os.environ.get("XDG_CACHE_HOME"):
        return Path(named) / "harness"
    import platformdirs  # late: rarely asked

    with suppress(RuntimeError):  # there is no home, which older versions say by a ~ that is left
        folder = platformdirs.user_cache_path("harness", appauthor=False)
        return folder if folder.is_absolute() else None
    return None


def _mapped(path: Path) -> Array:
    """The array in an .npy file, mapped. Raises one of `DAMAGED` where the file is not what was written."""
    _verify(np.memmap(path, dtype=np.uint8, mode="r").data, path)
    block = np.load(path, mmap_mode="r", allow_pickle=False)
    if not isinstance(block, np.memmap) or block.offset + block.nbytes + CHECKSUM_BYTES != path.stat().st_size:
        raise ValueError(f"{path} is not as long as its header says")
    return block


def _loaded(path: Path) -> Mapping[str, Array]:
    """The arrays in an .npz file. Raises one of `DAMAGED` where the file is not what was written."""
    content = path.read_bytes()
    _verify(memoryview(content), path)
    stored = np.load(BytesIO(content[:-CHECKSUM_BYTES]), allow_pickle=False)
    if not isinstance(stored, np.lib.npyio.NpzFile):
        raise ValueError(f"{path} does not hold named arrays")
    return dict(stored)


def _verify(content: memoryview, path: Path) -> None:
    """Raise `ValueError` where the bytes do not end in the checksum of the others."""
    if _checksum(zlib.crc32(content[:-CHECKSUM_BYTES])) != bytes(content[-CHECKSUM_BYTES:]):
        raise ValueError(f"{path} is not what was written")


def _checksum(crc: int) -> bytes:
    return crc.to_bytes(CHECKSUM_BYTES, "big")


@dataclass
class _Summing:
    """A file that is written from its beginning to its end, and the checksum of what went into it."""

    file: BinaryIO
    crc: int = 0

    def write(self, content: bytes) -> int:
        self.crc = zlib.crc32(content, self.crc)
        return self.file.write(content)


def _write_array(file: BinaryIO, values: Array) -> None:
    summing = _Summing(file)
    np.save(summing, values, allow_pickle=False)
    file.write(_checksum(summing.crc))


def _write_arrays(file: BinaryIO, values: Mapping[str, Array]) -> None:
    archive = BytesIO()  # an archive is not written from its beginning to its end, and what is learned is small
    np.savez(archive, **values)  # type: ignore[arg-type]  # no array is named allow_pickle
    file.write(archive.getbuffer())
    file.write(_checksum(zlib.crc32(archive.getbuffer())))


def _attempt(path: Path, read: Callable[[Path], Content]) -> Content | None:
    """What `path` holds, None where it holds nothing or is damaged."""
    try:
        return read(path)
    except (OSError, *DAMAGED):
        return None


def _touch(path: Path) -> None:
    """Note that the file was used, as its time of modification: not every disk keeps the time of access."""
    with suppress(OSError):  # evicted meanwhile, or not ours to touch
        if abs(time.time() - path.stat().st_mtime) > TOUCH_SECONDS:
            os.utime(path)


def _nbytes(content: Array | Mapping[str, Array]) -> int:
    return sum(part.nbytes for part in content.values()) if isinstance(content, Mapping) else content.nbytes


def _entries(folder: Path | str) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:  # never made, or cleared meanwhile
        return []


def _is_shelf(entry: "os.DirEntry[str]") -> bool:
    return SHELF.fullmatch(entry.name) is not None and entry.is_dir(follow_symlinks=False)


def _is_own(entry: "os.DirEntry[str]", shelf: str) -> bool:
    """Whether a file on `shelf` is a block or what is left of one."""
    named = BLOCK.fullmatch(entry.name) or LEFTOVER.fullmatch(entry.name)
    return named is not None and entry.name.lstrip(".").startswith(shelf) and entry.is_file(follow_symlinks=False)
