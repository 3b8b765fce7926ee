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
    with pytest.raises(HarnessError, match=r"was searched with other ranges\.a\.lag, ranges\.c, seed; its trials"):
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
