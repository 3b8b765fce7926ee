from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from harness.features.interaction_statistics import interaction_statistics
from harness.recording import Array, Recording, Skeleton
from tests.toy import toy_recordings

SECONDS = np.arange(240) / 30


def sticks(*middles: Array) -> Recording:
    """Animals 10 pixels long that look along x, their middles (frames,) in body lengths."""
    points = 10 * (np.stack(middles)[:, None] + np.array([0.5, 0, -0.5])[:, None])  # (animal, part, frames)
    keypoints = np.stack([points.real, points.imag]).transpose(3, 1, 0, 2)
    return Recording("sticks", keypoints.astype(np.float32), Skeleton.unnamed(3))


def walk(speeds: Array) -> Array:
    """Where one is that walks along x with `speeds` in body lengths a second."""
    return np.asarray(np.cumsum(speeds) / 30)


def uneven_speeds(seed: int, frames: int = 240) -> Array:
    """Speeds between 0 and 4 that take turns about every 10 frames."""
    noise = np.random.default_rng(seed).normal(size=frames + 20)
    smooth = np.convolve(noise, np.hanning(21), mode="valid")
    return np.asarray(2 + 2 * np.tanh(smooth / smooth.std()))


def seen_speeds(recording: Recording, animal: int) -> Array:
    """Speeds of the middle over three frames to either side, fewer where the recording ends."""
    middle = recording.keypoints[:, animal].astype(float).mean(axis=2) / 10
    frame = np.arange(len(middle))
    earlier, later = np.maximum(frame - 3, 0), np.minimum(frame + 3, len(middle) - 1)
    return np.asarray(np.linalg.norm(middle[later] - middle[earlier], axis=1) * 30 / (later - earlier))


def around(frame: int, half: int) -> slice:
    return slice(max(frame - half, 0), frame + half + 1)


def test_speeds_that_rise_and_fall_together_are_alike_as_pearson_has_it() -> None:
    recording = sticks(walk(uneven_speeds(0)), walk(uneven_speeds(0) / 2 + uneven_speeds(1)) + 2j)
    columns = interaction_statistics(recording)
    one, other = seen_speeds(recording, 0), seen_speeds(recording, 1)
    for (seconds, half), frame in product({"2s": 30, "4s": 60}.items(), (0, 50, 120, 239)):
        window = around(frame, half)
        expected = np.corrcoef(one[window], other[window])[0, 1]
        assert columns[f"0-1 speeds_alike {seconds}"][frame] == pytest.approx(expected, abs=0.01)


def test_one_that_does_later_what_the_other_did_is_led_by_it() -> None:
    speeds = uneven_speeds(2, 252)
    recording = sticks(walk(speeds[12:]), walk(speeds[:-12]) + 2j)  # the second is 0.4 s late
    columns = interaction_statistics(recording)
    one, other = seen_speeds(recording, 0), seen_speeds(recording, 1)
    for frame in (80, 120, 160):
        ahead, behind = slice(frame - 60 + 12, frame + 61 + 12), slice(frame - 60, frame + 61)
        leads, follows = np.corrcoef(one[behind], other[ahead])[0, 1], np.corrcoef(one[ahead], other[behind])[0, 1]
        assert leads > 0.99
        assert columns["0 to 1 leads 4s"][frame] == pytest.approx(leads - follows, abs=0.01)
    assert columns["1 to 0 leads 4s"] == pytest.approx(-columns["0 to 1 leads 4s"])


def test_one_that_runs_after_another() -> None:
    columns = interaction_statistics(sticks(3 * SECONDS, 2 * SECONDS + 20))
    expected = {
        "0-1 common_speed": 6 / 5.25,
        "0-1 together 1s": 6 / np.sqrt((9 + 1 / 16) * (4 + 1 / 16)),
        "0-1 together 2s": 6 / np.sqrt((9 + 1 / 16) * (4 + 1 / 16)),
        "0-1 speeds_alike 4s": 0,
        "0 to 1 chases": 2,
        "0 to 1 pursues 1s": 3 / 3.25,
        "0 to 1 pursues 2s": 3 / 3.25,
        "1 to 0 chases": 0,
        "1 to 0 pursues 2s": -2 / 2.25,
        "0 speed_ratio": 0,
        "0 speed_around 2s": 3,
        "1 speed_around 4s": 2,
    }
    for name, value in expected.items():
        assert columns[name] == pytest.approx(np.full(240, value), abs=5e-3), name


def test_pursuit_is_the_way_gained_over_the_way_walked() -> None:
    speeds = np.where(SECONDS < 4, 2.0, -1.0)
    columns = interaction_statistics(sticks(walk(speeds), 20 + 0 * SECONDS))
    assert columns["0 to 1 pursues 1s"][100] == pytest.approx(2 / 2.25, abs=1e-3)
    assert columns["0 to 1 pursues 1s"][140] == pytest.approx(-1 / 1.25, abs=1e-3)
    # Within a second of the turn, 30.5 frames at 2 there and 30.5 at 1 back.
    assert columns["0 to 1 pursues 2s"][120] == pytest.approx(0.5 / (1.5 + 0.25), abs=0.02)


def test_two_that_stand_still_do_nothing_together() -> None:
    columns = interaction_statistics(sticks(0 * SECONDS, 0 * SECONDS + 1.3j))
    steady = ("0-1 steady 1s", "0-1 steady 2s", "0-1 within_0.75")
    for name, values in columns.items():
        if not name.startswith(steady):
            assert values == pytest.approx(np.zeros(240), abs=1e-6), name
    assert columns["0-1 steady 1s"] == pytest.approx(np.ones(240))
    assert columns["0-1 within_0.75 0.7s"] == pytest.approx(np.full(240, 2 - 1.3 / 0.75))


def test_steadiness_and_variation_are_those_of_the_windows() -> None:
    recording = toy_recordings(1, 240, missing=0, skeleton=Skeleton.unnamed(2))[0]
    columns = interaction_statistics(recording)
    points = recording.keypoints.astype(float)
    unit = np.median(np.linalg.norm(points[..., 0] - points[..., 1], axis=2), axis=0).mean()
    distance = np.linalg.norm((points[:, 1] - points[:, 0]).mean(axis=2), axis=1) / unit
    for frame in (0, 10, 100, 239):
        for seconds, half in {"1s": 15, "2s": 30}.items():
            variance = np.var(distance[around(frame, half)] ** 2)
            assert columns[f"0-1 steady {seconds}"][frame] == pytest.approx(1 / (1 + variance), rel=1e-4)
        near = distance[around(frame, 15)]
        expected = near.std() / (near.std() + near.mean())
        assert columns["0-1 variation 1s"][frame] == pytest.approx(expected, rel=1e-4)


def test_closeness_is_the_share_of_time_with_two_keypoints_near_one_another() -> None:
    gap = np.where(SECONDS < 4, 0.1, 5.0)
    gap[150] = 0.375  # halfway from 0.25 to 0.5
    columns = interaction_statistics(sticks(0 * SECONDS, 1 + gap))  # from the rear of the second to the first's front
    nearest = {0.25: np.clip(2 - gap / 0.25, 0, 1), 0.75: np.clip(2 - gap / 0.75, 0, 1)}
    assert nearest[0.25][150] == 0.5
    for close, (seconds, half) in product(nearest, {"0.3s": 4, "0.7s": 10, "1.3s": 20}.items()):
        expected = [nearest[close][around(frame, half)].mean() for frame in range(240)]
        assert columns[f"0-1 within_{close} {seconds}"] == pytest.approx(expected, abs=1e-4)


def test_a_sudden_run_is_faster_than_the_seconds_around_it() -> None:
    recording = sticks(walk(np.where(abs(SECONDS - 4) < 0.3, 4.0, 0.0)), 20 + 0 * SECONDS)
    columns = interaction_statistics(recording)
    speeds = seen_speeds(recording, 0)
    short, long = speeds[around(120, 5)].mean(), speeds[around(120, 75)].mean()
    assert columns["0 speed_ratio"][120] == pytest.approx((short - long) / (short + long + 0.25), rel=1e-3)
    assert columns["0 speed_ratio"][120] > 0.6 > 0 > columns["0 speed_ratio"][90]
    for seconds, half in {"2s": 15, "4s": 30}.items():
        triangle = np.convolve(np.ones(2 * half + 1), np.ones(2 * half + 1)) / (2 * half + 1) ** 2
        expected = np.convolve(speeds, triangle, mode="same")
        inside = slice(2 * half, -2 * half)
        assert columns[f"0 speed_around {seconds}"][inside] == pytest.approx(expected[inside], abs=1e-3)


def test_frames_on_which_one_is_not_seen_are_left_out() -> None:
    recording = sticks(3 * SECONDS, 2 * SECONDS + 20)
    keypoints = recording.keypoints.copy()
    keypoints[100:110, 1] = np.nan
    keypoints[200:, 1] = np.nan
    columns = interaction_statistics(replace(recording, keypoints=keypoints))
    expected = np.where(np.arange(240) < 215, 3 / 3.25, np.nan)  # half a second after it was last seen
    assert columns["0 to 1 pursues 1s"] == pytest.approx(expected, abs=1e-3, nan_ok=True)
    assert np.isnan(columns["0 to 1 chases"]).sum() == 10 + 2 * 3 + 40 + 3
    assert columns["0 speed_around 2s"] == pytest.approx(np.full(240, 3), abs=1e-3)
