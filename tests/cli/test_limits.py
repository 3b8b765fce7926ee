"""A search that came to nothing for want of time or memory prints a command that gets further."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from harness.cli import main
from harness.runs.store import Run
from tests.toy import toy_recordings

pytestmark = pytest.mark.usefixtures("registries")

SMALL = ["search", "--data", "data", "--model", "extra_trees", "--features", "social_geometry", "--workers", "1"]

SLOW = '''
import time
from harness.plugins import feature_set

@feature_set("slow")
def slow(recording):
    """Takes some seconds."""
    time.sleep(3)
    return {"slow x": recording.keypoints[:, 0, 0, 0]}
'''


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small data in the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("HARNESS_RESULTS", raising=False)
    (tmp_path / "data").mkdir()
    entries = {one.id: {"keypoints": one.keypoints, "annotations": one.known_labels} for one in toy_recordings(2, 150)}
    np.save(tmp_path / "data" / "train.npy", np.array({"approach": entries}), allow_pickle=True)


def followed(line: str) -> int:
    """Do what is printed."""
    command = re.search(r": harness (search .*)$", line)
    assert command
    return main(shlex.split(command[1]))


def test_a_time_that_fits_no_trial(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, "--trials", "1", "--timeout=0", "--results", "run"]) == 0
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("time is up, and no trial has finished yet. To get further: harness search --data data ")
    assert last.endswith(" --timeout 60s")
    assert followed(last) == 0
    assert [record.error for record in Run(Path("run")).records()] == [None]


def test_memory_that_fits_no_trial(capsys: pytest.CaptureFixture[str]) -> None:
    Path("slow.py").write_text(SLOW.replace("sleep(3)", "sleep(0.5)"))  # long enough to be looked at
    words = ["--data", "data", "--model", "extra_trees", "--workers", "1", "--plugin", "slow.py", "--features", "slow"]
    assert main(["search", *words, "--trials", "1", "--trial-memory", "1MB"]) == 2
    *_, failed, last = capsys.readouterr().err.splitlines()
    assert failed == "harness: approach: all 1 trial failed; the first: used more than 1 MB (--trial-memory)"
    assert last.startswith(
        "harness: next: more for each trial, in another folder, as what has failed is not tried again"
    )
    assert last.endswith(" --trial-memory 2.0GB --results results/data-2")
    assert main(["export-best", "--results", "results/data", "--out", "out.npy", "--plugin", "slow.py"]) == 1
    assert "(all 1 that ran failed, the first: used more than 1 MB (--trial-memory))" in capsys.readouterr().err
    assert followed(last) == 0
    assert [record.error for record in Run(Path("results/data-2")).records()] == [None]


def test_a_time_for_each_trial_that_fits_none(capsys: pytest.CaptureFixture[str]) -> None:
    Path("slow.py").write_text(SLOW)
    words = ["--data", "data", "--model", "extra_trees", "--workers", "1", "--plugin", "slow.py", "--features", "slow"]
    assert main(["search", *words, "--trials", "1", "--trial-timeout", "1s", "--results", "run"]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.endswith(" --trial-timeout 60s --results run-2")
    assert followed(last) == 0
    assert [record.error for record in Run(Path("run-2")).records()] == [None]
