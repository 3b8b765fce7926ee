"""No smoothing."""

from harness.recording import Array
from harness.registry import smoother


@smoother("none")
def none(probabilities: Array, fps: float) -> Array:
    """The probabilities as they are."""
    return probabilities
