"""Each two animals as MARS describes resident and intruder."""

from dataclasses import dataclass
from itertools import combinations, permutations

import numpy as np

from harness.columns import (
    Scene,
    angle_between,
    covariances,
    directions,
    head_and_hips,
    lag_frames,
    mean_of_seen,
    scene,
)
from harness.plugins import Columns, feature_set
from harness.recording import Array, Recording

LAG_SECONDS = 2 / 30
"""The shortest span of several frames that MARS takes changes over: 2 of its 30 frames a second."""

HALF_AXIS_SQUARED = 2 * np.log(4)
"""A squared half axis of MARS's ellipse in variances."""

THICKNESS = 0.05
"""Half the width, in body lengths, that a straight row of keypoints counts as, since an animal is no line."""


@dataclass(frozen=True)
class _Animals:
    """What the columns are computed from, each (animal, frames), in body lengths."""

    heads: Array
    hips: Array
    middles: Array
    headings: Array
    head_moves: Array
    """Displacement over the lag, as are the next two."""
    hip_moves: Array
    middle_moves: Array
    spreads: Array
    """Variance along plus variance across."""
    stretches: Array
    """Complex: how much greater the variance along than across, and twice the angle of that direction."""
    lag_seconds: float


@feature_set(
    "mars_social",
    animals=2,
    reach_seconds=LAG_SECONDS,
    invariant_to=("translation", "rotation", "scale", "mirror", "frame_rate"),
)
def mars_social(recording: Recording) -> Columns:
    """How far apart, turned and moving the heads, hips and ellipses of each two animals are, as in MARS.

    Units are body lengths, seconds and radians. The head is the mean of nose and ears, the hips that of hips and tail
    base, as far as keypoints have these roles; where none has any, they are the first and the last half. Changes and
    speeds look 0.07 s back; frames too early for that take the displacement of the first that is not.

    For two animals together:

    - heads_apart, hips_apart, and how fast these grow: heads_change, hips_change
    - ellipse_gap: what lies free on the line between the middles outside of both ellipses, negative where they overlap
    - area_ratio: the smaller ellipse's area over the larger one's
    - angle_between: their directions from hips to head

    For each towards the other:

    - head_to_hips: from the one's head to the other's hips, and head_to_hips_change
    - social_angle, facing_angle: between the line to the other's middle and its own body axis, or its own direction
      from hips to head
    - gap_in_radii: gap / (own radius + |gap|), from -1 to 1
    - radial_speed, tangential_speed: its own along the line to the other, positive when it comes nearer, and across it

    A place is the mean of its keypoints seen, and a displacement the mean over those seen at both ends, so that a
    keypoint that goes missing is no jump. Ellipses take three keypoints seen.

    From Segalin et al. 2021 (MARS), whose code differs: its social angle takes a remainder before a product and so is
    another number; the radius of its ellipse is half the ellipse's height in the picture, the second one with the
    first's minor axis, and the gap is between hips; its radial direction is not of length 1 and its tangential one not
    at a right angle to it. Here the radius is that of the border, a b / sqrt((b cos x)^2 + (a sin x)^2) at an angle x
    from the major axis, and half axes a and b become sqrt(a^2 + 0.05^2) and sqrt(b^2 + 0.05^2), so that a straight row
    of keypoints has a width. The overlap of boxes is left to `social_geometry`, whose boxes turn with the animals.
    """
    animals = _animals(scene(recording))
    columns: dict[str, Array] = {}
    for one, other in combinations(range(recording.animals), 2):
        columns |= {f"{one}-{other} {name}": values for name, values in _together(animals, one, other).items()}
    for one, other in permutations(range(recording.animals), 2):
        columns |= {f"{one} to {other} {name}": values for name, values in _towards(animals, one, other).items()}
    return columns


def _animals(animals: Scene) -> _Animals:
    head, hips = head_and_hips(animals.skeleton)
    points = animals.points
    lag = min(lag_frames(LAG_SECONDS, animals.fps), points.shape[-1] - 1)
    moves = _past_moves(points, lag)
    spreads, stretches = covariances(points - animals.middles[:, None])
    return _Animals(
        heads=mean_of_seen(points[:, head], axis=1),
        hips=mean_of_seen(points[:, hips], axis=1),
        middles=animals.middles,
        headings=animals.headings,
        head_moves=mean_of_seen(moves[:, head], axis=1),
        hip_moves=mean_of_seen(moves[:, hips], axis=1),
        middle_moves=mean_of_seen(moves, axis=1),
        spreads=spreads + 2 * THICKNESS**2 / HALF_AXIS_SQUARED,
        stretches=stretches,
        lag_seconds=max(lag, 1) / animals.fps,
    )


def _past_moves(points: Array, lag: int) -> Array:
    """Displacement over `lag` frames until each frame; NaN in a recording too short for any."""
    moves = np.full(points.shape, np.nan, dtype=np.complex128)
    if lag > 0:
        np.subtract(points[..., lag:], points[..., :-lag], out=moves[..., lag:])
        moves[..., :lag] = moves[..., lag : lag + 1]
    return moves


def _together(animals: _Animals, one: int, other: int) -> dict[str, Array]:
    heads, hips = (places[other] - places[one] for places in (animals.heads, animals.hips))
    head_moves, hip_moves = (moves[other] - moves[one] for moves in (animals.head_moves, animals.hip_moves))
    faces = animals.heads - animals.hips
    areas = [animals.spreads[i] ** 2 - np.abs(animals.stretches[i]) ** 2 for i in (one, other)]
    return {
        "heads_apart": np.abs(heads),
        "hips_apart": np.abs(hips),
        "heads_change": _growth(heads, head_moves, animals.lag_seconds),
        "hips_change": _growth(hips, hip_moves, animals.lag_seconds),
        "ellipse_gap": _gap(animals, one, other),
        "area_ratio": np.sqrt(np.minimum(*areas) / np.maximum(*areas)),
        "angle_between": angle_between(faces[one], faces[other]),
    }


def _towards(animals: _Animals, one: int, other: int) -> dict[str, Array]:
    line, reach = animals.middles[other] - animals.middles[one], animals.hips[other] - animals.heads[one]
    gap = _gap(animals, one, other)
    velocity = animals.middle_moves[one] * directions(line).conj() / animals.lag_seconds
    return {
        "head_to_hips": np.abs(reach),
        "head_to_hips_change": _growth(reach, animals.hip_moves[other] - animals.head_moves[one], animals.lag_seconds),
        "social_angle": angle_between(line, animals.headings[one]),
        "facing_angle": angle_between(line, animals.heads[one] - animals.hips[one]),
        "gap_in_radii": gap / (_radius(animals, one, directions(line)) + np.abs(gap)),
        "radial_speed": velocity.real,
        "tangential_speed": np.abs(velocity.imag),
    }


def _growth(line: Array, move: Array, seconds: float) -> Array:
    """How fast the length of `line` grew while its end moved by `move` against its beginning."""
    return np.asarray((np.abs(line) - np.abs(line - move)) / seconds)


def _gap(animals: _Animals, one: int, other: int) -> Array:
    line = animals.middles[other] - animals.middles[one]
    along = directions(line)
    return np.asarray(np.abs(line) - _radius(animals, one, along) - _radius(animals, other, along))


def _radius(animals: _Animals, animal: int, along: Array) -> Array:
    """How far the ellipse's border is from its middle in the direction `along` (unit vectors) or its opposite."""
    spread, stretch = animals.spreads[animal], animals.stretches[animal]
    # For a covariance C this is 1 / sqrt(u C^-1 u), times the half axis in standard deviations.
    across = spread - (stretch * along.conj() ** 2).real
    return np.asarray(np.sqrt(HALF_AXIS_SQUARED / 2 * (spread**2 - np.abs(stretch) ** 2) / across))
