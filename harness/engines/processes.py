"""Child processes on any system: how they are started, what memory they have, and how all of a tree ends."""

import atexit
import multiprocessing
import os
import shutil
import signal
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from harness.engines.interface import EngineError

LONGEST_ADDRESS = 100
"""Bytes of a socket's name; Linux takes 107, macOS 103."""

SOCKET = "listener-12345678"
"""What `multiprocessing` calls a socket, give or take letters, in a folder like the next."""

SOCKETS = "pymp-12345678"

SHORT_FOLDERS = ("/tmp", "/var/tmp")  # noqa: S108 - a folder of our own is made there, under a name that is drawn


def start_method() -> str:
    """How children are started: by a `forkserver`, or by `spawn` where there is none or `HARNESS_START_METHOD` says so.

    They compute the same; with `spawn` each imports its libraries for itself. Raises `EngineError` for other methods.
    """
    known = [method for method in ("forkserver", "spawn") if method in multiprocessing.get_all_start_methods()]
    named = os.environ.get("HARNESS_START_METHOD") or known[0]
    if named not in known:
        raise EngineError(f"HARNESS_START_METHOD: unknown method {named!r}; available here: {', '.join(known)}")
    return named


def shorten_sockets() -> None:
    """Let `multiprocessing` make its sockets in another folder where their names would be too long.

    Folders for temporary files have long names on clusters. Raises `EngineError` where no other folder can be made.
    """
    settings: dict[str, Any] = multiprocessing.current_process()._config  # type: ignore[attr-defined]
    folder = settings.get("tempdir") or os.path.join(tempfile.gettempdir(), SOCKETS)
    if len(os.fsencode(os.path.join(folder, SOCKET))) <= LONGEST_ADDRESS:
        return
    for short in SHORT_FOLDERS:
        with suppress(OSError):
            made = tempfile.mkdtemp(prefix="pymp-", dir=short)
            atexit.register(shutil.rmtree, made, ignore_errors=True)
            settings["tempdir"] = made
            return
    raise EngineError(f"{tempfile.gettempdir()}: too long a name for sockets; set TMPDIR to a folder with a short one")


@dataclass(frozen=True)
class Tree:
    """A process and all that it has started, directly or not."""

    pid: int
    process: psutil.Process | None
    """None where it ended before it could be looked at; one that gets its number later is told apart."""

    @classmethod
    def of(cls, pid: int) -> "Tree":
        """The tree of a process that runs."""
        try:
            return cls(pid, psutil.Process(pid))
        except psutil.Error:
            return cls(pid, None)

    def allocated(self) -> int:
        """Bytes of memory that the first process has to itself; 0 once it has ended.

        What is resident, less what is shared, such as files that are mapped, where the system tells these apart.
        """
        if self.process is None:
            return 0
        try:
            memory = self.process.memory_info()
        except psutil.Error:
            return 0
        return int(getattr(memory, "private", memory.rss - getattr(memory, "shared", 0)))

    def kill(self) -> None:
        """End all of them at once, whatever they are doing."""
        started = self._started()
        if self.process is not None:
            _kill(self.process)
        for one in started:
            _kill(one)
        _kill_group(self.pid)

    def _started(self) -> list[psutil.Process]:
        try:
            return self.process.children(recursive=True) if self.process is not None else []
        except psutil.Error:
            return []


def begin_group() -> None:
    """Make this process the first of a group, where the system has groups: they hold what orphans of a tree there are.

    Without groups, what is left of a child that died after it started something is not found.
    """
    setpgid = getattr(os, "setpgid", None)
    if setpgid is not None:
        with suppress(OSError):
            setpgid(0, 0)


def end_all() -> None:
    """End this process and all that it has started."""
    for one in Tree.of(os.getpid())._started():
        _kill(one)
    getpgrp = getattr(os, "getpgrp", None)
    if getpgrp is not None and getpgrp() == os.getpid():
        _kill_group(os.getpid())
    os._exit(1)


def offer_first() -> None:
    """Let the system end this process before its parent where memory is short, so that the parent can say why."""
    score = Path("/proc/self/oom_score_adj")
    if score.exists():
        with suppress(OSError):
            score.write_text("1000", encoding="ascii")


def _kill(process: psutil.Process) -> None:
    with suppress(psutil.Error):
        process.kill()


def _kill_group(first: int) -> None:
    killpg, number = getattr(os, "killpg", None), getattr(signal, "SIGKILL", None)
    if killpg is not None and number is not None:
        with suppress(ProcessLookupError, PermissionError):  # gone, or not yet a group
            killpg(first, number)
