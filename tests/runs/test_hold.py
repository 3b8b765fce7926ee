"""Who writes to a run."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.cli import main
from harness.errors import HarnessError
from harness.files.hold import HeldError
from harness.runs.store import Run
from tests.challenge_files import train_file, write
from tests.desk import ROOT_USER, WINDOWS, posix
from tests.runs.test_sqlite import finished_run, make_run_of

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HARNESS_STORAGE", "HARNESS_RESULTS", "HARNESS_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def test_no_clock_frees_or_steals_a_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = time.time
    with Run(tmp_path / "run").hold():
        for step in (-1e9, 0.0, 1e9):
            monkeypatch.setattr(time, "time", lambda step=step: real() + step)
            with (
                pytest.raises(
                    HeldError, match=rf"writes here \(process {os.getpid()} on {socket.gethostname()}, since "
                ),
                Run(tmp_path / "run").hold(),
            ):
                pass
    monkeypatch.setattr(time, "time", lambda: real() - 1e9)
    with Run(tmp_path / "run").hold():
        pass


@pytest.mark.skipif(
    WINDOWS or (ROOT_USER and not shutil.which("setpriv")), reason="needs setpriv: apt-get install util-linux"
)
def test_results_that_cannot_be_written_to_are_shown_and_not_searched(tmp_path: Path) -> None:
    finished_run(tmp_path / "run")
    make_run_of(write(tmp_path / "data", train_file()), tmp_path / "run")
    # Root may write anywhere, unless it gives that up.
    lesser = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if ROOT_USER else []

    def harness(*words: str) -> "subprocess.CompletedProcess[str]":
        command = [*lesser, sys.executable, "-m", "harness", *words, "--results", "run"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    (tmp_path / "run").chmod(0o500)
    try:
        searched, shown = harness("search", "--data", "data"), harness("leaderboard")
    finally:
        (tmp_path / "run").chmod(0o700)
    assert (searched.returncode, searched.stdout) == (2, "")
    assert searched.stderr == "harness: run: cannot be written to (Permission denied); name another --results\n"
    assert shown.returncode == 1  # all trials failed, which only a reader can know
    assert shown.stderr.startswith("harness: run: all 60 trials failed, the first: because of 0 ")


@posix
@pytest.mark.parametrize("kind", ["a device", "a pipe", "a folder"])
def test_a_lock_that_is_no_file_is_said_in_one_line(kind: str, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    lock = tmp_path / "run" / "lock"
    if kind == "a device":
        lock.symlink_to("/dev/null")
    elif kind == "a pipe":
        os.mkfifo(lock)
    else:
        lock.mkdir()
    with (
        pytest.raises(HarnessError, match=r"run: cannot be written to \(.*\); name another --results"),
        Run(tmp_path / "run").hold(),
    ):
        pass


def test_where_no_server_answers_no_folder_is_made(tmp_path: Path, capsys: Captured) -> None:
    pytest.importorskip("psycopg", reason="needs psycopg: pip install 'behavior-harness[postgres]'")
    write(tmp_path / "data", train_file())
    nowhere = f"postgresql:///d?host={tmp_path}/no-socket"
    assert main(["search", "--data", "data", "--results", "run", "--storage", nowhere]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"harness: {nowhere}: cannot be opened (")
    assert not (tmp_path / "run").exists()
