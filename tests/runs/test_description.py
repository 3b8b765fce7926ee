"""What `run.json` says of a run, and which searches may continue it."""

from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.runs.description import Address, Description, described, read_description, write_description
from harness.runs.store import Run

IDENTITY = {
    "data": {"sniff": {"a": "digest"}},
    "pool": {},
    "seed": 0,
    "ranges": {"a": {"lag": [1, 3]}, "b": 2},
    "plugins": {},
}
ABOUT = {"data": "data", "behaviors": ["sniff"], "command": "harness search", "plugins": []}


@pytest.mark.parametrize("storage", [None, Address("postgresql://user@host/database", "run-0")])
def test_a_description_is_read_as_it_was_written(storage: Address | None, tmp_path: Path) -> None:
    assert described(tmp_path) is None
    written = Description(IDENTITY, ABOUT, storage)
    write_description(tmp_path, written)
    assert read_description(tmp_path) == described(tmp_path) == written


def test_what_another_search_differs_in_is_named_and_what_is_there_stays(tmp_path: Path) -> None:
    write_description(tmp_path, Description(IDENTITY, ABOUT))
    other = {**IDENTITY, "ranges": {"a": {"lag": [1, 4]}, "b": 2, "c": 0}, "seed": 1}
    with pytest.raises(HarnessError, match=r": seed 0, now 1, the ranges of c, lag \(--spaces\); give"):
        write_description(tmp_path, Description(other, ABOUT))
    assert read_description(tmp_path).identity == IDENTITY


def test_what_is_for_the_reader_may_change(tmp_path: Path) -> None:
    write_description(tmp_path, Description({**IDENTITY, "arms": ("a", "b")}, ABOUT))
    write_description(tmp_path, Description({**IDENTITY, "arms": ("a", "b")}, {**ABOUT, "command": "again"}))
    assert read_description(tmp_path).about["command"] == "again"


def test_a_run_that_is_not_held_is_not_begun(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="to be held first"):
        Run(tmp_path / "run").begin(IDENTITY, ABOUT)
    assert not (tmp_path / "run").exists()


LIBRARIES = {"python": "3.11", "lightgbm": "4.6.0", "numpy": "2.4.6"}


def test_an_upgrade_is_named_with_both_versions_and_what_takes_it_back(tmp_path: Path) -> None:
    write_description(tmp_path, Description({**IDENTITY, "versions": LIBRARIES}, ABOUT))
    now = Description({**IDENTITY, "versions": LIBRARIES | {"lightgbm": "4.7.0"}}, ABOUT)
    with pytest.raises(HarnessError) as caught:
        write_description(tmp_path, now)
    assert str(caught.value) == (
        f"{tmp_path}: was searched with other settings, so that its trials cannot be continued: lightgbm 4.6.0, now "
        "4.7.0; give this search a folder of its own with --results, or install what there was: "
        "`pip install 'lightgbm==4.6.0'`"
    )


def test_of_another_search_the_data_are_named_first_and_only_a_few_settings(tmp_path: Path) -> None:
    before = {**IDENTITY, "versions": LIBRARIES, "arms": {"a": ["b"]}, "batch": 4}
    write_description(tmp_path, Description(before, ABOUT))
    ranges = {"a": {f"name-{number}": number for number in range(100)}}
    other = {"data": {}, "seed": 1, "batch": 8, "ranges": ranges, "arms": {}, "plugins": {}, "pool": {"a": "b"}}
    with pytest.raises(HarnessError) as caught:
        write_description(tmp_path, Description({**other, "versions": LIBRARIES}, {**ABOUT, "data": "elsewhere"}))
    line = str(caught.value)
    assert "cannot be continued: data data, now elsewhere, other feature sets or model families (" in line
    assert line.endswith(
        "and 2 more; give this search a folder of its own with --results, or repeat the earlier settings"
    )
    assert len(line.replace(str(tmp_path), "")) < 320
