"""Child processes: what they give back, how they die, and that none is left."""

import ast
import ctypes
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.engines.interface import TrialError, WorkerDiedError
from harness.engines.local import THREAD_VARIABLES, LocalWorkers
from tests.desk import posix

ROOT = Path(__file__).parents[2]

# What children run. A task is called with what `start` gave.


def start() -> list[str]:
    return []


def call(state: list[str], function: Callable[..., Any], *arguments: Any) -> Any:
    return function(state, *arguments)


def product(state: list[str], one: int, other: int) -> int:
    return one * other


def remember(state: list[str], word: str) -> tuple[int, list[str]]:
    state.append(word)
    return os.getpid(), state


def fail(state: list[str], message: str) -> None:
    raise ValueError(message)


def die(state: list[str], signal: int) -> None:
    os.kill(os.getpid(), signal)


def read_address_zero(state: list[str]) -> None:
    ctypes.string_at(0)


def leave(state: list[str], code: int) -> None:
    os._exit(code)


def hang(state: list[str], file: Path) -> None:
    file.write_text(str(os.getpid()))
    time.sleep(20)


def say_and_hang(state: list[str]) -> None:
    print("hanging", flush=True)
    time.sleep(20)


def threads(state: list[str]) -> tuple[dict[str, str | None], list[int]]:
    import lightgbm  # noqa: F401 - brings its own pool of threads
    import sklearn.ensemble  # noqa: F401
    from threadpoolctl import threadpool_info

    return {name: os.environ.get(name) for name in THREAD_VARIABLES}, [one["num_threads"] for one in threadpool_info()]


@pytest.fixture
def one_worker() -> Iterator[LocalWorkers]:
    with LocalWorkers(1, start, call) as workers:
        yield workers


def died(workers: LocalWorkers, *task: Any) -> str:
    with pytest.raises(WorkerDiedError) as caught:
        workers.submit(*task).result(30)
    return str(caught.value)


# Results


def test_results_come_back_whatever_the_number_of_workers() -> None:
    with LocalWorkers(2, start, call) as workers:
        futures = [workers.submit(product, number, 10) for number in range(6)]
        assert [future.result(30) for future in futures] == [0, 10, 20, 30, 40, 50]


def test_a_child_starts_once_and_keeps_its_state(one_worker: LocalWorkers) -> None:
    (first, said), (second, all_said) = (one_worker.submit(remember, word).result(30) for word in ("a", "b"))
    assert first == second != os.getpid()
    assert (said, all_said) == (["a"], ["a", "b"])


def test_what_a_trial_raises_comes_back_as_text_and_the_child_lives_on(one_worker: LocalWorkers) -> None:
    child, _ = one_worker.submit(remember, "before").result(30)
    with pytest.raises(TrialError, match=r"^ValueError: no such thing$"):
        one_worker.submit(fail, "no such thing").result(30)
    assert one_worker.submit(remember, "after").result(30) == (child, ["before", "after"])


def test_arguments_that_cannot_be_sent_harm_nobody(one_worker: LocalWorkers) -> None:
    with pytest.raises((pickle.PicklingError, AttributeError), match=r"(?i)can't (pickle|get local)"):
        one_worker.submit(lambda state: None).result(30)
    assert one_worker.submit(product, 2, 3).result(30) == 6


def test_a_child_computes_on_one_thread_whatever_its_parent_may() -> None:
    program = (
        "from tests.engines.test_workers import LocalWorkers, call, start, threads\n"
        "with LocalWorkers(1, start, call) as workers: print(workers.submit(threads).result(60))"
    )
    environment = os.environ | dict.fromkeys(THREAD_VARIABLES, "2")
    ended = subprocess.run([sys.executable, "-c", program], env=environment, cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    variables, pools = ast.literal_eval(ended.stdout)
    assert variables == dict.fromkeys(THREAD_VARIABLES, "1")
    assert pools
    assert set(pools) == {1}


# Deaths


@posix
@pytest.mark.parametrize(
    ("task", "reason"),
    [
        ((die, 9), "the worker was killed by SIGKILL (out of memory?)"),
        ((die, 15), "the worker was killed by SIGTERM"),
        ((read_address_zero,), "the worker was killed by SIGSEGV"),
        ((leave, 3), "the worker ended with exit code 3"),
    ],
    ids=["SIGKILL", "SIGTERM", "segfault", "exit"],
)
def test_a_death_is_reported_with_its_reason_and_the_next_trial_runs(
    one_worker: LocalWorkers, task: tuple[Any, ...], reason: str
) -> None:
    dead, _ = one_worker.submit(remember, "before").result(30)
    assert died(one_worker, *task) == reason
    alive, words = one_worker.submit(remember, "after").result(30)
    assert alive != dead
    assert words == ["after"]


def die_once(state: list[str], number: int, file: Path) -> str:
    if not file.exists():
        file.touch()
        os.kill(os.getpid(), number)
    return "alive"


@posix
def test_a_trial_whose_worker_is_killed_from_outside_runs_once_more(one_worker: LocalWorkers, tmp_path: Path) -> None:
    assert one_worker.submit(die_once, 9, tmp_path / "killed").result(30) == "alive"
    assert died(one_worker, die_once, 15, tmp_path / "ended") == "the worker was killed by SIGTERM"


def test_a_death_takes_no_other_trial_along() -> None:
    with LocalWorkers(2, start, call) as workers:
        futures = [workers.submit(*task) for task in ((die, 9), (product, 2, 3), (product, 3, 3), (product, 4, 3))]
        assert isinstance(futures[0].exception(30), WorkerDiedError)
        assert [future.result(30) for future in futures[1:]] == [6, 9, 12]


# The end


def gone(pid: int, within: float) -> bool:
    until = time.monotonic() + within
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def test_leaving_kills_what_hangs_and_drops_what_waits(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    with LocalWorkers(1, start, call) as workers:
        hanging, waiting = workers.submit(hang, file), workers.submit(product, 1, 1)
        until = time.monotonic() + 30
        while not (file.exists() and file.read_text()) and time.monotonic() < until:
            time.sleep(0.02)
        left = time.monotonic()
    assert time.monotonic() - left < 2
    assert isinstance(hanging.exception(0), WorkerDiedError)
    assert waiting.cancelled()
    assert gone(int(file.read_text()), within=2)


COORDINATOR = """
import time
from tests.engines.test_workers import LocalWorkers, call, say_and_hang, start
with LocalWorkers(2, start, call) as workers:
    futures = [workers.submit(say_and_hang) for _ in range(2)]
    time.sleep(20)
"""


def test_children_end_with_a_parent_that_was_killed_even_in_the_middle_of_a_trial() -> None:
    coordinator = subprocess.Popen(
        [sys.executable, "-c", COORDINATOR], cwd=Path(__file__).parents[2], stderr=subprocess.PIPE, text=True
    )
    assert coordinator.stderr is not None
    assert [coordinator.stderr.readline() for _ in range(2)] == ["hanging\n"] * 2
    coordinator.kill()
    # Children hold the other end of the pipe, so that it ends when the last of them does.
    _, err = coordinator.communicate(timeout=5)
    assert err == ""
