"""How long and how fast a network learns."""

from dataclasses import dataclass

FEWEST_BATCHES = 200

MOST_BATCHES = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long and how fast a network learns."""

    passes: int = 60
    """How often, in the mean, each step of the training recordings is shown."""
    length: int = 256
    """Steps of a chunk."""
    batch: int = 8
    """Chunks that are shown at once."""
    learning_rate: float = 4e-3
    """The highest, a sixth of the way through."""
    decay: float = 0.05
    """Of weights (Loshchilov and Hutter 2019)."""
    average: float = 0.99
    """What the moving average of the weights keeps of itself at each batch."""

    def batches(self, steps: int) -> int:
        """How many there are for recordings of so many steps together: of many recordings fewer passes are enough."""
        wanted = round(self.passes * steps / (self.length * self.batch))
        return min(max(wanted, FEWEST_BATCHES), MOST_BATCHES)
