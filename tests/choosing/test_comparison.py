"""One run against another: differences, their intervals, and when nothing can be told."""

import csv
import io
import json
import re
import shutil
import sqlite3
from contextlib import closing
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from harness.choosing.comparison import Judged, differences, narrowed, shared
from harness.cli import main
from harness.errors import HarnessError
from harness.scores.metrics import Counts, total
from tests.conftest import ToyRuns

Captured = pytest.CaptureFixture[str]


def hits(*numbers: int) -> list[Counts]:
    """Units of ten positive frames and ten claimed ones, of which so many are right."""
    return [Counts(number, 10, 10) for number in numbers]


def by_loop(first: list[Counts], second: list[Counts]) -> list[float]:
    """The difference in F1 on every draw of the units with replacement, in order."""
    units = range(len(first))
    draws = product(units, repeat=len(first))
    return sorted(total(second[unit] for unit in draw).f1 - total(first[unit] for unit in draw).f1 for draw in draws)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (hits(1, 5, 3), hits(2, 2, 9)),
        (hits(1, 5, 3, 0), hits(2, 2, 2, 2)),
        ([Counts(3, 30, 9), Counts(0, 4, 0), Counts(5, 5, 50)], [Counts(9, 90, 9), Counts(0, 0, 0), Counts(5, 9, 50)]),
    ],
)
def test_an_interval_is_that_of_all_paired_draws(first: list[Counts], second: list[Counts]) -> None:
    (row,) = differences("best trial", {"sniff": first}, {"sniff": second}, [])
    every = by_loop(first, second)
    assert row.difference == pytest.approx(total(second).f1 - total(first).f1)
    assert (row.low, row.high) == pytest.approx(
        (every[int(np.ceil(0.05 * len(every))) - 1], every[int(np.ceil(0.95 * len(every))) - 1])
    )


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        (hits(1, 2, 3, 4, 5), hits(3, 4, 5, 6, 7), "better"),
        (hits(3, 4, 5, 6, 7), hits(1, 2, 3, 4, 5), "worse"),
        (hits(1, 9, 1, 9, 1), hits(9, 1, 9, 1, 1), "no difference"),
        (hits(5, 5, 5, 5, 5), hits(5, 5, 5, 5, 5), "no difference"),
        (hits(1, 2, 3, 4), hits(3, 4, 5, 6), "too few"),
        # A recording that does not show the behavior says nothing of how well it is found.
        ([*hits(1, 2, 3, 4), Counts(0, 5, 0)], [*hits(3, 4, 5, 6), Counts(0, 0, 0)], "too few"),
    ],
)
def test_a_difference_is_told_by_five_recordings_of_one_mind(
    first: list[Counts], second: list[Counts], verdict: str
) -> None:
    (row,) = differences("best trial", {"sniff": first}, {"sniff": second}, [])
    assert row.verdict == verdict


def test_blocks_of_one_recording_are_one_recording() -> None:
    (row,) = differences("exported", {"sniff": hits(1, 2, 3, 4, 5)}, {"sniff": hits(3, 4, 5, 6, 7)}, ["sniff"])
    assert (row.recordings, row.verdict, row.low > 0) == (1, "too few", True)


def test_behaviors_that_are_too_few_each_may_tell_together() -> None:
    first: Judged = {name: hits(1, 2, 3) for name in "abc"}
    second: Judged = {name: hits(2, 4, 5) for name in "abc"}
    *each, mean = differences("exported", first, second, [])
    assert [row.verdict for row in each] == ["too few"] * 3
    assert (mean.behavior, mean.recordings, mean.verdict) == (None, 9, "better")
    assert mean.difference == pytest.approx(np.mean([row.difference for row in each]))


def test_the_interval_of_a_mean_is_that_of_all_draws_of_all_behaviors() -> None:
    first: Judged = {"a": hits(1, 2, 3), "b": hits(5, 0)}
    second: Judged = {"a": hits(2, 4, 3), "b": hits(1, 3)}
    *_, mean = differences("exported", first, second, [])
    of_a, of_b = by_loop(hits(1, 2, 3), hits(2, 4, 3)), by_loop(hits(5, 0), hits(1, 3))
    every = np.sort([(a + b) / 2 for a, b in product(of_a, of_b)])
    expected = np.quantile(every, [0.05, 0.95], method="inverted_cdf")
    assert [mean.low, mean.high] == pytest.approx(expected, abs=0.03)


def test_other_units_cannot_be_compared() -> None:
    with pytest.raises(HarnessError, match=r"sniff was cut into other units, 2 with 20 .* and 3 with 30 positive fr"):
        differences("exported", {"sniff": hits(1, 2)}, {"sniff": hits(1, 2, 3)}, [])


# The command


def compared(toy: ToyRuns, how: str, capsys: Captured, *runs: Path) -> str:
    capsys.readouterr()
    one, other = runs or (toy.weak, toy.strong)
    assert main(["compare", str(one), str(other), "--format", how]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


@pytest.fixture
def at_toys(toy_runs: ToyRuns, monkeypatch: pytest.MonkeyPatch) -> ToyRuns:
    monkeypatch.chdir(toy_runs.folder)
    return toy_runs


def test_a_comparison_says_the_same_as_the_leaderboards(at_toys: ToyRuns, capsys: Captured) -> None:
    rows = json.loads(compared(at_toys, "json", capsys))
    assert [(row["behavior"], row["what"]) for row in rows] == [
        (behavior, what) for what in ("best trial", "exported") for behavior in ("approach", "rarely", None)
    ]
    for key, run in (("f1_first", at_toys.weak), ("f1_second", at_toys.strong)):
        assert main(["leaderboard", "--results", str(run), "--format", "json"]) == 0
        leaders = [row["f1"] for row in json.loads(capsys.readouterr().out) if row["rank"] == 1]
        assert [row[key] for row in rows[:3]] == pytest.approx([*leaders, np.mean(leaders)])
    # One run looks at where the animals are, the other at how far they are apart, which is what the behavior is.
    assert (rows[0]["verdict"], rows[0]["recordings"], rows[0]["folds"]) == ("better", 5, "grouped")
    assert rows[0]["difference_low"] > 0.1
    assert (rows[1]["verdict"], rows[1]["recordings"], rows[1]["folds"]) == ("too few", 1, "blocked")
    assert (rows[2]["recordings"], rows[2]["folds"]) == (6, None)


def test_a_comparison_is_the_same_in_every_format(at_toys: ToyRuns, capsys: Captured) -> None:
    rows = json.loads(compared(at_toys, "json", capsys))
    as_csv = list(csv.DictReader(io.StringIO(compared(at_toys, "csv", capsys))))
    assert [float(row["difference"]) for row in as_csv] == [row["difference"] for row in rows]
    for how in ("table", "markdown"):
        text = compared(at_toys, how, capsys)
        lines = [line for line in text.splitlines() if re.match(r"[ |]+(approach|rarely|mean) ", line)]
        assert len(lines) == len(rows)
        for line, row in zip(lines, rows, strict=True):
            low, high = row["difference_low"], row["difference_high"]
            assert f" {row['difference']:+.3f} ({low:+.2f}, {high:+.2f}) " in line
            assert line.rstrip(" |").endswith(f" {row['verdict']}")
        assert "first: runs/weak. second: runs/strong." in text


def test_the_other_way_round_better_is_worse_and_a_run_is_no_better_than_itself(
    at_toys: ToyRuns, capsys: Captured
) -> None:
    there = json.loads(compared(at_toys, "json", capsys))
    back = json.loads(compared(at_toys, "json", capsys, at_toys.strong, at_toys.weak))
    for one, other in zip(there, back, strict=True):
        assert one["difference"] == -other["difference"]
        assert {one["verdict"], other["verdict"]} in ({"better", "worse"}, {"too few"}, {"no difference"})
    itself = json.loads(compared(at_toys, "json", capsys, at_toys.weak, at_toys.weak))
    assert {row["verdict"] for row in itself} == {"no difference", "too few"}
    assert {row["difference_high"] for row in itself} == {0}


def altered(toy: ToyRuns, folder: Path, **identity: object) -> Path:
    """A copy of the strong run that says another thing of how it was made."""
    shutil.copytree(toy.folder / toy.strong, folder)
    plain = json.loads((folder / "run.json").read_text())
    plain["identity"] |= identity
    (folder / "run.json").write_text(json.dumps(plain))
    return folder


def without_trials(folder: Path) -> None:
    """Make a run one that has not stored any trial yet."""
    for file in folder.glob("studies.db*"):
        file.unlink()
    shutil.rmtree(folder / "out_of_fold")


def test_runs_on_other_data_are_refused(at_toys: ToyRuns, tmp_path: Path, capsys: Captured) -> None:
    other = altered(at_toys, tmp_path / "other", data={"approach": {"toy-0": "0" * 64}})
    data = at_toys.folder / "data"
    assert main(["compare", str(at_toys.weak), str(other)]) == 2
    assert capsys.readouterr() == (
        "",
        f"harness: runs/weak and {other}: no recording is labelled alike in both ({data} and {data}), so nothing "
        "can be compared\n",
    )
    earlier = altered(at_toys, tmp_path / "earlier", data={"approach": {"toy-0": "0" * 64}})
    plain = json.loads((earlier / "run.json").read_text())
    del plain["about"]["parts"]  # as versions before wrote it
    (earlier / "run.json").write_text(json.dumps(plain))
    assert main(["compare", str(at_toys.weak), str(earlier)]) == 2
    assert capsys.readouterr() == (
        "",
        f"harness: runs/weak and {earlier} were searched on different data ({data} and {data})\n",
    )


def test_parts_are_shared_where_both_hold_out_the_same(at_toys: ToyRuns) -> None:
    alike = ["a", "b", "c", "d"]
    assert shared([["a"], ["b"], ["c"]], [["c"], ["a"], ["new"]], alike) == ([[0], [2]], [[1], [0]])
    # Blocks of a recording are that recording; what is counted together stays together.
    assert shared([["a"], ["a"], ["b"]], [["b"], ["a"]], alike) == ([[0, 1], [2]], [[1], [0]])
    assert shared([["a", "b"], ["c"]], [["a"], ["b"], ["c"]], alike) == ([[1]], [[2]])
    assert shared([["a", "b"], ["c"]], [["b", "a"], ["c", "d"]], alike) == ([[0]], [[0]])
    assert shared([["a"]], [["a"]], ["b"]) == ([], [])
    counts = [Counts(1, 2, 3), Counts(4, 5, 6), Counts(7, 8, 9)]
    assert narrowed({"x": counts, "y": counts}, {"x": [[0, 2], [1]]}) == {"x": [Counts(8, 10, 12), Counts(4, 5, 6)]}


def test_what_would_be_exported_is_left_out_where_a_search_was_broken_off(
    at_toys: ToyRuns, tmp_path: Path, capsys: Captured
) -> None:
    other = altered(at_toys, tmp_path / "other")
    (other / "ensembles.json").unlink()
    assert main(["compare", str(at_toys.weak), str(other), "--format", "json"]) == 0
    out, err = capsys.readouterr()
    assert {row["what"] for row in json.loads(out)} == {"best trial"}
    assert err == f"{other}: its search was broken off, so what would be exported is not compared\n"


def test_a_run_without_trials_cannot_be_compared(at_toys: ToyRuns, tmp_path: Path, capsys: Captured) -> None:
    other = altered(at_toys, tmp_path / "other")
    without_trials(other)
    assert main(["compare", str(at_toys.weak), str(other)]) == 1
    assert capsys.readouterr() == ("", f"harness: {other}: no trial has a score\n")
    assert main(["compare", str(at_toys.weak), str(tmp_path / "nothing")]) == 2
    assert "nothing holds no run" in capsys.readouterr().err


def test_a_run_of_another_version_is_refused(at_toys: ToyRuns, tmp_path: Path, capsys: Captured) -> None:
    other = altered(at_toys, tmp_path / "other")
    with closing(sqlite3.connect(other / "studies.db")) as storage, storage:
        storage.execute("UPDATE trial_user_attributes SET value_json = replace(value_json, '\"peak\"', '\"top\"')")
    assert main(["compare", str(at_toys.weak), str(other)]) == 2
    out, told = capsys.readouterr()
    assert out == ""
    assert told.startswith(f"harness: {other}/studies.db: ")
    assert "as where another version of harness wrote it; restore it, or search into another --results" in told
    assert told.count("\n") == 1


def test_a_storage_that_a_search_is_about_to_lay_out_is_left_to_it(
    at_toys: ToyRuns, tmp_path: Path, capsys: Captured
) -> None:
    other = altered(at_toys, tmp_path / "other")
    without_trials(other)
    (other / "studies.db").touch()
    assert main(["leaderboard", "--results", str(other)]) == 1
    assert "no trial has finished" in capsys.readouterr().err
    assert (other / "studies.db").stat().st_size == 0
