"""Dilated convolutions over a few seconds of poses: one small network for all behaviors (after Bai et al. 2018)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from harness.networks import Changes, Network, Plan, Schedule, convolutions, loaded
from harness.plugins import SequenceModel, sequence_family

if TYPE_CHECKING:
    from torch import nn

LONGEST_SHIFT = 0.1
"""Seconds by which labels are moved in training."""

REACH_SECONDS = 2.5

DILATIONS = (1, 2, 4, 8, 16)

INPUTS = (("egocentric_pose", "kinematics", "social_geometry"), ("pair_vectors", "social_geometry"))


def load(files: Mapping[str, bytes]) -> SequenceModel:
    """A fitted network from plain arrays."""
    return loaded(files, temporal_convolution)


@sequence_family("temporal_convolution", load=load, inputs=INPUTS, reach_seconds=REACH_SECONDS, package="torch")
def temporal_convolution(
    seed: int,
    *,
    rate: float = 15.0,
    channels: int = 32,
    layers: int = 5,
    dropout: float = 0.2,
    hidden: float = 0.3,
    passes: int = 40,
) -> SequenceModel:
    """A small network for all behaviors at once: residual dilated convolutions over a few seconds.

    `rate` is steps a second; each of the `layers` looks twice as wide as the one before, as long as all together look
    no farther than 2.5 seconds; `hidden` is the share of columns hidden from each chunk in training, and `passes` is
    how often each recording is seen.
    """

    def build(width: int, behaviors: int, reach: int) -> "nn.Module":
        dilations = _dilations(layers, reach)
        return convolutions(width, behaviors, channels=channels, dilations=dilations, dropout=dropout)

    changes = Changes(shift=round(LONGEST_SHIFT * rate), dropped=hidden)
    settings = {
        "rate": rate,
        "channels": channels,
        "layers": layers,
        "dropout": dropout,
        "hidden": hidden,
        "passes": passes,
    }
    return Network(seed, Plan(rate, REACH_SECONDS, build, Schedule(passes=passes), changes), settings)


def _dilations(layers: int, reach: int) -> list[int]:
    """Of so many layers, which together look no more than `reach` steps to each side."""
    dilations: list[int] = []
    for one in DILATIONS[:layers]:
        if left := min(one, reach - sum(dilations)):
            dilations.append(left)
    return dilations
