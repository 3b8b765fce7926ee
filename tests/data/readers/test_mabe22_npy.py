"""Mouse triplets of MABe 2022."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.data.incoming.recognising import load_readers, read_annotations, read_poses
from harness.errors import DataError
from harness.plugins.readers import Bout
from tests.data.readers.examples import broken, example

load_readers()

FRAMES = 6


def keypoints() -> Any:
    """Row 10 x mouse, column 100 + part; mouse 3 is not seen on frame 2."""
    found = np.zeros((FRAMES, 3, 12, 2))
    found[..., 0] = 10 * np.arange(1, 4)[:, None]
    found[..., 1] = 100 + np.arange(12)
    found[2, 2] = 0
    return found


def content() -> dict[str, Any]:
    labels = np.array([[1, 1, 1, 1, 1, 1], [0, 1, 1, 0, 0, 1], [0.5, 0, 0, 0, 0, 0], [0, np.nan, 1, 1, np.nan, 0]])
    one = {"keypoints": keypoints(), "annotations": labels}
    return {"sequences": {"AAA": one, "BBB": dict(one)}, "vocabulary": ["lights", "chases", "speed", "huddles"]}


def save(path: Path, found: Any) -> None:
    with open(path, "wb") as file:
        np.save(file, found, allow_pickle=True)


@example("mabe22_npy", "mouse_triplet_train.npy")
def right(path: Path) -> None:
    save(path, content())


def changed(path: Path, **others: Any) -> None:
    found = content()
    found["sequences"]["BBB"] |= others
    save(path, found)


@broken(right, "BBB: keypoints are (6, 3, 7, 2), expected (frames, 3 mice, 12 parts, 2)", "poses")
def seven_parts(path: Path) -> None:
    changed(path, keypoints=np.ones((FRAMES, 3, 7, 2)))


@broken(right, "BBB: keypoints are a list of float, expected numbers (frames, 3, 12, 2)", "poses")
def a_list_of_points(path: Path) -> None:
    changed(path, keypoints=[1.0])


@broken(right, "BBB: keypoints are an array of <U1 (6, 3, 12, 2), expected numbers (frames, 3, 12, 2)", "poses")
def words(path: Path) -> None:
    changed(path, keypoints=np.full((FRAMES, 3, 12, 2), "x"))


@broken(right, "BBB: annotations are (3, 6), expected 4 rows, one for each task", "annotations")
def a_task_less(path: Path) -> None:
    changed(path, annotations=np.zeros((3, FRAMES)))


@broken(right, "BBB: annotations are None, expected numbers (tasks, frames)", "annotations")
def no_annotations(path: Path) -> None:
    changed(path, annotations=None)


@broken(right, "has no vocabulary, which names the tasks; what is to be labelled has poses alone", "annotations")
def no_vocabulary(path: Path) -> None:
    save(path, {"sequences": content()["sequences"]})


@broken(right, "has no sequences; it has AAA, BBB", "poses")
def no_sequences(path: Path) -> None:
    save(path, content()["sequences"])


@broken(right, "sequence 5 is a dict, expected a name and a dict with keypoints")
def a_number_for_a_name(path: Path) -> None:
    found = content()
    found["sequences"][5] = found["sequences"].pop("BBB")
    save(path, found)


def test_rows_come_before_columns_and_0_0_is_not_seen(tmp_path: Path) -> None:
    right.write(tmp_path / "a.npy")
    first, second = read_poses(tmp_path / "a.npy")
    assert (first.video, second.video, first.fps) == ("AAA", "BBB", 30.0)
    assert (first.animals, first.parts[9]) == (("mouse1", "mouse2", "mouse3"), "base_tail")
    assert first.keypoints[0, 1].tolist() == [[100 + part for part in range(12)], [20] * 12]
    assert np.isnan(first.keypoints[2, 2]).all()
    assert np.isnan(first.keypoints).sum() == 24
    assert first.notes == ("12 points at (0, 0), taken as not seen",)


def test_tasks_of_single_frames_are_behaviors(tmp_path: Path) -> None:
    right.write(tmp_path / "a.npy")
    found, _ = read_annotations(tmp_path / "a.npy")
    assert found.bouts == (Bout("chases", 1, 3), Bout("chases", 5, 6), Bout("huddles", 2, 4))
    assert found.looked_at == (
        Bout("chases", 0, 6),
        Bout("huddles", 0, 1),
        Bout("huddles", 2, 4),
        Bout("huddles", 5, 6),
    )
    assert (found.video, found.length, found.behaviors) == ("AAA", FRAMES, ("chases", "huddles"))
    assert found.notes == ("of no single frames, and left out: lights, speed",)


def test_what_is_to_be_labelled_has_poses_alone(tmp_path: Path) -> None:
    save(tmp_path / "a.npy", {"sequences": {"AAA": {"keypoints": keypoints()}}})
    assert [found.frames for found in read_poses(tmp_path / "a.npy")] == [FRAMES]
    with pytest.raises(DataError, match="has no vocabulary, which names the tasks"):
        list(read_annotations(tmp_path / "a.npy"))
