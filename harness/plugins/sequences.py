"""The contract of sequence families: models that see a recording whole, and all behaviors at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from harness.recording import UNKNOWN, Array


@dataclass(frozen=True)
class Series:
    """A recording as a sequence model sees it: its columns frame after frame, and what is known of each frame.

    Raises `ValueError` where the shapes do not agree.
    """

    X: Array
    """(frames, columns) float32, without windows, NaN for missing."""
    labels: Array
    """(frames, behaviors) int8: 1 where a behavior happens, 0 where not, `UNKNOWN` where nobody looked for it."""
    fps: float

    def __post_init__(self) -> None:
        if self.X.ndim != 2 or self.labels.ndim != 2 or len(self.X) != len(self.labels):
            raise ValueError(f"columns {self.X.shape} and labels {self.labels.shape} are not of the same frames")

    @property
    def known(self) -> Array:
        """(frames, behaviors), whether somebody looked."""
        return np.asarray(self.labels != UNKNOWN)


class SequenceModel(Protocol):
    """What a sequence family builds. One thread; the same data and seed give the same probabilities on one machine."""

    def fit(self, series: Sequence[Series], columns: Sequence[str]) -> Any:
        """Learn all behaviors from recordings whose columns are called `columns`; each behavior has a positive frame.

        Raises `FloatingPointError` where it diverges.
        """

    def probabilities(self, X: Array, fps: float) -> Array:
        """(frames, behaviors) of a whole recording's X (frames, columns)."""

    def saved(self) -> Mapping[str, bytes]:
        """File name to content, once it is fitted. Nothing in them is ever run."""


@runtime_checkable
class OnDevice(SequenceModel, Protocol):
    """A sequence model that can learn on a graphics card."""

    device: str
    """`cpu`, or the name that PyTorch has for the card; set before it learns."""


@dataclass(frozen=True)
class Heard:
    """What one model says of one behavior."""

    model: SequenceModel
    output: int
    """Which of the behaviors that it has learned."""

    def probabilities(self, X: Array, fps: float) -> Array:
        """(frames,) of a whole recording's X (frames, columns)."""
        return self.model.probabilities(X, fps)[:, self.output]
