"""Trees of processes, with and without what POSIX has for them."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from harness.columns.cache import BlockCache
from harness.dataset import Dataset
from harness.engines.interface import EngineError
from harness.engines.local import LocalEngine
from harness.engines.processes import Tree, start_method
from harness.plugins.loading import load_plugins
from harness.plugins.spaces import load_spaces
from harness.runs.records import TrialRecord
from harness.runs.store import Run
from harness.searching.setup import make_search
from harness.searching.trials import search_trials
from tests.toy import begun, toy_recordings

load_plugins()

ROOT = Path(__file__).parents[2]

PARENT = """
import subprocess, sys, time
started = subprocess.Popen([sys.executable, "-c", "import time; print('here', flush=True); time.sleep(60)"])
time.sleep(60)
"""


def running_parent() -> "subprocess.Popen[str]":
    """A process that has started another, both of which have lived long enough to say so."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "here\n"
    return parent


@pytest.mark.parametrize("groups", [True, False], ids=["with groups", "without groups"])
def test_a_tree_ends_with_all_that_was_started(groups: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not groups:
        monkeypatch.delattr(os, "killpg", raising=False)
    parent = running_parent()
    Tree.of(parent.pid).kill()
    rest, _ = parent.communicate(timeout=10)  # ends once neither of them holds the other end of the line
    assert rest == ""


def test_a_tree_that_is_gone_has_no_memory_and_nothing_to_end() -> None:
    parent = running_parent()
    tree = Tree.of(parent.pid)
    assert tree.allocated() > 0
    tree.kill()
    parent.communicate(timeout=10)
    for gone in (tree, Tree.of(parent.pid)):
        assert gone.allocated() == 0
        gone.kill()


def test_memory_counts_what_a_process_has_and_not_what_it_has_mapped(tmp_path: Path) -> None:
    (tmp_path / "mapped").write_bytes(bytes(100_000_000))
    program = """
import mmap, sys
print(flush=True)
input()
file = open(sys.argv[1], "rb")
mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
sum(mapped[::4096])
print(flush=True)
input()
held = b"x" * 100_000_000
print(flush=True)
input()
"""
    command = [sys.executable, "-c", program, str(tmp_path / "mapped")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        found = []
        for _ in range(3):
            process.stdout.readline()
            found.append(Tree.of(process.pid).allocated())
            process.stdin.write("\n")
            process.stdin.flush()
    start, mapped, held = found
    if hasattr(psutil.Process().memory_info(), "shared"):
        assert mapped - start < 20_000_000
    assert 80_000_000 < held - mapped < 120_000_000


def test_an_unknown_start_method_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_START_METHOD", "fork")
    with pytest.raises(EngineError, match=r"^HARNESS_START_METHOD: unknown method 'fork'; available here: "):
        start_method()


def test_workers_start_where_folders_for_temporary_files_have_long_names(tmp_path: Path) -> None:
    long = tmp_path / ("n" * 100)
    long.mkdir()
    program = """
import multiprocessing
from tests.engines.test_workers import LocalWorkers, call, product, start
with LocalWorkers(1, start, call) as workers:
    print(workers.submit(product, 6, 7).result(60))
print(multiprocessing.current_process()._config.get("tempdir"))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(long)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer, folder = done.stdout.splitlines()
    assert answer == "42"
    assert folder == "None" or not Path(folder).exists()
    assert start_method() == "spawn" or len(folder) < 40


def test_a_search_finds_the_same_however_its_workers_are_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for method in ("spawn", ""):
        monkeypatch.setenv("HARNESS_START_METHOD", method)
        found.append(searched(tmp_path / f"by-{method}"))
    assert len(found[0]) == 4
    assert all(record.error is None for record in found[0])
    assert found[0] == found[1]


def searched(folder: Path) -> list[TrialRecord]:
    dataset = Dataset("toy", {"gather": tuple(toy_recordings(3, 240))}, ())
    families = ["logistic_regression", "lightgbm"]
    search = make_search(dataset, load_spaces(), features=["task_programs"], models=families, seed=0, batch=2)
    run = Run(folder / "run")
    with run.hold():
        begun(run, ["gather"])
        records = search_trials(
            search, run, trials=4, behaviors=["gather"], engine=LocalEngine(2), cache=BlockCache(folder / "cache")
        )
        return [replace(record, seconds=0.0) for record in records]
