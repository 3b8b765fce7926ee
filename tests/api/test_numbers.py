"""The numbers of labels: those of a folder that detectors made, and of what a person labelled."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import harness
from harness.cli import main
from harness.data.folder.write import write_dataset
from harness.dataset import Dataset
from harness.recording import ONE, UNKNOWN
from tests.toy import toy_recordings

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def labels(toy_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    recordings = [replace(one, about={"treatment": "drug"}) for one in toy_recordings(2, 240, seed=5)]
    return harness.label(toy_models / "models", recordings, "labels", bins=3.0, workers=1).folder


def test_a_folder_of_labels_comes_to_what_was_written_with_it(labels: Path) -> None:
    written = pd.read_csv(labels / "summary.csv")
    found = harness.summary(labels, bins=3.0)
    found.save("again.csv")
    again = pd.read_csv("again.csv")
    pd.testing.assert_frame_equal(again[list(written)], written)
    following = ["from", "to", "transitions"]
    expected = pd.read_csv(labels / "transitions.csv")[following]
    pd.testing.assert_frame_equal(found.transitions[following], expected, check_dtype=False)
    assert set(found.table["treatment"]) == {"drug"}
    assert (found.table["total_low_s"] <= found.table["total_high_s"]).all()
    assert "approach" in found._repr_html_()
    assert repr(found) == repr(found.table)


def test_what_somebody_corrected_counts(labels: Path) -> None:
    head = (labels / "events.csv").read_text().splitlines()[0]
    blanks = "," * (head.count(",") - 5)
    lines = ["toy-1,approach,,,0,30", "toy-1,approach,,,30,60", "toy-1,approach,,,40,90"]
    (labels / "events.csv").write_text("\n".join([head, *(line + blanks for line in lines)]) + "\n")
    table = harness.summary(labels).table.set_index(["recording", "behavior"])
    assert table.loc[("toy-1", "approach"), "bouts"] == 1
    assert table.loc[("toy-1", "approach"), "total_s"] == 3.0
    assert table.loc[("toy-0", "approach"), "bouts"] == 0


def test_all_that_is_wrong_in_a_folder_is_said_at_once(labels: Path, capsys: Captured) -> None:
    columns = "recording,behavior,agent,target,start_frame,stop_frame"
    lines = ["toy-9,approach,,,0,30", "toy-1,aproach,,,30,60", "toy-1,approach,toy,,40,30", "toy-1,approach,,,0,300"]
    (labels / "events.csv").write_text("\n".join([columns, *lines]) + "\n")
    assert main(["summary", str(labels)]) == 2
    said = capsys.readouterr().err
    for place in ("line 2, recording", "line 3, behavior", "line 4, agent", "line 4, stop_frame", "line 5, stop_frame"):
        assert place in said
    assert "'toy-9' is not in recordings.csv" in said
    (labels / "labels.json").write_text('{"behaviors": {"x": "everyone"}, "reliability": {}}')
    assert main(["summary", str(labels)]) == 2
    assert (
        "labels.json: damaged or something else (scopes should be some of one, pair, scene)" in capsys.readouterr().err
    )


def test_of_what_a_person_labelled_the_time_that_was_looked_at_counts(tmp_path: Path, capsys: Captured) -> None:
    films = [replace(one, names=("a", "b"), labels=None, group="cage") for one in toy_recordings(2, 240)]
    labels = np.full(240, UNKNOWN, np.int8)
    labels[30:120] = 0
    labels[60:75] = 1
    examples = tuple(film.seen_from(name, name, labels) for film in films for name in film.names)
    write_dataset(Dataset("x", {"groom": examples}, (), scopes={"groom": ONE}), tmp_path / "data")
    found = harness.summary(tmp_path / "data", bins=2.0).table
    whole = found[found["bin"] == "all"]
    assert whole[["recording", "agent"]].apply(tuple, axis=1).tolist() == [
        (film.id, name) for film in films for name in film.names
    ]
    for column, value in {"looked_s": 3.0, "bouts": 1, "total_s": 0.5, "share": 0.5 / 3, "mean_bout_s": 0.5}.items():
        assert whole[column].tolist() == pytest.approx([value] * 4)
    assert whole["latency_s"].isna().all()  # nobody knows what was before
    assert set(whole["group"]) == {"cage"}
    second = found[found["bin"] == "2"].iloc[0]
    assert (second["looked_s"], second["latency_s"], second["share"]) == (2.0, 0.0, 0.25)
    assert "total_low_s" not in found
    assert main(["summary", str(tmp_path / "data")]) == 0
    assert "may be: what the total truly is" not in capsys.readouterr().out


def test_the_command_shows_the_numbers_and_draws_them(labels: Path, capsys: Captured) -> None:
    assert main(["summary", str(labels), "--bins", "3s", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows == harness.summary(labels, bins=3.0).rows()
    assert main(["summary", str(labels)]) == 0
    out = capsys.readouterr().out
    assert "may be: what the total truly is in four of five cases" in out
    doubtful = {row["behavior"] for row in rows if row["trust"]}
    assert all(f"*: not to be trusted, as the detector of {name} has F1 " in out for name in doubtful)
    assert main(["summary", str(labels), "--bins", "3s", "--out", "numbers.html"]) == 0
    page = Path("numbers.html").read_text(encoding="utf-8")
    for figure in ("figure-totals-0", "figure-shares-0", "figure-totals-1"):
        assert f'id="{figure}"' in page
    assert main(["summary", str(labels), "--out", "numbers.txt"]) == 2
    assert "--out numbers.txt: should be a file that ends in .csv" in capsys.readouterr().err
