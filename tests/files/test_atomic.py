"""Files that are written whole, beside those who read and write them at the same time."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.files import atomic
from harness.files.atomic import write_text, write_together

WRITER = """
import sys
from pathlib import Path
from harness.files.atomic import write_together
mark = sys.argv[2].encode()
for _ in range(200):
    write_together(Path(sys.argv[1]), {name: mark * 1000 for name in ("one", "two", "three")})
"""


@pytest.fixture
def own_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files that holds nothing else."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return tmp_path / "temporary"


def test_of_two_processes_that_write_the_same_files_one_wins_with_all_of_its_own(tmp_path: Path) -> None:
    root = str(Path(__file__).parents[2])
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path / "out"), mark], cwd=root) for mark in "ab"]
    assert [writer.wait(120) for writer in writers] == [0, 0]
    contents = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert sorted(contents) == ["one", "three", "two"]  # and no lock
    assert len({*contents.values()}) == 1


def test_files_are_written_together_where_no_lock_can_be_made(own_locks: Path, tmp_path: Path) -> None:
    own_locks.rmdir()
    write_together(tmp_path / "out", {"one": b"1", "two": b"2"})
    assert (tmp_path / "out" / "two").read_bytes() == b"2"


def test_a_file_that_others_have_open_is_replaced_once_they_close_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows; here a stand-in refuses, since no file of this system does."""
    refusals = iter((PermissionError("open elsewhere"), PermissionError("open elsewhere")))
    monkeypatch.setattr(os, "replace", _refusing(refusals, os.replace))
    write_text(tmp_path / "file", "new")
    assert (tmp_path / "file").read_text() == "new"
    assert next(refusals, None) is None


def test_a_file_that_stays_open_is_left_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("old")
    monkeypatch.setattr(atomic, "WAITS", (0.0, 0.0))
    monkeypatch.setattr(os, "replace", _refusing(iter([PermissionError("open elsewhere")] * 3), os.replace))
    with pytest.raises(PermissionError, match="open elsewhere"):
        write_text(tmp_path / "file", "new")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file", "old")]


def _refusing(refusals: Iterator[OSError], replace: object) -> object:
    def replacing(source: str, target: Path) -> None:
        refusal = next(refusals, None)
        if refusal is not None:
            raise refusal
        assert callable(replace)
        replace(source, target)

    return replacing
