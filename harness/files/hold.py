"""Who writes to a run's folder: one process at a time, and the others learn which."""

import errno
import os
import socket
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import HarnessError
from harness.files.atomic import write_text
from harness.files.bounded import read_text

LOCK = "lock"
"""The file that is locked, in the folder."""

WRITER = "lock.writer"
"""Beside it, who has locked it: Windows lets nobody read a file that is locked."""


class HeldError(HarnessError):
    """Another process writes to the run."""

    def __init__(self, where: object, who: str) -> None:
        super().__init__(
            f"{where}: another search writes here ({who}); "
            "wait for it, or give this one a folder of its own with --results"
        )


def this_process() -> str:
    """How others are told about this process."""
    return f"process {os.getpid()} on {socket.gethostname()}"


@contextmanager
def held_folder(folder: Path) -> Iterator[None]:
    """Be the only process that writes to `folder`, which is made where it is not there.

    Raises `HeldError` saying which process it is and since when, and `HarnessError` where nothing can be written. No
    clock decides: the system drops the lock with the process, however it ends, and the time is there to be read.
    """
    from filelock import FileLock, Timeout  # late: readers of a run hold nothing

    # A file that only stands for a lock, where the disk has none, would outlive a process that is killed.
    lock = FileLock(folder / LOCK, timeout=0, thread_local=False, fallback_to_soft=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass  # A lock that is there opens even where nothing new can be written.
        _refuse_other(folder / LOCK)
        lock.acquire()
    except Timeout as error:
        raise HeldError(folder, _writer(folder)) from error
    except NotImplementedError as error:
        raise HarnessError(f"{folder}: its disk has no locks; name another --results") from error
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        try:
            write_text(folder / WRITER, f"{this_process()}, since {time.strftime('%Y-%m-%d %H:%M:%S')}\n")
        except OSError as error:
            raise _unwritable(folder, error) from error
        yield
    finally:
        lock.release()


def _refuse_other(lock: Path) -> None:
    """Raise `OSError` where the lock is there, but no file."""
    try:
        kind = lock.stat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(kind):
        raise OSError(errno.EINVAL, "its lock is a folder, a pipe or a device, expected a file")


def _writer(folder: Path) -> str:
    try:
        return read_text(folder / WRITER).strip()
    except (OSError, ValueError):  # it has just begun
        return "which does not say who it is"


def _unwritable(folder: Path, error: OSError) -> HarnessError:
    return HarnessError(f"{folder}: cannot be written to ({error.strerror or error}); name another --results")
