"""What a network is shown in training."""

import numpy as np
import pytest

from harness.networks.chunks import Changes, Chunks
from harness.recording import Array

NONE = Changes(stretch=0.0, shift=0, dropped=0.0)


@pytest.fixture
def series() -> tuple[list[Array], list[Array]]:
    """Two recordings whose one input is the step's own number, from 1 on; the second knows only the rare behavior."""
    inputs = [np.arange(1, 301, dtype=np.float32)[:, None], np.arange(1001, 1401, dtype=np.float32)[:, None]]
    shares = [np.zeros((300, 2), np.float32), np.zeros((400, 2), np.float32)]
    shares[0][100:200, 0] = 1
    shares[1][:, 0] = np.nan
    shares[1][370:373, 1] = 1
    return inputs, shares


def test_a_chunk_is_a_stretch_of_a_recording_with_its_labels(series: tuple[list[Array], list[Array]]) -> None:
    X, y = Chunks(*series, 64, NONE, 0).batch(40)
    assert X.shape == (40, 64, 1)
    assert y.shape == (40, 64, 2)
    for chunk, shares in zip(X[:, :, 0], y, strict=True):
        there = np.flatnonzero(chunk)
        assert (np.diff(chunk[there]) == 1).all()
        recording = int(chunk[there[0]] > 1000)
        steps = chunk[there].astype(int) - (1001 if recording else 1)
        np.testing.assert_array_equal(shares[there], series[1][recording][steps])
        beyond = np.setdiff1d(np.arange(64), there)
        assert np.isnan(shares[beyond]).all()


def test_half_of_the_chunks_show_a_behavior_the_rare_one_as_often_as_the_other(
    series: tuple[list[Array], list[Array]],
) -> None:
    _, y = Chunks(*series, 16, NONE, 0).batch(2000)
    shows = np.asarray((np.nan_to_num(y[::2]) > 0).any(axis=1))
    assert shows.max(axis=1).all()
    assert shows[:, 1].mean() == pytest.approx(0.5, abs=0.06)


def test_changes_are_as_large_as_they_say(series: tuple[list[Array], list[Array]]) -> None:
    wide = [np.repeat(one, 50, axis=1) for one in series[0]]
    X, _ = Chunks(wide, series[1], 64, Changes(stretch=0.0, shift=0, dropped=0.4), 0).batch(100)
    seen = X.any(axis=1)
    assert 1 - seen.mean() == pytest.approx(0.4, abs=0.03)
    X, _ = Chunks(*series, 64, Changes(stretch=0.2, shift=0, dropped=0.0), 0).batch(300)
    paces = [np.diff(one[one > 0]).mean() for one in X[:, :, 0] if (one > 0).sum() > 30]
    assert 0.78 < min(paces) < 0.85
    assert 1.15 < max(paces) < 1.22


def test_labels_move_by_so_many_steps_at_most(series: tuple[list[Array], list[Array]]) -> None:
    X, y = Chunks(*series, 64, Changes(stretch=0.0, shift=3, dropped=0.0), 0).batch(300)
    starts = [
        int(chunk[np.flatnonzero(shares[:, 0] == 1)[0]]) - 101
        for chunk, shares in zip(X[:, :, 0], y, strict=True)
        if (shares[:, 0] == 1).any() and (shares[:, 0] == 0).any() and chunk[np.argmax(shares[:, 0] == 1)] < 150
        if shares[max(0, np.argmax(shares[:, 0] == 1) - 1), 0] == 0
    ]
    assert set(starts) == {-3, -2, -1, 0, 1, 2, 3}


def test_the_same_seed_draws_the_same_chunks(series: tuple[list[Array], list[Array]]) -> None:
    one, other, another = (Chunks(*series, 64, Changes(), seed).batch(8) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one[0], other[0])
    np.testing.assert_array_equal(one[1], other[1])
    assert not np.array_equal(one[0], another[0])


def test_without_a_positive_step_chunks_lie_anywhere() -> None:
    X, y = Chunks([np.ones((30, 1), np.float32)], [np.zeros((30, 1), np.float32)], 8, NONE, 0).batch(4)
    assert X.any()
    assert not np.nan_to_num(y).any()
