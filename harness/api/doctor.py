"""What a careful colleague would find in a dataset before it is searched."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.api.datasets import load
from harness.dataset import Dataset
from harness.errors import DataError, HarnessError
from harness.examining.animals import animals
from harness.examining.films import filmed, videos
from harness.examining.findings import WRONG, Finding, worst_first, worst_lines
from harness.examining.guessing import guessing
from harness.examining.marking import marking
from harness.examining.repeated import repeated
from harness.examining.timing import timing
from harness.examining.told import notes, problems
from harness.examining.tracking import tracking
from harness.showing.steps import Steps, reading
from harness.words import counted, html_table, named


@dataclass(frozen=True, repr=False)
class Examination:
    """What was found, worst first."""

    findings: tuple[Finding, ...]

    @property
    def wrong(self) -> bool:
        """Whether something is surely wrong."""
        return any(one.grade == WRONG for one in self.findings)

    def worst_lines(self, most: int = 3) -> tuple[str, ...]:
        """The first of what is more than good to know, a line each.

        Args:
            most: So many lines at most.
        """
        return worst_lines(self.findings, most)

    def as_json(self) -> list[dict[str, Any]]:
        """A list of findings, as docs/formats.md has it."""
        return [one.as_json() for one in self.findings]

    def __repr__(self) -> str:
        return f"<Examination: {counted(len(self.findings), 'finding')}>"

    def _repr_html_(self) -> str:
        rows = [[one.grade, one.kind, one.text, one.way] for one in self.findings]
        return html_table(("grade", "kind", "found", "what to do"), rows, counted(len(self.findings), "finding"))


def doctor(data: Dataset | Path | str, *, progress: bool = False) -> Examination:
    """Look at a dataset: tracks, animals, clocks, labels and copies, and whether poses predict the labels at all.

    Changes nothing. One video is looked at at a time, in pieces. What keeps the files from being read is found, not
    raised; then it is all that is.

    Args:
        data: What `load` returned, or a folder that it takes.
        progress: Whether to show how far it has come once it takes more than two seconds.

    Raises:
        HarnessError: There is no such folder.
    """
    with reading(shown=progress) as steps:
        if isinstance(data, Dataset):
            return Examination(worst_first(_found(data, steps)))
        folder = named(data)
        if not os.path.isdir(folder):
            wrong = "is a file, expected the folder that holds it" if os.path.exists(folder) else "no such folder"
            raise HarnessError(f"{folder}: {wrong}")
        try:
            dataset = load(folder)
        except DataError as error:
            return Examination(worst_first(problems(error.lines)))
        return Examination(worst_first(_found(dataset, steps)))


def _found(dataset: Dataset, steps: Steps) -> Iterator[Finding]:
    every = videos(dataset)
    films = filmed(every, lambda done: steps("looking at poses", done, len(every), "recording"))
    yield from notes(dataset, sum(one.measures.missing.size * one.video.frames for one in films))
    yield from tracking(films)
    yield from animals(films)
    yield from timing(dataset, films)
    yield from marking(dataset)
    yield from repeated(dataset, every)
    yield from guessing(dataset)
