"""The contract of writers: what recordings were labelled as, and how the formats are found that this is written in.

A writer is one decorated class in one file. It is made for a folder and what is labelled, is given each recording once,
one after the other, and then told that there are no more. The file being in `harness/labelling/writers` registers it; a
file of the user's own is loaded by its path.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from harness.errors import HarnessError
from harness.recording import SCENE, Array, Recording, seen_id
from harness.scores.metrics import runs


@dataclass(frozen=True, slots=True, eq=False)
class Act:
    """What one animal, or one pair, was found to do of a behavior; or what happens, where it is of nobody."""

    behavior: str
    agent: str
    """Who does it; empty where the behavior is of the scene."""
    target: str
    """To whom; the agent where the behavior is of one animal alone, empty where it is of the scene."""
    labels: Array
    """int8 (frames,), 0 or 1."""
    probability: Array
    """float32 (frames,), neither smoothed nor cut."""
    threshold: float
    """From where on it counts."""

    @property
    def bouts(self) -> tuple[tuple[int, int], ...]:
        """Start and stop (exclusive), in frames."""
        return runs(self.labels == 1)

    @property
    def receiver(self) -> str:
        """The target where it is another animal; else empty, as tables have it."""
        return self.target if self.target != self.agent else ""

    def id_in(self, recording: Recording) -> str:
        """The id of what it was found in: the recording, or what it is as seen from its animals."""
        return recording.id if recording.agent or not self.agent else seen_id(recording.id, self.agent, self.target)

    def certainty(self, start: int, stop: int) -> float:
        """The mean probability from `start` to `stop`."""
        return float(np.mean(self.probability[start:stop]))


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """A recording and what was found in it."""

    recording: Recording
    acts: tuple[Act, ...]
    """Of each behavior, one for every animal or pair that it can be of."""

    @property
    def bouts(self) -> list[tuple[int, int, Act]]:
        """Start, stop (exclusive) and whose it is, by start."""
        every = [(start, stop, act) for act in self.acts for start, stop in act.bouts]
        return sorted(every, key=lambda bout: bout[:2])


def video_file(recording: Recording) -> str:
    """What its video is called, as far as its name tells."""
    return f"{recording.id}.mp4"


class Writer(Protocol):
    """Writes to a folder what was found in recordings."""

    def add(self, one: Labelled) -> None:
        """Write what was found in one; ids of recordings are names that files can have."""

    def finish(self) -> None:
        """Write what is of all of them; none follows."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a writer is to write."""

    folder: Path
    """Its files go there, and are named after recordings or after the format; other formats' files may be beside."""
    scopes: Mapping[str, str]
    """Behavior to whom it is of, one of `harness.recording.SCOPES`."""
    recordings: Sequence[Recording]
    """All that will come, in that order."""

    @property
    def has_agents(self) -> bool:
        """Whether any behavior is of an animal or a pair."""
        return any(scope != SCENE for scope in self.scopes.values())


@dataclass(frozen=True, slots=True)
class Format:
    """What all formats have."""

    name: str
    summary: str
    """What is written, for whom, in a line."""
    make: Callable[[Asked], Writer]
    """Raises `HarnessError` where the format cannot hold what is asked, before anything is labelled."""
    needs: tuple[str, ...] = ()
    """Modules that it is written with, which may not be there."""
    extra: str = ""
    """The extra of the package that brings these."""


LABEL_WRITERS: dict[str, Format] = {}
"""By name; of one name the last counts."""

WriterClass = Callable[[Asked], Writer]


def label_writer(
    name: str, *, summary: str, needs: Sequence[str] = (), extra: str = ""
) -> Callable[[WriterClass], WriterClass]:
    """Register a class, made from an `Asked`, as the format `name`; see `Format`."""

    def register(make: WriterClass) -> WriterClass:
        known = LABEL_WRITERS.get(name)
        if known is not None and known.make.__module__ != make.__module__:
            raise HarnessError(f"format {name!r} is registered twice; rename one of them")
        LABEL_WRITERS[name] = Format(name, summary, make, tuple(needs), extra)
        return make

    return register
