"""Trials that go wrong in every way a plugin can: each fails with its reason, and the search goes on."""

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from harness.columns.cache import BlockCache
from harness.dataset import Dataset
from harness.engines.interface import Limits
from harness.engines.local import LocalEngine
from harness.plugins.loading import PluginFile, load_plugins
from harness.plugins.registry import MODELS
from harness.plugins.spaces import load_spaces
from harness.runs.store import Run
from harness.searching.setup import make_search
from harness.searching.trials import search_trials
from tests.toy import begun, toy_recordings

load_plugins()

FAULTS = '''
"""Model families with every fault."""
import ctypes
import os
import signal
import subprocess
import sys
import time
import numpy as np
from harness.plugins.registry import model_family

def raises(X):
    raise ValueError("cannot learn this")

def sleeps(X):
    subprocess.Popen(["sleep", "1000.{pid}"])  # what it has started must end with it
    time.sleep(1000)

def computes(X):
    signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))
    np.sort(np.random.default_rng(0).random(20_000_000))
    while True:
        np.linalg.svd(np.ones((400, 400)))

def reads_address_zero(X):
    ctypes.string_at(0)

def leaves(X):
    os._exit(3)

def exits(X):
    sys.exit("enough of this")

def interrupts(X):
    raise KeyboardInterrupt

def hoards(X):
    held = []
    while True:
        held.append(np.ones(2_000_000))
        time.sleep(0.01)

def talks(X):
    for _ in range(2000):
        print("blah " * 20)
    os.write(1, b"raw blah\\n")

class Faulty:
    def __init__(self, fault, shape=None, value=0.5):
        self.fault, self.shape, self.value = fault, shape, value
    def fit(self, X, y):
        if self.fault:
            self.fault(X)
        return self
    def predict_proba(self, X):
        return np.full(self.shape(X) if self.shape else (len(X), 2), self.value)

@model_family("a_raises")
def a(seed): return Faulty(raises)
@model_family("b_sleeps")
def b(seed): return Faulty(sleeps)
@model_family("c_computes")
def c(seed): return Faulty(computes)
@model_family("d_segfaults")
def d(seed): return Faulty(reads_address_zero)
@model_family("e_nan")
def e(seed): return Faulty(None, value=np.nan)
@model_family("f_short")
def f(seed): return Faulty(None, lambda X: (len(X) - 1, 2))
@model_family("g_narrow")
def g(seed): return Faulty(None, lambda X: (len(X), 1))
@model_family("h_leaves")
def h(seed): return Faulty(leaves)
@model_family("i_exits")
def i(seed): return Faulty(exits)
@model_family("j_interrupts")
def j(seed): return Faulty(interrupts)
@model_family("k_hoards")
def k(seed): return Faulty(hoards)
@model_family("l_talks")
def l(seed): return Faulty(talks)
'''

REASONS = {
    "a_raises": "ValueError: cannot learn this",
    "d_segfaults": "the worker was killed by SIGSEGV",
    "e_nan": "ValueError: the model gave no probability for some of the 240 frames of toy-0",
    "f_short": "ValueError: the model gave no probability for some of the 240 frames of toy-0",
    "g_narrow": "ValueError: the model gave an array (240, 1), expected a row of two for each frame",
    "h_leaves": "the worker ended with exit code 3",
    "i_exits": "SystemExit: enough of this",
    "j_interrupts": "KeyboardInterrupt",
    "k_hoards": "used more than 1 GB (--trial-memory)",
    "l_talks": None,
    "logistic_regression": None,
}


@pytest.fixture
def faults(tmp_path: Path) -> Iterator[PluginFile]:
    (tmp_path / "faults.py").write_text(FAULTS.replace("{pid}", str(os.getpid())))
    plugin = PluginFile.read(tmp_path / "faults.py")
    before = dict(MODELS)
    load_plugins([plugin])
    yield plugin
    for name in MODELS.keys() - before.keys():
        del MODELS[name]


def failures(plugin: PluginFile, folder: Path, families: Sequence[str], limits: Limits) -> dict[str, str | None]:
    """Why the trial of each family failed; all of them are stored as they were told."""
    dataset = Dataset("toy", {"gather": tuple(toy_recordings(3, 240))}, ())
    search = make_search(dataset, load_spaces(), features=["task_programs"], models=families, seed=0, batch=4)
    run = Run(folder / "run")
    with run.hold():
        begun(run, ["gather"])
        cache = BlockCache(folder / "cache")
        records = list(
            search_trials(
                search,
                run,
                trials=len(families),
                behaviors=["gather"],
                engine=LocalEngine(2),
                cache=cache,
                limits=limits,
                plugins=[plugin],
            )
        )
    assert [record.as_json() for record in run.records()] == [record.as_json() for record in records]
    return {record.spec.model.name: record.error for record in records}


def test_every_fault_is_named_and_costs_its_own_trial_alone(
    faults: PluginFile, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert failures(faults, tmp_path, sorted(REASONS), Limits(memory=1_000_000_000)) == REASONS
    assert capfd.readouterr().out == ""  # what plugins print is no result
    assert left_over() == []


def test_what_hangs_is_ended_in_c_too_with_all_that_it_has_started(faults: PluginFile, tmp_path: Path) -> None:
    hanging = ["b_sleeps", "c_computes"]
    found = failures(faults, tmp_path, hanging, Limits(seconds=3.0))
    assert found == dict.fromkeys(hanging, "took longer than 3 s (--trial-timeout)")
    assert left_over() == []


def left_over() -> list[str]:
    """What is still there a moment later."""
    until = time.monotonic() + 5
    while (found := running()) and time.monotonic() < until:
        time.sleep(0.05)
    return found


def running() -> list[str]:
    """Workers that there still are, dead ones included, and what `sleeps` started."""
    found = []
    for one in psutil.Process().children(recursive=True):
        try:
            command = " ".join(one.cmdline())
        except psutil.ZombieProcess:
            command = "dead"
        except psutil.NoSuchProcess:
            continue
        if "forkserver import main" not in command or one.parent() != psutil.Process():
            found.append(f"{one.pid} {command}")
    commands = [one.info["cmdline"] for one in psutil.process_iter(["cmdline"])]
    found += [" ".join(command) for command in commands if command == ["sleep", f"1000.{os.getpid()}"]]
    return [one for one in found if "resource_tracker" not in one]
