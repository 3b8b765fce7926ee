"""A Dask cluster, of real processes on this machine: what it finds, what it survives, and what it says."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from shutil import copytree
from socket import create_server
from typing import Any

import numpy as np
import pytest

import harness.engines.dask
from harness.columns.cache import BlockCache
from harness.dataset import Dataset
from harness.demo.dataset import write_demo
from harness.engines.dask import DaskEngine
from harness.engines.interface import EngineError, Limits, TrialError, WorkerDiedError, Workers
from harness.engines.local import LocalEngine
from harness.plugins.loading import PluginFile, load_plugins
from harness.plugins.registry import MODELS
from harness.plugins.spaces import load_spaces
from harness.runs.records import TrialRecord
from harness.runs.store import Run
from harness.searching.setup import make_search
from harness.searching.trials import search_trials
from tests.commands import output
from tests.dask_cluster import ROOT, Cluster, made_cluster
from tests.engines.test_workers import call, die, fail, gone, hang, leave, product, read_address_zero, remember, start
from tests.toy import begun, toy_recordings

distributed = pytest.importorskip("distributed", reason="Dask is not installed: pip install 'behavior-harness[dask]'")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two workers: one thread under a nanny, as they are by default, and one of two threads without."""
    with made_cluster(tmp_path_factory.mktemp("dask")) as cluster:
        cluster.worker("--nanny")
        cluster.worker("--nthreads", "2")
        yield cluster


@pytest.fixture
def workers(cluster: Cluster) -> Iterator[Workers]:
    with DaskEngine(cluster.address).open(start, call) as workers:
        yield workers


# What children do


def hold(state: list[str], place: Path, name: str) -> tuple[int, str | None]:
    """Wait until three tasks are here at once; give the process, and how many threads it may use."""
    (place / name).touch()
    until = time.monotonic() + 60
    while len(list(place.iterdir())) < 3 and time.monotonic() < until:
        time.sleep(0.05)
    return os.getpid(), os.environ.get("OMP_NUM_THREADS")


def lose_worker(state: list[str], place: Path) -> str:
    """Kill the Dask worker that this child belongs to, unless that was done before."""
    import multiprocessing

    parent = multiprocessing.parent_process()
    assert parent is not None
    tries = len(list(place.iterdir()))
    (place / str(tries)).touch()
    if tries == 0 or place.name == "always":
        os.kill(parent.pid or 0, signal.SIGKILL)
        time.sleep(60)
    return "done"


# Results


def test_as_many_tasks_run_at_once_as_the_cluster_has_threads_each_in_a_child_of_its_own(
    workers: Workers, tmp_path: Path
) -> None:
    assert workers.count == 3
    futures = [workers.submit(hold, tmp_path, str(number)) for number in range(3)]
    results = [future.result(120) for future in futures]
    assert len({pid for pid, _ in results}) == 3
    assert {threads for _, threads in results} == {"1"}


def test_a_child_keeps_its_state(workers: Workers) -> None:
    seen: dict[int, list[str]] = {}
    for number in range(6):
        pid, words = workers.submit(remember, str(number)).result(60)
        assert words == [*seen.get(pid, []), str(number)]
        seen[pid] = words
    assert 1 <= len(seen) <= 3


def test_what_goes_wrong_is_said_as_on_one_machine(workers: Workers) -> None:
    def reason(kind: type[Exception], *task: Any) -> str:
        with pytest.raises(kind) as caught:
            workers.submit(*task).result(60)
        return str(caught.value)

    assert reason(TrialError, fail, "no such thing") == "ValueError: no such thing"
    assert reason(WorkerDiedError, read_address_zero) == "the worker was killed by SIGSEGV"
    assert reason(WorkerDiedError, die, 9) == "the worker was killed by SIGKILL (out of memory?)"
    assert reason(WorkerDiedError, leave, 3) == "the worker ended with exit code 3"
    assert workers.submit(product, 2, 3).result(60) == 6


def test_limits_hold_there_too(cluster: Cluster, tmp_path: Path) -> None:
    with DaskEngine(cluster.address).open(start, call, Limits(seconds=1.0)) as workers:
        with pytest.raises(WorkerDiedError, match=r"^took longer than 1 s \(--trial-timeout\)$"):
            workers.submit(hang, tmp_path / "pid").result(60)
        assert gone(int((tmp_path / "pid").read_text()), within=5)


# Losses


def test_a_task_whose_worker_is_lost_is_done_by_another(cluster: Cluster, workers: Workers, tmp_path: Path) -> None:
    assert workers.submit(lose_worker, tmp_path).result(120) == "done"
    assert len(list(tmp_path.iterdir())) == 2
    while cluster.threads() < 3:  # the nanny brings its worker back; nobody does for the other
        if cluster.processes[-1].poll() is not None:
            cluster.worker("--nthreads", "2")
        time.sleep(0.1)


def test_a_task_that_loses_every_worker_fails_and_others_go_on(tmp_path: Path) -> None:
    (always := tmp_path / "always").mkdir()
    with made_cluster(tmp_path) as cluster:
        cluster.worker()
        with distributed.Client(cluster.address, set_as_default=False) as client:
            client.run_on_scheduler(lambda dask_scheduler: setattr(dask_scheduler, "allowed_failures", 0))
        with DaskEngine(cluster.address).open(start, call) as workers:
            future = workers.submit(lose_worker, always)
            with pytest.raises(WorkerDiedError, match=r"^1 worker of the cluster was lost while it ran"):
                future.result(60)
            time.sleep(harness.engines.dask.COUNT_SECONDS + 0.1)
            assert workers.count == 0
            cluster.worker()
            assert workers.submit(product, 2, 3).result(60) == 6


@pytest.mark.parametrize("attempt", range(3))
def test_whatever_is_asked_for_while_the_scheduler_dies_is_answered(attempt: int, tmp_path: Path) -> None:
    answers: list[Future[int]] = []

    def ask(workers: Workers) -> None:
        with suppress(EngineError, TimeoutError):
            while True:
                answers.append(workers.submit(product, 2, 3))
                answers[-1].result(8)  # less than Dask takes to give a scheduler up

    with made_cluster(tmp_path) as cluster:
        cluster.worker("--nthreads", "2")
        with DaskEngine(cluster.address).open(start, call) as workers:
            for future in [workers.submit(product, 2, 3) for _ in range(4)]:
                future.result(60)
            asking = [threading.Thread(target=ask, args=(workers,)) for _ in range(12)]
            for thread in asking:
                thread.start()
            cluster.scheduler.kill()
            for thread in asking:
                thread.join()
            assert all(future.done() for future in answers)
    says = f"--dask {cluster.address}: the scheduler is gone; "
    assert {str(error)[: len(says)] for error in (future.exception() for future in answers) if error} == {says}


def test_a_scheduler_that_says_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with made_cluster(tmp_path) as cluster:
        cluster.worker()
        with DaskEngine(cluster.address).open(start, call) as workers:
            assert workers.submit(product, 2, 3).result(60) == 6
            for name in ("PATIENCE_SECONDS", "CONNECT_SECONDS"):
                monkeypatch.setattr(harness.engines.dask, name, 1)
            cluster.scheduler.send_signal(signal.SIGSTOP)
            with pytest.raises(EngineError, match=r": the scheduler is gone; "):
                workers.submit(product, 2, 3).result(60)


def started(file: Path) -> int:
    until = time.monotonic() + 60
    while not (file.exists() and file.read_text()) and time.monotonic() < until:
        time.sleep(0.05)
    return int(file.read_text())


def test_leaving_ends_what_hangs_on_the_cluster(cluster: Cluster, tmp_path: Path) -> None:
    with DaskEngine(cluster.address).open(start, call) as workers:
        workers.submit(hang, tmp_path / "pid")
        pid = started(tmp_path / "pid")
    assert gone(pid, within=10)


KILLED = """
import sys
import threading
from pathlib import Path
from harness.engines.dask import DaskEngine
from tests.dask_cluster import ROOT, Cluster, made_cluster
from tests.engines.test_workers import call, hang, start
with DaskEngine(sys.argv[1]).open(start, call) as workers:
    workers.submit(hang, Path(sys.argv[2])).result()
"""


def test_what_a_killed_coordinator_had_asked_for_ends(cluster: Cluster, tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, cluster.address, str(tmp_path / "pid")]
    with subprocess.Popen(command, cwd=ROOT) as coordinator:
        pid = started(tmp_path / "pid")
        coordinator.kill()
    assert gone(pid, within=15)


# Refusals


def refusal(address: str) -> str:
    with pytest.raises(EngineError) as caught, DaskEngine(address).open(start, call):
        pass
    return str(caught.value)


@pytest.mark.parametrize("address", ["localhost:8786", "8786", "http://host:8786", "tcp://host"])
def test_what_is_no_address_of_a_scheduler_is_refused(address: str) -> None:
    assert refusal(address) == f"--dask {address}: should be the address of a scheduler, such as tcp://host:8786"


def test_where_no_scheduler_answers_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness.engines.dask, "CONNECT_SECONDS", 0.5)
    with create_server(("127.0.0.1", 0)) as mute:  # takes connections and says nothing
        address = f"tcp://127.0.0.1:{mute.getsockname()[1]}"
        assert refusal(address).startswith(f"--dask {address}: no scheduler answers there")
    assert refusal(address).startswith(f"--dask {address}: no scheduler answers there")


def test_a_worker_with_other_code_is_named(cluster: Cluster, tmp_path: Path) -> None:
    copytree(ROOT / "harness", tmp_path / "harness")
    with (tmp_path / "harness" / "evaluation.py").open("a") as file:
        file.write("# otherwise\n")
    worker = cluster.worker(BEFORE=str(tmp_path))
    try:
        reason = refusal(cluster.address)
    finally:
        cluster.end(worker)
    assert " has code of the harness " in reason
    assert "a cluster needs the same on all machines" in reason


def test_a_worker_without_the_harness_is_named(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "harness.py").touch()
    worker = cluster.worker(BEFORE=str(tmp_path))
    try:
        reason = refusal(cluster.address)
    finally:
        cluster.end(worker)
    assert " cannot import the harness (ModuleNotFoundError" in reason


# Searches

FORGETFUL = '''
"""A model family that takes very long on its first trial, and on no other."""
import os
import time
from pathlib import Path
import numpy as np
from sklearn.linear_model import LogisticRegression
from harness.plugins.registry import model_family

class Forgetful(LogisticRegression):
    def fit(self, X, y):
        try:
            Path("{marker}").touch(exist_ok=False)
            time.sleep(120)
        except FileExistsError:
            pass
        return super().fit(np.nan_to_num(X), y)
    def predict_proba(self, X):
        return super().predict_proba(np.nan_to_num(X))

@model_family("forgetful")
def forgetful(seed, *, C: float = 1.0):
    """Slow once."""
    return Forgetful(C=C)
'''


def searched(engine: Any, folder: Path, plugin: PluginFile) -> list[TrialRecord]:
    dataset = Dataset("toy", {"gather": tuple(toy_recordings(3, 240))}, ())
    search = make_search(dataset, load_spaces(), features=["task_programs"], models=["forgetful"], seed=0, batch=4)
    run = Run(folder)
    with run.hold():
        begun(run, ["gather"])
        cache = BlockCache(folder / "cache")
        found = search_trials(
            search, run, trials=10, behaviors=["gather"], engine=engine, cache=cache, plugins=[plugin]
        )
        return [TrialRecord.from_json({**record.as_json(), "seconds": 0}) for record in found]


def test_a_search_that_loses_a_worker_in_the_middle_of_a_trial_finds_what_one_machine_finds(
    cluster: Cluster, tmp_path: Path
) -> None:
    marker = tmp_path / "marker"
    file = tmp_path / "forgetful.py"
    file.write_text(FORGETFUL.format(marker=marker))
    file.with_suffix(".toml").write_text("C = { type = 'float', low = 0.01, high = 100.0, log = true }")
    plugin = PluginFile.read(file)
    load_plugins([plugin])
    marker.touch()
    try:
        alone = searched(LocalEngine(2), tmp_path / "local", plugin)
        file.unlink()  # what no worker can read
        marker.unlink()
        with made_cluster(tmp_path) as own:
            first = own.worker()
            from threading import Timer

            def replace() -> None:
                if not marker.exists():
                    Timer(0.1, replace).start()
                    return
                own.worker()
                own.end(first)

            replace()
            together = searched(DaskEngine(own.address), tmp_path / "dask", plugin)
    finally:
        del MODELS["forgetful"]
    assert len(alone) == 10
    assert [record.error for record in alone] == [None] * 10
    assert together == alone
    for record in alone:
        if record.complete:
            here, there = (Run(tmp_path / name).out_of_fold.path("gather", record.trial) for name in ("local", "dask"))
            assert np.array_equal(np.load(here), np.load(there))


SMALL = ["--behavior", "behavior-0", "--behavior", "behavior-3", "--features", "task_programs"]
SMALL += ["--model", "logistic_regression", "--model", "random", "--trials", "4"]


def harness_process(*words: str, at: Path) -> "subprocess.Popen[str]":
    environment = {**os.environ, "HARNESS_CACHE": str(at / "cache"), "PYTHONWARNINGS": "error"}
    command = [sys.executable, "-m", "harness", *words]
    return subprocess.Popen(command, cwd=at, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_search_leaderboard_and_export_are_those_of_one_machine(cluster: Cluster, tmp_path: Path) -> None:
    write_demo(tmp_path / "demo", seed=1, recordings=2, seconds=20, test_recordings=2)
    boards = []
    for name, where in (("local", ["--workers", "2"]), ("dask", ["--dask", cluster.address])):
        output("search", "--data", "demo", "--results", name, *SMALL, *where, at=tmp_path)
        out = output("leaderboard", "--format", "json", "--results", name, at=tmp_path)
        boards.append([{key: value for key, value in row.items() if key != "seconds"} for row in json.loads(out)])
        export = ["export-best", "--results", name, "--out", f"{name}.npy", "--models", f"{name}-models", *where]
        assert output(*export, at=tmp_path) == ""
        suggest = ["suggest", "--run", name, "--models", f"{name}-models", "--out", f"{name}-next", *where]
        output(*suggest, at=tmp_path)
    assert boards[0] == boards[1]
    suggested = [(tmp_path / f"{name}-next" / "suggestions.csv").read_bytes() for name in ("local", "dask")]
    assert suggested[0] == suggested[1]
    assert (tmp_path / "dask.npy").read_bytes() == (tmp_path / "local.npy").read_bytes()
    chosen = [(tmp_path / name / "ensembles.json").read_bytes() for name in ("local", "dask")]
    assert chosen[0] == chosen[1]


def test_a_search_whose_scheduler_is_lost_ends_in_one_line_and_keeps_what_is_told(tmp_path: Path) -> None:
    write_demo(tmp_path / "demo", seed=1, recordings=2, seconds=20, test_recordings=1)
    with made_cluster(tmp_path) as cluster:
        cluster.worker()
        search = ["search", "--data", "demo", "--results", "run", *SMALL[:-1], "500", "--dask", cluster.address]
        process = harness_process(*search, at=tmp_path)
        assert process.stderr is not None
        said = [process.stderr.readline()]
        while " 2/500 F1 " not in said[-1]:
            said.append(process.stderr.readline())
            assert process.poll() is None
        cluster.scheduler.kill()
        with process:
            err = process.stderr.read()  # not `communicate`, which does not see what was read ahead
    assert process.returncode == 2, err
    rest = err.splitlines()
    ended = [line for line in rest if "/500 " not in line]
    assert len(ended) == 1
    assert ended[0].startswith(f"harness: --dask {cluster.address}: the scheduler is gone; ")
    told = [line for line in [*said, *rest] if "/500 " in line]
    assert len(Run(tmp_path / "run").records()) == len(told)
