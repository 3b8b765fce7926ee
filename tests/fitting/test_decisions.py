"""The table of all decisions, and the choice among them, against loops."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import groupby, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.fitting.decisions import (
    NEIGHBORS,
    SPAN,
    THRESHOLDS,
    Candidates,
    Verdict,
    best_candidate,
    candidates_of,
    count_resampled,
    count_table,
    decide,
    judge,
    smoothed,
    steadied,
)
from harness.plugins.loading import load_plugins
from harness.plugins.spaces import load_spaces
from harness.recording import Array
from harness.scores.metrics import Counts, count, count_bouts, total
from harness.scores.resampling import resamples
from harness.spec import Choice, Decision
from tests.toy import neighbors

load_plugins()

SMOOTHERS = (
    Choice("none"),
    Choice("mean", {"seconds": 0.1}),
    Choice("gaussian", {"seconds": 0.3}),
    Choice("median", {"seconds": 0.2}),
)
SECONDS = st.sampled_from([0.0, 0.05, 0.1, 0.15, 0.2, 0.5])


def rising(values: st.SearchStrategy[float], most: int) -> st.SearchStrategy[tuple[float, ...]]:
    return st.lists(values, min_size=1, max_size=most, unique=True).map(lambda drawn: tuple(sorted(drawn)))


CANDIDATES = st.builds(
    Candidates,
    st.lists(st.sampled_from(SMOOTHERS), min_size=1, max_size=2, unique_by=lambda choice: choice.name).map(tuple),
    rising(SECONDS, 2),
    rising(SECONDS, 3),
    rising(st.sampled_from(THRESHOLDS), 3),
    st.sampled_from([(0,), (0, 1), (0, 2), (1,), (1, 2)]),
)
PROBABILITY = st.one_of(st.sampled_from([0.0, 1.0, *THRESHOLDS]), st.floats(0, 1, width=32))
UNIT = st.lists(st.tuples(PROBABILITY, st.integers(0, 1)), min_size=1, max_size=30)
"""Probability and label of each frame."""
FPS = st.sampled_from([10.0, 25.0, 29.97, 30.0, 60.0])


def probabilities_of(units: Sequence[Sequence[tuple[float, int]]]) -> list[Array]:
    """float32, as pipelines give them."""
    return [np.array([frame[0] for frame in unit], dtype=np.float32) for unit in units]


def labels_of(units: Sequence[Sequence[tuple[float, int]]]) -> list[Array]:
    return [np.array([frame[1] for frame in unit], dtype=np.int8) for unit in units]


def decided_frame_by_frame(decision: Decision, probabilities: Array, fps: float) -> list[int]:
    longest_gap, shortest_bout = round(decision.longest_gap * fps), round(decision.shortest_bout * fps)
    smooth = smoothed(decision.smoother, probabilities, fps)
    sure: list[int] = []
    for above, values in groupby(smooth, key=lambda p: bool(p >= decision.threshold)):
        run = list(values)
        sure += [int(above and max(run) >= decision.peak)] * len(run)
    runs = [(label, len(list(frames))) for label, frames in groupby(sure)]
    filled: list[int] = []
    for place, (label, length) in enumerate(runs):
        between_bouts = 0 < place < len(runs) - 1
        filled += [1 if between_bouts and length <= longest_gap else label] * length
    kept: list[int] = []
    for label, frames in groupby(filled):
        length = len(list(frames))
        kept += [label if length >= shortest_bout else 0] * length
    return kept


# One decision


@settings(deadline=None)
@given(CANDIDATES, UNIT, FPS, st.data())
def test_decide_smooths_cuts_fills_short_gaps_and_drops_short_bouts(
    candidates: Candidates, unit: list[tuple[float, int]], fps: float, data: st.DataObject
) -> None:
    decision = candidates[data.draw(st.integers(0, len(candidates) - 1))]
    (probabilities,) = probabilities_of([unit])
    decided = decide(decision, probabilities, fps)
    assert decided.dtype == np.int8
    assert decided.tolist() == decided_frame_by_frame(decision, probabilities, fps)


def test_gaps_are_filled_before_bouts_are_dropped() -> None:
    # At ten frames a second: a gap of one frame is filled, and bouts shorter than three are dropped.
    decision = Decision(Choice("none"), 0.5, longest_gap=0.1, shortest_bout=0.3)
    probabilities = np.array([0, 0, 1, 0, 1, 0, 0, 1, 1, 0], dtype=np.float32)
    assert decide(decision, probabilities, 10.0).tolist() == [0, 0, 1, 1, 1, 0, 0, 0, 0, 0]


def test_a_gap_at_the_beginning_or_the_end_is_not_filled() -> None:
    decision = Decision(Choice("none"), 0.5, longest_gap=9.0)
    assert decide(decision, np.array([0, 0, 1, 0, 1, 0], dtype=np.float32), 1.0).tolist() == [0, 0, 1, 1, 1, 0]


def test_a_run_without_a_peak_neither_counts_nor_bridges_a_gap() -> None:
    decision = Decision(Choice("none"), 0.2, longest_gap=1.0, peak=0.5)
    probabilities = np.array([0.5, 0.0, 0.3, 0.0, 0.2, 0.6, 0.2, 0.0, 0.4], dtype=np.float32)
    # Four frames lie between the two runs that reach 0.5.
    assert decide(decision, probabilities, 1.0).tolist() == [1, 0, 0, 0, 1, 1, 1, 0, 0]


# The table of all


@settings(max_examples=100, deadline=None)
@given(CANDIDATES, st.lists(UNIT, min_size=1, max_size=4), st.data())
def test_the_table_counts_what_each_decision_claims_in_each_unit(
    candidates: Candidates, units: list[list[tuple[float, int]]], data: st.DataObject
) -> None:
    probabilities, labels = probabilities_of(units), labels_of(units)
    rates = data.draw(st.lists(FPS, min_size=len(units), max_size=len(units)))
    table = count_table(candidates, probabilities, labels, rates)
    assert table.shape == (len(units), len(candidates), 2)
    for unit, place in product(range(len(units)), range(len(candidates))):
        decided = decide(candidates[place], probabilities[unit], rates[unit])
        assert table[unit, place].tolist() == [(decided * labels[unit]).sum(), decided.sum()]


def test_no_bout_or_filled_gap_joins_two_units() -> None:
    ones, candidates = np.ones(5, dtype=np.float32), Candidates((Choice("none"),), (9.0,), (0.0, 0.5, 0.6), (0.5,))
    table = count_table(candidates, [ones, ones], [ones, 0 * ones], [10.0, 10.0])
    assert table.tolist() == [[[5, 5], [5, 5], [0, 0]], [[0, 5], [0, 5], [0, 0]]]


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_table_and_decision_agree_on_a_probability_at_the_threshold(threshold: float) -> None:
    probabilities = [np.array([threshold], dtype=np.float32)]
    candidates = Candidates((Choice("none"),), (0.0,), (0.0,))
    claimed = [int(decide(candidates[i], probabilities[0], 30.0)[0]) for i in range(len(candidates))]
    assert count_table(candidates, probabilities, probabilities, [30.0])[0, :, 1].tolist() == claimed


@given(CANDIDATES)
def test_every_combination_has_one_index(candidates: Candidates) -> None:
    found = [repr(candidates[index]) for index in range(len(candidates))]
    parts = (
        candidates.smoothers,
        candidates.rises,
        candidates.gaps,
        candidates.bouts,
        range(len(candidates.thresholds)),
    )
    expected = []
    for smoother, rise, gap, bout, place in product(*parts):
        peak = [*candidates.thresholds, *candidates.thresholds[-1:] * rise][place + rise] if rise else 0.0
        expected.append(repr(Decision(smoother, candidates.thresholds[place], gap, bout, peak)))
    assert found == expected


def test_ranges_give_rises_in_log_odds() -> None:
    candidates = candidates_of(
        replace(load_spaces(), smoothers={"none": {}}, gaps=(0.0,), bouts=(0.0,), rises=(0.0, 1.0))
    )
    assert len(candidates) == 2 * len(THRESHOLDS)
    plain, higher = candidates[THRESHOLDS.index(0.5)], candidates[len(THRESHOLDS) + THRESHOLDS.index(0.5)]
    assert (plain.threshold, plain.peak) == (0.5, 0.0)
    assert higher.threshold == 0.5
    assert higher.peak == pytest.approx(1 / (1 + np.exp(-1)), abs=1e-4)


def test_thresholds_grow_from_rare_to_sure() -> None:
    assert sorted(set(THRESHOLDS)) == list(THRESHOLDS)
    assert THRESHOLDS[0] == 0.0067
    assert 0.5 in THRESHOLDS


# Choosing


Stages = Mapping[int | None, Sequence[Array]]


def judged_one_by_one(
    candidates: Candidates, stages: Stages, labels: Sequence[Array], rates: Sequence[float]
) -> Verdict:
    """As the definition says: every candidate on every unit, exact fractions, loops."""
    every = [(rounds, candidates[place]) for rounds in stages for place in range(len(candidates))]
    counts = [
        [
            Counts(int((claimed * actual).sum()), int(claimed.sum()), int(actual.sum()))
            for actual, probabilities, fps in zip(labels, stages[rounds], rates, strict=True)
            for claimed in [decide(decision, probabilities, fps)]
        ]
        for rounds, decision in every
    ]

    def best_on(units: Sequence[int]) -> int:
        def merit(candidate: int) -> tuple[Fraction, Fraction, int]:
            near = neighbors(candidate, len(candidates.thresholds))
            pooled = sum((counts[one][unit] for unit in units for one in near), Counts())
            f1 = Fraction(2 * pooled.hits, max(pooled.claimed + pooled.actual, 1))
            return f1, Fraction(pooled.hits, max(pooled.claimed, 1)), candidate

        return max(range(len(every)), key=merit)

    units = range(len(labels))
    crossed = [counts[best_on([other for other in units if other != unit])][unit] for unit in units]
    of_bouts = []
    for unit in units:
        stage, theirs = every[best_on([other for other in units if other != unit])]
        of_bouts.append(count_bouts(decide(theirs, stages[stage][unit], rates[unit]), labels[unit]))
    resampled = []
    for draw in resamples(len(labels)).draws:
        drawn = [unit for unit in units for _ in range(draw[unit])]
        best = best_on(drawn)
        on, off = (sum((counts[best][unit] for unit in some), Counts()) for some in (drawn, set(units) - set(drawn)))
        resampled.append([on.hits, on.claimed, off.hits, off.claimed])
    rounds, decision = every[best_on(units)]
    return Verdict(decision, rounds, tuple(crossed), tuple(of_bouts), np.array(resampled))


@settings(max_examples=50, deadline=None)
@given(CANDIDATES, st.lists(UNIT, min_size=1, max_size=4), st.lists(FPS, min_size=4), st.integers(0, 2**32 - 1))
def test_a_unit_is_judged_as_the_others_would_decide_and_the_best_on_all_ships(
    candidates: Candidates, units: list[list[tuple[float, int]]], rates: list[float], seed: int
) -> None:
    probabilities = probabilities_of(units)
    chance = np.random.default_rng(seed)
    other = [chance.permutation(unit) for unit in probabilities]
    stages: Stages = {None: probabilities} if seed % 2 else {20: other, 40: probabilities}
    labels = labels_of(units)
    rates = rates[: len(units)]
    verdict, expected = judge(candidates, stages, labels, rates), judged_one_by_one(candidates, stages, labels, rates)
    assert verdict == expected
    assert verdict.resampled.dtype == np.int64
    assert verdict.resampled.tolist() == expected.resampled.tolist()


@settings(max_examples=60, deadline=None)
@given(CANDIDATES, st.lists(UNIT, min_size=2, max_size=4), FPS, st.data())
def test_a_units_own_labels_have_no_say_in_how_it_is_judged(
    candidates: Candidates, units: list[list[tuple[float, int]]], fps: float, data: st.DataObject
) -> None:
    stages: Stages = {None: probabilities_of(units)}
    labels = labels_of(units)
    unit = data.draw(st.integers(0, len(units) - 1))
    frames = len(units[unit])
    relabelled = [*labels]
    relabelled[unit] = np.array(data.draw(st.lists(st.integers(0, 1), min_size=frames, max_size=frames)), dtype=np.int8)
    before, after = (
        judge(candidates, stages, one, [fps] * len(units)).counts[unit].claimed for one in (labels, relabelled)
    )
    assert before == after


def test_of_equal_decisions_the_one_that_claims_less_is_chosen() -> None:
    candidates = Candidates((Choice("none"),), (0.0, 1.0), (0.0, 1.0), (0.2, 0.4, 0.9))
    probabilities = [np.array([0.1, 0.5, 0.5, 0.5], dtype=np.float32)] * 2
    labels = [np.array([0, 1, 1, 1], dtype=np.int8)] * 2
    verdict = judge(candidates, {10: probabilities, 20: probabilities}, labels, [3.0] * 2)
    assert verdict.decision == Decision(Choice("none"), 0.2, 1.0, 1.0)  # fewer neighbors of 0.2 claim nothing
    assert verdict.rounds == 20
    assert verdict.counts == (Counts(3, 3, 3), Counts(3, 3, 3))
    assert verdict.bouts == (Counts(1, 1, 1), Counts(1, 1, 1))


def test_a_threshold_is_chosen_by_what_its_neighbors_are_worth_too() -> None:
    labels = np.array([0] * 20 + [1] * 10, dtype=np.int8)
    # Only a cut at log-odds of 1.4 (0.802) is right throughout; any lower one claims one frame too many.
    probabilities = np.array([0.005] * 19 + [0.79] + [0.82] * 10, dtype=np.float32)
    candidates = Candidates((Choice("none"),), (0.0,), (0.0,))
    table = count_table(candidates, [probabilities], [labels], [30.0])[0]
    assert [one for one, counts in zip(THRESHOLDS, table.tolist(), strict=True) if counts == [10, 10]] == [0.8022]
    threshold = judge(candidates, {None: [probabilities]}, [labels], [30.0]).decision.threshold
    assert threshold == THRESHOLDS[THRESHOLDS.index(0.8022) - NEIGHBORS]  # the highest whose neighbors all claim


def test_precision_breaks_ties_of_f1() -> None:
    labels = np.array([1, 1, 0, 0, 0, 0], dtype=np.int8)
    surer = np.array([0.9, 0.1, 0.9, 0.1, 0.1, 0.1], dtype=np.float32)  # 1 hit of 2 claimed: F1 is 2 / (2 + 2)
    later = np.full(6, 0.9, dtype=np.float32)  # 2 hits of 6 claimed: F1 is 4 / (6 + 2)
    candidates = Candidates((Choice("none"),), (0.0,), (0.0,), (0.5,))
    assert judge(candidates, {10: [surer], 20: [later]}, [labels], [30.0]).rounds == 10


# Resamples


def resampled_one_by_one(table: Array, actual: Array) -> list[list[int]]:
    """As the definition says: whole numbers and exact fractions, loops."""

    def pooled(candidate: int, weights: Array) -> Counts:
        (hits, claimed), positives = weights @ table[:, candidate], weights @ actual
        return Counts(int(hits), int(claimed), int(positives))

    def merit(candidate: int, weights: Array) -> tuple[Fraction, Fraction, int]:
        counts = pooled(candidate, weights)
        f1 = Fraction(2 * counts.hits, max(counts.claimed + counts.actual, 1))
        return f1, Fraction(counts.hits, max(counts.claimed, 1)), candidate

    rows = []
    for draw in resamples(len(actual)).draws:
        best = max(merit(candidate, draw) for candidate in range(table.shape[1]))[2]
        on, off = pooled(best, draw), pooled(best, (draw == 0).astype(np.int64))
        rows.append([on.hits, on.claimed, off.hits, off.claimed])
    return rows


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 7), st.integers(1, 12), st.sampled_from([1, 3, 100, 10**7]), st.integers(0, 2**32 - 1))
def test_what_is_best_on_a_resample_is_counted_on_it_and_on_what_it_left_out(
    units: int, candidates: int, most: int, seed: int
) -> None:
    chance = np.random.default_rng(seed)
    actual = chance.integers(0, most + 1, units)
    claimed = chance.integers(0, most + 1, (units, candidates))
    hits = (np.minimum(claimed, actual[:, None]) * chance.random((units, candidates))).round().astype(np.int64)
    table = np.stack([hits, claimed], axis=2)
    assert count_resampled(table, SPAN * table, actual).tolist() == resampled_one_by_one(table, actual)


def test_candidates_that_single_precision_cannot_tell_apart_are_told_apart() -> None:
    # F1 of 2a / (claimed + actual): one claim more or less in sixteen million changes the eighth digit.
    claimed = np.array([[8_000_001, 8_000_000, 8_000_002]])
    table = np.stack([np.full((1, 3), 4_000_000), claimed], axis=2)
    assert count_resampled(table, SPAN * table, np.array([8_000_000])).tolist() == [[4_000_000, 8_000_000, 0, 0]]


@pytest.mark.parametrize("parts", [(0, 1, 0, 2, 1), (0, 0, 1, 1, 1)])
def test_units_of_one_part_are_counted_together(parts: tuple[int, ...]) -> None:
    rng = np.random.default_rng(4)
    probabilities = [rng.random(60).astype(np.float32) for _ in parts]
    labels = [(rng.random(60) < 0.4).astype(np.int8) for _ in parts]
    candidates = Candidates((Choice("none"),), (0.0, 0.2), (0.0, 0.3))
    apart = count_table(candidates, probabilities, labels, [10.0] * 5)
    together = count_table(candidates, probabilities, labels, [10.0] * 5, parts)
    for part in set(parts):
        np.testing.assert_array_equal(together[part], apart[[one == part for one in parts]].sum(axis=0))
    verdict = judge(candidates, {None: probabilities}, labels, [10.0] * 5, parts)
    steady = steadied(together, candidates)
    for part in set(parts):
        theirs = [unit for unit, its in enumerate(parts) if its == part]
        rest = sum(int(labels[unit].sum()) for unit in range(len(parts)) if unit not in theirs)
        chosen = candidates[best_candidate(steady.sum(axis=0) - steady[part], SPAN * rest)]
        claims = {unit: decide(chosen, probabilities[unit], 10.0) for unit in theirs}
        assert verdict.counts[part] == total(count(claims[unit], labels[unit]) for unit in theirs)
        assert verdict.bouts[part] == total(count_bouts(claims[unit], labels[unit]) for unit in theirs)
