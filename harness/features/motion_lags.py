"""How each animal moves over a tenth of a second and up to most of a second."""

import numpy as np

from harness.columns import half_width, lag_frames, mean_of_seen, moving_mean, rates, scene, turning_rates
from harness.plugins import Columns, feature_set
from harness.recording import Array, Recording

LAGS = (0.1, 0.2, 0.4, 0.8)
"""Seconds before and after a frame between which velocities are taken; each is twice the one before."""

TURNING_LAG = 0.1
"""Seconds before and after a frame between which turning is measured, so that jitter does not add up to turns."""

TURNING_SECONDS = 1.0
"""How long a stretch turning is added up over."""


@feature_set(
    "motion_lags",
    reach_seconds=max(LAGS),
    invariant_to=("translation", "rotation", "scale", "mirror", "frame_rate"),
)
def motion_lags(recording: Recording) -> Columns:
    """Velocities and accelerations of front, middle and rear at four lags, as each animal sees them, and its turning.

    In body lengths (the mean of the animals' typical ones), seconds and radians.

    - front, middle and rear, along and across, at 0.1, 0.2, 0.4 and 0.8 s: the velocity (p(t + lag) - p(t - lag)) /
      (2 lag), along the heading at t with its sign, and across it without
    - front and middle acceleration at 0.2, 0.4 and 0.8 s: the size of (p(t + lag) - 2 p(t) + p(t - lag)) / lag^2, taken
      as the change of the velocity at half the lag, which where the recording ends is still defined
    - turned: all turning of the heading within one second, to either side; turned_net: what is left of it when turns to
      the left and to the right cancel

    The middle's velocity is the mean over the keypoints seen at both ends. What the front, the rear or the heading is
    needed for is NaN where those are not seen; turning is the mean over what is seen in its second.

    The lags are those of the 9th place in the MABe 2025 challenge, which has every keypoint and the accelerations'
    directions, and adds up turning from frame to frame, so that it grows with the frame rate.
    """
    animals = scene(recording)
    turns, fps, skeleton = animals.headings.conj(), recording.fps, recording.skeleton
    columns: dict[str, Array] = {}
    for lag in LAGS:
        frames = lag_frames(lag, fps)
        velocities = rates(animals.points, frames, fps)  # (animal, part, frames)
        front, middle, rear = (
            velocities[:, skeleton.front],
            mean_of_seen(velocities, axis=1),
            velocities[:, skeleton.rear],
        )
        for place, velocity in {"front": front, "middle": middle, "rear": rear}.items():
            own = velocity * turns
            columns |= _of_each(f"{place}_along {lag:g}s", own.real)
            columns |= _of_each(f"{place}_across {lag:g}s", np.abs(own.imag))
        if lag < max(LAGS):
            for place, velocity in {"front": front, "middle": middle}.items():
                acceleration = np.abs(rates(velocity, frames, fps))
                columns |= _of_each(f"{place}_acceleration {2 * lag:g}s", acceleration)
    turning = turning_rates(animals.headings, lag_frames(TURNING_LAG, fps), fps) * TURNING_SECONDS
    half = half_width(TURNING_SECONDS, fps)
    columns |= _of_each("turned", moving_mean(np.abs(turning), half))
    columns |= _of_each("turned_net", np.abs(moving_mean(turning, half)))
    return columns


def _of_each(what: str, values: Array) -> dict[str, Array]:
    """Columns from `values` (animal, frames)."""
    return {f"{animal} {what}": own for animal, own in enumerate(values)}
