"""Files that commands write: whether they can be is found out before the work, not after it."""

import errno
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import HarnessError
from harness.files.atomic import reason


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


@contextmanager
def made_whole(folder: Path, unmade: Callable[[OSError], HarnessError]) -> Iterator[Path]:
    """A new folder, which is called `folder` once all is in it, and is gone where that fails.

    Raises what `unmade` makes of the reason why it cannot be made, or be called so.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent)
    except OSError as error:
        raise unmade(error) from error
    with temporary as place:
        made = Path(place) / folder.name
        made.mkdir()
        yield made
        try:
            if os.path.lexists(folder):  # somebody else was faster
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            made.rename(folder)
        except OSError as error:
            raise unmade(error) from error


def refuse_taken(path: Path) -> None:
    """Raise `HarnessError` where something would be overwritten."""
    if os.path.lexists(path):
        raise HarnessError(f"{path} is there already and would be overwritten; name another folder")


def unwritable_folder(out: Path, error: OSError) -> HarnessError:
    return HarnessError(f"{out}: cannot be written ({reason(error)}); name another folder")


def unwritable(out: Path, error: OSError) -> HarnessError:
    return HarnessError(f"{out}: cannot be written ({error.strerror}); name another file with --out")
