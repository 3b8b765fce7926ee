"""Dilated convolutions over a few seconds of poses: one small network for all behaviors (after Bai et al. 2018)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from harness.networks import Changes, Network, Plan, Schedule, convolutions, loaded
from harness.plugins import SequenceModel, sequence_family

if TYPE_CHECKING:
    from torch import nn

REACH_SECONDS = 3.0

LONGEST_SHIFT = 0.1
"""Seconds by which labels are moved in training."""

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
    windows: str = "1+5",
    channels: int = 32,
    dropout: float = 0.5,
    hidden: float = 0.5,
    passes: int = 60,
) -> SequenceModel:
    """A small network for all behaviors at once: residual dilated convolutions over a few seconds.

    It is given each column `rate` times a second, with its mean and deviation in `windows` of so many seconds (`none`
    adds none), and looks no farther than 3 seconds with all of these. `hidden` is the share of inputs that each chunk
    is shown without in training; `passes` is how often each recording is seen.
    """

    def build(width: int, behaviors: int, reach: int) -> "nn.Module":
        dilations = _dilations(reach)
        return convolutions(width, behaviors, channels=channels, dilations=dilations, dropout=dropout)

    widths = () if windows == "none" else tuple(map(float, windows.split("+")))
    changes = Changes(shift=round(LONGEST_SHIFT * rate), dropped=hidden)
    settings: dict[str, float | str] = {
        "rate": rate,
        "windows": windows,
        "channels": channels,
        "dropout": dropout,
        "hidden": hidden,
        "passes": passes,
    }
    return Network(seed, Plan(rate, widths, REACH_SECONDS, build, Schedule(passes=passes), changes), settings)


def _dilations(reach: int) -> list[int]:
    """Of layers that together look so many steps to each side, or no more than 31."""
    dilations: list[int] = []
    for one in DILATIONS:
        if left := min(one, reach - sum(dilations)):
            dilations.append(left)
    return dilations
