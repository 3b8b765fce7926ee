from dataclasses import replace

import numpy as np
import pytest

from harness.features.metric_distances import metric_distances
from harness.recording import Recording, Skeleton

SKELETON = Skeleton(("nose", "tail_base"), {"nose": 0, "tail_base": 1})


def test_lengths_speeds_and_distances_are_in_centimeters() -> None:
    """Two animals of 40 and 20 px at 8 px/cm; the first walks 16 px a second towards the other, 200 px up."""
    walked = 1.6 * np.arange(10)
    one = [[walked + 40, walked], np.zeros((2, 10))]
    other = [[np.full(10, 20.0), np.zeros(10)], np.full((2, 10), 200.0)]
    keypoints = np.array([one, other]).transpose(3, 0, 1, 2).astype(np.float32)
    recording = Recording("film", keypoints, SKELETON, fps=10.0, pixels_per_cm=8.0)
    columns = {name: values[0] for name, values in metric_distances(recording).items()}
    assert columns == pytest.approx(
        {
            "0 length_cm": 5.0,
            "0 speed_cm": 2.0,
            "1 length_cm": 2.5,
            "1 speed_cm": 0.0,
            "0-1 distance_cm": np.hypot(10, 200) / 8,
            "0-1 front_cm": np.hypot(20, 200) / 8,
            "0-1 nearest_cm": 25.0,
        }
    )
    unknown = metric_distances(replace(recording, pixels_per_cm=None))
    assert list(unknown) == list(columns)
    assert all(np.isnan(values).all() for values in unknown.values())
