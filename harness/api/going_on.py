"""What a search or a command that goes on with a run takes from it, and what keeps it from going on."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from harness.dataset import Dataset
from harness.errors import HarnessError
from harness.fitting.pool import pool_members
from harness.networks.device import CPU
from harness.runs.description import described
from harness.runs.store import Run as StoredRun
from harness.words import shown

LONGEST_NAMED = 50
"""Letters of the name of a recording that is one of several in a line."""


def recorded_device(run: StoredRun) -> Mapping[str, str] | None:
    """Where the run's networks learn, as its identity has it; None where there is no run yet."""
    there = described(run.folder)
    if there is None:
        return None
    found: Mapping[str, str] = there.identity.get("device", {"name": CPU})
    return found


def learned_from(run: StoredRun, dataset: Dataset, group_by: str | None = None) -> Mapping[str, str] | None:
    """Digest to id of the recordings that the run's feature sets have learned from; None where there is no run yet.

    Raises `HarnessError`, which says what differs, where the run was searched on other labelled recordings, or one
    that its sets have learned from is not there any more, or where other recordings were held out together. What is
    only to be labelled may have changed.
    """
    there = described(run.folder)
    if there is None:
        return None
    by = there.identity.get("group_by")
    if by != group_by:
        ways = f"repeat --group-by {by}" if by else "leave out --group-by"
        raise HarnessError(
            f"{run.folder}: was searched with recordings held out by {by or 'their own groups'}, now by "
            f"{group_by or 'their own groups'}; {ways}, or give this search a folder of its own with --results"
        )
    searched, pool = there.identity["data"], there.identity["pool"]
    differing = list(_differing(searched, dataset.digests))
    present = pool_members(dataset)
    gone = [name for digest, name in pool.items() if digest not in present]
    differing += [f"{shown(name)}, which sets have learned from, is gone or has other poses" for name in gone]
    if differing:
        more = f" and {len(differing) - 3} more" if len(differing) > 3 else ""
        before = str(there.about["data"])
        moved = f"{shown(before)}: " if before and not _same_folder(before, dataset.source) else ""
        raise HarnessError(
            f"{dataset.source or dataset.name}: not the data that {run.folder} was searched on "
            f"({moved}{'; '.join(differing[:3])}{more}); put that back, name the right folder with --data, "
            "or search anew into another --results"
        )
    return dict(pool)


def in_order_of(run: StoredRun, dataset: Dataset) -> Dataset:
    """The dataset with its labelled recordings in the order in which the run was searched; itself where there is none.

    What was predicted of them is kept in that order, and files may have been sorted since.
    """
    there = described(run.folder)
    if there is None:
        return dataset
    labelled = {}
    for behavior, recordings in dataset.labelled.items():
        places = {name: place for place, name in enumerate(there.identity["data"].get(behavior, {}))}
        order = sorted((places.get(one.id, len(places)), number) for number, one in enumerate(recordings))
        labelled[behavior] = tuple(recordings[number] for _, number in order)
    return replace(dataset, labelled=labelled)


def _same_folder(path: str, source: Path | None) -> bool:
    return source is not None and path == str(source.resolve())


def _differing(searched: Mapping[str, Mapping[str, str]], found: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Where two sets of labelled recordings are not the same, in words."""
    for behavior in dict.fromkeys([*searched, *found]):
        if behavior not in searched or behavior not in found:
            yield f"{shown(behavior)} is {'new' if behavior in found else 'gone'}"
            continue
        before, now = searched[behavior], found[behavior]
        for name in dict.fromkeys([*before, *now]):
            place = f"{shown(name, LONGEST_NAMED)} of {shown(behavior, LONGEST_NAMED)}"
            if name not in before or name not in now:
                yield f"{place} is {'new' if name in now else 'gone'}"
            elif before[name] != now[name]:
                yield f"{place} has other poses, labels, scale, arena or group"
