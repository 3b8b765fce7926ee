"""What recordings are held out together by: a column of `recordings.csv`, or a part of their ids."""

import re
from collections.abc import Collection, Iterable
from dataclasses import replace

from harness.dataset import Dataset
from harness.errors import HarnessError
from harness.recording import Recording
from harness.words import counted, listed, shown

MOST_NAMED = 5
"""Recordings that a message names."""


def grouped_by(dataset: Dataset, by: str) -> Dataset:
    """The dataset with its labelled recordings in groups.

    `by` is a column that recordings have, such as `cage`, or else a regular expression that is searched for in their
    ids, with one group in it: what it finds there is the name of the group. Raises `HarnessError` where it is neither,
    or where some recordings have no group by it.
    """
    columns = dict.fromkeys(name for one in dataset.every_labelled for name in one.about)
    if by in columns:
        names = {one.source_id: one.about.get(by, "") for one in dataset.every_labelled}
        lacking = [name for name, group in names.items() if not group]
        if lacking:
            raise HarnessError(
                f"--group-by {shown(by)}: {listed(lacking, MOST_NAMED)} without a {shown(by)}; fill the column in "
                "recordings.csv for each labelled recording"
            )
        return _with_groups(dataset, names)
    pattern = _pattern(by, columns)
    found = {one.source_id: pattern.search(one.source_id) for one in dataset.every_labelled}
    lacking = [name for name, match in found.items() if match is None or not match[1]]
    if lacking:
        raise HarnessError(
            f"--group-by {shown(by)}: finds no group in {counted(len(lacking), 'id')} of {len(found):,}: "
            f"{listed(lacking, MOST_NAMED)}"
        )
    return _with_groups(dataset, {name: match[1] for name, match in found.items() if match is not None})


def _pattern(by: str, columns: Collection[str]) -> "re.Pattern[str]":
    known = f"columns are {listed(columns)}" if columns else "the recordings have no columns"
    try:
        pattern = re.compile(by)
    except re.error as error:
        raise HarnessError(
            f"--group-by {shown(by)}: neither a column ({known}) nor a regular expression ({error})"
        ) from error
    if pattern.groups != 1:
        raise HarnessError(
            f"--group-by {shown(by)}: neither a column ({known}) nor a regular expression with one group in it, such "
            "as '^(m[0-9]+)' for the mouse at the beginning of an id"
        )
    return pattern


def _with_groups(dataset: Dataset, names: "dict[str, str]") -> Dataset:
    def of(recordings: Iterable[Recording]) -> tuple[Recording, ...]:
        return tuple(replace(one, group=names[one.source_id]) for one in recordings)

    return replace(dataset, labelled={behavior: of(recordings) for behavior, recordings in dataset.labelled.items()})
