"""Labels of real recordings, written in every format that is read back here: frame for frame."""

from pathlib import Path

import numpy as np
import pytest

import harness
from harness.plugins.writers import Act, Labelled
from harness.recording import SCENE, Recording
from tests.data.readers.real import REAL, real
from tests.labelling.test_writers import bouts_of, events_in, read, write

pytestmark = real


def labelled_by_hand(folder: Path) -> list[Labelled]:
    """Each recording with what a person saw in it; what nobody looked at is no bout."""
    dataset = harness.load(folder)
    films: dict[str, Recording] = {}
    acts: dict[str, list[Act]] = {}
    for behavior, recordings in dataset.labelled.items():
        for one in recordings:
            films.setdefault(one.id, one)
            labels = (one.known_labels == 1).astype(np.int8)
            acts.setdefault(one.id, []).append(Act(behavior, "", "", labels, labels.astype(np.float32), 0.5))
    return [Labelled(films[name], tuple(theirs)) for name, theirs in acts.items()]


@pytest.mark.parametrize("data", ["mice_interact", "rats"])
def test_real_labels_come_back_frame_for_frame(data: str, tmp_path: Path) -> None:
    every = labelled_by_hand(REAL / data)
    behaviors = dict.fromkeys((act.behavior for one in every for act in one.acts), SCENE)
    folder = write(tmp_path / "labels", every, "boris", "bento", "slp-events", scopes=behaviors)
    assert sum(len(bouts_of(one)) for one in every) > 50
    for one in every:
        name, fps, expected = one.recording.id, one.recording.fps, bouts_of(one)
        for file in ("events.csv", "labels.boris", "labels.boris.csv"):
            if expected or file == "labels.boris":  # tables know nothing of recordings without a bout
                assert read(folder / file, name, fps) == expected
        assert read(folder / f"{name}.annot", "", fps) == expected
        if expected:
            assert sorted(events_in(folder / f"{name}.slp")) == expected
