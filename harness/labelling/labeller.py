"""Label recordings with fitted detectors, one recording after the other, all behaviors together.

The pipelines of all behaviors share most of what they need. So the blocks of a recording are computed once for all, and
of their windows those alone that some model looks at, a stretch of frames at a time. Nothing of it goes to the cache: a
recording to be labelled is seen once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from harness.choosing.overlaps import Claim, resolved
from harness.choosing.selection import blended
from harness.columns.identities import identified, sources, unordered
from harness.columns.windows import chosen_windows, frames_at_once
from harness.errors import HarnessError
from harness.fitting.pipeline import checked, named_block
from harness.labelling.detectors import Blends, LearnedKey, Member, learned_key
from harness.plugins.contract import SparingClassifier, SteppedClassifier
from harness.plugins.sequences import Heard
from harness.recording import Array, Recording
from harness.spec import Choice, Preparation

FRAMES = 2048
"""About so many frames are windowed and predicted at once."""

Source = tuple[LearnedKey, bool, int]
"""A column without windows: its block, whether it is one of the `unordered`, and its place."""

Window = tuple[int, str]
"""The place of a width, and a statistic."""


@dataclass
class Labeller:
    """Labels recordings; what it has worked out for the first of them serves the others."""

    detectors: Blends
    frames: int
    """Of all recordings together, in the order in which they are numbered."""
    _schemes: "tuple[_Scheme, ...]" = field(default=(), init=False)
    _names: dict[LearnedKey, list[str]] = field(default_factory=dict, init=False)
    """By block, those that the schemes were made for."""
    _chances: dict[int, Array] = field(default_factory=dict, init=False)
    """By member, the probabilities (frames,) of all recordings, of a model that looks at no features."""

    def labels(self, recording: Recording, first: int) -> dict[str, Array]:
        """Behavior to labels (frames,) int8; `first` frames belong to the recordings before this one.

        Where nothing was seen on any frame, all are 0. Raises `HarnessError` where features are not what they were when
        the models were fitted.
        """
        return self.cut(recording, self.probability(recording, first))

    def cut(self, recording: Recording, probabilities: Mapping[str, Array]) -> dict[str, Array]:
        """The labels that `probability` comes to."""
        if not recording.seen:
            return {behavior: np.zeros(recording.frames, np.int8) for behavior in self.detectors.by_behavior}
        claims = {
            behavior: Claim.of(self.detectors.by_behavior[behavior].decision, probability, recording.fps)
            for behavior, probability in probabilities.items()
        }
        return resolved(self.detectors.overlaps, claims)

    def probability(self, recording: Recording, first: int) -> dict[str, Array]:
        """Behavior to probabilities (frames,), those of its members averaged; see `labels`."""
        if not recording.seen:
            return {behavior: np.zeros(recording.frames, np.float32) for behavior in self.detectors.by_behavior}
        return {
            behavior: blended(theirs, [member.weight for member in self.detectors.by_behavior[behavior].members])
            for behavior, theirs in self.by_member(recording, first).items()
        }

    def by_member(self, recording: Recording, first: int) -> dict[str, list[Array]]:
        """Behavior to the probabilities (frames,) of each of its members; see `labels`."""
        found, start = self.probabilities(recording, first), 0
        each = {}
        for behavior, detector in self.detectors.by_behavior.items():
            each[behavior] = found[start : start + len(detector.members)]
            start += len(detector.members)
        return each

    def probabilities(self, recording: Recording, first: int) -> list[Array]:
        """The probabilities (frames,) float32 of the members of all behaviors, one after the other."""
        members = self._members
        blocks = {
            learned_key(choice, preparation): named_block(
                recording, choice, preparation, self.detectors.learned.get(learned_key(choice, preparation))
            )
            for choice, preparation in _blocks_of(members)
        }
        names = {key: named for key, (named, _) in blocks.items()}
        if not self._schemes or names != self._names:
            self._schemes, self._names = tuple(_schemes(members, names)), names
        found = dict(_of_whole(recording, blocks, members))
        for scheme in self._schemes:
            found |= scheme.probabilities(recording, blocks, members)
        return [
            checked(
                found[place] if place in found else self._without_features(place, member, recording, first), recording
            )
            for place, member in enumerate(members)
        ]

    @property
    def _members(self) -> list[Member]:
        return [member for detector in self.detectors.by_behavior.values() for member in detector.members]

    def _without_features(self, place: int, member: Member, recording: Recording, first: int) -> Array:
        if member.classifier is None:
            return np.full(recording.frames, member.constant, dtype=np.float32)
        if place not in self._chances:
            # All at once, since such a model may draw: no recording should depend on which worker labels it.
            nothing = np.empty((self.frames, 0), dtype=np.float32)
            self._chances[place] = _probability(member, nothing)
        return self._chances[place][first : first + recording.frames]


def _of_whole(
    recording: Recording, blocks: Mapping[LearnedKey, tuple[list[str], Array]], members: Sequence[Member]
) -> Iterator[tuple[int, Array]]:
    """Members that see the recording whole to what they say (frames,); a model of several is asked once."""
    said: dict[int, Array] = {}
    for place, member in enumerate(members):
        if not isinstance(member.classifier, Heard):
            continue
        model = member.classifier.model
        if id(model) not in said:
            preparation = member.spec.preparation
            parts = [blocks[learned_key(choice, preparation)] for choice in member.spec.features]
            X = np.concatenate([identified(*part, preparation.identities) for part in parts], axis=1)
            _check_width(member, X.shape[1])
            said[id(model)] = model.probabilities(X, recording.fps)
        yield place, said[id(model)][:, member.classifier.output]


def _probability(member: Member, X: Array) -> Array:
    """(frames,) after the member's rounds; after all where it has none."""
    classifier = member.classifier
    assert classifier is not None
    assert not isinstance(classifier, Heard)
    if not hasattr(classifier, "staged_probabilities"):
        return np.asarray(classifier.predict_proba(X)[:, 1])
    if member.rounds is not None and isinstance(classifier, SteppedClassifier):
        return classifier.probability_after(member.rounds, X)
    stages: Mapping[int, Array] = classifier.staged_probabilities(X)
    # Where every fold had nothing to learn from, there was no number of rounds to choose: then all are taken.
    return stages[list(stages)[-1] if member.rounds is None else member.rounds]


def _blocks_of(members: Sequence[Member]) -> Iterator[tuple[Choice, Preparation]]:
    """Each feature set with its preparation once, those that are prepared alike one after the other."""
    seen = {
        learned_key(choice, member.spec.preparation): (choice, member.spec.preparation)
        for member in members
        if member.classifier is not None
        for choice in member.spec.features
    }
    for key in sorted(seen, key=lambda key: key[1:]):
        yield seen[key]


@dataclass(frozen=True)
class _Place:
    """Where a member's columns are found."""

    member: int
    rows: Array
    """For each column that the model is given its row of the table; the last, of zeros, where it does not look."""


@dataclass(frozen=True)
class _Scheme:
    """What all members with the same widths of windows need: of each block some columns, and of these some windows."""

    seconds: tuple[float, ...]
    columns: tuple[tuple[LearnedKey, bool, Array], ...]
    """Block, whether `unordered`, and places: the columns without windows, first in the table."""
    windows: Mapping[Window, Array]
    """Of which of these columns; after them in the table."""
    members: tuple[_Place, ...]

    def probabilities(
        self, recording: Recording, blocks: Mapping[LearnedKey, tuple[list[str], Array]], members: Sequence[Member]
    ) -> dict[int, Array]:
        """Member to what its model gives for each frame."""
        bare = np.empty((recording.frames, sum(len(places) for _, _, places in self.columns)), dtype=np.float32)
        start = 0
        for key, is_unordered, places in self.columns:
            names, block = blocks[key]
            part = (unordered(names, block) if is_unordered else block)[:, places]
            bare[:, start : start + len(places)] = part
            start += len(places)
        found: dict[int, list[Array]] = {place.member: [] for place in self.members}
        at_once = frames_at_once(recording.fps, self.seconds)
        step = at_once * max(1, FRAMES // at_once)
        for first in range(0, recording.frames, step):
            frames = slice(first, min(first + step, recording.frames))
            around = chosen_windows(bare, recording.fps, self.seconds, self.windows, frames)
            # Columns lie as rows here, since a few hundred of thousands are taken of it again and again.
            table = np.zeros((bare.shape[1] + around.shape[1] + 1, len(around)), dtype=np.float32)
            table[: bare.shape[1]], table[bare.shape[1] : -1] = bare[frames].T, around.T
            for place in self.members:
                X = np.take(table, place.rows, axis=0).T
                found[place.member].append(_probability(members[place.member], X))
        return {member: np.concatenate(parts) for member, parts in found.items()}


def _schemes(members: Sequence[Member], names: Mapping[LearnedKey, list[str]]) -> Iterator[_Scheme]:
    """One for each way of windowing. Raises `HarnessError` where a block has other columns than it had in training."""
    groups: dict[tuple[float, ...], list[int]] = {}
    for place, member in enumerate(members):
        if member.classifier is not None and not isinstance(member.classifier, Heard) and member.spec.features:
            groups.setdefault(member.spec.preparation.window_seconds, []).append(place)
    for seconds, places in groups.items():
        needs = {place: _needed(members[place], names) for place in places}
        yield _scheme(seconds, needs, members)


def _scheme(seconds: tuple[float, ...], needs: Mapping[int, "_Needs"], members: Sequence[Member]) -> _Scheme:
    every = sorted({source for need in needs.values() for source, _ in need.columns})
    number = {source: place for place, source in enumerate(every)}
    by_window: dict[Window, set[int]] = {}
    for need in needs.values():
        for source, window in need.columns:
            if window is not None:
                by_window.setdefault(window, set()).add(number[source])
    windows = {window: np.array(sorted(by_window[window])) for window in sorted(by_window)}
    place_of: dict[tuple[int, Window | None], int] = {(place, None): place for place in range(len(every))}
    for window, columns in windows.items():
        for column in columns.tolist():
            place_of[column, window] = len(place_of)
    grouped: dict[tuple[LearnedKey, bool], list[int]] = {}
    for key, is_unordered, column in every:
        grouped.setdefault((key, is_unordered), []).append(column)
    return _Scheme(
        seconds,
        tuple((key, is_unordered, np.array(columns)) for (key, is_unordered), columns in grouped.items()),
        windows,
        tuple(
            _Place(member, need.rows([place_of[number[source], window] for source, window in need.columns]))
            for member, need in needs.items()
        ),
    )


@dataclass(frozen=True)
class _Needs:
    """What one member looks at."""

    columns: list[tuple[Source, Window | None]]
    places: Array
    """Of these in what its model is given."""
    width: int
    """Of what its model is given."""

    def rows(self, found: Sequence[int]) -> Array:
        """For each column that the model is given, where it was `found`; -1 for those that it does not look at."""
        rows = np.full(self.width, -1)
        rows[self.places] = found
        return rows


def _needed(member: Member, names: Mapping[LearnedKey, list[str]]) -> _Needs:
    """Which columns of the design matrix the member's model looks at, in the order in which it is given them."""
    every = _design_columns(member, names)
    _check_width(member, len(every))
    known = np.arange(member.width) if member.columns is None else member.columns
    places = np.arange(len(known))
    if isinstance(member.classifier, SparingClassifier):
        places = member.classifier.used_columns()
    return _Needs([every[column] for column in known[places].tolist()], places, len(known))


def _check_width(member: Member, columns: int) -> None:
    """Raise `HarnessError` where the design matrix has another number of `columns` than it had in training."""
    if columns != member.width:
        sets = ", ".join(choice.name for choice in member.spec.features)
        raise HarnessError(f"{sets}: {columns} columns with their windows, {member.width} when they were learned from")


def _design_columns(member: Member, names: Mapping[LearnedKey, list[str]]) -> list[tuple[Source, Window | None]]:
    """Every column of the member's design matrix: block by block, first without windows, then window by window."""
    preparation, every = member.spec.preparation, []
    windows: list[Window | None] = [None]
    windows += [
        (width, statistic)
        for width in range(len(preparation.window_seconds))
        for statistic in preparation.window_statistics
    ]
    for choice in member.spec.features:
        key = learned_key(choice, preparation)
        own = [(key, is_unordered, column) for is_unordered, column in sources(names[key], preparation.identities)]
        every += [(source, window) for window in windows for source in own]
    return every
