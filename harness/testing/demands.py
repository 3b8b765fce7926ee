"""What a check says where a plugin does not do what it must."""

import numpy as np

from harness.plugins.contract import Plugin
from harness.recording import Array

TOLERANCE = 1e-4
"""Relative, and a hundredth of it absolute; columns and probabilities are kept as float32."""


def demand(fulfilled: bool, otherwise: str) -> None:
    """Raise `AssertionError`, saying `otherwise`, unless it is fulfilled."""
    if not fulfilled:
        raise AssertionError(otherwise)


def demand_summary(plugin: Plugin) -> None:
    """Demand a docstring, whose first line listings show."""
    demand(bool(plugin.summary), f"{plugin.name}: there is no docstring that says what it is for")


def close(one: Array | float, other: Array | float, tolerance: float = TOLERANCE) -> bool:
    """Whether all values are the same but for rounding; NaN is the same as NaN."""
    return bool(np.allclose(one, other, rtol=tolerance, atol=tolerance / 100, equal_nan=True))


def within_0_and_1(values: Array) -> bool:
    """Whether all values are from 0 to 1."""
    return bool(((np.asarray(values) >= 0) & (np.asarray(values) <= 1)).all())
