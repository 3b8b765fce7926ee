"""Bootstrap resamples of units: every one there is where units are few, a fixed draw of them where they are many."""

from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement
from math import factorial, prod

import numpy as np

from harness.recording import Array

ENUMERATED_UP_TO = 5
"""With more units than this there are more resamples (462 of six) than it pays to look at, and some are drawn."""

DRAWN = 200
"""How many resamples are drawn where they are not enumerated."""


@dataclass(frozen=True, slots=True)
class Resamples:
    """Draws of as many units as there are, with replacement."""

    draws: Array
    """(resamples, units) int64: how often each unit is drawn."""
    weights: Array
    """(resamples,) float64: the probability of each resample; they sum to one."""

    @property
    def left_out(self) -> Array:
        """(resamples, units) bool: the units that a resample did not draw."""
        return np.asarray(self.draws == 0)


@cache
def resamples(units: int) -> Resamples:
    """The bootstrap resamples of `units` units, the same at every call (Efron 1979).

    Up to five units, every multiset with its multinomial probability: an expectation over them is exact, and no seed
    has a say in it. Above that, 200 draws of equal weight. The arrays are shared, and read-only. Raises `ValueError`
    without units.
    """
    if units < 1:
        raise ValueError(f"resamples of {units} units; 1 unit or more can be drawn from")
    if units > ENUMERATED_UP_TO:
        draws = np.random.default_rng(0).multinomial(units, np.full(units, 1 / units), size=DRAWN)
        weights = np.full(DRAWN, 1 / DRAWN)
    else:
        multisets = combinations_with_replacement(range(units), units)
        draws = np.array([np.bincount(multiset, minlength=units) for multiset in multisets])
        weights = np.array([_orders(draw) for draw in draws]) / units**units
    draws.flags.writeable = weights.flags.writeable = False
    return Resamples(draws, weights)


def _orders(draw: Array) -> int:
    """In how many orders units can be drawn as often as `draw` (units,) says."""
    return factorial(int(draw.sum())) // prod(factorial(int(count)) for count in draw)
