"""Datasets that programs make are refused in the words that files are refused with, all problems at once."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harness
from harness.data.handmade import checked
from harness.dataset import Dataset
from harness.recording import Skeleton
from tests.toy import toy_recordings, with_confidence

ONE, OTHER, THIRD = toy_recordings(3, 60)


def infinite() -> Any:
    keypoints = OTHER.keypoints.copy()
    keypoints[3, 0, 0, 0] = np.inf
    return replace(OTHER, keypoints=keypoints)


def labelled(*recordings: Any) -> dict[str, Any]:
    return {"approach": (ONE, *recordings)}


def after(labels: Any) -> Any:
    return replace(OTHER, labels=labels)


@pytest.mark.parametrize(
    ("group", "says"),
    [
        ({}, "toy: holds no behaviors"),
        ({"approach": ()}, "toy: approach: holds an empty tuple, expected recordings"),
        ({"a/b": (ONE,)}, "toy: a/b: the name of a behavior should have no /"),
        (labelled("toy-1"), "toy: approach: holds a str, expected a Recording"),
        (labelled(after(None)), "toy: approach, toy-1: annotations are None, expected a list of whole numbers"),
        (labelled(after(255 * OTHER.known_labels.astype(int))), "toy: approach, toy-1: label 255 at frame "),
        (labelled(after(np.full(60, 7))), "toy: approach, toy-1: label 7 at frame 0 and 59 wrong ones after"),
        (labelled(infinite()), "toy: approach, toy-1: keypoints are infinite at frame 3; NaN stands for"),
        (labelled(replace(OTHER, keypoints=OTHER.keypoints[:, :1])), "toy-1: (animals, parts) are (1, 7), expected (2"),
        (labelled(replace(OTHER, skeleton=Skeleton.unnamed(7))), "toy-1: keypoints of other names or roles than in"),
        (labelled(ONE), "toy: approach, toy-0: a second recording of this name"),
        (labelled(replace(ONE, id="again")), "toy: approach, again: the same poses as toy-0, expected each recording"),
        ({"approach": (after(np.zeros(60, np.int8)),)}, "toy: approach: no frame of any recording is labelled as the"),
    ],
)
def test_what_is_wrong_is_said_where_it_is(group: Any, says: str, tmp_path: Path) -> None:
    with pytest.raises(harness.DataError) as caught:
        harness.search(Dataset("toy", group, ()), results=tmp_path / "run", trials=1)
    assert says in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_all_problems_come_at_once() -> None:
    other = {"approach": (ONE, infinite()), "rarely": (after(None),)}
    with pytest.raises(harness.DataError) as caught:
        checked(Dataset("toy", other, (THIRD, THIRD)))
    assert [line.partition(":")[2].partition(":")[0] for line in caught.value.problems] == [
        " approach, toy-1",
        " rarely, toy-1",
        " toy-2",
    ]


def test_what_is_right_is_left_as_it_is_and_made_what_is_computed_with() -> None:
    right = Dataset("toy", {"approach": (ONE, with_confidence(OTHER))}, (replace(THIRD, labels=None),))
    found = checked(right)
    assert found.digests == right.digests
    assert found.labelled["approach"][0] is ONE
    doubled = replace(ONE, keypoints=ONE.keypoints.astype(float), labels=ONE.known_labels.astype(float))
    (again,) = checked(Dataset("toy", {"approach": (doubled,)}, ())).labelled["approach"]
    assert [again.keypoints.dtype.name, again.known_labels.dtype.name] == ["float32", "int8"]
    np.testing.assert_array_equal(again.keypoints, ONE.keypoints)
