from dataclasses import replace

import numpy as np
import pytest

from harness.columns.pose_windows import channels, standardized
from harness.features.random_kernels import fit_kernels, random_kernels
from harness.plugins.contract import Fitted
from harness.recording import Array, Recording
from tests.toy import toy_recordings

MICE = toy_recordings(1, 400, missing=0, seed=2)[0]
SPACING = (2, 4, 8)
"""Frames from one weight to the next, at 30 frames per second."""


def outputs(recording: Recording, fitted: Fitted, animal: int) -> Array:
    """What each kernel gives (kernel, frames) less its threshold, by convolution."""
    standard = standardized(channels(recording)[animal], fitted)
    found = []
    for place, spacing in enumerate(SPACING):
        reach = 4 * spacing
        for values, kernels in ((standard.symmetric, fitted["symmetric"]), (standard.sided, fitted["sided"])):
            for weights in kernels[place].reshape(len(kernels[place]), len(values), 9):
                spread = np.zeros((len(values), 2 * reach + 1))
                spread[:, ::spacing] = weights
                padded = np.pad(values, ((0, 0), (reach, reach)), mode="edge")
                total = sum(np.convolve(one, taps[::-1], "valid") for one, taps in zip(padded, spread, strict=True))
                found.append(total if kernels is fitted["symmetric"] else np.abs(total))
    return np.stack(found) - fitted["thresholds"].ravel()[:, None]


def test_a_column_is_how_often_the_output_is_above_its_threshold() -> None:
    fitted = fit_kernels([MICE])
    columns = random_kernels(MICE, fitted)
    for animal in (0, 1):
        high = np.clip(outputs(MICE, fitted, animal) / 0.5 + 0.5, 0, 1)
        for frame, window in ((0, slice(0, 16)), (150, slice(135, 166)), (399, slice(384, 400))):
            row = [columns[f"{animal} kernel {number}"][frame] for number in range(48)]
            assert row == pytest.approx(high[:, window].mean(axis=1), abs=1e-3)


def test_kernels_have_six_weights_of_minus_1_and_three_of_2_in_up_to_three_channels() -> None:
    fitted = fit_kernels([MICE])
    for kind, count in (("symmetric", 11), ("sided", 5)):
        assert fitted[kind].shape == (3, count, 12 * 9)
        for weights in fitted[kind].reshape(3 * count, 12, 9):
            used = weights[np.abs(weights).max(axis=1) > 0]
            assert 1 <= len(used) <= 3
            for taps in used:
                unit = np.abs(weights).max() / 2
                signed = np.sort(taps / unit * np.sign(np.median(-taps)))
                assert signed == pytest.approx([-1] * 6 + [2] * 3)


def test_thresholds_are_passed_by_a_tenth_to_nine_tenths_of_the_frames_learned_from() -> None:
    fitted = fit_kernels([MICE])
    found = np.concatenate([outputs(MICE, fitted, animal) for animal in (0, 1)], axis=1)
    above = (found > 0).mean(axis=1)
    assert 0.08 < above.min() < 0.3
    assert 0.7 < above.max() < 0.92
    spread = np.sqrt(((found + fitted["thresholds"].ravel()[:, None]) ** 2).mean(axis=1))
    assert spread == pytest.approx(np.ones(48), rel=1e-3)


def test_a_seed_draws_its_own_kernels() -> None:
    one, same, other = (fit_kernels([MICE], seed=seed) for seed in (0, 0, 1))
    assert all(np.array_equal(one[name], same[name]) for name in one)
    assert not np.allclose(one["symmetric"], other["symmetric"])


@pytest.mark.parametrize("kernels", [24, 48])
def test_there_are_as_many_columns_an_animal_as_kernels(kernels: int) -> None:
    columns = random_kernels(MICE, fit_kernels([MICE], kernels=kernels), kernels=kernels)
    assert list(columns) == [f"{animal} kernel {number}" for animal in (0, 1) for number in range(kernels)]


def test_frames_of_which_too_little_was_seen_are_left_out() -> None:
    keypoints = MICE.keypoints.copy()
    keypoints[100:200, 0] = np.nan
    columns = random_kernels(replace(MICE, keypoints=keypoints), fit_kernels([MICE]))
    missing = np.isnan(columns["0 kernel 0"])
    assert missing[125:175].all()
    assert not missing[:110].any()
    assert not missing[190:].any()
    assert not np.isnan(columns["1 kernel 0"]).any()


def test_nothing_to_learn_from_gives_columns_all_the_same() -> None:
    unseen = replace(MICE, keypoints=np.full_like(MICE.keypoints, np.nan))
    still = replace(MICE, keypoints=np.repeat(MICE.keypoints[:1], 50, axis=0), labels=None)
    for poor in (unseen, still, MICE.cut(0, 1)):
        fitted = fit_kernels([poor])
        assert all(np.isfinite(values).all() for values in fitted.values())
        columns = np.array(list(random_kernels(MICE, fitted).values()))
        assert ((columns >= 0) & (columns <= 1)).all()
