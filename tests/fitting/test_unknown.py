"""Frames that nobody looked at: never learned from, never counted, and still predicted."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from harness.columns.cache import BlockCache
from harness.fitting.decisions import Candidates, count_table, decide, judge
from harness.fitting.evaluation import average_precision, evaluate
from harness.fitting.folds import make_folds
from harness.fitting.pipeline import FeatureTables, Thinned
from harness.plugins.loading import load_plugins
from harness.recording import UNKNOWN, Array, Recording
from harness.scores.metrics import Counts, bouts, count, count_bouts, total
from harness.spec import Choice, PipelineSpec, Preparation
from tests.toy import toy_recordings

load_plugins()

CANDIDATES = Candidates((Choice("none"), Choice("mean", {"seconds": 0.3})), (0.0, 0.3), (0.0, 0.5))

labels = st.lists(st.sampled_from([0, 1, UNKNOWN]), min_size=1, max_size=60).map(lambda one: np.array(one, np.int8))
predicted = st.integers(0, 2**60)


def bits(number: int, frames: int) -> Array:
    return np.array([number >> frame & 1 for frame in range(frames)], dtype=np.int8)


@given(labels, predicted, predicted)
def test_what_is_claimed_where_nobody_looked_does_not_count(actual: Array, one: int, other: int) -> None:
    claims, known = bits(one, len(actual)), actual != UNKNOWN
    elsewhere = np.where(known, claims, bits(other, len(actual)))
    assert count(claims, actual) == count(elsewhere, actual) == count(claims[known], actual[known])
    assert count_bouts(claims, actual) == count_bouts(elsewhere, actual)


@given(labels, predicted)
def test_of_a_bout_that_goes_on_where_nobody_looked_the_part_before_is_one(actual: Array, one: int) -> None:
    claims = bits(one, len(actual))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], actual != UNKNOWN, [False]]).astype(int)))
    stretches = [slice(*pair) for pair in edges.reshape(-1, 2)]
    expected = total(count_bouts(claims[one], actual[one]) for one in stretches)
    assert count_bouts(claims, actual) == expected
    assert expected.actual == sum(len(bouts(actual[one])[0]) for one in stretches)


def units(seed: int, amount: int = 3) -> tuple[list[Array], list[Array]]:
    """Probabilities and labels of some units, half of whose frames nobody looked at."""
    rng = np.random.default_rng(seed)
    truth = [np.repeat(rng.choice([0, 1, UNKNOWN, UNKNOWN], 20), 6).astype(np.int8) for _ in range(amount)]
    smooth = [np.convolve(rng.random(120), np.ones(9) / 9, "same").astype(np.float32) for _ in range(amount)]
    return smooth, truth


@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_decisions_are_counted_as_one_by_one(seed: int) -> None:
    probabilities, truth = units(seed)
    table = count_table(CANDIDATES, probabilities, truth, [10.0] * len(truth))
    for place in range(0, len(CANDIDATES), 37):
        for unit, (values, actual) in enumerate(zip(probabilities, truth, strict=True)):
            counts = count(decide(CANDIDATES[place], values, 10.0), actual)
            assert table[unit, place].tolist() == [counts.hits, counts.claimed]
    verdict = judge(CANDIDATES, {None: probabilities}, truth, [10.0] * len(truth))
    assert [one.actual for one in verdict.counts] == [int((one == 1).sum()) for one in truth]


def test_average_precision_is_that_of_the_known_frames() -> None:
    (values, *_), (actual, *_) = units(5)
    known = actual != UNKNOWN
    assert average_precision(actual, values) == average_precision_score(actual[known], values[known])


# Learning


def hidden(recordings: Sequence[Recording], share: float, seed: int) -> list[Recording]:
    """The recordings, of which somebody looked at some stretches of a second and a half only."""
    rng = np.random.default_rng(seed)
    looked = [np.repeat(rng.random(one.frames // 45 + 1) > share, 45)[: one.frames] for one in recordings]
    return [
        replace(one, labels=np.where(seen, one.known_labels, UNKNOWN).astype(np.int8))
        for one, seen in zip(recordings, looked, strict=True)
    ]


SPEC = PipelineSpec((Choice("social_geometry"),), Choice("logistic_regression"), Preparation(windows="none"))


def test_only_known_frames_are_learned_from() -> None:
    (recording,) = hidden(toy_recordings(1, 300), 0.5, 0)
    asked = Thinned(recording, slice(0, 300), SPEC.features, SPEC.preparation, negatives=1000)
    assert asked.kept.tolist() == np.flatnonzero(recording.known_labels != UNKNOWN).tolist()
    assert asked.target.tolist() == recording.known_labels[asked.kept].tolist()


def test_a_search_of_looked_at_stretches_judges_only_those_and_predicts_all() -> None:
    recordings = hidden(toy_recordings(4, 300), 0.6, 1)
    folds = make_folds(recordings, 0.0)
    outcome = evaluate(SPEC, folds, FeatureTables(BlockCache(Path("none"), 0), ()), CANDIDATES, 0)
    assert [len(one) for one in outcome.out_of_fold] == [300] * 4
    assert [one.actual for one in outcome.verdict.counts] == [one.positives for one in recordings]
    assert outcome.average_precision > 0.8
    truth = np.concatenate([one.known_labels for one in recordings])
    known = truth != UNKNOWN
    expected = average_precision_score(truth[known], np.concatenate(outcome.out_of_fold)[known])
    assert outcome.average_precision == pytest.approx(expected)


def test_a_recording_that_nobody_looked_at_is_in_no_fold() -> None:
    recordings = toy_recordings(4, 200)
    nothing = replace(recordings[1], labels=np.full(200, UNKNOWN, dtype=np.int8))
    folds = make_folds([recordings[0], nothing, *recordings[2:]], 0.0)
    assert folds.origins == (0, 2, 3)
    assert [unit.id for unit in folds.units] == [one.id for one in (recordings[0], *recordings[2:])]
    expected = make_folds([recordings[0], *recordings[2:]], 0.0)
    assert (folds.held_out, folds.parts, folds.kind) == (expected.held_out, expected.parts, expected.kind)


def test_ten_known_positive_frames_show_the_behavior() -> None:
    recordings = toy_recordings(2, 300)
    few = recordings[1].known_labels.copy()
    few[np.flatnonzero(few == 1)[10:]] = UNKNOWN
    folds = make_folds([recordings[0], replace(recordings[1], labels=few)], 0.0)
    assert folds.kind == "grouped"
    assert folds.units[1].positives == 10
    few[few == 1] = UNKNOWN
    blocked = make_folds([recordings[0], replace(recordings[1], labels=few)], 0.0)
    assert blocked.kind == "blocked"
    assert Counts() == count(np.ones(300), np.full(300, UNKNOWN))
