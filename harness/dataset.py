"""Datasets: labelled recordings by behavior, and what is to be labelled."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from harness.recording import SCENE, Array, Recording, Skeleton
from harness.words import counted, html_table


@dataclass(frozen=True, repr=False)
class Dataset:
    """Labelled recordings by behavior, and the recordings to be labelled."""

    name: str
    labelled: Mapping[str, tuple[Recording, ...]]
    unlabelled: tuple[Recording, ...]
    """The test recordings: poses only."""
    truth: Mapping[str, Mapping[str, Array]] = field(default_factory=dict)
    """Behavior to recording id to labels, where the files hold a labelled test set. For scoring only."""
    source: Path | None = None
    """The folder that it was read from; None where it was made otherwise."""
    assumed: tuple[str, ...] = ()
    """What its files do not say and was taken for granted, in words."""
    notes: tuple[str, ...] = ()
    """What was found in its files and somebody should know, a line each."""
    scopes: Mapping[str, str] = field(default_factory=dict)
    """Behavior to which of `SCOPES` it is of; those that are not named are of the scene."""
    exclusive: bool = False
    """Whether an agent does one thing at a time to a target: no two behaviors of the same ones hold on one frame."""

    def __repr__(self) -> str:
        behaviors = counted(len(self.labelled), "behavior")
        return f"<Dataset {self.name}: {behaviors}, {self.labelled_in_words}, {len(self.unlabelled):,} to label>"

    def _repr_html_(self) -> str:
        rows = [
            [
                behavior,
                f"{len({one.source_id for one in recordings}):,}",
                f"{sum(one.labelled_frames for one in recordings):,}",
                f"{sum(one.positives for one in recordings):,}",
                f"{len({one.source_id for one in recordings if one.positives}):,}",
            ]
            for behavior, recordings in self.labelled.items()
        ]
        frames = sum(one.frames for one in self.unlabelled)
        rest = f"{counted(len(self.unlabelled), 'recording')} to label, {counted(frames, 'frame')}"
        header = ("behavior", "labelled recordings", "frames", "positive frames", "recordings that show it")
        return html_table(header, rows, f"{self.name}: {counted(len(self.labelled), 'behavior')}; {rest}")

    @property
    def skeleton(self) -> Skeleton:
        return self.any_recording.skeleton

    @property
    def any_recording(self) -> Recording:
        return next(iter(self.labelled.values()))[0]

    @property
    def every_labelled(self) -> list[Recording]:
        """The labelled recordings or examples of all behaviors."""
        return [one for recordings in self.labelled.values() for one in recordings]

    @property
    def labelled_in_words(self) -> str:
        """How many recordings are labelled, and of how many animals and pairs where behaviors are of these."""
        every = self.every_labelled
        films = {one.source_id for one in every if one.scope != SCENE}
        recordings = counted(len(films) + sum(one.scope == SCENE for one in every), "labelled recording")
        return f"{recordings} ({counted(len(every), 'example')} of animals and pairs)" if films else recordings

    def scope(self, behavior: str) -> str:
        """Which of `SCOPES` the behavior is of."""
        return self.scopes.get(behavior, SCENE)

    def to_label(self, behavior: str) -> tuple[Recording, ...]:
        """What is to be labelled, as the behavior sees it: an example for each animal or pair."""
        return tuple(example for one in self.unlabelled for example in one.examples(self.scope(behavior)))

    @cached_property
    def digests(self) -> Mapping[str, Mapping[str, str]]:
        """Behavior to recording id to SHA-256 of all that can be learned there: poses and labels.

        What is only to be labelled has no part in it.
        """
        return {
            behavior: {one.id: _digest(one) for one in recordings} for behavior, recordings in self.labelled.items()
        }


def _digest(recording: Recording) -> str:
    labels = b"" if recording.labels is None else recording.labels.astype(np.int8).tobytes()
    held_with = recording.footage + (f" group {recording.group}" if recording.group else "")
    return hashlib.sha256(recording.digest.encode() + labels + held_with.encode()).hexdigest()
