"""A sequence model around a network: what it learned of its inputs, its weights, and how both are kept."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.files.arrays import arrays_in, bytes_of
from harness.networks.chunks import Changes
from harness.networks.inputs import Inputs
from harness.networks.rates import frames_a_step, frames_of, shares_of, steps_of
from harness.networks.schedule import Schedule
from harness.plugins.sequences import SequenceModel, Series
from harness.recording import Array
from harness.spec import Value

if TYPE_CHECKING:
    from torch import nn

WEIGHTS, SETTINGS = "weights.npz", "settings.json"
"""What a fitted network is kept in: named arrays, and the parameters of its family."""

OF_NETWORK = "network "
"""What the names of a network's own arrays begin with, beside those of its inputs."""

SHOWN_AT_ONCE = 4096
"""Steps, when it is asked."""


@dataclass(frozen=True)
class Plan:
    """How a network looks and learns."""

    rate: float
    """Steps a second."""
    reach_seconds: float
    """What a probability depends on, to each side."""
    build: Callable[[int, int, int], "nn.Module"]
    """From the width of the inputs, a number of behaviors, and how many steps it may look to each side, to a network
    that has not learned."""
    schedule: Schedule
    changes: Changes


class Network:
    """A `SequenceModel` that looks at a few steps a second, between which frames are told on a straight line."""

    inputs: Inputs
    network: "nn.Module"
    behaviors: int
    reach: int
    """Steps."""

    def __init__(self, seed: int, plan: Plan, settings: Mapping[str, Value]) -> None:
        """`settings` are the family's parameters, with which it makes the same plan again."""
        self.seed, self.plan, self.settings = seed, plan, dict(settings)

    def fit(self, series: Sequence[Series], columns: Sequence[str]) -> "Network":
        from harness.networks.training import train

        del columns  # any will do
        paces = [frames_a_step(one.fps, self.plan.rate) for one in series]
        seen = [steps_of(one.X, pace) for one, pace in zip(series, paces, strict=True)]
        shares = [shares_of(one.labels, pace) for one, pace in zip(series, paces, strict=True)]
        self.inputs, self.behaviors = Inputs.learned(seen), shares[0].shape[1]
        # Of the slowest camera, whose steps are the longest: there a network may see no farther than elsewhere.
        self.reach = int(self.plan.reach_seconds * min(one.fps / pace for one, pace in zip(series, paces, strict=True)))
        self.network = train(
            lambda: self.plan.build(self.inputs.width, self.behaviors, self.reach),
            list(map(self.inputs.of, seen)),
            shares,
            schedule=self.plan.schedule,
            changes=self.plan.changes,
            seed=self.seed,
        )
        return self

    def probabilities(self, X: Array, fps: float) -> Array:
        from harness.networks.training import log_odds

        pace = frames_a_step(fps, self.plan.rate)
        said = log_odds(self.network, self.inputs.of(steps_of(X, pace)), SHOWN_AT_ONCE, self.reach)
        return np.asarray(1 / (1 + np.exp(-frames_of(said, pace, len(X)))), dtype=np.float32)

    def saved(self) -> dict[str, bytes]:
        weights = {f"{OF_NETWORK}{name}": value.numpy() for name, value in self.network.state_dict().items()}
        sizes = {"behaviors": np.array(self.behaviors), "reach": np.array(self.reach)}
        return {
            WEIGHTS: bytes_of(self.inputs.as_arrays() | weights | sizes),
            SETTINGS: json.dumps(self.settings, sort_keys=True).encode(),
        }

    def _take(self, arrays: Mapping[str, Array]) -> None:
        """Raises what PyTorch and NumPy raise where these are not the arrays of such a network."""
        import torch

        self.inputs = Inputs.from_arrays(arrays)
        self.behaviors, self.reach = int(arrays["behaviors"]), int(arrays["reach"])
        weights = {
            name.removeprefix(OF_NETWORK): torch.from_numpy(np.array(value))
            for name, value in arrays.items()
            if name.startswith(OF_NETWORK)
        }
        self.network = self.plan.build(self.inputs.width, self.behaviors, self.reach).eval()
        self.network.load_state_dict(weights)


def loaded(files: Mapping[str, bytes], make: Callable[..., SequenceModel]) -> SequenceModel:
    """The fitted network that `saved` gave; `make` is its family's function.

    Raises `ValueError` where the files are something else.
    """
    if set(files) != {WEIGHTS, SETTINGS}:
        raise ValueError(f"kept in {', '.join(sorted(files)) or 'no file'}, expected {SETTINGS} and {WEIGHTS}")
    try:
        settings = json.loads(files[SETTINGS])
        model = make(0, **settings)
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"{SETTINGS}: not the parameters of the family: {error}") from error
    assert isinstance(model, Network)
    try:
        model._take(arrays_in(files[WEIGHTS]))
    except (KeyError, ValueError, TypeError, RuntimeError) as error:
        raise ValueError(
            f"{WEIGHTS}: not the weights that are kept there: {str(error).partition(chr(10))[0]}"
        ) from error
    return model


def convolutions(width: int, behaviors: int, *, channels: int, dilations: Sequence[int], dropout: float) -> "nn.Module":
    """A network that has not learned: residual dilated convolutions over time, one output a behavior."""
    from harness.networks.nets import TemporalConvolution

    return TemporalConvolution(width, behaviors, channels, dilations, dropout)
