from dataclasses import replace

import numpy as np
import pytest

from harness.features.place_and_time import place_and_time
from harness.recording import Array, Recording, Skeleton
from tests.toy import toy_recordings


def sticks(middles: Array, zoom: float = 1.0) -> Recording:
    """Two animals `zoom` pixels long that face +x, both with their middles at `middles` (frames,) body lengths."""
    points = zoom * (middles + np.array([0.5, -0.5])[:, None])
    keypoints = np.stack([points.real, points.imag], axis=0).transpose(2, 0, 1)[:, None]
    return Recording("sticks", np.repeat(keypoints, 2, axis=1).astype(np.float32), Skeleton.unnamed(2))


def around_the_arena() -> Array:
    """Middles that leave most keypoints at the corners of an arena 21 body lengths by 10; the first is inside."""
    middles = np.repeat([0.5, 20.5, 0.5 + 10j, 20.5 + 10j], 50)
    middles[0] = 5.5 + 4j
    return np.asarray(middles)


@pytest.mark.parametrize("zoom", [1.0, 40.0])
def test_places_are_distances_in_body_lengths(zoom: float) -> None:
    columns = place_and_time(sticks(around_the_arena(), zoom))
    for animal in (0, 1):
        row = {name: float(values[0]) for name, values in columns.items()}
        assert row[f"{animal} wall"] == pytest.approx(4, rel=1e-5)
        assert row[f"{animal} wall_x"] == pytest.approx(5.5, rel=1e-5)
        assert row[f"{animal} wall_y"] == pytest.approx(4, rel=1e-5)
        assert row[f"{animal} corner"] == pytest.approx(np.hypot(5.5, 4), rel=1e-5)
        assert row[f"{animal} center"] == pytest.approx(np.hypot(5, 1), rel=1e-5)
    assert columns["1 wall"][1] == pytest.approx(0, abs=1e-5)
    assert columns["1 corner"][150] == pytest.approx(0.5, abs=1e-5)


def test_walls_are_where_one_in_a_hundred_keypoints_is_farther_out() -> None:
    recording = toy_recordings(1, 400)[0]
    columns = place_and_time(recording)
    x, y = recording.keypoints[:, :, 0], recording.keypoints[:, :, 1]
    middle_x, middle_y = np.nanmean(x[:, 0], axis=1), np.nanmean(y[:, 0], axis=1)
    to_x = np.minimum(middle_x - np.nanpercentile(x, 1), np.nanpercentile(x, 99) - middle_x)
    to_y = np.minimum(middle_y - np.nanpercentile(y, 1), np.nanpercentile(y, 99) - middle_y)
    unit = np.median(columns["0 wall_x"] / to_x)
    assert columns["0 wall_x"] == pytest.approx(to_x * unit, abs=1e-4)
    assert columns["0 wall_y"] == pytest.approx(to_y * unit, abs=1e-4)
    assert columns["0 wall"] == pytest.approx(np.minimum(to_x, to_y) * unit, abs=1e-4)
    assert 1 / unit == pytest.approx(40 * 1.45, rel=0.01)  # the toy animals are 40 pixels from neck to tail base


def test_an_animal_that_was_not_seen_is_nowhere() -> None:
    recording = sticks(around_the_arena())
    keypoints = recording.keypoints.copy()
    keypoints[3, 1] = np.nan
    columns = place_and_time(replace(recording, keypoints=keypoints))
    assert np.isnan([columns[f"1 {what}"][3] for what in ("wall", "wall_x", "wall_y", "corner", "center")]).all()
    assert np.isfinite([columns[f"0 {what}"][3] for what in ("wall", "wall_x", "wall_y", "corner", "center")]).all()


def test_a_cut_recording_knows_its_time_in_the_session() -> None:
    recording = toy_recordings(1, 300)[0]
    whole, part = (place_and_time(one) for one in (recording, recording.cut(100, 200)))
    assert part["session_begins"] == pytest.approx(whole["session_begins"][100:200])
    assert part["session_ends"] == pytest.approx(whole["session_ends"][100:200])
    assert whole["session_begins"][150] == pytest.approx(np.tanh(150 / 1500))
    assert whole["session_ends"][150] == pytest.approx(np.tanh(150 / 2301))
