"""Trials in a PostgreSQL database: what holds for SQLite holds there, through kills, restarts and second searches."""

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.cli import main
from harness.demo.dataset import write_demo
from harness.errors import HarnessError
from harness.files.hold import HeldError
from harness.runs import postgres, storage
from harness.runs.postgres import hold_postgres
from harness.runs.records import TrialRecord
from harness.runs.store import Run
from harness.server import server_of
from harness.spec import Choice, PipelineSpec
from tests.commands import ended, output
from tests.postgres import PASSWORD, Cluster, Proxy, cluster, programs
from tests.searching.test_search import board, finish, harness
from tests.toy import begun

pytest.importorskip("psycopg", reason="needs psycopg: pip install 'behavior-harness[postgres]'")
pytestmark = pytest.mark.skipif(
    programs() is None, reason="needs PostgreSQL's server programs: apt-get install postgresql"
)

SMALL = ["search", "--data", "demo", "--features", "task_programs", "--features", "kinematics", "--workers", "1"]
SMALL += ["--model", "logistic_regression", "--model", "random", "--behavior", "behavior-0"]
SMALL += ["--behavior", "behavior-3", "--trials", "5"]
TOLD = re.compile(r"^behavior-\d \d+/", re.MULTILINE)


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    with cluster() as running:
        yield running


@pytest.fixture
def database(server: Cluster, request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of an empty database."""
    name = re.sub(r"\W", "_", request.node.name)[:50]
    server.execute(f'CREATE DATABASE "{name}"')
    yield name
    server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HARNESS_STORAGE", "HARNESS_RESULTS", "PGPASSWORD", "PGPASSFILE", "PGHOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "no-pgpass"))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    at = tmp_path_factory.mktemp("postgres")
    write_demo(at / "demo", seed=1, recordings=2, seconds=20, test_recordings=2)
    return at


@pytest.fixture(scope="module")
def undisturbed(demo: Path) -> tuple[list[dict[str, Any]], list[TrialRecord]]:
    """The leaderboard and the trials of a search in SQLite."""
    output(*SMALL, "--results", "sqlite", at=demo)
    return board(demo, "sqlite"), untimed(Run(demo / "sqlite"))


def untimed(run: Run) -> list[TrialRecord]:
    """All that is stored of the trials, less what the clock decides."""
    return [replace(record, seconds=0.0) for record in run.records()]


def record(trial: int, arm: str = "arm") -> TrialRecord:
    return TrialRecord("sniff", trial, arm, PipelineSpec((), Choice("random")), "grouped", 0.0, error="no")


def tell(run: Run, trial: int, **values: Any) -> None:
    import optuna

    run.add(record(trial, **values), optuna.trial.create_trial(state=optuna.trial.TrialState.FAIL), ())


def after(process: "subprocess.Popen[str]", trials: int) -> None:
    """Come back when this many trials are told."""
    assert process.stderr is not None
    while trials:
        line = process.stderr.readline()
        assert line, process.wait()
        trials -= bool(TOLD.match(line))


def failure(words: list[str], capsys: pytest.CaptureFixture[str], code: int = 2) -> str:
    """The one line in which a command refuses, after it has said what it is about to do."""
    assert main(words) == code
    err = capsys.readouterr().err
    assert "Traceback" not in err
    (line,) = [line for line in err.splitlines() if line.startswith("harness: ")]
    return line.removeprefix("harness: ")


# As in SQLite


def test_two_searches_at_once_in_a_fresh_database_find_what_one_finds_in_sqlite(
    server: Cluster, database: str, demo: Path, undisturbed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    schemes = {"one": "postgresql+psycopg", "two": "postgres"}
    url = server.url(database)
    running = [
        harness(*SMALL, "--results", name, "--storage", url.replace("postgresql", scheme), at=demo)
        for name, scheme in schemes.items()
    ]
    for process in running:
        finish(process)
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    for name in schemes:
        assert not (demo / name / "studies.db").exists()
        assert board(demo, name) == undisturbed[0]
        assert untimed(Run(demo / name)) == undisturbed[1]
    names = [str(name) for (name,) in server.execute("SELECT study_name FROM studies", database)]
    runs = {json.loads((demo / name / "run.json").read_text())["storage"]["run"] for name in schemes}
    assert len(runs) == 2
    assert {name.split("/")[0] for name in names} == runs


def test_a_search_killed_again_and_again_ends_as_if_undisturbed(
    server: Cluster, database: str, demo: Path, undisturbed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_STORAGE", server.url(database))
    command = [*SMALL, "--results", "killed"]
    for trials in (1, 3):
        process = harness(*command, at=demo)
        after(process, trials)
        process.kill()
        process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL
    output(*command, at=demo)
    assert board(demo, "killed") == undisturbed[0]
    assert untimed(Run(demo / "killed", server_of(server.url(database)))) == undisturbed[1]


def test_other_settings_are_refused_with_the_difference_named(
    server: Cluster, database: str, demo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(demo)
    given = ["--results", "identity", "--storage", server.url(database), "--cache", "cache"]
    assert main([*SMALL[:-1], "1", *given]) == 0
    line = failure([*SMALL, *given, "--seed", "7"], capsys)
    assert line.startswith("identity: was searched with other settings, so that its trials cannot be continued: seed ")


def test_a_study_has_room_for_any_name(server: Cluster, database: str, tmp_path: Path) -> None:
    run = Run(tmp_path / "run", server_of(server.url(database)))
    arms = ["+".join(["some_features"] * 60) + end for end in ("/a", "/b")]
    with run.hold():
        begun(run, ["sniff"])
        for trial, arm in enumerate(arms):
            tell(run, trial, arm=arm)
        assert list(run.finished()) == [f"sniff/{arm}" for arm in arms]


# Where a run's trials are found again


def test_later_commands_find_the_database_and_say_what_is_missing(
    server: Cluster, database: str, demo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(demo)
    monkeypatch.setenv("HARNESS_CACHE", str(demo / "cache"))
    url = server.url(database)
    assert main([*SMALL[:-6], "--behavior", "behavior-3", "--trials", "2", "--results", "found", "--storage", url]) == 0
    capsys.readouterr()
    shown = server.url(database, password=None)
    line = failure(["leaderboard"], capsys)
    assert line == (
        f"{shown}: asks for a password; it can be given in PGPASSWORD, ~/.pgpass, HARNESS_STORAGE or --storage"
    )
    pgpass = demo / "pgpass"
    escaped = PASSWORD.replace(":", r"\:")
    pgpass.write_text(f"127.0.0.1:{server.port}:{database}:mouse:{escaped}\n")
    pgpass.chmod(0o600)
    boards = []
    for name, value in [("PGPASSWORD", PASSWORD), ("PGPASSFILE", str(pgpass)), ("HARNESS_STORAGE", url)]:
        with monkeypatch.context() as shell:
            shell.setenv(name, value)
            assert main(["leaderboard", "--format", "json"]) == 0
        boards.append(capsys.readouterr().out)
    assert main(["leaderboard", "--format", "json", "--storage", url]) == 0
    assert {*boards} == {capsys.readouterr().out}
    assert main(["report", "--storage", url, "--out", "found.html"]) == 0
    # An export of a behavior without trials says so only once it has read the trials.
    asked = ["--behavior", "behavior-0", "--behavior", "behavior-1", "--behavior", "behavior-3"]
    line = failure(["export-best", "--storage", url, "--out", "x.npy", *asked], capsys, code=1)
    assert line.startswith("found: no finished trials for behavior-0, behavior-1; ")
    # A search goes on where the trials are, without being told.
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert main([*SMALL[:-6], "--behavior", "behavior-3", "--trials", "2", "--results", "found"]) == 0
    assert f"found, trials in {shown}, which has 2 trials already" in capsys.readouterr().err


def test_a_run_is_not_continued_where_its_trials_are_not(
    server: Cluster, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = server_of(server.url(database)), server_of(server.url())
    with (run := Run(tmp_path / "run", here)).hold():
        begun(run)
    with (
        pytest.raises(
            HarnessError, match=rf"{there.url}: has no trials of .*run, which keeps them in {here.url} under"
        ),
        Run(tmp_path / "run", there).hold(),
    ):
        pass
    with pytest.raises(
        HarnessError, match=rf"{there.url}: has no trials of .*run, which keeps them in {here.url} under"
    ):
        Run(tmp_path / "run", there).records()
    with (local := Run(tmp_path / "local")).hold():
        begun(local)
    with (
        pytest.raises(
            HarnessError, match=rf"local: keeps its trials in studies.db, not in {here.url}; search it without"
        ),
        Run(tmp_path / "local", here).hold(),
    ):
        pass
    # A database that was moved holds the run all the same.
    server.execute(f'ALTER DATABASE "{database}" RENAME TO moved')
    try:
        with (moved := Run(tmp_path / "run", server_of(server.url("moved")))).hold():
            begun(moved)
        assert moved.description.storage is not None
        assert moved.description.storage.url == server.url("moved", password=None)
    finally:
        server.execute(f'ALTER DATABASE moved RENAME TO "{database}"')


def test_a_run_that_was_killed_before_its_first_trial_has_none(server: Cluster, database: str, tmp_path: Path) -> None:
    with (run := Run(tmp_path / "run", server_of(server.url(database)))).hold():
        begun(run)
    assert Run(tmp_path / "run", server_of(server.url(database))).records() == []
    for table in ("studies", "alembic_version"):
        server.execute(f"DROP TABLE {table} CASCADE", database)
    with pytest.raises(HarnessError, match="has no trials of "):
        Run(tmp_path / "run", server_of(server.url(database))).records()
    assert server.execute("SELECT to_regclass('studies')", database) == [(None,)]  # reading makes no tables


# A server that restarts


def test_a_search_survives_restarts_of_the_server(
    server: Cluster, database: str, demo: Path, undisturbed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_STORAGE", server.url(database))
    process = harness(*SMALL, "--results", "restarted", at=demo)
    for how in ("fast", "immediate"):
        after(process, 2)
        server.stop(how)
        server.start()
    ((stored,),) = server.execute("SELECT count(*) FROM trials", database)
    assert stored != 16, "the search was over before the server was back"
    finish(process)
    assert board(demo, "restarted") == undisturbed[0]
    assert untimed(Run(demo / "restarted", server_of(server.url(database)))) == undisturbed[1]


def test_where_the_server_stays_away_the_search_ends_in_one_line_and_can_go_on(
    server: Cluster,
    database: str,
    demo: Path,
    undisturbed: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(demo)
    monkeypatch.setenv("HARNESS_STORAGE", server.url(database))
    monkeypatch.setenv("HARNESS_CACHE", str(demo / "cache"))
    monkeypatch.setattr(storage, "PATIENCE_SECONDS", 1.0)
    told = 0

    def stop_after_three(run: Run, *arguments: Any) -> None:
        nonlocal told
        if told == 3:
            server.stop("immediate")
        add(run, *arguments)
        told += 1

    add = Run.add
    with monkeypatch.context() as disturbed:
        disturbed.setattr(Run, "add", stop_after_three)
        try:
            line = failure([*SMALL, "--results", "away"], capsys)
        finally:
            server.start()
    assert line.startswith(f"{server.url(database, password=None)}: away for 1 seconds now (")
    assert line.endswith("); all finished trials are kept, and once it is back the same command goes on from them")
    assert PASSWORD not in line
    assert len(Run(demo / "away", server_of(server.url(database))).records()) == 3
    assert main([*SMALL, "--results", "away"]) == 0
    assert untimed(Run(demo / "away", server_of(server.url(database)))) == undisturbed[1]


def test_who_wrote_a_run_reads_it_once_the_server_is_back(
    server: Cluster, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (run := Run(tmp_path / "run", server_of(server.url(database)))).hold():
        begun(run, ["sniff"])
        tell(run, 0)
    waited = False

    def come_back(seconds: float) -> None:
        nonlocal waited
        waited = True
        server.start()

    server.stop("immediate")
    try:
        with pytest.raises(HarnessError, match="cannot be opened"):
            Run(tmp_path / "run", server_of(server.url(database))).records()  # has never met the server
        with monkeypatch.context() as pauses:
            pauses.setattr(time, "sleep", come_back)
            assert [one.trial for one in run.records()] == [0]
        assert waited
    finally:
        if not waited:
            server.start()


def test_a_trial_whose_commit_was_never_answered_is_told_once(server: Cluster, database: str, tmp_path: Path) -> None:
    with Proxy(server.port) as proxy:
        run = Run(tmp_path / "run", server_of(server.url(database, port=proxy.port)))
        with run.hold():
            begun(run, ["sniff"])
            tell(run, 0)
            for trial in (1, 2):
                proxy.swallow = True
                tell(run, trial)
            assert proxy.swallowed == 2
            assert [one.trial for one in run.records()] == [0, 1, 2]
            tell(run, 3)
    assert server.execute("SELECT number, state FROM trials ORDER BY trial_id", database) == [
        (number, "FAIL") for number in range(4)
    ]


# One coordinator


HOLDER = """
import sys
from pathlib import Path
from harness.server import server_of
from harness.runs.store import Run
from tests.toy import begun
run = Run(Path(sys.argv[1]), server_of(sys.stdin.readline().strip()))
with run.hold():
    begun(run)
    print("held", flush=True)
    sys.stdin.readline()
"""


def holding(folder: Path, url: str) -> "subprocess.Popen[str]":
    """Another process that holds the run in `folder`."""
    command = [sys.executable, "-c", HOLDER, str(folder)]
    process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{url}\n")
    process.stdin.flush()
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_search_from_another_folder_is_refused_until_the_first_is_dead(
    server: Cluster, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.url(database)
    first = holding(tmp_path / "here", url)
    try:
        shutil.copytree(tmp_path / "here", tmp_path / "there")  # as another machine would see the folder
        real = time.time
        for step in (0.0, -1e8, 1e8):
            monkeypatch.setattr(time, "time", lambda step=step: real() + step)
            monkeypatch.setattr(postgres, "HOLD_SECONDS", 0.5)
            with pytest.raises(HeldError) as refused, Run(tmp_path / "there", server_of(url)).hold():
                pass
            host = socket.gethostname()
            assert str(refused.value).startswith(
                f"{server.url(database, password=None)}: another search writes here (process {first.pid} on {host}, "
            )
            assert re.search(r", since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w+\); wait for it, ", str(refused.value))
    finally:
        first.kill()
        first.communicate()
    monkeypatch.setattr(postgres, "HOLD_SECONDS", 5.0)
    for step in (-1e8, 1e8):
        monkeypatch.setattr(time, "time", lambda step=step: real() + step)
        with Run(tmp_path / "there", server_of(url)).hold():
            pass


def test_whoever_takes_a_run_over_while_the_server_restarts_keeps_it(
    server: Cluster, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "HOLD_SECONDS", 0.2)
    monkeypatch.setattr(storage, "PATIENCE_SECONDS", 1.0)
    given = server_of(server.url(database))
    with (run := Run(tmp_path / "run", given)).hold():
        begun(run, ["sniff"])
        tell(run, 0)
        server.stop()
        server.start()
        assert run.description.storage is not None
        other = hold_postgres(given, run.description.storage.run, "somebody else")
        with pytest.raises(HeldError, match=r"another search writes here \(somebody else, since "):
            tell(run, 1)
        assert server.execute("SELECT count(*) FROM trials", database) == [(1,)]
        other.engine.dispose()
        tell(run, 1)
        assert [one.trial for one in run.records()] == [0, 1]


# What is wrong with a storage is said in one line


def refused(server: Cluster) -> dict[str, tuple[str, str]]:
    """By name, a URL that cannot be used, and what is said."""
    known = server.url("postgres", password=None)
    nowhere = server.url(port=1)
    return {
        "wrong password": (
            server.url(password="s3kret"), f"{known}: cannot be opened (connection failed: connection to server at "
        ),
        "no such database": (server.url("nosuch"), 'FATAL: database "nosuch" does not exist); --storage or HARN'),
        "unreachable": (nowhere, f"{server.url(password=None, port=1)}: cannot be opened (connection failed: "),
        "no such host": (
            "postgresql://u:s3kret@host.invalid/x", "postgresql://u@host.invalid/x: cannot be opened (failed to resolve"
        ),
        "unknown setting": (f"{server.url()}?color=red", f'{known}?color=red: not a usable storage URL (invalid URI '),
        "malformed": ("postgresql://u:s3k/ret@h/d", "--storage: not a URL such as postgresql://user@host:5432/database"),
        "unknown scheme": ("mysql://u:s3kret@h/d", "--storage: nothing can be stored in mysql://; it takes postgresql"),
    }  # fmt: skip


def test_a_storage_that_cannot_be_used_is_refused_before_any_work(
    server: Cluster, demo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(demo)
    for name, (url, says) in refused(server).items():
        line = failure([*SMALL, "--results", "refused", "--storage", url], capsys)
        assert says in line, name
        for secret in (PASSWORD, "s3k", "Gehe1mnis"):
            assert secret not in line, name
        assert not (demo / "refused" / "run.json").exists()


def test_a_server_that_says_nothing_is_not_waited_for(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://u@127.0.0.1:{silent.getsockname()[1]}/d?connect_timeout=2"
        with pytest.raises(HarnessError, match=r"cannot be opened .*timeout"), Run(tmp_path, server_of(url)).hold():
            pass


def test_a_user_without_rights_is_refused_in_one_line(server: Cluster, database: str, tmp_path: Path) -> None:
    server.execute("CREATE ROLE guest LOGIN PASSWORD 'guest'")
    try:
        url = f"postgresql://guest:guest@127.0.0.1:{server.port}/{database}"
        with (
            pytest.raises(HarnessError, match="permission denied for schema public"),
            Run(tmp_path / "run", server_of(url)).hold(),
        ):
            pass
    finally:
        server.execute("DROP ROLE guest")


def test_without_psycopg_the_line_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with (
        pytest.raises(HarnessError, match=r"needs psycopg; pip install 'behavior-harness\[postgres\]' installs it"),
        Run(tmp_path / "run", server_of("postgresql://u@h/d")).hold(),
    ):
        pass


# Secrets


def test_a_password_is_nowhere_in_what_a_run_writes_and_prints(
    server: Cluster, database: str, tmp_path: Path, demo: Path
) -> None:
    url = server.url(database)
    (tmp_path / "demo").symlink_to(demo / "demo")
    said, commands = [], []

    def ran(*words: str, code: int) -> None:
        one = ended(*words, at=tmp_path)
        assert one.code == code, one.err
        said.extend([one.out, one.err])

    process = harness(*SMALL, "--results", "run", "--storage", url, at=tmp_path)
    after(process, 1)
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(entry.read_text().rpartition(")")[2].split()[1])
            if parent == process.pid:
                commands.append((entry.parent / "cmdline").read_bytes().decode())
        except OSError:  # a process that has ended meanwhile
            continue
    process.send_signal(signal.SIGINT)
    said.extend(process.communicate(timeout=120))
    assert process.returncode == 130, said
    assert commands or sys.platform != "linux"
    few = [*SMALL[:-1], "2"]
    ran(*few, "--results", "run", f"--storage={url}", code=0)
    ran("leaderboard", "--storage", url, code=0)
    ran("report", "--storage", url, code=0)
    ran("export-best", "--storage", url, code=0)
    ran(*few, "--results", "run", "--storage", url, "--seed", "3", code=2)
    ran(*few, "--results", "run", "--storge", url, code=2)
    ran(*few, "--results", "new", "--storage", url.replace("@127", "@@127"), code=2)
    for name in ("wrong password", "no such database", "unreachable", "unknown setting"):
        ran(*few, "--results", "new", "--storage", refused(server)[name][0], code=2)
    assert "To go on: harness search" in said[1]
    assert f"--storage {server.url(database, password=None)}" in said[1]
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and "demo" not in path.parts]
    assert len(written) > 4
    everything = "\n".join([*said, *commands]).encode() + b"\n".join(written)
    assert server.url(database, password=None).encode() in everything
    for secret in (PASSWORD, "Gehe1mnis", "s3k"):
        assert secret.encode() not in everything
