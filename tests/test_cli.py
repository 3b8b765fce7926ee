"""The command line: what it refuses and how it says so, what it shows, and what it does when nobody tells it much."""

import csv
import io
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest

from harness.api.places import cache_of
from harness.cli import main
from harness.cli.arguments import environment_folder
from harness.data.challenge import load_dataset
from harness.demo.dataset import write_demo
from harness.plugins.registry import FEATURES, MODELS, SMOOTHERS
from harness.plugins.spaces import load_spaces
from harness.runs.records import TrialRecord
from harness.runs.store import Run
from harness.scores.metrics import Counts
from harness.showing.progress import Progress
from harness.spec import Choice, PipelineSpec
from tests.challenge_files import MALFORMED, SAYS, poses, recording, save, test_file, train_file, unlabelled, write
from tests.commands import ended
from tests.desk import closable, posix
from tests.hostile_pickles import ASKS, BLUNT, HOSTILE, npy

SEARCH = ["search", "--data", "demo", "--features", "task_programs", "--features", "kinematics", "--trials", "4"]
SEARCH += ["--model", "logistic_regression", "--model", "random", "--behavior", "behavior-0"]
SEARCH += ["--behavior", "behavior-3", "--workers", "1"]

PLUGIN = """
from harness.plugins import feature_set

@feature_set("odd")
def odd(recording):
    \"\"\"One column.\"\"\"
    return {"odd x": recording.keypoints[:, 0, 0, 0]}
"""

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A shell in an empty folder, without a word from the environment."""
    for name in ("HARNESS_DATA", "HARNESS_RESULTS", "HARNESS_STORAGE", "NO_COLOR", "COLUMNS", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a small demo was searched for two of its behaviors."""
    folder = tmp_path_factory.mktemp("searched")
    with pytest.MonkeyPatch.context() as shell:
        shell.chdir(folder)
        shell.setenv("HARNESS_CACHE", str(folder / "cache"))
        write_demo(folder / "demo", seed=1, recordings=2, seconds=20, test_recordings=2)
        assert main(SEARCH) == 0
    return folder


def process(*words: str, at: Path, python: Sequence[str] = ()) -> "subprocess.Popen[str]":
    """`harness` as a shell runs it in the folder `at`."""
    return subprocess.Popen(
        [sys.executable, *python, "-m", "harness", *words],
        cwd=at,
        env={**os.environ, "PYTHONWARNINGS": "error"},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def refusal(words: list[str], capsys: Captured, code: int = 2) -> list[str]:
    """The lines in which `harness` says why it will not, each marked as its own, and nothing else said."""
    assert main(words) == code
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert lines
    assert all(line.startswith("harness: ") for line in lines), err
    return [line.removeprefix("harness: ") for line in lines]


def usage_error(words: list[str], capsys: Captured) -> str:
    """The last line of what argparse says."""
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    return err.splitlines()[-1]


# Data that cannot be used


@pytest.mark.parametrize("name", MALFORMED)
def test_a_search_says_what_is_wrong_with_the_files_and_runs_nothing(
    name: str, tmp_path: Path, capsys: Captured
) -> None:
    MALFORMED[name](tmp_path / "data")
    lines = refusal(["search", "--data", "data", "--results", "run"], capsys)
    assert any(SAYS[name] in line for line in lines), lines
    assert not (tmp_path / "data" / "sentinel").exists()
    assert not (tmp_path / "run").exists()
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("name", ASKS)
def test_a_search_refuses_a_hostile_training_file(name: str, tmp_path: Path, capsys: Captured) -> None:
    write(tmp_path / "data", {})
    (tmp_path / "data" / "train.npy").write_bytes(npy((HOSTILE | BLUNT)[name](tmp_path / "sentinel")))
    (line,) = refusal(["search", "--data", "data", "--results", "run"], capsys)
    assert line.startswith("data/train.npy: refused: the pickle asks for ")
    assert ASKS[name] in f"{line};"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]


@pytest.mark.parametrize("name", ["a_training_file_cut_short", "a_hostile_training_file", "infinite_keypoints"])
def test_a_process_ends_with_2_and_without_a_traceback(name: str, tmp_path: Path) -> None:
    MALFORMED[name](tmp_path / "data")
    out, err = (harness := process("search", "--data", "data", at=tmp_path)).communicate(timeout=60)
    assert harness.returncode == 2
    assert out == ""
    assert SAYS[name] in err
    assert all(line.startswith("harness: ") for line in err.splitlines())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]


# Other things that a person can get wrong


def broken_ranges(at: Path) -> None:
    (at / "ranges" / "smoothers").mkdir(parents=True)
    (at / "ranges" / "smoothers" / "gaussian.toml").write_text("seconds = [")


def plugin_that_raises(at: Path) -> None:
    (at / "mine.py").write_text("1 / 0\n")


def something(at: Path) -> None:
    (at / "something").write_text("to do with mice")


def nothing(at: Path) -> None:
    pass


Prepare = Callable[[Path], None]

REFUSED: list[tuple[Prepare, str, str]] = [
    (nothing, "search --behavior grom", "unknown behavior 'grom'. Did you mean 'groom'? Available: chase, groom."),
    (nothing, "search --features kinematic", "unknown feature set 'kinematic'. Did you mean 'kinematics'? Available: "),
    (nothing, "search --model lightgbn", "unknown model family 'lightgbn'. Did you mean 'lightgbm'? Available: "),
    (broken_ranges, "search --spaces ranges", "ranges/smoothers/gaussian.toml: Invalid value (at end of document)"),
    (plugin_that_raises, "search --plugin mine.py", "--plugin mine.py: ZeroDivisionError: division by zero"),
    (nothing, "search --plugin yours.py", "--plugin yours.py: no such Python file"),
    (something, "search --results something", "something: cannot be written to (File exists); name another --results"),
    (something, "search --cache something/x", "something/x: Not a directory; name another folder with --cache"),
    (nothing, "search --data dat", "dat: no such folder"),
    (nothing, "list --data dat", "dat: no such folder"),
    (nothing, "leaderboard", "nothing was searched here yet; run `harness search`, or name a run with --results"),
    (nothing, "export-best", "nothing was searched here yet; run `harness search`, or name a run with --results"),
    (nothing, "leaderboard --results r", "r holds no run; `harness search --results r` makes one"),
    (something, "leaderboard --results something", "something/run.json: not a readable run description (Not a dir"),
    (something, "check something", "something: not an .npy file"),
    (nothing, "check nothing.npy", "nothing.npy: no such file"),
    (nothing, "score data/test.npy nothing.npy", "nothing.npy: no such file"),
    (nothing, "demo-data data", "data/train.npy is there already and would be overwritten; name another folder"),
    (something, "demo-data something/x", "something/x: cannot be written (Not a directory)"),
]


@pytest.mark.parametrize(("prepare", "words", "says"), REFUSED, ids=[words for _, words, _ in REFUSED])
def test_what_a_person_can_put_right_is_said_in_one_line(
    prepare: Prepare, words: str, says: str, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(write(tmp_path / "data", train_file()).name))
    prepare(tmp_path)
    (line,) = refusal(shlex.split(words), capsys)
    assert line.startswith(says), line


def test_a_check_before_any_search_asks_for_the_data(capsys: Captured) -> None:
    assert refusal(["check", "mine.npy"], capsys) == ["which data is mine.npy for? name them with --data"]


def test_data_named_by_the_environment_may_be_wrong_too(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_DATA", "elsewhere")
    assert refusal(["search"], capsys) == ["elsewhere: no such folder"]


def test_data_on_the_command_line_win_over_the_environment(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_DATA", "elsewhere")
    write(tmp_path / "data", train_file())
    assert refusal(["search", "--data", "data", "--behavior", "b"], capsys) == [
        "unknown behavior 'b'. Available: chase, groom."
    ]


USAGE = {
    "search --trials 0": "argument --trials: '0' should be a whole number above 0",
    "search --workers all": "argument --workers: 'all' should be a whole number above 0",
    "search --timeout soon": "argument --timeout: 'soon' should be a time such as 90s, 30m or 1h30m",
    "search --seed -1": "argument --seed: '-1' should be a whole number from 0 to 999999999",
    "search --spaces nowhere": "argument --spaces: nowhere: no such folder",
    "demo-data out --seconds 1.5": "argument --seconds: '1.5' should be a whole number above 0",
    "leaderboard --by mouse": "argument --by: invalid choice: 'mouse' (choose from ",
    "leaderboard --format xml": "argument --format: invalid choice: 'xml' (choose from ",
    "serach": "argument COMMAND: invalid choice: 'serach' (choose from ",
    "score one.npy": "the following arguments are required: TRUTH",
    "": "the following arguments are required: COMMAND",
}


@pytest.mark.parametrize(("words", "says"), USAGE.items())
def test_a_command_that_cannot_be_parsed_ends_with_2(words: str, says: str, capsys: Captured) -> None:
    assert f"error: {says}" in usage_error(shlex.split(words), capsys)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not a readable run description (Expecting value: line 1 column 1 (char 0)); restore it, or search into"),
        (b'{"identity": {"seed": 0}, "ab', "not a readable run description (Unterminated string"),
        (b"seed = 0", "not a readable run description (Expecting value"),
        (b"\xff\xfe", "not a readable run description (is not UTF-8 but UTF-16; save it as UTF-8)"),
        (b"[]", "does not say what a run was made with; restore it, or search into another --results"),
        (b'{"seed": 0}', "does not say what a run was made with; "),
        (b'{"identity": 0, "about": {}}', "does not say what a run was made with; "),
    ],
)
def test_a_damaged_run_description_is_named(content: bytes, says: str, tmp_path: Path, capsys: Captured) -> None:
    write(tmp_path / "data", train_file())
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_bytes(content)
    for words in (["leaderboard"], ["export-best"], ["search", "--data", "data"]):
        (line,) = refusal([*words, "--results", "run"], capsys)
        assert line.startswith(f"run/run.json: {says}")
    assert not (tmp_path / "results").exists()


@closable
def test_results_that_cannot_be_written_to_are_shown_and_not_searched(
    searched: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(searched)
    run = searched / "results" / "demo"
    run.chmod(0o500)
    try:
        assert refusal(SEARCH, capsys) == [
            "results/demo: cannot be written to (Permission denied); name another --results"
        ]
        assert main(["leaderboard", "--format", "json"]) == 0
    finally:
        run.chmod(0o700)
    assert json.loads(capsys.readouterr().out)


# Nothing to rank


def run_without_trials(folder: Path, *, data: Path, failed: int = 0) -> Run:
    """A run whose trials, if it has any, all failed."""
    import optuna

    run = Run(folder)
    about = {"data": str(data), "behaviors": ["groom", "chase"], "command": "harness search --data data", "plugins": []}
    with run.hold():
        identity = {"data": load_dataset(data).digests, "pool": {}, "seed": 0, "ranges": {"stacks": {}}, "plugins": {}}
        run.begin(identity, about)
        for trial in range(failed):
            spec = PipelineSpec((Choice("kinematics"),), Choice("lightgbm"))
            record = TrialRecord("groom", trial, "a", spec, "grouped", 0.0, error=f"ValueError: {trial} is too few")
            run.add(record, optuna.trial.create_trial(state=optuna.trial.TrialState.FAIL), ())
    return run


@pytest.mark.parametrize(
    ("failed", "says"),
    [(0, "no trial has finished"), (2, "all 2 trials failed, the first: ValueError: 0 is too few")],
)
def test_a_leaderboard_without_finished_trials_says_why_and_ends_with_1(
    failed: int, says: str, tmp_path: Path, capsys: Captured
) -> None:
    run_without_trials(tmp_path / "run", data=write(tmp_path / "data", train_file()), failed=failed)
    (line,) = refusal(["leaderboard", "--results", "run"], capsys, code=1)
    assert line == f"run: {says}; it was made by `harness search --data data`"


def test_an_export_without_finished_trials_says_how_to_get_them_and_ends_with_1(
    tmp_path: Path, capsys: Captured
) -> None:
    run_without_trials(tmp_path / "run", data=write(tmp_path / "data", train_file()), failed=2)
    (line,) = refusal(["export-best", "--results", "run"], capsys, code=1)
    why = "all 2 that ran failed, the first: ValueError: 0 is too few"
    way = "run `harness search --data data`, which says what gets further"
    assert line == f"run: no finished trials for groom, chase ({why}); {way}"


def test_a_search_of_some_behaviors_is_exported_and_the_hint_gets_to_a_whole_submission(
    tmp_path: Path, capsys: Captured
) -> None:
    write(tmp_path / "data", train_file(), test_file())
    words = ["--data", "data", "--trials", "1", "--model", "logistic_regression", "--features", "kinematics"]
    assert main(["search", *words, "--workers", "1", "--behavior=chase"]) == 0
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == (
        "next: harness leaderboard, then harness export-best; a submission of all behaviors wants trials of groom, too"
    )
    (line,) = refusal(["export-best", "--behavior", "groom"], capsys, code=1)
    assert line.startswith("results/data: no finished trials for groom; run `harness search ")
    assert main(["export-best", "--workers", "1"]) == 0
    note, *_ = capsys.readouterr().err.splitlines()
    assert note.startswith("note: left out, as no trial has finished: groom; the challenge wants a submission of all ")
    assert main(["check", "submission.npy"]) == 1
    assert capsys.readouterr().out == "groom: missing, expected labels of 2 ids\n"
    assert main(["report"]) == 0
    assert "note: " not in capsys.readouterr().err
    command = re.search("`harness (.*)` searches the others, too$", note)
    assert command
    assert shlex.split(command[1]) == ["search", *words, "--workers", "1"]
    assert main(shlex.split(command[1])) == 0
    assert main(["export-best", "--workers", "1"]) == 0
    assert main(["check", "submission.npy"]) == 0
    capsys.readouterr()
    assert main(["export-best", "--workers", "1", "--behavior", "groom", "--out", "one.npy"]) == 0
    note, *_ = capsys.readouterr().err.splitlines()
    assert note.startswith("note: left out, as not asked for: chase; the challenge wants a submission of all")
    (line,) = refusal(["export-best", "--behavior", "grom"], capsys)
    assert line == "unknown behavior 'grom'. Did you mean 'groom'? Available: chase, groom."


@posix
def test_a_program_without_standard_output_does_its_work(tmp_path: Path) -> None:
    command = f"exec {sys.executable} -m harness list --format json >&-"
    ended = subprocess.run(["sh", "-c", command], cwd=tmp_path, stderr=subprocess.PIPE, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_tilde_in_the_environment_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HARNESS_CACHE", "~/blocks")
    assert cache_of().folder == tmp_path / "home" / "blocks"
    monkeypatch.setenv("HARNESS_RESULTS", "~/runs")
    assert environment_folder("HARNESS_RESULTS") == tmp_path / "home" / "runs"


# The leaderboard


KEYS = ["behavior", "rank", "trial", "f1", "precision", "average_precision", "f1_honest", "f1_honest_low"]
KEYS += ["f1_honest_high", "features", "model", "decision", "folds", "seconds"]


def shown(searched: Path, words: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a command prints where `searched` was searched."""
    monkeypatch.chdir(searched)
    assert main(shlex.split(words)) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


@pytest.mark.parametrize("by", ["pipeline", "features", "model"])
def test_the_leaderboard_says_the_same_in_every_format(
    by: str, searched: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def board(how: str) -> str:
        return shown(searched, f"leaderboard --by {by} --top 2 --format {how}", capsys, monkeypatch)

    rows = json.loads(board("json"))
    assert all(row.keys() >= set(KEYS) for row in rows)
    assert [(row["behavior"], row["rank"]) for row in rows] == [
        (behavior, rank) for behavior in ("behavior-0", "behavior-3") for rank in (0, 1, 2)
    ]
    assert [row["folds"] for row in rows] == ["grouped"] * 3 + ["blocked"] * 3
    assert all(better["f1"] >= worse["f1"] for better, worse in zip(rows[1::3], rows[2::3], strict=True))
    groups = [(row["behavior"], *{"pipeline": (*row["features"], row["model"]), "model": [row["model"]],
                                  "features": row["features"]}[by]) for row in rows if row["rank"]]  # fmt: skip
    assert len(set(groups)) == len(groups) == 4

    as_csv = list(csv.DictReader(io.StringIO(board("csv"))))
    assert [(row["behavior"], float(row["f1"]), row["model"]) for row in as_csv] == [
        (row["behavior"], row["f1"], row["model"]) for row in rows
    ]
    assert [json.loads(row["decision"]) for row in as_csv] == [row["decision"] for row in rows]

    markdown = [line for line in board("markdown").splitlines() if line.startswith("|")]
    assert markdown[0] == "| behavior | # | F1 | honest F1 | prec | AP | bout F1 | pipeline | decision | trial |"
    ranks = [f"{row['rank'] or 'E'}{'=' if row['rank'] > 1 and row['tied_with_best'] else ''}" for row in rows]
    assert [line.split(" | ")[:3] for line in markdown[2:]] == [
        [f"| {row['behavior']}", rank, f"{row['f1']:.3f}" + "*" * (row["folds"] == "blocked")]
        for row, rank in zip(rows, ranks, strict=True)
    ]
    assert {line.count(" | ") for line in markdown} == {9}

    table = board("table")
    assert "\x1b" not in table
    body = [line.split() for line in table.splitlines() if line.startswith(" behavior-")]
    assert [(words[0], words[1], words[2].rstrip("*")) for words in body] == [
        (row["behavior"], rank, f"{row['f1']:.3f}") for row, rank in zip(rows, ranks, strict=True)
    ]
    assert "*: only one recording, or one group, shows it; parts of that were held out: optimistic." in table


def test_people_get_three_rows_for_each_behavior_and_programs_all(
    searched: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = json.loads(shown(searched, "leaderboard --format json", capsys, monkeypatch))
    assert [row["rank"] for row in rows] == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]
    table = shown(searched, "leaderboard", capsys, monkeypatch)
    assert sum(line.startswith(" behavior-") for line in table.splitlines()) == 2 * (1 + 3)
    one = shown(searched, "leaderboard --behavior behavior-3 --format json", capsys, monkeypatch)
    assert json.loads(one) == rows[5:]


def test_an_ensemble_is_shown_above_the_pipelines_with_its_members(
    searched: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensembles = [
        row for row in json.loads(shown(searched, "leaderboard --format json", capsys, monkeypatch)) if row["members"]
    ]
    table = shown(searched, "leaderboard", capsys, monkeypatch)
    for row in ensembles:
        (line,) = (line for line in table.splitlines() if re.match(rf" {row['behavior']} +E ", line))
        assert f"ensemble of {len(row['members'])}: " in line
        assert sum(int(weight) for weight in re.findall(r" x(\d+)", line)) == sum(
            one["weight"] for one in row["members"]
        )
    f1, honest = (np.mean([row[key] for row in ensembles]) for key in ("f1", "f1_honest"))
    assert f"ensembles of 2 behaviors: mean F1 {f1:.3f}, mean honest F1 {honest:.3f}\n" in table
    assert "E: ensemble; each recording is judged by members chosen without it.\n" in table


def test_the_mean_below_the_table_is_that_of_the_leaders(
    searched: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = json.loads(shown(searched, "leaderboard --top 1 --format json", capsys, monkeypatch))
    f1, honest = (np.mean([row[key] for row in rows if row["rank"] == 1]) for key in ("f1", "f1_honest"))
    table = shown(searched, "leaderboard", capsys, monkeypatch)
    assert f"leaders of 2 behaviors: mean F1 {f1:.3f}, mean honest F1 {honest:.3f}\n" in table


def test_a_pipeline_goes_by_its_feature_sets_unless_they_are_a_whole_stack(
    searched: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = shown(searched, "leaderboard --top 9", capsys, monkeypatch)
    assert "kinematics + task_programs, logistic_regression" in table
    assert "everything" not in table
    assert "motion" not in table


def test_an_unknown_behavior_is_asked_back(searched: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(searched)
    (line,) = refusal(["leaderboard", "--behavior", "behaviour-1"], capsys)
    assert line.startswith("unknown behavior 'behaviour-1'. Did you mean 'behavior-1'? Available: behavior-0, ")


@pytest.mark.parametrize(
    "settings",
    [{"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "latin-1"}, {"LC_ALL": "C"}],
    ids=str,
)
def test_a_terminal_without_the_letters_gets_others(settings: dict[str, str], searched: Path) -> None:
    others = {name: value for name, value in os.environ.items() if name not in ("PYTHONIOENCODING", "PYTHONUTF8")}
    environment = {**others, "HARNESS_DATA": "no M\u00e4use \u2013 here", **settings}
    command = [sys.executable, "-m", "harness", "leaderboard"]
    finished = subprocess.run(command, cwd=searched, env=environment, capture_output=True, timeout=60, check=True)
    assert b">=0." in finished.stdout
    assert b"\\u" not in finished.stdout
    failed = subprocess.run([*command[:-1], "list"], cwd=searched, env=environment, capture_output=True, timeout=60)
    mice = b"M\xe4use" if "latin-1" in settings.values() else b"M\\xe4use"
    assert failed.stderr == b"harness: no " + mice + b" - here: no such folder\n"


def test_what_libraries_say_to_programmers_does_not_reach_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "odd.py").write_text(f"import warnings\n{PLUGIN}\nwarnings.warn('this will change', FutureWarning)\n")
    command = [sys.executable, "-m", "harness", "list", "--plugin", "odd.py"]
    others = {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"}
    ended = subprocess.run(command, cwd=tmp_path, env=others, capture_output=True, text=True, timeout=60, check=True)
    assert ended.stderr == ""
    asked = others | {"PYTHONWARNINGS": "default"}
    ended = subprocess.run(command, cwd=tmp_path, env=asked, capture_output=True, text=True, timeout=60, check=True)
    assert "this will change" in ended.stderr


# Pipes


@pytest.mark.parametrize("how", ["table", "json"])
def test_a_reader_that_has_gone_is_no_error(how: str, searched: Path) -> None:
    with process("leaderboard", "--format", how, at=searched) as harness:
        assert harness.stdout is not None
        assert harness.stderr is not None
        harness.stdout.close()
        assert (harness.stderr.read(), harness.wait(timeout=60)) == ("", 0)


@posix
def test_the_head_of_a_leaderboard_is_its_head(searched: Path) -> None:
    command = f"set -o pipefail; {shlex.quote(sys.executable)} -m harness leaderboard --format json | head -1"
    finished = subprocess.run(["bash", "-c", command], cwd=searched, capture_output=True, text=True, timeout=60)
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "[\n", "")


# Listing


def test_every_plugin_is_listed_with_its_defaults_and_ranges(capsys: Captured) -> None:
    assert main(["list"]) == 0
    table = capsys.readouterr().out
    spaces = load_spaces()
    kinds = ((FEATURES, spaces.features), (MODELS, spaces.models), (SMOOTHERS, spaces.smoothers))
    for plugins, ranges in kinds:
        for name, plugin in plugins.items():
            assert f" {name} " in table
            for parameter, default in plugin.defaults.items():
                assert f"{parameter} = {default} [{ranges[name][parameter]}]" in table
    assert "view = every [every, first, second]" in table


@pytest.mark.parametrize("how", ["table", "json", "csv", "markdown"])
def test_the_list_says_which_feature_sets_five_unnamed_keypoints_are_too_few_for(
    how: str, tmp_path: Path, capsys: Captured
) -> None:
    few = {name: {"a": recording(seed, keypoints=poses(seed, parts=5))} for seed, name in enumerate("xy")}
    write(tmp_path / "data", few, {"t": unlabelled(9, keypoints=poses(9, parts=5))})
    assert main(["list", "--data", "data", "--format", how]) == 0
    out = capsys.readouterr().out
    reason = "no keypoint plays the role nose, neck, tail_base; name them in dataset.toml"
    if how == "json":
        refused = {row["name"]: row["refused"] for row in json.loads(out)}
        assert (refused["task_programs"], refused["distances_pca"]) == (reason, None)
    else:
        (line,) = (line for line in out.splitlines() if "task_programs" in line)
        assert reason in line
    if how == "markdown":
        assert all(line.startswith("| ") and line.count(" | ") == 3 for line in out.splitlines())


def imported(words: list[str], at: Path) -> set[str]:
    """The top-level packages that a command loads."""
    _, err = (harness := process(*words, at=at, python=["-X", "importtime"])).communicate(timeout=60)
    assert harness.returncode == 0, err
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in err.splitlines() if "|" in line}


@pytest.mark.parametrize(
    ("words", "never"),
    [
        (["--help"], {"numpy", "rich", "sqlalchemy", "optuna", "pandas", "sklearn", "lightgbm", "catboost"}),
        (["list"], {"sqlalchemy", "optuna", "pandas", "sklearn", "lightgbm", "catboost"}),
        (["leaderboard"], {"psycopg", "sklearn", "lightgbm", "catboost"}),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_command_loads_no_library_that_it_does_not_need(words: list[str], never: set[str], searched: Path) -> None:
    loaded = imported(words, searched)
    assert "harness" in loaded
    assert loaded & never == set()


# How far a search has come


def test_a_search_is_complete_where_every_behavior_has_its_trials(capsys: Captured) -> None:
    spec = PipelineSpec((), Choice("random"))
    done = [TrialRecord(name, n, "arm", spec, "grouped", 1.0, error="no") for n, name in enumerate(["a", "a", "a"])]
    with Progress(["a", "b"], 2, done) as progress:
        for number, complete in enumerate([False, True]):
            progress.add(TrialRecord("b", number, "arm", spec, "grouped", 1.0, error="no"))
            assert progress.complete == complete


# Demo data


def test_a_search_without_data_makes_a_demo_once_and_says_so(tmp_path: Path) -> None:
    words = ["search", "--features", "place_and_time", "--model", "random", "--trials", "1", "--workers", "1"]
    first = ended(*words, at=tmp_path)
    assert first.code == 0, first.err
    assert first.err.startswith("no --data given: making a demo in demo-data/ (simulated mice, seven behaviors)\n")
    assert first.err.endswith("next: harness leaderboard, then harness export-best\n")
    made = (tmp_path / "demo-data" / "train.npy").stat()

    second = ended(*words, at=tmp_path)
    assert second.code == 0, second.err
    assert second.err.startswith("no --data given: searching the demo in demo-data/\n")
    assert "results in results/demo-data, which has 7 trials already\n" in second.err
    assert (tmp_path / "demo-data" / "train.npy").stat() == made


def test_demo_data_have_the_sizes_that_are_asked_for(tmp_path: Path, capsys: Captured) -> None:
    words = ["demo-data", "made", "--recordings", "3", "--seconds", "12", "--test-recordings", "4", "--seed", "5"]
    assert main(words) == 0
    assert capsys.readouterr().err == (
        "wrote made: train.npy, test.npy, sample_submission.npy, and the truth in test_labels.npy\n"
        "next: harness search --data made\n"
    )
    dataset = load_dataset(tmp_path / "made")
    counts = [len(recordings) for recordings in dataset.labelled.values()]
    assert len(counts) == 7
    assert median(counts) == 3
    assert median(one.frames for group in dataset.labelled.values() for one in group) == 12 * 30
    assert [one.frames for one in dataset.unlabelled] == [12 * 30] * 4


# Checking and scoring


def labels(value: int = 0) -> dict[str, dict[str, list[int]]]:
    return {behavior: {name: [value] * 40 for name in "xy"} for behavior in ("groom", "chase")}


def test_a_check_lists_every_problem_and_ends_with_1(tmp_path: Path, capsys: Captured) -> None:
    write(tmp_path / "data", train_file())
    wrong: dict[str, Any] = labels() | {"chase": {"x": [0] * 39, "z": [0] * 40}}
    wrong["groom"]["y"][7] = 2
    save(tmp_path / "wrong.npy", wrong)
    assert main(["check", "wrong.npy", "--data", "data"]) == 1
    out, err = capsys.readouterr()
    assert sorted(out.splitlines()) == [
        "chase, x: 39 labels, expected 40, one for each frame",
        "chase, y: missing, expected 40 labels",
        "chase, z: unknown, the test data have none of this name",
        "groom, y: labels other than 0 and 1: 1 in all, the first at frame 7",
    ]
    assert err == "wrong.npy: 4 problems\n"


def test_a_check_of_what_is_right_says_so(tmp_path: Path, capsys: Captured) -> None:
    write(tmp_path / "data", train_file())
    save(tmp_path / "right.npy", labels())
    assert main(["check", "right.npy", "--data", "data"]) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("", "right.npy: fine; all that data asks for, 2 behaviors, 160 labels\n")


def test_a_score_against_another_truth_says_every_recording_that_does_not_fit(tmp_path: Path, capsys: Captured) -> None:
    save(tmp_path / "submission.npy", labels())
    save(tmp_path / "truth.npy", labels() | {"chase": {"x": [1] * 41, "w": [0] * 40}, "rear": {"x": [0] * 40}})
    assert refusal(["score", "submission.npy", "truth.npy"], capsys) == [
        "submission.npy: chase, x: 40 labels, expected 41, one for each frame",
        "submission.npy: chase, w: missing, expected 40 labels",
        "submission.npy: rear: missing, expected labels of 1 id",
    ]


@pytest.mark.parametrize("how", ["table", "json", "csv", "markdown"])
def test_a_score_is_counted_by_hand_in_every_format(how: str, tmp_path: Path, capsys: Captured) -> None:
    save(tmp_path / "submission.npy", labels(1))
    save(tmp_path / "truth.npy", {"groom": {"x": [1] * 10 + [0] * 30}, "chase": {"y": [0] * 40}})
    assert main(["score", "submission.npy", "truth.npy", "--format", how]) == 0
    out = capsys.readouterr().out
    groom = Counts(hits=10, claimed=40, actual=10)
    if how == "json":
        plain = json.loads(out)
        assert (plain["f1"], plain["precision"]) == (0.2, 0.125)
        assert [row["f1"] for row in plain["behaviors"]] == [groom.f1, 0]
        assert (
            plain["behaviors"][0] | {"f1": 0.4, "precision": 0.25, "recall": 1.0, "positive": 10, "claimed": 40}
            == (plain["behaviors"][0])
        )
    elif how == "csv":
        assert out.splitlines() == [
            "behavior,f1,precision,recall,positive,claimed", "groom,0.4,0.25,1.0,10,40", "chase,0.0,0.0,0.0,0,40"
        ]  # fmt: skip
    else:
        words = [line.replace("|", " ").split() for line in out.splitlines()]
        assert ["groom", "0.4000", "0.2500", "1.0000", "10", "40"] in words
        assert ["mean", "0.2000", "0.1250"] in words
