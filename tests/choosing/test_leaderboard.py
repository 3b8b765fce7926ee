"""Ranking, and what the luck of selection is worth."""

import json
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.choosing.leaderboard import best_records, honest_score, leaderboard
from harness.runs.records import TrialRecord
from harness.scores.honest import out_of_bag_weight
from harness.scores.metrics import Counts, total
from harness.scores.resampling import resamples
from harness.spec import Choice, Decision, PipelineSpec

DECISION = Decision(Choice("none"), 0.5)


def finished(trial: int, *counts: Counts, features: str = "gait", model: str = "trees", **values: Any) -> TrialRecord:
    """A finished trial; `features` are joined by `+`, and none make a baseline. Its decision is the only one."""
    names = features.split("+") if features else []
    spec = PipelineSpec(tuple(Choice(name) for name in names), Choice(model))
    known = {"behavior": "sniff", "arm": f"{features}/{model}", "folds": "grouped", "seconds": 1.0, **values}
    known = {"resampled": resampled([counts]) if counts else (), **known}
    return TrialRecord(trial=trial, spec=spec, counts=counts, decision=DECISION, **known)


def resampled(decisions: Sequence[Sequence[Counts]]) -> tuple[tuple[int, int, int, int], ...]:
    """What a trial stores that has these decisions, by unit."""
    rows = []
    for draw in resamples(len(decisions[0])).draws.tolist():
        drawn = [unit for unit, times in enumerate(draw) for _ in range(times)]
        best = max(decisions, key=lambda one: total(one[unit] for unit in drawn).score)
        on, out = (
            total(best[unit] for unit in drawn),
            total(one for one, times in zip(best, draw, strict=True) if not times),
        )
        rows.append((on.hits, on.claimed, out.hits, out.claimed))
    return tuple(rows)


def failed(trial: int, **values: Any) -> TrialRecord:
    return finished(trial, error="ValueError: no", **values)


def pruned(trial: int, **values: Any) -> TrialRecord:
    return finished(trial, pruned=True, **values)


def hits(number: int) -> Counts:
    """Of ten claimed and ten positive frames."""
    return Counts(number, 10, 10)


# Rows


def test_rows_are_the_best_trials_of_their_arms_best_first() -> None:
    rows = leaderboard(
        [
            finished(0, hits(5), model="trees"),
            finished(1, hits(7), model="forest"),
            finished(2, hits(6), model="trees"),
            finished(3, hits(6), features="gaze"),
        ]
    )
    assert [(row.rank, row.best.arm, row.best.trial, row.trials) for row in rows] == [
        (1, "gait/forest", 1, 1),
        (2, "gait/trees", 2, 2),
        (3, "gaze/trees", 3, 1),
    ]


def test_precision_then_average_precision_then_the_earlier_trial_break_ties() -> None:
    half = [Counts(10, 30, 10), Counts(2, 2, 6), Counts(2, 2, 6), Counts(2, 2, 6)]
    assert {counts.f1 for counts in half} == {0.5}
    rows = leaderboard(
        [
            finished(0, half[0], model="least precise"),
            finished(1, half[1], model="later", average_precision=0.4),
            finished(2, half[2], model="latest", average_precision=0.4),
            finished(3, half[3], model="first", average_precision=0.5),
        ]
    )
    assert [row.best.spec.model.name for row in rows] == ["first", "later", "latest", "least precise"]


@pytest.mark.parametrize(
    ("by", "leaders"),
    [
        ("pipeline", {("gait", "trees"): 3, ("gait", "forest"): 4, ("gait+gaze", "trees"): 2}),
        ("features", {("gait", "forest"): 4, ("gait+gaze", "trees"): 2}),
        ("model", {("gait", "forest"): 4, ("gait", "trees"): 3}),
    ],
)
def test_rows_can_stand_for_pipelines_features_or_models(by: str, leaders: dict[tuple[str, str], int]) -> None:
    records = [
        finished(0, hits(3), features="gait", model="trees"),
        finished(1, hits(4), features="gait", model="forest"),
        finished(2, hits(2), features="gait+gaze", model="trees"),
    ]
    found = {
        ("+".join(c.name for c in row.best.spec.features), row.best.spec.model.name): row.best.pooled.hits
        for row in leaderboard(records, by)
    }
    assert found == leaders


def test_failed_trials_are_counted_and_do_not_rank() -> None:
    rows = leaderboard(
        [failed(0), finished(1, hits(1)), failed(2), finished(3, hits(2), model="forest"), failed(4, model="none")]
    )
    assert [(row.best.trial, row.trials, row.failed) for row in rows] == [(3, 1, 0), (1, 1, 2)]


def test_pruned_trials_are_counted_and_do_not_rank() -> None:
    rows = leaderboard([pruned(0), finished(1, hits(1)), pruned(2, model="forest"), failed(3)])
    assert [(row.best.trial, row.trials, row.pruned, row.failed) for row in rows] == [(1, 1, 1, 1)]


def test_rows_say_whether_the_lead_over_them_may_be_chance() -> None:
    best, near = [hits(n) for n in (5, 7, 6, 8)], [hits(n) for n in (6, 6, 6, 7)]
    far = [hits(n) for n in (4, 6, 5, 7)]
    rows = leaderboard(
        [finished(0, *far, model="far"), finished(1, *best, model="best"), finished(2, *near, model="near")]
    )
    assert [(row.best.spec.model.name, row.tied) for row in rows] == [("best", True), ("near", True), ("far", False)]
    assert [row.as_json()["tied_with_best"] for row in rows] == [True, True, False]


def test_each_behavior_has_its_own_ranks_and_top() -> None:
    records = [
        finished(trial, hits(trial), behavior=behavior, model=f"m{trial}")
        for behavior, trial in product(("b", "a"), range(1, 5))
    ]
    rows = leaderboard(records, top=2)
    assert [(row.best.behavior, row.rank, row.best.trial) for row in rows] == [
        ("b", 1, 4), ("b", 2, 3), ("a", 1, 4), ("a", 2, 3),
    ]  # fmt: skip


def test_a_row_says_in_plain_data_all_that_is_promised() -> None:
    bouts = (Counts(1, 2, 4), Counts(0, 0, 4))
    counts = (hits(5), Counts(3, 6, 10))
    (row,) = leaderboard([finished(0, *counts, bouts=bouts, features="gait+gaze", average_precision=0.25)])
    plain = json.loads(json.dumps(row.as_json()))
    assert {key: plain[key] for key in ("behavior", "rank", "trial", "folds", "features", "model", "seconds")} == {
        "behavior": "sniff", "rank": 1, "trial": 0, "folds": "grouped", "features": ["gait", "gaze"],
        "model": "trees", "seconds": 1.0,
    }  # fmt: skip
    assert plain["f1"] == pytest.approx(2 * 8 / (16 + 20))
    assert (plain["precision"], plain["recall"], plain["average_precision"]) == (0.5, 0.4, 0.25)
    assert (plain["bout_f1"], plain["bout_precision"], plain["bout_recall"]) == (0.2, 0.5, 0.125)
    assert plain["decision"] == DECISION.as_json()
    assert plain["f1_honest_low"] <= plain["f1_honest"] <= plain["f1_honest_high"]


def test_a_rows_honest_score_is_that_of_a_selection_that_ended_on_it() -> None:
    chance = np.random.default_rng(0)
    records = [
        finished(trial, *(hits(n) for n in chance.integers(0, 9, 4)), model=f"m{trial % 3}") for trial in range(12)
    ]
    rows = leaderboard(records)
    for row in rows:
        worse = {other.best.arm for other in rows if other.rank >= row.rank}
        assert row.honest == honest_score([record for record in records if record.arm in worse])


# The trial to export


def test_a_baseline_is_exported_only_where_nothing_else_finished() -> None:
    chance, learner = finished(0, hits(9), features=""), finished(1, hits(1))
    broken = failed(2, features="gaze")
    assert best_records([chance, learner]) == best_records([learner, chance]) == {"sniff": learner}
    assert best_records([broken, pruned(3), chance]) == {"sniff": chance}
    assert best_records([broken, pruned(3)]) == {}


def test_the_best_of_each_behavior_is_exported() -> None:
    records = [finished(i, hits(i % 5), behavior="ab"[i % 2]) for i in range(9)]
    assert {behavior: record.trial for behavior, record in best_records(records).items()} == {"a": 4, "b": 3}


# Honest scores


Decisions = list[list[Counts]]
"""Of one trial: the counts of each decision, by unit."""


@st.composite
def trials(draw: st.DrawFn) -> list[Decisions]:
    """Trials that agree, as real ones do, on how many frames of a unit are positive."""
    actual = draw(st.lists(st.integers(0, 6), min_size=1, max_size=4))

    def counts(positive: int) -> Counts:
        claimed = draw(st.integers(0, 6))
        return Counts(draw(st.integers(0, min(claimed, positive))), claimed, positive)

    return [[list(map(counts, actual)) for _ in range(draw(st.integers(1, 3)))] for _ in range(draw(st.integers(1, 4)))]


def by_loop(found: Sequence[Decisions]) -> Counts:
    """The best trial's best decision of each draw of units, counted on the units left out; all draws together."""
    units = len(found[0][0])
    pooled = Counts()
    for drawn in product(range(units), repeat=units):
        each = [max(one, key=lambda counts: total(counts[unit] for unit in drawn).score) for one in found]
        chosen = max(each, key=lambda counts: total(counts[unit] for unit in drawn).f1)
        pooled += total(counts for unit, counts in enumerate(chosen) if unit not in drawn)
    return pooled


@settings(max_examples=40, deadline=None)
@given(trials())
def test_an_honest_score_is_a_loop_of_choosing_trial_and_decision_and_judging_on_what_was_left_out(
    found: list[Decisions],
) -> None:
    # Earlier trials have the better counts on all units, so that they win ties here as in the loop.
    records = [
        finished(trial, *[Counts(0, 1, counts.actual) for counts in one[0]], resampled=resampled(one))
        for trial, one in enumerate(found)
    ]
    expected, honest = by_loop(found), honest_score(records)
    if not expected.actual:
        assert honest is None
    else:
        assert honest is not None
        # The leader of all units hits nothing, so that what is left out is all there is.
        assert honest.f1 == pytest.approx(out_of_bag_weight(len(records)) * expected.f1)
        assert honest.low <= honest.f1 <= honest.high


def test_the_order_of_the_trials_does_not_matter() -> None:
    records = [finished(trial, hits(trial % 3), hits(trial % 5), hits(trial % 2)) for trial in range(7)]
    assert honest_score(records) == honest_score(records[::-1])


def test_one_unit_can_say_nothing_honest() -> None:
    assert honest_score([finished(0, hits(5)), finished(1, hits(6))]) is None
    (row,) = leaderboard([finished(0, hits(5))])
    assert row.honest is None
    assert row.as_json()["f1_honest"] is None


def test_the_best_of_many_trials_of_pure_noise_is_lucky_and_the_honest_score_less_so() -> None:
    chance = np.random.default_rng(0)
    best, honest = [], []
    for _ in range(40):  # every frame claimed is right with probability 0.3, whatever the trial
        records = [finished(i, *(Counts(int(n), 40, 40) for n in chance.binomial(40, 0.3, 5))) for i in range(40)]
        score = honest_score(records)
        assert score is not None
        best.append(max(record.pooled.f1 for record in records))
        honest.append(score.f1)
    assert np.mean(best) > 0.35
    # Out of bag is the truth here, so that what is left of the luck is the share of the other.
    assert 0.285 < np.mean(honest) < 0.3 + (1 - out_of_bag_weight(40) + 0.1) * (np.mean(best) - 0.3)
