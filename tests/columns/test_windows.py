import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.columns.tiles import TILE
from harness.columns.windows import (
    WRITERS,
    chosen_windows,
    frames_at_once,
    half_width,
    moving_mean,
    window_names,
    windowed,
    with_windows,
)
from harness.recording import Array
from harness.spec import STATISTICS

NAN = float("nan")
DIFFERENCES = ("past", "future", "change")


def by_hand(values: Array, frame: int, half: int) -> dict[str, Array]:
    """All statistics of one window, by column."""
    before, after = values[max(frame - half, 0) : frame + 1], values[frame : frame + half + 1]
    window = np.concatenate([before, after[1:]])
    past, future = values[frame] - np.nanmean(before, axis=0), np.nanmean(after, axis=0) - values[frame]
    low, high = np.nanmin(window, axis=0), np.nanmax(window, axis=0)
    return {
        "mean": np.nanmean(window, axis=0),
        "std": np.nanstd(window, axis=0),
        "min": low,
        "max": high,
        "range": high - low,
        "past": past,
        "future": future,
        "change": np.nanmean(after, axis=0) - np.nanmean(before, axis=0),
    }


def loop(values: Array, half: int) -> dict[str, Array]:
    """Each statistic (frames, columns), frame by frame."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of windows that hold nothing
        rows = [by_hand(values.astype(np.float64), frame, half) for frame in range(len(values))]
    return {statistic: np.array([row[statistic] for row in rows]) for statistic in STATISTICS}


def by_statistic(table: Array, statistics: Sequence[str] = STATISTICS) -> dict[str, Array]:
    """What `windowed` gave for one width: each statistic (frames, columns)."""
    return dict(zip(statistics, np.split(table, len(statistics), axis=1), strict=True))


def assert_alike(found: Mapping[str, Array], expected: Mapping[str, Array], tolerance: float) -> None:
    for statistic, values in expected.items():
        assert found[statistic] == pytest.approx(values, abs=tolerance, nan_ok=True), statistic


def wandering(frames: int, columns: int, missing: float, seed: int = 0) -> Array:
    chance = np.random.default_rng(seed)
    block = np.cumsum(chance.normal(size=(frames, columns)), axis=0)
    block[chance.random(block.shape) < missing] = NAN
    return block.astype(np.float32)


def test_a_step_in_the_middle_of_a_window() -> None:
    table = windowed(np.array([[0.0], [0], [0], [6], [6]], dtype=np.float32), 10, [0.4], STATISTICS)
    found = {name: values[:, 0] for name, values in by_statistic(table).items()}  # two frames to either side
    assert found["mean"] == pytest.approx([0, 1.5, 2.4, 3, 4])
    assert found["std"][2] == pytest.approx(np.sqrt(6 * 2.4 - 2.4**2))
    assert found["min"].tolist() == [0, 0, 0, 0, 0]
    assert found["max"].tolist() == [0, 6, 6, 6, 6]
    assert found["range"].tolist() == [0, 6, 6, 6, 6]
    assert found["past"] == pytest.approx([0, 0, 0, 4, 2])
    assert found["future"] == pytest.approx([0, 2, 4, 0, 0])
    assert found["change"] == pytest.approx([0, 2, 4, 4, 2])


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
    found = by_statistic(windowed(block, 25, [seconds], STATISTICS))
    assert_alike(found, loop(block, half_width(seconds, 25)), 1e-4)


@pytest.mark.parametrize("missing", [0, 0.3])
def test_long_recordings_are_no_different_where_tiles_meet(missing: float) -> None:
    block = wandering(2 * TILE + 100, 3, missing)
    narrow, wide = np.split(windowed(block, 10, [1.0, 40.0], STATISTICS), 2, axis=1)
    assert_alike(by_statistic(narrow), loop(block, 5), 2e-4)
    assert_alike(by_statistic(wide), loop(block, 200), 2e-4)


@settings(deadline=None, max_examples=30)
@given(st.permutations(STATISTICS), st.integers(1, len(STATISTICS)), st.permutations([0.2, 1.0, 3.0]))
def test_what_is_asked_for_in_any_order_comes_out_under_its_name(
    order: list[str], count: int, seconds: list[float]
) -> None:
    block, columns = wandering(90, 2, 0.1), ["a", "b"]
    every = dict(zip(window_names(columns, [0.2, 1.0, 3.0], STATISTICS),
                     windowed(block, 20, [0.2, 1.0, 3.0], STATISTICS).T, strict=True))  # fmt: skip
    statistics = order[:count]
    names = window_names(columns, seconds, statistics)
    assert len(set(names)) == 2 * count * 3
    for name, values in zip(names, windowed(block, 20, seconds, statistics).T, strict=True):
        assert np.array_equal(values, every[name], equal_nan=True), name


def test_names_are_in_the_order_of_the_columns() -> None:
    assert window_names(["a", "b"], [0.5, 2.0], ["mean", "max"]) == [
        *("a mean 0.5s", "b mean 0.5s", "a max 0.5s", "b max 0.5s"),
        *("a mean 2s", "b mean 2s", "a max 2s", "b max 2s"),
    ]
    block = np.stack([np.zeros(90), np.arange(90)], axis=1).astype(np.float32)
    names = window_names(["a", "b"], [0.5, 2.0], STATISTICS)
    middle = dict(zip(names, windowed(block, 30, [0.5, 2.0], STATISTICS)[45], strict=True))
    assert middle["b mean 2s"] == pytest.approx(45)
    assert [middle[f"b {name} 2s"] for name in ("min", "max", "range")] == [15, 75, 60]
    assert middle["b change 2s"] == pytest.approx(30)  # 15 to either side: halves of 31 frames, each with the middle
    assert [name for name, value in middle.items() if name.startswith("a") and value != 0] == []


def test_every_statistic_that_can_be_asked_for_is_written() -> None:
    assert tuple(WRITERS) == STATISTICS


@pytest.mark.parametrize("missing", [0, 0.3])
def test_a_column_does_not_depend_on_the_others(missing: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor on whether any is missing in them, nor on the columns it is worked on together with."""
    block = wandering(2 * TILE, 40, missing)
    block[::7, ::2] *= 1e6
    block[::5, 2] = NAN
    alone = np.stack([windowed(column[:, None], 30, [0.5, 2.0], STATISTICS) for column in block.T], axis=2)
    together = windowed(block, 30, [0.5, 2.0], STATISTICS)
    assert np.array_equal(together, alone.reshape(together.shape), equal_nan=True)
    monkeypatch.setattr("harness.columns.tiles.BLOCK", 1)
    assert np.array_equal(together, windowed(block, 30, [0.5, 2.0], STATISTICS), equal_nan=True)


def test_no_digits_are_lost_far_from_zero() -> None:
    block = wandering(300, 2, 0.1)
    statistics = ("std", *DIFFERENCES)
    moved = block.astype(np.float64) + 2.0**20
    near, far = (by_statistic(windowed(one, 30, [0.5], statistics), statistics) for one in (block, moved))
    assert_alike(far, near, 1e-4)


@pytest.mark.parametrize("size", [1e-25, 1e25])
def test_the_unit_of_a_column_makes_no_difference(size: float) -> None:
    block = wandering(100, 2, 0.1)
    near, far = windowed(block, 30, [0.5], STATISTICS), windowed(block * np.float32(size), 30, [0.5], STATISTICS)
    assert far / size == pytest.approx(near, abs=1e-4, nan_ok=True)


def test_lowest_and_highest_are_exact() -> None:
    block = wandering(400, 3, 0.2)
    block[::50] *= 1e7
    found, expected = by_statistic(windowed(block, 30, [1.0], STATISTICS)), loop(block, 15)
    for name in ("min", "max"):
        assert np.array_equal(found[name], expected[name].astype(np.float32), equal_nan=True)


def test_a_value_is_missing_only_where_its_window_holds_nothing() -> None:
    block = np.full((11, 2), NAN, dtype=np.float32)
    block[5, 0] = 7
    found = by_statistic(windowed(block, 10, [0.4], STATISTICS))
    near, at = abs(np.arange(11) - 5) <= 2, np.arange(11) == 5
    for name in ("mean", "min", "max"):
        assert found[name][:, 0] == pytest.approx(np.where(near, 7, NAN), nan_ok=True), name
    for name in ("std", "range"):
        assert found[name][:, 0] == pytest.approx(np.where(near, 0, NAN), nan_ok=True), name
    for name in DIFFERENCES:
        assert found[name][:, 0] == pytest.approx(np.where(at, 0, NAN), nan_ok=True), name
    assert all(np.isnan(values[:, 1]).all() for values in found.values())


@pytest.mark.parametrize("missing", [0, 0.2])
def test_where_nothing_changes_what_tells_of_change_is_exactly_zero(missing: float) -> None:
    chance = np.random.default_rng(0)
    block = np.repeat(chance.normal(size=(4, 5)) * 1000, 100, axis=0).astype(np.float32)
    block[chance.random(block.shape) < missing] = NAN
    found = by_statistic(windowed(block, 30, [0.5], STATISTICS))  # eight frames to either side
    place = np.arange(400)
    inside = (place < 92) | (place >= 308) | ((place % 100 >= 8) & (place % 100 < 92))
    for name in ("std", "range", *DIFFERENCES):
        values = found[name][inside]
        assert (values[~np.isnan(values)] == 0).all(), name
    seen = inside[:, None] & ~np.isnan(block)
    assert found["mean"][seen] == pytest.approx(block[seen], rel=1e-5)
    assert not np.isnan(np.stack([found[name] for name in DIFFERENCES])[:, seen]).any()


def test_windows_of_many_minutes_keep_their_promises() -> None:
    still, moving = np.full(30_000, 0.1), np.sin(np.arange(30_000) / 500)
    still[15_000:] = 1e5
    block = np.stack([still, moving], axis=1).astype(np.float32)
    statistics = ("mean", "std", "change")
    found = by_statistic(windowed(block, 30, [400.0], statistics), statistics)  # 6,000 frames to either side
    assert (found["std"][:9_000, 0] == 0).all()
    assert (found["change"][:9_000, 0] == 0).all()
    expected = by_hand(block.astype(np.float64), 14_000, 6_000)
    assert_alike({name: values[14_000, 1:] for name, values in found.items()},
                 {name: expected[name][1:] for name in statistics}, 1e-5)  # fmt: skip


def test_a_column_that_never_changes_keeps_its_value() -> None:
    block = np.full((50, 3), [0.1, -1e6, 0], dtype=np.float32)
    found = by_statistic(windowed(block, 30, [1.0], STATISTICS))
    for name in ("mean", "min", "max"):
        assert np.array_equal(found[name], block), name


def test_change_is_past_and_future_together() -> None:
    block = wandering(200, 3, 0.2)
    found = by_statistic(windowed(block, 30, [1.0], DIFFERENCES), DIFFERENCES)
    seen = ~np.isnan(block)
    assert found["change"][seen] == pytest.approx(found["past"][seen] + found["future"][seen], abs=1e-5)
    for name in ("past", "future"):
        assert np.array_equal(np.isnan(found[name]), ~seen), name


@pytest.mark.parametrize(
    ("frames", "columns", "seconds", "statistics"),
    [(0, 3, [1.0], STATISTICS), (4, 0, [1.0], STATISTICS), (4, 3, [], STATISTICS), (4, 3, [1.0], ())],
)
def test_nothing_gives_nothing(frames: int, columns: int, seconds: list[float], statistics: Sequence[str]) -> None:
    table = windowed(np.zeros((frames, columns), dtype=np.float32), 30, seconds, statistics)
    assert table.shape == (frames, columns * len(statistics) * len(seconds))


def test_one_frame_is_its_own_mean() -> None:
    table = windowed(np.array([[3.0, NAN]], dtype=np.float32), 30, [0.5, 2], STATISTICS)
    expected = [3 if name in ("mean", "min", "max") else 0 for name in STATISTICS]
    assert table[0] == pytest.approx([value for one in expected for value in (one, NAN)] * 2, nan_ok=True)


@pytest.mark.parametrize("kind", [np.float64, np.int16])
def test_columns_of_other_numbers_give_the_same(kind: type) -> None:
    block = np.round(wandering(100, 3, 0.0) * 10)
    expected = windowed(block, 30, [0.5], STATISTICS)
    assert np.array_equal(windowed(block.astype(kind), 30, [0.5], STATISTICS), expected)


def test_the_table_is_left_alone_and_may_be_read_only() -> None:
    block = wandering(100, 2, 0.2)
    before = block.copy()
    block.flags.writeable = False
    assert windowed(block, 30, [0.5], STATISTICS).dtype == np.float32
    assert np.array_equal(block, before, equal_nan=True)


def test_columns_and_their_windows_stand_in_one_table() -> None:
    block = wandering(700, 3, 0.2)
    table = with_windows(block, 30, [0.5, 2.0], ["std", "max"])
    assert table.dtype == np.float32
    assert np.array_equal(table[:, :3], block, equal_nan=True)
    assert np.array_equal(table[:, 3:], windowed(block, 30, [0.5, 2.0], ["std", "max"]), equal_nan=True)
    assert np.array_equal(with_windows(block, 30, [], ["std"]), block, equal_nan=True)


@pytest.mark.parametrize(("seconds", "fps", "frames"), [(0.5, 30, 17), (2, 30, 61), (0.01, 30, 3), (1, 25, 25)])
def test_a_width_is_an_odd_number_of_frames_and_at_least_three(seconds: float, fps: float, frames: int) -> None:
    assert 2 * half_width(seconds, fps) + 1 == frames


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 40), st.integers(1, 50), st.sampled_from([0.0, 0.3, 1.0]), st.booleans(), st.integers(0, 2**32 - 1)
)
def test_a_moving_mean_agrees_with_a_loop_over_frames(
    frames: int, half: int, missing: float, planar: bool, seed: int
) -> None:
    values = wandering(frames, 3, missing, seed).T.astype(np.float64)
    if planar:
        values = values + 1j * values[::-1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of windows that hold nothing
        expected = [np.nanmean(values[:, max(frame - half, 0) : frame + half + 1], axis=1) for frame in range(frames)]
    assert moving_mean(values, half) == pytest.approx(np.array(expected).reshape(frames, 3).T, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("missing", [0.0, 0.2])
@pytest.mark.parametrize("frames", [5, 700, 3 * TILE + 11])
def test_some_windows_are_the_very_same_as_all_of_them(missing: float, frames: int) -> None:
    chance = np.random.default_rng(0)
    block = chance.normal(size=(frames, 40)).cumsum(axis=0).astype(np.float32)
    block[chance.random(block.shape) < missing] = NAN
    seconds, fps = (0.5, 2.0), 30.0
    wanted = {
        (width, statistic): np.sort(chance.choice(40, size=chance.integers(1, 41), replace=False))
        for width in (0, 1)
        for statistic in STATISTICS
    }
    everything = windowed(block, fps, seconds, STATISTICS).reshape(frames, 2, len(STATISTICS), 40)
    expected = [everything[:, width, STATISTICS.index(one), columns] for (width, one), columns in wanted.items()]
    step = frames_at_once(fps, seconds)
    parts = [slice(first, min(first + step, frames)) for first in range(0, frames, step)]
    found = np.concatenate([chosen_windows(block, fps, seconds, wanted, part) for part in parts])
    assert found.tobytes() == np.concatenate(expected, axis=1).tobytes()
