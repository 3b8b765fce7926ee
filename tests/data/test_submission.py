import json
import math
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, precision_score

from harness.data.submission import (
    disagreements,
    expected_from_sample,
    mismatch,
    problems,
    read_predictions,
    read_submission,
    read_truth,
    score,
    write_submission,
)
from harness.errors import DataError
from harness.recording import Array
from harness.scores.metrics import Counts, mean_score
from tests.desk import posix

RATS = Path(__file__).parents[3] / "shared/data/rats"
needs_rats = pytest.mark.skipif(not RATS.is_dir(), reason="shared/data/rats is not beside the project")

EXPECTED = {"behavior-0": {"a": 4, "b": 3}, "behavior-1": {"a": 4, "b": 3}}
ACCEPTED = "int or numpy.int32 or numpy.int64"


def right() -> dict[Any, dict[Any, Any]]:
    """A submission without a fault, to be spoiled."""
    return {"behavior-0": {"a": [0, 1, 1, 0], "b": [0, 0, 0]}, "behavior-1": {"a": [1, 0, 0, 0], "b": [0, 1, 0]}}


def save(path: Path, content: object) -> Path:
    """Save as the challenge's files are: one object, pickled."""
    np.save(path, np.array(content, dtype=object), allow_pickle=True)
    return path


# Writing and reading


def test_a_written_submission_is_one_pickled_dict_of_dicts_of_lists_of_python_ints(tmp_path: Path) -> None:
    labels: dict[str, dict[str, Array]] = {
        "behavior-0": {"a": np.array([0, 1, 1], np.int8), "b": np.array([True, False])},
        "behavior-1": {"a": np.array([0.0, 1.0, 0.0], np.float32), "b": np.zeros(2, np.int64)},
    }
    write_submission(tmp_path / "new folder" / "submission.npy", labels)
    array = np.load(tmp_path / "new folder" / "submission.npy", allow_pickle=True)
    assert array.shape == ()
    assert array.dtype == object
    content = array.item()
    assert content == {"behavior-0": {"a": [0, 1, 1], "b": [1, 0]}, "behavior-1": {"a": [0, 1, 0], "b": [0, 0]}}
    assert type(content) is dict
    assert {type(group) for group in content.values()} == {dict}
    lists = [values for group in content.values() for values in group.values()]
    assert {type(values) for values in lists} == {list}
    assert {type(value) for values in lists for value in values} == {int}


def test_what_is_written_is_read_again_and_has_no_problems(tmp_path: Path) -> None:
    labels = {name: {key: np.array(values) for key, values in group.items()} for name, group in right().items()}
    write_submission(tmp_path / "submission.npy", labels)
    assert read_submission(tmp_path / "submission.npy") == right()
    assert problems(read_submission(tmp_path / "submission.npy"), EXPECTED) == []


def test_the_same_labels_give_the_same_bytes_whatever_objects_hold_the_names(tmp_path: Path) -> None:
    name = "recording-1"
    shared = {behavior: {name: np.array([0, 1])} for behavior in ("x", "y")}
    separate = {behavior: {"".join(["recording", "-1"]): np.array([False, True])} for behavior in ("x", "y")}
    write_submission(tmp_path / "shared.npy", shared)
    write_submission(tmp_path / "separate.npy", separate)
    write_submission(tmp_path / "numpy.npy", {np.str_(key): group for key, group in shared.items()})
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1


@pytest.mark.parametrize("wrong", [[0, 2], [-1, 0], [0.5, 1], [math.nan, 0]])
def test_a_label_that_is_neither_0_nor_1_is_never_written(tmp_path: Path, wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="neither 0 nor 1"):
        write_submission(tmp_path / "submission.npy", {"behavior-0": {"a": np.array(wrong)}})
    assert list(tmp_path.iterdir()) == []


WRITE_ONES = """
import sys
from pathlib import Path
import numpy as np
from harness.data.submission import write_submission
labels = {"behavior-0": {"a": np.ones(5_000_000, np.int8)}}
write_submission(Path(sys.argv[1]), labels)
"""


def size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # renamed since it was listed
        return 0


@posix
@pytest.mark.parametrize("bytes_written", [50_000, 2_000_000, 6_000_000])
def test_a_writer_killed_half_way_leaves_the_old_submission_or_all_of_the_new(
    tmp_path: Path, bytes_written: int
) -> None:
    path = tmp_path / "submission.npy"
    write_submission(path, {"behavior-0": {"a": np.zeros(1000, np.int8)}})
    old = path.read_bytes()
    writer = subprocess.Popen([sys.executable, "-c", WRITE_ONES, str(path)])
    while writer.poll() is None and max(map(size, tmp_path.iterdir())) < bytes_written:
        time.sleep(0.0005)
    writer.kill()
    assert writer.wait() in (-signal.SIGKILL, 0)
    if path.read_bytes() == old:
        assert any(tmp_path.glob(".submission.npy.*"))  # it had begun
    else:
        assert read_submission(path) == {"behavior-0": {"a": [1] * 5_000_000}}


# What check lists


@pytest.mark.parametrize(
    "values",
    [
        [0, 1, 1, 0],
        (0, 1, 1, 0),
        [np.int64(0), 1, np.int32(1), 0],
        np.array([0, 1, 1, 0], np.int32),
        np.array([0, 1, 1, 0], np.int64),
        np.array([0, 1, 1, 0], object),
    ],
)
def test_lists_tuples_and_arrays_of_accepted_integers_have_no_problems(values: object) -> None:
    submission = right()
    submission["behavior-0"]["a"] = values
    assert problems(submission, EXPECTED) == []


@pytest.mark.parametrize("submission", [[1, 2], None, np.zeros(3), "behavior-0"])
def test_a_submission_that_is_no_dict_is_one_problem(submission: object) -> None:
    (problem,) = problems(submission, EXPECTED)
    assert re.fullmatch("the submission is .*, expected a dict of behaviors", problem)


def test_missing_and_unknown_behaviors_are_listed_with_the_name_that_was_meant() -> None:
    submission = {"behavior-0": right()["behavior-0"], "behaviour-1": right()["behavior-1"], 7: {}}
    assert problems(submission, EXPECTED) == [
        "behavior-1: missing, expected labels of 2 ids",
        "behaviour-1: unknown behavior, did you mean 'behavior-1'?",
        "7: unknown behavior, expected behavior-0, behavior-1",
    ]


def test_an_unknown_behavior_beside_all_the_right_ones_is_told_the_right_names() -> None:
    assert problems(right() | {"behavior-2": {}}, EXPECTED) == [
        "behavior-2: unknown behavior, expected behavior-0, behavior-1"
    ]


def test_a_name_that_would_spoil_the_terminal_is_shown_escaped_on_one_line() -> None:
    submission = {**right(), "x\n\x1b[2J": {}}
    assert problems(submission, EXPECTED) == [r"'x\n\x1b[2J': unknown behavior, expected behavior-0, behavior-1"]


def test_missing_and_unknown_recordings_are_listed_one_by_one() -> None:
    submission = right()
    submission["behavior-0"] = {"c": [0], "d": [0]}
    del submission["behavior-1"]["b"]
    assert problems(submission, EXPECTED) == [
        "behavior-0, a: missing, expected 4 labels",
        "behavior-0, b: missing, expected 3 labels",
        "behavior-1, b: missing, expected 3 labels",
        "behavior-0, c: unknown, the test data have none of this name",
        "behavior-0, d: unknown, the test data have none of this name",
    ]


def test_a_list_of_the_wrong_length_says_what_was_found_and_what_is_wanted() -> None:
    submission = right()
    submission["behavior-0"] = {"a": [0, 1, 1], "b": np.zeros(0)}
    assert problems(submission, EXPECTED) == [
        "behavior-0, a: 3 labels, expected 4, one for each frame",
        "behavior-0, b: 0 labels, expected 3, one for each frame",
    ]


@pytest.mark.parametrize("values", [[0, 2, 1, -1], np.array([0, 2, 1, -1]), (0, 10**30, 0, 2)])
def test_values_other_than_0_and_1_are_counted_and_the_first_is_placed(values: object) -> None:
    submission = right()
    submission["behavior-1"]["a"] = values
    assert problems(submission, EXPECTED) == [
        "behavior-1, a: labels other than 0 and 1: 2 in all, the first at frame 1"
    ]


@pytest.mark.parametrize(
    ("values", "found", "many", "first"),
    [
        ([0, 1, True, False], "bool", 2, 2),
        ([0, 1, 0, 1.0], "float", 1, 3),
        ([np.int8(0), 1, 0, 1], "numpy.int8", 1, 0),
        ([0, np.bool_(1), 0, 1], "numpy.bool", 1, 1),
        (np.zeros(4, np.int8), "numpy.int8", 4, 0),
        (np.zeros(4, np.uint64), "numpy.uint64", 4, 0),
        (np.zeros(4, bool), "numpy.bool", 4, 0),
        (np.zeros(4), "numpy.float64", 4, 0),
    ],
)
def test_only_python_ints_and_numpys_two_common_integers_are_accepted(
    values: object, found: str, many: int, first: int
) -> None:
    submission = right()
    submission["behavior-0"]["a"] = values
    assert problems(submission, EXPECTED) == [
        f"behavior-0, a: labels of type {found}, expected {ACCEPTED}: {many} in all, the first at frame {first}"
    ]


def test_every_problem_of_a_recording_is_listed() -> None:
    submission = right()
    submission["behavior-0"]["a"] = ["0", 0.5, [1], 3, True, None]
    assert problems(submission, EXPECTED) == [
        "behavior-0, a: 6 labels, expected 4, one for each frame",
        f"behavior-0, a: labels of type NoneType, expected {ACCEPTED}: 1 in all, the first at frame 5",
        f"behavior-0, a: labels of type bool, expected {ACCEPTED}: 1 in all, the first at frame 4",
        f"behavior-0, a: labels of type float, expected {ACCEPTED}: 1 in all, the first at frame 1",
        f"behavior-0, a: labels of type list, expected {ACCEPTED}: 1 in all, the first at frame 2",
        f"behavior-0, a: labels of type str, expected {ACCEPTED}: 1 in all, the first at frame 0",
        "behavior-0, a: labels other than 0 and 1: 5 in all, the first at frame 0",
    ]


@pytest.mark.parametrize("values", [np.zeros((4, 1), int), np.array(1), "0110", {0: 1}, 5, {0, 1}])
def test_what_is_no_list_of_labels_is_a_problem_of_its_recording(values: object) -> None:
    submission = right()
    submission["behavior-0"]["a"] = values
    (problem,) = problems(submission, EXPECTED)
    assert re.fullmatch("behavior-0, a: (a value of type|an array of) .*, expected a list of 4 labels", problem)


def test_a_behavior_that_is_no_dict_is_one_problem() -> None:
    assert problems({**right(), "behavior-1": [0, 1]}, EXPECTED) == [
        "behavior-1: a value of type list, expected a dict of recordings"
    ]


def test_long_lists_of_problems_are_not_cut() -> None:
    expected = {name: {str(i): 2 for i in range(500)} for name in ("x", "y")}
    assert len(problems({"x": {}, "y": {str(i): [0] for i in range(500)}}, expected)) == 1000


# What is expected


def test_a_sample_submission_says_what_is_expected() -> None:
    assert expected_from_sample(right()) == EXPECTED


def test_a_sample_that_is_no_submission_is_an_error_with_every_problem() -> None:
    with pytest.raises(DataError) as caught:
        expected_from_sample({"x": {"a": 4, "b": [0]}, "y": [0, 1]})
    assert caught.value.problems == (
        "sample_submission.npy: x, a: a value of type int, expected a list of labels",
        "sample_submission.npy: y: a value of type list, expected a dict of recordings",
    )
    with pytest.raises(DataError, match=r"^s\.npy: holds a value of type int, expected a dict of behaviors$"):
        expected_from_sample(3, file="s.npy")


def test_a_sample_and_a_test_file_that_ask_for_the_same_agree() -> None:
    assert disagreements(expected_from_sample(right()), EXPECTED) == []


def test_a_sample_and_a_test_file_that_differ_are_said_to_disagree_line_by_line() -> None:
    sample = {"x": {"a": 4, "b": 3, "c": 1}, "old": {"a": 4}}
    test = {name: {"a": 4, "b": 5, "d": 2} for name in ("x", "new")}
    start = "sample_submission.npy and test.npy disagree: "
    assert disagreements(sample, test) == [
        start + "x, b: 3 labels in sample_submission.npy, 5 frames in test.npy",
        start + "x, c: 1 labels in sample_submission.npy, no frames in test.npy",
        start + "x, d: no labels in sample_submission.npy, 2 frames in test.npy",
        start + "old: asked for by sample_submission.npy, but not a behavior of the data",
        start + "new: a behavior of the data, but not asked for by sample_submission.npy",
    ]


# Scoring


def binary(frames: int) -> st.SearchStrategy[list[int]]:
    """Labels of `frames` frames: mixed, or all the same."""
    mixed = st.lists(st.integers(0, 1), min_size=frames, max_size=frames)
    return st.one_of(mixed, st.just([0] * frames), st.just([1] * frames))


@st.composite
def scored(draw: st.DrawFn) -> tuple[dict[str, dict[str, list[int]]], dict[str, dict[str, list[int]]]]:
    """A submission and a truth for one to three behaviors of one to three recordings."""
    submission: dict[str, dict[str, list[int]]] = {}
    truth: dict[str, dict[str, list[int]]] = {}
    for behavior in "xyz"[: draw(st.integers(1, 3))]:
        lengths = draw(st.lists(st.integers(0, 12), min_size=1, max_size=3).filter(any))
        submission[behavior] = {str(i): draw(binary(frames)) for i, frames in enumerate(lengths)}
        truth[behavior] = {str(i): draw(binary(frames)) for i, frames in enumerate(lengths)}
    return submission, truth


@settings(max_examples=150, deadline=None)
@given(scored())
def test_scores_are_those_of_scikit_learn_on_pooled_frames(
    pair: tuple[dict[str, dict[str, list[int]]], dict[str, dict[str, list[int]]]],
) -> None:
    submission, truth = pair
    counts = score(submission, truth)
    f1s, precisions = [], []
    for behavior in truth:
        predicted = np.concatenate([submission[behavior][recording] for recording in truth[behavior]])
        actual = np.concatenate([truth[behavior][recording] for recording in truth[behavior]])
        f1s.append(f1_score(actual, predicted, zero_division=0))
        precisions.append(precision_score(actual, predicted, zero_division=0))
    assert list(counts) == list(truth)
    assert [count.f1 for count in counts.values()] == pytest.approx(f1s)
    assert [count.precision for count in counts.values()] == pytest.approx(precisions)
    mean = mean_score(count.score for count in counts.values())
    assert tuple(mean) == pytest.approx((np.mean(f1s), np.mean(precisions)))


def test_nothing_predicted_and_nothing_to_find_score_0() -> None:
    zeros, ones = {"a": [0, 0]}, {"a": [1, 0]}
    counts = score({"silent": zeros, "absent": ones, "both": zeros}, {"silent": ones, "absent": zeros, "both": zeros})
    assert counts == {"silent": Counts(0, 0, 1), "absent": Counts(0, 1, 0), "both": Counts(0, 0, 0)}
    assert [count.score for count in counts.values()] == [(0, 0)] * 3


def test_decoys_and_other_behaviors_of_a_submission_are_ignored() -> None:
    submission = {"x": {"a": [1, 1], "decoy": [1, 1, 1]}, "y": {"a": [1, 1]}}
    assert score(submission, {"x": {"a": [1, 0]}}) == {"x": Counts(1, 2, 1)}


def test_recordings_that_a_submission_lacks_or_cuts_short_are_an_error_that_lists_them() -> None:
    truth = {"x": {"a": [1, 0], "b": [0]}, "y": {"a": [0, 1]}, "z": {"a": [0, 1]}}
    with pytest.raises(DataError) as caught:
        score({"x": {"a": [0, 1]}, "z": {"a": [1]}}, truth)
    assert caught.value.problems == (
        "x, b: missing, expected 1 labels",
        "y, a: missing, expected 2 labels",
        "z, a: 1 labels, expected 2, one for each frame",
    )


def test_predictions_are_read_for_what_the_truth_knows(tmp_path: Path) -> None:
    path = save(tmp_path / "submission.npy", {**right(), "else": 3})
    predictions = read_predictions(path, {"behavior-1": {"b": np.array([0, 0, 1])}})
    assert list(predictions) == ["behavior-1"]
    assert list(predictions["behavior-1"]) == ["b"]
    np.testing.assert_array_equal(predictions["behavior-1"]["b"], np.array([0, 1, 0], np.int8), strict=True)


def test_a_submission_with_problems_cannot_be_scored(tmp_path: Path) -> None:
    path = save(tmp_path / "submission.npy", {"x": {"a": [0, 2], "b": [True]}})
    truth = {"x": {"a": np.zeros(2), "b": np.zeros(1)}, "y": {"a": np.zeros(2)}}
    with pytest.raises(DataError) as caught:
        read_predictions(path, truth)
    assert caught.value.problems == (
        f"{path}: x, a: labels other than 0 and 1: 1 in all, the first at frame 1",
        f"{path}: x, b: labels of type bool, expected {ACCEPTED}: 1 in all, the first at frame 0",
        f"{path}: y: missing, expected labels of 1 id",
    )
    path = save(tmp_path / "list.npy", 5)
    with pytest.raises(DataError, match="the submission is a value of type int, expected a dict of behaviors"):
        read_predictions(path, truth)


# The truth


LABELS = {"x": {"a": [0, 1, 1], "b": [0, 0]}, "y": {"a": [1, 1, 1]}}


def released(labels: list[int], kind: type) -> dict[str, Any]:
    """A recording as the public release lays it out."""
    return {
        "keypoints": np.zeros((len(labels), 2, 2, 7)),
        "annotations": np.array(labels, kind),
        "metadata": {"vocab": {}},
    }


@pytest.mark.parametrize("kind", [np.int8, np.int64, np.float64, bool])
@pytest.mark.parametrize("layout", ["plain", "arrays", "released", "sequences"])
def test_truth_is_read_from_every_layout(tmp_path: Path, layout: str, kind: type) -> None:
    content: dict[str, Any] = LABELS
    if layout == "arrays":
        content = {name: {key: np.array(v, kind) for key, v in group.items()} for name, group in LABELS.items()}
    if layout in ("released", "sequences"):
        content = {name: {key: released(v, kind) for key, v in group.items()} for name, group in LABELS.items()}
    if layout == "sequences":
        content = {name: {"sequences": group, "vocabulary": {"other": 0, name: 1}} for name, group in content.items()}
        content["vocabulary"] = ["other", "x", "y"]
    truth = read_truth(save(tmp_path / "truth.npy", content))
    assert {name: list(group) for name, group in truth.items()} == {"x": ["a", "b"], "y": ["a"]}
    for name, group in LABELS.items():
        for key, labels in group.items():
            np.testing.assert_array_equal(truth[name][key], np.array(labels, np.int8), strict=True)


def test_a_truth_with_wrong_labels_is_an_error_with_every_problem(tmp_path: Path) -> None:
    annotated = {"annotations": np.array([0, 3, -1])}
    groups = {"x": {"a": annotated, "b": {"scores": [1]}, "c": "01", "d": ["1", 0]}, "y": {}, "z": [0, 1]}
    path = save(tmp_path / "truth.npy", groups)
    with pytest.raises(DataError) as caught:
        read_truth(path)
    assert caught.value.problems == (
        f"{path}: x, a: labels other than 0 and 1: 1 in all, the first at frame 1",
        f"{path}: x, b: has no 'annotations', expected one label for each frame",
        f"{path}: x, c: a value of type str, expected a list of labels",
        f"{path}: x, d: labels other than 0 and 1: 1 in all, the first at frame 0",
        f"{path}: y: holds no recordings",
        f"{path}: z: a value of type list, expected a dict of recordings",
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (7, "a value of type int, expected a dict of behaviors"),
        ({}, "holds no behaviors"),
        ({"a": {"keypoints": np.zeros((3, 2, 2, 7))}}, "recordings do not lie under behaviors"),
        ({"sequences": {"a": {"annotations": [0, 1]}}}, "recordings do not lie under behaviors"),
    ],
)
def test_a_file_that_holds_no_truth_says_what_it_is(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_truth(save(tmp_path / "truth.npy", content))


# Real files


@needs_rats
def test_the_sample_submission_of_the_rats_is_what_its_test_file_asks_for() -> None:
    sample: Any = read_submission(RATS / "sample_submission.npy")
    recordings: Any = read_submission(RATS / "test.npy")
    lengths = {recording: len(entry["keypoints"]) for recording, entry in recordings.items()}
    expected = dict.fromkeys([f"behavior-{k}" for k in range(7)], lengths)
    assert problems(sample, expected) == []
    assert disagreements(expected_from_sample(sample), expected) == []


@needs_rats
def test_the_truth_of_the_rats_scores_1_against_itself() -> None:
    truth = read_truth(RATS / "test_labels.npy")
    counts = score(read_predictions(RATS / "test_labels.npy", truth), truth)
    assert [count.actual for count in counts.values()] == [1856, 3431, 2080, 961, 240, 128, 56]
    assert {count.score for count in counts.values()} == {(1.0, 1.0)}


@needs_rats
def test_a_submission_for_the_rats_survives_the_round_trip(tmp_path: Path) -> None:
    truth: dict[str, dict[str, Array]] = read_truth(RATS / "test_labels.npy")
    write_submission(tmp_path / "submission.npy", truth)
    assert read_submission(tmp_path / "submission.npy") == read_submission(RATS / "test_labels.npy")


# Killed in between


KILLED = """
import os, signal, sys
from pathlib import Path
import numpy as np
from harness.data.submission import write_submission


rename = os.replace

def once(here, there):
    rename(here, there)
    os.kill(os.getpid(), signal.SIGKILL)

os.replace = once
write_submission(Path("submission.npy"), {"sniff": {"a": np.ones(5, int)}}, {"made": "later"})
"""


@posix
def test_a_kill_between_a_submission_and_its_manifest_is_told(tmp_path: Path) -> None:
    path = tmp_path / "submission.npy"
    write_submission(path, {"sniff": {"a": np.zeros(5, dtype=int)}}, {"made": "first"})
    assert mismatch(path) is None
    ended = subprocess.run([sys.executable, "-c", KILLED], cwd=tmp_path)
    assert ended.returncode == -signal.SIGKILL
    assert np.load(path, allow_pickle=True).item() == {"sniff": {"a": [1] * 5}}
    assert json.loads(path.with_suffix(".json").read_text())["made"] == "first"
    assert mismatch(path) == (
        f"{tmp_path}/submission.json says how another submission.npy was made, not this one; "
        f"`harness export-best --out {path}` makes both"
    )
