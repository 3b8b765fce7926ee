"""Recordings of which only stretches were looked at, from files to a submission and a page."""

from pathlib import Path

import numpy as np
import pytest

import harness
from harness.cli import main
from harness.recording import UNKNOWN
from tests.data.test_copies import labelled, walk, write


def test_looked_at_stretches_are_enough_from_files_to_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    entries = {name: labelled(walk(seed, 300)) for seed, name in enumerate("abcd")}
    for place, entry in enumerate(entries.values()):
        known = (np.arange(300) + 40 * place) // 60 % 2 == 0
        entry["annotations"] = np.where(known, entry["annotations"], np.nan)
    entries["nobody looked"] = {"keypoints": walk(9, 300), "annotations": np.full(300, np.nan)}
    write(tmp_path, {"groom": entries}, {"new": {"keypoints": walk(10, 300)}})
    words = ["--model", "extra_trees", "--features", "place_and_time", "--trials", "2", "--workers", "1"]
    assert main(["search", "--data", ".", "--results", "run", *words]) == 0
    said = capsys.readouterr().err
    dataset = harness.load(tmp_path)
    known = sum(one.labelled_frames for one in dataset.labelled["groom"])
    assert f"1,500 frames, {known} of them labelled" in said
    run = harness.open_run("run")
    assert run.amounts["groom"].frames == known
    assert run.amounts["groom"].recordings == 4
    (best, *_) = run.records()
    assert sum(one.actual for one in best.counts) == run.amounts["groom"].positives
    assert main(["export-best", "--results", "run"]) == 0
    assert main(["leaderboard", "--results", "run"]) == 0
    assert main(["learning-curve", "--results", "run"]) == 0
    assert main(["report", "--results", "run"]) == 0
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("nobody looked there, so that predictions are neither right nor wrong") == 4
    labels = np.load("submission.npy", allow_pickle=True).item()["groom"]["new"]
    assert set(np.unique(labels)) <= {0, 1}
    assert UNKNOWN not in labels


def test_the_truth_counts_where_it_is_known(tmp_path: Path) -> None:
    whole = (np.arange(300) // 45 % 2).astype(float)
    known = np.where(np.arange(300) < 100, whole, np.nan)
    for name, labels in (("mine", np.ones(300, dtype=np.int64)), ("truth", known)):
        np.save(tmp_path / f"{name}.npy", np.array({"groom": {"new": labels}}, dtype=object), allow_pickle=True)
    counts = harness.score(tmp_path / "mine.npy", tmp_path / "truth.npy").behaviors["groom"]
    assert (counts.hits, counts.claimed, counts.actual) == (whole[:100].sum(), 100, whole[:100].sum())
