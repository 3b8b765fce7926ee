"""Animals 70 pixels long, so that a pixel is one of the millimeters that the rules are given in."""

from dataclasses import replace
from statistics import median

import numpy as np
import pytest

from harness.features.behavior_rules import behavior_rules
from harness.recording import Array, Recording, Skeleton
from tests.toy import toy_recordings

FRAMES = 120
SECONDS = np.arange(FRAMES) / 30
STILL = 0j * SECONDS
HALF = 8
"""Frames to either side in half a second at 30 a second."""

SPINE = Skeleton.unnamed(3)
EARED = Skeleton(
    ("nose", "left_ear", "right_ear", "tail_base"), {"nose": 0, "left_ear": 1, "right_ear": 2, "tail_base": 3}
)


def body(middle: Array, heading: float = 0.0, places: tuple[complex, ...] = (35, 0, -35)) -> Array:
    """An animal (part, frames) at `middle` (frames,) in millimeters, headed for the angle `heading`."""
    return np.asarray(middle + np.array(places)[:, None] * np.exp(1j * heading))


def recording_of(*animals: Array, skeleton: Skeleton = SPINE) -> Recording:
    points = np.stack(animals)
    keypoints = np.stack([points.real, points.imag]).transpose(3, 1, 0, 2)
    return Recording("by-hand", keypoints.astype(np.float32), skeleton)


def holding(*animals: Array, skeleton: Skeleton = SPINE, frame: int = FRAMES // 2) -> set[str]:
    """The rules that hold on a frame."""
    columns = behavior_rules(recording_of(*animals, skeleton=skeleton))
    return {name for name, values in columns.items() if values[frame] == 1 and not name.endswith("distance")}


BOTH_STILL = {"0 still", "1 still"}


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (body(STILL + 94, np.pi), {"0-1 front_contact"}),
        (body(STILL + 96, np.pi), set()),
        (body(STILL + 94), {"0 to 1 rear_contact"}),
        (body(STILL - 94), {"1 to 0 rear_contact"}),
        (body(STILL + 96), set()),
        (body(STILL + 49j), {"0-1 side_by_side"}),
        (body(STILL + 51j), set()),
        (body(STILL + 24j), {"0-1 side_by_side", "0-1 front_contact"}),
        (body(STILL + 49j, np.pi), {"0-1 head_to_tail"}),
        (body(STILL + 35 + 49j, np.pi / 2), {"0 to 1 rear_contact"}),
        (body(STILL + 35 + 61j, np.pi / 2), set()),
    ],
)
def test_contact_is_between_ends_near_one_another(other: Array, expected: set[str]) -> None:
    assert holding(body(STILL), other) == expected | BOTH_STILL


def test_the_end_farther_apart_tells_how_near_two_animals_lie() -> None:
    columns = behavior_rules(recording_of(body(STILL), body(STILL + 30j, 0.5)))
    one, other = (35, -35), (30j + 35 * np.exp(0.5j), 30j - 35 * np.exp(0.5j))
    together = max(abs(one[0] - other[0]), abs(one[1] - other[1])) / 70
    crossed = max(abs(one[0] - other[1]), abs(one[1] - other[0])) / 70
    assert columns["0-1 side_by_side_distance"] == pytest.approx(np.full(FRAMES, together), rel=1e-4)
    assert columns["0-1 head_to_tail_distance"] == pytest.approx(np.full(FRAMES, crossed), rel=1e-4)


def test_a_face_is_the_front_and_the_ears() -> None:
    head = (35, 15 + 20j, 15 - 20j, -35)
    at_the_ear = body(STILL + 15 + 20j + 24j + 35j, -np.pi / 2, head)  # its nose 24 from the left ear, 48 from the nose
    assert holding(body(STILL, places=head), at_the_ear, skeleton=EARED) == {"1 to 0 sniffs_face"} | BOTH_STILL
    assert not any("face" in name for name in behavior_rules(recording_of(body(STILL), body(STILL))))


def test_an_animal_follows_where_the_other_was_a_moment_ago() -> None:
    # At 100 mm/s the front is where the rear was 0.4 s ago, 40 mm behind it; half a second ago is 50 mm.
    def at_a_distance(gap: float, speed: float = 100) -> set[str]:
        ahead = body(speed * SECONDS + 70 + gap)
        return {name for name in holding(body(speed * SECONDS), ahead) if "follows" in name}

    assert at_a_distance(40) == {"0 to 1 follows"}
    assert at_a_distance(74) == {"0 to 1 follows"}
    assert at_a_distance(76) == set()
    assert at_a_distance(20, speed=41) == {"0 to 1 follows"}
    assert at_a_distance(20, speed=39) == set()


def test_who_walks_on_a_path_the_other_way_does_not_follow() -> None:
    passing = holding(body(100 * SECONDS), body(-100 * SECONDS + 70 + 400, np.pi), frame=64)
    assert not any("follows" in name for name in passing)


def test_the_distance_to_the_path_is_that_to_its_nearest_place() -> None:
    recording = toy_recordings(1, 100, skeleton=Skeleton.unnamed(2), missing=0.2)[0]
    points = (recording.keypoints[:, :, 0] + 1j * recording.keypoints[:, :, 1]).astype(
        complex
    )  # (frames, animal, part)
    unit = np.mean([np.nanmedian(np.abs(points[:, i, 0] - points[:, i, 1])) for i in range(2)])
    columns = behavior_rules(recording)
    for one, other in ((0, 1), (1, 0)):
        for frame in range(100):
            path = points[max(frame - 15, 0) : frame + 1, other, 1]
            apart = np.abs(points[frame, one, 0] - path[~np.isnan(path)])
            apart = apart[~np.isnan(apart)]
            expected = apart.min() / unit if len(apart) else np.nan
            found = columns[f"{one} to {other} path_distance"][frame]
            assert found == pytest.approx(expected, rel=1e-4, nan_ok=True)


def chases(velocity: complex, its_velocity: complex, gap: float) -> set[str]:
    """Who chases when the other walks ahead, `gap` from front to rear two seconds in."""
    ahead = body(its_velocity * (SECONDS - 2) + 70 + gap, float(np.angle(its_velocity)))
    return {name for name in holding(body(velocity * (SECONDS - 2)), ahead) if "chases" in name}


def test_a_chase_is_two_fast_animals_one_behind_the_other() -> None:
    assert chases(160, 160, 90) == {"0 to 1 chases"}
    assert chases(160, 160, 110) == set()
    assert chases(140, 160, 50) == set()
    assert chases(160, 140, 50) == set()
    assert chases(-160, -160, 50) == set()  # backwards: the other is not ahead, and its front is too far off
    assert chases(160, 160 * np.exp(0.7j), 50) == {"0 to 1 chases"}
    assert chases(160, 160 * np.exp(0.9j), 50) == set()


def test_an_animal_that_is_short_while_its_rear_stands_still_rears() -> None:
    rearing = body(STILL)
    rearing[:, 90:] = rearing[2, 90:] + 0.65 * (rearing[:, 90:] - rearing[2, 90:])
    columns = behavior_rules(recording_of(rearing))
    assert set(np.flatnonzero(columns["0 rears"])) == set(range(90, FRAMES))
    moving = rearing + 60 * SECONDS
    assert not behavior_rules(recording_of(moving))["0 rears"].any()


def test_an_animal_of_which_only_the_front_moves_looks_around() -> None:
    scanning = body(STILL)
    scanning[0] += 20j * np.sin(2 * np.pi * SECONDS)
    assert holding(scanning, frame=HALF) == {"0 looks_around"}
    assert holding(body(STILL)) == {"0 still"}
    assert holding(body(39 * SECONDS)) == {"0 still"}
    assert holding(body(41 * SECONDS)) == set()


def flickering() -> tuple[Array, Recording]:
    """On which frames two fronts touch, and the recording."""
    touching = np.random.default_rng(0).random(FRAMES) < 0.5
    return touching, recording_of(body(STILL), body(STILL + np.where(touching, 90, 100), np.pi))


def test_a_column_is_the_median_of_its_rule_over_half_a_second() -> None:
    touching, recording = flickering()
    found = behavior_rules(recording)["0-1 front_contact"]
    expected = [median(touching[frame - HALF : frame + HALF + 1]) for frame in range(HALF, FRAMES - HALF)]
    assert list(found[HALF:-HALF]) == expected
    assert 0 < sum(expected) < len(expected)
    for frame in (0, 3, FRAMES - 1):
        assert found[frame] == (touching[max(frame - HALF, 0) : frame + HALF + 1].mean() > 0.5)


def test_frames_that_do_not_tell_are_left_out_of_the_half_second() -> None:
    touching, recording = flickering()
    unseen = np.random.default_rng(1).random(FRAMES) < 0.6
    unseen[40:80] = True
    keypoints = recording.keypoints.copy()
    keypoints[unseen, 1, :, 0] = np.nan
    found = behavior_rules(replace(recording, keypoints=keypoints))["0-1 front_contact"]
    for frame in range(FRAMES):
        near = slice(max(frame - HALF, 0), frame + HALF + 1)
        told = touching[near][~unseen[near]]
        expected = float(told.mean() > 0.5) if len(told) else np.nan
        assert found[frame] == pytest.approx(expected, nan_ok=True)


def test_a_rule_that_is_broken_by_what_was_seen_does_not_hold() -> None:
    recording = recording_of(body(STILL), body(STILL + 1000))
    keypoints = recording.keypoints.copy()
    keypoints[:, 1, :, 0] = np.nan
    columns = behavior_rules(replace(recording, keypoints=keypoints))
    assert (columns["0 to 1 follows"] == 0).all()  # too far from the path, wherever the other's front is
    assert np.isnan(columns["1 to 0 follows"]).all()
    assert np.isnan(columns["1 still"]).all()
    assert np.isnan(columns["0-1 side_by_side"]).all()


def test_one_animal_alone_has_columns_of_its_own_only() -> None:
    assert set(behavior_rules(recording_of(body(STILL)))) == {"0 rears", "0 still", "0 looks_around"}


def test_columns_are_0_and_1_or_distances() -> None:
    columns = behavior_rules(toy_recordings(1, 300)[0])
    assert len(columns) == 6 + 5 + 10
    for name, values in columns.items():
        assert name.endswith("distance") or set(values[~np.isnan(values)]) <= {0, 1}, name
