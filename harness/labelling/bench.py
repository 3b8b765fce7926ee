"""Fitted detectors at work: each worker reads them once, and is given one recording after the other."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from harness.engines.interface import Engine, Told, TrialError, WorkerDiedError, in_turn, untold
from harness.errors import HarnessError
from harness.fitting.pipeline import FittedPipeline
from harness.labelling.detectors import Blends, files_in, laid_out
from harness.labelling.helpers import opened
from harness.labelling.labeller import Labeller
from harness.labelling.training import Training
from harness.plugins.loading import PluginFile, load_plugins
from harness.plugins.writers import Act, Labelled
from harness.recording import SCOPES, Recording
from harness.spec import PipelineSpec
from harness.words import shown

Result = TypeVar("Result", covariant=True)

Before = Mapping[str, int]
"""By scope, how many frames of examples the recordings before one have."""


@dataclass(frozen=True)
class Bench:
    """What a worker needs to look at any recording; it reads the models when the first comes."""

    folder: Path
    files: Mapping[str, bytes] | None
    """What lies in the folder, for a worker that may not see it."""
    frames: Mapping[str, int]
    """Of all examples, by scope."""
    plugins: tuple[PluginFile, ...]
    training: Training | None

    @cached_property
    def detectors(self) -> Blends:
        with nullcontext(self.folder) if self.files is None else laid_out(self.files) as folder:
            return opened(folder, self._fit_again)

    @cached_property
    def labellers(self) -> dict[str, Labeller]:
        """By the scope of the behaviors that they label."""
        scopes = dict.fromkeys(one.scope for one in self.detectors.by_behavior.values())
        return {scope: Labeller(self.detectors.of(scope), self.frames[scope]) for scope in scopes}

    @property
    def _fit_again(self) -> Callable[[str, PipelineSpec], FittedPipeline] | None:
        return None if self.training is None else self.training.fit_again()


class Work(Protocol[Result]):
    """What is done with each recording; sent to a worker once."""

    def __call__(self, bench: Bench, recording: Recording, before: Before) -> Result: ...


def each(
    folder: Path,
    recordings: Sequence[Recording],
    work: Work[Result],
    *,
    engine: Engine,
    plugins: Sequence[PluginFile] = (),
    training: Training | None = None,
    told: Told = untold,
    doing: str = "labelling",
) -> Iterator[tuple[Recording, Result]]:
    """The recordings in their order with what the work makes of each by the detectors in `folder`; each is let go once
    it is given.

    Where one is an example, as `Recording.seen_from` gives it, it is of that alone. `training` is for models that their
    family cannot keep; `told` hears how many recordings are done.
    Raises `HarnessError` that names the recording of which nothing can be made.
    """
    twice = [name for name, count in Counter(recording.id for recording in recordings).items() if count > 1]
    if twice:
        raise HarnessError(f"{shown(twice[0])}: two recordings have this name, expected another for each")
    every = dict.fromkeys(SCOPES, 0)
    before = []
    for one in recordings:
        before.append(every)
        every = {scope: frames + one.frames * one.count_examples(scope) for scope, frames in every.items()}
    files = None if engine.shares_files else files_in(folder)
    bench = Bench(folder, files, every, tuple(plugins), training)
    with engine.open(partial(_start, bench, work), _do) as pool:
        submitted = [pool.submit(one, first) for one, first in zip(recordings, before, strict=True)]
        done = in_turn(submitted, told, doing, "recording")
        for recording, future in zip(recordings, done, strict=False):
            yield recording, made(future, recording)


def _start(bench: Bench, work: Work[Result]) -> tuple[Bench, Work[Result]]:
    load_plugins(bench.plugins)
    return bench, work


def _do(state: tuple[Bench, Work[Result]], recording: Recording, before: Before) -> Result:
    bench, work = state
    return work(bench, recording, before)


def made(future: Any, recording: Recording) -> Any:
    """What a worker made of a recording. Raises `HarnessError` that names it where it could not."""
    try:
        return future.result()
    except (TrialError, WorkerDiedError) as error:
        raise HarnessError(f"{recording.id} cannot be labelled: {error}") from error


def label_each(
    folder: Path,
    recordings: Sequence[Recording],
    *,
    engine: Engine,
    plugins: Sequence[PluginFile] = (),
    training: Training | None = None,
    told: Told = untold,
) -> Iterator[Labelled]:
    """The recordings in their order with what the detectors in `folder` say of them; see `each`."""
    found = each(folder, recordings, labelled, engine=engine, plugins=plugins, training=training, told=told)
    for recording, acts in found:
        yield Labelled(recording, acts)


def labelled(bench: Bench, recording: Recording, before: Before) -> tuple[Act, ...]:
    """What each behavior's detector says of the recording."""
    found: list[Act] = []
    for scope, labeller in bench.labellers.items():
        for place, example in enumerate(recording.examples(scope)):
            probabilities = labeller.probability(example, before[scope] + place * recording.frames)
            for behavior, labels in labeller.cut(example, probabilities).items():
                blend = bench.detectors.by_behavior[behavior]
                likely = blend.calibrated(probabilities[behavior])
                found.append(Act(behavior, example.agent, example.target, labels, likely, blend.threshold))
    order = list(bench.detectors.by_behavior)
    return tuple(sorted(found, key=lambda act: order.index(act.behavior)))
