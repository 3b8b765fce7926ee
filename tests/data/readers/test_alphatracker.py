"""What AlphaTracker writes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.data.incoming.recognising import load_readers, read_poses
from harness.errors import DataError
from harness.plugins.readers import Tracks
from tests.data.readers.examples import broken, example
from tests.data.readers.real import IMPORTS, real

load_readers()


def find(idx: int, *numbers: float, **more: Any) -> dict[str, Any]:
    return {"keypoints": list(numbers), "scores": 2.5, "box": [0, 0, 9, 9], "idx": idx, **more}


def tracked() -> dict[str, Any]:
    """Two mice of two parts on three frames, from the third of the video on; the second is not on the last."""
    return {
        "frame_2": [find(1, 10, 20, 0.9, 0, 0, 0), find(2, 50, 60, 0.8, 51, 61, 0.7)],
        "frame_4": [find(1, 12, 22, 0.7, 13, 23, 0.6), {}],
        "frame_3": [find(2, 54, 64, 0.5, 55, 65, 0.4), find(1, 11, 21, 0.3, 12, 22, 0.2)],
    }


@example("alphatracker", "alphapose-results-forvis-tracked.json")
def right(path: Path) -> None:
    path.write_text(json.dumps(tracked()))


def label(kind: str, x: float, y: float) -> dict[str, Any]:
    size = {"width": 5.0, "height": 5.0} if kind == "Face" else {}
    return {"class": kind, "x": x, "y": y, **size}


def image(number: int) -> dict[str, Any]:
    first, second = 1.0 * number, 100.0 + number
    notes = [label("Face", 1, 1), label("point", first, 2), label("point", -1, -1)]
    notes += [label("Face", 1, 1), label("point", second, 3), label("point", second, 4)]
    return {"class": "image", "filename": f"img{number:03}.png", "annotations": notes}


@example("alphatracker_labels", "labels.json")
def labels(path: Path) -> None:
    path.write_text(json.dumps([image(0), image(1)], indent=4))


def changed(path: Path, frame: str, place: int, **more: Any) -> None:
    content = tracked()
    content[frame][place] |= more
    path.write_text(json.dumps(content))


@broken(right, "frame_2: idx is 'one', expected the number of an animal")
def a_word_for_an_animal(path: Path) -> None:
    changed(path, "frame_2", 0, idx="one")


@broken(right, "frame_2: keypoints of animal 1 are not x, y and score of each part")
def a_score_short(path: Path) -> None:
    changed(path, "frame_2", 0, keypoints=[1, 2, 3, 4, 5])


@broken(right, "frame_3: keypoints of animal 2 are not x, y and score of each part")
def words(path: Path) -> None:
    changed(path, "frame_3", 0, keypoints=["1", 2, 3])


@broken(right, "frame 4: animal 1 has 1 part, expected 2")
def a_part_short(path: Path) -> None:
    changed(path, "frame_4", 0, keypoints=[1, 2, 3])


@broken(right, "frame 3: animal 2 is there twice, expected once")
def twice(path: Path) -> None:
    changed(path, "frame_3", 1, idx=2)


@broken(right, "frame_5: is no list of what was found on the frame")
def no_list(path: Path) -> None:
    path.write_text(json.dumps(tracked() | {"frame_5": 1}))


@broken(right, "'last' does not end with the number of a frame, as frame_12 does")
def no_number(path: Path) -> None:
    path.write_text(json.dumps(tracked() | {"last": []}))


@broken(right, "ends with frame 5,000,000, though it has 6 rows")
def far(path: Path) -> None:
    path.write_text(json.dumps(tracked() | {"frame_5000000": [find(1, *[1] * 6)]}))


@broken(
    right,
    "3 tracks, at most 2 at once: pieces of animals; track them with the number of animals (max_pid_id_setting)",
)
def pieces(path: Path) -> None:
    changed(path, "frame_4", 0, idx=3)


@broken(labels, "entry 2 is no image with filename and annotations")
def no_image(path: Path) -> None:
    path.write_text(json.dumps([image(0), 1]))


@broken(labels, "img001.png: a point should have x and y, and stand behind the Face of its animal")
def a_point_of_nobody(path: Path) -> None:
    second = image(1)
    path.write_text(json.dumps([image(0), second | {"annotations": [label("point", 1, 1), *second["annotations"]]}]))


@broken(labels, "frame 1: animal 2 has 1 part, expected 2")
def a_point_short(path: Path) -> None:
    second = image(1)
    path.write_text(json.dumps([image(0), second | {"annotations": second["annotations"][:-1]}]))


@broken(
    labels,
    "labels of 2 images that are not frames one after another, not tracks of a video; give what tracking has written, "
    "alphapose-results-forvis-tracked.json",
)
def chosen_images(path: Path) -> None:
    path.write_text(json.dumps([image(0), image(7)]))


def only(path: Path) -> Tracks:
    (found,) = read_poses(path)
    return found


def test_an_animal_is_where_its_number_says_on_the_frame_that_its_name_says(tmp_path: Path) -> None:
    right.write(tmp_path / right.file)
    found = only(tmp_path / right.file)
    assert (found.animals, found.parts, found.frames) == (("animal1", "animal2"), ("part1", "part2"), 5)
    np.testing.assert_array_equal(found.keypoints[:, 0, 0, 0], [np.nan, np.nan, 10, 11, 12])
    np.testing.assert_array_equal(found.keypoints[:, 1, 1, 1], [np.nan, np.nan, 61, 65, np.nan])
    assert np.isnan(found.keypoints[2, 0, :, 1]).all()  # at nought, with a score of nought
    assert found.confidence is not None
    np.testing.assert_allclose(found.confidence[:, 0, 1], [np.nan, np.nan, 0, 0.2, 0.6], rtol=1e-6)


def test_finds_of_one_animal_alone_are_its_track_and_of_two_nobody_knows(tmp_path: Path) -> None:
    path = tmp_path / "alphapose-results.json"
    finds = [{"image_id": f"frame_{n}.png", "keypoints": [n, 2, 0.5], "score": 1, "box": [0] * 4} for n in (0, 1)]
    path.write_text(json.dumps(finds))
    assert only(path).keypoints[:, 0, 0, 0].tolist() == [0, 1]
    path.write_text(json.dumps([*finds, finds[0]]))
    with pytest.raises(DataError, match="2 animals that nothing tells apart; give alphapose-results-forvis-tracked"):
        only(path)


def test_labels_of_frames_in_order_are_tracks(tmp_path: Path) -> None:
    labels.write(tmp_path / "labels.json")
    found = only(tmp_path / "labels.json")
    assert (found.animals, found.confidence) == (("animal1", "animal2"), None)
    assert found.keypoints[:, :, 0, 0].tolist() == [[0, 100], [1, 101]]
    assert np.isnan(found.keypoints[:, 0, :, 1]).all()
    assert found.notes == ("labels of images, taken for frames by their numbers; animals are told by their order",)


@real
def test_real_labels_are_read_as_they_stand() -> None:
    path = IMPORTS / "alphatracker_json" / "at_testdata.json"
    found = only(path)
    assert found.keypoints.shape == (4, 2, 2, 3)
    points = [
        [one["x"], one["y"]] for image in json.loads(path.read_text()) for one in image["annotations"] if len(one) == 3
    ]
    np.testing.assert_array_equal(found.keypoints.transpose(0, 1, 3, 2).reshape(-1, 2), points)
