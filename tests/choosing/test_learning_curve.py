"""Whether another labelled recording would help, and when that cannot be said."""

import csv
import io
import json
import re
import sys
from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from harness.choosing.learning_curve import Curve, Point, left_out_sets, sizes
from harness.cli import main
from harness.runs.records import TrialRecord
from harness.runs.store import Run
from harness.scores.metrics import Counts, total
from harness.spec import Choice, PipelineSpec
from tests.challenge_files import train_file, write
from tests.conftest import ToyRuns

Captured = pytest.CaptureFixture[str]


# Sets of recordings


@pytest.mark.parametrize("units", [2, 3, 4, 5, 6, 9, 14])
def test_every_recording_is_left_out_equally_often(units: int) -> None:
    for size in range(1, units):
        sets = left_out_sets(units, size, seed=3)
        assert {len(one) for one in sets} == {units - size}
        assert len(set(sets)) == len(sets) <= max(10, units)
        times = Counter(unit for one in sets for unit in one)
        assert times.keys() == set(range(units))
        assert len(set(times.values())) == 1
        assert sets == left_out_sets(units, size, seed=3)


def test_up_to_five_recordings_all_sets_are_fitted() -> None:
    assert [len(left_out_sets(5, size, seed=0)) for size in sizes(5)] == [5, 10, 10, 5]


def test_of_many_recordings_a_few_numbers_are_looked_at_from_one_to_all_but_one() -> None:
    assert sizes(7) == [1, 2, 3, 4, 5, 6]
    assert len(sizes(30)) == 6
    assert (sizes(30)[0], sizes(30)[-1]) == (1, 29)


# What a curve says


def curve(f1s: dict[int, list[int]], folds: str = "grouped", showing: int | None = None) -> Curve:
    """By number of training recordings, the hits of each recording, of ten claimed and ten positive frames."""
    spec = PipelineSpec((Choice("kinematics"),), Choice("trees"))
    points = tuple(Point(size, tuple(Counts(n, 10, 10) for n in hits), ()) for size, hits in f1s.items())
    units = len(points[0].counts)
    record = TrialRecord("sniff", 0, "arm", spec, folds, 1.0, counts=(Counts(1, 1, 1),) * units)
    return Curve(record, units, units if showing is None else showing, points)


def test_the_gain_is_that_of_a_fitted_curve_and_its_interval_that_of_all_draws() -> None:
    hits = {1: [1, 2, 3, 2], 2: [3, 2, 6, 4], 3: [4, 3, 5, 6]}

    def gain(draw: tuple[int, ...]) -> float:
        f1s = [np.mean([theirs[unit] for unit in draw]) / 10 for theirs in hits.values()]
        slope, _ = np.polyfit([1, 1 / 2, 1 / 3], f1s, 1)
        return float(-slope * (1 / 4 - 1 / 5))

    found = curve(hits).gain
    assert found is not None
    assert found.f1 == pytest.approx(gain((0, 1, 2, 3)))
    every = sorted(gain(draw) for draw in product(range(4), repeat=4))
    assert [found.low, found.high] == pytest.approx([every[int(0.05 * 256)], every[int(np.ceil(0.95 * 256)) - 1]])


@pytest.mark.parametrize(
    ("made", "answer"),
    [
        (curve({1: [1, 1, 2], 2: [3, 4, 5]}), r"another recording may add about \+0\.\d+ \(\+0\.\d+ to \+0\.\d+\)"),
        (curve({1: [1, 9, 5], 2: [9, 2, 5]}), r"cannot be told: another recording may add \+0\.\d+ \(-0\.\d+ to \+.*"),
        (curve({1: [3, 4, 5], 2: [3, 4, 5]}), r"another recording may add hardly anything, about \+0.000 .*"),
        (curve({1: [3, 4, 5], 2: [2, 3, 3]}), "no gain seen from 1 to 2"),
        (curve({1: [3, 4]}), "cannot be said: 2 recordings make one point, and a curve takes two"),
        (curve({1: [1, 1, 2], 2: [3, 4, 5]}, "blocked", 1), "cannot be said: only one recording shows it"),
        (curve({1: [0, 0, 0], 2: [0, 0, 0]}, "blocked", 0), "cannot be said: none shows it"),
    ],
)
def test_the_answer_is_in_words(made: Curve, answer: str) -> None:
    assert re.fullmatch(answer, made.answer), made.answer


# The command


@pytest.fixture
def at_toys(toy_runs: ToyRuns, monkeypatch: pytest.MonkeyPatch) -> ToyRuns:
    monkeypatch.chdir(toy_runs.folder)
    monkeypatch.setenv("HARNESS_CACHE", "cache")
    return toy_runs


def asked(capsys: Captured, *words: str) -> str:
    capsys.readouterr()
    assert main(["learning-curve", *words]) == 0
    return capsys.readouterr().out


def test_a_curve_of_one_kind_of_fold_ends_on_the_score_of_the_trial(at_toys: ToyRuns, capsys: Captured) -> None:
    one, other = json.loads(asked(capsys, "--workers", "1", "--format", "json"))
    best = max((row for row in Run(at_toys.strong).records() if row.behavior == "approach" and row.complete),
               key=lambda record: record.merit)  # fmt: skip
    assert (one["behavior"], one["trial"], one["recordings"]) == ("approach", best.trial, 5)
    assert [point["recordings"] for point in one["points"]] == [1, 2, 3, 4]
    assert [len(point["sets_f1"]) for point in one["points"]] == [5, 10, 10, 5]
    assert one["points"][-1]["f1"] == best.pooled.f1
    assert one["points"][-1]["sets_f1"] == [counts.f1 for counts in best.counts]
    assert all(point["f1_low"] <= point["f1"] <= point["f1_high"] for point in one["points"])
    assert (other["behavior"], other["folds"], other["recordings_showing"]) == ("rarely", "blocked", 1)
    assert (other["gain"], other["answer"]) == (None, "cannot be said: only one recording shows it")


def test_a_curve_is_the_same_with_any_number_of_workers_and_in_every_format(
    at_toys: ToyRuns, capsys: Captured, tmp_path: Path
) -> None:
    words = ("--behavior", "approach")
    text = asked(capsys, *words, "--workers", "1", "--format", "json")
    assert asked(capsys, *words, "--workers", "3", "--format", "json") == text
    (plain,) = json.loads(text)
    as_csv = list(csv.DictReader(io.StringIO(asked(capsys, *words, "--workers", "2", "--format", "csv"))))
    assert [(int(row["recordings"]), float(row["f1"])) for row in as_csv] == [
        (point["recordings"], point["f1"]) for point in plain["points"]
    ]
    page = tmp_path / "curves" / "curve.html"
    table = asked(capsys, *words, "--workers", "2", "--out", str(page))
    lines = [line for line in table.splitlines() if line.startswith(" approach ")]
    assert len(lines) == 4
    for line, point in zip(lines, plain["points"], strict=True):
        assert f" {point['f1']:.3f}  {point['f1_low']:.3f} to {point['f1_high']:.3f} " in line
        assert line.count("█") == round(20 * point["f1"])
    assert f"approach (kinematics, logistic_regression): {plain['answer']}" in re.sub(
        r"\(.*?, ", "(kinematics, ", table
    )
    drawn = page.read_text(encoding="utf-8")
    assert "plotly" in drawn
    assert str(plain["points"][0]["f1"])[:8] in drawn
    assert "<script src=" not in drawn.partition("<body>")[2]


def test_a_baseline_that_is_all_there_is_gets_a_curve_too(
    at_toys: ToyRuns, capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = at_toys.folder / "data"
    monkeypatch.chdir(tmp_path)
    assert main(["search", "--data", str(data), "--model", "random", "--trials", "1", "--workers", "1"]) == 0
    first, _ = json.loads(asked(capsys, "--workers", "1", "--format", "json"))
    (best,) = (row for row in Run(Path("results/data")).records() if row.behavior == "approach")
    assert (first["features"], first["model"]) == ([], "random")
    assert first["points"][-1]["f1"] == best.pooled.f1


def test_what_stands_in_the_way_is_said_before_anything_is_fitted(
    at_toys: ToyRuns, capsys: Captured, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refused(*words: str) -> str:
        assert main(["learning-curve", *words]) == 2
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        return err

    capsys.readouterr()
    assert refused("--out", "curve.png") == "harness: --out curve.png: should be a file that ends in .html\n"
    assert refused("--behavior", "aproach").startswith("harness: unknown behavior 'aproach'. Did you mean 'approach'?")
    write(tmp_path / "other", train_file())
    assert "other: not the data that runs/strong was searched on" in refused("--data", str(tmp_path / "other"))
    assert refused("--data", "nowhere") == "harness: nowhere: no such folder\n"
    assert "results/nothing holds no run" in refused("--results", "results/nothing")
    monkeypatch.setitem(sys.modules, "plotly", None)
    assert "pip install 'behavior-harness[report]'" in refused("--out", "curve.html")
    assert not Path("curve.html").exists()


def test_total_of_a_point_is_over_all_units() -> None:
    point = Point(1, (Counts(1, 2, 3), Counts(4, 5, 6)), ())
    assert point.f1 == total(point.counts).f1 == 2 * 5 / (7 + 9)
