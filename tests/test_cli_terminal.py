"""What a person sees on a terminal: nothing wider than it, no color against their will, and things that move."""

import contextlib
import io
import os
import re
import signal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from harness import open_run
from harness.choosing.leaderboard import best_records, honest_score
from harness.choosing.next_steps import best_lines, hints
from harness.cli import main
from harness.cli.search_command import longer
from harness.runs.records import TrialRecord
from harness.runs.store import Run
from harness.scores.amounts import Amounts
from harness.scores.metrics import Counts
from harness.scores.resampling import resamples
from harness.showing.console import plain_console
from harness.showing.tables import fitted_table
from harness.spec import Choice, PipelineSpec
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
    missing = [name for name in HEADER if f" {name} " not in f" {lines[1]} "]
    said = re.findall(r"not shown, for want of columns: (.*)", " ".join(shown.split()))
    assert said == ([", ".join(name for name in HEADER if name in missing)] if missing else [])
    # What is left out is the head of the list of what is least important.
    spared = [name for name in SPARE if name in missing]
    assert spared == list(SPARE)[: len(spared)]


@pytest.mark.parametrize("columns", [60, 80, 120, 200])
def test_what_is_cut_ends_in_an_ellipsis_and_nothing_else_is_lost(columns: int) -> None:
    lines = lines_of(columns)
    table = [line for line in lines if "not shown" not in line]
    words = {word for line in table for word in line.split()}
    shown = [name for name in NUMBERS if f" {name} " in f" {lines[1]} "]
    assert [row[HEADER.index(name)] for row in ROWS for name in shown if row[HEADER.index(name)] not in words] == []
    (name,) = (word for word in words if word.startswith("investigation"))
    assert name == "investigation-of-the-intruder" or name.endswith("…")
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
@pytest.mark.parametrize("words", [["leaderboard"], ["list"], ["compare", "runs/weak", "runs/strong"]], ids=" ".join)
def test_no_line_is_wider_than_the_terminal(words: list[str], columns: int, toy_runs: ToyRuns) -> None:
    lines = run_in_terminal(*words, at=toy_runs.folder, columns=columns)
    assert max(map(width, lines)) <= columns
    if columns == 200:
        assert not any("not shown" in line for line in lines)
        assert max(map(width, lines)) > 80


@pytest.mark.parametrize("words", [["leaderboard"], ["list"], ["compare", "runs/weak", "runs/strong"]], ids=" ".join)
def test_no_number_is_cut_on_40_columns(words: list[str], toy_runs: ToyRuns) -> None:
    whole, cut = ({number for line in run_in_terminal(*words, at=toy_runs.folder, columns=columns)
                   for number in re.findall(r"\d+(?:[.,]\d+)*", plain(line))} for columns in (1000, 40))  # fmt: skip
    assert cut
    assert cut <= whole


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


# Searching


@pytest.mark.parametrize("columns", [60, 100])
def test_a_search_shows_how_the_best_of_each_behavior_moves(columns: int, tmp_path: Path) -> None:
    write_toy_data(tmp_path / "data")
    search = gated_search(tmp_path, 9, columns)
    search.wait_for(lambda one: "0 of 18 trials" in one.raw)
    before = search.screen
    (tmp_path / "open").touch()
    assert search.end() == 0, search.raw
    table = search.screen[: search.screen.index(" 18 of 18 trials, 0:00:00 left") + 1]
    assert max(width(line) for line in table if line.startswith(" ")) <= columns
    records, amounts = Run(tmp_path / "run").records(), open_run(tmp_path / "run").amounts
    for name in ("approach", "rarely"):
        (first,) = (line.split() for line in before if line.startswith(f" {name} ") and "0/9" in line)
        (last,) = (line.split() for line in search.screen if line.startswith(f" {name} ") and "9/9" in line)
        theirs = [record for record in records if record.behavior == name]
        best = best_records(theirs)[name]
        bars = columns > 60
        assert first == [name, *["░" * 8] * bars, "0/9", "0", "0"][: len(first)]
        gain, at = last_gain(theirs)
        failed, pruned = sum(bool(one.error) for one in theirs), sum(one.pruned for one in theirs)
        assert (failed > 0) == (name == "approach")  # where there is nothing to learn from, no features are computed
        rose = [f"+{gain:.3f}", "at", str(at)] if gain else []
        expected = [name, *["█" * 8] * bars, "9/9", f"{best.pooled.f1:.3f}", *rose, str(failed), str(pruned), "gate,"]
        assert last[: len(expected)] == expected[: len(last)]
    assert re.search(r" trials, \d:\d\d:\d\d left", search.raw)
    assert any(line == " 18 of 18 trials, 0:00:00 left" for line in search.screen)
    # The moving table is followed by what it came to.
    tail = search.screen[search.screen.index(" 18 of 18 trials, 0:00:00 left") + 1 :]
    assert [line for line in tail if line] == [
        *best_lines(records, ["approach", "rarely"]),
        *(line for line in tail if line.startswith("mean F1 of the ensembles ")),
        *hints(records, ["approach", "rarely"], amounts, partial(longer, ["search"])),
        "next: harness leaderboard, then harness export-best",
    ]


def last_gain(records: list[TrialRecord]) -> tuple[float, int]:
    """By how much F1 rose to its best, and how many trials there were by then."""
    best, found = 0.0, (0.0, 0)
    for number, record in enumerate(sorted(records, key=lambda one: one.trial), start=1):
        if record.complete and record.pooled.f1 > best:
            best, found = record.pooled.f1, (record.pooled.f1 - best, number)
    return found


def test_a_dumb_terminal_gets_a_line_for_each_trial(tmp_path: Path) -> None:
    write_toy_data(tmp_path / "data")
    words = [*BASICS, "--features", "kinematics", "--trials", "2", "--results", "run", "--cache", "cache"]
    lines = run_in_terminal("search", *words, at=tmp_path, TERM="dumb")
    assert not any("\x1b" in line for line in lines)
    found = [
        re.match(r"(approach|rarely) (\d)/2 (?:F1 \d\.\d{3}|pruned after \d folds?) \(best (0\.\d{3})\)", line)
        for line in lines
    ]
    bests = {match[1]: match[3] for match in found if match}
    assert sum(map(bool, found)) == 4
    for behavior, best in bests.items():
        assert any(line.startswith(f"{behavior}: best F1 {best}, ") for line in lines)


# What to do next


def record(trial: int, hits: int, behavior: str = "sniff", units: int = 3, **values: Any) -> TrialRecord:
    """A trial with so many hits of ten claims and ten positive frames in each unit."""
    spec = PipelineSpec((Choice("gait"),), Choice("trees"))
    counts = () if "error" in values else (Counts(hits, 10, 10),) * units
    resampled = ((0, 0, 0, 0),) * len(resamples(units).draws)
    known = {"folds": "grouped", "counts": counts, "resampled": resampled, **values}
    return TrialRecord(behavior, trial, "gait/trees", spec, seconds=1.0, **known)


WORDS = ["search", "--data", "my data", "--trials", "8"]


def test_a_search_that_is_still_improving_is_to_go_on_with_a_command_that_works() -> None:
    rising = [record(trial, 3 + (trial > 6)) for trial in range(8)]
    flat = [record(trial, 3, "chase") for trial in range(8)]
    assert hints([*rising, *flat], ["sniff", "chase"], {}, partial(longer, WORDS)) == [
        "still improving: sniff (+0.100); to search longer: harness search --data 'my data' --trials 16"
    ]
    assert hints(rising[:7], ["sniff"], {}, partial(longer, WORDS)) == []
    timed = ["search", "--timeout", "5m"]
    assert hints(rising, ["sniff"], {}, partial(longer, timed))[0].endswith(
        "to search longer: harness search --timeout 5m"
    )
    spelled = ["search", "--trials=8", "--seed", "1"]
    assert hints(rising, ["sniff"], {}, partial(longer, spelled))[0].endswith(": harness search --seed 1 --trials 16")
    assert hints(rising, ["sniff"], {}, partial(longer, ["search"]))[0].endswith(": harness search --trials 16")


def test_a_behavior_of_which_no_trial_has_finished_yet_has_no_score_to_speak_of() -> None:
    amounts = dict.fromkeys(("sniff", "chase"), Amounts(2, 100, 99, 2))
    lines = hints([record(0, 3), record(1, 0, "chase", error="too slow")], ["sniff", "chase"], amounts, str)
    assert [line.partition(":")[0] for line in lines] == ["sniff", "chase"]
    assert all("only 1 of 100 labelled frames are without it" in line for line in lines)


@pytest.mark.parametrize(
    ("records", "says"),
    [
        ([record(0, 3)], []),
        (
            [record(0, 3, units=2)],
            ["sniff: only two recordings show it, which says little; label another one that does"],
        ),
        (
            [record(0, 3, folds="blocked")],
            ["sniff: only one recording shows it, so its scores are optimistic; label another one that does"],
        ),
        (
            [record(0, 0, counts=(Counts(0, 0, 0),) * 3, folds="blocked")],
            ["sniff: no recording shows it, so nothing can be learned; label one that does"],
        ),
        (
            [record(0, 3), record(1, 3), record(2, 0, error="ValueError: no"), record(3, 0, error="KeyError: k")],
            ["sniff: 2 of 4 trials failed, the first: ValueError: no"],
        ),
        ([record(0, 0, error="no")] + [record(trial, 3) for trial in range(1, 11)], []),
        ([record(0, 0, error="all of them failed, which is said elsewhere")], []),
        ([record(0, 3, "another")], []),
    ],
)
def test_what_would_help_a_behavior_is_said(records: list[TrialRecord], says: list[str]) -> None:
    assert hints(records, ["sniff"], {}, partial(longer, WORDS)) == says


def test_the_best_of_each_behavior_is_said_with_its_honest_score(toy_runs: ToyRuns) -> None:
    records = Run(toy_runs.folder / toy_runs.strong).records()
    lines = best_lines(records, ["rarely", "approach"])
    assert [line.partition(":")[0] for line in lines] == ["rarely", "approach"]
    for line in lines:
        theirs = [one for one in records if one.behavior == line.partition(":")[0] and one.complete]
        best, honest = max(theirs, key=lambda one: one.merit), honest_score(theirs)
        assert f"best F1 {best.pooled.f1:.3f}, " in line
        assert honest is not None
        assert f"honest F1 {honest.f1:.3f} ({honest.low:.2f}-{honest.high:.2f}), " in line
        assert line.endswith(f", trial {best.trial}")


# Watching


GATE = '''
"""How far apart the two are, once there is a file that says so."""

import time
from pathlib import Path

import numpy as np

from harness.columns.poses import scene
from harness.plugins.registry import feature_set


@feature_set("gate", animals=2)
def gate(recording, *, power: float = 1.0):
    """Their distance, in body lengths."""
    if power > 1.5:
        raise ValueError("too steep")
    while not Path("open").exists():
        time.sleep(0.05)
    resident, intruder = scene(recording).middles[:2]
    return {"0-1 gap": np.abs(resident - intruder) ** power}
'''


def gated_search(at: Path, trials: int, columns: int = 100) -> Terminal:
    """A search in `at` whose first trial waits for a file `open`."""
    (at / "gate.py").write_text(GATE)
    (at / "gate.toml").write_text('power = { type = "float", low = 0.5, high = 2.0 }\n')
    words = ["search", *BASICS, "--plugin", "gate.py", "--features", "gate", "--results", "run", "--cache", "cache"]
    return Terminal(*words, "--trials", str(trials), at=at, columns=columns)


def test_a_watch_follows_a_search_from_before_its_first_trial_to_its_end(tmp_path: Path) -> None:
    write_toy_data(tmp_path / "data")
    search = gated_search(tmp_path, 3)
    search.wait_for(lambda one: "0 of 6 trials" in one.raw)
    watch = Terminal("leaderboard", "--watch", "--results", "run", at=tmp_path, columns=100)
    watch.wait_for(lambda one: "run: no trial has finished" in one.raw and "run: 0 trials" in one.raw)
    (tmp_path / "open").touch()
    assert search.end() == 0, search.raw
    watch.wait_for(lambda one: "run: 6 trials" in one.frame)
    assert gated_search(tmp_path, 5).end() == 0
    # The ensembles may have come to stand in the file only after the last trial.
    watch.wait_for(lambda one: "run: 10 trials" in one.frame and "ensembles of 2" in one.frame)
    counts = [int(number) for number in re.findall(r"run: (\d+) trial", plain(watch.raw))]
    assert counts == sorted(counts)
    assert {0, 6, 10} <= set(counts)
    watch.press_ctrl_c()
    assert watch.end() == 0
    assert "Traceback" not in watch.raw
    # What stays on the terminal is one leaderboard, the one that the command shows now.
    assert max(map(width, watch.screen)) <= 100
    once = [plain(line) for line in run_in_terminal("leaderboard", "--results", "run", at=tmp_path, columns=100)]
    assert [line.rstrip() for line in once if line.strip()] == [line for line in watch.screen if line]


class InterruptedTerminal(io.StringIO):
    """A terminal at which Ctrl-C is pressed while the ensembles are being drawn."""

    pressed = False

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        written = super().write(text)
        if "ensembles of" in text and not self.pressed:
            self.pressed = True
            os.kill(os.getpid(), signal.SIGINT)
        return written


def test_a_watch_that_is_interrupted_while_it_draws_leaves_one_whole_leaderboard(
    toy_runs: ToyRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(toy_runs.folder)
    for name, value in {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "60"}.items():
        monkeypatch.setenv(name, value)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with contextlib.redirect_stdout(InterruptedTerminal()) as terminal:
            assert main(["leaderboard", "--watch"]) == 0
    finally:
        signal.signal(signal.SIGINT, before)
    assert terminal.pressed
    once = [plain(line).rstrip() for line in run_in_terminal("leaderboard", at=toy_runs.folder, columns=100)]
    left = drawn(terminal.getvalue().replace("\n", "\r\n"))  # as terminals have it
    assert [line for line in left if line] == [line for line in once if line]


def test_a_watch_says_how_far_the_search_has_come_on_a_terminal_of_ten_lines(toy_runs: ToyRuns) -> None:
    watch = Terminal(
        "leaderboard", "--watch", "--results", str(toy_runs.strong), at=toy_runs.folder, columns=100, rows=10
    )
    watch.wait_for(lambda one: len(one.screen) == 10)
    assert f"{toy_runs.strong}: 8 trials, 0 pruned, 0 failed; Ctrl-C ends" in watch.screen[0]
    watch.press_ctrl_c()
    assert watch.end() == 0
    assert any(line.startswith("ensembles of 2") for line in watch.screen)


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
