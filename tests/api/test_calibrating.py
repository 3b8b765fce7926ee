"""Kept detectors, cut anew on recordings of another rig."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import harness
from harness.cli import main
from harness.data.folder.write import write_dataset
from harness.dataset import Dataset
from tests.toy import toy_recordings

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def models(toy_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return toy_models / "models"


def rig(count: int, name: str = "approach") -> Dataset:
    """Other animals, twice as large in the picture, filmed at 25 frames a second."""
    recordings = [replace(one, keypoints=one.keypoints * 2) for one in toy_recordings(count, 300, seed=21, fps=25)]
    return Dataset("rig", {name: tuple(recordings)}, ())


def test_new_models_say_how_they_were_cut_and_label_by_it(models: Path, tmp_path: Path) -> None:
    data = rig(3)
    made = harness.calibrate(models, data, "new", workers=1)
    assert (list(made.behaviors), made.left) == (["approach"], ("rarely",))
    one = made.behaviors["approach"]
    older, newer = harness.open_detectors(models), harness.open_detectors("new")
    assert newer["approach"].decision == one.decision
    assert older["rarely"].decision == newer["rarely"].decision
    labels = harness.predict(older, data.labelled["approach"], workers=1)["approach"]
    hits = sum(int((labels[each.id] * each.known_labels).sum()) for each in data.labelled["approach"])
    claimed = sum(int(labels[each.id].sum()) for each in data.labelled["approach"])
    assert (one.before.hits, one.before.claimed) == (hits, claimed)
    (said,) = [each for each in json.loads(Path("new/models.json").read_text())["behaviors"] if "calibrated" in each]
    assert said["behavior"] == "approach"
    assert said["calibrated"]["f1_before"] == one.before.f1
    assert said["calibrated"]["recordings"] == ["toy-0", "toy-1", "toy-2"]
    recording = data.labelled["approach"][0]
    (found,) = newer.label([recording], workers=1)
    np.testing.assert_array_equal(found.acts[0].labels, newer["approach"].predict(recording))
    assert "approach" in made._repr_html_()


def test_the_command_shows_what_it_was_worth(models: Path, tmp_path: Path, capsys: Captured) -> None:
    harness.demo_data("unused", recordings=2, seconds=20, test_recordings=1)
    words = ["calibrate", "--models", str(models), "--workers", "1", "--out", "new"]
    assert main([*words, "--data", "unused"]) == 2
    assert "unused: has labels of behavior-0, " in capsys.readouterr().err
    assert not Path("new").exists()
    write_dataset(rig(1), Path("data"))
    assert main([*words, "--data", "data", "--format", "json"]) == 0
    said = capsys.readouterr()
    (row,) = json.loads(said.out)
    assert (row["behavior"], row["optimistic"]) == ("approach", True)
    assert "note: left as they were, as no new recording shows them: rarely" in said.err
    assert "wrote new (the models, for harness predict)" in said.err
    assert main([*words, "--data", "data"]) == 2
    assert "new is there already and would be overwritten; name another folder" in capsys.readouterr().err
