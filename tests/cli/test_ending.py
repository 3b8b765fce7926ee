"""Signals end a command as Ctrl-C does: nothing is left lying about, and the last line says it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.runs.store import Run
from tests.conftest import write_toy_data

SMALL = ["--model", "extra_trees", "--features", "social_geometry", "--workers", "1"]

SLOW = '''
import time
from harness.plugins import feature_set

@feature_set("slow")
def slow(recording):
    """Takes a second, so that labelling does not end before a signal comes."""
    time.sleep(1)
    return {"slow x": recording.keypoints[:, 0, 0, 0]}
'''


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data and a short run of them."""
    folder = tmp_path_factory.mktemp("ending")
    write_toy_data(folder / "data")
    (folder / "slow.py").write_text(SLOW)
    words = ["--model", "extra_trees", "--plugin", "slow.py", "--features", "slow", "--workers", "1"]
    command = ["search", "--data", "data", "--results", "run", "--trials", "1", *words]
    _, err = (process := begun(command, folder)).communicate(timeout=170)
    assert process.returncode == 0, err
    return folder


def begun(command: list[str], at: Path, temporary: Path | None = None) -> "subprocess.Popen[str]":
    settings = {"HARNESS_CACHE": str(at / "cache")} | ({"TMPDIR": str(temporary)} if temporary else {})
    return subprocess.Popen(
        [sys.executable, "-m", "harness", *command],
        cwd=at,
        env=os.environ | settings,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def waited_for(process: "subprocess.Popen[str]", folder: Path, pattern: str) -> None:
    """Until there is something of that name in the folder: a model is fitted, and labelling is to come."""
    while not list(folder.glob(pattern)):
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.002)
    time.sleep(0.05)  # labelling takes longer


@pytest.mark.parametrize(("name", "kept"), [("SIGTERM", True), ("SIGHUP", False), ("SIGINT", True)])
def test_an_export_that_is_ended_clears_away_its_models(name: str, kept: bool, place: Path, tmp_path: Path) -> None:
    number = getattr(signal, name)
    options = ["--out", str(tmp_path / "submission.npy"), *(["--models", str(tmp_path / "models")] if kept else [])]
    command = ["export-best", "--results", "run", "--workers", "1", "--plugin", "slow.py", *options]
    process = begun(command, place, tmp_path)
    waited_for(process, tmp_path, ".models.*/*" if kept else "harness-models-*/*")
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert err.splitlines()[-1] == ("harness: interrupted" if name == "SIGINT" else f"harness: ended by {name}")
    assert process.returncode == 128 + number
    assert "Traceback" not in err
    assert not [path for path in tmp_path.iterdir() if not path.name.startswith("pymp-")]


def test_a_search_that_is_ended_keeps_what_is_finished(place: Path) -> None:
    process = begun(["search", "--data", "data", "--results", "ended", "--trials", "500", *SMALL], place)
    assert process.stderr is not None
    while " F1 " not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGTERM)  # as `timeout` does, to the process and to its group
    _, err = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "finished trials are kept in ended. To go on: harness search --data data" in err.splitlines()[-1]
    records = Run(place / "ended").records()
    assert records
    assert not any(record.error for record in records)


def test_a_second_interrupt_ends_at_once(place: Path) -> None:
    process = begun(["search", "--data", "data", "--results", "twice", "--trials", "500", *SMALL], place)
    assert process.stderr is not None
    while " F1 " not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 130
    assert "Traceback" not in err


def test_nohup_is_heard(place: Path) -> None:
    program = (
        "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN); from harness.cli.ending import Ending; Ending(); "
        "print(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN, signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout == "True False\n"
