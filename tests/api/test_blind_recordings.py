"""Recordings on which the tracker saw nothing cost themselves, and nothing else."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harness
from harness.data.settled import settled
from harness.dataset import Dataset
from harness.recording import Recording
from tests.challenge_files import FRAMES, poses, recording, train_file, unlabelled, write
from tests.toy import toy_recordings

SETTINGS: dict[str, Any] = {"models": ["extra_trees"], "features": ["social_geometry"], "trials": 1, "workers": 1}

NOTHING = np.full_like(poses(), np.nan)


def blind(one: Recording) -> Recording:
    return replace(one, id=f"{one.id}-blind", keypoints=np.full_like(one.keypoints, np.nan))


def test_a_blind_recording_is_left_out_of_training_and_labelled_0(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    labelled, others = toy_recordings(2, 150), toy_recordings(1, 100, seed=2, prefix="test")
    dataset = Dataset(
        "toy", {"approach": (*labelled, blind(labelled[0]))}, (*others, blind(others[0])), source=tmp_path
    )
    searched: list[str] = []
    run = harness.search(dataset, results="run", say=searched.append, **SETTINGS)
    nothing = "all keypoints are NaN, so that"
    assert f"note: toy-0-blind: {nothing} there is nothing to learn; left out of training" in searched
    assert f"note: test-0-blind: {nothing} every frame is labelled 0" in searched
    assert run.records()[0].error is None
    said: list[str] = []
    labels = (
        harness.export_best(run, "out.npy", models="models", say=said.append, workers=1).behaviors["approach"].labels
    )
    assert said == [f"note: test-0-blind: {nothing} every frame is labelled 0"]
    assert list(labels) == ["test-0", "test-0-blind"]
    assert labels["test-0"].any()
    assert not labels["test-0-blind"].any()
    assert harness.check("out.npy", dataset).fine
    detector = harness.open_detectors("models")["approach"]
    assert not detector.predict(blind(others[0])).any()
    assert not detector.predict_proba(blind(others[0]))[:, 1].any()


def test_what_is_left_of_the_data_is_as_it_was() -> None:
    labelled = toy_recordings(3, 60)
    after, (note,) = settled(Dataset("toy", {"a": (*labelled, *map(blind, labelled))}, ()))
    assert after.labelled == {"a": tuple(labelled)}
    assert note.startswith("toy-0-blind, toy-1-blind, toy-2-blind: all keypoints are NaN")


def test_a_file_with_blind_recordings_is_read(tmp_path: Path) -> None:
    train = train_file()
    train["groom"] |= {name: recording(keypoints=NOTHING.copy()) for name in ("c", "d")}
    dataset = harness.load(write(tmp_path, train, {"x": unlabelled(1, keypoints=NOTHING)}))
    assert [one.seen for one in dataset.labelled["groom"]] == [True, True, False, False]


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        ([0] * FRAMES, "groom: the behavior is labelled only where all keypoints are NaN"),
        (None, "groom: all keypoints are NaN: nothing was seen on any frame of any recording"),
    ],
)
def test_a_behavior_of_which_nothing_was_seen_is_refused(tmp_path: Path, labels: Any, says: str) -> None:
    train = train_file() | {"groom": {"a": recording(1, annotations=labels), "b": recording(2, keypoints=NOTHING)}}
    if labels is None:
        train["groom"] = {"b": recording(2, keypoints=NOTHING)}
    with pytest.raises(harness.DataError, match=says):
        harness.load(write(tmp_path, train))
