"""Workers of a Dask cluster: each of its threads owns a child process, watched as the children of this machine are.

So a task that dies or goes over a limit costs the cluster nothing, and fails with the words it fails with here. Should
a worker be lost all the same, Dask gives its tasks to others: they are pure, so one that runs twice does no harm.
Here is what the coordinator does; what its workers do is in `engines.dask_station`.
"""

import asyncio
import itertools
import re
import threading
import uuid
import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any

from harness.engines.dask_station import FAILURES, Call, Station, difference, fingerprint, run_on_worker
from harness.engines.interface import UNLIMITED, EngineError, Limits, WorkerDiedError

if TYPE_CHECKING:
    import distributed

ADDRESS = re.compile(r"(tcp|tls|ws|wss)://\S+:\d{1,5}")

CONNECT_SECONDS = 10
COUNT_SECONDS = 1.0
"""How often the cluster is asked for its workers."""
PATIENCE_SECONDS = 60
"""For so long a scheduler may say nothing; then it is lost."""

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
    """As many workers as the cluster has threads, as they come and go; see `harness.engines.interface.Workers`.

    A worker is given a task when one of its threads is free, not before: so none waits behind a long one, and a worker
    that is lost speaks against the tasks it ran and against no others.
    """

    def __init__(self, address: str, start: Callable[[], Any], task: Callable[..., Any], limits: Limits) -> None:
        self._address = address
        self._client = _connected(address)
        self._name = f"harness-{uuid.uuid4().hex}"
        self._numbers = itertools.count()
        self._lock = threading.RLock()
        self._waiting: deque[tuple[Future[Any], Call]] = deque()
        self._running: dict[Future[Any], tuple[str, distributed.Future]] = {}
        self._unanswered: set[Future[Any]] = set()
        self._threads: Mapping[str, int] = {}
        self._lost: EngineError | None = None
        self._left = threading.Event()
        try:
            with _explained(address):
                self._refuse_others()
                # Held by whatever worker has used it, and made again where the last of them is lost.
                self._station = self._client.submit(
                    Station, start, task, limits, fingerprint(), key=f"station-{self._name}", pure=False
                )
                self._threads = self._client.nthreads()
        except EngineError:
            self._close()
            raise
        threading.Thread(target=self._follow, daemon=True).start()

    @property
    def count(self) -> int:
        """Threads of the cluster's workers, as of a moment ago. Raises `EngineError` once the scheduler is lost."""
        if self._lost:
            raise self._lost
        return sum(self._threads.values())

    def submit(self, *arguments: Any) -> "Future[Any]":
        ours: Future[Any] = Future()
        ours.set_running_or_notify_cancel()
        with self._lock:
            self._waiting.append((ours, Call(arguments)))
            self._unanswered.add(ours)
        self._hand_out()
        return ours

    def __enter__(self) -> "DaskWorkers":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left.set()
        self._close()

    def _close(self) -> None:
        # The scheduler takes back what this client has asked for, and workers stop what nobody waits for.
        with suppress(TimeoutError):
            self._client.close(timeout=CONNECT_SECONDS)

    def _follow(self) -> None:
        """See workers come and go, and the scheduler."""
        while self._lost is None and not self._left.wait(COUNT_SECONDS):
            try:
                with _explained(self._address):
                    self._threads = self._client.sync(self._client.scheduler.ncores, callback_timeout=PATIENCE_SECONDS)
            except EngineError as error:
                self._lose(error)
            self._hand_out()

    def _lose(self, error: EngineError) -> None:
        """Nothing that was asked for will be answered any more: Dask itself forgets some of it without a word."""
        with self._lock:
            self._lost = self._lost or error
            self._waiting.clear()
            unanswered = [*self._unanswered]
        for ours in unanswered:
            self._answer(ours, error=self._lost)

    def _answer(self, ours: "Future[Any]", value: Any = None, error: Exception | None = None) -> None:
        """Say what came of a task, unless that was done."""
        with self._lock:
            if ours not in self._unanswered:
                return
            self._unanswered.remove(ours)
        if error is None:
            ours.set_result(value)
        else:
            ours.set_exception(error)

    def _hand_out(self) -> None:
        """Give what waits to threads that are free."""
        with self._lock:
            while self._waiting and not self._left.is_set():
                busy = Counter(place for place, _ in self._running.values())
                free = {place: threads - busy[place] for place, threads in self._threads.items()}
                place = max(free, key=lambda one: free[one], default=None)
                if self._lost is None and (place is None or free[place] < 1):
                    break
                ours, call = self._waiting.popleft()
                try:
                    if self._lost is not None or place is None:
                        raise self._lost or _gone(self._address)
                    with _explained(self._address):
                        theirs = self._client.submit(
                            run_on_worker,
                            self._station,
                            call,
                            key=(self._name, next(self._numbers)),
                            pure=False,
                            workers=[place],
                            allow_other_workers=True,  # should that one be lost
                        )
                except EngineError as error:
                    self._answer(ours, error=error)
                else:
                    self._running[ours] = place, theirs
                    theirs.add_done_callback(partial(self._settle, ours))

    def _refuse_others(self) -> None:
        """Raise `EngineError` where what computes in a worker of the cluster is not what computes here."""
        answers = self._client.run(fingerprint, on_error="return")
        for worker, answer in answers.items():
            if isinstance(answer, Exception):
                # Dask wraps what it cannot send as it is.
                reason = str(answer) if type(answer) is Exception else f"{type(answer).__name__}: {answer}"
                raise EngineError(
                    f"--dask {self._address}: {worker} cannot import the harness ({reason}); "
                    "install it on all machines of the cluster, in the version that runs here"
                )
            if differs := difference(answer, fingerprint()):
                raise EngineError(f"--dask {self._address}: {worker} {differs}")

    def _settle(self, ours: "Future[Any]", theirs: "distributed.Future") -> None:
        """The cluster is done with a task; called by the one thread in which Dask says so."""
        # Beside, as Dask can wait forever for a result that is lost with the scheduler.
        threading.Thread(target=self._fetch, args=(ours, theirs), daemon=True).start()

    def _fetch(self, ours: "Future[Any]", theirs: "distributed.Future") -> None:
        """Hand on what came of a task that the cluster is done with."""
        from distributed import KilledWorker

        with self._lock:
            del self._running[ours]
        if not theirs.cancelled():
            self._hand_out()
        try:
            kind, value = theirs.result()
        except KilledWorker as error:
            lost = error.allowed_failures + 1
            many = "1 worker of the cluster was lost while it" if lost == 1 else f"{lost} workers were lost while they"
            self._answer(ours, error=WorkerDiedError(f"{many} ran the trial (out of memory?)"))
        except (CancelledError, asyncio.CancelledError, OSError):
            self._lose(_gone(self._address))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a cluster comes through here
            if self._client.status != "running":  # then Dask may stumble over what it has forgotten
                self._lose(_gone(self._address))
            reason = f"{type(error).__name__}: {error}".partition("\n")[0]
            self._answer(ours, error=EngineError(f"--dask {self._address}: cannot run anything there ({reason})"))
        else:
            if kind == "done":
                self._answer(ours, value)
            else:
                self._answer(ours, error=FAILURES[kind](value))


def _connected(address: str) -> "distributed.Client":
    import dask
    import distributed

    dask.config.set({"distributed.admin.large-graph-warning-threshold": MANY_BYTES})
    connecting: Future[distributed.Client] = Future()

    def connect() -> None:
        try:
            connecting.set_result(
                distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False, name="harness")
            )
        except Exception as error:  # noqa: BLE001 - handed on to the thread that waits
            connecting.set_exception(error)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of versions: those that matter are compared in every worker
        # Beside, as Dask waits forever for an answer from what is no scheduler.
        threading.Thread(target=connect, daemon=True).start()
        try:
            return connecting.result(2 * CONNECT_SECONDS)
        except OSError as error:  # and `TimeoutError`
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
        raise _gone(address) from error


def _gone(address: str) -> EngineError:
    return EngineError(
        f"--dask {address}: the scheduler is gone; "
        "what is finished is kept, and the same command goes on once it is back"
    )
