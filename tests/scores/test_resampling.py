"""Bootstrap resamples of units, against a count of all ordered draws."""

from collections import Counter
from itertools import product

import numpy as np
import pytest

from harness.scores.resampling import DRAWN, ENUMERATED_UP_TO, resamples

FEW = range(1, ENUMERATED_UP_TO + 1)
MANY = (ENUMERATED_UP_TO + 1, 12)


@pytest.mark.parametrize("units", FEW)
def test_few_units_have_every_resample_with_its_probability(units: int) -> None:
    ordered = Counter(tuple(np.bincount(draw, minlength=units)) for draw in product(range(units), repeat=units))
    found = resamples(units)
    assert len(found.draws) == len(ordered)
    for draw, weight in zip(found.draws, found.weights, strict=True):
        assert weight == pytest.approx(ordered[tuple(draw)] / units**units)


@pytest.mark.parametrize("units", MANY)
def test_many_units_have_draws_of_equal_weight_that_leave_out_about_a_third(units: int) -> None:
    found = resamples(units)
    assert found.draws.shape == (DRAWN, units)
    assert set(found.weights.tolist()) == {1 / DRAWN}
    assert found.left_out.mean() == pytest.approx((1 - 1 / units) ** units, abs=0.03)


@pytest.mark.parametrize("units", [*FEW, *MANY])
def test_a_resample_holds_as_many_units_as_there_are(units: int) -> None:
    found = resamples(units)
    assert found.draws.dtype == np.int64
    assert (found.draws.sum(axis=1) == units).all()
    assert found.weights.sum() == pytest.approx(1)


@pytest.mark.parametrize("units", [3, MANY[0]])
def test_resamples_are_the_same_when_they_are_made_again(units: int) -> None:
    first = resamples(units)
    resamples.cache_clear()
    again = resamples(units)
    assert again is not first
    np.testing.assert_array_equal(again.draws, first.draws)


@pytest.mark.parametrize("units", [3, MANY[0]])
def test_no_caller_can_change_what_the_next_one_gets(units: int) -> None:
    found = resamples(units)
    for shared in (found.draws, found.weights):
        with pytest.raises(ValueError, match="read-only"):
            shared[0] = 0


def test_what_is_left_out_is_what_was_not_drawn() -> None:
    found = resamples(2)
    assert found.draws.tolist() == [[2, 0], [1, 1], [0, 2]]
    assert found.left_out.tolist() == [[False, True], [False, False], [True, False]]
    assert found.weights.tolist() == [0.25, 0.5, 0.25]


def test_without_units_there_is_nothing_to_draw() -> None:
    with pytest.raises(ValueError, match="1 unit or more"):
        resamples(0)
