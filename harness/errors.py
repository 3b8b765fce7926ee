"""What a user can cause and can put right."""

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path


class HarnessError(Exception):
    """Something the user can fix; `main` prints it, each argument on a line, and exits with 2."""

    def __str__(self) -> str:
        return "\n".join(map(str, self.args))

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(map(str, self.args))


class DataError(HarnessError):
    """A file that cannot be used, with every problem found in it."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))

    @property
    def lines(self) -> tuple[str, ...]:
        return self.problems


class AllFailedError(HarnessError):
    """Every trial of a behavior failed, a line for each such behavior."""

    def __init__(self, *lines: str, folder: Path, over: Sequence[str] = ()) -> None:
        super().__init__(*lines)
        self.folder = folder
        """Of the run."""
        self.over = tuple(over)
        """`trial_timeout` or `trial_memory` where all of them went over these; none where one failed otherwise."""


class NothingToRankError(HarnessError):
    """There are no finished trials where some are needed; exits with 1."""


def unknown(kind: str, name: str, known: Iterable[str]) -> HarnessError:
    """The error for a name that is not registered: what was asked, the nearest name, all names."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return HarnessError(f"unknown {kind} {name!r}.{hint} Available: {', '.join(names) or 'none'}.")
