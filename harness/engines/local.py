"""Workers on this machine: child processes, one task and one thread each, watched and replaced one by one.

A child that dies takes its task with it and nothing else: the future raises `WorkerDiedError` with the reason, and the
next task gets a new child. So does one that its parent kills because it went over a limit. A task whose child is killed
from outside runs once more first: the system ran out of memory, which others may have used, or somebody was at it.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import spawn
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any

from harness.engines.interface import UNLIMITED, EngineError, Limits, TrialError, WorkerDiedError
from harness.engines.processes import Tree, begin_group, end_all, offer_first, shorten_sockets, start_method
from harness.errors import HarnessError

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")

PRELOADED = ["harness.fitting.evaluation", "lightgbm", "catboost", "sklearn.ensemble", "sklearn.linear_model", "pandas"]
"""What the server that children are forked from imports once. Importing starts no threads."""

WATCH_SECONDS = 0.25
"""How often a child is held against its limits."""


KILLED = (-9, 255)
"""What children end with that SIGKILL ended, sent from outside; 255 where nobody knows, as their server was killed."""


@dataclass(frozen=True)
class LocalEngine:
    """Processes of this machine."""

    count: int

    @property
    def where(self) -> str:
        return "1 worker" if self.count == 1 else f"{self.count:,} workers"

    @property
    def shares_files(self) -> bool:
        return True

    def open(self, start: Callable[[], Any], task: Callable[..., Any], limits: Limits = UNLIMITED) -> "LocalWorkers":
        return LocalWorkers(self.count, start, task, limits)


@dataclass(frozen=True)
class _Child:
    process: BaseProcess
    line: Connection
    tree: Tree


class LocalWorkers:
    """`count` child processes, each started when it is first needed; see `harness.engines.interface.Workers`.

    Raises `EngineError` where none can be started on this system.
    """

    def __init__(
        self, count: int, start: Callable[[], Any], task: Callable[..., Any], limits: Limits = UNLIMITED
    ) -> None:
        self.count = count
        self._start, self._task, self._limits = start, task, limits
        method = start_method()
        self._context: Any = multiprocessing.get_context(method)
        if method == "forkserver":
            shorten_sockets()
            self._context.set_forkserver_preload(PRELOADED)
            _start_server()
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="worker")
        self._mine = threading.local()
        self._children: set[_Child] = set()
        self._closed = False
        self._lock = threading.Lock()

    @property
    def closed(self) -> bool:
        return self._closed

    def submit(self, *arguments: Any) -> "Future[Any]":
        return self._threads.submit(self._run, arguments)

    def close(self, *, wait: bool = True) -> None:
        """Kill all children, whatever they are doing, and drop what waits."""
        with self._lock:
            self._closed = True
            for child in self._children:
                child.tree.kill()
        self._threads.shutdown(wait=wait, cancel_futures=True)
        if wait:
            for child in self._children:
                child.process.join()

    def __enter__(self) -> "LocalWorkers":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, arguments: tuple[Any, ...]) -> Any:
        try:
            return self._attempted(arguments)
        except _KilledError:
            return self._attempted(arguments)

    def _attempted(self, arguments: tuple[Any, ...]) -> Any:
        child = self._child()
        try:
            child.line.send(arguments)
            raised, result = self._answer(child, self._limits)
        except (EOFError, OSError) as error:
            raise self._bury(child) from error
        except _OverLimitError as error:
            self._bury(child)
            raise WorkerDiedError(str(error)) from error
        if raised:
            raise TrialError(result)
        return result

    def _child(self) -> _Child:
        """This thread's child, ready for a task."""
        known: _Child | None = getattr(self._mine, "child", None)
        if known is not None and known.process.is_alive():
            return known
        if known is not None:
            self._bury(known)  # while it had nothing to do
        here, there = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(there, self._start, self._task), daemon=True)
        with self._lock:
            if self._closed:
                raise WorkerDiedError("stopped before it began")
            with _for_children(), _deaf():
                process.start()
            child = _Child(process, here, Tree.of(process.pid))
            self._children.add(child)
        there.close()
        self._mine.child = child
        try:
            failed, reason = self._answer(child, UNLIMITED)
        except (EOFError, OSError) as error:
            raise self._bury(child) from error
        if failed:
            self._bury(child)
            raise EngineError(f"a worker cannot begin: {reason}")
        return child

    def _answer(self, child: _Child, limits: Limits) -> tuple[bool, Any]:
        """What comes next on the line. Raises `EOFError` where the child dies, `_OverLimitError` once it must."""
        began = time.monotonic()
        watching = None if limits == UNLIMITED else WATCH_SECONDS
        while True:
            # Not the line alone: what a child has started may hold its end of it.
            ready = wait_for([child.line, child.process.sentinel], watching)
            if child.line in ready:
                answer: tuple[bool, Any] = child.line.recv()
                return answer
            if ready:
                raise EOFError
            reason = _over(limits, time.monotonic() - began, child.tree)
            if reason:
                raise _OverLimitError(reason)

    def _bury(self, child: _Child) -> WorkerDiedError:
        """Make sure that nothing of this thread's child is left, and return what it died of."""
        if self._mine.child is child:
            del self._mine.child
        if child.process.exitcode is None:
            wait_for([child.process.sentinel], WATCH_SECONDS)  # the line ends a moment before the process does
        exitcode = child.process.exitcode
        child.tree.kill()
        child.process.kill()
        child.process.join()
        child.line.close()
        with self._lock:
            self._children.discard(child)
        exitcode = child.process.exitcode if exitcode is None else exitcode
        return (_KilledError if exitcode in KILLED else WorkerDiedError)(_last_words(exitcode))


class _OverLimitError(Exception):
    """A task used more than it may."""


class _KilledError(WorkerDiedError):
    """Something else than the task may have ended the child."""


def _over(limits: Limits, seconds: float, tree: Tree) -> str | None:
    """Which limit a task has gone over, in words."""
    if limits.seconds is not None and seconds > limits.seconds:
        return f"took longer than {_time_in_words(limits.seconds)} (--trial-timeout)"
    if limits.memory is not None and tree.allocated() > limits.memory:
        return f"used more than {_size_in_words(limits.memory)} (--trial-memory)"
    return None


def _time_in_words(seconds: float) -> str:
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:g} {unit}"
    return f"{seconds:g} s"


def _size_in_words(size: int) -> str:
    for unit, length in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if size >= length:
            return f"{size / length:g} {unit}"
    return f"{size / 1e3:g} kB"


def _start_server() -> None:
    """Start the server deaf to interrupts, which a terminal sends to all: they are the parent's to answer."""
    if threading.current_thread() is not threading.main_thread():
        return  # the server starts with the first child; only the main thread may change handlers
    from multiprocessing import forkserver  # late: not every system has it

    # Blocked is inherited as ignored is, and what comes meanwhile is not lost to the parent.
    with _deaf(), _for_children():
        forkserver.ensure_running()


@contextmanager
def _deaf() -> Iterator[None]:
    """Within, what this thread starts never hears of interrupts, where a thread can be deaf."""
    mask, block, reset = (getattr(signal, name, None) for name in ("pthread_sigmask", "SIG_BLOCK", "SIG_SETMASK"))
    if mask is None:
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # which would make this thread hear again, if it were started within
    before = mask(block, {signal.SIGINT})
    try:
        yield
    finally:
        mask(reset, before)


_STARTING = threading.Lock()


@contextmanager
def _for_children() -> Iterator[None]:
    """Within, a process that is started gets one thread, and does not run this program's main module again.

    More threads than cores cost a factor of 2 to 4. And a script or notebook that calls a search without
    `if __name__ == "__main__"` would otherwise start it anew in each child; nothing that children are sent is in there.
    """
    with _STARTING:
        prepare = spawn.get_preparation_data

        def without_main(name: str) -> dict[str, Any]:
            return {key: value for key, value in prepare(name).items() if not key.startswith("init_main_from")}

        before = {variable: os.environ.get(variable) for variable in THREAD_VARIABLES}
        os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
        spawn.get_preparation_data = without_main
        try:
            yield
        finally:
            spawn.get_preparation_data = prepare
            for variable, value in before.items():
                if value is None:
                    del os.environ[variable]
                else:
                    os.environ[variable] = value


def _serve(line: Connection, start: Callable[[], Any], task: Callable[..., Any]) -> None:
    """A child's life: take a task, send what came of it, until the line or the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interrupt means
    begin_group()
    offer_first()
    with suppress(OSError):
        os.dup2(2, 1)  # what a plugin prints is no part of what the parent writes
    threading.Thread(target=_end_with_parent, daemon=True).start()
    failed, state = _attempt(start)
    line.send((failed, state if failed else None))
    while not failed:
        unreadable, arguments = _attempt(_received, line)
        if arguments is None:
            return
        line.send((True, arguments) if unreadable else _attempt(task, state, *arguments))


def _received(line: Connection) -> Any:
    """What the parent sends; None once it is gone."""
    try:
        return line.recv()
    except EOFError:
        return None


def _attempt(function: Callable[..., Any], *arguments: Any) -> tuple[bool, Any]:
    """Whether the function raised, and what it gave or raised."""
    try:
        return False, function(*arguments)
    except BaseException as error:  # noqa: BLE001 - the process boundary: a plugin may raise anything, `SystemExit` too
        kind = "" if isinstance(error, HarnessError) else type(error).__name__
        return True, ": ".join(part for part in (kind, str(error)) if part)


def _end_with_parent() -> None:
    """End this process, and all that it started, once the one that started it is gone, even in the middle of a task."""
    parent = multiprocessing.parent_process()  # not the fork server, which outlives it as long as it has children
    assert parent is not None
    parent.join()
    end_all()


def _last_words(exitcode: int | None) -> str:
    name = {-one.value: one.name for one in signal.Signals}.get(exitcode or 0)
    if name is not None:
        return f"the worker was killed by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")
    return f"the worker ended with exit code {exitcode}"
