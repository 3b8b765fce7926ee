"""Storages: URLs and what of them is secret, the SQLite file and what may become of it, who holds a run."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest

from harness.cli import main
from harness.errors import HarnessError
from harness.files.hold import HeldError
from harness.runs.records import TrialRecord
from harness.runs.storage import keep_a_journal, open_sqlite
from harness.runs.store import Run
from harness.runs.studies import RECORD
from harness.server import Server, server_of, without_secrets
from harness.spec import Choice, PipelineSpec
from tests.challenge_files import train_file, write
from tests.toy import begun

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HARNESS_STORAGE", "HARNESS_RESULTS", "HARNESS_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


# URLs


@pytest.mark.parametrize(
    ("url", "shown", "password"),
    [
        ("postgresql://u:p@h/d", "postgresql://u@h/d", "p"),
        ("postgres://u:p@h/d", "postgresql://u@h/d", "p"),
        ("postgresql+psycopg://u:p@h:5432/d", "postgresql://u@h:5432/d", "p"),
        ("postgresql://u:a%40b%2Fc:%25@h/d", "postgresql://u@h/d", "a@b/c:%"),
        ("postgresql://u@h/d", "postgresql://u@h/d", None),
        ("postgresql://h", "postgresql://h", None),
        ("postgresql:///d?host=/tmp/x&user=u&password=p%26q", "postgresql:///d?host=/tmp/x&user=u", "p&q"),
        ("postgresql://u:p@[::1]:5432,other:1/d?sslmode=require", "postgresql://u@[::1]:5432,other:1/d?sslmode=require",
         "p"),
        ("postgresql://u:p@%2Ftmp%2Fx/d", "postgresql://u@%2Ftmp%2Fx/d", "p"),
    ],
)  # fmt: skip
def test_a_url_is_shown_without_its_password(url: str, shown: str, password: str | None) -> None:
    server = server_of(url)
    assert (server.url, server.secrets.get("password")) == (shown, password)
    assert f"{server}" == shown
    assert "secrets" not in repr(server)
    assert without_secrets(url) == shown
    assert without_secrets(f"--storage={url}") == f"--storage={shown}"
    assert server_of(shown) == Server(shown, {})


MALFORMED = [
    "s3kret",
    "postgresql",
    "postgresql:/u:s3kret@h/d",
    "postgresql:u:s3kret@h/d",
    "postgresql://u:s3/kret@h/d",
    "postgresql://u:s3@kret@h/d",
    "postgresql://u:s3kret@h/d/e",
    "postgresql://u:s3 kret@h/d",
    "postgresql://u:s3?kret@h/d",
    "postgresql://u:s3#kret@h/d",
    "postgresql://u:s3kret%zz@h/d",
    "postgresql://u:s3kret@h:port/d",
    "postgresql://u:s3kret",
    "POSTGRESQL://u:s3kret@h/d",
    "mysql+pymysql://u:s3kret@h/d",
    "postgrs://u:s3kret@h/d",
    "sqlite:///s3kret.db",
]


@pytest.mark.parametrize("url", MALFORMED)
def test_a_malformed_url_is_refused_in_one_line_that_shows_nothing_of_it(
    url: str, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in (["search"], ["leaderboard"], ["export-best"]):
        (tmp_path / "run").mkdir(exist_ok=True)
        assert main([*words, "--results", "run", "--storage", url]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("harness: --storage: n")
        assert "postgresql://" in line
        assert not any(part in line for part in ("s3", "kret"))
    monkeypatch.setenv("HARNESS_STORAGE", url)
    assert main(["search", "--results", "run"]) == 2
    assert capsys.readouterr().err.startswith("harness: HARNESS_STORAGE: n")
    assert list((tmp_path / "run").iterdir()) == []


@pytest.mark.parametrize("url", [one for one in MALFORMED if "@" in one])
def test_a_password_is_not_shown_in_what_cannot_be_parsed(url: str, capsys: Captured) -> None:
    for words in (["search", "--storge", url], ["leaderboard", url], ["search", "--trials", url], [url]):
        with pytest.raises(SystemExit):
            main(words)
        err = capsys.readouterr().err
        assert "error: " in err
        assert not any(part in err for part in ("s3", "kret")), err


@pytest.mark.parametrize("word", ["--data", "a@b", "x=y", "tcp://scheduler:8786", "a:b", "C:\\data", "--out=a/b.npy"])
def test_other_words_are_left_alone(word: str) -> None:
    assert without_secrets(word) == word


# The SQLite file


def finished_run(folder: Path, trials: int = 60) -> Run:
    """A run of failed trials with long reasons, so that its file has many pages."""
    run = Run(folder)
    with run.hold():
        about = {"data": "data", "behaviors": ["sniff"], "command": "harness search", "plugins": []}
        run.begin({"data": "digest", "seed": 0, "ranges": {"stacks": {}}, "plugins": {}}, about)
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
from tests.runs.test_storage import tell
from tests.toy import begun
run = Run(Path(sys.argv[1]))
with run.hold():
    begun(run, ["sniff"])
    for trial in range(3):
        tell(run, trial)
    os.kill(os.getpid(), 9)
"""


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
    from harness.data.challenge import load_dataset

    shutil.copytree(sound, tmp_path / "run")
    data = write(tmp_path / "data", train_file())
    run_json = tmp_path / "run" / "run.json"
    run_json.write_text(run_json.read_text().replace('"digest"', f'"{load_dataset(data).digest}"'))
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


# Who writes


def test_no_clock_frees_or_steals_a_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = time.time
    with Run(tmp_path / "run").hold():
        for step in (-1e9, 0.0, 1e9):
            monkeypatch.setattr(time, "time", lambda step=step: real() + step)
            with (
                pytest.raises(
                    HeldError, match=rf"writes here \(process {os.getpid()} on {os.uname().nodename}, since "
                ),
                Run(tmp_path / "run").hold(),
            ):
                pass
    monkeypatch.setattr(time, "time", lambda: real() - 1e9)
    with Run(tmp_path / "run").hold():
        pass


@pytest.mark.skipif(
    os.geteuid() == 0 and not shutil.which("setpriv"), reason="needs setpriv: apt-get install util-linux"
)
def test_results_that_cannot_be_written_to_are_shown_and_not_searched(sound: Path, tmp_path: Path) -> None:
    shutil.copytree(sound, tmp_path / "run")
    write(tmp_path / "data", train_file())
    # Root may write anywhere, unless it gives that up.
    lesser = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []

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
