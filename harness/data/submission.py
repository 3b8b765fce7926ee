"""Read, write, check and score submissions: 0/1 labels by behavior and recording, as the challenge exchanges them."""

import difflib
import hashlib
import io
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness.data.pickles import read_pickled_npy
from harness.errors import DataError
from harness.files.atomic import write_together
from harness.recording import UNKNOWN, Array
from harness.scores.metrics import Counts, count, total
from harness.words import LONGEST_SHOWN, counted, listed, shown

Submission = Mapping[str, Mapping[str, Sequence[int]]]
"""Behavior to recording id to one label for each frame."""

Expected = Mapping[str, Mapping[str, int]]
"""Behavior to recording id to number of frames."""

ELEMENTS = (int, np.int32, np.int64)
"""The types of element that the challenge accepts; it refuses NumPy's other integers, booleans and floats."""

SAMPLE_FILE, TEST_FILE = "sample_submission.npy", "test.npy"


DIGEST = "submission_sha256"
"""What a manifest calls the SHA-256 of the file that it belongs to."""


def write_submission(
    path: Path, labels: Mapping[str, Mapping[str, Array]], manifest: Mapping[str, Any] | None = None
) -> None:
    """Write 0/1 labels (frames,) as the challenge wants them: a pickled dict of dicts of lists of Python ints.

    The same labels in the same order give the same bytes. `manifest` says how they were made: it goes beside the file,
    as JSON with the file's digest, so that a kill between the two can be told (`mismatch`); on a full disk both stay as
    they were. Raises `ValueError` where a label is neither 0 nor 1.
    """
    content = {
        _name(behavior): {_name(recording): _plain(values) for recording, values in recordings.items()}
        for behavior, recordings in labels.items()
    }
    buffer = io.BytesIO()
    np.save(buffer, np.array(content, dtype=object), allow_pickle=True)
    contents = {path.name: buffer.getvalue()}
    if manifest is not None:
        described = {DIGEST: hashlib.sha256(contents[path.name]).hexdigest(), **manifest}
        contents[path.with_suffix(".json").name] = (json.dumps(described, indent=1) + "\n").encode()
    write_together(path.parent, contents)


def mismatch(path: Path) -> str | None:
    """That the manifest beside a submission was made for another one, in a line; None where it was not, or is none."""
    beside = path.with_suffix(".json")
    try:
        digest = json.loads(beside.read_bytes())[DIGEST]
        ours = hashlib.sha256(path.read_bytes()).hexdigest()
    except (OSError, ValueError, LookupError, TypeError, RecursionError):  # not there, or not one of ours
        return None
    if digest == ours:
        return None
    return (
        f"{beside} says how another {path.name} was made, not this one; `harness export-best --out {path}` makes both"
    )


def read_submission(path: Path) -> object:
    """What the file at `path` holds, right or wrong, for `problems` to look at."""
    return read_pickled_npy(path)


def predictions(
    submission: object, truth: Mapping[str, Mapping[str, Array]], path: Path
) -> dict[str, dict[str, Array]]:
    """The labels, int8 (frames,), that a submission gives to the recordings of `truth`.

    What `truth` does not know is left out: the challenge's test files hold decoys. Raises `DataError` with every
    other problem of the file at `path`.
    """
    expected = {name: {key: len(labels) for key, labels in group.items()} for name, group in truth.items()}
    found = [f"{path}: {problem}" for problem in _expected_problems(submission, expected)]
    if found or not isinstance(submission, dict):
        raise DataError(found)
    return {
        behavior: {recording: np.asarray(submission[behavior][recording], dtype=np.int8) for recording in recordings}
        for behavior, recordings in expected.items()
    }


def read_predictions(path: Path, truth: Mapping[str, Mapping[str, Array]]) -> dict[str, dict[str, Array]]:
    """The same of the submission at `path`."""
    return predictions(read_submission(path), truth, path)


def unscored(submission: Any, truth: Mapping[str, Mapping[str, Array]]) -> list[str]:
    """What a submission that has `predictions` labels beyond what `truth` knows, in lines."""
    groups: Mapping[Any, Any] = submission
    lines = []
    behaviors = [name for name in groups if name not in truth]
    if behaviors:
        lines.append(f"left out, as the truth has no labels of them: {listed(behaviors)}")
    for behavior in truth:
        group = groups.get(behavior, {})
        decoys = [name for name in group if name not in truth[behavior]]
        if decoys:
            which = f"{len(decoys):,} of {len(group):,}, {listed(decoys)}"
            lines.append(f"{_place(behavior)}: left out, as the truth has no labels of them: {which}")
    return lines


def read_truth(path: Path) -> dict[str, dict[str, Array]]:
    """The labels to score against, int8 (frames,), from a file laid out like a submission or a labelled test file.

    Frames that are NaN, None or -1 were not looked at: they are `UNKNOWN`, and are not scored.

    A labelled file has `{"annotations": labels}` in the place of labels, and may put `"sequences"` between a
    behavior and its recordings. Raises `DataError` with every problem.
    """
    groups = read_pickled_npy(path)
    if not isinstance(groups, dict):
        raise DataError([f"{path}: holds {_kind(groups)}, expected a dict of behaviors"])
    if _lacks_behaviors(groups):
        raise DataError(
            [f"{path}: its recordings do not lie under behaviors, expected behavior -> recording -> labels"]
        )
    # Some versions of the challenge's files keep the names of the classes among the behaviors.
    behaviors = {name: _sequences(group) for name, group in groups.items() if name != "vocabulary"}
    found = [f"{path}: {problem}" for problem in _truth_problems(behaviors)]
    if found:
        raise DataError(found)
    return {
        behavior: {recording: _with_unknown(_annotations(entry)) for recording, entry in group.items()}
        for behavior, group in behaviors.items()
    }


def expected_from_sample(sample: object, *, file: str = SAMPLE_FILE) -> dict[str, dict[str, int]]:
    """What a submission must hold according to the challenge's sample of one; `file` names it in errors.

    Raises `DataError` with every place where the sample is not a dict of dicts of labels.
    """
    if not isinstance(sample, dict):
        raise DataError([f"{file}: holds {_kind(sample)}, expected a dict of behaviors"])
    found = [f"{file}: {problem}" for problem in _sample_problems(sample)]
    if found:
        raise DataError(found)
    return {
        behavior: {recording: len(labels) for recording, labels in recordings.items()}
        for behavior, recordings in sample.items()
    }


def disagreements(
    sample: Expected, test: Expected, *, sample_file: str = SAMPLE_FILE, test_file: str = TEST_FILE
) -> list[str]:
    """Where the sample submission and the test file ask for different things: the files' fault, not a submission's."""
    found = []
    for behavior in _union(sample, test):
        if behavior not in test:
            found.append(f"{_place(behavior)}: asked for by {sample_file}, but not a behavior of the data")
            continue
        if behavior not in sample:
            found.append(f"{_place(behavior)}: a behavior of the data, but not asked for by {sample_file}")
            continue
        for recording in _union(sample[behavior], test[behavior]):
            labels, frames = (group[behavior].get(recording, "no") for group in (sample, test))
            if labels != frames:
                place = _place(behavior, recording)
                found.append(f"{place}: {labels} labels in {sample_file}, {frames} frames in {test_file}")
    return [f"{sample_file} and {test_file} disagree: {line}" for line in found]


def problems(submission: object, expected: Expected) -> list[str]:
    """Everything that keeps `submission` from being accepted, one line each; empty where nothing does."""
    found = list(_expected_problems(submission, expected))
    if isinstance(submission, dict):
        found.extend(_unknown_problems(submission, expected))
    return found


def score(
    submission: Mapping[str, Mapping[str, Sequence[int] | Array]],
    truth: Mapping[str, Mapping[str, Sequence[int] | Array]],
) -> dict[str, Counts]:
    """Hits, claims and positives of each behavior in `truth`, over the pooled frames of its recordings.

    `Counts.f1` of these is the challenge's F1, with 0 for 0 / 0, and `scores.metrics.mean_score` its mean. What `truth`
    does not know is ignored. Raises `DataError` with every recording that is absent or of another length.
    """
    found = [
        problem
        for behavior, recordings in truth.items()
        for recording, labels in recordings.items()
        for claims in [submission.get(behavior, {}).get(recording)]
        for problem in _length_problems(_place(behavior, recording), claims, len(labels))
    ]
    if found:
        raise DataError(found)
    return {
        behavior: total(
            count(np.asarray(submission[behavior][recording]), np.asarray(labels))
            for recording, labels in recordings.items()
        )
        for behavior, recordings in truth.items()
    }


def _name(name: str) -> str:
    # Pickle writes a string once and then refers to it, by identity: equal names must be one object.
    return sys.intern(str(name))


def _plain(values: Array) -> list[int]:
    values = np.asarray(values)
    if np.any((values != 0) & (values != 1)):
        raise ValueError("a label is neither 0 nor 1")
    plain: list[int] = values.astype(np.int64).tolist()
    return plain


def _expected_problems(submission: object, expected: Expected) -> Iterator[str]:
    """What is absent or wrong among the things that `expected` names."""
    if not isinstance(submission, dict):
        yield f"the submission is {_kind(submission)}, expected a dict of behaviors"
        return
    for behavior, recordings in expected.items():
        group = submission.get(behavior)
        if behavior not in submission:
            yield f"{_place(behavior)}: missing, expected labels of {counted(len(recordings), 'id')}"
        elif not isinstance(group, dict):
            yield f"{_place(behavior)}: {_kind(group)}, expected a dict of recordings"
        else:
            for recording, frames in recordings.items():
                yield from _label_problems(_place(behavior, recording), group.get(recording), frames)


def _unknown_problems(submission: Mapping[Any, object], expected: Expected) -> Iterator[str]:
    """Behaviors and recordings that `expected` does not name."""
    missing = [behavior for behavior in expected if behavior not in submission]
    for behavior, group in submission.items():
        if behavior not in expected:
            near = difflib.get_close_matches(str(behavior)[:LONGEST_SHOWN], missing, n=1)
            hint = f"did you mean {shown(repr(near[0]))}?" if near else f"expected {', '.join(expected)}"
            yield f"{_place(behavior)}: unknown behavior, {hint}"
        elif isinstance(group, dict):
            for recording in group:
                if recording not in expected[behavior]:
                    yield f"{_place(behavior, recording)}: unknown, the test data have none of this name"


def _label_problems(place: str, values: object, frames: int) -> Iterator[str]:
    if values is not None and not _is_list(values):
        yield f"{place}: {_kind(values)}, expected a list of {frames} labels"
        return
    yield from _length_problems(place, values, frames)
    if values is not None:
        yield from _type_problems(place, values)
        yield from _value_problems(place, values)


def _length_problems(place: str, values: Any, frames: int) -> Iterator[str]:
    """Labels that are absent (None) or not one for each frame."""
    if values is None:
        yield f"{place}: missing, expected {frames} labels"
    elif len(values) != frames:
        yield f"{place}: {len(values)} labels, expected {frames}, one for each frame"


def _type_problems(place: str, values: Any) -> Iterator[str]:
    # One pass in C finds out that all is well; only what is wrong is looked at frame by frame.
    for kind in sorted(set(map(type, values)) - set(ELEMENTS), key=_type_name):
        frames = [frame for frame, value in enumerate(values) if type(value) is kind]
        accepted = " or ".join(map(_type_name, ELEMENTS))
        found = f"labels of type {_type_name(kind)}, expected {accepted}"
        yield f"{place}: {found}: {len(frames)} in all, the first at frame {frames[0]}"


def _value_problems(place: str, values: Any) -> Iterator[str]:
    if isinstance(values, np.ndarray):
        values = values.tolist()
    if set(map(type, values)) <= set(ELEMENTS) and set(values) <= {0, 1}:
        return
    frames = [frame for frame, value in enumerate(values) if not _is_binary(value)]
    if frames:
        yield f"{place}: labels other than 0 and 1: {len(frames)} in all, the first at frame {frames[0]}"


def _truth_problems(behaviors: Mapping[str, object]) -> Iterator[str]:
    if not behaviors:
        yield "holds no behaviors"
    for behavior, group in behaviors.items():
        if not isinstance(behavior, str) or shown(behavior) != behavior:
            yield f"{_place(behavior)}: a name of {_kind(behavior)}, expected short text that can be printed"
        if not isinstance(group, dict):
            yield f"{_place(behavior)}: {_kind(group)}, expected a dict of recordings"
            continue
        if not group:
            yield f"{_place(behavior)}: holds no recordings"
        for recording, entry in group.items():
            labels: Any = _annotations(entry)
            place = _place(behavior, recording)
            if labels is None:
                yield f"{place}: has no 'annotations', expected one label for each frame"
            elif not _is_list(labels):
                yield f"{place}: {_kind(labels)}, expected a list of labels"
            else:
                yield from _value_problems(place, [0 if _is_unknown(value) else value for value in labels])


def _with_unknown(labels: Any) -> Array:
    return np.array([UNKNOWN if _is_unknown(value) else int(value) for value in labels], dtype=np.int8)


def _is_unknown(value: object) -> bool:
    """Whether a label says that nobody looked."""
    if value is None:
        return True
    return isinstance(value, int | float | np.number) and (value == UNKNOWN or value != value)  # NaN is not itself


def _sample_problems(sample: Mapping[str, object]) -> Iterator[str]:
    for behavior, group in sample.items():
        if not isinstance(group, dict):
            yield f"{_place(behavior)}: {_kind(group)}, expected a dict of recordings"
            continue
        for recording, labels in group.items():
            if not _is_list(labels):
                yield f"{_place(behavior, recording)}: {_kind(labels)}, expected a list of labels"


def _lacks_behaviors(groups: Mapping[str, object]) -> bool:
    """Whether this is a file of recordings alone, as the challenge's test file is."""
    return "sequences" in groups or any(isinstance(group, dict) and "keypoints" in group for group in groups.values())


def _sequences(group: Any) -> Any:
    return group.get("sequences", group) if isinstance(group, dict) else group


def _annotations(entry: Any) -> object:
    return entry.get("annotations") if isinstance(entry, dict) else entry


def _place(*names: object) -> str:
    """Where a problem is: a behavior, or a behavior and a recording, whatever a file gives as their names."""
    return ", ".join(shown(str(name)) for name in names)


def _is_list(values: object) -> bool:
    """Whether `values` are a list, a tuple or a one-dimensional array."""
    return isinstance(values, list | tuple) or (isinstance(values, np.ndarray) and values.ndim == 1)


def _is_binary(value: object) -> bool:
    return isinstance(value, int | float | np.number | np.bool_) and value in (0, 1)


def _union(one: Iterable[str], other: Iterable[str]) -> list[str]:
    """The names in either, each once, in order of appearance."""
    return list(dict.fromkeys([*one, *other]))


def _kind(value: object) -> str:
    """What `value` is, in words for a message."""
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} of shape {value.shape}"
    return f"a value of type {_type_name(type(value))}"


def _type_name(kind: type) -> str:
    return f"numpy.{kind.__name__}" if kind.__module__ == "numpy" else kind.__name__
