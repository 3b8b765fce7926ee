"""A run, for programs: what was searched, what it came to, and how it compares to another."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.api.datasets import load
from harness.api.going_on import in_order_of, learned_from
from harness.api.places import last_run, server_named
from harness.choosing.comparison import Difference, Judged, best_trials, differences, exported, narrowed, shared
from harness.choosing.ensembles import FILE, EnsembleRow, ensemble_rows, kept
from harness.choosing.leaderboard import Row, leaderboard
from harness.choosing.next_steps import hints
from harness.data.groups import grouped_by
from harness.data.handmade import checked
from harness.data.settled import settled
from harness.dataset import Dataset
from harness.errors import HarnessError, NothingToRankError, unknown
from harness.labelling.export import LAST_EXPORT
from harness.plugins.loading import PluginFile
from harness.runs.records import TrialRecord
from harness.runs.store import Run as StoredRun
from harness.scores.amounts import Amounts, held_out_by_group
from harness.scores.metrics import total
from harness.server import Server
from harness.words import counted, html_table, named

if TYPE_CHECKING:
    import pandas as pd


class Run:
    """What a search left in a folder. It reads; only `harness.search` writes."""

    def __init__(self, stored: StoredRun, dataset: Dataset | None = None, plugins: Sequence[PluginFile] = ()) -> None:
        self.stored = stored
        self.plugins = tuple(plugins)
        """Files of the user's that the search was given in this program."""
        self._dataset = dataset

    @property
    def folder(self) -> Path:
        return self.stored.folder

    @property
    def description(self) -> Mapping[str, Any]:
        """What `run.json` says: `identity`, all that decides the trials, and `about`, for the reader."""
        return self.stored.description.as_json()

    @property
    def behaviors(self) -> list[str]:
        """Those of the data, in the order of the files."""
        return list(self.description["about"]["behaviors"])

    def records(self) -> list[TrialRecord]:
        """All finished trials, by behavior in the order of the data, then by number."""
        return self.stored.records()

    def rows(
        self, *, by: str = "pipeline", top: int | None = None, behaviors: Sequence[str] = ()
    ) -> list[Row | EnsembleRow]:
        """The leaderboard by behavior, best first, above it the behavior's ensemble.

        Args:
            by: What a row stands for: the best trial of a `pipeline`, of a stack of `features`, or of a `model` family.
            top: So many rows of each behavior; by default all.
            behaviors: Those to show; by default all.

        Raises:
            HarnessError: A behavior is unknown, or the run cannot be read.
            NothingToRankError: No trial that is asked about has a score.
        """
        for name in behaviors:
            if name not in self.behaviors:
                raise unknown("behavior", name, self.behaviors)
        every = self.records()
        records = [one for one in every if not behaviors or one.behavior in behaviors]
        ranked = leaderboard(records, by, top)
        if not ranked and (lost := self.stored.lost(every)):
            raise HarnessError(lost)
        if not ranked:
            failed = [record.error for record in records if record.error]
            all_failed = f"all {counted(len(failed), 'trial')} failed"
            reason = f"{all_failed}, the first: {failed[0]}" if failed else "no trial has finished"
            command = self.description["about"]["command"]
            raise NothingToRankError(f"{self.folder}: {reason}; it was made by `{command}`")
        selections = kept(self.stored, every)
        return _with_ensembles(ranked, ensemble_rows(selections, every) if selections else {})

    def leaderboard(
        self, *, by: str = "pipeline", top: int | None = None, behaviors: Sequence[str] = ()
    ) -> "pd.DataFrame":
        """The same as a table, with the columns of `harness leaderboard --format json` (docs/formats.md).

        Args:
            by: What a row stands for, see `rows`.
            top: So many rows of each behavior; by default all.
            behaviors: Those to show; by default all.

        Raises:
            HarnessError: See `rows`.
        """
        import pandas as pd

        rows = [row.as_json() for row in self.rows(by=by, top=top, behaviors=behaviors)]
        return pd.DataFrame(rows).astype({"trial": "Int64", "rounds": "Int64"})  # ensembles have none

    def dataset(self, data: Dataset | Path | str | None = None) -> Dataset:
        """The data that were searched.

        Args:
            data: Where they are now; by default as the search was given them in this program, or from where they lay.

        Raises:
            HarnessError: They are not there any more, cannot be read, or are others than those that were searched.
        """
        if isinstance(data, Dataset):
            found = checked(data)
        elif data is not None:
            found = load(data)
        elif self._dataset is not None:
            return self._dataset
        else:
            found = load(self._searched_folder())
        found, by = settled(found).dataset, self.description["identity"].get("group_by")
        found = grouped_by(found, by) if by else found
        learned_from(self.stored, found, by)
        self._dataset = in_order_of(self.stored, found)
        return self._dataset

    def source(self, data: Dataset | Path | str | None = None) -> Path | None:
        """The folder that `dataset` reads; None where the data are in none.

        Args:
            data: See `dataset`.

        Raises:
            HarnessError: There is no run.
        """
        known = self._dataset if data is None else data
        if known is None:
            folder = self.description["about"]["data"]
            return Path(folder) if folder else None
        return known.source if isinstance(known, Dataset) else named(known)

    def hints(self, *, behaviors: Sequence[str] = (), longer: Callable[[int], str] | None = None) -> list[str]:
        """What to do about scores that could be better or surer, a line each.

        Args:
            behaviors: Those to speak of; by default all.
            longer: How to say that one should search to so many trials; by default as a call.
        """
        longer = longer or "harness.search(..., trials={})".format
        return hints(self.records(), behaviors or self.behaviors, self.amounts, longer)

    @property
    def amounts(self) -> dict[str, Amounts]:
        """By behavior, what is labelled; empty for a run that was searched before this was kept."""
        kept = self.description["about"].get("labelled", {})
        return {behavior: Amounts.from_json(plain) for behavior, plain in kept.items()}

    def state(self) -> tuple[tuple[str, int, int], ...]:
        """What changes with every trial that is stored in the folder: names, times and sizes of files."""
        return tuple(self._files())

    def files(self) -> list[Path]:
        """All files of the run in its folder."""
        names = ("run.json", FILE, LAST_EXPORT, "studies.db*", "out_of_fold/*")
        return sorted(path for name in names for path in self.folder.glob(name))

    def _files(self) -> Iterator[tuple[str, int, int]]:
        names = ("run.json", FILE, "studies.db", "studies.db-wal", "out_of_fold/*")
        for path in sorted(path for name in names for path in self.folder.glob(name)):
            with suppress(FileNotFoundError):
                known = path.stat()
                yield path.name, known.st_mtime_ns, known.st_size

    def _searched_folder(self) -> Path:
        data = self.description["about"]["data"]
        if not data or not os.path.isdir(data):  # a folder that is closed to us is none
            raise HarnessError(
                f"{data or 'data'}: the data that {self.folder} was searched on are not there; name them with --data"
            )
        return Path(data)

    def __repr__(self) -> str:
        return f"<Run {self.folder}: {counted(len(self.records()), 'trial')}>"

    def _repr_html_(self) -> str:
        records = self.records()
        header = ("behavior", "best pipeline", "F1", "honest F1", "precision", "trials")
        rows = [_html_row(row) for row in leaderboard(records, top=1)]
        every = {row[0] for row in rows}
        rows += [[name, "none finished", "", "", "", ""] for name in self.behaviors if name not in every]
        return html_table(header, rows, f"{self.folder}: {counted(len(records), 'trial')}")


def _html_row(row: Row) -> list[str]:
    honest = f"{row.honest.f1:.3f} ({row.honest.low:.2f}-{row.honest.high:.2f})" if row.honest else ""
    frames = total(row.best.counts)
    star = "*" if row.best.folds == "blocked" else ""
    scores = [f"{frames.f1:.3f}{star}", honest, f"{frames.precision:.3f}"]
    return [row.best.behavior, row.best.in_words, *scores, str(row.trials)]


def _with_ensembles(ranked: Sequence[Row], ensembles: Mapping[str, EnsembleRow]) -> list[Row | EnsembleRow]:
    """Each behavior's ensemble above its best pipeline."""
    rows: list[Row | EnsembleRow] = []
    for row in ranked:
        if row.rank == 1 and row.best.behavior in ensembles:
            rows.append(ensembles[row.best.behavior])
        rows.append(row)
    return rows


def open_run(results: Path | str | None = None, *, storage: str | Server | None = None) -> Run:
    """A run that was searched before, in this program or another.

    Args:
        results: Its folder; by default the run that was last searched from the working directory.
        storage: The URL of the database that holds its trials, where a password is needed that `run.json` leaves out.

    Raises:
        HarnessError: There is no run, or it cannot be read.
    """
    run = Run(StoredRun(last_run() if results is None else named(results), server_named(storage)))
    _ = run.description  # now, not at the first question
    return run


@dataclass(frozen=True)
class Comparison:
    """What a second run does better or worse than a first, behavior by behavior and in the mean."""

    first: Path
    second: Path
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]
    """What could not be compared."""

    def table(self) -> "pd.DataFrame":
        """The columns of `harness compare --format json` (docs/formats.md)."""
        import pandas as pd

        return pd.DataFrame([one.as_json() for one in self.differences])

    def _repr_html_(self) -> str:
        header = ("behavior", "of", "first", "second", "difference", "second is")
        rows = [
            [
                one.behavior or "mean",
                one.what,
                f"{one.first:.3f}",
                f"{one.second:.3f}",
                f"{one.difference:+.3f} ({one.low:+.2f}, {one.high:+.2f})",
                one.verdict,
            ]
            for one in self.differences
        ]
        return html_table(header, rows, f"first: {self.first}, second: {self.second}")


def compare(first: Run | Path | str, second: Run | Path | str) -> Comparison:
    """Say which behaviors a second run does better, by how much, and whether that is real.

    Args:
        first: A run, or its folder.
        second: Another one on the same data, or on data of which other recordings are labelled, too: then both are
            compared on those that are labelled alike.

    Raises:
        HarnessError: They are of different folds, or no recording is labelled alike in both.
        NothingToRankError: One has no score, or they have no behavior in common.
    """
    runs = [one if isinstance(one, Run) else open_run(one) for one in (first, second)]
    names = " and ".join(str(run.folder) for run in runs)
    groups = [run.description["identity"].get("group_by") or "their own groups" for run in runs]
    if groups[0] != groups[1]:
        raise HarnessError(f"{names} held recordings out by {groups[0]} and by {groups[1]}, so nothing can be compared")
    records = [run.records() for run in runs]
    folds = [{one.behavior: one.folds for one in theirs if one.complete} for theirs in records]
    for run, known in zip(runs, folds, strict=True):
        if not known:
            raise NothingToRankError(f"{run.folder}: no trial has a score")
    both = [name for name in folds[0] if name in folds[1]]
    if not both:
        raise NothingToRankError(f"{names} have no behavior in common")
    notes = held_out_by_group(runs[0].amounts)
    parts = None
    if runs[0].description["identity"].get("data") != runs[1].description["identity"].get("data"):
        parts = _judged_by_both(runs, both, notes)
        both = list(parts[0])
    for name in both:
        if parts is None and folds[0][name] != folds[1][name]:
            raise HarnessError(
                f"{names} cannot be compared: "
                f"{name} has {folds[0][name]} folds in the first, {folds[1][name]} ones in the second"
            )
    for here, there, run in ((0, 1, runs[0]), (1, 0, runs[1])):
        alone = [name for name in folds[here] if name not in folds[there]]
        if alone:
            notes.append(f"only in {run.folder}, so left out: {', '.join(alone)}")
    selections = [kept(run.stored, theirs) for run, theirs in zip(runs, records, strict=True)]
    notes += [
        f"{run.folder}: its search was broken off, so what would be exported is not compared"
        for run, one in zip(runs, selections, strict=True)
        if one is None
    ]
    blocked = [name for name in both if "blocked" in (folds[0][name], folds[1][name])]

    def compared(what: str, one: Judged, other: Judged) -> list[Difference]:
        if parts is not None:
            one, other = narrowed(one, parts[0]), narrowed(other, parts[1])
        return differences(what, one, other, blocked)

    try:
        found = compared("best trial", *map(best_trials, records))
        one, other = selections
        if one and other:
            found += compared("exported", exported(one), exported(other))
    except HarnessError as error:
        raise HarnessError(f"{names} cannot be compared: {error}") from error
    return Comparison(runs[0].folder, runs[1].folder, tuple(found), tuple(notes))


def _judged_by_both(
    runs: Sequence[Run], behaviors: Sequence[str], notes: list[str]
) -> tuple[dict[str, list[list[int]]], dict[str, list[list[int]]]]:
    """By behavior the parts of each run that it shares with the other, and a note on what it does not.

    Raises `HarnessError` where there are none, or a run does not say which recordings it has judged.
    """
    data = [run.description["identity"].get("data") or {} for run in runs]
    told = [run.description["about"].get("parts") for run in runs]
    where = " and ".join(str(run.description["about"]["data"]) for run in runs)
    names = " and ".join(str(run.folder) for run in runs)
    if told[0] is None or told[1] is None:
        raise HarnessError(f"{names} were searched on different data ({where})")
    found: tuple[dict[str, list[list[int]]], dict[str, list[list[int]]]] = {}, {}
    for name in behaviors:
        first, second = (theirs.get(name, {}) for theirs in data)
        alike = {one for one, digest in first.items() if second.get(one) == digest}
        mine, theirs = shared(told[0][name], told[1][name], alike)
        more = len(second.keys() - alike)
        if not mine:
            notes.append(f"{name}: no recording is labelled alike in both, so left out")
            continue
        if len(alike) < max(len(first), len(second)):
            judged = len({one for group in mine for place in group for one in told[0][name][place]})
            notes.append(
                f"{name}: judged on the {counted(judged, 'recording')} that both have alike; labelled besides in the "
                f"second: {more:,}, in the first: {len(first.keys() - alike):,}"
            )
        found[0][name], found[1][name] = mine, theirs
    if not found[0]:
        raise HarnessError(f"{names}: no recording is labelled alike in both ({where}), so nothing can be compared")
    return found
