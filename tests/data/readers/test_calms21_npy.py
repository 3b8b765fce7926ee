"""CalMS21, the challenge's files and others of their form, as pickled npy."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.data.challenge import load_dataset
from harness.data.incoming.recognising import load_readers, read_annotations, read_poses
from harness.errors import DataError
from harness.plugins.readers import Bout
from tests.data.readers.examples import broken, example
from tests.data.readers.real import REAL, real

load_readers()

ONE = "task3/approach/train/mouse000_task3_approach"
TWO = "task3/approach/train/mouse001_task3_approach"


def save(path: Path, content: Any) -> None:
    with open(path, "wb") as file:
        np.save(file, content, allow_pickle=True)


def poses(frames: int, at: float = 0.0) -> Any:
    chance = np.random.default_rng(int(at))
    return at + np.cumsum(chance.normal(size=(frames, 2, 2, 7)), axis=0) + 100 * np.arange(1, 8)


def recording(labels: list[int], at: float = 0.0, **others: Any) -> dict[str, Any]:
    return {"keypoints": poses(len(labels), at), "annotations": np.array(labels)} | others


def released() -> dict[str, Any]:
    """As the script of CalMS21 writes it."""
    metadata = {"vocab": {"other": 0, "approach": 1}, "annotator-id": 2}
    return {
        "approach": {
            ONE: recording([0, 1, 1, 0], metadata=metadata, scores=np.full((4, 2, 7), 0.5)),
            TWO: recording([1, 0, 0], 5, metadata=metadata),
        }
    }


@example("calms21_npy", "calms21_task3_train.npy")
def right(path: Path) -> None:
    save(path, released())


def changed(path: Path, **others: Any) -> None:
    content = released()
    content["approach"][TWO] |= others
    save(path, content)


WHERE = f"approach, {TWO}"


@broken(
    right,
    f"{WHERE}: keypoints are (9, 2, 7, 2), expected (frames, animals, 2 for x and y, parts); x and y are the "
    "last axis, keypoints.transpose(0, 1, 3, 2) moves them",
    "poses",
)
def turned(path: Path) -> None:
    changed(path, keypoints=np.ones((9, 2, 7, 2)), annotations=np.zeros(9, int))


@broken(right, f"{WHERE}: scores are (3, 2, 6), expected (3, 2, 7) beside keypoints (3, 2, 2, 7)", "poses")
def a_score_less(path: Path) -> None:
    changed(path, scores=np.ones((3, 2, 6)))


@broken(right, f"{WHERE}: keypoints are infinite at frame 1; NaN stands for a point that was not seen", "poses")
def infinite(path: Path) -> None:
    keypoints = poses(3, 5)
    keypoints[1, 0, 0, 0] = np.inf
    changed(path, keypoints=keypoints)


@broken(right, f"{WHERE}: label 2 at frame 1, expected 0 (other) or 1 (approach)", "annotations")
def another_label(path: Path) -> None:
    changed(path, annotations=np.array([0, 2, 1]))


@broken(right, f"{WHERE}: 2 annotations for 3 frames, expected one for each", "annotations")
def a_label_less(path: Path) -> None:
    changed(path, annotations=np.array([0, 1]))


@broken(right, "holds a list of str, expected a dict of recordings")
def a_list(path: Path) -> None:
    wrapped = np.empty((), dtype=object)
    wrapped[()] = ["keypoints"]
    save(path, wrapped)


@broken(
    right,
    "refused: the pickle asks for os.system; only numpy arrays and numbers, dicts, lists, tuples, text, bytes, "
    "numbers, booleans and None are read",
)
def one_that_runs(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"\n") + 1] + b"cos\nsystem\n(S'keypoints'\ntR.")


@broken(right, f"{WHERE}: holds an empty list, expected a dict with keypoints")
def no_recording(path: Path) -> None:
    content = released()
    content["approach"][TWO] = []
    save(path, content)


def test_the_released_form_is_read(tmp_path: Path) -> None:
    right.write(tmp_path / "calms21_task3_train.npy")
    first, second = read_poses(tmp_path / "calms21_task3_train.npy")
    assert (first.video, second.video) == ("mouse000_task3_approach", "mouse001_task3_approach")
    np.testing.assert_array_equal(second.keypoints, poses(3, 5).astype(np.float32))
    assert (first.animals, first.parts[:2], first.fps) == (("resident", "intruder"), ("nose", "left_ear"), 30.0)
    assert first.confidence is not None
    assert first.confidence.shape == (4, 2, 7)
    one, two = read_annotations(tmp_path / "calms21_task3_train.npy")
    assert one.bouts == (Bout("approach", 1, 3),)
    assert two.bouts == (Bout("approach", 0, 1),)
    assert (one.behaviors, one.length, one.notes) == (("approach",), 4, ("labelled by annotator 2",))


def test_several_classes_of_the_challenges_first_task_are_told_apart(tmp_path: Path) -> None:
    vocabulary = {"attack": 0, "investigation": 1, "mount": 2, "other": 3}
    content = {"vocabulary": vocabulary, "sequences": {"ABC": recording([3, 0, 0, 2, 3], annotator_id=0)}}
    save(tmp_path / "train.npy", content)
    (poses_of,) = read_poses(tmp_path / "train.npy")
    (found,) = read_annotations(tmp_path / "train.npy")
    assert (poses_of.video, poses_of.fps) == ("ABC", None)
    assert poses_of.notes[0].startswith("its two animals and seven parts are taken for those of CalMS21")
    assert found.bouts == (Bout("attack", 1, 3), Bout("mount", 3, 4))
    assert found.behaviors == ("attack", "investigation", "mount")
    content["vocabulary"] = {}
    save(tmp_path / "train.npy", content)
    with pytest.raises(DataError, match="ABC: nothing says what its labels stand for"):
        list(read_annotations(tmp_path / "train.npy"))


def test_a_recording_of_two_behaviors_has_its_poses_once(tmp_path: Path) -> None:
    first, second = recording([0, 1, 1]), recording([1, -1, 0])
    content = {"vocabulary": ["behavior-0", "behavior-1"], "behavior-0": {"A": first}, "behavior-1": {"A": second}}
    save(tmp_path / "train.npy", content)
    assert [found.video for found in read_poses(tmp_path / "train.npy")] == ["A"]
    one, other = read_annotations(tmp_path / "train.npy")
    assert (one.bouts, other.bouts) == ((Bout("behavior-0", 1, 3),), (Bout("behavior-1", 0, 1),))
    assert (one.looked_at, other.looked_at) == (None, (Bout("behavior-1", 0, 1), Bout("behavior-1", 2, 3)))
    second["keypoints"] = poses(3, 7)
    save(tmp_path / "train.npy", content)
    with pytest.raises(DataError, match="behavior-1, A: other poses than the recording of this name in behavior-0"):
        list(read_poses(tmp_path / "train.npy"))


def test_a_test_file_has_poses_alone(tmp_path: Path) -> None:
    save(tmp_path / "test.npy", {"A": {"keypoints": poses(3)}, "B": {"keypoints": poses(4, 3)}})
    assert [found.frames for found in read_poses(tmp_path / "test.npy")] == [3, 4]
    with pytest.raises(DataError, match="none of its recordings is labelled"):
        list(read_annotations(tmp_path / "test.npy"))


@real
@pytest.mark.parametrize("name", ["mice_interact", "rats"])
def test_a_real_folder_comes_to_what_is_loaded_of_it(name: str) -> None:
    dataset = load_dataset(REAL / name)
    tracks = {found.video: found for found in read_poses(REAL / name / "train.npy")}
    for behavior, recordings in dataset.labelled.items():
        for one in recordings:
            np.testing.assert_array_equal(tracks[one.id].keypoints, one.keypoints)
        found = {one.video: one for one in read_annotations(REAL / name / "train.npy") if one.behaviors == (behavior,)}
        for one in recordings:
            labels = np.zeros(one.frames, dtype=np.int8)
            for bout in found[one.id].bouts:
                labels[int(bout.start) : int(bout.stop or 0)] = 1
            np.testing.assert_array_equal(labels, one.known_labels)
