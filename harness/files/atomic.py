"""Write files so that a reader sees the old content or the new, never half of one."""

import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

WAITS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4)
"""Seconds between attempts to rename a file to one that others read: on Windows they have to close it first."""


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Let `write` fill a temporary file beside `path`, flush it to the disk, and rename it to `path`.

    A process killed in between leaves `path` as it was, and at worst a hidden temporary file beside it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _written(path, write)
    _renamed({path: temporary})


def write_together(folder: Path, contents: Mapping[str, bytes]) -> None:
    """The same for files of a folder that belong together: all are written before the first gets its name.

    So a disk that is full leaves all as they were, and of two processes that write the same files the last one wins
    with all of its own. Only a kill in the instant between the renames leaves some old and some new.
    """
    folder.mkdir(parents=True, exist_ok=True)
    temporary: dict[Path, str] = {}
    try:
        for name, content in contents.items():
            temporary[folder / name] = _written(folder / name, partial(_write, content))
        with _alone_in(folder):
            _renamed(temporary)
    finally:
        for one in temporary.values():
            Path(one).unlink(missing_ok=True)


def _written(path: Path, write: Callable[[BinaryIO], object]) -> str:
    """The name of a finished temporary file beside `path`."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return temporary


def _write(content: bytes, file: BinaryIO) -> None:
    file.write(content)


def _renamed(temporary: Mapping[Path, str]) -> None:
    try:
        for path, one in temporary.items():
            _replace(one, path)
    except BaseException:
        for one in temporary.values():
            Path(one).unlink(missing_ok=True)
        raise


def _replace(temporary: str, path: Path) -> None:
    for wait in WAITS:
        try:
            return os.replace(temporary, path)
        except PermissionError:
            time.sleep(wait)
    return os.replace(temporary, path)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Within, no other process of this machine is here for the same folder; where there are no locks, one may be.

    The lock is not in the folder, which is the user's and should hold nothing but what was asked for.
    """
    digest = hashlib.sha256(os.fsencode(os.path.realpath(folder))).hexdigest()[:32]
    with locked(Path(tempfile.gettempdir(), f"harness-{digest}.lock")):
        yield


@contextmanager
def locked(file: Path, *, wait: bool = True) -> Iterator[bool]:
    """Within, no other process of this machine holds the lock `file`; False where one does and nobody wants to `wait`.

    Where there are no locks, all are let in.
    """
    from filelock import FileLock, Timeout  # late: few commands need locks

    lock = FileLock(file, fallback_to_soft=False)
    granted = True
    with suppress(OSError, NotImplementedError):
        try:
            lock.acquire(timeout=-1 if wait else 0)
        except Timeout:
            granted = False
    try:
        yield granted
    finally:
        lock.release()


def reason(error: OSError) -> str:
    """Why something could not be written. numpy tells no more than that some of it was not: then the disk is full."""
    return error.strerror or "No space left on device"


def write_text(path: Path, text: str) -> None:
    write_atomically(path, lambda file: file.write(text.encode()))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
