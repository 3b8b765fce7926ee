"""What a person sees on a terminal: nothing wider than it, no color against their will, and things that move."""

import re
from pathlib import Path

import pytest

from harness.cli import main
from harness.cli.console import WRAPS, fitted_table, plain_console
from tests.conftest import BASICS, ToyRuns, write_toy_data
from tests.terminal import Terminal, colors, drawn, plain, run_in_terminal, width

Captured = pytest.CaptureFixture[str]

# Tables

HEADER = ("behavior", "#", "F1", "honest F1", "prec", "AP", "bout F1", "pipeline", "decision", "trial")
NUMBERS = ("#", "F1", "prec", "AP", "bout F1", "trial")
SPARE = {"trial": 32, "decision": 32, "bout F1": 32, "AP": 20, "prec": 20, "honest F1": 14}
LONG = "approach_kinematics + behavior_rules + interaction_statistics + motion_words, logistic_regression"
ROWS = [
    ["investigation-of-the-intruder", "E", "0.512*", "0.400 (0.10-0.70)", "0.5", "0.4", "0.3", LONG, "≥0.5", "123"],
    ["chase", "1", "0.712", "0.600 (0.30-0.80)", "0.6", "0.5", "0.4", "random", "gaussian(seconds=0.2) ≥0.5", "7"],
]


def lines_of(columns: int, rows: list[list[str]] = ROWS) -> list[str]:
    console = plain_console()
    console.width = columns
    with console.capture() as captured:
        console.print(fitted_table(HEADER, rows, columns, right=NUMBERS, spare=SPARE))
    return [line.rstrip() for line in captured.get().splitlines()]


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 100, 120, 200, 1000])
def test_a_table_is_never_wider_than_the_terminal_and_says_what_is_missing(columns: int) -> None:
    lines = lines_of(columns)
    assert max(map(width, lines)) <= columns
    shown = " ".join(lines)
    missing = [name for name in SPARE if f" {name} " not in f" {lines[1]} "]
    said = re.findall(r"not shown, for want of columns: (.*)", " ".join(shown.split()))
    assert said == ([", ".join(name for name in HEADER if name in missing)] if missing else [])
    # What is left out is the head of the list of what is least important.
    assert missing == list(SPARE)[: len(missing)]


@pytest.mark.parametrize("columns", [60, 80, 120, 200])
def test_what_is_cut_ends_in_an_ellipsis_and_nothing_else_is_lost(columns: int) -> None:
    lines = lines_of(columns)
    table = [line for line in lines if "not shown" not in line]
    words = {word for line in table for word in line.split()}
    for row in ROWS:
        for name, cell in zip(HEADER, row, strict=True):
            if name in WRAPS or name in NUMBERS:
                assert f" {name} " not in f" {lines[1]} " or set(cell.split()) <= words or name in WRAPS
    names = [word for word in words if word.startswith("investigation")]
    assert names == ["investigation-of-the-intruder"] or all(name.endswith("…") for name in names)
    # Whatever wraps is there, letter by letter.
    place = table[1].index("pipeline")
    text = "".join(line[place:].partition("  ")[0].strip() for line in table[3:])
    assert LONG.replace(" ", "") in text.replace(" ", "")


def test_a_wide_terminal_is_used_and_a_pipe_has_no_width() -> None:
    narrow, wide = lines_of(120), lines_of(200)
    assert len(wide) < len(narrow)
    assert max(map(width, wide)) > 120
    (line,) = (line for line in lines_of(1000) if LONG in line)
    assert "investigation-of-the-intruder" in line


@pytest.mark.parametrize("columns", [60, 80, 120, 200])
@pytest.mark.parametrize("words", [["leaderboard"], ["list"]], ids=" ".join)
def test_no_line_is_wider_than_the_terminal(words: list[str], columns: int, toy_runs: ToyRuns) -> None:
    lines = run_in_terminal(*words, at=toy_runs.folder, columns=columns)
    assert max(map(width, lines)) <= columns
    if columns == 200:
        assert not any("not shown" in line for line in lines)
        assert max(map(width, lines)) > 100


def test_the_important_columns_of_a_leaderboard_are_there_on_60_columns(toy_runs: ToyRuns) -> None:
    lines = [plain(line) for line in run_in_terminal("leaderboard", at=toy_runs.folder, columns=60)]
    header = next(line for line in lines if "behavior" in line)
    assert [name for name in ("behavior", "#", "honest F1", "pipeline") if f" {name}" not in header] == []


@pytest.mark.parametrize(
    ("settings", "colored", "escapes"),
    [
        ({}, True, True),
        ({"NO_COLOR": "1"}, False, True),
        ({"NO_COLOR": ""}, True, True),
        ({"TERM": "dumb"}, False, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, False, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, True),
    ],
    ids=str,
)
def test_a_terminal_is_colored_unless_it_is_told_not_to(
    settings: dict[str, str], colored: bool, escapes: bool, toy_runs: ToyRuns
) -> None:
    lines = run_in_terminal("leaderboard", at=toy_runs.folder, columns=70, **settings)
    assert any(map(colors, lines)) == colored
    assert any("\x1b" in line for line in lines) == escapes
    assert max(map(width, lines)) <= 70


@pytest.mark.parametrize("force", ["", "1"])
def test_a_pipe_is_colored_only_by_force(
    force: str, toy_runs: ToyRuns, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(toy_runs.folder)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", force)
    assert main(["leaderboard"]) == 0
    assert any(map(colors, capsys.readouterr().out.splitlines())) == bool(force)


# Watching


def test_a_watch_follows_a_search_from_before_its_first_trial_to_its_end(tmp_path: Path) -> None:
    write_toy_data(tmp_path / "data")
    words = ["search", *BASICS, "--features", "kinematics", "--trials", "6", "--results", "run", "--cache", "cache"]
    search = Terminal(*words, at=tmp_path, columns=100)
    search.wait_for(lambda _: (tmp_path / "run" / "run.json").exists() or search.process.poll() is not None)
    # Held up, so that the watch begins before there is a trial.
    watch = Terminal("leaderboard", "--watch", "--results", "run", at=tmp_path, columns=100)
    watch.wait_for(lambda one: "0 trials" in one.raw and "run: no trial has finished" in one.raw)
    watch.wait_for(lambda one: any(line.startswith(" approach  1") for line in one.screen))
    assert search.end() == 0
    watch.wait_for(lambda one: any("run: 12 trials" in line for line in one.screen))
    watch.wait_for(lambda one: any(re.match(r" *approach +E ", line) for line in one.screen) or "ensembles" in one.raw)
    counts = [int(number) for number in re.findall(r"run: (\d+) trial", plain(watch.raw))]
    assert counts == sorted(counts)
    assert len(set(counts)) > 2
    watch.press_ctrl_c()
    assert watch.end() == 0
    assert "Traceback" not in watch.raw
    # What stays on the terminal is one leaderboard, the one that the command shows now.
    assert max(map(width, watch.screen)) <= 100
    once = drawn("\n".join(run_in_terminal("leaderboard", "--results", "run", at=tmp_path, columns=100)))
    left = [line for line in watch.screen if line and "^C" not in line]
    assert [line for line in once if line] == [line for line in left if "run: 12 trials" not in line]


@pytest.mark.parametrize("more", [[], ["--format", "json"]], ids=str)
def test_a_watch_is_refused_where_nothing_can_be_drawn(
    more: list[str], toy_runs: ToyRuns, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(toy_runs.folder)
    assert main(["leaderboard", "--watch", *more]) == 2
    out, err = capsys.readouterr()
    assert (out, err) == (
        "",
        "harness: --watch draws a table on a terminal; leave it out where the output goes elsewhere\n",
    )
