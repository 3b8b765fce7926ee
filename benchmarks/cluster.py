"""What a Dask cluster costs, against processes of one machine: here both are processes of this one.

    python -m benchmarks.cluster [--workers N ...] [--trials N] [--calls N]

Starts a scheduler and workers of one thread on loopback. Prints Markdown: what a call that does nothing takes, one
after the other and many at once; then a search of one behavior of a demo, the same trials each time: trials a minute,
the share of its workers' time that was spent in trials, which a busy machine leaves as it is, and the processor time
that the search itself took for each; last, the bytes between the search and the scheduler, at first and for each trial.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.runs import show_head, show_row
from harness.columns.cache import BlockCache
from harness.data.challenge import load_dataset
from harness.dataset import Dataset
from harness.demo.dataset import write_demo
from harness.engines.dask import DaskEngine
from harness.engines.interface import Engine
from harness.engines.local import LocalEngine
from harness.plugins.loading import load_plugins
from harness.plugins.spaces import load_spaces
from harness.runs.store import Run
from harness.searching.setup import make_search
from harness.searching.trials import search_trials
from tests.toy import begun

BEHAVIOR = "behavior-0"
FEATURES = ("kinematics", "task_programs")
MODELS = ("lightgbm", "logistic_regression")
ROUNDS = 5


def nothing() -> None:
    """What a worker starts with."""


def same(state: None, number: int) -> int:
    """What it does."""
    return number


@dataclass
class Relay:
    """Stands between a search and the scheduler, and counts what goes through."""

    scheduler: str
    sent: int = 0
    received: int = 0
    _listening: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    def __post_init__(self) -> None:
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self._listening.getsockname()[1]}"

    def _accept(self) -> None:
        parts = urlsplit(self.scheduler)
        while True:
            here, _ = self._listening.accept()
            there = socket.create_connection((parts.hostname or "", parts.port or 0))
            for way in ((here, there, "sent"), (there, here, "received")):
                threading.Thread(target=self._carry, args=way, daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, counter: str) -> None:
        while content := source.recv(1 << 16):
            setattr(self, counter, getattr(self, counter) + len(content))
            target.sendall(content)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def cluster(workers: int, place: Path) -> Iterator[str]:
    """The address of a scheduler with as many workers of one thread."""
    import distributed

    file = place / "scheduler.json"
    file.unlink(missing_ok=True)
    processes = []

    def begin(kind: str, *words: str) -> None:
        command = [
            sys.executable,
            "-m",
            f"distributed.cli.dask_{kind}",
            "--host",
            "127.0.0.1",
            "--no-dashboard",
            *words,
        ]
        processes.append(
            subprocess.Popen(command, stderr=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"})
        )

    try:
        begin("scheduler", "--port", "0", "--scheduler-file", str(file))
        for _ in range(workers):
            begin("worker", "--no-nanny", "--nthreads", "1", "--scheduler-file", str(file))
        while not file.exists():
            time.sleep(0.1)
        with distributed.Client(scheduler_file=str(file), set_as_default=False) as client:
            client.wait_for_workers(workers)
            address: str = client.scheduler.address
        yield address
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait()


def calls(engine: Engine, number: int) -> tuple[float, float]:
    """Milliseconds of a call that does nothing: of each of many one after the other, and of each of many at once.

    The least of several rounds, as other work on the machine can only add.
    """
    with engine.open(nothing, same) as workers:

        def one_by_one() -> None:
            for one in range(number):
                workers.submit(one).result()

        def at_once() -> None:
            for future in [workers.submit(one) for one in range(number)]:
                future.result()

        at_once()  # so that all workers have begun
        return milliseconds(one_by_one) / number, milliseconds(at_once) / number


def milliseconds(work: Callable[[], None]) -> float:
    """The least that it took in several rounds."""
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - began))
    return min(taken)


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast a search was."""

    trials_a_minute: float
    in_trials: float
    """Seconds that trials took, of all workers, for each second of the search."""
    own: float
    """Milliseconds of processor time that the search itself took for each trial, to ask, tell and store it."""
    first: float
    """Seconds until the first trial was told."""


def search(dataset: Dataset, engine: Engine, trials: int, place: Path, cache: Path) -> Speed:
    asked = make_search(dataset, load_spaces(), features=FEATURES, models=MODELS, seed=0, batch=8)
    run = Run(place)
    with run.hold():
        begun(run, [BEHAVIOR])
        began, busy, told = time.perf_counter(), time.process_time(), []
        for record in search_trials(
            asked, run, trials=trials, behaviors=[BEHAVIOR], engine=engine, cache=BlockCache(cache)
        ):
            assert not record.error, record.error
            told.append((time.perf_counter() - began, record.seconds))
    whole, (first, _) = told[-1][0], told[0]
    return Speed(
        trials_a_minute=60 * trials / whole,
        in_trials=sum(seconds for _, seconds in told) / whole,
        own=1000 * (time.process_time() - busy) / trials,
        first=first,
    )


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], metavar="N", help="to compare (1 2)")
    parser.add_argument("--trials", type=int, default=40, metavar="N", help="of each search (40)")
    parser.add_argument("--calls", type=int, default=50, metavar="N", help="that do nothing, in each round (50)")
    asked = parser.parse_args(words)
    load_plugins()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write_demo(place / "demo", seed=0, recordings=3, seconds=60, test_recordings=1)
        whole = load_dataset(place / "demo")
        dataset = Dataset(whole.name, {BEHAVIOR: whole.labelled[BEHAVIOR]}, ())
        search(dataset, LocalEngine(2), asked.trials, place / "warm", place / "cache")
        show_head(
            "workers",
            "where",
            "a call, ms",
            "at once, ms",
            "trials a minute",
            "time in trials",
            "own, ms a trial",
            "first after, s",
        )
        for workers in asked.workers:
            with cluster(workers, place) as address:
                for name, engine in (("local", LocalEngine(workers)), ("Dask", DaskEngine(address))):
                    one, at_once = calls(engine, asked.calls)
                    speed = search(dataset, engine, asked.trials, place / f"{name}{workers}", place / "cache")
                    show_row(
                        workers,
                        name,
                        one,
                        at_once,
                        speed.trials_a_minute,
                        speed.in_trials / workers,
                        speed.own,
                        speed.first,
                    )
        with cluster(1, place) as address:
            counted = []
            for trials in (1, asked.trials + 1):
                relay = Relay(address)
                search(dataset, DaskEngine(relay.address), trials, place / f"relayed-{trials}", place / "cache")
                counted.append((relay.sent, relay.received))
        (sent, received), (sent_more, received_more) = counted
        show_head("bytes", "sent", "received")
        show_row("before and with the first trial", sent, received)
        show_row("for each more", (sent_more - sent) // asked.trials, (received_more - received) // asked.trials)
        frames = sum(one.frames for one in dataset.labelled[BEHAVIOR])
        show_row("frames of the recordings", frames, "")


if __name__ == "__main__":
    from benchmarks import cluster as importable  # by that name workers find what they are to run

    importable.main()
