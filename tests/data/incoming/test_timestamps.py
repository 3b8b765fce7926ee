"""The frames that rows with times are of."""

import numpy as np
import pytest

from harness.data.incoming.timestamps import Times, timeline


@pytest.mark.parametrize("fps", [12.5, 25.0, 29.97, 30.0, 59.94, 120.0])
@pytest.mark.parametrize("places", [3, 9])
def test_frames_are_found_again_in_times_that_were_rounded(fps: float, places: int) -> None:
    chance = np.random.default_rng(int(fps) + places)
    frames = [np.flatnonzero(chance.random(4000) < share) for share in (0.9, 0.3)]
    found = timeline([Times(np.round((one + 77) / fps, places)) for one in frames])
    first = min(one[0] for one in frames)
    assert [one.tolist() for one in found.frames] == [(one - first).tolist() for one in frames]
    assert found.length == max(one[-1] for one in frames) - first + 1
    assert found.fps == pytest.approx(fps, rel=1e-4)


def test_a_camera_that_is_late_skips_no_frame() -> None:
    stamps = np.cumsum(np.random.default_rng(1).uniform(0.02, 0.07, 500))
    found = timeline([Times(stamps), Times(stamps)])
    assert found.length == 500
    assert found.fps == pytest.approx(499 / (stamps[-1] - stamps[0]), rel=1e-6)


def test_a_rate_and_a_start_are_times_too() -> None:
    found = timeline([Times(np.arange(4) / 50, 50.0), Times(0.06 + np.arange(3) / 50, 50.0)])
    assert [one.tolist() for one in found.frames] == [[0, 1, 2, 3], [3, 4, 5]]
    assert found.fps == 50
    with pytest.raises(ValueError, match="its parts have from 25 to 50 rows a second, expected one rate"):
        timeline([Times(np.arange(4) / 50, 50.0), Times(np.arange(3) / 25, 25.0)])
    with pytest.raises(ValueError, match="says 0 rows a second, expected more than 0"):
        timeline([Times(np.arange(4.0), 0.0)])


def test_times_that_fall_for_all_parts_alike_leave_rows_for_frames() -> None:
    stamps = np.array([0.0, 0.04, 0.08, 0.0])
    found = timeline([Times(stamps), Times(stamps)])
    assert (found.length, found.fps) == (4, None)
    assert found.note == "its times do not always rise: each row is taken for a frame"


def test_two_rows_of_a_part_are_not_one_frame() -> None:
    with pytest.raises(ValueError, match="two rows of one part are at nearly the same time"):
        timeline([Times(np.sort([*np.arange(200) / 25, 0.041])), Times(np.arange(200) / 25)])


def test_clocks_of_two_parts_may_be_a_little_apart() -> None:
    found = timeline([Times(np.arange(200) / 25), Times(0.001 + np.arange(300) / 25)])
    assert [one.tolist() for one in found.frames] == [list(range(200)), list(range(300))]
    assert found.fps == pytest.approx(25, rel=1e-3)
