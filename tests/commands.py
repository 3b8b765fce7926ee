"""Commands as they are typed, run in this process: starting another costs seconds, and one that is only run to its end
and looked at needs none."""

import contextlib
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.cli import main


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


def ended(*words: str, at: Path, without: Iterable[str] = (), **environment: str) -> Ended:
    """`harness` with these words, in the folder `at` and with a cache there, and less the settings `without`."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as shell:
        shell.chdir(at)
        for name in without:
            shell.delenv(name, raising=False)
        for name, value in ({"HARNESS_CACHE": str(at / "cache")} | environment).items():
            shell.setenv(name, value)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = main(words)
            except SystemExit as unreadable:  # words that are no command
                code = int(unreadable.code or 0)
    return Ended(code, out.getvalue(), err.getvalue())


def output(*words: str, at: Path, **environment: str) -> str:
    """What it prints, where all goes well."""
    one = ended(*words, at=at, **environment)
    assert one.code == 0, one.err
    return one.out
