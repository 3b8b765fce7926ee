"""What combining a run's trials is worth: found out after a search, kept beside the trials, ranked among them."""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from math import isfinite
from typing import Any

from harness.choosing.elsewhere import Standings
from harness.choosing.leaderboard import best_records, scores_as_json
from harness.choosing.selection import WAYS, Evidence, Member, Selection, blended, select
from harness.engines.interface import Engine, Told, TrialError, WorkerDiedError, in_turn, untold
from harness.errors import HarnessError
from harness.files.atomic import reason, write_text
from harness.files.bounded import read_text
from harness.fitting.decisions import Candidates
from harness.fitting.folds import Folds, make_folds
from harness.plugins.loading import PluginFile, load_plugins
from harness.recording import Array, Recording
from harness.runs.out_of_fold import OutOfFold
from harness.runs.records import TrialRecord
from harness.runs.store import Run
from harness.scores.honest import tied
from harness.spec import Value

FILE = "ensembles.json"
"""In a run's folder; like all that is computed from the trials it can be deleted at any time."""

Selections = dict[str, dict[str, Selection]]
"""By behavior, what every way of choosing came to."""


def ensembles(
    run: Run,
    records: Sequence[TrialRecord],
    labelled: Mapping[str, Sequence[Recording]],
    *,
    candidates: Candidates,
    engine: Engine,
    plugins: Sequence[PluginFile] = (),
    told: Told = untold,
) -> Selections:
    """What every way of choosing makes of the trials of each behavior: as the run has kept it, or else found out now.

    Behaviors run side by side; those without a trial that has a score are left out. `told` hears how many are done.
    Raises `HarnessError` naming the
    behavior where the probabilities of a trial cannot be read.
    """
    known = kept(run, records)
    if known is not None:
        return known
    able = _able(records)
    stored = {name: _Stored(run.out_of_fold, tuple(able[name].values()), tuple(labelled[name])) for name in able}
    # Where workers may not see the run's folder they are sent what it holds.
    known_to_all = stored if engine.shares_files else {name: one.evidence() for name, one in stored.items()}
    with engine.open(partial(_start, _Bench(candidates, tuple(plugins))), _call) as workers:
        asked = {name: workers.submit(_standings, one) for name, one in known_to_all.items()}
        standing = {name: result(future, name) for name, future in asked.items()}
        asked = {
            name: workers.submit(_select, one, tuple(other for of, other in standing.items() if of != name))
            for name, one in known_to_all.items()
        }
        done = in_turn(list(asked.values()), told, "ensembles", "behavior")
        return {name: result(future, name) for name, future in zip(asked, done, strict=False)}


def keep(run: Run, selections: Selections, records: Sequence[TrialRecord]) -> None:
    """Write down, in one step, what was found out and of which trials. Raises `HarnessError` where that fails."""
    behaviors = {name: {way: one.as_json() for way, one in theirs.items()} for name, theirs in selections.items()}
    content = json.dumps({"trials": _numbers(_able(records)), "behaviors": behaviors})
    try:
        write_text(run.folder / FILE, content + "\n")
    except OSError as error:
        raise HarnessError(f"{run.folder / FILE}: cannot be written ({reason(error)}); all trials are kept") from error


def kept(run: Run, records: Sequence[TrialRecord]) -> Selections | None:
    """What was written down, unless it was of other trials than these; None too where nothing can be read."""
    able = _able(records)
    try:
        content = json.loads(read_text(run.folder / FILE, None))
        if content["trials"] != _numbers(able):
            return None
        found = {
            name: {way: Selection.from_json(content["behaviors"][name][way], able[name]) for way in WAYS}
            for name in able
        }
        sound = all(_is_sound(one) for theirs in found.values() for one in theirs.values())
        return found if sound else None
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
    ):  # not there, not JSON, or of another shape
        return None


def _is_sound(one: Selection) -> bool:
    """Whether everything in a selection that was read is of the type that is counted with and shown."""
    whole = [number for counts in (*one.counts, *one.bouts) for number in (counts.hits, counts.claimed, counts.actual)]
    whole += [member.weight for member in one.members]
    decision = one.decision
    numbers = [one.average_precision, decision.threshold, decision.longest_gap, decision.shortest_bout, decision.peak]
    numbers += [one.honest.f1, one.honest.low, one.honest.high] if one.honest else []
    smoother = [decision.smoother.name, *decision.smoother.parameters.values()]
    return (
        bool(one.members)
        and len(one.counts) == len(one.bouts) == len(one.members[0].record.counts)
        and all(type(number) is int and number >= 0 for number in whole)
        and all(isinstance(number, int | float) and isfinite(number) for number in numbers)
        and isinstance(one.behavior, str)
        and isinstance(smoother[0], str)
        and all(isinstance(value, Value) for value in smoother)
    )


def _able(records: Sequence[TrialRecord]) -> dict[str, dict[int, TrialRecord]]:
    """By behavior and number, the trials that have a score."""
    able: dict[str, dict[int, TrialRecord]] = {}
    for record in records:
        if record.complete:
            able.setdefault(record.behavior, {})[record.trial] = record
    return able


def _numbers(able: Mapping[str, Mapping[int, TrialRecord]]) -> dict[str, list[int]]:
    return {name: sorted(theirs) for name, theirs in able.items()}


def ensemble_rows(selections: Selections, records: Sequence[TrialRecord]) -> "dict[str, EnsembleRow]":
    """By behavior, its ensemble, where that is more than one trial."""
    best = best_records(records)
    ensembles = {name: theirs["ensemble"] for name, theirs in selections.items()}
    return {
        name: EnsembleRow(one, tied(one.counts, best[name].counts))
        for name, one in ensembles.items()
        if len(one.members) > 1
    }


@dataclass(frozen=True, slots=True)
class EnsembleRow:
    """A behavior's ensemble as a row above those of its pipelines; see `harness.choosing.leaderboard.Row`."""

    selection: Selection
    tied: bool
    """Whether the lead of the best pipeline over it may be chance."""

    def as_json(self) -> dict[str, Any]:
        """The same keys as those of a pipeline's row, its trials being its members.

        Rank 0: its score is nested, so stricter than those of ranks.
        """
        one = self.selection
        records = [member.record for member in one.members]
        return {
            "behavior": one.behavior,
            "rank": 0,
            "tied_with_best": self.tied,
            "trial": None,
            **scores_as_json(one.counts, one.bouts, one.average_precision, one.honest),
            "features": sorted({choice.name for record in records for choice in record.spec.features}),
            "model": "ensemble",
            "pipeline": None,
            "rounds": None,
            "decision": one.decision.as_json(),
            "members": [
                {
                    "trial": member.record.trial,
                    "weight": member.weight,
                    "features": [choice.name for choice in member.record.spec.features],
                    "model": member.record.spec.model.name,
                }
                for member in one.members
            ],
            "folds": records[0].folds,
            "trials": len(records),
            "pruned": 0,
            "failed": 0,
            "seconds": sum(record.seconds for record in records),
        }


def evidence_of(out_of_fold: OutOfFold, records: Sequence[TrialRecord], labelled: Sequence[Recording]) -> Evidence:
    """What a run has stored of one behavior's trials, on its labelled recordings."""
    folds = make_folds(labelled, 0.0)  # the units do not depend on the purge gap, only training does
    frames = [unit.frames for unit in folds.units]
    known = {one.trial: out_of_fold.read(one, frames) for one in records if one.complete}
    labels = [unit.known_labels for unit in folds.units]
    sources = [_source(labelled[origin]) for origin in folds.origins]
    return Evidence(records, known, labels, sources, folds.rates, folds.parts)


def blended_units(out_of_fold: OutOfFold, members: Sequence[Member], folds: Folds) -> list[Array]:
    """What trials together say of each unit (frames,), by models that did not see it."""
    frames = [unit.frames for unit in folds.units]
    stored = [out_of_fold.read(member.record, frames) for member in members]
    weights = [member.weight for member in members]
    return [blended([one[unit] for one in stored], weights) for unit in range(len(frames))]


def _source(recording: Recording) -> str:
    """The same for all recordings and examples, of any behavior, that tell of one another: see `held_with`."""
    if recording.group:
        return f"group {recording.group}"
    return recording.footage or recording.video.digest


def result(future: "Future[Any]", behavior: str) -> Any:
    """What a worker made of a behavior. Raises `HarnessError` that names it where it could not."""
    try:
        return future.result()
    except (TrialError, WorkerDiedError) as error:
        raise HarnessError(f"{behavior} cannot be exported: {error}") from error


@dataclass(frozen=True)
class _Bench:
    """What a worker needs to know of the run."""

    candidates: Candidates
    plugins: tuple[PluginFile, ...]


@dataclass(frozen=True)
class _Stored:
    """Where a behavior's trials lie, for a worker to read them there."""

    out_of_fold: OutOfFold
    records: tuple[TrialRecord, ...]
    labelled: tuple[Recording, ...]

    def evidence(self) -> Evidence:
        return evidence_of(self.out_of_fold, self.records, self.labelled)


def _start(bench: _Bench) -> _Bench:
    load_plugins(bench.plugins)
    return bench


def _call(bench: _Bench, work: Callable[..., Any], *arguments: Any) -> Any:
    return work(bench, *arguments)


def _standings(bench: _Bench, of: _Stored | Evidence) -> Standings:
    return _read(of).standings()


def _select(bench: _Bench, of: _Stored | Evidence, elsewhere: tuple[Standings, ...]) -> dict[str, Selection]:
    return select(_read(of), bench.candidates, elsewhere)


def _read(of: _Stored | Evidence) -> Evidence:
    return of.evidence() if isinstance(of, _Stored) else of
