from dataclasses import replace

import numpy as np
import pytest
from sklearn.decomposition import TruncatedSVD

from harness.columns.pose_windows import channels
from harness.features.pose_window_pca import fit_components, pose_window_pca
from harness.recording import Array, Recording, Skeleton
from tests.toy import toy_recordings

MICE = toy_recordings(2, 200, missing=0, seed=4)


def explicit_windows(recording: Recording, seconds: float) -> tuple[Array, Array]:
    """All windows (window, channel x time) of all animals, the symmetric and the sided part."""
    steps = [round(step * seconds / 10 * recording.fps) for step in range(-5, 6)]
    parts: tuple[list[Array], list[Array]] = ([], [])
    for seen in channels(recording):
        for frame in range(recording.frames):
            rows = [min(max(frame + step, 0), recording.frames - 1) for step in steps]
            for part, values in zip(parts, (seen.symmetric, seen.sided), strict=True):
                part.append(values[:, rows])
    return np.stack(parts[0]), np.stack(parts[1])


@pytest.mark.parametrize("seconds", [0.5, 1.0, 2.0])
def test_components_are_those_of_scikit_learn_on_windows_and_their_mirror_images(seconds: float) -> None:
    both = [explicit_windows(recording, seconds) for recording in MICE]
    symmetric, sided = (np.concatenate(part).astype(np.float64) for part in zip(*both, strict=True))
    symmetric = symmetric - symmetric.mean(axis=(0, 2), keepdims=True)
    symmetric /= np.maximum(symmetric.std(axis=(0, 2), keepdims=True), 0.02)
    sided = sided / np.maximum(np.sqrt((sided**2).mean(axis=(0, 2), keepdims=True)), 0.02)
    one, other = symmetric.reshape(len(symmetric), -1), sided.reshape(len(sided), -1)
    table = np.concatenate([np.concatenate([one, other], axis=1), np.concatenate([one, -other], axis=1)])
    reference = TruncatedSVD(60, algorithm="arpack").fit(table)  # PCA that takes the given means for 0
    tells_sides = np.abs(reference.components_[:, one.shape[1] :]).max(axis=1) > 1e-4
    scores = table[: len(one)] @ reference.components_.T

    fitted = fit_components(MICE, seconds=seconds)
    columns = [pose_window_pca(recording, fitted, seconds=seconds) for recording in MICE]
    for kind, theirs in (
        ("component", scores[:, ~tells_sides][:, :8]),
        ("sided", np.abs(scores[:, tells_sides][:, :4])),
    ):
        for number, expected in enumerate(theirs.T):
            ours = np.concatenate([each[f"{animal} {kind} {number}"] for each in columns for animal in (0, 1)])
            sign = np.sign(ours @ expected)
            assert ours * sign == pytest.approx(expected, abs=1e-3 * float(expected.std())), (kind, number)


def test_there_are_twelve_columns_an_animal_on_any_skeleton() -> None:
    for recording in (MICE[0], toy_recordings(1, 50, skeleton=Skeleton.unnamed(5))[0]):
        columns = pose_window_pca(recording, fit_components([recording]))
        kinds = [f"component {number}" for number in range(8)] + [f"sided {number}" for number in range(4)]
        assert list(columns) == [f"{animal} {kind}" for animal in (0, 1) for kind in kinds]


def test_the_recordings_are_gone_through_once_and_one_at_a_time() -> None:
    once, twice = fit_components(iter(MICE)), fit_components(MICE)
    assert all(np.array_equal(once[name], twice[name]) for name in twice)


def test_what_is_missing_counts_as_its_mean_up_to_half_of_a_window() -> None:
    fitted = fit_components(MICE)
    keypoints = MICE[0].keypoints.copy()
    keypoints[:, 1] = np.nan
    alone = pose_window_pca(replace(MICE[0], keypoints=keypoints), fitted)
    assert not np.isnan([values for name, values in alone.items() if name.startswith("0 ")]).any()
    assert np.isnan([values for name, values in alone.items() if name.startswith("1 ")]).all()
    keypoints = MICE[0].keypoints.copy()
    keypoints[100:] = np.nan
    # Six of eleven times are seen up to frame 99, and five on frame 100; without velocities near the gap, a bit less.
    missing = np.isnan(pose_window_pca(replace(MICE[0], keypoints=keypoints), fitted)["0 component 0"])
    assert missing.tolist() == [False] * 99 + [True] * 101 or missing.tolist() == [False] * 100 + [True] * 100


def test_nothing_to_learn_from_gives_columns_all_the_same() -> None:
    unseen = replace(MICE[0], keypoints=np.full_like(MICE[0].keypoints, np.nan))
    for poor in (unseen, MICE[0].cut(0, 1)):
        fitted = fit_components([poor])
        assert all(np.isfinite(values).all() for values in fitted.values())
        assert np.isfinite(list(pose_window_pca(MICE[1], fitted).values())).all()
