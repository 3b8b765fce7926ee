"""What labels of nearly one class make of a score."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from harness.recording import Recording
from harness.scores.amounts import Amounts, held_out_by_group
from harness.scores.honest import Honest
from tests.toy import toy_recordings


def labelled(*labels: list[int]) -> list[Recording]:
    made = toy_recordings(len(labels), 100)
    return [
        replace(one.cut(0, len(values)), labels=np.array(values, dtype=np.int8))
        for one, values in zip(made, labels, strict=True)
    ]


@given(st.lists(st.lists(st.integers(0, 1), min_size=1, max_size=20), min_size=1, max_size=4))
def test_claiming_every_frame_is_scored_as_scikit_learn_scores_it(labels: list[list[int]]) -> None:
    amounts = Amounts.of(labelled(*labels))
    pooled = [value for values in labels for value in values]
    expected = f1_score(pooled, [1] * len(pooled), zero_division=0)
    np.testing.assert_allclose(amounts.claiming_all, expected)
    mixed, full = (sum(set(values) == kinds for values in labels) for kinds in ({0, 1}, {1}))
    showing = sum(map(any, labels))
    assert amounts == Amounts(len(labels), len(pooled), sum(pooled), mixed, full, len(labels), showing)
    assert Amounts.from_json(amounts.as_json()) == amounts


def test_a_handful_of_negatives_is_told_of() -> None:
    (caution,) = Amounts.of(labelled([1] * 99 + [0], [1] * 99 + [0])).cautions()
    assert caution == (
        "only 2 of 200 labelled frames are without it, so a score can hardly be wrong: claiming every frame has "
        "F1 0.995; label frames without it"
    )


@pytest.mark.parametrize(("low", "told"), [(0.5, True), (2 / 3, True), (0.7, False)])
def test_a_score_that_may_be_no_better_than_claiming_every_frame_is_told_of(low: float, told: bool) -> None:
    amounts = Amounts.of(labelled([1, 0] * 50, [1, 0] * 50))
    cautions = list(amounts.cautions(Honest(0.8, low, 0.9)))
    wanted = f"honest F1 0.800 ({low:.2f}-0.90) may be no better than claiming every frame, which has F1 0.667"
    assert cautions == [wanted] * told
    assert not list(amounts.cautions())


def test_recordings_of_one_class_each_are_told_of() -> None:
    (caution,) = Amounts.of(labelled([1] * 50, [0] * 50)).cautions()
    assert caution.startswith("no recording has frames with it and frames without it")


def test_a_recording_that_is_all_positive_is_told_of() -> None:
    (caution,) = Amounts.of(labelled([1] * 50, [0, 1] * 25, [0] * 50)).cautions()
    assert caution.startswith("1 recording with it on every labelled frame, where no claim can be wrong")


def test_recordings_of_a_group_count_as_one_that_is_held_out() -> None:
    one, other, third = labelled([0, 1], [0, 0], [0, 0])
    amounts = Amounts.of([replace(one, group="a"), replace(other, group="a"), third])
    assert (amounts.recordings, amounts.groups, amounts.showing) == (3, 2, 1)
    alone = Amounts.of([one, other])
    assert held_out_by_group({"x": alone}) == []
    assert held_out_by_group({"x": amounts, "y": alone}) == [
        "held out by group; x: 2 groups of 3 recordings, 1 shows it"
    ]


def test_examples_of_a_recording_are_looked_at_together() -> None:
    """One direction of a pair that is never shown makes the recording no less mixed."""
    one, other = labelled([1, 1, 1], [0, 0, 0])
    amounts = Amounts.of([replace(one, film="film"), replace(other, film="film")])
    assert (amounts.recordings, amounts.mixed, amounts.full) == (1, 1, 0)
