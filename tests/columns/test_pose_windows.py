from dataclasses import replace

import numpy as np
import pytest
from sklearn.decomposition import PCA

from harness.columns.pose_windows import (
    FAST,
    NEARBY,
    SMALLEST,
    TILE,
    Channels,
    as_table,
    channels,
    half_seen,
    principal_components,
    sampled_windows,
    standardized,
    usual_values,
    weighted_windows,
)
from harness.recording import CALMS21, Array, Recording, Skeleton
from tests.toy import toy_recordings

MICE = toy_recordings(1, 120, missing=0)[0]
HOLES = toy_recordings(1, 300, missing=0.3)[0]
SWAPPED = [0, 2, 1, 3, 5, 4, 6]
"""The keypoints of CalMS21 after left and right have changed places."""


def drawn_in(vector: Array, limit: float) -> Array:
    return np.asarray(vector / (1 + np.hypot(*vector) / limit))


def as_seen(recording: Recording, actor: int, frame: int, places: Array) -> Array:
    """Points (xy, point) of one frame from the actor's middle, ahead along x, in mean body lengths, and drawn in."""
    keypoints = recording.keypoints.astype(np.float64)
    body = keypoints[:, :, :, 0] - keypoints[:, :, :, 6]
    ahead = _axis(recording, actor)[frame]
    turned = np.array([[ahead[0], ahead[1]], [-ahead[1], ahead[0]]])
    unit = np.median(np.linalg.norm(body, axis=2), axis=0).mean()
    own = turned @ (places - keypoints[frame, actor].mean(axis=1)[:, None]) / unit
    return np.stack([drawn_in(point, NEARBY) for point in own.T], axis=1)


def _axis(recording: Recording, actor: int) -> Array:
    """Where the animal is headed (frames, xy): the direction of the best fit of MOUSE to it, by least squares."""
    points = recording.keypoints[:, actor].astype(np.float64)
    along = points[:, :, 0] - points[:, :, 6]
    side = np.stack([-along[:, 1], along[:, 0]], axis=1)
    size = (along**2).sum(axis=1)
    shape = [
        [np.median(((points[:, :, part] - points[:, :, 6]) * way).sum(axis=1) / size) for way in (along, side)]
        for part in range(7)
    ]
    found = []
    for pose in points:
        centered = np.array(shape) - np.mean(shape, axis=0)
        equations = np.concatenate([np.stack([centered[:, 0], -centered[:, 1]], 1), centered[:, ::-1]])
        found.append(np.linalg.lstsq(equations, (pose - pose.mean(axis=1)[:, None]).ravel(), rcond=None)[0])
    return np.asarray(np.array(found) / np.linalg.norm(found, axis=1)[:, None])


def test_channels_are_poses_as_the_actor_sees_them() -> None:
    for actor, frame in ((0, 20), (1, 70)):
        seen = channels(MICE)[actor]
        own = as_seen(MICE, actor, frame, MICE.keypoints[frame, actor])
        other = MICE.keypoints[frame, 1 - actor]
        places = as_seen(MICE, actor, frame, np.stack([other[:, 0], other.mean(axis=1), other[:, 6]], axis=1))
        mirrored = own[:, SWAPPED] * [[1], [-1]]
        both, unlike = (own + mirrored) / 2, (own - mirrored) / 2
        pairs, line = [1, 4], [0, 3, 6]
        symmetric = np.concatenate([own[0, line], places[0], [np.nan], both[0, pairs], both[1, pairs]])
        symmetric = np.append(symmetric, np.hypot(*places[:, 1]))
        sided = np.concatenate([own[1, line], places[1], [np.nan], unlike[0, pairs], unlike[1, pairs], [np.nan]])
        known = ~np.isnan(symmetric), ~np.isnan(sided)
        assert seen.symmetric[known[0], frame] == pytest.approx(symmetric[known[0]], abs=2e-3)
        assert seen.sided[known[1], frame] == pytest.approx(sided[known[1]], abs=2e-3)


def test_an_animal_on_a_circle_walks_ahead_and_turns() -> None:
    angles = 2 * np.pi * np.arange(90) / 90  # once round in three seconds, to +y of its heading
    body = np.array([1, 0, -1])[:, None] * 1j * np.exp(1j * angles) + 3 * np.exp(1j * angles)
    keypoints = 10 * np.stack([body.real, body.imag]).transpose(2, 0, 1)[:, None]
    seen = channels(Recording("circle", keypoints.astype(np.float32), Skeleton.unnamed(3)))[0]
    assert seen.symmetric.shape == (4, 90)  # three keypoints and the velocity
    assert seen.sided.shape == (5, 90)
    speed = 3 / 2 * 2 * np.pi / 3 * np.sinc(0.2 / 3)  # body lengths a second, along the chord of 0.2 seconds
    assert seen.symmetric[3, 3:-3] == pytest.approx(speed / (1 + speed / FAST), rel=1e-3)
    assert seen.sided[3, 3:-3] == pytest.approx(0, abs=1e-5)
    assert seen.sided[4, 3:-3] == pytest.approx(2 * np.pi / 3 * np.sinc(0.2 / 3), rel=1e-3)


def test_a_mirror_changes_the_signs_of_the_sided_channels_and_nothing_else() -> None:
    keypoints = HOLES.keypoints[:, :, :, SWAPPED] * np.array([-1, 1], dtype=np.float32)[:, None]
    mirrored = replace(HOLES, keypoints=keypoints)
    for seen, in_the_mirror in zip(channels(HOLES), channels(mirrored), strict=True):
        assert in_the_mirror.symmetric == pytest.approx(seen.symmetric, abs=1e-4, nan_ok=True)
        assert in_the_mirror.sided == pytest.approx(-seen.sided, abs=1e-4, nan_ok=True)


def test_of_several_others_the_nearest_on_each_frame_is_seen() -> None:
    far = MICE.keypoints[:, 1:] + np.array([4000, 0], dtype=np.float32)[:, None]
    far[60:, 0] = MICE.keypoints[60:, 0]  # from then on it stands where the actor does
    three = replace(MICE, keypoints=np.concatenate([MICE.keypoints, far], axis=1))
    # Columns 3 to 5 are the other's places; lengths differ, since the mean over three animals is the unit.
    two, among = channels(MICE)[0].symmetric, channels(three)[0].symmetric
    assert among[3:6, :60] == pytest.approx(two[3:6, :60], rel=0.02, abs=5e-3)
    assert among[3:6, 60:] == pytest.approx(two[[0, 2, 2], 60:] * [[1], [0], [1]], rel=0.02, abs=5e-3)


def test_another_animal_that_is_not_seen_is_not_the_nearest() -> None:
    unseen = np.full_like(MICE.keypoints[:, :1], np.nan)
    three = replace(MICE, keypoints=np.concatenate([MICE.keypoints[:, :1], unseen, MICE.keypoints[:, 1:]], axis=1))
    assert not np.isnan(channels(three)[0].symmetric).any()


def test_windows_are_sampled_evenly_from_all_recordings() -> None:
    recordings = toy_recordings(4, 75, missing=0)
    times = np.array([-0.2, 0.0, 0.1])
    windows = sampled_windows(iter(recordings), times, 200)  # 600 are too many, so each fourth of 300 frames is taken
    expected = []
    for number, recording in enumerate(recordings):
        frames = [frame for frame in range(75) if (75 * number + frame) % 4 == 0]
        for seen in channels(recording):
            for frame in frames:
                rows = np.clip([frame - 6, frame, frame + 3], 0, 74)
                expected.append(seen.symmetric[:, rows])
    assert windows.symmetric.shape == (12, 3, 150)
    assert windows.symmetric == pytest.approx(np.stack(expected, axis=2))


@pytest.mark.parametrize(("count", "frames"), [(1, 400), (40, 10), (150, 1)])
def test_a_sample_is_bounded_whatever_the_recordings(count: int, frames: int) -> None:
    windows = sampled_windows(toy_recordings(count, frames, missing=0), np.array([0.0]), 60)
    assert 20 <= windows.sided.shape[2] <= 60


def test_windows_of_which_less_than_half_was_seen_are_not_sampled() -> None:
    keypoints = MICE.keypoints.copy()
    keypoints[:60, 0] = np.nan
    windows = sampled_windows([replace(MICE, keypoints=keypoints)], np.array([0.0]), 1000)
    assert windows.symmetric.shape[2] == 60 + 120
    assert np.isnan(windows.symmetric).any()


def test_standardized_channels_have_mean_0_and_standard_deviation_1_with_their_mirror_images() -> None:
    windows = sampled_windows([HOLES], np.array([-0.1, 0.1]), 1000)
    usual = usual_values(windows)
    standard = standardized(windows, usual)
    for values, raw in ((standard.symmetric, windows.symmetric), (standard.sided, windows.sided)):
        assert (values[np.isnan(raw)] == 0).all()
    for channel, raw in zip(standard.symmetric, windows.symmetric, strict=True):
        seen = channel[~np.isnan(raw)]
        assert seen.mean() == pytest.approx(0, abs=1e-3)
        assert seen.std() == pytest.approx(1, rel=1e-3) or raw[~np.isnan(raw)].std() < SMALLEST
    for channel, raw in zip(standard.sided, windows.sided, strict=True):
        seen = np.concatenate([channel[~np.isnan(raw)], -channel[~np.isnan(raw)]])
        assert seen.std() == pytest.approx(1, rel=1e-3) or np.sqrt(np.nanmean(raw**2)) < SMALLEST


def test_nothing_seen_leaves_usual_values_that_work() -> None:
    unseen = replace(MICE, keypoints=np.full_like(MICE.keypoints, np.nan))
    windows = sampled_windows([unseen], np.array([0.0]), 100)
    assert windows.symmetric.shape == (12, 1, 0)
    usual = usual_values(windows)
    assert all(np.isfinite(values).all() for values in usual.values())
    assert np.isfinite(principal_components(standardized(windows, usual).sided, 3)).all()


def test_principal_components_are_those_of_scikit_learn() -> None:
    values = np.random.default_rng(0).normal(size=(4, 3, 500)) * np.arange(1, 13).reshape(4, 3, 1)
    table = as_table(values)
    with_its_opposite = np.concatenate([table, -table], axis=1).T  # its mean is 0
    reference = PCA(5, svd_solver="full").fit(with_its_opposite)
    found = principal_components(values, 5)
    assert np.abs((found * reference.components_).sum(axis=1)) == pytest.approx(np.ones(5), abs=1e-6)
    assert (found[np.arange(5), np.abs(found).argmax(axis=1)] > 0).all()


@pytest.mark.parametrize("frames", [1, 7, TILE + 13])
def test_weighted_windows_add_up_the_frames_around_and_repeat_the_ends(frames: int) -> None:
    chance = np.random.default_rng(0)
    values, weights = chance.normal(size=(3, frames)).astype(np.float32), chance.normal(size=(2, 3 * 4))
    lags = [-5, -1, 0, 3]
    expected = np.zeros((2, frames))
    for frame in {0, 1, frames // 2, TILE - 1, TILE, frames - 1} & set(range(frames)):
        window = [values[channel, min(max(frame + lag, 0), frames - 1)] for channel in range(3) for lag in lags]
        expected = weights @ np.array(window)
        assert weighted_windows(values, weights, lags)[:, frame] == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_a_window_is_half_seen_where_half_of_its_values_are() -> None:
    holes = np.random.default_rng(0).random((5, 40)) < 0.5
    values = np.where(holes, np.nan, 1).astype(np.float32)
    lags = [-3, 0, 1]
    expected = [2 * holes[:, np.clip([f - 3, f, f + 1], 0, 39)].sum() <= 15 for f in range(40)]
    assert half_seen(Channels(values[:3], values[3:]), lags).tolist() == expected


def test_a_skeleton_without_roles_has_no_left_and_right() -> None:
    recording = replace(MICE, skeleton=Skeleton.unnamed(7))
    with_roles, without = channels(MICE)[0], channels(recording)[0]
    assert len(with_roles.symmetric) == len(with_roles.sided) == 3 + 3 + 1 + 4 + 1
    assert len(without.symmetric) == len(without.sided) == 7 + 3 + 1 + 1


def test_the_order_of_keypoints_in_the_files_changes_no_pair() -> None:
    order = [6, 5, 4, 3, 2, 1, 0]
    names = tuple(CALMS21.keypoints[part] for part in order)
    skeleton = Skeleton(names, {name: place for place, name in enumerate(names)})
    other = replace(MICE, keypoints=MICE.keypoints[:, :, :, order], skeleton=skeleton)
    one, same = channels(MICE)[0], channels(other)[0]
    assert np.sort(same.sided, axis=0) == pytest.approx(np.sort(one.sided, axis=0), abs=1e-5)
