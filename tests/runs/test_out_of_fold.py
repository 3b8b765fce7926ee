"""The out-of-fold probabilities of trials, as they are kept and read."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.errors import HarnessError
from harness.recording import Array
from harness.runs.out_of_fold import OutOfFold
from harness.runs.records import TrialRecord
from harness.spec import Choice, PipelineSpec

RECORD = TrialRecord("sniff/mount", 7, "arm", PipelineSpec((), Choice("random")), "grouped", 0.0)
UNITS = [np.array([0.25, 1.0]), np.array([0.0]), np.array([0.5, 0.75, 0.125])]


def test_probabilities_are_read_by_unit_as_they_were_kept(tmp_path: Path) -> None:
    kept = OutOfFold(tmp_path / "out_of_fold")
    assert not kept.any()
    kept.keep(RECORD, UNITS)
    assert kept.any()
    assert kept.path("sniff/mount", 7) == tmp_path / "out_of_fold" / "sniff%2Fmount" / "00007.npy"
    found = kept.read(RECORD, [2, 1, 3])
    assert [one.tolist() for one in found] == [one.tolist() for one in UNITS]
    assert {one.dtype for one in found} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read (No such file or directory)"),
        (np.zeros(5), "holds an array (5,), expected (6,)"),
        (np.zeros((2, 3)), "holds an array (2, 3), expected (6,)"),
        (np.full(6, 1.5), "holds numbers that are no probabilities"),
        (np.full(6, np.nan), "holds numbers that are no probabilities"),
    ],
)
def test_a_file_that_is_not_those_of_the_trial_is_named(content: Array | None, says: str, tmp_path: Path) -> None:
    kept = OutOfFold(tmp_path)
    path = kept.path(RECORD.behavior, RECORD.trial)
    path.parent.mkdir()
    if content is not None:
        np.save(path, content)
    with pytest.raises(HarnessError) as refused:
        kept.read(RECORD, [2, 1, 3])
    assert str(refused.value) == f"{path}: {says}; restore it, or search into another --results"


def test_behaviors_whose_names_differ_in_case_lie_in_folders_that_differ_in_more(tmp_path: Path) -> None:
    kept = OutOfFold(tmp_path)
    for value, behavior in enumerate(("near", "Near", "NEAR")):
        kept.keep(replace(RECORD, behavior=behavior), [np.full(6, value / 2)])
    folders = sorted(path.name.casefold() for path in tmp_path.iterdir())
    assert folders == sorted({*folders})
    for value, behavior in enumerate(("near", "Near", "NEAR")):
        (found,) = kept.read(replace(RECORD, behavior=behavior), [6])
        assert set(found) == {value / 2}


def test_a_folder_that_a_former_version_named_is_read_and_written_on(tmp_path: Path) -> None:
    (tmp_path / "Attack").mkdir()
    np.save(tmp_path / "Attack" / "00000.npy", np.ones(6))
    kept, first = OutOfFold(tmp_path), replace(RECORD, behavior="Attack", trial=0)
    assert kept.read(first, [6])[0].tolist() == [1.0] * 6
    kept.keep(replace(first, trial=1), UNITS)
    assert sorted(path.name for path in (tmp_path / "Attack").iterdir()) == ["00000.npy", "00001.npy"]
    assert {*kept.trials()} == {(kept.folder_of("Attack"), 0), (kept.folder_of("Attack"), 1)}
    assert kept.folder_of("attack") == tmp_path / "attack"
