"""What every smoother must do."""

from collections.abc import Callable
from math import ceil

import numpy as np

from harness.plugins.contract import Smoother
from harness.recording import Array
from harness.testing.demands import close, demand, demand_summary, within_0_and_1

SmootherCheck = Callable[[Smoother, Array, float], None]


def smoother_says_what_it_is_for(smoother: Smoother, probabilities: Array, fps: float) -> None:
    """There is a docstring, whose first line listings show."""
    del probabilities, fps
    demand_summary(smoother)


def keeps_the_length(smoother: Smoother, probabilities: Array, fps: float) -> None:
    """As many values come out as went in, down to a single one."""
    for values in (probabilities, probabilities[:2], probabilities[:1]):
        shape = np.shape(smoother.function(values.copy(), fps))
        demand(shape == values.shape, f"{smoother.name}: {shape} comes out where {values.shape} went in")


def stays_within_0_and_1(smoother: Smoother, probabilities: Array, fps: float) -> None:
    """What comes out are probabilities again, also where those given are 0 and 1."""
    for values in (probabilities, np.round(probabilities)):
        smooth = smoother.function(values.copy(), fps)
        demand(within_0_and_1(smooth), f"{smoother.name}: a value comes out that is not between 0 and 1")


def keeps_what_is_constant(smoother: Smoother, probabilities: Array, fps: float) -> None:
    """A constant stays what it is, at the ends too."""
    for value in (0.0, 0.3, 1.0):
        constant = np.full_like(probabilities, value)
        demand(close(smoother.function(constant.copy(), fps), constant), f"{smoother.name}: changes a constant {value}")


def gives_the_same_values_again(smoother: Smoother, probabilities: Array, fps: float) -> None:
    """The same probabilities give the same values."""
    first, second = (smoother.function(probabilities.copy(), fps) for _ in range(2))
    demand(np.array_equal(first, second), f"{smoother.name}: values differ from one call to the next")


def leaves_the_probabilities_alone(smoother: Smoother, probabilities: Array, fps: float) -> None:
    """The same probabilities are given to every smoother, so none may write to them."""
    given = probabilities.copy()
    smoother.function(given, fps)
    demand(np.array_equal(given, probabilities), f"{smoother.name}: changes the probabilities it was given")


def values_look_no_farther_than_declared(smoother: Smoother, probabilities: Array, fps: float) -> None:
    """A value depends on no frame farther away than `reach_seconds`, rounded up to frames."""
    reach = ceil(smoother.reach_seconds * fps)
    long = np.resize(probabilities, max(len(probabilities), 4 * reach + 40))
    expected = smoother.function(long.copy(), fps)
    for row in (0, len(long) // 2, len(long) - 1):
        far = np.abs(np.arange(len(long)) - row) > reach
        for changed in (1 - long, np.zeros_like(long), np.ones_like(long)):
            value = smoother.function(np.where(far, changed, long), fps)[row]
            demand(close(value, expected[row]), f"{smoother.name}: looks farther than {smoother.reach_seconds} s")


SMOOTHER_CHECKS: tuple[SmootherCheck, ...] = (
    smoother_says_what_it_is_for,
    keeps_the_length,
    stays_within_0_and_1,
    keeps_what_is_constant,
    gives_the_same_values_again,
    leaves_the_probabilities_alone,
    values_look_no_farther_than_declared,
)
