"""Poses of MARS."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from harness.data.incoming.keys import video_of_file
from harness.data.incoming.recognising import load_readers, read_poses
from harness.plugins.readers import Tracks
from tests.data.readers.examples import broken, edit, example

load_readers()

PARTS = 7


def content(frames: int = 3, mice: int = 2, parts: int = PARTS) -> dict[str, Any]:
    """x counts up from part to part, y is 100 more, and mouse 1 is 50 to the right."""
    x = np.arange(parts) + 50 * np.arange(mice)[:, None] + 0.5 * np.arange(frames)[:, None, None]
    keypoints = np.stack([x, x + 100], axis=2)  # (frames, mice, xy, parts)
    return {"keypoints": keypoints.tolist(), "scores": np.full((frames, mice, parts), 0.25).tolist(), "bbox": []}


@example("mars_pose", "mouse156_pose_top_v1_8.json")
def right(path: Path) -> None:
    path.write_text(json.dumps(content()))


def changed(path: Path, **values: Any) -> None:
    path.write_text(json.dumps({**content(), **values}))


UNLIKE = "expected 4 lists in one another, each as long as the others beside it, of numbers"


@broken(right, "scores are (3, 2, 6), expected (3, 2, 7), one for each keypoint")
def a_score_less(path: Path) -> None:
    changed(path, scores=np.ones((3, 2, 6)).tolist())


@broken(right, "scores are (2, 2, 7), expected (3, 2, 7), one for each keypoint")
def a_frame_of_scores_less(path: Path) -> None:
    changed(path, scores=np.ones((2, 2, 7)).tolist())


@broken(right, "scores is (3, 2), expected 3 axes")
def a_score_for_each_mouse(path: Path) -> None:
    changed(path, scores=np.ones((3, 2)).tolist())


@broken(right, "keypoints are (3, 2, 3, 7), expected (frames, mice, 2 for x and y, parts)")
def in_space(path: Path) -> None:
    changed(path, keypoints=np.ones((3, 2, 3, 7)).tolist())


@broken(right, f"keypoints is something else, {UNLIKE}")
def a_mouse_less_on_a_frame(path: Path) -> None:
    found = content()
    found["keypoints"][1].pop()
    changed(path, **found)


@broken(right, f"keypoints is something else, {UNLIKE}")
def a_word(path: Path) -> None:
    edit(path, "[[[[0.0,", '[[[["left",')


@broken(right, "scores is no list, expected 3 lists in one another")
def a_score_for_all(path: Path) -> None:
    changed(path, scores=0.5)


@broken(right, "has no keypoints; it has bbox, scores")
def boxes_alone(path: Path) -> None:
    path.write_text(json.dumps({"bbox": [[[1, 2, 3, 4]]], "scores": [[[1]]]}))


@broken(right, "line 1: no JSON, or cut short (Expecting ',' delimiter)")
def cut(path: Path) -> None:
    path.write_text(path.read_text()[:-1])


def only(path: Path) -> Tracks:
    (found,) = read_poses(path)
    return found


def test_the_resident_comes_first_and_right_before_left(tmp_path: Path) -> None:
    right.write(tmp_path / "mouse156_pose_top_v1_8.json")
    found = only(tmp_path / "mouse156_pose_top_v1_8.json")
    assert found.animals == ("resident", "intruder")
    assert found.parts == ("nose", "right_ear", "left_ear", "neck", "right_side", "left_side", "tail_base")
    assert found.keypoints[2, 1].tolist() == [[51 + part for part in range(7)], [151 + part for part in range(7)]]
    assert found.confidence is not None
    assert found.confidence.tolist() == np.full((3, 2, 7), 0.25).tolist()
    assert (found.fps, found.video, found.notes) == (None, "", ())
    assert video_of_file(Path("mouse156_pose_top_v1_8.json")) == "mouse156"


def test_other_numbers_of_mice_and_parts_have_no_names(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(content(mice=1, parts=9)))
    found = only(path)
    assert (found.animals, found.parts[0], found.notes) == (
        ("animal1",),
        "part1",
        ("what its 9 parts are is not said",),
    )
