"""What people have who come from other tools, and what they are told to write: that is done, and the file is read."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.data.challenge import load_dataset
from harness.errors import DataError
from tests.challenge_files import FRAMES, bouts, poses, recording, train_file, write

SURE = np.full((FRAMES, 2, 1, 7), 0.9)
LABELS = np.array(bouts())


def said(folder: Path, entry: dict[str, Any]) -> str:
    """The one line that is told of an entry."""
    with pytest.raises(DataError) as caught:
        load_dataset(write(folder, train_file() | {"groom": {"a": entry, "b": recording(2)}}))
    assert len(caught.value.problems) == 1
    return caught.value.problems[0]


def expressions(line: str) -> list[str]:
    """The Python in a line."""
    return re.findall(r"keypoints(?:\.\w+\((?:[-\d, ]*|float)\)|\[[:\d, None]*\])+", line)


@pytest.mark.parametrize(
    "change",
    [
        lambda k: k.transpose(0, 1, 3, 2),
        lambda k: k.transpose(1, 2, 3, 0),  # SLEAP
        lambda k: np.moveaxis(k, 0, -2),
        lambda k: k.astype(object),
    ],
    ids=["xy last", "frames last", "another order", "objects"],
)
def test_keypoints_in_another_order_are_told_what_turns_them(tmp_path: Path, change: Any) -> None:
    line = said(tmp_path, recording(1, keypoints=change(poses(1))))
    turned = eval(expressions(line)[0], {"keypoints": change(poses(1))})
    np.testing.assert_array_equal(turned.astype(float), poses(1))


@pytest.mark.parametrize("turn", [lambda k: k, lambda k: k.transpose(0, 1, 3, 2)], ids=["wanted order", "xy last"])
def test_a_likelihood_beside_x_and_y_goes_to_the_scores(tmp_path: Path, turn: Any) -> None:
    three = turn(np.concatenate([poses(1), SURE], axis=2))
    line = said(tmp_path, recording(1, keypoints=three))
    assert "x, y and likelihood? Give" in line
    keypoints, scores = (eval(one, {"keypoints": three}) for one in expressions(line))
    np.testing.assert_array_equal(keypoints, poses(1))
    np.testing.assert_array_equal(scores, SURE[:, :, 0])


@pytest.mark.parametrize("of", [2, 3])
def test_the_table_of_a_single_animal_is_taken_apart(tmp_path: Path, of: int) -> None:
    one = np.concatenate([poses(1), SURE], axis=2)[:, 0, :of].transpose(0, 2, 1)  # (frames, part, coordinate)
    found = eval(
        expressions(said(tmp_path, recording(1, keypoints=one.reshape(FRAMES, -1))))[0],
        {"keypoints": one.reshape(FRAMES, -1)},
    )
    np.testing.assert_array_equal(found, poses(1)[:, :1])


def test_animals_and_parts_that_have_changed_places_are_told(tmp_path: Path) -> None:
    train = train_file() | {"chase": {"c": recording(3, keypoints=poses(3).transpose(0, 3, 2, 1))}}
    with pytest.raises(DataError) as caught:
        load_dataset(write(tmp_path, train))
    assert str(caught.value).endswith("; keypoints.transpose(0, 3, 2, 1) has that order")


@pytest.mark.parametrize(
    ("annotations", "says"),
    [
        (np.where(LABELS, "groom", "other"), "annotations are words, such as 'other', 'groom', expected"),
        (["groom" if label else "other" for label in LABELS], "[int(label == 'groom') for label in annotations]"),
        (np.stack([1 - LABELS, LABELS], axis=1), "a column for each class give that of the behavior, such as "),
        (np.stack([1 - LABELS, LABELS], axis=1).tolist(), "such as np.array(annotations)[:, 1]"),
        (np.stack([1 - LABELS, LABELS]), "a row for each class give that of the behavior, such as annotations[1]"),
        (
            LABELS * 255,
            "label 255 at frame 10 and 9 wrong ones after it, expected 0 (other) or 1 (the behavior); where",
        ),
        (LABELS + 1, "where 2 stands for the behavior, [int(label == 2) for label in annotations] makes them"),
        (["groom", 0] * (FRAMES // 2), "annotations are a list of int and str, expected a list of whole numbers"),
        ({"groom": LABELS}, "it has groom, give one of them"),
    ],
)
def test_labels_of_another_kind_are_told_what_was_found_and_what_makes_them(
    tmp_path: Path, annotations: Any, says: str
) -> None:
    assert says in said(tmp_path, recording(1, annotations=annotations))


@pytest.mark.parametrize("nothing", [np.nan, -1, None])
def test_frames_that_nobody_looked_at_are_unknown(tmp_path: Path, nothing: Any) -> None:
    labels = [nothing if frame < 5 or frame > 30 else label for frame, label in enumerate(bouts())]
    write(tmp_path, train_file() | {"groom": {"a": recording(1, annotations=labels), "b": recording(2)}})
    found = load_dataset(tmp_path).labelled["groom"][0]
    assert found.known_labels.tolist() == [
        -1 if frame < 5 or frame > 30 else label for frame, label in enumerate(bouts())
    ]
    assert found.labelled_frames == 26
    assert found.positives == sum(bouts()[5:31])


@pytest.mark.parametrize("kind", [float, bool, object], ids=lambda kind: kind.__name__)
def test_labels_of_any_type_that_stands_for_0_and_1_are_taken(tmp_path: Path, kind: type) -> None:
    train = train_file() | {"groom": {"a": recording(1, annotations=LABELS.astype(kind)), "b": recording(2)}}
    found = load_dataset(write(tmp_path, train)).labelled["groom"][0].labels
    np.testing.assert_array_equal(found, LABELS)


def test_a_name_that_is_a_tuple_is_told_what_makes_text_of_it(tmp_path: Path) -> None:
    groom = {("mouse", 1): recording(1), "b": recording(2)}
    with pytest.raises(DataError, match=r"its name is a tuple of int and str, expected text; '-'\.join"):
        load_dataset(write(tmp_path, train_file() | {"groom": groom}))


def test_other_is_no_behavior_to_search(tmp_path: Path) -> None:
    train = train_file() | {"vocabulary": ["other", "groom", "chase"], "other": {"o": recording(7)}}
    with pytest.raises(DataError, match=r"train\.npy: other: is the name for frames without a behavior"):
        load_dataset(write(tmp_path, train))


def test_the_long_names_that_trackers_give_are_taken(tmp_path: Path) -> None:
    names = [f"/mnt/lab/cohort 3/session{i}DLC_resnet50_{'SocialMay4shuffle1_500000_' * 9}filtered" for i in range(2)]
    train = train_file() | {"groom": {name: recording(seed) for seed, name in enumerate(names, 20)}}
    assert [one.id for one in load_dataset(write(tmp_path, train)).labelled["groom"]] == names


@pytest.mark.parametrize(
    "odd", [np.zeros(3, [("x", float), ("likelihood", float)]), np.array(["2020-01-01"], "M8[D]"), {(1, (2, 3)): 4}]
)
def test_a_sound_file_of_other_things_is_not_called_damaged(tmp_path: Path, odd: Any) -> None:
    with pytest.raises(DataError, match=r"train\.npy: holds an? .*; only numpy arrays and numbers, dicts, .* are read"):
        load_dataset(write(tmp_path, train_file() | {"groom": {"a": recording(1, extra=odd), "b": recording(2)}}))
