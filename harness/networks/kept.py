"""How a fitted network is kept: its weights and what it learned of its inputs as named arrays, and its parameters."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.files.arrays import arrays_in, bytes_of
from harness.networks.device import CPU
from harness.plugins.sequences import SequenceModel, Series
from harness.recording import Array
from harness.spec import Value

if TYPE_CHECKING:
    from torch import nn

WEIGHTS, SETTINGS = "weights.npz", "settings.json"
"""What a fitted network is kept in: named arrays, and the parameters of its family."""

OF_NETWORK = "network "
"""What the names of a network's own arrays begin with, beside what it learned of its inputs."""


class Kept(ABC):
    """A `SequenceModel` around one network, but for what networks differ in."""

    network: "nn.Module"
    device = CPU
    """Where it learns; it is asked on the processor."""

    def __init__(self, seed: int, settings: Mapping[str, Value]) -> None:
        """`settings` are the family's parameters, with which it makes the same model again."""
        self.seed, self.settings = seed, dict(settings)

    @abstractmethod
    def fit(self, series: Sequence[Series], columns: Sequence[str]) -> Any:
        """As `SequenceModel` has it."""

    @abstractmethod
    def probabilities(self, X: Array, fps: float) -> Array:
        """As `SequenceModel` has it."""

    @abstractmethod
    def learned(self) -> dict[str, Array]:
        """What is kept beside the weights."""

    @abstractmethod
    def rebuilt(self, learned: Mapping[str, Array]) -> "nn.Module":
        """Take what `learned` gave, and give the network that it belongs to, with any weights.

        Raises `KeyError`, `TypeError` or `ValueError` where it is something else.
        """

    def saved(self) -> dict[str, bytes]:
        weights = {f"{OF_NETWORK}{name}": value.numpy() for name, value in self.network.state_dict().items()}
        return {
            WEIGHTS: bytes_of(self.learned() | weights),
            SETTINGS: json.dumps(self.settings, sort_keys=True).encode(),
        }

    def take(self, arrays: Mapping[str, Array]) -> None:
        """Become what was `saved`. Raises what PyTorch and NumPy raise where it is something else."""
        import torch

        weights = {
            name.removeprefix(OF_NETWORK): torch.from_numpy(np.array(value))
            for name, value in arrays.items()
            if name.startswith(OF_NETWORK)
        }
        self.network = self.rebuilt(arrays).eval()
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
    assert isinstance(model, Kept)
    try:
        model.take(arrays_in(files[WEIGHTS]))
    except (KeyError, ValueError, TypeError, RuntimeError) as error:
        first_line, _, _ = str(error).partition("\n")
        raise ValueError(f"{WEIGHTS}: not the weights that are kept there: {first_line}") from error
    return model
