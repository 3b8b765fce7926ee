import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.recording import Array
from harness.windows import STATISTICS, TILE, half_width, window_names, windowed

NAN = float("nan")


def by_hand(block: Array, half: int) -> Array:
    """Mean, standard deviation and change, frame by frame."""
    rows = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for frame in range(len(block)):
            before, after = block[max(frame - half, 0) : frame + 1], block[frame : frame + half + 1]
            window = np.concatenate([before, after[1:]])
            change = np.nanmean(after, axis=0) - np.nanmean(before, axis=0)
            rows.append(np.concatenate([np.nanmean(window, axis=0), np.nanstd(window, axis=0), change]))
    return np.array(rows)


def wandering(frames: int, columns: int, missing: float, seed: int = 0) -> Array:
    chance = np.random.default_rng(seed)
    block = np.cumsum(chance.normal(size=(frames, columns)), axis=0)
    block[chance.random(block.shape) < missing] = NAN
    return block.astype(np.float32)


def test_a_step_in_the_middle_of_a_window() -> None:
    table = windowed(np.array([[0.0], [0], [0], [6], [6]], dtype=np.float32), 10, [0.4])  # two frames to either side
    mean, std, change = table.T
    assert mean == pytest.approx([0, 1.5, 2.4, 3, 4])
    assert std[2] == pytest.approx(np.sqrt(6 * 2.4 - 2.4**2))
    assert change == pytest.approx([0, 2, 4, 4, 2])


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 60),
    st.integers(1, 4),
    st.sampled_from([0.0, 0.1, 0.6, 1.0]),
    st.floats(0.01, 5),
    st.integers(0, 2**32 - 1),
)
def test_windows_agree_with_a_loop_over_frames(
    frames: int, columns: int, missing: float, seconds: float, seed: int
) -> None:
    block = wandering(frames, columns, missing, seed)
    expected = by_hand(block, half_width(seconds, 25))
    assert windowed(block, 25, [seconds]) == pytest.approx(expected, abs=1e-4, nan_ok=True)


@pytest.mark.parametrize("missing", [0, 0.3])
def test_long_recordings_are_no_different_where_tiles_meet(missing: float) -> None:
    block = wandering(2 * TILE + 100, 3, missing)
    expected = np.concatenate([by_hand(block, half) for half in (5, 200)], axis=1)
    assert windowed(block, 10, [1.0, 40.0]) == pytest.approx(expected, abs=2e-4, nan_ok=True)


def test_no_digits_are_lost_far_from_zero() -> None:
    block = wandering(300, 2, 0.1)
    moved = block.astype(np.float64) + 2.0**20
    near, far = windowed(block, 30, [0.5]), windowed(moved, 30, [0.5])
    assert far[:, 2:] == pytest.approx(near[:, 2:], abs=1e-4, nan_ok=True)


def test_a_value_is_missing_only_where_its_window_holds_nothing() -> None:
    block = np.full((11, 2), NAN, dtype=np.float32)
    block[5, 0] = 7
    mean, std, change = windowed(block, 10, [0.4]).reshape(11, 3, 2)[:, :, 0].T
    near = abs(np.arange(11) - 5) <= 2
    assert mean == pytest.approx(np.where(near, 7, NAN), nan_ok=True)
    assert std == pytest.approx(np.where(near, 0, NAN), nan_ok=True)
    assert change == pytest.approx(np.where(np.arange(11) == 5, 0, NAN), nan_ok=True)
    assert np.isnan(windowed(block, 10, [0.4])[:, 1::2]).all()


def test_where_nothing_changes_the_deviation_and_the_change_are_exactly_zero() -> None:
    chance = np.random.default_rng(0)
    block = np.repeat(chance.normal(size=(4, 5)) * 1000, 100, axis=0).astype(np.float32)
    table = windowed(block, 30, [0.5]).reshape(400, 3, 5)
    inside = (np.arange(400) % 100 >= 8) & (np.arange(400) % 100 < 92)
    assert (table[inside, 1:] == 0).all()
    assert table[inside, 0] == pytest.approx(block[inside], rel=1e-5)


def test_a_column_that_never_changes_keeps_its_value() -> None:
    block = np.full((50, 3), [0.1, -1e6, 0], dtype=np.float32)
    assert windowed(block, 30, [1.0])[:, :3] == pytest.approx(block, rel=1e-6)


def test_a_column_does_not_depend_on_its_neighbours() -> None:
    block = wandering(200, 3, 0.2)
    block[:, 1] *= 1e6
    alone = windowed(block[:, 2:], 30, [0.5])
    assert np.array_equal(windowed(block, 30, [0.5])[:, 2::3], alone, equal_nan=True)


@pytest.mark.parametrize(("frames", "columns", "seconds"), [(0, 3, [1.0]), (4, 0, [1.0]), (4, 3, [])])
def test_nothing_gives_nothing(frames: int, columns: int, seconds: list[float]) -> None:
    table = windowed(np.zeros((frames, columns), dtype=np.float32), 30, seconds)
    assert table.shape == (frames, columns * 3 * len(seconds))


def test_one_frame_is_its_own_mean() -> None:
    table = windowed(np.array([[3.0, NAN]], dtype=np.float32), 30, [0.5, 2])
    assert table[0] == pytest.approx([3, NAN, 0, NAN, 0, NAN] * 2, nan_ok=True)


def test_the_table_is_left_alone_and_may_be_read_only() -> None:
    block = wandering(100, 2, 0.2)
    before = block.copy()
    block.flags.writeable = False
    assert windowed(block, 30, [0.5]).dtype == np.float32
    assert np.array_equal(block, before, equal_nan=True)


def test_names_are_in_the_order_of_the_columns() -> None:
    assert window_names(["a", "b"], [0.5, 2.0]) == [
        *("a mean 0.5s", "b mean 0.5s", "a std 0.5s", "b std 0.5s", "a change 0.5s", "b change 0.5s"),
        *("a mean 2s", "b mean 2s", "a std 2s", "b std 2s", "a change 2s", "b change 2s"),
    ]
    block = np.stack([np.zeros(90), np.arange(90)], axis=1).astype(np.float32)
    middle = dict(zip(window_names(["a", "b"], [0.5, 2.0]), windowed(block, 30, [0.5, 2.0])[45], strict=True))
    assert middle["b mean 2s"] == pytest.approx(45)
    assert middle["b change 2s"] == pytest.approx(30)  # 15 to either side: halves of 31 frames, each with the middle
    assert [name for name, value in middle.items() if name.startswith("a") and value != 0] == []


@pytest.mark.parametrize(("seconds", "fps", "frames"), [(0.5, 30, 17), (2, 30, 61), (0.01, 30, 3), (1, 25, 25)])
def test_a_width_is_an_odd_number_of_frames_and_at_least_three(seconds: float, fps: float, frames: int) -> None:
    assert 2 * half_width(seconds, fps) + 1 == frames


def test_there_is_a_name_for_every_statistic() -> None:
    assert len(window_names(["a"], [1.0])) == len(STATISTICS)
