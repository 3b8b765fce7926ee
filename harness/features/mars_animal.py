"""Each animal as MARS describes one mouse."""

import numpy as np

from harness.columns import Scene, angle_between, covariances, head_and_hips, lag_frames, mean_of_seen, scene
from harness.plugins import Columns, feature_set
from harness.recording import Array, Recording

LAGS_SECONDS = (2 / 30, 5 / 30, 10 / 30)
"""MARS takes speeds over 2, 5 and 10 frames of its 30 a second."""

FORWARD_SECONDS = 4 / 30
"""Over how long it takes forward speed."""

ACCELERATION_SECONDS = 2 / 30
"""How far before and after the frame an acceleration is taken."""

HALF_AXIS = np.sqrt(2 * np.log(4))
"""Half an axis of MARS's ellipse in standard deviations: three quarters of a normal scatter lie inside."""

THICKNESS = 0.01
"""Body lengths added to both half axes before they are divided, as keypoints in a straight row have no minor one."""


@feature_set(
    "mars_animal",
    reach_seconds=0.4,
    invariant_to=("translation", "rotation", "scale", "mirror", "frame_rate"),
)
def mars_animal(recording: Recording) -> Columns:
    """Each animal's ellipse, head angles, and speeds of head, hips and middle over three spans, as in MARS.

    Units are body lengths, seconds and radians. The head is the mean of nose and ears, the hips that of hips and tail
    base, as far as keypoints have these roles; where none has any, they are the first and the last half.

    - ellipse_major, ellipse_minor: half the axes of the ellipse with the keypoints' covariance, sqrt(2 ln 4) standard
      deviations; ellipse_ratio: the log of major over minor, 0.01 added to both; ellipse_area
    - head_angle: between neck to nose and tail base to neck, 0 when straight; ear_neck_hip: the angle at the neck
      between ear and hip, mean of the two sides, and ear_neck_hip_difference between them (all where roles are known)
    - head_speed, hips_speed, middle_speed: of the displacement over 0.07, 0.17 and 0.33 s
    - forward_speed: displacement of the middle over 0.13 s along the body axis, a second
    - head_acceleration, hips_acceleration, middle_acceleration: between 0.07 s before, the frame, and 0.07 s after

    Displacements end at the frame, as in MARS: that tells what came before from what comes after, and `kinematics` has
    centered ones. Frames too early or late for a whole span have the value of the nearest that is not. Displacements
    and accelerations are the mean over the keypoints seen at all their ends, so that one that goes missing is no jump;
    an ellipse takes three keypoints seen, an angle all that it names.

    From Segalin et al. 2021 (MARS). It smooths tracks by [1, 2, 1] / 4, which means something else at each frame rate,
    and takes accelerations from the last three frames; here tracks are as they are, and accelerations wider instead,
    and centered. That of the head is of the head, where its code has the hips again. No angle has a side, so that the
    mirror changes nothing.
    """
    animals = scene(recording)
    columns = _ellipse(animals) | _angles(animals) | _movements(animals)
    return {
        f"{animal} {name}": values[animal] for animal in range(recording.animals) for name, values in columns.items()
    }


def _ellipse(animals: Scene) -> dict[str, Array]:
    """Columns (animal, frames) from the covariance of the keypoints seen."""
    spread, stretch = covariances(animals.points - animals.middles[:, None])
    stretch = np.abs(stretch)
    # The eigenvalues of the covariance are half of spread plus and minus stretch.
    major = HALF_AXIS * np.sqrt((spread + stretch) / 2)
    minor = HALF_AXIS * np.sqrt(np.maximum(spread - stretch, 0) / 2)
    return {
        "ellipse_major": major,
        "ellipse_minor": minor,
        "ellipse_ratio": np.log((major + THICKNESS) / (minor + THICKNESS)),
        "ellipse_area": np.pi * major * minor,
    }


def _angles(animals: Scene) -> dict[str, Array]:
    """Columns (animal, frames) of the head against the body, as far as the skeleton has the roles for them."""
    points, roles, columns = animals.points, animals.skeleton.roles, {}
    if not animals.skeleton.lacking(("nose", "neck", "tail_base")):
        nose, neck, tail_base = (points[:, roles[role]] for role in ("nose", "neck", "tail_base"))
        columns["head_angle"] = angle_between(nose - neck, neck - tail_base)
    if not animals.skeleton.lacking(("neck", "left_ear", "right_ear", "left_hip", "right_hip")):
        neck = points[:, roles["neck"]]
        left, right = (
            angle_between(points[:, roles[f"{side}_ear"]] - neck, points[:, roles[f"{side}_hip"]] - neck)
            for side in ("left", "right")
        )
        columns["ear_neck_hip"] = (left + right) / 2
        columns["ear_neck_hip_difference"] = np.abs(left - right)
    return columns


def _movements(animals: Scene) -> dict[str, Array]:
    """Columns (animal, frames) of how head, hips and middle move."""
    head, hips = head_and_hips(animals.skeleton)
    places = {"head": head, "hips": hips, "middle": list(range(len(animals.skeleton.keypoints)))}
    columns = {}
    for seconds in LAGS_SECONDS:
        for place, velocity in _of_places(places, _velocities(animals, seconds)).items():
            columns[f"{place}_speed_{seconds:.2f}s"] = np.abs(velocity)
    velocity = mean_of_seen(_velocities(animals, FORWARD_SECONDS), axis=1)
    columns["forward_speed"] = (velocity * animals.headings.conj()).real
    for place, acceleration in _of_places(places, _accelerations(animals)).items():
        columns[f"{place}_acceleration"] = np.abs(acceleration)
    return columns


def _of_places(places: dict[str, list[int]], changes: Array) -> dict[str, Array]:
    """The mean of `changes` (animal, part, frames) over the keypoints of each place that are not NaN."""
    return {place: mean_of_seen(changes[:, parts], axis=1) for place, parts in places.items()}


def _velocities(animals: Scene, seconds: float) -> Array:
    """Velocities of the keypoints (animal, part, frames) over `seconds` until each frame."""
    points, frames = animals.points, animals.points.shape[-1]
    lag = min(lag_frames(seconds, animals.fps), frames - 1)
    if lag <= 0:
        return np.full(points.shape, np.nan)
    return _on_every_frame((points[..., lag:] - points[..., :-lag]) * (animals.fps / lag), lag, frames)


def _accelerations(animals: Scene) -> Array:
    """Accelerations of the keypoints (animal, part, frames) between before, at and after each frame."""
    points, frames = animals.points, animals.points.shape[-1]
    lag = min(lag_frames(ACCELERATION_SECONDS, animals.fps), (frames - 1) // 2)
    if lag <= 0:
        return np.full(points.shape, np.nan)
    turns = points[..., 2 * lag :] - 2 * points[..., lag:-lag] + points[..., : -2 * lag]
    return _on_every_frame(turns * (animals.fps / lag) ** 2, lag, frames)


def _on_every_frame(changes: Array, before: int, frames: int) -> Array:
    """`changes`, of which the first belongs to frame `before`, with first and last repeated where there is none."""
    return changes.take(np.clip(np.arange(frames) - before, 0, changes.shape[-1] - 1), axis=-1)
