"""A network over steps: it sees a few of them a second, all columns at once, and tells of each what happens."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.columns.windows import with_windows
from harness.networks.chunks import Changes, Chunks
from harness.networks.inputs import Inputs
from harness.networks.kept import Kept
from harness.networks.rates import Stepped, frames_a_step, frames_of, steps_of
from harness.networks.schedule import Schedule
from harness.plugins.sequences import Series
from harness.recording import Array
from harness.spec import Value

if TYPE_CHECKING:
    from torch import nn

STATISTICS = ("mean", "std")

SHOWN_AT_ONCE = 4096
"""Steps, when it is asked."""


@dataclass(frozen=True)
class Plan:
    """How a network over steps looks and learns."""

    rate: float
    """Steps a second."""
    windows: tuple[float, ...]
    """Widths in seconds of centered windows, of which each column's mean and deviation are inputs too."""
    reach_seconds: float
    """What a probability depends on, to each side."""
    build: Callable[[int, int, int], "nn.Module"]
    """From the width of the inputs, a number of behaviors, and how many steps it may look to each side, to a network
    that has not learned."""
    schedule: Schedule
    changes: Changes


class Network(Kept):
    """A `SequenceModel` that sees a few steps a second, between which frames are told on a straight line."""

    inputs: Inputs
    behaviors: int
    reach: int
    """Steps."""

    def __init__(self, seed: int, plan: Plan, settings: Mapping[str, Value]) -> None:
        super().__init__(seed, settings)
        self.plan = plan

    def fit(self, series: Sequence[Series], columns: Sequence[str]) -> "Network":
        from harness.networks.training import train

        del columns  # any will do
        stepped = Stepped.of(series, self.plan.rate)
        schedule = self.plan.schedule
        batches = schedule.batches(stepped.steps)
        # What comes next takes the place of what it is made of, so that little is in memory twice.
        seen = [self._with_windows(stepped.seen.pop(0), rate) for rate in stepped.rates]
        self.inputs, self.behaviors = Inputs.learned(seen), stepped.behaviors
        # Where a camera is slow, steps are long: there a network may see no farther than elsewhere.
        self.reach = int((self.plan.reach_seconds - max(self.plan.windows, default=0.0) / 2) * min(stepped.rates))
        given = [self.inputs.of(seen.pop(0)) for _ in range(len(seen))]
        chunks = Chunks(given, stepped.shares, schedule.length, self.plan.changes, self.seed)
        self.network = train(
            lambda: self.plan.build(self.inputs.width, self.behaviors, self.reach),
            chunks.batch,
            batches=batches,
            weight=np.sqrt(stepped.rarity),
            schedule=schedule,
            seed=self.seed,
            device=self.device,
        )
        return self

    def probabilities(self, X: Array, fps: float) -> Array:
        from harness.networks.training import log_odds

        pace = frames_a_step(fps, self.plan.rate)
        given = self.inputs.of(self._with_windows(steps_of(X, pace), fps / pace))
        said = log_odds(self.network, given, SHOWN_AT_ONCE, self.reach)
        return np.asarray(1 / (1 + np.exp(-frames_of(said, pace, len(X)))), dtype=np.float32)

    def _with_windows(self, steps: Array, rate: float) -> Array:
        """The columns and what their windows give, at so many steps a second: (steps, columns) to more columns."""
        return with_windows(steps, rate, self.plan.windows, STATISTICS)

    def learned(self) -> dict[str, Array]:
        return self.inputs.as_arrays() | {"behaviors": np.array(self.behaviors), "reach": np.array(self.reach)}

    def rebuilt(self, learned: Mapping[str, Array]) -> "nn.Module":
        self.inputs = Inputs.from_arrays(learned)
        self.behaviors, self.reach = int(learned["behaviors"]), int(learned["reach"])
        return self.plan.build(self.inputs.width, self.behaviors, self.reach)


def convolutions(width: int, behaviors: int, *, channels: int, dilations: Sequence[int], dropout: float) -> "nn.Module":
    """A network that has not learned: residual dilated convolutions over time, one output a behavior."""
    from harness.networks.nets import TemporalConvolution

    return TemporalConvolution(width, behaviors, channels, dilations, dropout)
