"""Look through recordings for stretches that are worth labelling: how animals move, and what members say of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from harness.choosing.selection import blended
from harness.choosing.suggestions import KEPT, Stretch, disagreement
from harness.engines.interface import Engine, Told, TrialError, WorkerDiedError, in_turn
from harness.errors import HarnessError
from harness.labelling.bench import Before, Bench
from harness.labelling.motion import Known, Motion, moments, motion_columns
from harness.plugins.loading import PluginFile, load_plugins
from harness.recording import UNKNOWN, Array, Dataset, Recording

SCALED_BY = 20_000
"""So many moments are enough to learn what motion there is."""


@dataclass(frozen=True, eq=False)
class Survey:
    """What recordings are looked through for."""

    known: Mapping[str, Known]
    """By behavior, the motion that was labelled; those without are not asked about."""
    scales: Mapping[str, Motion]
    """By scope."""
    taken: Mapping[tuple[str, str], Array]
    """By behavior and digest of a recording or example, where it is labelled: bool (frames,)."""
    passed_over: Mapping[str, frozenset[tuple[str, str]]]
    """By behavior, agents and targets that are together in some labelled recording, and were looked at in none."""
    seconds: float
    """How long stretches are."""

    def __call__(self, bench: Bench, recording: Recording, before: Before) -> dict[str, list[Stretch]]:
        """By behavior, the best stretches of a recording, of all examples of it."""
        found: dict[str, list[Stretch]] = {behavior: [] for behavior in self.known}
        for scope, labeller in bench.labellers.items():
            if scope not in self.scales:
                continue
            for place, example in enumerate(recording.examples(scope)):
                if not example.seen:
                    continue
                motion = self.scales[scope](motion_columns(example))
                said = labeller.by_member(example, before[scope] + place * recording.frames)
                for behavior, members in said.items():
                    if behavior in self.known and (example.agent, example.target) not in self.passed_over[behavior]:
                        found[behavior] += self._stretches(bench, behavior, example, members, motion)
        return {behavior: sorted(every, key=lambda one: -one.worth)[:KEPT] for behavior, every in found.items()}

    def _stretches(
        self, bench: Bench, behavior: str, example: Recording, members: Sequence[Array], motion: Array
    ) -> list[Stretch]:
        taken = self.taken.get((behavior, example.digest))
        free = np.ones(example.frames, bool) if taken is None else ~taken
        if not free.any():
            return []
        blend = bench.detectors.by_behavior[behavior]
        weights = [member.weight for member in blend.members]
        return stretches_of(
            example,
            free,
            disagreement(members, weights, blend.decision.threshold),
            blend.calibrated(blended(members, weights)),
            motion,
            self.known[behavior].novelty(motion),
            self.seconds,
        )


def survey_of(
    dataset: Dataset,
    behaviors: Sequence[str],
    seconds: float,
    *,
    engine: Engine,
    plugins: Sequence[PluginFile],
    told: Told,
) -> Survey:
    """What is known of the behaviors, by the labelled recordings of a dataset."""
    examples = [(behavior, one) for behavior in behaviors for one in dataset.labelled[behavior] if one.labelled_frames]
    different = {(one.scope, one.digest): one for _, one in examples if one.seen}
    with engine.open(partial(load_plugins, tuple(plugins)), _columns) as pool:
        futures = [pool.submit(one) for one in different.values()]
        columns = {}
        done = in_turn(futures, told, "how animals move", "recording")
        for (key, one), future in zip(different.items(), done, strict=False):
            try:
                columns[key] = future.result()
            except (TrialError, WorkerDiedError) as error:
                raise HarnessError(f"{one.id} cannot be looked at: {error}") from error
    scales = {}
    for scope in dict.fromkeys(scope for scope, _ in columns):
        every = np.concatenate([theirs for (of, _), theirs in columns.items() if of == scope])
        scales[scope] = Motion.of(every[:: max(1, len(every) // SCALED_BY)])
    moved = {key: scales[key[0]](theirs) for key, theirs in columns.items()}
    taken: dict[tuple[str, str], Array] = {}
    parts: dict[str, list[Array]] = {behavior: [] for behavior in behaviors}
    for behavior, one in examples:
        looked = one.known_labels != UNKNOWN
        taken[behavior, one.digest] = looked | taken.get((behavior, one.digest), np.zeros(one.frames, bool))
        if one.seen:
            parts[behavior].append(moved[one.scope, one.digest][looked[moments(one)]])
    known = {behavior: Known.of(theirs) for behavior, theirs in parts.items() if any(map(len, theirs))}
    passed_over = {behavior: _passed_over(dataset, behavior) for behavior in known}
    return Survey(known, scales, taken, passed_over, seconds)


def _passed_over(dataset: Dataset, behavior: str) -> frozenset[tuple[str, str]]:
    """Whom a lab has seen and never scored for it, such as the intruder where the resident alone is watched."""
    theirs = [one for one in dataset.labelled[behavior] if one.labelled_frames]
    scope = dataset.scope(behavior)
    met = {(each.agent, each.target) for one in theirs for each in one.video.examples(scope)}
    return frozenset(met - {(one.agent, one.target) for one in theirs})


def _columns(_: None, example: Recording) -> Array:
    return motion_columns(example)


def to_look_through(dataset: Dataset) -> list[Recording]:
    """Recordings of which something may be labelled yet: those to be labelled, and labelled ones that were looked at in
    part or for some behaviors. Not those with labels for scoring.
    """
    judged = {example for truth in dataset.truth.values() for example in truth}
    unlabelled = [
        one
        for one in dataset.unlabelled
        if not any(
            example.id in judged for behavior in dataset.labelled for example in one.examples(dataset.scope(behavior))
        )
    ]
    videos = [one.video for theirs in dataset.labelled.values() for one in theirs]
    return list({one.digest: one for one in (*videos, *unlabelled) if one.seen}.values())


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
    length = min(recording.frames, max(1, round(seconds * recording.fps)))
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
    return list(_apart(sorted(found, key=lambda one: -one.worth)))[:KEPT]


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
