"""A disk that is full: costs a cache no trial, and ends a search in one line with all that was told before."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.demo.dataset import write_demo
from harness.runs.records import TrialRecord
from harness.runs.store import Run

ROOT = Path(__file__).parents[2]

MOUNTED = shutil.which("unshare") and not subprocess.call(
    ["sh", "-c", "unshare --map-root-user --mount mount -t tmpfs tmpfs /mnt"], stderr=subprocess.DEVNULL
)
pytestmark = pytest.mark.skipif(
    not MOUNTED, reason="no small disk can be made here: needs Linux with unshare and user namespaces"
)

DRIVER = """
import json, os, shutil, subprocess, sys
from contextlib import suppress
from pathlib import Path

disk, copy, lines, *command = sys.argv[1:]
Path(disk).mkdir()
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", disk], check=True)

def fill():
    with suppress(OSError), open(Path(disk, "fill"), "wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass

process = subprocess.Popen(command, text=True, stderr=subprocess.PIPE) if int(lines) else None
said = []
while process and len(said) < int(lines) and (line := process.stderr.readline()):
    said += [line] if "F1 " in line else []
fill()
process = process or subprocess.Popen(command, text=True, stderr=subprocess.PIPE)
rest = process.stderr.read()  # not `communicate`, which does not see what was read ahead
process.wait()
os.unlink(Path(disk, "fill"))
shutil.copytree(disk, copy)
print(json.dumps({"code": process.returncode, "said": said, "rest": rest.splitlines()}))
"""
"""Make a small disk that nobody else sees, and fill it: before a command, or once that has told of so many trials."""


def with_full_disk(at: Path, disk: str, after: int, words: list[str]) -> dict[str, Any]:
    """What the command said; what it left on the disk is then in `disk`-copy."""
    command = ["unshare", "--map-root-user", "--mount", sys.executable, "-c", DRIVER, disk, f"{disk}-copy", str(after)]
    done = subprocess.run([*command, *words], cwd=at, env=environment(at), capture_output=True, text=True, timeout=170)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def environment(at: Path) -> dict[str, str]:
    return {**os.environ, "HARNESS_CACHE": str(at / "cache"), "PYTHONPATH": str(ROOT)}


def search(results: str, trials: int = 6) -> list[str]:
    words = "search --data demo --behavior behavior-0 --features task_programs --workers 1 --model random"
    models = ["--model", "logistic_regression", "--results", results, "--trials", str(trials)]
    return [sys.executable, "-m", "harness", *words.split(), *models]


def records(run: Path) -> list[TrialRecord]:
    return [replace(one, seconds=0.0) for one in Run(run).records()]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a demo and an undisturbed search of it."""
    at = tmp_path_factory.mktemp("full")
    write_demo(at / "demo", seed=1, recordings=2, seconds=20, test_recordings=1)
    subprocess.run(search("undisturbed"), cwd=at, env=environment(at), capture_output=True, timeout=170, check=True)
    return at


def test_a_cache_that_cannot_be_written_costs_no_trial(place: Path) -> None:
    found = with_full_disk(place, "small-cache", 0, [*search("uncached"), "--cache", "small-cache"])
    assert found["code"] == 0, found
    notes = [line for line in found["rest"] if line.startswith("note: small-cache: ")]
    assert notes == [
        "note: small-cache: No space left on device; what cannot be kept is computed again, with the same result"
    ]
    assert records(place / "uncached") == records(place / "undisturbed")
    assert [file for file in (place / "small-cache-copy").rglob("*") if file.is_file()] == []


def test_a_run_that_cannot_be_written_ends_in_one_line_with_all_that_was_told_and_goes_on_later(place: Path) -> None:
    found = with_full_disk(place, "run", 3, search("run", 500))
    assert found["code"] == 2, found
    told = [line for line in [*found["said"], *found["rest"]] if "/500 F1 " in line]
    (ended,) = [line for line in found["rest"] if "/500 F1 " not in line]
    # Which is full first, the file of probabilities or that of trials, is a matter of bytes.
    of_trials = "harness: run/studies.db: cannot be used ("
    assert ended.startswith((f"harness: run: trial {len(told)} of behavior-0 cannot be stored (", of_trials))
    assert ended.endswith(", and the same command goes on")
    left = records(place / "run-copy")
    assert len(left) == len(told) >= 3
    assert [file for file in (place / "run-copy").rglob(".*") if file.is_file()] == []
    continued = search("run-copy", max(6, len(left)))
    subprocess.run(continued, cwd=place, env=environment(place), capture_output=True, timeout=170, check=True)
    assert records(place / "run-copy")[: len(left)] == left
    assert records(place / "run-copy")[:6] == records(place / "undisturbed")
