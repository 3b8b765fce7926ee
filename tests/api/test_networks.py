"""A search with networks, with real PyTorch: the same with any number of workers and kills, and labels in the end."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import harness
from harness.runs.records import TrialRecord
from harness.runs.store import Run

pytest.importorskip("torch", reason="networks need PyTorch; pip install 'behavior-harness[torch]'")

TINY = '''
"""A network that learns a little in no time."""

from harness.networks import Changes, Network, Plan, Schedule, convolutions, loaded
from harness.plugins import sequence_family


def load(files):
    return loaded(files, tiny_network)


@sequence_family("tiny_network", load=load, inputs=[["social_geometry"], ["kinematics"]], package="torch")
def tiny_network(seed, *, channels: int = 8):
    """Little."""

    def build(width, behaviors, reach):
        return convolutions(width, behaviors, channels=channels, dilations=[1, 2], dropout=0.1)

    plan = Plan(10.0, (1.0,), 1.0, build, Schedule(passes=30, length=32, batch=4), Changes(dropped=0.1))
    return Network(seed, plan, {"channels": channels})
'''

SETTINGS = ["--data", "data", "--model", "tiny_network", "--plugin", "tiny.py", "--trials", "3"]


@pytest.fixture
def place(toy_place: Path) -> Path:
    """A folder with data of two behaviors and a plugin, to work in."""
    (toy_place / "tiny.py").write_text(TINY)
    (toy_place / "tiny_network.toml").write_text('channels = { type = "categorical", choices = [8, 16] }\n')
    return toy_place


def searched(folder: str, workers: int) -> list[TrialRecord]:
    harness.search("data", trials=3, models=["tiny_network"], plugins=["tiny.py"], results=folder, workers=workers)
    return records(folder)


def records(folder: str) -> list[TrialRecord]:
    found = [replace(one, seconds=0.0) for one in Run(Path(folder)).records()]
    return sorted(found, key=lambda one: (one.behavior, one.trial))


def test_a_search_finds_the_planted_behavior_whatever_the_number_of_workers(place: Path) -> None:
    one = searched("one", workers=1)
    shutil.rmtree(place / "cache")
    assert searched("two", workers=2) == one
    assert max(record.pooled.f1 for record in one if record.behavior == "approach" and record.complete) > 0.8


def test_a_search_that_is_killed_five_times_ends_as_if_undisturbed(place: Path) -> None:
    undisturbed = searched("one", workers=2)
    shutil.rmtree(place / "cache")
    command = [sys.executable, "-m", "harness", "search", *SETTINGS, "--results", "two", "--workers", "2"]
    for number in range(5):
        with subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL) as process:
            time.sleep(1.5 + number)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    assert subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0
    assert records("two") == undisturbed


@pytest.mark.parametrize(
    ("usual", "faulty", "reason"),
    [
        ("batch=4)", "batch=4, learning_rate=1e30)", "the network diverged: its loss is nan"),
        ('"""Little."""', "import numpy; held = [numpy.ones(10**7) for _ in range(10**4)]", "(--trial-memory)"),
    ],
    ids=["diverges", "out of memory"],
)
def test_a_network_that_comes_to_nothing_is_a_failed_trial_with_its_reason(
    place: Path, usual: str, faulty: str, reason: str
) -> None:
    assert usual in TINY
    (place / "tiny.py").write_text(TINY.replace(usual, faulty))
    with pytest.raises(harness.HarnessError, match=re.escape(reason)):
        harness.search(
            "data", trials=2, models=["tiny_network"], plugins=["tiny.py"], results="run", trial_memory=2_000_000_000
        )
    failed = records("run")
    assert len(failed) == 4
    assert all(reason in (one.error or "") for one in failed)


def test_labels_come_from_weights_without_code(place: Path) -> None:
    searched("run", workers=2)
    harness.export_best(harness.open_run("run"), "submission.npy", models="models", plugins=["tiny.py"])
    kept = {path.name for path in (place / "models").rglob("*") if path.is_file()}
    assert kept <= {"models.json", "settings.json", "taught.npz", "weights.npz"}
    for path in (place / "models").rglob("weights.npz"):
        with np.load(path, allow_pickle=False) as arrays:
            assert all(value.dtype.kind in "fiu" for value in arrays.values())
    assert all(json.loads(path.read_text()) for path in (place / "models").rglob("settings.json"))
    dataset = harness.load("data")
    found = harness.predict("models", dataset.unlabelled, plugins=["tiny.py"])
    exported = np.load(place / "submission.npy", allow_pickle=True).item()
    for behavior, labels in found.items():
        for name, values in labels.items():
            np.testing.assert_array_equal(values, exported[behavior][name])
