"""Recordings filmed at different rates: each is windowed, judged and labelled at its own."""

from dataclasses import replace
from pathlib import Path

import pytest

import harness
from harness.dataset import Dataset
from harness.recording import Recording
from harness.scores.metrics import Counts, count
from tests.toy import toy_recordings


def slower(recording: Recording) -> Recording:
    """Every other frame, as a camera at half the rate would have it."""
    return replace(
        recording, id=f"{recording.id}-slow", keypoints=recording.keypoints[::2], labels=recording.known_labels[::2],
        fps=recording.fps / 2,
    )  # fmt: skip


def test_recordings_of_two_rates_are_searched_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = toy_recordings(4, 600)
    new = toy_recordings(1, 600, seed=7)[0], slower(toy_recordings(1, 600, seed=8)[0])
    labelled = made[0], slower(made[1]), made[2], slower(made[3])
    dataset = Dataset("rates", {"approach": labelled}, tuple(replace(one, labels=None) for one in new))
    run = harness.search(
        dataset, trials=2, features=["social_geometry"], models=["lightgbm"], workers=1, results="run", cache="cache"
    )
    best = max(record.pooled.f1 for record in run.records() if record.complete)
    assert best > 0.85
    labels = harness.fit(run, workers=1, cache="cache").predict(dataset.unlabelled, workers=1)["approach"]
    assert [len(labels[one.id]) for one in new] == [600, 300]
    for one in new:
        assert count(labels[one.id], one.known_labels).f1 > 0.8
    found = sum((count(labels[one.id], one.known_labels) for one in new), Counts())
    assert found.actual == sum(one.positives for one in new)
