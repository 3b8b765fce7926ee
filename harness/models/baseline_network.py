"""The convolutional network that MABe 2021 gave out as the baseline of its few-shot task (Sun et al. 2021)."""

from collections.abc import Mapping

from harness.networks import Schedule, WindowNetwork, loaded
from harness.plugins import SequenceModel, sequence_family

REACH_SECONDS = 1.7
"""A window is 50 frames to each side, of 30 a second."""


def load(files: Mapping[str, bytes]) -> SequenceModel:
    """A fitted network from plain arrays."""
    return loaded(files, baseline_network)


@sequence_family(
    "baseline_network",
    load=load,
    inputs=(("raw_pose",),),
    reach_seconds=REACH_SECONDS,
    package="torch",
    tells_animals_apart=True,
)
def baseline_network(
    seed: int, *, dropout: float = 0.5, learning_rate: float = 1e-3, windows: int = 20_000
) -> SequenceModel:
    """The challenge's baseline: three convolutions on keypoints in the picture, 50 frames to each side.

    As it was given out, with its channels, class weights by rarity, and windows that are turned and moved at random;
    but one network for all behaviors takes the place of one that had learned another task before. It is shown so many
    `windows`, half of them around positive frames.
    """
    settings = {"dropout": dropout, "learning_rate": learning_rate, "windows": windows}
    schedule = Schedule(batch=128, learning_rate=learning_rate, decay=0.0, average=0.0)
    return WindowNetwork(seed, dropout, schedule, windows, settings)
