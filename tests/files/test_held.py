"""A folder that one process holds, and what becomes of the hold when that process is killed."""

import subprocess
import sys
from pathlib import Path

import pytest

from harness.files.hold import HeldError, held_folder

HOLDER = """
import sys, time
from pathlib import Path
from harness.files.hold import held_folder
with held_folder(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_hold_names_its_process_and_ends_when_that_is_killed(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(HeldError, match=rf"another search writes here \(process {holder.pid} on .*, since "):
            _hold(tmp_path)
    finally:
        holder.kill()
        holder.communicate()
    _hold(tmp_path)


def test_a_hold_ends_where_its_block_does(tmp_path: Path) -> None:
    with held_folder(tmp_path), pytest.raises(HeldError):
        _hold(tmp_path)
    with pytest.raises(KeyError), held_folder(tmp_path):
        raise KeyError
    _hold(tmp_path)


def test_a_writer_that_left_no_name_is_still_refused(tmp_path: Path) -> None:
    with held_folder(tmp_path):
        (tmp_path / "lock.writer").unlink()
        with pytest.raises(HeldError, match="which does not say who it is"):
            _hold(tmp_path)


def _hold(folder: Path) -> None:
    with held_folder(folder):
        pass
