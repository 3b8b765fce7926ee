"""Arrays that JSON has as lists in lists."""

import numpy as np

from harness.recording import Array


def nested_numbers(values: object, axes: int, name: str) -> Array:
    """float32 of lists in lists of numbers, NaN for null. Raises `ValueError`, in words, where they are none."""
    if not isinstance(values, list):
        raise ValueError(f"{name} is no list, expected {axes} lists in one another")
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            found = np.asarray(values, dtype=np.float32)
    except (ValueError, TypeError, OverflowError) as error:
        expected = f"expected {axes} lists in one another, each as long as the others beside it, of numbers"
        raise ValueError(f"{name} is something else, {expected}") from error
    if found.ndim != axes:
        raise ValueError(f"{name} is {found.shape}, expected {axes} axes")
    return found
