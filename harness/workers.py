"""Where trials run: child processes, one trial and one thread each, watched and replaced one by one.

The shape is that of `concurrent.futures`: `submit` gives a future. A child that dies takes its trial with it and
nothing else: the future raises `WorkerDiedError` with the reason, and the next trial gets a new child.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from types import TracebackType
from typing import Any

from harness.errors import HarnessError

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")

PRELOADED = ["harness.evaluation", "lightgbm", "catboost", "sklearn.ensemble", "sklearn.linear_model", "pandas"]
"""What the server that children are forked from imports once. Importing starts no threads."""


class WorkerDiedError(Exception):
    """A child process ended in the middle of a trial."""


class TrialError(Exception):
    """What a trial raised in its child process, as text."""


class LocalWorkers:
    """`count` child processes, each calling `start()` once and then `task(state, *arguments)` for each submission.

    `start` and `task` must be importable by name, and arguments and results picklable. As a context manager it kills
    all children at the end, whatever they are doing.
    """

    def __init__(self, count: int, start: Callable[[], Any], task: Callable[..., Any]) -> None:
        for variable in THREAD_VARIABLES:
            os.environ[variable] = "1"  # inherited by every child; more threads than cores cost a factor of 2 to 4
        self.count = count
        self._start, self._task = start, task
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOADED)
        _start_server()
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="worker")
        self._mine = threading.local()
        self._children: set[ForkServerProcess] = set()
        self._closed = False
        self._lock = threading.Lock()

    def submit(self, *arguments: Any) -> "Future[Any]":
        return self._threads.submit(self._run, arguments)

    def __enter__(self) -> "LocalWorkers":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._closed = True
            for child in self._children:
                child.kill()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _run(self, arguments: tuple[Any, ...]) -> Any:
        child, line = self._child()
        try:
            line.send(arguments)
            raised, result = line.recv()
        except (EOFError, OSError) as error:
            child.join()
            with self._lock:
                self._children.discard(child)
            del self._mine.child
            raise WorkerDiedError(_last_words(child.exitcode)) from error
        if raised:
            raise TrialError(result)
        return result

    def _child(self) -> tuple[ForkServerProcess, Connection]:
        """This thread's child process and the line to it."""
        if not hasattr(self._mine, "child"):
            here, there = self._context.Pipe()
            child = self._context.Process(target=_serve, args=(there, self._start, self._task), daemon=True)
            with self._lock:
                if self._closed:
                    raise WorkerDiedError("stopped before it began")
                child.start()
                self._children.add(child)
            there.close()
            self._mine.child = child, here
        pair: tuple[ForkServerProcess, Connection] = self._mine.child
        return pair


def _start_server() -> None:
    """Start the server deaf to interrupts, which a terminal sends to all: they are the parent's to answer."""
    if threading.current_thread() is not threading.main_thread():
        return  # the server starts with the first child; only the main thread may change handlers
    answer = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        forkserver.ensure_running()
    finally:
        signal.signal(signal.SIGINT, answer)


def _serve(line: Connection, start: Callable[[], Any], task: Callable[..., Any]) -> None:
    """A child's life: take a task, send what came of it, until the line or the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interrupt means
    threading.Thread(target=_end_with_parent, daemon=True).start()
    state = start()
    while True:
        try:
            arguments = line.recv()
        except EOFError:
            return
        try:
            answer = (False, task(state, *arguments))
        except Exception as error:  # noqa: BLE001 - the process boundary: whatever a plugin raises is sent to the parent
            kind = "" if isinstance(error, HarnessError) else f"{type(error).__name__}: "
            answer = (True, f"{kind}{error}")
        line.send(answer)


def _end_with_parent() -> None:
    """End this process once the one that started it is gone, even in the middle of a trial."""
    parent = multiprocessing.parent_process()  # not the fork server, which outlives it as long as it has children
    assert parent is not None
    parent.join()
    os._exit(1)


def _last_words(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        name = signal.Signals(-exitcode).name
        return f"the worker was killed by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")
    return f"the worker ended with exit code {exitcode}"
