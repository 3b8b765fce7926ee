"""Submissions scored against the labels of a dataset folder's test recordings."""

from pathlib import Path

import numpy as np
import pytest

import harness
from harness.cli import main
from harness.scores.metrics import Counts
from tests.folders import FRAMES, HEAD, edit, write_folder

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One whose test recording has a mouse that grooms on frames 1 and 2; beside it a submission says 0 to 4."""
    monkeypatch.chdir(tmp_path)
    folder = write_folder(Path("data"))
    dataset = harness.load(folder)
    labels = {name: {one.id: [0] * FRAMES for one in dataset.to_label(name)} for name in dataset.labelled}
    labels["groom"]["day3 (black)"][:5] = [1] * 5
    np.save("submission.npy", np.array(labels, dtype=object), allow_pickle=True)
    return folder


def test_what_was_looked_at_of_the_test_recordings_is_scored(folder: Path) -> None:
    scores = harness.score("submission.npy", folder)
    assert scores.behaviors == {"groom": Counts(2, 5, 2), "chase": Counts(0, 0, 0), "quiet": Counts(0, 0, 0)}
    (folder / "annotated" / "day3.csv").write_text(HEAD + "groom,black,,2,40\n")
    assert harness.score("submission.npy", folder).behaviors == {"groom": Counts(1, 3, 1)}


def test_what_nobody_looked_at_is_left_out_and_said(folder: Path, capsys: Captured) -> None:
    (folder / "annotated" / "day3.csv").write_text(HEAD + "groom,black,,2,40\n")
    assert main(["score", "submission.npy", str(folder), "--format", "csv"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[1:] == [f"groom,0.5,{1 / 3},1.0,1,3"]
    assert err.splitlines() == [
        "note: left out, as the truth has no labels of them: chase, quiet",
        "note: groom: left out, as the truth has no labels of them: 3 of 4, day3 (white), day4 (animal1), day4 "
        "(animal2)",
    ]


def test_a_folder_without_labels_for_scoring_is_refused(folder: Path) -> None:
    (folder / "labels" / "day3.csv").unlink()
    with pytest.raises(harness.DataError, match=r"^data/recordings.csv: no recording of split test was looked at, so"):
        harness.score("submission.npy", folder)


def test_a_broken_folder_and_a_submission_that_lacks_an_example_are_told(folder: Path) -> None:
    labels = np.load("submission.npy", allow_pickle=True).item()
    del labels["chase"]["day3 (white to black)"]
    np.save("lacking.npy", np.array(labels, dtype=object), allow_pickle=True)
    with pytest.raises(harness.DataError) as raised:
        harness.score("lacking.npy", folder)
    assert raised.value.lines == ("lacking.npy: chase, day3 (white to black): missing, expected 40 labels",)
    edit(folder / "labels" / "day3.csv", "black,,1,3", "blak,,1,3")
    with pytest.raises(harness.DataError, match=r"labels/day3\.csv: line 2, agent: 'blak' is no animal"):
        harness.score("submission.npy", folder)
