"""Trials in a SQLite file, and what may become of it."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest

from harness.cli import main
from harness.data.challenge import load_dataset
from harness.errors import HarnessError
from harness.runs.records import TrialRecord
from harness.runs.sqlite import keep_a_journal, open_sqlite
from harness.runs.store import Run
from harness.runs.studies import RECORD
from harness.spec import Choice, PipelineSpec
from tests.challenge_files import train_file, write
from tests.desk import posix
from tests.toy import begun

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HARNESS_STORAGE", "HARNESS_RESULTS", "HARNESS_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def make_run_of(data: Path, run: Path) -> None:
    """Let `run.json` say that the run was searched on these data."""
    plain = json.loads((run / "run.json").read_text())
    plain["identity"]["data"] = load_dataset(data).digests
    (run / "run.json").write_text(json.dumps(plain))


def finished_run(folder: Path, trials: int = 60) -> Run:
    """A run of failed trials with long reasons, so that its file has many pages."""
    run = Run(folder)
    with run.hold():
        about = {"data": "data", "behaviors": ["sniff"], "command": "harness search", "plugins": []}
        identity = {"data": {}, "pool": {}, "seed": 0, "ranges": {"stacks": {}}, "plugins": {}}
        run.begin(identity, about)
        for trial in range(trials):
            tell(run, trial)
    return run


def tell(run: Run, trial: int) -> None:
    spec = PipelineSpec((), Choice("random"))
    record = TrialRecord("sniff", trial, "arm", spec, "grouped", 0.0, error=f"because of {trial} " * 99)
    run.add(record, optuna.trial.create_trial(state=optuna.trial.TrialState.FAIL), ())


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished_run(tmp_path_factory.mktemp("sound") / "run").folder


def test_a_file_is_set_up_for_kills(tmp_path: Path) -> None:
    storage = open_sqlite(tmp_path / "studies.db")
    with storage.engine.connect() as connection:
        (journal,) = connection.exec_driver_sql("PRAGMA journal_mode").one()
        (synchronous,) = connection.exec_driver_sql("PRAGMA synchronous").one()
        (busy,) = connection.exec_driver_sql("PRAGMA busy_timeout").one()
    assert (journal, synchronous, busy) == ("wal", 2, 60_000)


def test_without_shared_memory_another_journal_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE a (b)")
    # SQLite without locks, as on a file system that has none, cannot share memory either.
    connection = sqlite3.connect(f"file:{path}?nolock=1", uri=True)
    assert keep_a_journal(connection) == "delete"
    connection.execute("INSERT INTO a VALUES (1)")
    connection.commit()
    connection.close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT b FROM a").fetchall() == [(1,)]


def test_a_file_that_a_reader_keeps_busy_is_used_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("CREATE TABLE a (b)")
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM a").fetchall()
    assert keep_a_journal(sqlite3.connect(path, timeout=0.1)) == "delete"


KILLED = """
import os, sys
from pathlib import Path
from harness.runs.store import Run
from tests.runs.test_sqlite import tell
from tests.toy import begun
run = Run(Path(sys.argv[1]))
with run.hold():
    begun(run, ["sniff"])
    for trial in range(3):
        tell(run, trial)
    os.kill(os.getpid(), 9)
"""


@posix
def test_a_committed_trial_is_there_after_a_kill_and_the_dead_hold_nothing(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "run")], cwd=Path(__file__).parents[2])
    assert ended.returncode == -signal.SIGKILL
    run = Run(tmp_path / "run")
    with run.hold():
        assert [record.trial for record in run.records()] == [0, 1, 2]


def test_a_run_of_before_is_read_and_continued(tmp_path: Path) -> None:
    """Its file was opened by URL, and its `run.json` says nothing of a storage."""
    run = Run(tmp_path / "run")
    with run.hold():
        begun(run, ["sniff"])
    (tmp_path / "run" / "studies.db").unlink()
    spec = PipelineSpec((), Choice("random"))
    record = TrialRecord("sniff", 0, "arm", spec, "grouped", 0.0, error="no")
    study = optuna.create_study(storage=f"sqlite:///{tmp_path}/run/studies.db", study_name="sniff/arm")
    study.add_trial(
        optuna.trial.create_trial(state=optuna.trial.TrialState.FAIL, user_attrs={RECORD: record.as_json()})
    )
    assert run.records() == [record]
    with run.hold():
        tell(run, 1)
        assert list(run.finished()) == ["sniff/arm"]
    assert [one.trial for one in run.records()] == [0, 1]


@pytest.mark.parametrize("name", ["a?b", "50%", "a#b", "{SCHEMA}", "a b", "ü", "a&mode=ro"])
def test_a_folder_may_have_any_name(name: str, tmp_path: Path) -> None:
    run = finished_run(tmp_path / name, 1)
    assert len(run.records()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


def overwritten_header(file: Path) -> None:
    with file.open("r+b") as content:
        content.write(b"all work and no play")


def truncated_to_half(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def garbage_in_the_middle(file: Path) -> None:
    size = file.stat().st_size
    with file.open("r+b") as content:
        content.seek(size // 2 // 4096 * 4096)
        content.write(bytes(range(256)) * 32)


def garbage_in_a_record(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content.replace(b'"behavior"', b'"behav\xff\xfer"'))


def another_record(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content.replace(b'"behavior"', b'"Behavior"'))


def emptied(file: Path) -> None:
    os.truncate(file, 0)
    (file.parent / "out_of_fold" / "sniff").mkdir(parents=True)
    (file.parent / "out_of_fold" / "sniff" / "00000.npy").touch()


def deleted(file: Path) -> None:
    emptied(file)
    file.unlink()


DAMAGES: dict[Callable[[Path], None], str] = {
    overwritten_header: "run/studies.db: not a usable SQLite file (file is not a database); ",
    truncated_to_half: "run/studies.db: ",
    garbage_in_the_middle: "run/studies.db: ",
    garbage_in_a_record: "run/studies.db: ",
    another_record: "run/studies.db: sniff/arm has a trial that cannot be read (",
    emptied: "run/studies.db: the trials are gone, of which out_of_fold holds more; ",
    deleted: "run/studies.db: the trials are gone, of which out_of_fold holds more; ",
}


UNREADABLE = (garbage_in_a_record, another_record)
"""What is seen only once the trials are read."""


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("command", ["search", "leaderboard", "export-best"])
def test_a_damaged_file_is_named_with_the_way_out(
    damage: Callable[[Path], None], command: str, sound: Path, tmp_path: Path, capsys: Captured
) -> None:
    shutil.copytree(sound, tmp_path / "run")
    data = write(tmp_path / "data", train_file())
    make_run_of(data, tmp_path / "run")
    run_json = tmp_path / "run" / "run.json"
    damage(tmp_path / "run" / "studies.db")
    if command == "search" and damage in UNREADABLE:
        run_json.unlink()  # what this run was made with is not what a search is, which would be said first
    before = {path: path.read_bytes() for path in (tmp_path / "run").glob("*.json")}
    words = {"search": ["--data", "data"], "leaderboard": [], "export-best": ["--data", "data"]}[command]
    assert main([command, *words, "--results", "run"]) == 2
    out, err = capsys.readouterr()
    (line,) = err.splitlines()
    assert out == ""
    assert line.startswith(f"harness: {DAMAGES[damage]}"), line
    assert line.endswith("; restore it, or search into another --results")
    assert {path: path.read_bytes() for path in before} == before


def fill(run: Run) -> None:
    for trial in range(60, 200):
        tell(run, trial)


def test_a_full_disk_is_said_in_one_line(sound: Path, tmp_path: Path) -> None:
    shutil.copytree(sound, tmp_path / "run")
    run = Run(tmp_path / "run")
    with run.hold():
        with run.storage.engine.connect() as connection:
            (pages,) = connection.exec_driver_sql("PRAGMA page_count").one()
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        says = r"studies\.db: cannot be used \(database or disk is full\); put that right, and the same command goes on"
        with pytest.raises(HarnessError, match=says):
            fill(run)
    assert len(Run(tmp_path / "run").records()) >= 60
