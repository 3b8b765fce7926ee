"""Who writes to a run's folder: one process at a time, and the others learn which."""

import errno
import fcntl
import os
import socket
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from harness.errors import HarnessError


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
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass  # A lock that is there opens even where nothing new can be written.
        file = _opened(folder / "lock")
    except OSError as error:
        raise _unwritable(folder, error) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise HeldError(folder, file.read().strip()) from error
        try:
            os.ftruncate(file.fileno(), 0)
            os.write(file.fileno(), f"{this_process()}, since {time.strftime('%Y-%m-%d %H:%M:%S')}\n".encode())
        except OSError as error:
            raise _unwritable(folder, error) from error
        yield


def _opened(lock: Path) -> TextIO:
    """The lock, made where it is not there. Raises `OSError`, also for what is no file, and waits for no pipe."""
    handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | os.O_NOCTTY, 0o666)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "its lock is a pipe or a device, expected a file")
    return os.fdopen(handle, "r+", encoding="utf-8", errors="replace")


def _unwritable(folder: Path, error: OSError) -> HarnessError:
    return HarnessError(f"{folder}: cannot be written to ({error.strerror}); name another --results")
