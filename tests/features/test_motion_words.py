from dataclasses import replace

import numpy as np
import pytest
from sklearn.cluster import KMeans

from harness.columns.pose_windows import as_table, sampled_windows, standardized
from harness.features.motion_words import TIMES, fit_words, motion_words
from harness.plugins.contract import Fitted
from harness.recording import Array, Recording, Skeleton
from tests.toy import toy_recordings

MICE = toy_recordings(1, 400, missing=0, seed=2)[0]
STRETCH = 300


def motions() -> Recording:
    """One animal that stands, walks straight, turns left and turns right, for ten seconds each."""
    speed = np.repeat([0.0, 2.0, 0.5, 0.5], STRETCH) / 30
    heading = np.cumsum(np.repeat([0.0, 0.0, 3.0, -3.0], STRETCH)) / 30
    middle = np.cumsum(speed * np.exp(1j * heading))
    points = middle + np.array([0.5, 0.1, -0.5])[:, None] * np.exp(1j * heading)
    keypoints = 40 * np.stack([points.real, points.imag]).transpose(2, 0, 1)[:, None]
    return Recording("motions", keypoints.astype(np.float32), Skeleton.unnamed(3))


def scores(recording: Recording, fitted: Fitted) -> tuple[Array, Array]:
    """Components (component, window) of all windows."""
    windows = standardized(sampled_windows([recording], TIMES, 10**6), fitted)
    return fitted["symmetric"] @ as_table(windows.symmetric), fitted["sided"] @ as_table(windows.sided)


def squared_distances(recording: Recording, fitted: Fitted) -> Array:
    """To each word (word, window), the smaller of those of the window and of its mirror image."""
    symmetric, sided = scores(recording, fitted)
    found = [
        ((symmetric - own[:, None]) ** 2).sum(axis=0)
        + np.minimum(((sided - other[:, None]) ** 2).sum(axis=0), ((sided + other[:, None]) ** 2).sum(axis=0))
        for own, other in zip(fitted["symmetric centers"].T, fitted["sided centers"].T, strict=True)
    ]
    return np.stack(found)


def rows(recording: Recording, fitted: Fitted, kind: str) -> Array:
    """Columns of one kind (word, frames of all animals)."""
    columns = motion_words(recording, fitted)
    count = fitted["symmetric centers"].shape[1]
    parts = [[columns[f"{animal} {kind} {n}"] for n in range(count)] for animal in range(recording.animals)]
    return np.concatenate(parts, axis=1)


@pytest.mark.parametrize("seed", [0, 1])
def test_different_motions_are_different_words_and_mirror_images_are_the_same(seed: int) -> None:
    recording = motions()
    often = rows(recording, fit_words([recording], words=3, seed=seed), "often")
    inside = [often[:, start + 60 : start + STRETCH - 60] for start in range(0, 4 * STRETCH, STRETCH)]
    stands, walks, left, right = ({int(word) for word in part.argmax(axis=0)} for part in inside)
    assert len(stands | walks | left) == 3
    assert left == right
    assert all(part.max(axis=0).min() > 0.9 for part in inside)


def test_words_are_clusters_that_scikit_learn_would_keep() -> None:
    straight = motions()  # nothing sided: all keypoints on a line that the animal moves along
    keypoints = straight.keypoints[: 2 * STRETCH].copy()
    keypoints[:, :, 0, 1] += 5 * np.sin(np.arange(2 * STRETCH) / 7)[:, None]
    keypoints[:, :, 1] = 0
    recording = replace(straight, keypoints=keypoints)
    fitted = fit_words([recording], words=8)
    symmetric, sided = scores(recording, fitted)
    assert sided == pytest.approx(np.zeros_like(sided), abs=1e-3)
    centers = fitted["symmetric centers"].T
    kept = KMeans(8, init=centers, n_init=1).fit(symmetric.T)
    assert kept.cluster_centers_ == pytest.approx(centers, abs=1e-3)
    best = KMeans(8, n_init=10, random_state=0).fit(symmetric.T)
    assert squared_distances(recording, fitted).min(axis=0).sum() < 1.3 * best.inertia_


def test_words_are_the_means_of_the_windows_nearest_to_them() -> None:
    fitted = fit_words([MICE], words=6)
    symmetric, sided = scores(MICE, fitted)
    nearest = squared_distances(MICE, fitted).argmin(axis=0)
    for word in range(6):
        own, center = nearest == word, fitted["sided centers"][:, word]
        sign = np.where(center @ sided[:, own] < 0, -1, 1)
        assert fitted["symmetric centers"][:, word] == pytest.approx(symmetric[:, own].mean(axis=1), abs=1e-3)
        assert center == pytest.approx((sided[:, own] * sign).mean(axis=1), abs=1e-3)


def test_columns_are_shares_that_fall_with_the_squared_distance() -> None:
    fitted = fit_words([MICE])
    distances = squared_distances(MICE, fitted)
    assert fitted["spread"] == pytest.approx(distances.min(axis=0).mean(), rel=1e-4)
    alike, clear = (np.exp(-factor * distances / fitted["spread"]) for factor in (4, 16))
    assert rows(MICE, fitted, "word") == pytest.approx(alike / alike.sum(axis=0), rel=1e-2, abs=1e-4)
    often = rows(MICE, fitted, "often")
    clear = clear / clear.sum(axis=0)
    for frame, window in ((0, slice(0, 31)), (200, slice(170, 231)), (399, slice(369, 400))):
        assert often[:, frame] == pytest.approx(clear[:, window].mean(axis=1), abs=2e-3)
        assert often[:, 400 + frame] == pytest.approx(clear[:, 400:][:, window].mean(axis=1), abs=2e-3)


def test_words_are_unknown_where_less_than_half_of_a_window_was_seen() -> None:
    keypoints = MICE.keypoints.copy()
    keypoints[100:200, 0] = np.nan
    keypoints[300:302, 0] = np.nan
    columns = motion_words(replace(MICE, keypoints=keypoints), fit_words([MICE]))
    missing = np.isnan(columns["0 word 0"])
    assert missing[105:195].all()
    assert not missing[:95].any()
    assert not missing[205:].any()
    assert np.flatnonzero(np.isnan(columns["0 often 0"])).tolist() == [
        frame for frame in range(400) if missing[max(frame - 30, 0) : frame + 31].all()
    ]
    assert not np.isnan(columns["1 word 0"]).any()


def test_another_seed_begins_with_other_words() -> None:
    one, same, other = (fit_words([MICE], seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(one["symmetric centers"], same["symmetric centers"])
    assert not np.allclose(one["symmetric centers"], other["symmetric centers"])


def test_the_order_of_the_animals_in_the_files_decides_no_word() -> None:
    swapped = replace(MICE, keypoints=MICE.keypoints[:, ::-1].copy())
    one, other = fit_words([MICE]), fit_words([swapped])
    assert other["symmetric centers"] == pytest.approx(one["symmetric centers"], abs=1e-3)


def test_fewer_windows_than_words_are_enough() -> None:
    unseen = replace(MICE, keypoints=np.full_like(MICE.keypoints, np.nan))
    for poor in (unseen, MICE.cut(0, 1), MICE.cut(0, 3)):
        fitted = fit_words([poor], words=16)
        assert all(np.isfinite(values).all() for values in fitted.values())
        columns = motion_words(MICE, fitted, words=16)
        assert len(columns) == 64
        assert np.isfinite(list(columns.values())).all()
