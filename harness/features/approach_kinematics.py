"""How animals come up to one another and part again."""

from collections.abc import Iterator, Mapping
from itertools import combinations, permutations

import numpy as np

from harness.columns import Scene, directions, lag_frames, mean_velocities, moving_mean, rates, scene
from harness.plugins import Columns, feature_set
from harness.recording import Array, Recording

STILL = 0.25
"""Body lengths per second (some 2 cm/s for a mouse) below which directions of movement tell little: they fade."""

NEAR = 1.0
"""Two animals are near one another while their middles are less than this many body lengths apart."""

MEMORY_SECONDS = 3.0
"""How far the time since two animals were near looks back, and the time until then ahead; longer times read as this."""


@feature_set(
    "approach_kinematics",
    animals=2,
    reach_seconds=MEMORY_SECONDS,
    invariant_to=("translation", "rotation", "scale", "mirror", "frame_rate"),
)
def approach_kinematics(recording: Recording, *, lag: float = 0.4) -> Columns:
    """Coming closer and parting, turning to the other, and which of the two does it.

    In body lengths (the mean of the animals' typical ones), seconds and radians. Velocities are from `lag` seconds
    before to `lag` seconds after and the mean over the keypoints seen at both ends; their changes are over half of
    that. What divides by a speed has 0.25 body lengths per second added to it, so that it fades to 0 on an animal
    that stands still instead of following the tracker's noise.

    - For each animal: forward, its speed along its heading; consistency, m / (|m| + s + 0.25) of the mean m and the
      standard deviation s of forward within `lag` seconds; curvature c of its path times body length, as c / (1 + c).
    - For two: closing, the speed at which the distance between the middles shrinks, and closing_change, per second;
      contact_soon, 1 / (1 + seconds until the middles would meet), 0 where they part; motion_parallel, the cosine
      between their velocities; since_near and until_near, seconds from and to the nearest frame on which the middles
      are less than a body length apart, at most 3.
    - For each towards the other: bearing, the angle from its heading to the other, and turns_towards, the speed at
      which that shrinks; aligned, the cosine between its velocity and the line to the other; closing_share, its part
      in closing over the parts of both without their signs; approaches, 0 to 1, how much the two close in while the
      other is ahead, and approaching, the mean of that within `lag` seconds; since_faced and until_faced, as since_near
      but only frames on which the other is ahead rather than behind.

    What an unseen animal or heading takes part in is NaN; an unseen frame counts as neither near nor faced.

    The list is that of the 12th place in the MABe 2025 challenge. Here time runs both ways, whereas its lags look back;
    the distance's rate comes from velocities, which no keypoint that goes missing disturbs; the bearing's is that of
    its size, which does not flip where the other is right ahead; the approach is a degree where it was a yes or no; and
    what it leaves unbounded is saturated.
    """
    animals = scene(recording)
    span, half = lag_frames(lag, recording.fps), lag_frames(lag / 2, recording.fps)
    velocities = mean_velocities(animals, lag)  # (animal, frames)
    forward = (velocities * animals.headings.conj()).real
    alone = {
        "forward": forward,
        "consistency": _consistency(forward, span),
        "curvature": _curvature(velocities, rates(velocities, half, recording.fps)),
    }
    columns = {
        f"{animal} {name}": values[animal] for animal in range(recording.animals) for name, values in alone.items()
    }
    for one, other in combinations(range(recording.animals), 2):
        columns |= _named(f"{one}-{other}", _together(animals, velocities, one, other, half))
    for one, other in permutations(range(recording.animals), 2):
        columns |= _named(f"{one} to {other}", _towards(animals, velocities, one, other, span))
    return columns


def _named(who: str, columns: Mapping[str, Array]) -> Iterator[tuple[str, Array]]:
    return ((f"{who} {name}", values) for name, values in columns.items())


def _together(animals: Scene, velocities: Array, one: int, other: int, half: int) -> dict[str, Array]:
    line = animals.middles[other] - animals.middles[one]
    distance, along = np.abs(line), directions(line)
    closing = ((velocities[one] - velocities[other]) * along.conj()).real
    approach = np.maximum(closing, 0)
    product = (velocities[one] * velocities[other].conj()).real
    since, until = _seconds_since_and_until(distance < NEAR, np.isnan(distance), animals.fps)
    return {
        "closing": closing,
        "closing_change": rates(closing, half, animals.fps),
        "contact_soon": approach / np.maximum(approach + distance, 1e-9),
        "motion_parallel": product / (_moving(velocities[one]) * _moving(velocities[other])),
        "since_near": since,
        "until_near": until,
    }


def _towards(animals: Scene, velocities: Array, one: int, other: int, span: int) -> dict[str, Array]:
    line = animals.middles[other] - animals.middles[one]
    distance, along = np.abs(line), directions(line)
    bearing = along * animals.headings[one].conj()
    angle = np.abs(np.angle(bearing))
    own, others = (velocities[one] * along.conj()).real, -(velocities[other] * along.conj()).real
    closing = np.maximum(own + others, 0)
    approaches = np.maximum(bearing.real, 0) * (closing / (closing + STILL))
    faced = (distance < NEAR) & (bearing.real > 0)
    since, until = _seconds_since_and_until(faced, np.isnan(bearing), animals.fps)
    return {
        "bearing": angle,
        "turns_towards": -rates(angle, span, animals.fps),
        "aligned": own / _moving(velocities[one]),
        "closing_share": own / (np.abs(own) + np.abs(others) + STILL),
        "approaches": approaches,
        "approaching": moving_mean(approaches, span),
        "since_faced": since,
        "until_faced": until,
    }


def _moving(velocities: Array) -> Array:
    """The speed to divide by: hardly more than it is, but never less than `STILL`."""
    return np.asarray(np.hypot(np.abs(velocities), STILL))


def _consistency(forward: Array, half: int) -> Array:
    mean = moving_mean(forward, half)
    variance = np.maximum(moving_mean(forward**2, half) - mean**2, 0)
    return np.asarray(mean / (np.abs(mean) + np.sqrt(variance) + STILL))


def _curvature(velocities: Array, accelerations: Array) -> Array:
    bending = np.abs((velocities.conj() * accelerations).imag)
    return np.asarray(bending / (bending + np.abs(velocities) ** 3 + STILL**3))


def _seconds_since_and_until(happens: Array, unknown: Array, fps: float) -> tuple[Array, Array]:
    """Seconds since `happens` (frames,) was last true and until it is next, NaN on frames `unknown`."""
    since, until = _seconds_since(happens, fps), _seconds_since(happens[::-1], fps)[::-1]
    return np.where(unknown, np.nan, since), np.where(unknown, np.nan, until)


def _seconds_since(happens: Array, fps: float) -> Array:
    frame = np.arange(len(happens))
    never = -len(happens) - MEMORY_SECONDS * fps
    last = np.maximum.accumulate(np.where(happens, frame, never))
    return np.minimum((frame - last) / fps, MEMORY_SECONDS)
