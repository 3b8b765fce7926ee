"""Workers of a Dask cluster: each of its threads owns a child process, watched as the children of this machine are.

So a task that dies or goes over a limit costs the cluster nothing, and fails with the words it fails with here. Should
a worker be lost all the same, Dask gives its tasks to others: they are pure, so one that runs twice does no harm.
"""

import asyncio
import itertools
import multiprocessing
import re
import threading
import time
import uuid
import warnings
import weakref
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Future, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from types import TracebackType
from typing import TYPE_CHECKING, Any

from harness.engines import UNLIMITED, EngineError, Limits, TrialError, WorkerDiedError
from harness.versions import source_digest, versions
from harness.workers import LocalWorkers

if TYPE_CHECKING:
    import distributed

ADDRESS = re.compile(r"(tcp|tls|ws|wss)://\S+:\d{1,5}")

CONNECT_SECONDS = 10
COUNT_SECONDS = 2.0
"""How long a count of the cluster's workers is taken for true."""

WANTED_SECONDS = 0.5
"""How often a worker asks whether anybody still waits for what it is doing."""

MANY_BYTES = "100GB"
"""From when on Dask is to warn of what is sent; it would at 10 MB, which a few recordings have."""


@dataclass(frozen=True)
class DaskEngine:
    """The workers of the cluster whose scheduler has `address`, such as `tcp://host:8786`.

    Raises `EngineError` where that is no such address, or Dask is not installed.
    """

    address: str

    @property
    def where(self) -> str:
        return f"workers of {self.address}"

    @property
    def shares_files(self) -> bool:
        return False

    def __post_init__(self) -> None:
        if not ADDRESS.fullmatch(self.address):
            raise EngineError(f"--dask {self.address}: should be the address of a scheduler, such as tcp://host:8786")
        try:
            import distributed  # noqa: F401
        except ImportError as error:
            raise EngineError("--dask: Dask is not installed; pip install 'behavior-harness[dask]'") from error

    def open(self, start: Callable[[], Any], task: Callable[..., Any], limits: Limits = UNLIMITED) -> "DaskWorkers":
        return DaskWorkers(self.address, start, task, limits)


class DaskWorkers:
    """As many workers as the cluster has threads, as they come and go; see `harness.engines.Workers`."""

    def __init__(self, address: str, start: Callable[[], Any], task: Callable[..., Any], limits: Limits) -> None:
        self._address = address
        self._client = _connected(address)
        self._name = f"harness-{uuid.uuid4().hex}"
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._pending: dict[Future[Any], distributed.Future] = {}
        self._counted = -COUNT_SECONDS, 0
        # Held by whatever worker has used it, and made again where the last of them is lost.
        with _explained(address):
            self._refuse_others()
            self._station = self._client.submit(
                Station, start, task, limits, _fingerprint(), key=f"{self._name}-station", pure=False
            )

    @property
    def count(self) -> int:
        """Threads of the cluster's workers, as of at most two seconds ago."""
        when, count = self._counted
        if time.monotonic() - when > COUNT_SECONDS:
            with _explained(self._address):
                count = sum(self._client.nthreads().values())
            self._counted = time.monotonic(), count
        return count

    def submit(self, *arguments: Any) -> "Future[Any]":
        ours: Future[Any] = Future()
        ours.set_running_or_notify_cancel()
        with _explained(self._address):
            key = (self._name, next(self._numbers))
            theirs = self._client.submit(_run_on_worker, self._station, _Call(arguments), key=key, pure=False)
        with self._lock:
            self._pending[ours] = theirs
        theirs.add_done_callback(lambda done: self._settle(ours, done))
        return ours

    def __enter__(self) -> "DaskWorkers":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The scheduler takes back what this client has asked for, and workers stop what nobody waits for.
        with suppress(TimeoutError):
            self._client.close(timeout=CONNECT_SECONDS)

    def _refuse_others(self) -> None:
        """Raise `EngineError` where what computes in a worker of the cluster is not what computes here."""
        answers = self._client.run(_fingerprint, on_error="return")
        for worker, answer in answers.items():
            if isinstance(answer, Exception):
                raise EngineError(
                    f"--dask {self._address}: {worker} cannot import the harness ({type(answer).__name__}: {answer}); "
                    "install it on all machines of the cluster, in the version that runs here"
                )
            if difference := _difference(answer, _fingerprint()):
                raise EngineError(f"--dask {self._address}: {worker} {difference}")

    def _settle(self, ours: "Future[Any]", theirs: "distributed.Future") -> None:
        """Hand on what came of a task; called once the cluster is done with it."""
        from distributed import KilledWorker

        with self._lock:
            del self._pending[ours]
        try:
            kind, value = theirs.result()
        except KilledWorker as error:
            lost = f"{error.allowed_failures + 1} workers of the cluster were lost while they ran it (out of memory?)"
            ours.set_exception(WorkerDiedError(lost))
        except (CancelledError, asyncio.CancelledError, OSError) as error:
            ours.set_exception(_gone(self._address, error))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a cluster comes through here
            reason = f"{type(error).__name__}: {error}".partition("\n")[0]
            ours.set_exception(EngineError(f"--dask {self._address}: cannot run anything there ({reason})"))
        else:
            if kind == "done":
                ours.set_result(value)
            else:
                ours.set_exception(FAILURES[kind](value))


FAILURES: Mapping[str, type[Exception]] = {"raised": TrialError, "died": WorkerDiedError, "refused": EngineError}


@dataclass(frozen=True)
class _Call:
    """The arguments of a task, closed to Dask, which would take a tuple with a function in it for a task."""

    arguments: tuple[Any, ...]


class Station:
    """What every task needs; and where tasks run, the children that run them.

    It lies among the worker's results, and Dask frees it once nobody waits for any of its tasks, be it because the
    coordinator was killed. Its children end with it.
    """

    def __init__(
        self, start: Callable[[], Any], task: Callable[..., Any], limits: Limits, fingerprint: Mapping[str, str]
    ) -> None:
        self._content = start, task, limits, fingerprint
        self._workers: LocalWorkers | None = None
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type["Station"], tuple[Any, ...]]:
        return Station, self._content

    def workers(self, count: int) -> LocalWorkers:
        """The children of this process. Raises `EngineError` where it should run none."""
        start, task, limits, fingerprint = self._content
        with self._lock:
            if self._workers is None:
                if difference := _difference(_fingerprint(), fingerprint):
                    raise EngineError(f"a worker {difference}")
                _allow_children()
                self._workers = LocalWorkers(count, start, task, limits)
                weakref.finalize(self, self._workers.close, wait=False)
            return self._workers

    def stop(self) -> None:
        with self._lock:
            if self._workers is not None:
                self._workers.close(wait=False)
                self._workers = None


def _run_on_worker(station: Station, call: _Call) -> tuple[str, Any]:
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
def _fingerprint() -> dict[str, str]:
    """What must be the same on all machines, for a trial to score on any of them what it scores on another."""
    return {**versions(), "code of the harness": source_digest()[:12]}


def _difference(theirs: Mapping[str, str], ours: Mapping[str, str]) -> str | None:
    """What computes there and not here, in words."""
    differing = [name for name in ours if theirs.get(name) != ours[name]]
    if not differing:
        return None
    there = ", ".join(f"{name} {theirs.get(name)}" for name in differing)
    here = ", ".join(f"{name} {ours[name]}" for name in differing)
    return f"has {there}, this machine {here}; a cluster needs the same on all machines"


def _connected(address: str) -> "distributed.Client":
    import dask
    import distributed

    dask.config.set({"distributed.admin.large-graph-warning-threshold": MANY_BYTES})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of versions: those that matter are compared in every worker
        try:
            return distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False, name="harness")
        except OSError as error:
            raise EngineError(
                f"--dask {address}: no scheduler answers there; start one with `dask scheduler`, or correct the address"
            ) from error
        except ValueError as error:
            raise EngineError(f"--dask {address}: not the address of a scheduler ({error})") from error


@contextmanager
def _explained(address: str) -> Iterator[None]:
    """Raise `EngineError` where the scheduler is lost."""
    try:
        yield
    except (CancelledError, asyncio.CancelledError, OSError) as error:
        raise _gone(address, error) from error


def _gone(address: str, error: BaseException) -> EngineError:
    return EngineError(
        f"--dask {address}: the scheduler is gone ({type(error).__name__}); "
        "what is finished is kept, and the same command goes on once it is back"
    )
