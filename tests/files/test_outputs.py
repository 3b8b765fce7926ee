"""What is written never takes the place of what was read."""

import os
from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.files.outputs import refuse_inputs
from harness.words import named


@pytest.mark.parametrize("way", ["itself", "another way to it", "a symbolic link", "a hard link"])
def test_a_file_that_is_read_is_known_under_every_name(tmp_path: Path, way: str) -> None:
    read, out = tmp_path / "train.npy", tmp_path / "out.npy"
    read.write_text("labels")
    if way == "itself":
        out = read
    elif way == "another way to it":
        (tmp_path / "folder").mkdir()
        out = tmp_path / "folder" / ".." / "train.npy"
    elif way == "a symbolic link":
        out.symlink_to(read)
    else:
        os.link(read, out)
    with pytest.raises(HarnessError) as caught:
        refuse_inputs([out, out.with_suffix(".json")], [tmp_path / "missing.npy", read])
    assert str(caught.value) == f"--out {out}: it is a file that is read ({read}); name another file"


def test_what_goes_beside_is_held_against_them_too(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(HarnessError, match=r"run\.npy: .*run\.json, which goes beside it, is a file that is read \("):
        refuse_inputs([tmp_path / "run.npy", tmp_path / "run.json"], [tmp_path / "run.json"])


def test_other_files_may_be_written_over(tmp_path: Path) -> None:
    for name in ("train.npy", "old.npy"):
        (tmp_path / name).write_text("something")
    refuse_inputs([tmp_path / "old.npy", tmp_path / "old.json"], [tmp_path / "train.npy"])


def test_a_home_is_found_where_no_shell_has_looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert named("~/data") == named(Path("~/data")) == tmp_path / "data"
    assert named("data/~") == Path("data/~")
