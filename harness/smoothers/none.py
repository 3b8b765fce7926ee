"""No smoothing."""

from harness.plugins import smoother
from harness.recording import Array


@smoother("none")
def none(probabilities: Array, fps: float) -> Array:
    """The probabilities as they are."""
    return probabilities
