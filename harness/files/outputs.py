"""Files that commands write: whether they can be is found out before the work, not after it."""

import os
import tempfile
from pathlib import Path

from harness.errors import HarnessError


def make_room(out: Path, ending: str) -> None:
    """Raise `HarnessError` where `out` does not have the ending, or cannot be written; its folder is made."""
    if out.suffix != ending or os.path.isdir(out):
        raise HarnessError(f"--out {out}: should be a file that ends in {ending}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out.parent):
            pass
    except OSError as error:
        raise unwritable(out, error) from error


def refuse_taken(path: Path) -> None:
    """Raise `HarnessError` where something would be overwritten."""
    if os.path.lexists(path):
        raise HarnessError(f"{path} is there already and would be overwritten; name another folder")


def unwritable(out: Path, error: OSError) -> HarnessError:
    return HarnessError(f"{out}: cannot be written ({error.strerror}); name another file with --out")
