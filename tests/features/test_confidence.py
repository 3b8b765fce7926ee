from dataclasses import replace

import numpy as np
import pytest

from harness.columns.poses import interpolated
from harness.features.confidence import confidence
from harness.plugins.registry import FEATURES
from harness.recording import Recording, Skeleton
from tests.toy import toy_recordings

NAN = np.nan
SCORES = np.array([[0.9, 0.05, 0.6, 0.74], [0.1, NAN, 0.5, 0.75], [NAN, NAN, NAN, NAN]], dtype=np.float32)


def tracked() -> Recording:
    """Three frames of two animals of four keypoints, of which the tracker was sure of the second alone."""
    scores = np.stack([SCORES, np.ones_like(SCORES)], axis=1)
    return Recording("tracked", np.zeros((3, 2, 2, 4), dtype=np.float32), Skeleton.unnamed(4), confidence=scores)


def test_scores_of_keypoints_are_as_the_tracker_gave_them() -> None:
    columns = confidence(tracked())
    for part in range(4):
        assert columns[f"0 keypoint_{part} confidence"] == pytest.approx(SCORES[:, part], nan_ok=True)
        assert columns[f"1 keypoint_{part} confidence"] == pytest.approx(np.ones(3))


def test_an_animal_is_described_by_the_scores_that_are_there() -> None:
    columns = confidence(tracked())
    expected = {
        "0 lowest confidence": [0.05, 0.1, NAN],
        "0 mean confidence": [2.29 / 4, 1.35 / 3, NAN],
        "0 confidence below 0.1": [1 / 4, 0, NAN],
        "0 confidence below 0.5": [1 / 4, 1 / 3, NAN],
        "0 confidence below 0.75": [3 / 4, 2 / 3, NAN],
        "1 lowest confidence": [1, 1, 1],
        "1 confidence below 0.75": [0, 0, 0],
    }
    for name, values in expected.items():
        assert columns[name] == pytest.approx(values, nan_ok=True), name
    assert len(columns) == 2 * (4 + 5)


def test_it_is_refused_where_the_tracker_gave_no_scores() -> None:
    feature_set = FEATURES["confidence"]
    assert feature_set.refusal(tracked()) is None
    refusal = feature_set.refusal(replace(tracked(), confidence=None))
    assert refusal == "needs the tracker's confidence, which the recordings do not hold"


def test_filling_gaps_changes_no_score() -> None:
    recording = toy_recordings(1, 100, missing=0.2)[0]
    scores = np.random.default_rng(0).random((100, 2, 7)).astype(np.float32)
    recording = replace(recording, confidence=scores)
    expected, columns = confidence(recording), confidence(interpolated(recording, 1.0))
    assert all(np.array_equal(columns[name], values) for name, values in expected.items())
