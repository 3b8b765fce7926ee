"""How long and how fast a network learns."""

from dataclasses import dataclass

FEWEST_BATCHES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long and how fast a network learns."""

    passes: int = 60
    """How often, in the mean, each step of the training recordings is shown."""
    length: int = 256
    """Steps of a chunk."""
    batch: int = 16
    """Chunks that are shown at once."""
    learning_rate: float = 2e-3
    """The highest, a sixth of the way through."""
    decay: float = 0.05
    """Of weights (Loshchilov and Hutter 2019)."""
    average: float = 0.99
    """What the moving average of the weights keeps of itself at each batch."""

    def batches(self, steps: int) -> int:
        """How many there are for recordings of so many steps together."""
        return max(FEWEST_BATCHES, round(self.passes * steps / (self.length * self.batch)))
