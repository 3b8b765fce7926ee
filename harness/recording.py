"""Recordings of tracked animals, the skeleton they were tracked with, and datasets of them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.words import counted, html_table

Array = npt.NDArray[Any]

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
    """One video's tracked poses, and its labels for one behavior where it was annotated.

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
    """Recordings of one group are held out together, as those of the same footage should be; empty: alone."""

    def __post_init__(self) -> None:
        shape = self.keypoints.shape
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
        seen = hashlib.sha256()
        sizes = (self.keypoints.shape, float(self.fps), self.skeleton.keypoints, sorted(self.skeleton.roles.items()))
        place = (self.image_size, self.first_frame, self.session_frames or self.frames)
        seen.update(repr((sizes, place, self.confidence is None)).encode())
        for values in (self.keypoints, self.confidence):
            if values is not None:
                seen.update(np.ascontiguousarray(values, dtype=np.float32).tobytes())
        return seen.hexdigest()

    def cut(self, start: int, stop: int) -> "Recording":
        """Frames `start` to `stop` (exclusive) as a recording of its own that knows its place in the session."""
        return replace(
            self,
            id=f"{self.id}[{start}:{stop}]",
            keypoints=self.keypoints[start:stop],
            labels=None if self.labels is None else self.labels[start:stop],
            confidence=None if self.confidence is None else self.confidence[start:stop],
            first_frame=self.first_frame + start,
            session_frames=self.session_frames or self.frames,
        )


def _digest(recording: Recording) -> str:
    labels = b"" if recording.labels is None else recording.labels.astype(np.int8).tobytes()
    return hashlib.sha256(recording.digest.encode() + labels + recording.group.encode()).hexdigest()


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

    def __repr__(self) -> str:
        behaviors, labelled = counted(len(self.labelled), "behavior"), sum(map(len, self.labelled.values()))
        rest = f"{counted(labelled, 'labelled recording')}, {len(self.unlabelled):,} to label"
        return f"<Dataset {self.name}: {behaviors}, {rest}>"

    def _repr_html_(self) -> str:
        rows = [
            [
                behavior,
                f"{len(recordings):,}",
                f"{sum(one.labelled_frames for one in recordings):,}",
                f"{sum(one.positives for one in recordings):,}",
                f"{sum(one.positives > 0 for one in recordings):,}",
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

    @cached_property
    def digests(self) -> Mapping[str, Mapping[str, str]]:
        """Behavior to recording id to SHA-256 of all that can be learned there: poses and labels.

        What is only to be labelled has no part in it.
        """
        return {
            behavior: {one.id: _digest(one) for one in recordings} for behavior, recordings in self.labelled.items()
        }
