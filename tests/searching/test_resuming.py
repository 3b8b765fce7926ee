"""A behavior's search in memory: broken off after any trial, it asks what it would have asked."""

import hashlib
from collections.abc import Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.errors import HarnessError
from harness.fitting.decisions import Verdict
from harness.fitting.evaluation import Outcome, Pruned
from harness.plugins.registry import load_plugins
from harness.plugins.spaces import load_spaces
from harness.recording import Dataset
from harness.runs.studies import StoredTrial, study_name
from harness.scores.metrics import Counts
from harness.searching.behavior import BehaviorSearch, Told
from harness.searching.evaluating import Evaluated, Result
from harness.searching.resuming import resume
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


def compared(told: Sequence[Told]) -> list[tuple[Any, ...]]:
    return [(one.record, one.trial.params, one.trial.state, one.trial.value, len(one.out_of_fold)) for one in told]


@pytest.fixture(scope="module")
def whole(search: Search) -> list[Told]:
    return searched(BehaviorSearch("gather", search, TRIALS))


def test_all_that_can_come_of_a_trial_is_told_in_the_order_it_was_asked(whole: list[Told]) -> None:
    assert [one.record.trial for one in whole] == list(range(TRIALS))
    assert {one.trial.state.name for one in whole} == {"COMPLETE", "PRUNED", "FAIL"}
    for one in whole:
        assert (one.trial.value, len(one.out_of_fold)) == (
            (one.record.pooled.f1, 1) if one.record.complete else (None, 0)
        )


@pytest.mark.parametrize("after", range(0, TRIALS + 1, 3))
def test_a_search_broken_off_after_any_trial_asks_what_it_would_have_asked(
    after: int, search: Search, whole: list[Told], tmp_path: Path
) -> None:
    again = BehaviorSearch("gather", search, TRIALS)
    resume(again, stored(whole[:after]), tmp_path)
    assert again.told == again.sent == after
    assert compared(whole[:after] + searched(again)) == compared(whole)


def test_a_shorter_search_is_the_beginning_of_a_longer_one(search: Search, whole: list[Told], tmp_path: Path) -> None:
    shorter = searched(BehaviorSearch("gather", search, 11))
    assert compared(shorter) == compared(whole[:11])
    longer = BehaviorSearch("gather", search, TRIALS)
    resume(longer, stored(shorter), tmp_path)
    assert compared(shorter + searched(longer)) == compared(whole)


def test_trials_that_would_not_have_been_asked_are_refused(search: Search, whole: list[Told], tmp_path: Path) -> None:
    begun = len(search.opening)
    later, missing = whole[begun : begun + 1], whole[1:2]
    surplus = [*whole[: begun - 1], *whole[begun - 2 : begun - 1]]
    for told in (later, missing, surplus):
        with pytest.raises(HarnessError, match=rf"^{tmp_path}: gather has trials this search would not have asked$"):
            resume(BehaviorSearch("gather", search, TRIALS), stored(told), tmp_path)


def test_a_trial_whose_parameters_are_others_here_is_named(search: Search, whole: list[Told], tmp_path: Path) -> None:
    first = StoredTrial(whole[0].record, copy(whole[0].trial))
    first.trial.params = {}
    name = study_name(first.record.behavior, first.record.arm)
    with pytest.raises(HarnessError, match=rf"^{tmp_path}: trial 0 of gather is not repeatable here$"):
        resume(BehaviorSearch("gather", search, TRIALS), {name: [first]}, tmp_path)
