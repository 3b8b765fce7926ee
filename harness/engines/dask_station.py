"""What runs on a worker of a Dask cluster: the children that it owns, and how it says what came of a task.

Nothing here knows of the coordinator, but that it may be gone.
"""

import multiprocessing
import threading
import weakref
from collections.abc import Callable, Mapping
from concurrent.futures import wait
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from harness.engines.interface import EngineError, Limits, TrialError, WorkerDiedError
from harness.engines.local import LocalWorkers
from harness.runs.versions import source_digest, versions

if TYPE_CHECKING:
    import distributed

WANTED_SECONDS = 0.5
"""How often a worker asks whether anybody still waits for what it is doing."""

FAILURES: Mapping[str, type[Exception]] = {"raised": TrialError, "died": WorkerDiedError, "refused": EngineError}
"""What a task can fail with, by the word that is sent for it."""


@dataclass(frozen=True)
class Call:
    """The arguments of a task, closed to Dask, which would take a tuple with a function in it for a task."""

    arguments: tuple[Any, ...]


class Station:
    """What every task needs; and where tasks run, the children that run them.

    It lies among the worker's results, and Dask frees it once nobody waits for any of its tasks, be it because the
    coordinator was killed. Its children end with it.
    """

    def __init__(
        self, start: Callable[[], Any], task: Callable[..., Any], limits: Limits, expected: Mapping[str, str]
    ) -> None:
        self._content = start, task, limits, expected
        self._workers: LocalWorkers | None = None
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type["Station"], tuple[Any, ...]]:
        return Station, self._content

    def workers(self, count: int) -> LocalWorkers:
        """The children of this process. Raises `EngineError` where it should run none."""
        start, task, limits, expected = self._content
        with self._lock:
            if self._workers is None:
                if differs := difference(fingerprint(), expected):
                    raise EngineError(f"a worker {differs}")
                _allow_children()
                self._workers = LocalWorkers(count, start, task, limits)
                weakref.finalize(self, self._workers.close, wait=False)
            return self._workers

    def stop(self) -> None:
        with self._lock:
            if self._workers is not None:
                self._workers.close(wait=False)
                self._workers = None


def run_on_worker(station: Station, call: Call) -> tuple[str, Any]:
    """What came of a task: a key of `FAILURES` and the reason, or `done` and what it gave."""
    from distributed import Reschedule, get_worker

    worker = get_worker()
    key = worker.get_current_task()
    try:
        workers = station.workers(worker.state.nthreads)
        running = workers.submit(*call.arguments)
    except EngineError as error:
        return "refused", str(error)
    while not running.done():
        wait([running], WANTED_SECONDS)
        if not running.done() and not _wanted(worker, key):
            station.stop()
    if workers.closed:
        raise Reschedule  # not the task's fault, should anybody want it after all
    try:
        return "done", running.result()
    except (TrialError, WorkerDiedError, EngineError) as error:
        return next(kind for kind, raised in FAILURES.items() if isinstance(error, raised)), str(error)


def _wanted(worker: "distributed.Worker", key: Any) -> bool:
    """Whether a task that runs is still waited for, by a worker that stays."""
    from distributed.core import Status

    task = worker.state.tasks.get(key)
    return task is not None and task.state != "cancelled" and worker.status in (Status.running, Status.paused)


def _allow_children() -> None:
    """Dask's workers are daemons, which may have no children, lest these outlive them. Ours end with their parent."""
    vars(multiprocessing.current_process())["_config"]["daemon"] = False


@lru_cache(maxsize=1)
def fingerprint() -> dict[str, str]:
    """What must be the same on all machines, for a trial to score on any of them what it scores on another."""
    return {**versions(), "code of the harness": source_digest()[:12]}


def difference(theirs: Mapping[str, str], ours: Mapping[str, str]) -> str | None:
    """What computes there and not here, in words."""
    differing = [name for name in ours if theirs.get(name) != ours[name]]
    if not differing:
        return None
    there = ", ".join(f"{name} {theirs.get(name)}" for name in differing)
    here = ", ".join(f"{name} {ours[name]}" for name in differing)
    return f"has {there}, this machine {here}; a cluster needs the same on all machines"
