"""What luck is taken off a score, and which leads may be chance."""

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.recording import Array
from harness.scores.honest import CHANCE, bias_corrected, out_of_bag_weight, tied, weighted_quantile
from harness.scores.metrics import Counts, total
from harness.scores.resampling import resamples


def every_draw(units: int) -> list[Sequence[int]]:
    """All equally likely ways to draw as many units as there are."""
    return list(product(range(units), repeat=units))


def row_of(draw: Sequence[int], units: int) -> int:
    """Where `resamples` has this draw."""
    times = np.bincount(draw, minlength=units)
    return int(np.flatnonzero((resamples(units).draws == times).all(axis=1))[0])


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 4), st.integers(0, 99))
def test_an_honest_score_pools_and_orders_what_every_draw_left_out(units: int, seed: int) -> None:
    chance = np.random.default_rng(seed)
    judged = [Counts(int(chance.integers(0, n + 1)), int(n) + 3, int(n)) for n in chance.integers(0, 20, units)]
    left_out = np.zeros((len(resamples(units).draws), 2), dtype=np.int64)
    for row, out in enumerate(resamples(units).left_out):
        most = sum(judged[unit].actual for unit in np.flatnonzero(out))
        left_out[row] = chance.integers(0, most + 1) + np.array([0, chance.integers(0, 9)])
    each, again = [], []
    for draw in every_draw(units):
        hits, claimed = map(int, left_out[row_of(draw, units)])
        each.append(Counts(hits, claimed, sum(judged[unit].actual for unit in set(range(units)) - set(draw))))
        again.append(total(judged[unit] for unit in draw).f1)
    told = [one for one in each if one.actual]
    honest = bias_corrected(left_out, judged, 0.4)
    if not told:
        assert honest is None
    else:
        assert honest is not None
        assert honest.f1 == pytest.approx(0.4 * total(each).f1 + 0.6 * total(judged).f1, abs=1e-9)
        low = np.quantile([one.f1 for one in told], 0.05, method="inverted_cdf")
        high = np.quantile(again, 0.95, method="inverted_cdf")
        assert (honest.low, honest.high) == pytest.approx((min(low, honest.f1), max(high, honest.f1)))


def test_nothing_honest_can_be_said_where_only_one_unit_is_positive_or_there_is_but_one() -> None:
    assert bias_corrected(np.zeros((1, 2)), [Counts(0, 0, 5)], 0.4) is None
    assert bias_corrected(np.zeros((3, 2)), [Counts(), Counts()], 0.4) is None


def test_units_without_positives_take_nothing_from_and_add_nothing_to_a_steady_score() -> None:
    judged = [Counts(5, 10, 10)] * 2 + [Counts(0, 10, 0)] * 3
    left_out = resamples(5).left_out @ np.array([[unit.hits, unit.claimed] for unit in judged])
    honest = bias_corrected(left_out, judged, 0.5)
    assert honest is not None
    assert honest.f1 == pytest.approx(total(judged).f1)  # the same on every unit that is drawn or left out


def test_the_first_of_many_resamples_may_do() -> None:
    few = np.tile([3, 4], (30, 1))
    honest = bias_corrected(few, [Counts(0, 1, 1)] * 7, 0.4)
    positives = resamples(7).left_out[:30].sum(axis=1)
    assert honest is not None
    assert honest.f1 == pytest.approx(0.4 * 2 * 3 * 30 / (4 * 30 + positives.sum()), abs=1e-9)


def test_the_more_trials_the_less_is_believed_of_what_the_best_of_them_scored() -> None:
    weights = [out_of_bag_weight(trials) for trials in (1, 10, 100, 200, 1000)]
    assert weights == pytest.approx([0, 1 / 2.30103, 2 / 2.30103, 1, 1], abs=1e-5)  # log10(200) = 2.30103


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5)), min_size=1, max_size=9), st.floats(0.01, 0.99))
def test_a_weighted_quantile_is_that_of_repeated_values(pairs: list[tuple[int, int]], share: float) -> None:
    values, weights = (np.array(one) for one in zip(*pairs, strict=True))
    found = weighted_quantile(values, weights / weights.sum(), share)
    repeated = np.sort(np.repeat(values, weights))
    ranks = np.arange(1, len(repeated) + 1) / len(repeated)
    assert found == repeated[np.argmax(ranks >= share - 1e-9)]


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 4), st.integers(0, 999))
def test_a_tie_is_a_lead_that_is_gone_in_more_than_a_twentieth_of_the_draws(units: int, seed: int) -> None:
    one, best = (counts(units, np.random.default_rng([seed, which])) for which in (0, 1))
    gone = [total(one[unit] for unit in draw).f1 >= total(best[unit] for unit in draw).f1 for draw in every_draw(units)]
    assert tied(one, best) == (np.mean(gone) > CHANCE)


def counts(units: int, chance: np.random.Generator) -> list[Counts]:
    claimed: Array = chance.integers(1, 30, units)
    return [Counts(int(chance.integers(0, min(number, 10) + 1)), int(number), 10) for number in claimed]


def test_who_is_better_on_every_unit_is_not_tied() -> None:
    worse, better = [Counts(n, 10, 10) for n in (1, 2, 3)], [Counts(n, 10, 10) for n in (2, 3, 4)]
    assert not tied(worse, better)
    assert tied(better, worse)
    assert tied(better, better)
