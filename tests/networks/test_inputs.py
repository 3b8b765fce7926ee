"""What a network is given of columns."""

import numpy as np
import pytest

from harness.networks.inputs import AT_ONCE, FARTHEST, LEARNED_FROM, SPREAD, TAILS, Inputs
from harness.recording import Array


@pytest.fixture
def columns() -> Array:
    """A bell curve, a constant, one that is never seen, and two that go missing together on every other step."""
    chance = np.random.default_rng(0)
    found = np.stack([chance.normal(5, 2, 4000), np.full(4000, 7.0), np.full(4000, np.nan), *chance.random((2, 4000))])
    found[3:, ::2] = np.nan
    return found.T.astype(np.float32)


def test_columns_come_to_one_scale(columns: Array) -> None:
    given = Inputs.learned([columns]).of(columns)
    assert given.dtype == np.float32
    assert np.median(given[:, 0]) == pytest.approx(0, abs=1e-5)
    low, high = np.quantile(given[:, 0], [0.05, 0.95])
    assert high - low == pytest.approx(SPREAD, rel=1e-4)
    assert not given[:, 1].any()


def test_missing_values_are_0_and_told_by_one_mask_for_all_that_go_missing_together(columns: Array) -> None:
    inputs = Inputs.learned([columns])
    given = inputs.of(columns)
    assert inputs.width == 6
    assert not given[:, 2].any()
    assert not given[::2, 3:5].any()
    np.testing.assert_array_equal(given[:, 5], np.arange(4000) % 2 == 0)


def test_far_values_are_held(columns: Array) -> None:
    far = columns.copy()
    far[0, 0], far[1, 0], far[2, 1] = 1e9, -1e9, 1e9
    given = Inputs.learned([columns]).of(far)
    assert given[0, 0] == FARTHEST
    assert given[1, 0] == -FARTHEST
    assert given[2, 1] == FARTHEST


def test_inputs_are_the_same_from_their_arrays(columns: Array) -> None:
    inputs = Inputs.learned([columns])
    np.testing.assert_array_equal(Inputs.from_arrays(inputs.as_arrays()).of(columns), inputs.of(columns))
    for name, wrong in (("scale", np.ones(2)), ("masked", np.array([9])), ("masked", np.array([0.5]))):
        with pytest.raises(ValueError, match="mask"):
            Inputs.from_arrays(inputs.as_arrays() | {name: wrong})


def test_nothing_that_was_seen_anywhere_is_nothing_but_zeros() -> None:
    nothing = np.full((10, 3), np.nan, dtype=np.float32)
    inputs = Inputs.learned([nothing])
    assert not inputs.of(nothing).any()


def test_of_many_columns_each_is_learned_as_it_would_be_alone() -> None:
    chance = np.random.default_rng(0)
    wide = chance.normal(chance.normal(size=AT_ONCE + 9), 3, (400, AT_ONCE + 9)).astype(np.float32)
    wide[::3, [2, AT_ONCE + 1]] = np.nan
    wide[::5, AT_ONCE + 4] = np.nan
    inputs = Inputs.learned([wide[:150], wide[150:]])
    np.testing.assert_array_equal(inputs.center, np.nanmedian(wide, axis=0))
    low, high = np.nanquantile(wide, TAILS, axis=0)
    np.testing.assert_allclose(inputs.scale, (high - low) / SPREAD, rtol=1e-6)
    assert inputs.masked.tolist() == [2, AT_ONCE + 4]


def test_of_many_steps_some_are_learned_from() -> None:
    many = np.zeros((LEARNED_FROM + 1, 1), dtype=np.float32)
    many[::2] = 1  # so every second step is 1
    assert Inputs.learned([many]).center == 1
