"""A behavior's search in memory: broken off after any trial, it asks what it would have asked."""

import hashlib
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.dataset import Dataset
from harness.errors import HarnessError
from harness.fitting.decisions import Verdict
from harness.fitting.evaluation import Outcome, Pruned
from harness.plugins.loading import load_plugins
from harness.plugins.spaces import load_spaces
from harness.runs.studies import StoredTrial, study_name
from harness.scores.metrics import Counts
from harness.searching.behavior import BehaviorSearch, Told
from harness.searching.evaluating import Evaluated, Result
from harness.searching.resuming import Past
from harness.searching.setup import Search, make_search
from harness.spec import Choice, Decision, PipelineSpec
from tests.toy import toy_recordings

TRIALS = 30
"""More than the opening, and than an arm has before its sampler learns."""


@pytest.fixture(scope="module")
def search() -> Search:
    load_plugins()
    dataset = Dataset("toy", {"gather": tuple(toy_recordings(2, 100))}, ())
    models = ["logistic_regression", "extra_trees"]
    return make_search(dataset, load_spaces(), features=["task_programs"], models=models, seed=0, batch=4)


def came_of(spec: PipelineSpec) -> Result:
    """A score, a lag or a failure that depends on the pipeline alone."""
    number = int.from_bytes(hashlib.sha256(repr(spec).encode()).digest()[:4], "big")
    if number % 7 == 0:
        return "ValueError: cannot learn this"
    if number % 7 == 1:
        return Evaluated(Pruned((0.1,)), 1.0, None)
    counts = (Counts(number % 90, 100, 100),)
    verdict = Verdict(Decision(Choice("none"), 0.5), None, counts, counts, np.zeros((1, 4), np.int64))
    return Evaluated(Outcome(verdict, 0.5, (np.zeros(3, np.float32),), (number % 90 / 100,)), 1.0, None)


def searched(state: BehaviorSearch) -> list[Told]:
    """What is told until nothing is left to do, where the last of a batch is finished first."""
    told: list[Told] = []
    while state.has_work():
        batch = []
        while state.has_work():
            batch.append(state.take())
        for asked in reversed(batch):
            asked.result = came_of(asked.spec)
            told += state.tell()
    return told


def stored(told: Sequence[Told]) -> Mapping[str, list[StoredTrial]]:
    by_study: dict[str, list[StoredTrial]] = {}
    for one in told:
        name = study_name(one.record.behavior, one.record.arm)
        by_study.setdefault(name, []).append(StoredTrial(one.record, one.trial))
    return by_study


def begun(search: Search, told: Sequence[Told], trials: int = TRIALS) -> BehaviorSearch:
    """A search that goes on after so much of an earlier one."""
    return BehaviorSearch("gather", search, trials, Past.of("gather", stored(told), Path("run")))


def compared(told: Sequence[Told]) -> list[tuple[Any, ...]]:
    return [(one.record, one.trial.params, one.trial.state, one.trial.value, len(one.out_of_fold)) for one in told]


@pytest.fixture(scope="module")
def whole(search: Search) -> list[Told]:
    return searched(begun(search, []))


def test_all_that_can_come_of_a_trial_is_told_in_the_order_it_was_asked(whole: list[Told]) -> None:
    assert [one.record.trial for one in whole] == list(range(TRIALS))
    assert {one.trial.state.name for one in whole} == {"COMPLETE", "PRUNED", "FAIL"}
    for one in whole:
        assert (one.trial.value, len(one.out_of_fold)) == (
            (one.record.pooled.f1, 1) if one.record.complete else (None, 0)
        )


@pytest.mark.parametrize("after", range(0, TRIALS + 1, 3))
def test_a_search_broken_off_after_any_trial_asks_what_it_would_have_asked(
    after: int, search: Search, whole: list[Told]
) -> None:
    again = begun(search, whole[:after])
    assert again.told == again.sent == after
    assert compared(whole[:after] + searched(again)) == compared(whole)


def test_a_shorter_search_is_the_beginning_of_a_longer_one(search: Search, whole: list[Told]) -> None:
    shorter = searched(begun(search, [], trials=11))
    assert compared(shorter) == compared(whole[:11])
    assert compared(shorter + searched(begun(search, shorter))) == compared(whole)


@settings(max_examples=10, deadline=None)
@given(kept=st.sets(st.integers(0, TRIALS - 1)))
def test_whatever_trials_are_missing_are_asked_again_and_no_others(
    kept: set[int], search: Search, whole: list[Told]
) -> None:
    new = searched(begun(search, [one for one in whole if one.record.trial in kept]))
    missing = [one for one in whole if one.record.trial not in kept]
    assert compared(new) == compared(missing)


def test_of_a_deleted_study_every_trial_is_asked_again(search: Search, whole: list[Told]) -> None:
    arm = whole[0].record.arm
    left = [one for one in whole if one.record.arm != arm]
    assert compared(searched(begun(search, left))) == compared([one for one in whole if one.record.arm == arm])


def test_trials_that_would_not_have_been_asked_are_refused(search: Search, whole: list[Told]) -> None:
    twice = [*whole[:3], whole[1]]
    exchanged = [renumbered(whole[0], 1), renumbered(whole[1], 0)]
    for told in (twice, exchanged):
        with pytest.raises(HarnessError, match=r"^run: gather has trials this search would not have asked$"):
            begun(search, told)


def renumbered(told: Told, number: int) -> Told:
    return told._replace(record=replace(told.record, trial=number))


def test_a_trial_whose_parameters_are_others_here_is_named(search: Search, whole: list[Told]) -> None:
    first = whole[0]._replace(trial=copy(whole[0].trial))
    first.trial.params = {}
    with pytest.raises(HarnessError, match=r"^run: trial 0 of gather is not repeatable here$"):
        begun(search, [first])
