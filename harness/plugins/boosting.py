"""What every library of boosted trees is asked in the same way: its probabilities after some of its rounds."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from harness.recording import Array


class Boosted(ABC):
    """A `SteppedClassifier` but for `after` and `fit`, in which libraries differ."""

    stages: ClassVar[tuple[int, ...]] = (20, 40, 80)
    """Numbers of rounds after which the model can be asked, in growing order; the last is how many are grown."""

    @abstractmethod
    def after(self, rounds: Sequence[int], X: Array) -> Mapping[int, Array]:
        """By each number of `rounds`, some of `stages`: the probability (frames,) of 1 after so many, in their order.

        A stage is the same, bit for bit, whichever others are asked for.
        """

    def staged_probabilities(self, X: Array) -> Mapping[int, Array]:
        return self.after(self.stages, X)

    def probability_after(self, rounds: int, X: Array) -> Array:
        return self.after((rounds,), X)[rounds]

    def predict_proba(self, X: Array) -> Array:
        positive = self.probability_after(self.stages[-1], X)
        return np.stack([1 - positive, positive], axis=1)
