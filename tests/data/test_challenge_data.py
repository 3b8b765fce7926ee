import math
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.data.challenge import load_dataset, sample_submission_path
from harness.data.dataset_toml import KEYS
from harness.dataset import Dataset
from harness.errors import DataError
from harness.recording import CALMS21
from tests.challenge_files import (
    FRAMES,
    MALFORMED,
    SAYS,
    bouts,
    poses,
    recording,
    released,
    save,
    test_file,
    train_file,
    unlabelled,
    write,
)
from tests.desk import closable

RATS = Path(__file__).parents[3] / "shared/data/rats"


def layout_of_the_page() -> Any:
    return train_file()


def layout_of_the_page_without_vocabulary() -> Any:
    return {name: group for name, group in train_file().items() if name != "vocabulary"}


def layout_of_the_page_with_a_dict_of_behaviors() -> Any:
    return train_file() | {"vocabulary": {"other": 0, "groom": 1, "chase": 2}}


def layout_with_sequences() -> Any:
    files = layout_of_the_page_without_vocabulary()
    return {name: {"sequences": group, "vocabulary": {"other": 0, name: 1}} for name, group in files.items()}


def layout_of_the_release() -> Any:
    files = layout_of_the_page_without_vocabulary()
    metadata = {name: {"annotator-id": 0, "vocab": {"other": 0, name: 1}} for name in files}
    return {
        name: {id_: entry | {"metadata": metadata[name]} for id_, entry in group.items()}
        for name, group in files.items()
    }


LAYOUTS = [
    layout_of_the_page,
    layout_of_the_page_without_vocabulary,
    layout_of_the_page_with_a_dict_of_behaviors,
    layout_with_sequences,
    layout_of_the_release,
]


def loaded(folder: Path, train: Any = None, test: Any = None) -> Dataset:
    return load_dataset(write(folder, train_file() if train is None else train, test))


def problems(folder: Path) -> tuple[str, ...]:
    with pytest.raises(DataError) as caught:
        load_dataset(folder)
    return caught.value.problems


# Layouts


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_of_a_training_file_gives_the_same_recordings(tmp_path: Path, layout: Any) -> None:
    dataset = loaded(tmp_path, layout())
    assert [(name, [one.id for one in group]) for name, group in dataset.labelled.items()] == [
        ("groom", ["a", "b"]),
        ("chase", ["b", "c"]),
    ]
    first = dataset.labelled["groom"][0]
    np.testing.assert_array_equal(first.keypoints, poses(1))
    assert first.labels is not None
    assert first.labels.dtype == np.int8
    assert first.labels.tolist() == bouts()
    assert dataset.digests == loaded(tmp_path / "other").digests


@pytest.mark.parametrize(
    "test", [test_file(), {"sequences": test_file(), "vocabulary": {"groom": 0}}, {"sequences": test_file()}]
)
def test_both_layouts_of_an_unlabelled_test_file_give_the_same_recordings(tmp_path: Path, test: Any) -> None:
    dataset = loaded(tmp_path, test=test)
    assert [one.id for one in dataset.unlabelled] == ["x", "y"]
    np.testing.assert_array_equal(dataset.unlabelled[1].keypoints, poses(12))
    assert dataset.unlabelled[0].labels is None
    assert dataset.truth == {}


def test_labels_of_a_test_file_are_kept_for_scoring_and_nowhere_else(tmp_path: Path) -> None:
    test = {
        "groom": {"x": released("groom", 11), "y": released("groom", 12, annotations=np.zeros(FRAMES, np.int8))},
        "chase": {"x": released("chase", 11, annotations=np.ones(FRAMES, bool))},
        "rear": {"z": released("rear", 13)},
    }
    dataset = loaded(tmp_path, test=test)
    assert [one.id for one in dataset.unlabelled] == ["x", "y", "z"]
    assert all(one.labels is None for one in dataset.unlabelled)
    truth = {name: {id_: labels.tolist() for id_, labels in group.items()} for name, group in dataset.truth.items()}
    assert truth == {"groom": {"x": bouts(), "y": [0] * FRAMES}, "chase": {"x": [1] * FRAMES}}


def test_the_public_release_keeps_its_names_and_the_confidence_of_the_tracker(tmp_path: Path) -> None:
    ids = {group: f"task3/{group}/train/mouse000_task3_{group}" for group in ("approach", "groom")}
    scores = np.random.default_rng(0).random((FRAMES, 2, 7))
    train = {group: {id_: released(group, seed, scores=scores)} for seed, (group, id_) in enumerate(ids.items())}
    tmp_path.joinpath("calms21").mkdir()
    save(tmp_path / "calms21" / "calms21_task3_train.npy", train)
    dataset = load_dataset(tmp_path / "calms21")
    assert dataset.name == "calms21"
    assert dataset.unlabelled == ()
    assert {name: [one.id for one in group] for name, group in dataset.labelled.items()} == {
        name: [id_] for name, id_ in ids.items()
    }
    confidence = dataset.labelled["groom"][0].confidence
    assert confidence is not None
    assert confidence.dtype == np.float32
    np.testing.assert_array_equal(confidence, scores.astype(np.float32))


def test_without_a_test_file_nothing_is_unlabelled(tmp_path: Path) -> None:
    save(tmp_path / "train.npy", train_file())
    assert load_dataset(tmp_path).unlabelled == ()


def test_the_data_set_is_named_after_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "voles", train_file())
    monkeypatch.chdir(tmp_path / "voles")
    assert load_dataset(Path(".")).name == "voles"


# Names of files


@pytest.mark.parametrize("name", ["train.npy", "calms21_task3_train.npy", "MABe-Task3-train-v2.npy"])
def test_the_names_of_training_files_that_go_round_are_found(tmp_path: Path, name: str) -> None:
    save(tmp_path / name, train_file())
    assert list(load_dataset(tmp_path).labelled) == ["groom", "chase"]


@pytest.mark.parametrize("name", ["test.npy", "test-release.npy", "calms21_task3_test.npy"])
def test_the_names_of_test_files_that_go_round_are_found(tmp_path: Path, name: str) -> None:
    save(tmp_path / "train.npy", train_file())
    save(tmp_path / name, test_file())
    for other in ("test_labels.npy", "task3_test_labels.npy", "sample-submission-task3-test.npy"):
        save(tmp_path / other, {"groom": {"x": bouts()}})
    assert [one.id for one in load_dataset(tmp_path).unlabelled] == ["x", "y"]


def test_train_npy_and_a_file_with_poses_are_taken_before_others(tmp_path: Path) -> None:
    save(tmp_path / "calms21_task3_train.npy", train_file())
    save(tmp_path / "calms21_task3_train_features.npy", {"groom": {"a": {"features": np.zeros((FRAMES, 60))}}})
    assert list(load_dataset(tmp_path).labelled) == ["groom", "chase"]
    save(tmp_path / "train.npy", {"groom": train_file()["groom"]})
    assert list(load_dataset(tmp_path).labelled) == ["groom"]


def test_the_sample_submission_is_found_under_its_names(tmp_path: Path) -> None:
    save(tmp_path / "test.npy", test_file())
    assert sample_submission_path(tmp_path) is None
    for name in ("sample-submission-task3.npy", "sample_submission.npy"):
        save(tmp_path / name, {})
        assert sample_submission_path(tmp_path) == tmp_path / name


# Values


@pytest.mark.parametrize("dtype", [">f4", "f2", "f8", "i2", "u1", "i8"])
def test_keypoints_of_any_number_become_single_precision(tmp_path: Path, dtype: str) -> None:
    values = np.random.default_rng(0).integers(0, 200, (FRAMES, 2, 2, 7)).astype(dtype)
    dataset = loaded(tmp_path, {"groom": {"a": recording(keypoints=np.asfortranarray(values))}})
    keypoints = dataset.labelled["groom"][0].keypoints
    assert keypoints.dtype == np.dtype(np.float32)
    assert keypoints.flags.c_contiguous
    np.testing.assert_array_equal(keypoints, values.astype(float))


@pytest.mark.parametrize(
    "annotations",
    [
        bouts(),
        tuple(bouts()),
        [bool(label) for label in bouts()],
        [np.int64(label) for label in bouts()],
        [float(label) for label in bouts()],
        *(np.array(bouts(), dtype) for dtype in ("bool", "i1", "u1", ">i4", "i8", "u8", "f4", "f8")),
    ],
)
def test_labels_may_be_lists_or_arrays_of_whole_numbers_of_any_type(tmp_path: Path, annotations: Any) -> None:
    (one,) = loaded(tmp_path, {"groom": {"a": recording(annotations=annotations)}}).labelled["groom"]
    assert one.labels is not None
    assert one.labels.dtype == np.int8
    assert one.labels.tolist() == bouts()


@pytest.mark.parametrize(
    ("vocabulary", "annotations"),
    [
        ({"other": 1, "groom": 0}, [1 - label for label in bouts()]),
        ({"groom": 3, "other": 5}, [3 if label else 5 for label in bouts()]),
        ({"groom": np.int64(2), "chase": np.int64(1), "other": np.int64(0)}, [2 * label for label in bouts()]),
        ({"grooming": 4, "other": 0}, [4 * label for label in bouts()]),
        ({"groom": 0, "chase": 1}, bouts()),  # numbers the behaviors, not the labels
        (["groom", "other"], bouts()),
        ({}, bouts()),
        (None, bouts()),
    ],
)
def test_a_vocabulary_with_other_says_which_label_is_the_behavior(
    tmp_path: Path, vocabulary: Any, annotations: list[int]
) -> None:
    by_behavior = {"groom": {"sequences": {"a": recording(annotations=annotations)}, "vocabulary": vocabulary}}
    by_recording = {"groom": {"a": recording(annotations=annotations, metadata={"vocab": vocabulary})}}
    for number, train in enumerate((by_behavior, by_recording)):
        (one,) = loaded(tmp_path / str(number), train).labelled["groom"]
        assert one.labels is not None
        assert one.labels.tolist() == bouts()


def test_names_that_are_integers_stand_for_their_digits(tmp_path: Path) -> None:
    dataset = loaded(tmp_path, {3: {np.int64(7): recording(1), np.str_("b"): recording(2)}}, {5: unlabelled(11)})
    assert {name: [one.id for one in group] for name, group in dataset.labelled.items()} == {"3": ["7", "b"]}
    assert [one.id for one in dataset.unlabelled] == ["5"]
    assert {type(one.id) for one in (*dataset.labelled["3"], *dataset.unlabelled)} == {str}


def test_the_same_poses_may_be_labelled_for_two_behaviors(tmp_path: Path) -> None:
    one, other = loaded(tmp_path).labelled["groom"][1], loaded(tmp_path).labelled["chase"][0]
    assert one.digest == other.digest


def test_poses_that_are_trained_on_may_be_test_data_where_they_are_not_scored(tmp_path: Path) -> None:
    assert len(loaded(tmp_path, test={"x": unlabelled(1)}).unlabelled) == 1
    assert len(loaded(tmp_path, test={"chase": {"x": recording(1)}}).unlabelled) == 1


# Skeletons


def test_two_animals_of_seven_parts_are_the_mice_of_calms21(tmp_path: Path) -> None:
    for one in (loaded(tmp_path).any_recording, loaded(tmp_path).unlabelled[0]):
        assert one.skeleton == CALMS21
        assert (one.fps, one.image_size) == (30, (1024, 570))


@pytest.mark.parametrize(("animals", "parts"), [(2, 5), (1, 7), (3, 7), (2, 1)])
def test_other_animals_have_parts_without_roles(tmp_path: Path, animals: int, parts: int) -> None:
    train = {"groom": {"a": recording(keypoints=poses(1, animals=animals, parts=parts))}}
    one = loaded(tmp_path, train, {"x": unlabelled(keypoints=poses(2, animals=animals, parts=parts))}).any_recording
    assert one.skeleton.keypoints == tuple(f"keypoint_{i}" for i in range(parts))
    assert one.skeleton.roles == {}
    assert (one.fps, one.image_size) == (30, None)


def test_a_setup_names_the_parts_and_their_roles_even_of_seven(tmp_path: Path) -> None:
    write(tmp_path, train_file())
    (tmp_path / "dataset.toml").write_text(
        'fps = 25\nimage_size = [640, 480]\nkeypoints = ["a", "b", "nose", "neck", "e", "f", "g"]\n'
        '[roles]\ntail_base = "g"\nneck = "b"\n'
    )
    for one in (load_dataset(tmp_path).any_recording, load_dataset(tmp_path).unlabelled[0]):
        assert one.skeleton.keypoints == ("a", "b", "nose", "neck", "e", "f", "g")
        assert one.skeleton.roles == {"nose": 2, "tail_base": 6, "neck": 1}
        assert (one.fps, one.image_size) == (25, (640, 480))


def test_what_a_setup_does_not_say_stays(tmp_path: Path) -> None:
    write(tmp_path, train_file())
    (tmp_path / "dataset.toml").write_text("fps = 59.94\n")
    one = load_dataset(tmp_path).any_recording
    assert (one.skeleton, one.fps, one.image_size) == (CALMS21, 59.94, (1024, 570))
    (tmp_path / "dataset.toml").write_text('keypoints = ["a", "b", "c", "d", "e", "f", "g"]\n')
    one = load_dataset(tmp_path).any_recording
    assert (one.skeleton.roles, one.fps, one.image_size) == ({}, 30, None)


# What is assumed


def test_what_no_file_says_is_assumed_in_words(tmp_path: Path) -> None:
    mice = write(tmp_path / "mice", train_file())
    assert load_dataset(mice).assumed == ("30 frames a second", "CalMS21's keypoints, nose first, tail base last")
    (mice / "dataset.toml").write_text("fps = 30")
    assert load_dataset(mice).assumed == ("CalMS21's keypoints, nose first, tail base last",)
    (mice / "dataset.toml").write_text(f"fps = 25\nkeypoints = {list('abcdefg')}")
    assert load_dataset(mice).assumed == ()


@pytest.mark.parametrize("name", ["Dataset.toml", "DATASET.TOML", "dataset.toml.txt", "data_set.toml", "datset.toml"])
def test_a_setup_that_is_nearly_named_right_is_an_error(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path / "data", train_file())
    (folder / name).write_text("fps = 120")
    with pytest.raises(DataError) as caught:
        load_dataset(folder)
    assert caught.value.lines == (f"{folder / name}: is not read; name it dataset.toml, or something else altogether",)
    (folder / name).rename(folder / "dataset.toml")
    assert load_dataset(folder).any_recording.fps == 120


@pytest.mark.parametrize("name", ["dataset.toml.bak", "notes.toml", "dataset-of-2023.toml"])
def test_other_files_may_lie_beside_the_data(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path / "data", train_file())
    (folder / name).write_text("fps = 120")
    assert load_dataset(folder).any_recording.fps == 30


# What is wrong


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_folder_is_an_error_that_names_the_place(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "data"
    MALFORMED[kind](folder)
    lines = problems(folder)
    assert sum(SAYS[kind] in line for line in lines) == 1
    assert all(line.startswith(str(folder)) and line.isprintable() for line in lines)
    assert len(lines) == 1, "one mistake, one line"
    assert not (folder / "sentinel").exists()


def test_all_problems_of_all_files_come_at_once(tmp_path: Path) -> None:
    train = {
        "vocabulary": ["groom", "chase", "rear", "dig"],
        "groom": {
            "a": recording(1, annotations=[0, 3]),
            "b": recording(2, keypoints=poses(2).transpose(0, 1, 3, 2)),
            "c": recording(3, keypoints=None, annotations=None),
            "d": 5,
        },
        "chase": {"a": recording(4, annotations=[0] * FRAMES), "b": recording(4, annotations=[0] * FRAMES)},
        "rear": {},
    }
    write(tmp_path, train, {"x": unlabelled(11, keypoints=poses(11, parts=5)), "y": unlabelled(12, keypoints="no")})
    (tmp_path / "dataset.toml").write_text('fps = 0\nroles = 3\nimage_size = [0, 1]\nspeed = 1\nkeypoints = "a"\n')
    train_path, test_path, setup_path = (tmp_path / name for name in ("train.npy", "test.npy", "dataset.toml"))
    axes, binary = "(frames, animals, 2 for x and y, parts)", "expected 0 (other) or 1 (the behavior)"
    assert problems(tmp_path) == (
        f"{setup_path}: unknown key 'speed'; it takes {', '.join(KEYS)}",
        f"{setup_path}: fps = 0 should be a number above 0 and below a million",
        f"{setup_path}: image_size = [0, 1] should be [width, height] in whole pixels",
        f"{setup_path}: keypoints = 'a' should be a list of different names, in the order of the files",
        f"{train_path}: dig: in the vocabulary, but without recordings",
        f"{train_path}: groom, d: holds an int, expected a dict with keypoints",
        f"{train_path}: groom, a: label 3 at frame 1, {binary}; where 3 stands for the behavior, "
        "[int(label == 3) for label in annotations] makes them",
        f"{train_path}: groom, a: 2 annotations for 40 frames, expected one for each",
        f"{train_path}: groom, b: keypoints are (40, 2, 7, 2), expected {axes}; x and y are the last axis, "
        "keypoints.transpose(0, 1, 3, 2) moves them",
        f"{train_path}: groom, c: has no 'keypoints'; it has annotator_id",
        f"{train_path}: groom, c: has no 'annotations', expected one label for each frame; it has annotator_id",
        f"{train_path}: chase, b: the same poses as a, expected each recording once",
        f"{train_path}: chase: no frame of any recording is labelled as the behavior",
        f"{train_path}: rear: holds an empty dict, expected a dict of recordings",
        f"{test_path}: y: keypoints are a str, expected an array of numbers {axes}",
        f"{test_path}: x: (animals, parts) are (2, 5), expected (2, 7) as in {train_path}: chase, a",
    )


JUNK: list[Any] = [
    *(None, 3, 10**30, 1.5, math.nan, True, "x", "", b"x", np.int8(3), np.str_("x"), (1,)),
    *([], [[]], ["x"], {}, {"": {}}, {None: None}, {"x": []}, {"sequences": 1}, {"keypoints": None}),
    *({"other": []}, {"other": 0, 3: 1}, {"vocab": {"other": "x"}}),
    *(np.zeros(()), np.zeros((2, 2)), np.zeros((0, 0, 2, 0)), np.zeros((FRAMES, 2, 2, 7), complex)),
    *(np.array(["x"]), np.array([None])),
]


@st.composite
def with_junk(draw: st.DrawFn) -> dict[str, Any]:
    """Training and test files in one dict, in any layout, with something else somewhere in them."""
    files = {"train": draw(st.sampled_from(LAYOUTS))(), "test": draw(st.sampled_from([*LAYOUTS, test_file]))()}
    for _ in range(draw(st.integers(1, 2))):
        inside = files
        key = draw(st.sampled_from(list(inside)))
        while isinstance(inside[key], dict) and inside[key] and draw(st.integers(0, 4)):
            inside = inside[key]
            key = draw(st.sampled_from(list(inside)))
        inside[key] = deepcopy(draw(st.sampled_from(JUNK)))
    return files


@settings(max_examples=100, deadline=None)
@given(with_junk())
def test_whatever_lies_in_whatever_place_is_read_or_is_lines_of_problems(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, Any]
) -> None:
    folder = write(tmp_path_factory.getbasetemp() / "junk", files["train"], files["test"])
    lines: tuple[str, ...] = ()
    try:
        assert load_dataset(folder).any_recording.frames == FRAMES
    except DataError as error:
        lines = error.problems or ("no problem is named",)
    assert all(line.startswith(str(folder)) and line.isprintable() for line in lines)


def test_two_files_that_cannot_be_read_are_two_problems(tmp_path: Path) -> None:
    (tmp_path / "train.npy").write_bytes(b"")
    (tmp_path / "test.npy").write_bytes(b"PK")
    assert len(problems(tmp_path)) == 2


@closable
def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    write(tmp_path, train_file())
    (tmp_path / "train.npy").chmod(0)
    assert problems(tmp_path) == (f"{tmp_path / 'train.npy'}: Permission denied",)


# Real data


@pytest.mark.skipif(not RATS.is_dir(), reason="the rats are not beside this project")
def test_the_rats_are_read_as_their_description_says() -> None:
    rats = load_dataset(RATS)
    assert rats.name == "rats"
    assert {name: (len(group), sum(one.positives for one in group)) for name, group in rats.labelled.items()} == {
        "behavior-0": (4, 1199),
        "behavior-1": (3, 1366),
        "behavior-2": (3, 1430),
        "behavior-3": (4, 653),
        "behavior-4": (2, 386),
        "behavior-5": (1, 94),
        "behavior-6": (3, 59),
    }
    assert len(rats.unlabelled) == 8
    recordings = [*(one for group in rats.labelled.values() for one in group), *rats.unlabelled]
    assert {(one.animals, len(one.skeleton.keypoints), one.keypoints.dtype.name) for one in recordings} == {
        (2, 5, "float32")
    }
    assert all(0.2 < np.isnan(one.keypoints).mean() < 0.6 for one in recordings)
    assert sample_submission_path(RATS) == RATS / "sample_submission.npy"
