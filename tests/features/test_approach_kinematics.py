from dataclasses import replace

import numpy as np
import pytest

from harness.features.approach_kinematics import approach_kinematics
from harness.recording import Array, Recording, Skeleton
from tests.toy import toy_recordings

FRAMES = 120
SECONDS = np.arange(FRAMES) / 30
FULL = slice(40, -40)
"""Where no span is cut short by the recording's ends at any lag below 0.8 s."""


def sticks(middles: Array, headings: Array) -> Recording:
    """Animals 10 pixels long, their middles (animal, frames) in body lengths, headed for angles (animal, frames)."""
    along = np.exp(1j * np.broadcast_to(headings, middles.shape))
    points = 10 * (middles[:, None] + np.array([0.5, 0, -0.5])[:, None] * along[:, None])
    keypoints = np.stack([points.real, points.imag]).transpose(3, 1, 0, 2)
    return Recording("sticks", keypoints.astype(np.float32), Skeleton.unnamed(3))


def walk_up(speed: float = 2.0, heading: float = 0.0) -> Recording:
    """The first walks up to the second, which stands 10 body lengths away and looks away, at `speed`."""
    one, other = -10 + speed * SECONDS, np.zeros(FRAMES)
    return sticks(np.stack([one, other]) * np.exp(1j * heading), np.full((2, 1), heading))


def middle_row(recording: Recording, lag: float = 0.4) -> dict[str, float]:
    return {name: float(values[FRAMES // 2]) for name, values in approach_kinematics(recording, lag=lag).items()}


@pytest.mark.parametrize("heading", [0.0, 2.0])
@pytest.mark.parametrize("lag", [0.1, 0.4, 1.0])
def test_one_that_walks_straight_up_to_another(heading: float, lag: float) -> None:
    row = middle_row(walk_up(heading=heading), lag)
    expected = {
        "0 forward": 2,
        "0 consistency": 2 / 2.25,
        "0 curvature": 0,
        "1 forward": 0,
        "1 consistency": 0,
        "1 curvature": 0,
        "0-1 closing": 2,
        "0-1 closing_change": 0,
        "0-1 contact_soon": 1 / (1 + 6 / 2),  # 6 body lengths to go
        "0-1 motion_parallel": 0,
        "0-1 since_near": 3,
        "0-1 until_near": 3,
        "0 to 1 bearing": 0,
        "0 to 1 turns_towards": 0,
        "0 to 1 aligned": 2 / np.hypot(2, 0.25),
        "0 to 1 closing_share": 2 / 2.25,
        "0 to 1 approaches": 2 / 2.25,
        "0 to 1 approaching": 2 / 2.25,
        "0 to 1 since_faced": 3,
        "0 to 1 until_faced": 3,
        "1 to 0 bearing": np.pi,
        "1 to 0 turns_towards": 0,
        "1 to 0 aligned": 0,
        "1 to 0 closing_share": 0,
        "1 to 0 approaches": 0,
        "1 to 0 approaching": 0,
        "1 to 0 since_faced": 3,
        "1 to 0 until_faced": 3,
    }
    assert row == pytest.approx(expected, abs=2e-3)


def test_one_that_leaves_closes_less_than_nothing() -> None:
    row = middle_row(walk_up(speed=-2.0))
    assert row["0-1 closing"] == pytest.approx(-2, abs=1e-3)
    assert row["0-1 contact_soon"] == 0
    assert row["0 to 1 closing_share"] == pytest.approx(-2 / 2.25, abs=1e-3)
    assert row["0 to 1 aligned"] == pytest.approx(-2 / np.hypot(2, 0.25), abs=1e-3)
    assert row["0 to 1 approaches"] == row["1 to 0 approaches"] == 0


def test_who_closes_in_on_whom_is_told_by_the_shares() -> None:
    middles = np.stack([-10 + 3 * SECONDS, 10 - 1 * SECONDS])
    row = middle_row(sticks(middles, np.array([[0.0], [np.pi]])))
    assert row["0 to 1 closing_share"] == pytest.approx(3 / 4.25, abs=1e-3)
    assert row["1 to 0 closing_share"] == pytest.approx(1 / 4.25, abs=1e-3)
    assert row["0-1 motion_parallel"] == pytest.approx(-3 / (np.hypot(3, 0.25) * np.hypot(1, 0.25)), abs=1e-3)
    fleeing = middle_row(sticks(np.stack([-10 + 3 * SECONDS, 1 * SECONDS]), np.zeros((2, 1))))
    assert fleeing["0 to 1 closing_share"] == pytest.approx(3 / 4.25, abs=1e-3)
    assert fleeing["1 to 0 closing_share"] == pytest.approx(-1 / 4.25, abs=1e-3)


@pytest.mark.parametrize("lag", [0.1, 0.4])
def test_closing_changes_as_fast_as_the_distance_accelerates(lag: float) -> None:
    distance = 20 - 0.5 * SECONDS**2
    columns = approach_kinematics(sticks(np.stack([-distance, 0 * distance]), np.zeros((2, 1))), lag=lag)
    assert columns["0-1 closing"][FULL] == pytest.approx(SECONDS[FULL], abs=5e-3)
    assert columns["0-1 closing_change"][FULL] == pytest.approx(1, abs=2e-2)


@pytest.mark.parametrize("side", [1, -1])
def test_turning_to_the_other_from_either_side_is_positive(side: int) -> None:
    heading = side * (2.5 - 0.5 * SECONDS)  # the other is straight ahead at 5 s, after the recording has ended
    middles = np.stack([np.zeros(FRAMES), np.full(FRAMES, 5.0)])
    columns = approach_kinematics(sticks(middles, np.stack([heading, 0 * heading])))
    assert columns["0 to 1 bearing"] == pytest.approx(np.abs(heading), abs=1e-2)
    assert columns["0 to 1 turns_towards"][FULL] == pytest.approx(0.5, abs=1e-2)


def test_a_circle_curves_by_one_over_its_radius() -> None:
    turn, radius = 1.0, 0.5  # radians per second, body lengths
    middles = np.stack([radius * np.exp(1j * turn * SECONDS), np.full(FRAMES, 9.0)])
    columns = approach_kinematics(sticks(middles, np.stack([turn * SECONDS, 0 * SECONDS])), lag=0.1)
    speed, curvature = turn * radius, 1 / radius
    # 0.25 cubed is added to the cube of the speed.
    expected = curvature / (curvature + 1 + 0.25**3 / speed**3)
    assert columns["0 curvature"][FULL] == pytest.approx(expected, rel=0.02)
    assert columns["1 curvature"] == pytest.approx(0, abs=1e-3)


def test_closing_changes_within_half_a_lag() -> None:
    recording = toy_recordings(1, 100, missing=0)[0]
    columns = approach_kinematics(recording, lag=0.4)
    closing = columns["0-1 closing"]
    assert columns["0-1 closing_change"][6:-6] == pytest.approx((closing[12:] - closing[:-12]) / 0.4)


def test_consistency_and_approaching_look_from_lag_before_to_lag_after() -> None:
    recording = toy_recordings(1, 300, missing=0)[0]
    columns = approach_kinematics(recording, lag=0.4)
    for frame in (0, 5, 150, 299):
        window = slice(max(0, frame - 12), frame + 13)
        forward = columns["0 forward"][window]
        consistency = forward.mean() / (abs(forward.mean()) + forward.std() + 0.25)
        assert columns["0 consistency"][frame] == pytest.approx(consistency)
        assert columns["1 to 0 approaching"][frame] == pytest.approx(columns["1 to 0 approaches"][window].mean())


def nearest_seconds(happens: Array, frames: range) -> float:
    """Seconds from the first of `frames` to the first of them on which something happens, at most 3."""
    found = (step / 30 for step, frame in enumerate(frames) if happens[frame])
    return min(next(found, 3.0), 3.0)


def test_times_since_and_until_two_are_near_are_those_that_a_search_finds() -> None:
    recording = toy_recordings(1, 400, seed=4, missing=0)[0]
    keypoints = recording.keypoints.copy()
    keypoints[200:210, 0] = np.nan
    columns = approach_kinematics(replace(recording, keypoints=keypoints))
    points = keypoints[:, :, 0] + 1j * keypoints[:, :, 1]  # (frames, animal, part)
    axes = points[:, :, 0] - points[:, :, 6]
    unit = np.nanmedian(np.abs(axes), axis=0).mean()
    line = points[:, 1].mean(axis=1) - points[:, 0].mean(axis=1)
    near = np.abs(line) < unit
    faced = near & ((-line * axes[:, 1].conj()).real > 0)
    assert 10 < faced.sum() < near.sum() < 300
    for frame in (*range(0, 200, 7), *range(210, 400, 7)):
        back, on = range(frame, -1, -1), range(frame, 400)
        assert columns["0-1 since_near"][frame] == pytest.approx(nearest_seconds(near, back)), frame
        assert columns["0-1 until_near"][frame] == pytest.approx(nearest_seconds(near, on)), frame
        assert columns["1 to 0 since_faced"][frame] == pytest.approx(nearest_seconds(faced, back)), frame
        assert columns["1 to 0 until_faced"][frame] == pytest.approx(nearest_seconds(faced, on)), frame
    for name in ("0-1 since_near", "0-1 until_near", "1 to 0 since_faced", "1 to 0 until_faced"):
        assert np.isnan(columns[name][200:210]).all()


def test_keypoints_that_go_missing_bring_nobody_closer() -> None:
    recording = walk_up()
    holes = np.random.default_rng(0).random((FRAMES, 2, 1, 3)) < 0.2
    columns = approach_kinematics(replace(recording, keypoints=np.where(holes, np.nan, recording.keypoints)))
    closing = columns["0-1 closing"]
    assert 0 < np.isnan(closing).sum() < FRAMES / 4
    assert closing[~np.isnan(closing)] == pytest.approx(2, abs=1e-3)
