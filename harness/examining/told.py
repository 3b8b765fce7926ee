"""What reading the files has found, as findings: why they cannot be read, and what was noted."""

import re
from collections.abc import Iterable, Iterator

from harness.dataset import Dataset
from harness.examining.findings import NOTE, ODD, WRONG, Finding

COPIES = ("the same footage as", "the same poses as")
"""By which a line on copies is known."""

UNSEEN = re.compile(r"([\d,]+) points? in .* taken for not seen")

MANY = 0.001
"""Of all points, so many at a place that stands for "not seen" are a habit of the tracker's."""


def problems(lines: Iterable[str]) -> Iterator[Finding]:
    """What keeps a dataset from being read."""
    for line in lines:
        kind = "copies" if any(words in line for words in COPIES) else "unreadable"
        yield Finding(WRONG, kind, line, "")


def notes(dataset: Dataset, points: int) -> Iterator[Finding]:
    """What was noted of a dataset with so many points; footage that is there twice is found elsewhere."""
    for line in dataset.notes:
        if any(words in line for words in COPIES):
            continue
        if (unseen := UNSEEN.match(line)) is not None:
            count = int(unseen[1].replace(",", ""))
            way = "have the tracker, or what came after it, write NaN"
            yield Finding(ODD if count > MANY * points else NOTE, "zeros", line, way, frames=count)
        else:
            yield Finding(NOTE, "other", line, "")
