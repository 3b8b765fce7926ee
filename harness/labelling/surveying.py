"""Look through recordings for stretches that are worth labelling: how animals move, and what members say of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from harness.choosing.selection import blended
from harness.choosing.suggestions import KEPT, Stretch, best_first, disagreement
from harness.dataset import Dataset
from harness.engines.interface import Engine, Told, in_turn
from harness.labelling.bench import Before, Bench, made
from harness.labelling.detectors import Blend
from harness.labelling.motion import Known, Motion, moments, motion_columns
from harness.plugins.loading import PluginFile, load_plugins
from harness.recording import UNKNOWN, Array, Recording

SCALED_BY = 20_000
"""So many moments are enough to learn what motion there is."""


@dataclass(frozen=True, eq=False)
class Unlabelled:
    """What of a dataset nobody has looked at for some behaviors."""

    scopes: Mapping[str, str]
    """By behavior."""
    taken: Mapping[tuple[str, str], Array]
    """By behavior and digest of a recording or example, where it is labelled: bool (frames,)."""
    passed_over: Mapping[str, frozenset[tuple[str, str]]]
    """By behavior, agents and targets that are together in some labelled recording, and were looked at in none."""
    seconds: float
    """How long a stretch has to be."""

    @classmethod
    def of(cls, dataset: Dataset, behaviors: Sequence[str], seconds: float) -> "Unlabelled":
        taken: dict[tuple[str, str], Array] = {}
        for behavior, one in _labelled(dataset, behaviors):
            looked = one.known_labels != UNKNOWN
            taken[behavior, one.digest] = looked | taken.get((behavior, one.digest), np.zeros(one.frames, bool))
        return cls(
            {behavior: dataset.scope(behavior) for behavior in behaviors},
            taken,
            {behavior: _passed_over(dataset, behavior) for behavior in behaviors},
            seconds,
        )

    def free(self, behavior: str, example: Recording) -> Array | None:
        """Where a recording or example may be labelled yet, bool (frames,); None where no stretch of it."""
        if not example.seen or (example.agent, example.target) in self.passed_over[behavior]:
            return None
        taken = self.taken.get((behavior, example.digest))
        free = np.ones(example.frames, bool) if taken is None else ~taken
        return free if any(True for _ in _starts(free, length_in(example, self.seconds))) else None

    def recordings(self, dataset: Dataset) -> list[Recording]:
        """Those with stretches that may be labelled yet, also where some are; none with labels for scoring."""
        videos = [one.video for theirs in dataset.labelled.values() for one in theirs]
        every = {one.digest: one for one in (*videos, *dataset.unlabelled) if not _is_judged(one, dataset)}
        return [
            one
            for one in every.values()
            if any(
                self.free(behavior, example) is not None
                for behavior, scope in self.scopes.items()
                for example in one.examples(scope)
            )
        ]


@dataclass(frozen=True, eq=False)
class Survey:
    """What recordings are looked through for."""

    unlabelled: Unlabelled
    known: Mapping[str, Known]
    """By behavior, the motion that was labelled; those without are not asked about."""
    scales: Mapping[str, Motion]
    """By scope."""

    def __call__(self, bench: Bench, recording: Recording, before: Before) -> dict[str, list[Stretch]]:
        """By behavior, the best stretches of a recording, of all examples of it."""
        found: dict[str, list[Stretch]] = {behavior: [] for behavior in self.known}
        for scope, labeller in bench.labellers.items():
            asked = [behavior for behavior in self.known if behavior in labeller.detectors.by_behavior]
            for place, example in enumerate(recording.examples(scope)):
                free = {name: one for name in asked if (one := self.unlabelled.free(name, example)) is not None}
                if not free:
                    continue
                motion = self.scales[scope](motion_columns(example))
                said = labeller.by_member(example, before[scope] + place * recording.frames)
                for behavior, where in free.items():
                    found[behavior] += self._stretches(
                        bench.detectors.by_behavior[behavior], behavior, example, where, said[behavior], motion
                    )
        return {behavior: best_first(every)[:KEPT] for behavior, every in found.items()}

    def _stretches(
        self, blend: Blend, behavior: str, example: Recording, free: Array, members: Sequence[Array], motion: Array
    ) -> list[Stretch]:
        weights = [member.weight for member in blend.members]
        return stretches_of(
            example,
            free,
            disagreement(members, weights, blend.decision.threshold),
            blend.calibrated(blended(members, weights)),
            motion,
            self.known[behavior].novelty(motion),
            self.unlabelled.seconds,
        )


def survey_of(
    dataset: Dataset,
    behaviors: Sequence[str],
    unlabelled: Unlabelled,
    *,
    engine: Engine,
    plugins: Sequence[PluginFile],
    told: Told,
) -> Survey:
    """A survey for the behaviors, by how animals move in the labelled recordings of a dataset."""
    examples = [(behavior, one) for behavior, one in _labelled(dataset, behaviors) if one.seen]
    different = {(one.scope, one.digest): one for _, one in examples}
    with engine.open(partial(load_plugins, tuple(plugins)), _columns) as pool:
        futures = [pool.submit(one) for one in different.values()]
        done = in_turn(futures, told, "how animals move", "recording")
        columns = {key: made(future, one) for (key, one), future in zip(different.items(), done, strict=False)}
    scales = {}
    for scope in dict.fromkeys(scope for scope, _ in columns):
        every = np.concatenate([theirs for (of, _), theirs in columns.items() if of == scope])
        scales[scope] = Motion.of(every[:: max(1, len(every) // SCALED_BY)])
    moved = {key: scales[key[0]](theirs) for key, theirs in columns.items()}
    parts: dict[str, list[Array]] = {behavior: [] for behavior in behaviors}
    for behavior, one in examples:
        looked = one.known_labels != UNKNOWN
        parts[behavior].append(moved[one.scope, one.digest][looked[moments(one)]])
    known = {behavior: Known.of(theirs) for behavior, theirs in parts.items() if any(map(len, theirs))}
    return Survey(unlabelled, known, scales)


def _columns(_: None, example: Recording) -> Array:
    return motion_columns(example)


def _labelled(dataset: Dataset, behaviors: Sequence[str]) -> list[tuple[str, Recording]]:
    """The behaviors with the recordings or examples of which somebody looked at something."""
    return [(behavior, one) for behavior in behaviors for one in dataset.labelled[behavior] if one.labelled_frames]


def _passed_over(dataset: Dataset, behavior: str) -> frozenset[tuple[str, str]]:
    """Whom a lab has seen and never scored for it, such as the intruder where the resident alone is watched."""
    theirs = [one for _, one in _labelled(dataset, [behavior])]
    met = {(each.agent, each.target) for one in theirs for each in one.video.examples(dataset.scope(behavior))}
    return frozenset(met - {(one.agent, one.target) for one in theirs})


def _is_judged(recording: Recording, dataset: Dataset) -> bool:
    """Whether it has labels for scoring."""
    return any(
        example.id in truth
        for behavior, truth in dataset.truth.items()
        for example in recording.examples(dataset.scope(behavior))
    )


def length_in(recording: Recording, seconds: float) -> int:
    """Frames of a stretch; all that there are of a recording that is shorter."""
    return min(recording.frames, max(1, round(seconds * recording.fps)))


def stretches_of(
    recording: Recording,
    free: Array,
    disagreement: Array,
    likely: Array,
    motion: Array,
    novelty: Array,
    seconds: float,
) -> list[Stretch]:
    """The best stretches of a recording, none of which holds a frame that is not `free` (frames,) bool.

    `disagreement` and `likely` are of its frames, `motion` (moments, dimensions) and `novelty` of its `moments`.
    """
    length = length_in(recording, seconds)
    at = moments(recording)
    found = []
    for start in _starts(free, length):
        stop = start + length
        first, last = np.searchsorted(at, (start, stop))
        if first == last:
            first, last = max(0, first - 1), max(1, first)
        doubt = disagreement[at[first:last]] + 1e-6
        found.append(
            Stretch(
                recording.source_id,
                recording.agent,
                recording.target,
                recording.group or recording.source_id,
                start,
                stop,
                float(disagreement[start:stop].mean()),
                float(likely[start:stop].mean()),
                float(np.median(novelty[first:last])),
                np.asarray(np.average(motion[first:last], axis=0, weights=doubt), dtype=np.float32),
            )
        )
    return list(_apart(best_first(found)))[:KEPT]


def _starts(free: Array, length: int) -> Iterator[int]:
    """First frames of stretches of that length that are free, each half a length after the one before."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], free.astype(np.int8), [0]])))
    for start, stop in edges.reshape(-1, 2).tolist():
        if stop - start >= length:
            steps = max(1, round((stop - start - length) / (length / 2)))
            yield from sorted({start + (stop - start - length) * step // steps for step in range(steps + 1)})


def _apart(stretches: Sequence[Stretch]) -> Iterator[Stretch]:
    """Those that overlap none before them."""
    taken: list[tuple[int, int]] = []
    for one in stretches:
        if all(one.stop <= start or stop <= one.start for start, stop in taken):
            taken.append((one.start, one.stop))
            yield one
