"""Where work can run: what search, ensembles and export ask of it, and what it may use.

An engine is a small value that says where; opened, it gives workers in the shape of `concurrent.futures`.
`harness.engines.local` has the processes of this machine, `harness.engines.dask` the workers of a Dask cluster.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

from harness.errors import HarnessError

Told = Callable[[str, int, int, str], None]
"""Hears of a step how many are done, of how many (0 where nobody knows), and what they are (`recording`)."""

ASKED_SECONDS = 0.5
"""How often futures are asked how many of them are done."""


def untold(what: str, done: int, of: int, unit: str) -> None:
    """For those who do not want to hear of it."""


class WorkerDiedError(Exception):
    """The process that ran a task ended in the middle of it, or was ended because it went over a limit."""


class TrialError(Exception):
    """What a task raised where it ran, as text."""


class EngineError(HarnessError):
    """Nothing more can run: no worker can begin, or the cluster is gone. No task is to blame for it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one task may use; None where it may use what it likes."""

    seconds: float | None = None
    memory: int | None = None
    """Bytes, of what it has allocated; files that are mapped do not count, as the system can drop them."""


UNLIMITED = Limits()


class Workers(Protocol):
    """Each worker calls `start()` once and then `task(state, *arguments)` for each submission that it is given.

    A future raises `TrialError` where the task raised, `WorkerDiedError` where its process did not survive it, and
    `EngineError` where it could not be run at all. Leaving the context stops all workers, whatever they are doing.
    """

    @property
    def count(self) -> int:
        """How many tasks can run at once now; it may change from one moment to the next, and be 0."""

    def submit(self, *arguments: Any) -> "Future[Any]": ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Engine(Protocol):
    @property
    def where(self) -> str:
        """In words."""

    @property
    def shares_files(self) -> bool:
        """Whether workers surely see the files of this machine under the same names."""

    def open(self, start: Callable[[], Any], task: Callable[..., Any], limits: Limits = UNLIMITED) -> Workers:
        """Workers for one kind of task. `start` and `task` are importable by name, what they take and give picklable.

        Raises `EngineError` where there are none to be had.
        """


def in_turn(futures: "Sequence[Future[Any]]", told: Told, what: str, unit: str) -> "Iterator[Future[Any]]":
    """The futures in their order, each once it is done; `told` hears how many are, whatever their order.

    What has been given is not held on to.
    """
    waiting, every = deque(futures), len(futures)
    del futures
    while waiting:
        place = every - len(waiting)
        told(what, place, every, unit)
        while not wait([waiting[0]], timeout=ASKED_SECONDS).done:
            told(what, place + sum(later.done() for later in waiting), every, unit)
        yield waiting.popleft()
    told(what, every, every, unit)
