"""What to label next."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.api.detectors import Detectors, open_detectors
from harness.api.export import fit
from harness.api.places import engine_of, loaded, silently
from harness.api.run import Run
from harness.choosing.suggestions import Stretch, spread_out, worth_of
from harness.data.layouts import is_dataset_folder
from harness.dataset import Dataset
from harness.errors import HarnessError, unknown
from harness.files.outputs import made_whole, refuse_taken, unwritable_folder
from harness.labelling.detectors import ready_for
from harness.labelling.surveying import Unlabelled, survey_of
from harness.labelling.worklist import COLUMNS, Suggestion, write_worklist
from harness.recording import Recording
from harness.showing.steps import reading
from harness.words import counted, html_table, listed, named

if TYPE_CHECKING:
    import pandas as pd

SHORTEST, LONGEST = 1.0, 120.0
"""Seconds of a stretch."""


@dataclass(frozen=True)
class Suggestions:
    """Stretches to label, those of a behavior the best first."""

    folder: Path
    """Where they were written."""
    suggested: tuple[Suggestion, ...]
    seconds: Mapping[str, float]
    """By behavior, how long they are together."""

    def rows(self) -> list[dict[str, Any]]:
        """The lines of `suggestions.csv` as plain values."""
        return [one.row() for one in self.suggested]

    def table(self) -> "pd.DataFrame":
        """The same as a table; columns as in docs/suggest.md."""
        import pandas as pd

        return pd.DataFrame(self.rows(), columns=list(COLUMNS))

    def _repr_html_(self) -> str:
        rows = [[f"{row[name]}" for name in ("behavior", "rank", "recording", "start", "why")] for row in self.rows()]
        return html_table(("behavior", "rank", "recording", "from", "why"), rows, str(self.folder))


def suggest(
    run: Run,
    out: Path | str = "suggestions",
    *,
    count: int = 10,
    seconds: float = 10.0,
    behaviors: Sequence[str] = (),
    models: Detectors | Path | str | None = None,
    data: Dataset | Path | str | None = None,
    workers: int | None = None,
    dask: str | None = None,
    plugins: Sequence[Path | str] = (),
    cache: Path | str | None = None,
    cache_limit: int | None = None,
    device: str | None = None,
    say: Callable[[str], object] | None = None,
    progress: bool = False,
) -> Suggestions:
    """Rank stretches of recordings that nobody has labelled by what labelling them would teach, for each behavior.

    A stretch is the better the more the members of the ensemble disagree in it about which side of the threshold its
    frames are on, the farther its motion is from all that was labelled, and the less it is like those before it, and
    of their groups. One recording is in memory at a time in each worker.

    Args:
        run: What `harness.search` or `harness.open_run` returned.
        out: The folder to make: `suggestions.csv`, `suggestions.boris`, and for a dataset folder `labels/` and
            `annotated/`, ready for the bouts.
        count: So many stretches for each behavior.
        seconds: How long each is, 1 to 120.
        behaviors: Those to label; by default all that have detectors.
        models: Detectors of this run, or the folder that they were kept in; by default they are fitted, as
            `export_best` does.
        data, workers, dask, plugins, cache, cache_limit, device, say, progress: See `fit`.

    Raises:
        HarnessError: See `fit`; also where nothing is left to label, or `out` is there or cannot be written.
        NothingToRankError: None of the behaviors, or one that is asked for, has a finished trial.
    """
    folder = named(out)
    refuse_taken(folder)
    if not SHORTEST <= seconds <= LONGEST:
        raise HarnessError(f"{seconds:g} s: stretches should be {SHORTEST:g} to {LONGEST:g} s long")
    if count < 1:
        raise HarnessError(f"{count} stretches: should be 1 or more")
    tell, files = say or silently, loaded(plugins) or run.plugins
    with reading(shown=progress) as told:
        dataset = run.dataset(data)
        for name in behaviors:
            if name not in dataset.labelled:
                raise unknown("behavior", name, dataset.labelled)
        unlabelled = Unlabelled.of(dataset, behaviors or list(dataset.labelled), seconds)
        by_id = _by_id(unlabelled.recordings(dataset), tell)
        if not by_id:
            raise HarnessError(
                f"{dataset.source or dataset.name}: no stretch of {seconds:g} s is left to label for "
                f"{listed(unlabelled.scopes)}; add recordings without labels"
            )
        if models is None:
            detectors = fit(
                run,
                behaviors=behaviors,
                data=dataset,
                workers=workers,
                dask=dask,
                plugins=plugins,
                cache=cache,
                cache_limit=cache_limit,
                device=device,
                say=say,
                progress=progress,
            )
        else:
            detectors = models if isinstance(models, Detectors) else open_detectors(models, plugins=plugins, say=say)
        wanted = _wanted(behaviors, detectors, dataset, tell)
        engine = engine_of(workers, dask)
        survey = survey_of(dataset, wanted, unlabelled, engine=engine, plugins=files, told=told)
        found: dict[str, list[Stretch]] = {behavior: [] for behavior in survey.known}
        for _, theirs in detectors.look_through(
            ready_for(detectors.folder, list(by_id.values())), survey, workers=workers, dask=dask, told=told
        ):
            for behavior, stretches in theirs.items():
                found[behavior] += stretches
    suggested = [
        Suggestion(behavior, rank, stretches[place], by_id[stretches[place].recording], bool(new[place] > doubt[place]))
        for behavior, stretches in found.items()
        for doubt, new in [worth_of(stretches)]
        for rank, place in enumerate(spread_out(stretches, count), start=1)
    ]
    empty = [behavior for behavior in wanted if not found.get(behavior)]
    if not suggested:
        raise HarnessError(f"{dataset.source or dataset.name}: nothing is left to label for {listed(wanted)}")
    if empty:
        tell(f"note: no stretch is left to label for {listed(empty, 10)}")
    in_folder = dataset.source is not None and os.path.isdir(dataset.source) and is_dataset_folder(dataset.source)
    with made_whole(folder, partial(unwritable_folder, folder)) as place:
        try:
            write_worklist(place, suggested, dataset, in_folder=in_folder)
        except OSError as error:
            raise unwritable_folder(folder, error) from error
    together = dict.fromkeys(found, 0.0)
    for one in suggested:
        together[one.behavior] += (one.stretch.stop - one.stretch.start) / one.recording.fps
    return Suggestions(folder, tuple(suggested), together)


def _wanted(
    behaviors: Sequence[str], detectors: Detectors, dataset: Dataset, tell: Callable[[str], object]
) -> list[str]:
    """The behaviors to suggest something for. Raises `HarnessError` where there is no detector of one."""
    there = [name for name in detectors.behaviors if name in dataset.labelled]
    for name in behaviors:
        if name not in there:
            raise HarnessError(
                f"{detectors.folder}: has no detector of {name}; it has {listed(detectors.behaviors, 10)}"
            )
    wanted = [name for name in there if not behaviors or name in behaviors]
    if not wanted:
        raise HarnessError(f"{detectors.folder}: has detectors of none of the behaviors of {dataset.name}")
    if not behaviors and (left := [name for name in dataset.labelled if name not in there]):
        tell(f"note: left out, as there is no detector of them: {listed(left, 10)}")
    return wanted


def _by_id(recordings: Sequence[Recording], tell: Callable[[str], object]) -> dict[str, Recording]:
    """Recordings by their names, of which challenge files can have some twice."""
    found: dict[str, Recording] = {}
    twice = [one.id for one in recordings if found.setdefault(one.id, one) is not one]
    if twice:
        tell(f"note: recordings of the same name are looked through once: {listed(twice, 10)}")
    tell(f"looking through {counted(len(found), 'recording')}")
    return found
