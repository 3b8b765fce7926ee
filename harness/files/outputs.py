"""Files that commands write: whether they can be is found out before the work, not after it."""

import os
import tempfile
from collections.abc import Iterable
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


def refuse_inputs(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Raise `HarnessError` where what is to be written is a file that is read, under whatever name.

    The first of `outputs` is the one that was asked for, the others go beside it.
    """
    outputs = tuple(outputs)
    present = [path for path in inputs if os.path.exists(path)]
    for output in outputs:
        for path in present if os.path.exists(output) else ():
            if os.path.samefile(output, path):
                what = "it is" if output == outputs[0] else f"{output}, which goes beside it, is"
                raise HarnessError(f"--out {outputs[0]}: {what} a file that is read ({path}); name another file")


def refuse_taken(path: Path) -> None:
    """Raise `HarnessError` where something would be overwritten."""
    if os.path.lexists(path):
        raise HarnessError(f"{path} is there already and would be overwritten; name another folder")


def unwritable(out: Path, error: OSError) -> HarnessError:
    return HarnessError(f"{out}: cannot be written ({error.strerror}); name another file with --out")
