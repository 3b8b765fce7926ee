"""Fitted detectors, for programs: fit what a run has found, keep it, label with it."""

import re
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from harness.api.datasets import load_recordings
from harness.api.places import engine_of, loaded, usable_cache
from harness.api.run import Run
from harness.choosing.ensembles import ensembles
from harness.choosing.selection import EXPORTED, Selection
from harness.data.submission import write_submission
from harness.errors import HarnessError, NothingToRankError, unknown
from harness.files.outputs import make_room, unwritable
from harness.fitting.decisions import candidates_of
from harness.fitting.pool import pool_of
from harness.labelling.detectors import Blend, Blends, described, read_detectors, refuse_other_bodies
from harness.labelling.export import (
    Exported,
    Training,
    export,
    fit_detectors,
    label_recordings,
    manifest,
    refuse_folder,
    remember_export,
    unkept,
)
from harness.labelling.labeller import Labeller
from harness.plugins.registry import REGISTRIES, PluginFile, refuse_missing
from harness.plugins.spaces import Spaces
from harness.recording import Array, Dataset, Recording
from harness.runs.records import TrialRecord, plugins_of
from harness.scores.metrics import mean_score
from harness.spec import Decision
from harness.words import counted, html_table

Labels = dict[str, dict[str, Array]]
"""Behavior to recording id to labels (frames,) int8."""


class Detectors(Mapping[str, "Detector"]):
    """The fitted detector of each behavior, by its name."""

    def __init__(
        self,
        folder: Path,
        *,
        plugins: Sequence[PluginFile] = (),
        training: Training | None = None,
    ) -> None:
        self.folder = folder
        """Where the fitted models lie; do not write to it."""
        self._plugins, self._training = tuple(plugins), training

    @property
    def behaviors(self) -> list[str]:
        return list(self._parts.by_behavior)

    def __getitem__(self, behavior: str) -> "Detector":
        if behavior not in self._parts.by_behavior:
            raise KeyError(str(unknown("behavior", behavior, self._parts.by_behavior)))
        return Detector(behavior, self)

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts.by_behavior)

    def __len__(self) -> int:
        return len(self._parts.by_behavior)

    def predict(
        self, recordings: Sequence[Recording] | Path | str, *, workers: int | None = None, dask: str | None = None
    ) -> Labels:
        """Label recordings for all behaviors: behavior to recording id to labels (frames,) int8 of 0 and 1.

        Args:
            recordings: Recordings, or a file laid out as `test.npy` is.
            workers: Processes of this machine; by default one a core.
            dask: The address of a Dask scheduler to work on instead.

        Raises:
            HarnessError: The recordings have other animals or keypoints than those that were learned from, or one
                cannot be labelled.
        """
        these = load_recordings(recordings) if isinstance(recordings, Path | str) else tuple(recordings)
        refuse_other_bodies(self.folder, these)
        found = label_recordings(
            self.folder, these, engine=engine_of(workers, dask), plugins=self._plugins, training=self._training
        )
        return {behavior: {name: one[behavior] for name, one in found.items()} for behavior in self.behaviors}

    def save(self, models: Path | str) -> Path:
        """Keep the fitted models in a folder, for `open_detectors` and `harness predict`.

        Args:
            models: The folder to make. Nothing in it is a pickle, and reading it runs nothing.

        Raises:
            HarnessError: The folder is there already or cannot be made, or a model family does not say how its models
                are kept.
        """
        models = Path(models)
        refuse_folder(models)
        if self._training is not None:
            raise HarnessError(
                f"--models {models}: a model family does not say how its models are kept; such detectors end with "
                "the program"
            )
        try:
            models.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=f".{models.name}.", dir=models.parent) as folder:
                shutil.copytree(self.folder, Path(folder) / models.name).rename(models)
        except OSError as error:
            raise HarnessError(f"--models {models}: cannot be made ({error.strerror}); name another folder") from error
        return models

    @cached_property
    def _parts(self) -> Blends:
        return read_detectors(self.folder, None if self._training is None else self._training.fit_again())

    def __repr__(self) -> str:
        return f"<Detectors of {', '.join(self)}>"

    def _repr_html_(self) -> str:
        rows = [[name, counted(len(one.members), "model"), one.decision.in_words] for name, one in self.items()]
        return html_table(("behavior", "averages", "decision"), rows, counted(len(self), "detector"))


@dataclass(frozen=True)
class Detector:
    """What finds one behavior: fitted pipelines, whose probabilities are averaged, and how these are cut."""

    behavior: str
    _all: Detectors

    @property
    def decision(self) -> Decision:
        """How probabilities become labels."""
        return self._blend.decision

    @property
    def members(self) -> tuple[str, ...]:
        """The fitted pipelines, in words."""
        return tuple(member.spec.in_words for member in self._blend.members)

    def predict_proba(self, recording: Recording) -> Array:
        """How likely each frame shows the behavior: (frames, 2) float32, columns 0 (it does not) and 1, as in
        scikit-learn; averaged over the pipelines, neither smoothed nor cut.

        Args:
            recording: From `harness.load_recordings`, say; its labels are not looked at.

        Raises:
            HarnessError: The recording has other animals or keypoints than those that were learned from.
        """
        refuse_other_bodies(self._all.folder, [recording])
        positive = self._labeller(recording).probability(recording, 0)[self.behavior]
        return np.stack([1 - positive, positive], axis=1).astype(np.float32)

    def predict(self, recording: Recording) -> Array:
        """0 or 1 for each frame, (frames,) int8: the probabilities, smoothed and cut as the `decision` says.

        Args:
            recording: See `predict_proba`.

        Raises:
            HarnessError: See `predict_proba`.
        """
        refuse_other_bodies(self._all.folder, [recording])
        return self._labeller(recording).labels(recording, 0)[self.behavior]

    @property
    def _blend(self) -> Blend:
        return self._all._parts.by_behavior[self.behavior]

    def _labeller(self, recording: Recording) -> Labeller:
        return Labeller(Blends({self.behavior: self._blend}, self._all._parts.learned), recording.frames)


def open_detectors(models: Path | str, *, plugins: Sequence[Path | str] = ()) -> Detectors:
    """The detectors that `Detectors.save` or `export_best(models=...)` kept.

    Args:
        models: Their folder. What lies in it is held against its SHA-256, and never run.
        plugins: Python files with the plugins that they were fitted with.

    Raises:
        HarnessError: The folder holds no models, or a file of it is missing or damaged.
    """
    files = loaded(plugins)
    described(Path(models))
    return Detectors(Path(models), plugins=files)


def fit(
    run: Run,
    *,
    data: Dataset | Path | str | None = None,
    workers: int | None = None,
    dask: str | None = None,
    plugins: Sequence[Path | str] = (),
    cache: Path | str | None = None,
    cache_limit: int | None = None,
    say: Callable[[str], object] | None = None,
) -> Detectors:
    """Fit, on all labelled recordings, what `export_best` would: the ensemble of each behavior.

    Args:
        run: What `harness.search` or `harness.open_run` returned.
        data: What was searched; by default as it was given or from where it lay.
        workers: Processes of this machine; by default one a core.
        dask: The address of a Dask scheduler to work on instead.
        plugins: Python files with the plugins that were searched with; by default those that the search was given.
        cache: The folder of computed features; by default `HARNESS_CACHE`, or one under the user's cache.
        cache_limit: Bytes that it may hold, 0 to use none; by default 10 GB.
        say: Called with a line on each plugin that is not what it was in the search.

    Raises:
        HarnessError: The data are not those that were searched, a plugin is missing, or a pipeline cannot be fitted.
        NothingToRankError: A behavior has no finished trial.
    """
    chosen = _choose(run, data, workers, dask, plugins, cache, cache_limit, say)
    folder = Path(tempfile.mkdtemp(prefix="harness-models-"))
    example = chosen.dataset.any_recording
    training = chosen.training if unkept(chosen.selections) else None
    detectors = Detectors(folder, plugins=chosen.training.plugins, training=training)
    weakref.finalize(detectors, shutil.rmtree, folder)  # with the last who needs them, or the program
    try:
        fit_detectors(chosen.selections, chosen.training, example, folder, engine_of(workers, dask))
    except OSError as error:
        raise HarnessError(f"{folder}: models cannot be written ({error.strerror}); make room there") from error
    return detectors


@dataclass(frozen=True)
class Export:
    """What was written, and what it was made of."""

    submission: Path
    manifest: Path
    """The JSON file beside it."""
    models: Path | None
    """The folder with the fitted models, where they were kept."""
    behaviors: Mapping[str, Exported]
    recordings: int

    @property
    def mean_f1(self) -> float:
        """Over behaviors; each recording judged by members and a decision that were chosen without it."""
        return mean_score(one.selection.pooled.score for one in self.behaviors.values()).f1

    def _repr_html_(self) -> str:
        rows = [
            [name, f"{one.selection.pooled.f1:.3f}", counted(len(one.selection.members), "trial"), f"{one.claimed:,}"]
            for name, one in self.behaviors.items()
        ]
        return html_table(("behavior", "F1", "averages", "frames claimed"), rows, str(self.submission))


def export_best(
    run: Run,
    out: Path | str = "submission.npy",
    *,
    models: Path | str | None = None,
    data: Dataset | Path | str | None = None,
    workers: int | None = None,
    dask: str | None = None,
    plugins: Sequence[Path | str] = (),
    cache: Path | str | None = None,
    cache_limit: int | None = None,
    say: Callable[[str], object] | None = None,
) -> Export:
    """Fit the ensemble of each behavior, label all test recordings, and write the submission.

    Args:
        run: What `harness.search` or `harness.open_run` returned.
        out: The file, which ends in `.npy`; how it was made goes beside it, as `.json`.
        models: A folder to make for the fitted models; by default they are not kept.
        data, workers, dask, plugins, cache, cache_limit, say: See `fit`.

    Raises:
        HarnessError: See `fit`; also where there is nothing to label, or the files cannot be written, which is found
            out before anything is fitted.
        NothingToRankError: A behavior has no finished trial.
    """
    out, beside = Path(out), Path(out).with_suffix(".json")
    if beside.resolve() == (run.folder / "run.json").resolve():
        raise HarnessError(
            f"--out {out}: what goes beside it would overwrite the run's own run.json; take another name"
        )
    make_room(out, ".npy")
    folder = None if models is None else Path(models)
    if folder is not None:
        refuse_folder(folder)
    chosen = _choose(run, data, workers, dask, plugins, cache, cache_limit, say, to_label=True)
    exported = export(
        chosen.selections, chosen.training, chosen.dataset.unlabelled, engine=engine_of(workers, dask), models=folder
    )
    labels = {behavior: one.labels for behavior, one in exported.items()}
    try:
        write_submission(out, labels, manifest(exported, run.description))
    except OSError as error:
        raise unwritable(out, error) from error
    remember_export(run.folder, out)
    return Export(out, beside, folder, exported, len(chosen.dataset.unlabelled))


def predict(
    models: Detectors | Path | str,
    recordings: Sequence[Recording] | Path | str,
    out: Path | str | None = None,
    *,
    workers: int | None = None,
    dask: str | None = None,
    plugins: Sequence[Path | str] = (),
) -> Labels:
    """Label recordings with fitted detectors: behavior to recording id to labels (frames,) int8 of 0 and 1.

    Args:
        models: Detectors, or the folder that they were kept in.
        recordings: Recordings, or a file laid out as `test.npy` is, or the folder of one.
        out: A file that ends in `.npy` to write the labels to, laid out as a submission; by default none is written.
        workers: Processes of this machine; by default one a core.
        dask: The address of a Dask scheduler to work on instead.
        plugins: Python files with the plugins that the models were fitted with.

    Raises:
        HarnessError: Models or recordings cannot be read or do not go together, one cannot be labelled, or `out`
            cannot be written, which is found out first.
    """
    if out is not None:
        make_room(Path(out), ".npy")
    files = loaded(plugins)
    these = load_recordings(recordings) if isinstance(recordings, Path | str) else tuple(recordings)
    detectors = models if isinstance(models, Detectors) else Detectors(Path(models), plugins=files)
    labels = detectors.predict(these, workers=workers, dask=dask)
    if out is not None:
        try:
            write_submission(Path(out), labels)
        except OSError as error:
            raise unwritable(Path(out), error) from error
    return labels


@dataclass(frozen=True)
class _Chosen:
    """What is to be fitted, and on what."""

    dataset: Dataset
    selections: Mapping[str, Selection]
    training: Training


def _choose(
    run: Run,
    data: Dataset | Path | str | None,
    workers: int | None,
    dask: str | None,
    plugins: Sequence[Path | str],
    cache: Path | str | None,
    cache_limit: int | None,
    say: Callable[[str], object] | None,
    *,
    to_label: bool = False,
) -> _Chosen:
    """What the trials of a run come to. With `to_label`, raises `HarnessError` where no recording is to be labelled."""
    identity = run.description["identity"]
    engine, files = engine_of(workers, dask), loaded(plugins) or run.plugins
    dataset = run.dataset(data)
    records: dict[str, list[TrialRecord]] = {behavior: [] for behavior in dataset.labelled}
    for record in run.records():
        if record.complete:
            records[record.behavior].append(record)
    _refuse_gaps(records, run)
    if to_label and not dataset.unlabelled:
        raise HarnessError(
            f"{dataset.source or dataset.name}: no recordings to label; a file test.npy should hold them"
        )
    every = [record for theirs in records.values() for record in theirs]
    needed = plugins_of(every)
    refuse_missing(needed, run.description["about"]["plugins"])
    for kind, name in needed:
        if say and REGISTRIES[kind][name].source_version != identity["plugins"][kind][name]:
            say(f"note: {name} is not what it was in the search; the scores are those of the earlier version")
    candidates = candidates_of(Spaces.from_json(identity["ranges"]))
    found = ensembles(run.stored, every, dataset.labelled, candidates=candidates, engine=engine, plugins=files)
    blocks = usable_cache(None if cache is None else Path(cache), cache_limit)
    return _Chosen(
        dataset,
        {behavior: by_way[EXPORTED] for behavior, by_way in found.items()},
        Training(dataset.labelled, pool_of(dataset, identity["pool"]), identity["seed"], blocks, files),
    )


def _refuse_gaps(records: Mapping[str, Sequence[TrialRecord]], run: Run) -> None:
    """Raise `NothingToRankError` where a behavior has no trials."""
    missing = [behavior for behavior, theirs in records.items() if not theirs]
    if missing:
        raise NothingToRankError(f"{run.folder}: no finished trials for {', '.join(missing)}; run `{_of_all(run)}`")


def _of_all(run: Run) -> str:
    """The call that made a run, for all behaviors."""
    command = run.description["about"]["command"]
    command = re.sub(r" --behavior(=| +)('[^']*'|\S+)", "", command)
    return re.sub(r", behaviors=\[[^]]*\]", "", command)
