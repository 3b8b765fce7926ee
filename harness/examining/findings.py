"""What was found in a dataset: how bad it is, where, and what to do about it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

WRONG, ODD, NOTE = "wrong", "odd", "note"
GRADES = (WRONG, ODD, NOTE)
"""Surely wrong; worth a look; good to know."""

KINDS = (
    "unreadable",
    "copies",
    "unseen",
    "one-place",
    "zeros",
    "mirrored",
    "frozen",
    "scale",
    "outside",
    "fps",
    "swaps",
    "jumps",
    "chance",
    "negatives",
    "bouts",
    "exclusive",
    "groups",
    "prevalence",
    "missing",
    "other",
)
"""All kinds; of one grade, what makes other things look wrong too comes before these."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found."""

    grade: str
    """One of `GRADES`."""
    kind: str
    """One of `KINDS`."""
    text: str
    """What was found, with figures."""
    way: str
    """What to do about it."""
    recordings: tuple[str, ...] = ()
    """Ids of those concerned; none where it is about all, or about none in particular."""
    behavior: str = ""
    """The one concerned; empty where it is about poses."""
    frames: int = 0
    """On how many frames it is so; 0 where frames do not count it."""

    @property
    def line(self) -> str:
        """What was found and what to do, in one line; the files' own problems say both themselves."""
        return f"{self.text}; {self.way}" if self.way else self.text

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"recordings": list(self.recordings)}


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """By grade, then what explains others before these, then by how many frames and recordings are concerned."""
    return tuple(sorted(findings, key=_order))


def worst_lines(findings: Iterable[Finding], most: int = 3) -> tuple[str, ...]:
    """The first `most` of the findings that are more than good to know, a line each."""
    told = [one for one in worst_first(findings) if one.grade != NOTE]
    return tuple(f"doctor: {one.line}" for one in told[:most])


def _order(one: Finding) -> tuple[int, int, int, int, str, tuple[str, ...], str]:
    rank = GRADES.index(one.grade), KINDS.index(one.kind)
    return *rank, -one.frames, -len(one.recordings), one.behavior, one.recordings, one.text
