"""Behaviors as simple rules see them, contact, following, rearing and the like, in columns of 0 and 1."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import combinations, permutations

import numpy as np

from harness.columns import Scene, half_width, lag_frames, mean_of_seen, moving_mean, rates, scene
from harness.plugins import Columns, feature_set
from harness.recording import Array, Recording

MILLIMETER = 1 / 70
"""In body lengths. DeepOF's limits are in millimeters, of which a mouse has about 70 from neck to tail base; where a
body length begins at the nose they are a third wider."""

CLOSE, BESIDE, STILL = 25 * MILLIMETER, 50 * MILLIMETER, 40 * MILLIMETER
"""How near keypoints are that touch; how near, at either end, two animals that lie side by side; and the speed a second
below which a keypoint stands still. All three are DeepOF's."""

FAST, CHASE_DISTANCE, CHASE_COSINE = 150 * MILLIMETER, 100 * MILLIMETER, 0.7
"""In a chase both are faster than this a second, nearer than this from front to rear, and the cosine between their ways
is larger than this."""

EARS = ("left_ear", "right_ear")
"""What belongs to a face beside the front, where the skeleton has it."""

REARED = 0.7
"""An animal that rears is seen at less than this share of its typical length."""

PATH_SECONDS, PATH_PLACES = 0.5, 16
"""How long ago the partner may have been where its follower is now, and how many of its places since are tried."""

SPEED_SECONDS = 0.1
"""Speeds are taken from this long before a frame to this long after it."""

MAJORITY_SECONDS = 0.5
"""A column is 1 where its rule holds on more than half of the frames of a window this wide."""


@dataclass(frozen=True)
class _Motion:
    """How fast the animals are (animal, frames): without the front as velocities, front and rear as speeds."""

    bodies: Array
    fronts: Array
    rears: Array


@feature_set(
    "behavior_rules",
    # Both become whole numbers of frames, up to half a frame longer.
    reach_seconds=PATH_SECONDS + MAJORITY_SECONDS / 2 + 0.05,
    invariant_to=("translation", "rotation", "scale", "mirror", "frame_rate"),
)
def behavior_rules(recording: Recording) -> Columns:
    """Weak labels by rule: contact, side by side, following, chasing, sniffing a face, rearing, still, looking around.

    A rule is 1 where it holds on most frames of the half second around, and 0 where it does not. Distances are in body
    lengths (the mean of the animals' typical ones), and so are the limits below, at 70 mm to the body length. Of each
    animal:

    - rears: seen at less than 0.7 of its own typical length, its rear still
    - still: all of it slower than 40 mm/s; looks_around: only its front faster than that

    For two animals together:

    - front_contact: their fronts less than 25 mm apart
    - side_by_side, head_to_tail: lying along one another in the same or the opposite direction, the ends that lie
      together less than 50 mm apart; side_by_side_distance, head_to_tail_distance: of the ends farther apart

    From one animal to another:

    - rear_contact: its front less than 25 mm from the other's rear; sniffs_face, where the skeleton has ears: from what
      is seen of the other's front and ears
    - follows: its front moves, less than 25 mm from the path of the other's rear in the last 0.5 s, and is nearer to
      that rear than to the other's front, and than its own rear is; path_distance: from its front to that path
    - chases: both faster than 150 mm/s, less than about 45 degrees apart, the other ahead and its rear less than 100 mm
      from the one's front

    Where keypoints are missing, a rule is broken if what was seen breaks it; frames on which that does not tell are
    left out of the half second, and a column is NaN where all are. A distance is NaN where an end of it is missing, the
    one to a path where all of the path is.

    These are rules of DeepOF (Miranda et al. 2023), with its distances, speed and majority filter. There, frames that
    do not tell count as 0, following for less than a quarter of a second is taken out once more, looking around asks
    for the tracker's confidence and for nobody to be near, and stillness is a trained model's answer. How short an
    animal is that rears, and what a chase is, was chosen here.
    """
    here = scene(recording)
    distances = dict(_distances(here))
    motion = _motion(here)
    rules = dict(_alone(here, motion)) | dict(_together(here, distances)) | dict(_toward(here, motion, distances))
    shares = moving_mean(np.stack(list(rules.values())), half_width(MAJORITY_SECONDS, recording.fps))
    held = np.where(np.isnan(shares), np.nan, shares > 0.5)
    return dict(zip(rules, held, strict=True)) | distances


def _motion(here: Scene) -> _Motion:
    velocities = rates(here.points, lag_frames(SPEED_SECONDS, here.fps), here.fps)
    front, rear = here.skeleton.front, here.skeleton.rear
    bodies = mean_of_seen(np.delete(velocities, front, axis=1), axis=1)
    return _Motion(bodies, np.abs(velocities[:, front]), np.abs(velocities[:, rear]))


def _distances(here: Scene) -> Iterator[tuple[str, Array]]:
    """Names and values of the distances (frames,) that are columns."""
    fronts, rears = here.fronts, here.rears
    for one, other in combinations(range(len(fronts)), 2):
        front, rear = np.abs(fronts[one] - fronts[other]), np.abs(rears[one] - rears[other])
        crossed, crossed_back = np.abs(fronts[one] - rears[other]), np.abs(rears[one] - fronts[other])
        yield f"{one}-{other} side_by_side_distance", np.maximum(front, rear)
        yield f"{one}-{other} head_to_tail_distance", np.maximum(crossed, crossed_back)
    for one, other in permutations(range(len(fronts)), 2):
        yield f"{one} to {other} path_distance", _path_distance(fronts[one], rears[other], here.fps)


def _path_distance(front: Array, rear: Array, fps: float) -> Array:
    """From `front` (frames,) to the nearest of the places where `rear` was in the last `PATH_SECONDS`."""
    frames = len(front)
    nearest = np.full(frames, np.nan)
    for ago in sorted({round(seconds * fps) for seconds in np.linspace(0, PATH_SECONDS, PATH_PLACES)}):
        apart = np.abs(front[ago:] - rear[: max(frames - ago, 0)])
        np.fmin(nearest[ago:], apart, out=nearest[ago:])
    return nearest


def _holds(*margins: Array) -> Array:
    """1 where all `margins` are positive, 0 where one is not, NaN where one is missing and none tells otherwise."""
    least, all_seen = reduce(np.fmin, margins), ~np.isnan(sum(margins))
    return np.where(least > 0, np.where(all_seen, 1, np.nan), np.where(np.isnan(least), np.nan, 0))


def _alone(here: Scene, motion: _Motion) -> Iterator[tuple[str, Array]]:
    """Names of the rules about one animal, and where they hold (frames,)."""
    for animal, (body, front, rear) in enumerate(zip(np.abs(motion.bodies), motion.fronts, motion.rears, strict=True)):
        share = np.abs(here.axes[animal]) / here.lengths[animal]
        yield f"{animal} rears", _holds(REARED - share, STILL - rear)
        yield f"{animal} still", _holds(STILL - body, STILL - front)
        yield f"{animal} looks_around", _holds(STILL - body, front - STILL)


def _together(here: Scene, distances: Mapping[str, Array]) -> Iterator[tuple[str, Array]]:
    """Names of the rules about two animals alike, and where they hold (frames,)."""
    for one, other in combinations(range(len(here.points)), 2):
        who = f"{one}-{other}"
        yield f"{who} front_contact", _holds(CLOSE - np.abs(here.fronts[one] - here.fronts[other]))
        yield f"{who} side_by_side", _holds(BESIDE - distances[f"{who} side_by_side_distance"])
        yield f"{who} head_to_tail", _holds(BESIDE - distances[f"{who} head_to_tail_distance"])


def _toward(here: Scene, motion: _Motion, distances: Mapping[str, Array]) -> Iterator[tuple[str, Array]]:
    """Names of the rules about what one animal does to another, and where they hold (frames,)."""
    face = [here.skeleton.front, *(here.skeleton.roles[ear] for ear in EARS if ear in here.skeleton.roles)]
    for one, other in permutations(range(len(here.points)), 2):
        who = f"{one} to {other}"
        front, rear, its_rear = here.fronts[one], here.rears[one], here.rears[other]
        behind = np.abs(front - its_rear)
        yield f"{who} rear_contact", _holds(CLOSE - behind)
        if len(face) > 1:
            yield f"{who} sniffs_face", _holds(CLOSE - np.fmin.reduce(np.abs(front - here.points[other, face])))
        yield (
            f"{who} follows",
            _holds(
                CLOSE - distances[f"{who} path_distance"],
                motion.fronts[one] - STILL,
                np.abs(front - here.fronts[other]) - behind,
                np.abs(rear - its_rear) - behind,
            ),
        )
        yield f"{who} chases", _holds(CHASE_DISTANCE - behind, *_chasing(here, motion, one, other))


def _chasing(here: Scene, motion: _Motion, one: int, other: int) -> tuple[Array, ...]:
    """How much both are faster than they must be, better aligned, and the other ahead."""
    way, its_way = motion.bodies[one], motion.bodies[other]
    speed, its_speed = np.abs(way), np.abs(its_way)
    aligned = (way * its_way.conj()).real - CHASE_COSINE * speed * its_speed
    ahead = ((here.middles[other] - here.middles[one]) * way.conj()).real
    return speed - FAST, its_speed - FAST, aligned, ahead
