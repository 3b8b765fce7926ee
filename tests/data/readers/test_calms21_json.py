"""CalMS21 as it is published, in json."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.data.incoming.recognising import load_readers, read_annotations, read_poses
from harness.errors import DataError
from harness.plugins.readers import Bout
from tests.data.readers.examples import broken, edit, example

load_readers()

VOCABULARY = {"attack": 0, "investigation": 1, "mount": 2, "other": 3}
FIRST, SECOND = "task1/train/mouse001_task1_annotator1", "task1/train/mouse002_task1_annotator1"


def keypoints(frames: int) -> Any:
    """Mouse 0 at part, mouse 1 at 50 more; y is 100 more than x."""
    x = np.arange(7) + 50 * np.arange(2)[:, None] + np.zeros((frames, 1, 1))
    return np.stack([x, x + 100], axis=2)  # (frames, mice, xy, parts)


def recording(labels: list[Any], **others: Any) -> dict[str, Any]:
    return {
        "keypoints": keypoints(len(labels)).tolist(),
        "scores": np.full((len(labels), 2, 7), 0.5).tolist(),
        "annotations": labels,
        "metadata": {"vocab": VOCABULARY, "annotator-id": 0},
    } | others


def content() -> dict[str, Any]:
    return {"annotator-id_0": {FIRST: recording([3, 3, 1, 1, 0, 3]), SECOND: recording([2, 2, 2])}}


@example("calms21_json", "calms21_task1_train.json")
def right(path: Path) -> None:
    path.write_text(json.dumps(content()))


def changed(path: Path, **others: Any) -> None:
    found = content()
    found["annotator-id_0"][SECOND] = recording([2, 2, 2], **others)
    path.write_text(json.dumps(found))


@example("calms21_json", "calms21_task3_test.json")
def by_behavior(path: Path) -> None:
    vocabulary = {"vocab": {"other": 0, "approach": 1}, "annotator-id": 0}
    found = {"approach": {"task3/approach/test/mouse003_task3_approach": recording([0, 1, 1], metadata=vocabulary)}}
    path.write_text(json.dumps(found))


WHERE = f"annotator-id_0, {SECOND}"


@broken(right, "no JSON, or cut short (parse error: invalid object key (must be a string))")
def no_json(path: Path) -> None:
    edit(path, '"metadata": {', '"metadata": {,')


@broken(right, "no JSON, or cut short (parse error: premature EOF)")
def cut(path: Path) -> None:
    path.write_text(path.read_text()[:-1])


@broken(right, "no JSON, or cut short (parse error: trailing garbage)")
def more_behind_it(path: Path) -> None:
    path.write_text(path.read_text() + "}")


@broken(right, f"{WHERE}: a dict with keypoints is expected, and something else is there")
def no_recording(path: Path) -> None:
    found = content()
    found["annotator-id_0"][SECOND] = []
    path.write_text(json.dumps(found))


@broken(right, f"{WHERE}: metadata holds more than 10,000 values")
def much_metadata(path: Path) -> None:
    changed(path, metadata={"vocab": VOCABULARY, "more": [0] * 10_000})


@broken(right, f"annotator-id_0, {FIRST}: is there twice, expected once")
def twice(path: Path) -> None:
    path.write_text(json.dumps(content()).replace("mouse002", "mouse001"))


@broken(right, f"{WHERE}: keypoints has lists of different lengths side by side", "poses")
def a_mouse_less_on_a_frame(path: Path) -> None:
    changed(path, keypoints=[[[[1] * 7] * 2] * 2, [[[1] * 7] * 2]])


@broken(
    right,
    f"{WHERE}: nothing says what its labels stand for; a vocabulary of names and whole numbers does",
    "annotations",
)
def no_vocabulary(path: Path) -> None:
    changed(path, metadata={})


POSES: dict[str, tuple[dict[str, Any], str]] = {
    "other lengths": (
        {"keypoints": [[[[1] * 7] * 2] * 2, [[[1] * 7] * 2]]},
        "keypoints has lists of different lengths",
    ),
    "a part less": ({"keypoints": [[[[1] * 7, [1] * 6]] * 2]}, "keypoints has lists of different lengths side by side"),
    "words": ({"keypoints": [[[["a"]]]]}, "keypoints holds something that is no number"),
    "no list": ({"keypoints": 5}, "keypoints is no list"),
    "too deep": ({"keypoints": [[[[[1]]]]]}, "keypoints has lists more than 4 deep"),
    "not deep": ({"keypoints": [[[1, 2]]]}, "keypoints has numbers elsewhere than 4 lists deep"),
    "beside": ({"keypoints": [[[[1, 2], 3]]]}, "keypoints has numbers elsewhere than 4 lists deep"),
    "in space": ({"keypoints": np.ones((3, 2, 3, 7)).tolist()}, "keypoints are (3, 2, 3, 7), expected"),
    "scores": ({"scores": np.ones((3, 2, 6)).tolist()}, "scores are (3, 2, 6), expected (3, 2, 7)"),
}


@pytest.mark.parametrize("way", POSES)
def test_what_is_wrong_with_poses_is_told(way: str, tmp_path: Path) -> None:
    path = tmp_path / "calms21.json"
    changed(path, **POSES[way][0])
    with pytest.raises(DataError) as caught:
        list(read_poses(path))
    (line,) = caught.value.lines
    assert line.startswith(f"{path}: {WHERE}: {POSES[way][1]}")


LABELS: dict[str, tuple[dict[str, Any], str]] = {
    "unknown": (
        {"annotations": [2, 4, 2]},
        "label 4 on frame 1, expected 0 (attack), 1 (investigation), 2 (mount), 3 (other)",
    ),
    "no vocabulary": (
        {"metadata": {}},
        "nothing says what its labels stand for; a vocabulary of names and whole numbers does",
    ),
    "a label twice": (
        {"metadata": {"vocab": {"attack": 1, "mount": 1}}},
        "its vocabulary should give every name a whole number of its own",
    ),
    "words": ({"annotations": ["attack"] * 3}, "annotations holds something that is no number"),
    "columns": ({"annotations": [[1], [2], [3]]}, "annotations has lists more than 1 deep"),
}


@pytest.mark.parametrize("way", LABELS)
def test_what_is_wrong_with_labels_is_told(way: str, tmp_path: Path) -> None:
    path = tmp_path / "calms21.json"
    changed(path, **LABELS[way][0])
    with pytest.raises(DataError) as caught:
        list(read_annotations(path))
    assert list(caught.value.lines) == [f"{path}: {WHERE}: {LABELS[way][1]}"]


def test_every_recording_is_a_video(tmp_path: Path) -> None:
    right.write(tmp_path / "calms21_task1_train.json")
    first, second = read_poses(tmp_path / "calms21_task1_train.json")
    assert (first.video, second.video) == ("mouse001_task1_annotator1", "mouse002_task1_annotator1")
    assert first.animals == ("resident", "intruder")
    assert first.parts == ("nose", "left_ear", "right_ear", "neck", "left_hip", "right_hip", "tail_base")
    np.testing.assert_array_equal(first.keypoints, keypoints(6).astype(np.float32))
    np.testing.assert_array_equal(second.confidence, np.full((3, 2, 7), 0.5, np.float32))
    assert (first.fps, first.image_size) == (30.0, (1024, 570))


def test_labels_stand_for_what_the_vocabulary_says(tmp_path: Path) -> None:
    right.write(tmp_path / "calms21_task1_train.json")
    first, second = read_annotations(tmp_path / "calms21_task1_train.json")
    assert first.bouts == (Bout("investigation", 2, 4), Bout("attack", 4, 5))
    assert second.bouts == (Bout("mount", 0, 3),)
    assert (first.behaviors, first.length, first.unit) == (("attack", "investigation", "mount"), 6, "frames")
    assert first.looked_at is None
    assert first.notes == ("labelled by annotator 0",)


def test_files_by_behavior_speak_of_one_behavior_in_each_recording(tmp_path: Path) -> None:
    by_behavior.write(tmp_path / "calms21_task3_test.json")
    (found,) = read_annotations(tmp_path / "calms21_task3_test.json")
    assert (found.video, found.behaviors) == ("mouse003_task3_approach", ("approach",))
    assert found.bouts == (Bout("approach", 1, 3),)


def test_frames_without_a_label_were_not_looked_at(tmp_path: Path) -> None:
    vocabulary = {"vocab": {"other": 0, "approach": 1}}
    found = {"approach": {"a/b": recording([None, 0, 1, 1, -1, None, 1], metadata=vocabulary)}}
    (tmp_path / "a.json").write_text(json.dumps(found))
    (one,) = read_annotations(tmp_path / "a.json")
    assert one.bouts == (Bout("approach", 2, 4), Bout("approach", 6, 7))
    assert one.looked_at == (Bout("approach", 1, 2), Bout("approach", 2, 4), Bout("approach", 6, 7))


def test_what_nobody_labelled_has_poses_alone(tmp_path: Path) -> None:
    unlabelled = {name: value for name, value in recording([0, 0]).items() if name != "annotations"}
    (tmp_path / "a.json").write_text(json.dumps({"unlabeled_videos": {"unlabeled/mouse004": unlabelled}}))
    (found,) = read_poses(tmp_path / "a.json")
    assert (found.video, found.frames) == ("mouse004", 2)
    with pytest.raises(DataError, match="none of its recordings is labelled"):
        list(read_annotations(tmp_path / "a.json"))


def test_features_of_treba_are_no_poses(tmp_path: Path) -> None:
    treba = {"approach": {"a": {"features": [[1.0] * 60], "annotations": [1]}}}
    (tmp_path / "a.json").write_text(json.dumps(treba))
    with pytest.raises(DataError, match=r"a: has features \(TREBA\) and no keypoints; it has features, annotations"):
        list(read_poses(tmp_path / "a.json"))
