"""Recordings of tracked animals, and the skeleton they were tracked with."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.arena import Arena
from harness.words import numbered

Array = npt.NDArray[Any]

ONE, PAIR, SCENE = "one", "pair", "scene"
SCOPES = (ONE, PAIR, SCENE)
"""Whom a behavior is of: one animal, an ordered pair (agent and target), or nobody in particular."""

ROLES = ("nose", "left_ear", "right_ear", "neck", "left_hip", "right_hip", "tail_base")
"""Places on the body that features may ask for by name."""


@dataclass(frozen=True)
class Skeleton:
    """Keypoint names in the order of the files, and which of them play the roles that features ask for."""

    keypoints: tuple[str, ...]
    roles: Mapping[str, int] = field(default_factory=dict)
    """Role (one of `ROLES`) to index in `keypoints`."""

    @classmethod
    def unnamed(cls, parts: int) -> "Skeleton":
        """A skeleton of which only the number of keypoints is known; nothing has a role."""
        return cls(tuple(f"keypoint_{i}" for i in range(parts)))

    def lacking(self, roles: tuple[str, ...]) -> list[str]:
        """The roles among `roles` that no keypoint plays."""
        return [role for role in roles if role not in self.roles]

    @property
    def front(self) -> int:
        """The keypoint nearest to the front that has a role; the first keypoint where none has."""
        return next((self.roles[r] for r in ("nose", "neck") if r in self.roles), 0)

    @property
    def rear(self) -> int:
        """The keypoint at the rear that has a role; the last keypoint where none has."""
        return self.roles.get("tail_base", len(self.keypoints) - 1)


UNKNOWN = -1
"""The label of a frame that nobody looked at."""

CALMS21 = Skeleton(ROLES, {role: index for index, role in enumerate(ROLES)})
"""The seven keypoints of CalMS21 (Sun et al. 2021) in array order."""


@dataclass(frozen=True, eq=False)
class Recording:
    """One video's tracked poses, and its labels for one behavior where it was annotated; or one example of it, which is
    the video as one agent, or one agent and target, see it.

    Raises `ValueError` where the shapes do not agree.
    """

    id: str
    keypoints: Array
    """float32 (frames, animal, xy, part) in pixels; NaN where the tracker saw nothing."""
    skeleton: Skeleton
    fps: float = 30.0
    labels: Array | None = None
    """int8 (frames,), 1 where the behavior happens, 0 where it does not, `UNKNOWN` where nobody looked; None for a
    recording that is only to be labelled."""
    confidence: Array | None = None
    """float32 (frames, animal, part), the tracker's own; None where it gave none."""
    image_size: tuple[int, int] | None = None
    """Width and height in pixels."""
    first_frame: int = 0
    """Where this piece begins in the session it was cut from."""
    session_frames: int = 0
    """How long that session is; 0 stands for `frames`."""
    group: str = ""
    """The animal, cage or day that it is of: what has one group is held out together; empty: a group of its own."""
    footage: str = ""
    """The same for recordings that show the same footage, which are never told apart; empty: none does."""
    film: str = ""
    """The id of the recording that this is an example of, or was cut from; empty where it is one itself."""
    names: tuple[str, ...] = ()
    """Of the animals, in the order of the keypoints; none where they have no names."""
    agent: str = ""
    """Who does it, in an example of a behavior of one animal or of a pair: animal 0 of the keypoints."""
    target: str = ""
    """To whom it is done: animal 1 of the keypoints; the agent where the behavior is of one animal alone."""
    others: tuple[Array, ...] = ()
    """float32 (frames, xy, part) of each animal that is neither agent nor target, in no order that means anything."""
    whole: "Recording | None" = None
    """What this is an example of, as long as its poses are those of that."""
    pixels_per_cm: float | None = None
    arena: Arena | None = None
    """Where animals can be, in pixels."""
    about: Mapping[str, str] = field(default_factory=dict)
    """What else is known of it, such as the treatment; column to value of `recordings.csv`."""

    def __post_init__(self) -> None:
        shape = self.keypoints.shape
        if self.whole is not None and not np.may_share_memory(self.keypoints, self.whole.keypoints):
            object.__setattr__(self, "whole", None)
        if len(shape) != 4 or shape[2] != 2 or shape[3] != len(self.skeleton.keypoints):
            raise ValueError(f"{self.id}: keypoints {shape} do not fit {len(self.skeleton.keypoints)} parts")
        if self.labels is not None and self.labels.shape != (shape[0],):
            raise ValueError(f"{self.id}: labels {self.labels.shape} for {shape[0]} frames")
        if self.confidence is not None and self.confidence.shape != (shape[0], shape[1], shape[3]):
            raise ValueError(f"{self.id}: confidence {self.confidence.shape} for keypoints {shape}")

    @property
    def frames(self) -> int:
        return int(self.keypoints.shape[0])

    @property
    def animals(self) -> int:
        return int(self.keypoints.shape[1])

    @property
    def source_id(self) -> str:
        """The id of the recording that this is an example of, or was cut from, or is."""
        return self.film or self.id

    @property
    def video(self) -> "Recording":
        """The recording that this is an example of; itself where it is none."""
        return self if self.whole is None else self.whole

    @property
    def scope(self) -> str:
        """Which of `SCOPES` its behaviors are of."""
        if not self.agent:
            return SCENE
        return ONE if self.agent == self.target else PAIR

    @property
    def animal_names(self) -> tuple[str, ...]:
        """`names`, or `animal1` and so on where the animals have none."""
        return self.names or numbered("animal", self.animals)

    @property
    def held_with(self) -> tuple[tuple[str, str], ...]:
        """What it has in common with others that are to be held out together with it: kind and name."""
        kinds = (("film", self.source_id), ("footage", self.footage), ("group", self.group))
        return tuple((kind, name) for kind, name in kinds if name)

    def examples(self, scope: str) -> "tuple[Recording, ...]":
        """The recording as behaviors of that scope see it: from each animal, from each ordered pair, or as it is.

        An example is the only one of its own scope, and has none of another.
        """
        if self.agent:
            return (self,) if self.scope == scope else ()
        names = self.animal_names
        if scope == SCENE:
            return (self,)
        if scope == ONE:
            return tuple(self.seen_from(name, name) for name in names)
        return tuple(self.seen_from(one, other) for one in names for other in names if one != other)

    def count_examples(self, scope: str) -> int:
        """How many `examples` there are."""
        if self.agent:
            return int(self.scope == scope)
        return {SCENE: 1, ONE: self.animals, PAIR: self.animals * (self.animals - 1)}[scope]

    def seen_from(self, agent: str, target: str, labels: Array | None = None) -> "Recording":
        """The recording as an act of `agent` on `target` sees it: these first, the others after.

        An act of one animal alone has its agent for a target, and sees it twice. No pose is copied. Raises `ValueError`
        where there is no such animal.
        """
        names = self.animal_names
        seen = _Seen(self, names.index(agent), names.index(target))
        return replace(
            self,
            id=seen_id(self.id, agent, target),
            labels=labels,
            film=self.source_id,
            names=(agent, target),
            agent=agent,
            target=target,
            whole=self,
            **seen.arrays(),
        )

    def __getstate__(self) -> dict[str, Any]:
        # Examples of a recording are sent together, and its poses once.
        kept_by_whole = self._seen.arrays().keys() if self._seen else ()
        return {name: value for name, value in self.__dict__.items() if name not in kept_by_whole}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if "keypoints" not in state:
            seen = _Seen(state["whole"], *(state["whole"].animal_names.index(name) for name in state["names"]))
            self.__dict__.update(seen.arrays())

    @property
    def _seen(self) -> "_Seen | None":
        """How its arrays come from those of `whole`; None where they are others."""
        if self.whole is None:
            return None
        one, other = self.confidence, self.whole.confidence
        if (one is None) != (other is None) or (one is not None and not np.may_share_memory(one, other)):
            return None
        return _Seen(self.whole, *map(self.whole.animal_names.index, self.names))

    @property
    def known_labels(self) -> Array:
        """`labels` of a recording that has some. Raises `ValueError` for one that nobody annotated."""
        if self.labels is None:
            raise ValueError(f"{self.id} has no labels")
        return self.labels

    @property
    def positives(self) -> int:
        """Labelled frames on which the behavior happens."""
        return 0 if self.labels is None else int((self.labels == 1).sum())

    @property
    def labelled_frames(self) -> int:
        """Frames that somebody looked at."""
        return 0 if self.labels is None else int((self.labels != UNKNOWN).sum())

    @cached_property
    def seen(self) -> bool:
        """Whether the tracker saw anything at all, on any frame."""
        return not bool(np.isnan(self.keypoints).all())

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything features can see: poses and what they were filmed with, not the labels."""
        found = hashlib.sha256()
        sizes = (self.keypoints.shape, float(self.fps), self.skeleton.keypoints, sorted(self.skeleton.roles.items()))
        place = (self.image_size, self.first_frame, self.session_frames or self.frames)
        found.update(repr((sizes, place, self.confidence is None)).encode())
        if self.pixels_per_cm is not None or self.arena is not None:
            found.update(repr((self.pixels_per_cm, self.arena)).encode())
        if (seen := self._seen) is not None:
            found.update(f"{seen.whole.digest} {seen.agent} {seen.target}".encode())
            return found.hexdigest()
        for values in (self.keypoints, self.confidence, *self.others):
            if values is not None:
                found.update(np.ascontiguousarray(values, dtype=np.float32).tobytes())
        return found.hexdigest()

    def cut(self, start: int, stop: int) -> "Recording":
        """Frames `start` to `stop` (exclusive) as a recording of its own that knows its place in the session."""
        return replace(
            self,
            id=f"{self.id}[{start}:{stop}]",
            keypoints=self.keypoints[start:stop],
            labels=None if self.labels is None else self.labels[start:stop],
            confidence=None if self.confidence is None else self.confidence[start:stop],
            others=tuple(other[start:stop] for other in self.others),
            film=self.source_id,
            whole=None,
            first_frame=self.first_frame + start,
            session_frames=self.session_frames or self.frames,
        )


def seen_id(film: str, agent: str, target: str) -> str:
    """The id of the recording `film` as these animals see it."""
    return f"{film} ({agent} to {target})" if agent != target else f"{film} ({agent})"


@dataclass(frozen=True, slots=True)
class _Seen:
    """Where in a recording the arrays of an example are."""

    whole: Recording
    agent: int
    target: int

    def arrays(self) -> dict[str, Any]:
        """Views of the recording's: `keypoints`, `confidence`, `others`."""
        whole = self.whole
        rest = [animal for animal in range(whole.animals) if animal not in (self.agent, self.target)]
        return {
            "keypoints": self._of(whole.keypoints),
            "confidence": None if whole.confidence is None else self._of(whole.confidence),
            "others": tuple(whole.keypoints[:, animal] for animal in rest),
        }

    def _of(self, values: Array) -> Array:
        """Agent and target alone (frames, 2, ...), without a copy."""
        first, last = sorted((self.agent, self.target))
        if first == last:
            return np.broadcast_to(values[:, first : first + 1], (len(values), 2, *values.shape[2:]))
        both = values[:, first : last + 1 : last - first]
        return both if first == self.agent else both[:, ::-1]


def groups_of(recordings: Sequence[Recording]) -> list[tuple[int, ...]]:
    """The places of recordings that are held out together (`Recording.held_with`), in the order of their first ones."""
    before = list(range(len(recordings)))  # of each place one of its group that is no later, itself where it is first

    def first(place: int) -> int:
        while before[place] != place:
            before[place] = place = before[before[place]]
        return place

    known: dict[tuple[str, str], int] = {}
    for index, recording in enumerate(recordings):
        for key in recording.held_with:
            low, high = sorted((first(known.setdefault(key, index)), first(index)))
            before[high] = low
    groups: dict[int, list[int]] = {}
    for index in range(len(recordings)):
        groups.setdefault(first(index), []).append(index)
    return list(map(tuple, groups.values()))
