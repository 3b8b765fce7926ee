"""Fitted detectors, for programs: keep them, open them, label with them."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from harness.api.datasets import load_recordings
from harness.api.places import engine_of, loaded, silently
from harness.data.dataset_toml import SETUP_FILE
from harness.data.layouts import data_files
from harness.data.settled import blind_lines
from harness.data.submission import write_submission
from harness.engines.interface import Told, untold
from harness.errors import HarnessError, unknown
from harness.files.outputs import made_whole, make_room, refuse_inputs, unwritable
from harness.labelling.bench import Result, Work, each, label_each
from harness.labelling.detectors import Blend, Blends, odd_versions, ready_for, scopes_of
from harness.labelling.export import by_behavior, refuse_folder, unmade
from harness.labelling.helpers import known_again, opened
from harness.labelling.labeller import Labeller
from harness.labelling.training import Training
from harness.plugins.loading import PluginFile
from harness.plugins.writers import Labelled
from harness.recording import ONE, PAIR, SCENE, Array, Recording
from harness.showing.steps import reading
from harness.spec import Decision
from harness.words import counted, html_table, named

Labels = dict[str, dict[str, Array]]
"""Behavior to recording id to labels (frames,) int8; where it is of one animal or of a pair, to the id of each of the
recording's examples."""


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
        self,
        recordings: Sequence[Recording] | Path | str,
        *,
        workers: int | None = None,
        dask: str | None = None,
        say: Callable[[str], object] | None = None,
        progress: bool = False,
    ) -> Labels:
        """Label recordings for all behaviors: behavior to recording id to labels (frames,) int8 of 0 and 1.

        Args:
            recordings: Recordings, or a file laid out as `test.npy` is. Behaviors of an animal or a pair are labelled
                for every one; of examples, as `Recording.seen_from` gives them, for these alone.
            workers: Processes of this machine; by default one a core.
            dask: The address of a Dask scheduler to work on instead.
            say: Called with a line on what is odd about the recordings.
            progress: Whether to show how far it has come once it takes more than two seconds.

        Raises:
            HarnessError: The recordings have other animals or keypoints than those that were learned from, or one
                cannot be labelled.
        """
        with reading(shown=progress) as told:
            these = load_recordings(recordings) if isinstance(recordings, Path | str) else tuple(recordings)
            these = ready_for(self.folder, these, say)
            for line in blind_lines(these):
                (say or silently)(f"note: {line}")
            labelled = self.label(these, workers=workers, dask=dask, told=told)
            return by_behavior(scopes_of(self.folder), labelled)

    def label(
        self,
        recordings: Sequence[Recording],
        *,
        workers: int | None = None,
        dask: str | None = None,
        told: Told = untold,
    ) -> Iterator[Labelled]:
        """The recordings in their order with what each behavior's detector says of them: labels and probabilities. One
        after the other, so that as many can be labelled as there are.

        Args:
            recordings: With the keypoints that were learned from, in the same order.
            workers: Processes of this machine; by default one a core.
            dask: The address of a Dask scheduler to work on instead.
            told: Called with what is done, how many of how many are, and what they are.

        Raises:
            HarnessError: One cannot be labelled.
        """
        return label_each(
            self.folder,
            recordings,
            engine=engine_of(workers, dask),
            plugins=self._plugins,
            training=self._training,
            told=told,
        )

    def look_through(
        self,
        recordings: Sequence[Recording],
        work: Work[Result],
        *,
        workers: int | None = None,
        dask: str | None = None,
        told: Told = untold,
    ) -> Iterator[tuple[Recording, Result]]:
        """The recordings in their order with what some work makes of each, as `label` does with labels.

        Args:
            recordings: See `label`.
            work: Called with a `harness.labelling.bench.Bench`, the recording, and how many frames are before it.
            workers, dask, told: See `label`.

        Raises:
            HarnessError: Nothing can be made of one.
        """
        return each(
            self.folder,
            recordings,
            work,
            engine=engine_of(workers, dask),
            plugins=self._plugins,
            training=self._training,
            told=told,
            doing="looking through",
        )

    def save(self, models: Path | str) -> Path:
        """Keep the fitted models in a folder, for `open_detectors` and `harness predict`.

        Args:
            models: The folder to make. Nothing in it is a pickle, and reading it runs nothing.

        Raises:
            HarnessError: The folder is there already or cannot be made, or a model family does not say how its models
                are kept.
        """
        models = named(models)
        refuse_folder(models)
        if self._training is not None:
            raise HarnessError(
                f"--models {models}: a model family does not say how its models are kept; such detectors end with "
                "the program"
            )
        try:
            with made_whole(models, partial(unmade, models)) as folder:
                shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        except OSError as error:
            raise unmade(models, error) from error
        return models

    @cached_property
    def _parts(self) -> Blends:
        return opened(self.folder, None if self._training is None else self._training.fit_again())

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
        scikit-learn; averaged over the pipelines and calibrated on what was held out, neither smoothed nor cut. (The
        `decision` cuts what they were before they were calibrated.)

        Args:
            recording: From `harness.load_recordings`, say; its labels are not looked at. For a behavior of one animal
                or of a pair, what `Recording.seen_from` gives.

        Raises:
            HarnessError: The recording has other animals or keypoints than those that were learned from, or is seen
                from nobody where the behavior is of somebody.
        """
        recording = self._ready(recording)
        positive = self._blend.calibrated(self._labeller(recording).probability(recording, 0)[self.behavior])
        return np.stack([1 - positive, positive], axis=1).astype(np.float32)

    def predict(self, recording: Recording) -> Array:
        """0 or 1 for each frame, (frames,) int8: the probabilities, smoothed and cut as the `decision` says.

        Args:
            recording: See `predict_proba`.

        Raises:
            HarnessError: See `predict_proba`.
        """
        recording = self._ready(recording)
        parts = self._all._parts
        together = Labeller(parts.of(self._blend.scope), recording.frames)  # where others may have a better claim
        labeller = self._labeller(recording) if parts.overlaps == "none" else together
        return labeller.labels(recording, 0)[self.behavior]

    def _ready(self, recording: Recording) -> Recording:
        if recording.scope != self._blend.scope:
            wanted = {
                SCENE: "the recording as it is",
                ONE: "recording.seen_from(animal, animal)",
                PAIR: "recording.seen_from(agent, target)",
            }
            raise HarnessError(f"{recording.id}: {self.behavior} asks for {wanted[self._blend.scope]}")
        (ready,) = ready_for(self._all.folder, [recording])
        return ready

    @property
    def _blend(self) -> Blend:
        return self._all._parts.by_behavior[self.behavior]

    def _labeller(self, recording: Recording) -> Labeller:
        return Labeller(Blends({self.behavior: self._blend}, self._all._parts.learned), recording.frames)


def open_detectors(
    models: Path | str, *, plugins: Sequence[Path | str] = (), say: Callable[[str], object] | None = None
) -> Detectors:
    """The detectors that `Detectors.save` or `export_best(models=...)` kept.

    Args:
        models: Their folder. What lies in it is held against its SHA-256, and never run.
        plugins: Python files with the plugins that they were fitted with.
        say: Called with a line on each library of which another version is here.

    Raises:
        HarnessError: The folder holds no models, a file of it is missing or damaged, or a plugin is not what it was
            when they were fitted.
    """
    files = loaded(plugins)
    known_again(named(models))
    for line in odd_versions(named(models)):
        (say or silently)(f"note: {line}")
    return Detectors(named(models), plugins=files)


def predict(
    models: Detectors | Path | str,
    recordings: Sequence[Recording] | Path | str,
    out: Path | str | None = None,
    *,
    workers: int | None = None,
    dask: str | None = None,
    plugins: Sequence[Path | str] = (),
    say: Callable[[str], object] | None = None,
    progress: bool = False,
) -> Labels:
    """Label recordings with fitted detectors: behavior to recording id to labels (frames,) int8 of 0 and 1.

    Args:
        models: Detectors, or the folder that they were kept in.
        recordings: Recordings, or a file laid out as `test.npy` is, or the folder of one.
        out: A file that ends in `.npy` to write the labels to, laid out as a submission; by default none is written.
        workers: Processes of this machine; by default one a core.
        dask: The address of a Dask scheduler to work on instead.
        plugins: Python files with the plugins that the models were fitted with.
        say: Called with a line on what is odd about the recordings, and on each library of another version.
        progress: Whether to show how far it has come once it takes more than two seconds.

    Raises:
        HarnessError: Models or recordings cannot be read or do not go together, one cannot be labelled, or `out`
            cannot be written, which is found out first.
    """
    if out is not None:
        out = named(out)
        refuse_inputs((out, out.with_suffix(".json")), _files_of(models, recordings))
        make_room(out, ".npy")
    detectors = models if isinstance(models, Detectors) else open_detectors(models, plugins=plugins, say=say)
    labels = detectors.predict(recordings, workers=workers, dask=dask, say=say, progress=progress)
    if out is not None:
        try:
            write_submission(out, labels)
        except OSError as error:
            raise unwritable(out, error) from error
    return labels


def _files_of(models: Detectors | Path | str, recordings: Sequence[Recording] | Path | str) -> list[Path]:
    """All files that are read to label the recordings."""
    folder = models.folder if isinstance(models, Detectors) else named(models)
    found = [path for path in folder.rglob("*") if path.is_file()] if os.path.isdir(folder) else []
    if isinstance(recordings, Path | str):
        path = named(recordings)
        found += data_files(path) if os.path.isdir(path) else [path, path.with_name(SETUP_FILE)]
    return found
