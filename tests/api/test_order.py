"""Files that were sorted since a search: what was found of each recording stays with it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harness
from harness.cli import main
from harness.data.folder.write import write_dataset
from harness.demo.crowd import crowd_dataset

WORDS = ["--model", "lightgbm", "--features", "social_geometry", "--workers", "1"]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    dataset = crowd_dataset(0, recordings=3, seconds=10, test_recordings=1)
    chase = {"chase": dataset.labelled["chase"]}
    write_dataset(replace(dataset, labelled=chase, scopes={"chase": "pair"}, truth={}), Path("mice"))


def board(results: str, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert main(["leaderboard", "--format", "json", "--results", results]) == 0
    return [row | {"seconds": 0} for row in json.loads(capsys.readouterr().out)]


def test_a_search_goes_on_with_recordings_in_another_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "--data", "mice", "--results", "whole", "--trials", "2", *WORDS]) == 0
    assert main(["search", "--data", "mice", "--results", "sorted", "--trials", "1", *WORDS]) == 0
    register = Path("mice/recordings.csv")
    head, *lines = register.read_text().splitlines()
    register.write_text("\n".join([head, *reversed(lines)]) + "\n")
    assert main(["search", "--data", "mice", "--results", "sorted", "--trials", "2", *WORDS]) == 0
    assert board("sorted", capsys) == board("whole", capsys)
    labels = []
    for results in ("whole", "sorted"):  # of which the first has read the files in another order as well
        harness.export_best(harness.open_run(results), f"{results}.npy", workers=1)
        labels.append(np.load(f"{results}.npy", allow_pickle=True).item())
    assert labels[0] == labels[1]


def test_where_all_is_labelled_models_can_be_kept(capsys: pytest.CaptureFixture[str]) -> None:
    register = Path("mice/recordings.csv")
    register.write_text("\n".join(line for line in register.read_text().splitlines() if "test-01" not in line) + "\n")
    Path("mice/poses/test-01.npz").unlink()
    for file in Path("mice").glob("*/test-01.csv"):
        file.unlink()
    assert main(["search", "--data", "mice", "--results", "run", "--trials", "1", *WORDS]) == 0
    capsys.readouterr()
    assert main(["export-best", "--results", "run"]) == 2
    assert "no recordings to label; recordings.csv should have some of split unlabelled, or --models" in (
        capsys.readouterr().err
    )
    assert main(["export-best", "--results", "run", "--models", "models"]) == 0
    assert "nothing to label, so no submission was written" in capsys.readouterr().err
    assert not Path("submission.npy").exists()
    found = harness.open_detectors("models").predict(list(harness.load_recordings("mice"))[:1], workers=1)
    assert len(found["chase"]) == 12
