"""Small folders laid out like the challenge's, right ones and all kinds of wrong ones."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from harness.recording import Array
from tests.hostile_pickles import HOSTILE, npy

Files = dict[str, Any]
"""What a pickled `.npy` file of the challenge holds."""

Write = Callable[[Path], None]

MALFORMED: dict[str, Write] = {}
"""Name to a function that writes a folder with one thing wrong in it."""

SAYS: dict[str, str] = {}
"""Name of a malformed folder to what a line of the error should say, without the path that the line begins with."""

FRAMES = 40


def poses(seed: int = 0, *, frames: int = FRAMES, animals: int = 2, parts: int = 7) -> Array:
    """Keypoints of animals that jump about, with a point missing: float32 (frames, animals, 2, parts)."""
    keypoints = np.random.default_rng(seed).uniform(0, 500, (frames, animals, 2, parts)).astype(np.float32)
    keypoints[frames // 2, 0, :, 0] = np.nan
    return keypoints


def bouts(frames: int = FRAMES) -> list[int]:
    """Labels with a bout in the second quarter."""
    return [int(frames // 4 <= frame < frames // 2) for frame in range(frames)]


def recording(seed: int = 0, **changes: Any) -> dict[str, Any]:
    """A recording of a training file; `changes` replace its parts, and None takes one away."""
    entry = {"keypoints": poses(seed), "annotations": bouts(), "annotator_id": 0} | changes
    return {name: value for name, value in entry.items() if value is not None}


def unlabelled(seed: int = 0, **changes: Any) -> dict[str, Any]:
    return recording(seed, annotations=None, **changes)


def train_file() -> Files:
    """Two behaviors as the challenge's page lays them out, groom in recordings a and b, chase in b and c."""
    return {
        "vocabulary": ["groom", "chase"],
        "groom": {"a": recording(1), "b": recording(2)},
        "chase": {"b": recording(2), "c": recording(3)},
    }


def test_file() -> Files:
    return {"x": unlabelled(11), "y": unlabelled(12)}


test_file.__test__ = False  # type: ignore[attr-defined]


def released(group: str, seed: int, **changes: Any) -> dict[str, Any]:
    """A recording as the public release of CalMS21 has it."""
    metadata = {"annotator-id": 0, "vocab": {"other": 0, group: 1}}
    annotations = np.array(bouts())
    entry = recording(
        seed, annotations=annotations, scores=np.ones((FRAMES, 2, 7)), metadata=metadata, annotator_id=None
    )
    return entry | changes


def save(path: Path, content: object) -> None:
    """Save as the challenge's files are: one object, pickled."""
    holder = np.empty((), dtype=object)
    holder[()] = content
    np.save(path, holder, allow_pickle=True)


def write(folder: Path, train: object, test: object = None) -> Path:
    """Write a training file and a test file, by default a right one, into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    save(folder / "train.npy", train)
    save(folder / "test.npy", test_file() if test is None else test)
    return folder


def malformed(says: str) -> Callable[[Write], Write]:
    def keep(write: Write) -> Write:
        MALFORMED[write.__name__] = write
        SAYS[write.__name__] = says
        return write

    return keep


def write_groom_a(folder: Path, **changes: Any) -> None:
    """Write files that are right but for recording a of groom."""
    write(folder, train_file() | {"groom": {"a": recording(1, **changes), "b": recording(2)}})


# Files


@malformed("no such folder")
def a_missing_folder(folder: Path) -> None:
    pass


@malformed("is a file, expected the folder that holds it")
def a_file_in_the_place_of_the_folder(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("fps = 30")


@malformed("no training file, expected train.npy or *task3*train*.npy")
def an_empty_folder(folder: Path) -> None:
    folder.mkdir(parents=True)


@malformed("no training file, expected train.npy or *task3*train*.npy")
def a_test_file_without_a_training_file(folder: Path) -> None:
    folder.mkdir(parents=True)
    save(folder / "test.npy", test_file())


@malformed("Task3_train_a.npy, task3_train_b.npy could all be the training file; leave one, or call it train.npy")
def two_training_files(folder: Path) -> None:
    folder.mkdir(parents=True)
    save(folder / "Task3_train_a.npy", train_file())
    save(folder / "task3_train_b.npy", train_file())


@malformed("train.npy: the file is empty")
def an_empty_training_file(folder: Path) -> None:
    write(folder, {})
    (folder / "train.npy").write_bytes(b"")


@malformed("train.npy: damaged or cut short: ")
def a_training_file_cut_short(folder: Path) -> None:
    write(folder, train_file())
    content = (folder / "train.npy").read_bytes()
    (folder / "train.npy").write_bytes(content[: len(content) // 2])


@malformed("test.npy: damaged or cut short: ")
def a_test_file_cut_short(folder: Path) -> None:
    write(folder, train_file())
    content = (folder / "test.npy").read_bytes()
    (folder / "test.npy").write_bytes(content[:-1])


@malformed("train.npy: an .npz archive, expected an .npy file")
def an_archive(folder: Path) -> None:
    write(folder, {})
    with (folder / "train.npy").open("wb") as file:
        np.savez(file, keypoints=poses())


@malformed("train.npy: not an .npy file")
def a_json_file(folder: Path) -> None:
    write(folder, {})
    (folder / "train.npy").write_text('{"vocabulary": []}')


@malformed("train.npy: a plain array of type <f4, expected a pickled dict")
def a_plain_array(folder: Path) -> None:
    write(folder, {})
    np.save(folder / "train.npy", poses())


@malformed("train.npy: refused: the pickle asks for posix.mkdir; only numpy arrays")
def a_hostile_training_file(folder: Path) -> None:
    write(folder, {})
    (folder / "train.npy").write_bytes(npy(HOSTILE["the_same_inside_a_dict_of_recordings"](folder / "sentinel")))


@malformed("test.npy: refused: the pickle asks for os.system, the opcode INST; only numpy arrays")
def a_hostile_test_file(folder: Path) -> None:
    write(folder, train_file())
    (folder / "test.npy").write_bytes(npy(HOSTILE["the_opcode_inst"](folder / "sentinel")))


# Layouts


@malformed("train.npy: holds a list of dict, expected a dict of behaviors or recordings")
def a_list_of_recordings(folder: Path) -> None:
    write(folder, [recording(1)])


@malformed("train.npy: holds an empty dict, expected a dict of behaviors or recordings")
def an_empty_dict(folder: Path) -> None:
    write(folder, {})


@malformed("train.npy: holds no behaviors")
def nothing_but_a_vocabulary(folder: Path) -> None:
    write(folder, {"vocabulary": []})


@malformed("train.npy: its recordings do not lie under behaviors, expected behavior -> recording -> keypoints")
def recordings_without_behaviors(folder: Path) -> None:
    write(folder, {"a": recording(1), "b": recording(2)})


@malformed("train.npy: its recordings do not lie under behaviors, expected behavior -> recording -> keypoints")
def the_layout_of_another_task(folder: Path) -> None:
    write(folder, {"sequences": {"a": recording(1)}, "vocabulary": {"attack": 0, "other": 1}})


@malformed("train.npy: groom: holds a list of dict, expected a dict of recordings")
def a_behavior_that_is_a_list(folder: Path) -> None:
    write(folder, train_file() | {"groom": [recording(1)]})


@malformed("train.npy: groom: holds an empty dict, expected a dict of recordings")
def a_behavior_without_recordings(folder: Path) -> None:
    write(folder, train_file() | {"groom": {}})


@malformed("train.npy: groom: holds an empty dict, expected a dict of recordings")
def a_behavior_without_sequences(folder: Path) -> None:
    write(folder, train_file() | {"groom": {"sequences": {}, "vocabulary": {"other": 0, "groom": 1}}})


@malformed("train.npy: groom, a: holds an array of float32 (40, 2, 2, 7), expected a dict with keypoints")
def a_recording_that_is_an_array(folder: Path) -> None:
    write(folder, train_file() | {"groom": {"a": poses(1), "b": recording(2)}})


@malformed("train.npy: rear: in the vocabulary, but without recordings")
def a_behavior_of_the_vocabulary_without_data(folder: Path) -> None:
    write(folder, train_file() | {"vocabulary": ["groom", "chase", "rear"]})


@malformed("train.npy: chase: not in the vocabulary, which has groom")
def a_behavior_that_the_vocabulary_lacks(folder: Path) -> None:
    write(folder, train_file() | {"vocabulary": {"other": 0, "groom": 1}})


@malformed("train.npy: vocabulary: an int, expected the names of the behaviors")
def a_vocabulary_that_is_a_number(folder: Path) -> None:
    write(folder, train_file() | {"vocabulary": 7})


@malformed("train.npy: groom, 1.5: its name is a float, expected text")
def a_recording_called_by_a_number(folder: Path) -> None:
    write(folder, train_file() | {"groom": {1.5: recording(1), "b": recording(2)}})


@malformed("train.npy: groom, 7: a second recording of this name")
def a_name_as_text_and_as_a_number(folder: Path) -> None:
    write(folder, train_file() | {"groom": {7: recording(1), "7": recording(2)}})


@malformed(r"train.npy: groom, 'a\nb': its name is empty or has characters that cannot be printed")
def a_recording_whose_name_has_two_lines(folder: Path) -> None:
    write(folder, train_file() | {"groom": {"a\nb": recording(1), "b": recording(2)}})


@malformed("train.npy: ../groom: the name of a behavior should have no / and no \\, and be more than dots")
def a_behavior_whose_name_is_a_path(folder: Path) -> None:
    write(folder, {"../groom": {"a": recording(1)}})


@malformed("train.npy: groom : the name of a behavior should neither begin nor end in a space")
def a_behavior_whose_name_ends_in_a_space(folder: Path) -> None:
    write(folder, {"groom ": {"a": recording(1)}})


@malformed("train.npy:  groom: the name of a behavior should neither begin nor end in a space")
def a_behavior_whose_name_begins_with_a_space(folder: Path) -> None:
    write(folder, {" groom": {"a": recording(1)}})


@malformed("train.npy: e\u0301touffe: a second behavior of this name, as people read it")
def a_behavior_named_in_two_ways_that_look_alike(folder: Path) -> None:
    write(folder, {"\u00e9touffe": {"a": recording(1)}, "e\u0301touffe": {"b": recording(2)}})


@malformed("train.npy: 7: a second behavior of this name, as people read it")
def a_behavior_named_as_text_and_as_a_number(folder: Path) -> None:
    write(folder, {7: {"a": recording(1)}, "7": {"b": recording(2)}})


@malformed("train.npy: None: its name is None, expected text")
def a_behavior_without_a_name(folder: Path) -> None:
    write(folder, {None: {"a": recording(1)}})


# Poses


@malformed("train.npy: groom, a: has no 'keypoints'; it has annotations, annotator_id")
def no_keypoints(folder: Path) -> None:
    write_groom_a(folder, keypoints=None)


@malformed(
    "train.npy: holds features (TREBA) without keypoints; wanted is the file that calms21_convert_to_npy.py writes "
    "without --parse_treba"
)
def features_without_keypoints(folder: Path) -> None:
    features = [recording(seed, keypoints=None, features=np.zeros((FRAMES, 60))) for seed in (1, 2)]
    write(folder, {"groom": dict(zip("ab", features, strict=True))})


@malformed(
    "train.npy: groom, a: keypoints are a list of list, expected an array of numbers (frames, animals, 2 for x and y, "
)
def keypoints_in_a_list(folder: Path) -> None:
    write_groom_a(folder, keypoints=poses(1).tolist())


@malformed("train.npy: groom, a: keypoints are an array of <U8 (2,), expected an array of numbers (frames, animals,")
def keypoints_that_are_text(folder: Path) -> None:
    write_groom_a(folder, keypoints=np.array(["top", "tail"]).astype("<U8"))


@malformed("train.npy: groom, a: keypoints are an array of object (40,), expected an array of numbers (frames, animals")
def keypoints_of_ragged_frames(folder: Path) -> None:
    ragged = np.empty(FRAMES, dtype=object)
    ragged[:] = [[0.0] * (frame % 3) for frame in range(FRAMES)]
    write_groom_a(folder, keypoints=ragged)


@malformed(
    "train.npy: groom, a: keypoints are (40, 2, 7, 2), expected (frames, animals, 2 for x and y, parts); x and y are "
    "the last axis, keypoints.transpose(0, 1, 3, 2) moves them"
)
def xy_in_the_last_axis(folder: Path) -> None:
    write_groom_a(folder, keypoints=poses(1).transpose(0, 1, 3, 2))


@malformed("train.npy: groom, a: keypoints are (40, 2, 7), expected (frames, animals, 2 for x and y, parts); for one")
def keypoints_without_animals(folder: Path) -> None:
    write_groom_a(folder, keypoints=poses(1)[:, 0])


@malformed("train.npy: groom, a: keypoints are (40, 28), expected (frames, animals, 2 for x and y, parts)")
def flat_keypoints(folder: Path) -> None:
    write_groom_a(folder, keypoints=poses(1).reshape(FRAMES, -1))


@malformed("train.npy: groom, a: keypoints are (40, 2, 3, 7), expected (frames, animals, 2 for x and y, parts)")
def keypoints_in_three_dimensions(folder: Path) -> None:
    write_groom_a(folder, keypoints=np.zeros((FRAMES, 2, 3, 7)))


@malformed("train.npy: groom, a: keypoints are (40, 2, 2, 0), expected (frames, animals, 2 for x and y, parts)")
def keypoints_without_parts(folder: Path) -> None:
    write_groom_a(folder, keypoints=np.zeros((FRAMES, 2, 2, 0)))


@malformed("train.npy: groom, a: has no frames")
def a_recording_without_frames(folder: Path) -> None:
    write_groom_a(folder, keypoints=np.zeros((0, 2, 2, 7)), annotations=[])


@malformed("train.npy: groom, a: keypoints are infinite at frame 3; NaN stands for a point that was not seen")
def infinite_keypoints(folder: Path) -> None:
    keypoints = poses(1)
    keypoints[[3, 5], 1, 0, 2] = -np.inf
    write_groom_a(folder, keypoints=keypoints)


@malformed("train.npy: groom, a: keypoints are infinite at frame 0; NaN stands for a point that was not seen")
def keypoints_beyond_single_precision(folder: Path) -> None:
    write_groom_a(folder, keypoints=np.full((FRAMES, 2, 2, 7), 1e300))


@malformed(
    "train.npy: groom, a: keypoints are -1e+30 at frame 3, expected pixels up to 1,000,000, in either direction; NaN"
)
def keypoints_far_beyond_any_image(folder: Path) -> None:
    keypoints = poses(1)
    keypoints[[3, 5], 1, 0, 2] = -1e30
    write_groom_a(folder, keypoints=keypoints)


@malformed(
    "train.npy: groom, a: keypoints are (1, 2, 2, 5000), expected (frames, animals, 2 for x and y, parts), at most "
)
def frames_in_the_place_of_parts(folder: Path) -> None:
    write_groom_a(folder, keypoints=np.zeros((1, 2, 2, 5000)), annotations=[1])


@malformed("train.npy: groom, a: scores are infinite, expected numbers or NaN")
def scores_beyond_single_precision(folder: Path) -> None:
    write_groom_a(folder, scores=np.full((FRAMES, 2, 7), 1e300))


@malformed("train.npy: groom: all keypoints are NaN: nothing was seen on any frame of any recording")
def a_behavior_of_which_nothing_was_seen(folder: Path) -> None:
    nothing = np.full((FRAMES, 2, 2, 7), np.nan)
    write(folder, train_file() | {"groom": {"a": recording(1, keypoints=nothing)}})


@malformed("train.npy: groom, b: the same poses as a, expected each recording once")
def the_same_poses_twice(folder: Path) -> None:
    write(folder, train_file() | {"groom": {"a": recording(1), "b": recording(1, annotations=[1] * FRAMES)}})


@malformed("/train.npy: groom, b: (animals, parts) are (2, 5), expected (2, 7) as in ")
def recordings_of_different_parts(folder: Path) -> None:
    write(folder, train_file() | {"groom": {"a": recording(1), "b": recording(2, keypoints=poses(2, parts=5))}})


@malformed("/test.npy: x: (animals, parts) are (3, 7), expected (2, 7) as in ")
def a_test_recording_of_more_animals(folder: Path) -> None:
    write(folder, train_file(), {"x": unlabelled(11, keypoints=poses(11, animals=3))})


@malformed("train.npy: groom, a: scores are (40, 7), expected (40, 2, 7) beside keypoints (40, 2, 2, 7)")
def scores_without_animals(folder: Path) -> None:
    write_groom_a(folder, scores=np.ones((FRAMES, 7)))


@malformed("train.npy: groom, a: scores are a list of float, expected an array of numbers (frames, animals, parts)")
def scores_in_a_list(folder: Path) -> None:
    write_groom_a(folder, scores=[1.0])


@malformed("train.npy: groom, a: scores are infinite, expected numbers or NaN")
def infinite_scores(folder: Path) -> None:
    write_groom_a(folder, scores=np.full((FRAMES, 2, 7), np.inf))


# Labels


@malformed("train.npy: groom, a: has no 'annotations', expected one label for each frame")
def no_annotations(folder: Path) -> None:
    write_groom_a(folder, annotations=None)


@malformed("train.npy: groom, a: 39 annotations for 40 frames, expected one for each")
def too_few_annotations(folder: Path) -> None:
    write_groom_a(folder, annotations=bouts()[1:])


@malformed("train.npy: groom, a: label 2 at frame 17, expected 0 (other) or 1 (the behavior)")
def a_label_of_2(folder: Path) -> None:
    write_groom_a(folder, annotations=[*bouts()[:17], 2, *bouts()[18:]])


@malformed("train.npy: groom, a: label 0.5 at frame 0 and 39 wrong ones after it, expected 0 (other) or 1")
def probabilities_in_the_place_of_labels(folder: Path) -> None:
    write_groom_a(folder, annotations=np.full(FRAMES, 0.5))


@malformed("train.npy: groom, a: label -2 at frame 4, expected 0 (other) or 1 (the behavior)")
def a_negative_label(folder: Path) -> None:
    write_groom_a(folder, annotations=[0.0, 1.0, 0.0, 0.0, -2.0, *[0.0] * 35])


@malformed("train.npy: groom, a: annotations are words, such as 'other', expected a list of whole numbers")
def labels_in_words(folder: Path) -> None:
    write_groom_a(folder, annotations=["other"] * FRAMES)


@malformed("train.npy: groom, a: annotations are an array of int64 (40, 1), expected a list of whole numbers")
def labels_in_a_column(folder: Path) -> None:
    write_groom_a(folder, annotations=np.array(bouts(), dtype=np.int64)[:, None])


@malformed(
    "train.npy: groom: every frame of every recording is labelled as the behavior, so nothing says what it is not"
)
def no_negative_frame(folder: Path) -> None:
    everything = {"annotations": [1] * FRAMES}
    write(folder, train_file() | {"groom": {"a": recording(1, **everything), "b": recording(2, **everything)}})


@malformed("train.npy: groom: no frame of any recording is labelled as the behavior")
def no_positive_frame(folder: Path) -> None:
    nothing = {"annotations": [0] * FRAMES}
    write(folder, train_file() | {"groom": {"a": recording(1, **nothing), "b": recording(2, **nothing)}})


@malformed("train.npy: groom, a: its vocabulary should give every name a whole number of its own")
def a_vocabulary_of_one_number(folder: Path) -> None:
    write_groom_a(folder, metadata={"vocab": {"other": 0, "groom": 0}})


@malformed("train.npy: groom, a: its vocabulary has other, rear, chase, expected the behavior among them")
def a_vocabulary_of_other_behaviors(folder: Path) -> None:
    write_groom_a(folder, metadata={"vocab": {"other": 0, "rear": 1, "chase": 2}})


@malformed("train.npy: groom, a: label 2 at frame 0 and 39 wrong ones after it, expected 0 (other) or 1 (groom)")
def a_label_that_the_vocabulary_lacks(folder: Path) -> None:
    write_groom_a(folder, annotations=[2] * FRAMES, metadata={"vocab": {"other": 0, "groom": 1}})


# Test files


@malformed("test.npy: holds an empty list, expected a dict of behaviors or recordings")
def a_test_file_of_nothing(folder: Path) -> None:
    write(folder, train_file(), [])


@malformed("test.npy: holds an empty dict, expected a dict of recordings")
def a_test_file_without_sequences(folder: Path) -> None:
    write(folder, train_file(), {"sequences": {}, "vocabulary": {}})


@malformed("test.npy: x: has no 'keypoints'; it has annotator_id")
def a_test_recording_without_keypoints(folder: Path) -> None:
    write(folder, train_file(), test_file() | {"x": {"annotator_id": 0}})


@malformed("test.npy: chase, x: other poses than the recording of this name in groom")
def a_name_with_different_poses(folder: Path) -> None:
    write(folder, train_file(), {"groom": {"x": recording(11)}, "chase": {"x": recording(12)}})


@malformed("test.npy: groom, x: 1 annotations for 40 frames, expected one for each")
def a_labelled_test_recording_with_one_label(folder: Path) -> None:
    write(folder, train_file(), {"groom": {"x": recording(11, annotations=[1])}})


@malformed("test.npy: groom, x: the same poses as a, which is trained on")
def a_test_recording_that_is_trained_on(folder: Path) -> None:
    write(folder, train_file(), {"groom": {"x": recording(1)}})


# Setup


def write_setup(folder: Path, setup: str) -> None:
    write(folder, train_file())
    (folder / "dataset.toml").write_text(setup)


SEVEN = 'keypoints = ["a", "b", "c", "d", "e", "f", "g"]\n'


@malformed("dataset.toml: Expected '=' after a key in a key/value pair (at line 1, column 5)")
def a_setup_that_is_no_toml(folder: Path) -> None:
    write_setup(folder, "fps 30")


@malformed("dataset.toml: unknown key 'keypoint', did you mean 'keypoints'?; it takes fps, image_size, keypoints")
def an_unknown_key_of_the_setup(folder: Path) -> None:
    write_setup(folder, 'keypoint = ["a"]')


@malformed("dataset.toml: fps = '30' should be a number above 0 and below a million")
def a_frame_rate_in_text(folder: Path) -> None:
    write_setup(folder, 'fps = "30"')


@malformed("dataset.toml: image_size = [1024] should be [width, height] in whole pixels")
def an_image_of_one_side(folder: Path) -> None:
    write_setup(folder, "image_size = [1024]")


@malformed("dataset.toml: keypoints = ['a', 'a'] should be a list of different names, in the order of the files")
def a_keypoint_named_twice(folder: Path) -> None:
    write_setup(folder, 'keypoints = ["a", "a"]')


@malformed("/dataset.toml: names 2 keypoints, expected 7 as in ")
def a_setup_of_fewer_keypoints(folder: Path) -> None:
    write_setup(folder, 'keypoints = ["a", "b"]')


@malformed("dataset.toml: roles: unknown role 'tailbase', did you mean 'tail_base'?; there are nose, left_ear")
def an_unknown_role(folder: Path) -> None:
    write_setup(folder, SEVEN + '[roles]\ntailbase = "g"')


@malformed("dataset.toml: roles: 'nose' = 'h' is no keypoint; there are a, b, c, d, e, f, g")
def a_role_that_names_no_keypoint(folder: Path) -> None:
    write_setup(folder, SEVEN + '[roles]\nnose = "h"')


@malformed("dataset.toml: roles are given without keypoints, whose names they refer to")
def roles_without_keypoints(folder: Path) -> None:
    write_setup(folder, '[roles]\nnose = "a"')


@malformed("dataset.toml: roles = ['a'] should be a table, such as [roles] with nose = \"a\"")
def roles_in_a_list(folder: Path) -> None:
    write_setup(folder, SEVEN + 'roles = ["a"]')
