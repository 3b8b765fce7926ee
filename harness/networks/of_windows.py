"""A network over windows: it sees the poses around one frame at a time, turned and moved at random as it learns."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from harness.networks.kept import Kept
from harness.networks.rates import Stepped, frames_a_step, steps_of
from harness.networks.schedule import Schedule
from harness.networks.windows import Windows, padded, pairs_of
from harness.plugins.sequences import Series
from harness.recording import Array
from harness.spec import Value

if TYPE_CHECKING:
    from torch import nn

RATE = 30.0
"""Steps a second: those of the challenge, whose windows are of 50 frames to each side."""

RADIUS = 50

RAREST = 100.0
"""So often at most a positive frame counts; the challenge weighs its rarest behavior so."""

ASKED_EVERY = 2
"""Steps: between two that are asked, probabilities lie on a straight line."""

ASKED_AT_ONCE = 512


class WindowNetwork(Kept):
    """The `SequenceModel` of MABe 2021's baseline: poses as fractions of the picture, 50 frames to each side."""

    behaviors: int
    radius: int
    """Steps, as long as 50 frames of the challenge or shorter."""
    width: int

    def __init__(
        self, seed: int, dropout: float, schedule: Schedule, windows: int, settings: Mapping[str, Value]
    ) -> None:
        """`windows` is how many it is shown."""
        super().__init__(seed, settings)
        self.dropout, self.schedule, self.windows = dropout, schedule, windows

    def fit(self, series: Sequence[Series], columns: Sequence[str]) -> "WindowNetwork":
        from harness.networks.training import train

        stepped = Stepped.of(series, RATE)
        self.radius = max(1, min(RADIUS, round(RADIUS / RATE * min(stepped.rates))))
        self.behaviors, self.width = stepped.behaviors, len(columns)
        windows = Windows(stepped.seen, stepped.shares, self.radius, pairs_of(columns), self.seed)
        self.network = train(
            self._built,
            windows.batch,
            batches=-(-self.windows // self.schedule.batch),
            weight=np.minimum(stepped.rarity, RAREST),
            schedule=self.schedule,
            seed=self.seed,
            device=self.device,
        )
        return self

    def probabilities(self, X: Array, fps: float) -> Array:
        from harness.networks.training import log_odds_of_windows

        pace = frames_a_step(fps, RATE)
        poses = np.nan_to_num(padded(steps_of(X, pace), self.radius))
        said = log_odds_of_windows(self.network, poses, 2 * self.radius + 1, ASKED_EVERY, ASKED_AT_ONCE)
        # What is asked every so many steps stands for the middle of these, less half a step.
        at = np.arange(len(X)) / (pace * ASKED_EVERY) - (pace - 1) / (2 * pace * ASKED_EVERY)
        found = np.stack([np.interp(at, np.arange(len(said)), column) for column in said.T], axis=1)
        return np.asarray(1 / (1 + np.exp(-found)), dtype=np.float32)

    def _built(self) -> "nn.Module":
        from harness.networks.nets import Baseline

        return Baseline(self.width, self.behaviors, 2 * self.radius + 1, self.dropout)

    def learned(self) -> dict[str, Array]:
        sizes = {"behaviors": self.behaviors, "radius": self.radius, "width": self.width}
        return {name: np.array(value) for name, value in sizes.items()}

    def rebuilt(self, learned: Mapping[str, Array]) -> "nn.Module":
        self.behaviors, self.radius, self.width = (int(learned[name]) for name in ("behaviors", "radius", "width"))
        return self._built()
