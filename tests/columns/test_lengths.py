from dataclasses import replace

import numpy as np

from harness.columns.lengths import body_length, odd_lengths
from harness.columns.poses import body_axes, keypoints_as_points
from tests.toy import toy_recordings


def test_a_recording_at_another_scale_stands_out() -> None:
    recordings = toy_recordings(5, 200, seed=0, prefix="a")
    usual = np.median([body_length(one) for one in recordings])
    for scale, stands_out in ((3.0, True), (0.4, True), (1.3, False), (0.7, False)):
        changed = [*recordings[:2], replace(recordings[2], keypoints=recordings[2].keypoints * scale), *recordings[3:]]
        odd = odd_lengths(changed)
        assert [one.recording.id for one in odd] == [recordings[2].id] * stands_out
        for one in odd:
            np.testing.assert_allclose((one.pixels, one.usual), (usual * scale, usual), rtol=0.15)


def test_a_length_is_the_median_distance_from_rear_to_front() -> None:
    (recording,) = toy_recordings(1, 200, seed=0, prefix="a")
    axes = body_axes(recording, keypoints_as_points(recording))
    np.testing.assert_allclose(body_length(recording), np.mean(np.nanmedian(np.abs(axes), axis=1)), rtol=1e-6)


def test_recordings_in_which_nothing_was_seen_say_nothing() -> None:
    recordings = toy_recordings(4, 100, seed=0, prefix="a")
    empty = replace(recordings[0], keypoints=np.full_like(recordings[0].keypoints, np.nan))
    assert np.isnan(body_length(empty))
    assert odd_lengths([empty, *recordings[1:]]) == []
    assert odd_lengths(recordings[:2]) == []
    assert odd_lengths([]) == []
