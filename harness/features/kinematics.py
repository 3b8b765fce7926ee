"""How each animal moves and holds itself, whoever else is there."""

import numpy as np

from harness.columns import angle_between, lag_frames, mean_of_seen, rates, scene, turning_rates, windowed
from harness.plugins import Columns, feature_set
from harness.recording import Array, Recording

SHAKING_SECONDS = 1.0
"""Over how long the front's shaking is measured; grooming repeats 3 to 10 times a second."""


@feature_set("kinematics", reach_seconds=1.0, invariant_to=("translation", "rotation", "scale", "mirror", "frame_rate"))
def kinematics(recording: Recording, *, lag: float = 0.07) -> Columns:
    """Each animal's speeds, turning, posture and visibility, in its body lengths, seconds and radians.

    Velocities are taken from `lag` seconds before to `lag` seconds after, and an animal's is the mean over the
    keypoints seen at both ends, so that a keypoint that goes missing is no jump. Front and rear are those of the
    skeleton. The columns do not change when the picture is mirrored.

    - speed, forward, sideways: of the whole animal, along and across its body axis; acceleration: of its velocity
    - front_speed, front_moves: of the front, and of the front relative to the whole; shaking: the standard deviation
      of the latter from frame to frame over one second (differencing lets fast rhythms pass)
    - turning: radians per second; bend: the angle at the middle between body axis and front; length: of the axis
    - size, roundness: of the ellipse with the keypoints' second moments, both axes together and minor over major
    - missing: the share of keypoints not seen

    Size and roundness take three keypoints seen; what depends on a front or a body axis that is missing is NaN.
    """
    animals = scene(recording)
    frames = lag_frames(lag, recording.fps)
    columns: dict[str, Array] = {}
    for animal, length in enumerate(animals.lengths):
        body, axis = animals.points[animal] / length, animals.axes[animal] / length
        moving = _moving(recording, body, animals.headings[animal], frames)
        holding = _holding(recording, body, axis)
        columns |= {f"{animal} {name}": values for name, values in (moving | holding).items()}
    return columns


def _moving(recording: Recording, body: Array, heading: Array, lag: int) -> dict[str, Array]:
    """Columns from the velocities of `body` (part, frames), which is headed for `heading` (frames,)."""
    velocities = rates(body, lag, recording.fps)
    velocity, front = mean_of_seen(velocities, axis=0), velocities[recording.skeleton.front]
    own = velocity * heading.conj()
    return {
        "speed": np.abs(velocity),
        "forward": own.real,
        "sideways": np.abs(own.imag),
        "acceleration": np.abs(rates(velocity, lag, recording.fps)),
        "front_speed": np.abs(front),
        "front_moves": np.abs(front - velocity),
        "shaking": _shaking(recording, body),
        "turning": np.abs(turning_rates(heading, lag, recording.fps)),
    }


def _shaking(recording: Recording, body: Array) -> Array:
    velocities = rates(body, 1, recording.fps)
    moves = velocities[recording.skeleton.front] - mean_of_seen(velocities, axis=0)
    spread = windowed(np.stack([moves.real, moves.imag], axis=1), recording.fps, [SHAKING_SECONDS], ["std"])
    return np.asarray(np.hypot(spread[:, 0], spread[:, 1]))


def _holding(recording: Recording, body: Array, axis: Array) -> dict[str, Array]:
    """Columns from the posture of `body` (part, frames) on each frame."""
    middle = mean_of_seen(body, axis=0)
    front = body[recording.skeleton.front]
    around = body - middle
    spread = mean_of_seen(np.abs(around) ** 2, axis=0)
    stretch = np.abs(mean_of_seen(around**2, axis=0))
    seen = (~np.isnan(body)).sum(axis=0)
    spread[seen < 3] = np.nan
    missing = 1 - seen / len(body)
    return {
        "bend": angle_between(front - middle, axis),
        "length": np.abs(axis),
        "size": np.sqrt(spread),
        "roundness": _roundness(spread, stretch),
        "missing": missing,
    }


def _roundness(spread: Array, stretch: Array) -> Array:
    """Minor over major axis of the ellipse whose squared half axes are (spread ± stretch) / 2."""
    minor, major = np.maximum(spread - stretch, 0), spread + stretch
    squared = np.divide(minor, major, out=np.full(len(minor), np.nan), where=major > 0)
    return np.asarray(np.sqrt(squared))
