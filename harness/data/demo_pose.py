"""How the demo's mice look from above, and what a tracker makes of it."""

import numpy as np

from harness.data.demo_motion import FPS, HEIGHT, INTRUDER, RESIDENT, WIDTH, Activity, Session
from harness.recording import Array

_FRONT = np.array([0.5, 0.33, 0.33, 0.2, -0.26, -0.26, -0.5])
_LEFT = np.array([0.0, -0.075, 0.075, 0.0, -0.125, 0.125, 0.0])
"""Where nose, ears, neck, hips and tail base lie, in body lengths; the y axis of a picture points down."""
_HEAD = np.array([1.0, 0.75, 0.75, 0.15, 0.0, 0.0, 0.0])
"""How far each part takes part in the head's movements."""
_RUMP = np.array([0.1, 0.15, 0.15, 0.3, 0.8, 0.8, 1.0])
"""How far each part takes part in the hips' movements."""

_STRETCH = {
    Activity.REST: 0.88,
    Activity.GROOM: 0.81,
    Activity.LOOK: 0.88,
    Activity.RUN_AT: 1.03,
    Activity.RUN_PAST: 1.03,
    Activity.PURSUE: 1.03,
    Activity.MOUNT: 0.84,
    Activity.THRUST: 0.8,
    Activity.CLIMB: 0.84,
    Activity.HUDDLE: 0.88,
    Activity.HOLD: 0.94,
    Activity.MEET: 0.92,
}
"""How long a body looks, of its own full length; 1 for what is not named."""


def pose(session: Session, rng: np.random.Generator) -> Array:
    """Where the body parts truly are: (frames, mouse, xy, part) in pixels."""
    mice = [_body(session, mouse, rng) for mouse in (RESIDENT, INTRUDER)]
    return np.stack(mice, axis=1)


def _body(session: Session, mouse: int, rng: np.random.Generator) -> Array:
    """(frames, xy, part) of one mouse."""
    individual, activity, heading = session.mice[mouse], session.activity[:, mouse], session.heading[:, mouse]
    bout = np.cumsum(np.diff(activity, prepend=activity[:1]) != 0)
    length = individual.length * smooth(_stretch(session, mouse, bout, rng), 4)
    turning = smooth(np.diff(np.unwrap(heading), append=heading[-1:]), 5)
    bend = np.clip(3.0 * turning, -0.7, 0.7) + _curled(activity, bout, rng) + 0.1 * _slow(len(bout), 25, rng)
    look = np.isin(activity, (Activity.LOOK, Activity.REST))
    turned = 1.2 * bend + np.where(look, 0.35, 0.1) * _slow(len(bout), 12, rng)
    nod, sway, push = _rhythms(session, mouse, rng)

    ahead = length[:, None] * _FRONT + nod[:, None] * _HEAD + push[:, None] * _RUMP  # (frames, part)
    aside = individual.length * np.broadcast_to(_LEFT, ahead.shape) + sway[:, None] * _HEAD
    angle = heading[:, None] + bend[:, None] * np.sign(_FRONT) * np.abs(_FRONT)
    head = np.clip((_FRONT - 0.2) / 0.3, 0, 1)
    neck = length[:, None] * 0.2 * (head > 0)
    ahead = ahead - neck
    tilt = angle + turned[:, None] * 0.5 * (head > 0)
    x = neck * np.cos(angle) + ahead * np.cos(tilt) - aside * np.sin(tilt)
    y = neck * np.sin(angle) + ahead * np.sin(tilt) + aside * np.cos(tilt)
    return session.center[:, mouse, :, None] + np.stack((x, y), axis=1)


def _stretch(session: Session, mouse: int, bout: Array, rng: np.random.Generator) -> Array:
    activity = session.activity[:, mouse]
    by_activity = np.ones(len(Activity))
    by_activity[list(_STRETCH)] = list(_STRETCH.values())
    by_activity[Activity.REAR] = session.mice[mouse].reared
    stretch = by_activity[activity] * np.exp(0.075 * rng.normal(size=bout[-1] + 1))[bout]
    return stretch * (1 + 0.02 * _slow(len(bout), 10, rng))


def _curled(activity: Array, bout: Array, rng: np.random.Generator) -> Array:
    """A bend to one side that lasts as long as a mouse sits."""
    sits = np.isin(activity, (Activity.GROOM, Activity.LOOK, Activity.REST))
    return smooth(np.where(sits, 0.35 * rng.normal(size=bout[-1] + 1)[bout], 0.0), 5)


def _rhythms(session: Session, mouse: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Pixels by which the head goes to and fro, the head from side to side, and the hips to and fro."""
    individual, activity = session.mice[mouse], session.activity[:, mouse]
    frames = len(activity)
    size = individual.length / 115
    licking = smooth(((activity == Activity.GROOM) & (_slow(frames, 20, rng) > -1.2)) * 1.0, 2)
    licking = licking * size * 4.2 * np.exp(0.25 * _slow(frames, 30, rng))
    phase = _phase(individual.groom_hz, frames, rng)
    fidget = (
        smooth(np.isin(activity, (Activity.LOOK, Activity.SNIFF_NECK, Activity.FACE, Activity.HUDDLE)) * 1.0, 2)
        * size
        * 2.4
    )
    thrust = smooth((activity == Activity.THRUST) * 1.0, 3) * size * 4.5 * np.exp(0.25 * _slow(frames, 40, rng))
    climbing = smooth(np.isin(activity, (Activity.MOUNT, Activity.CLIMB)) * 1.0, 3) * size * 3.2
    nod = licking * np.sin(phase) + fidget * _slow(frames, 1.5, rng)
    sway = 0.6 * licking * np.sin(phase + 0.9) + 0.6 * fidget * _slow(frames, 1.5, rng)
    push = thrust * np.sin(_phase(individual.thrust_hz, frames, rng)) + climbing * _slow(frames, 2.5, rng)
    return nod, sway, push


def _phase(hertz: float, frames: int, rng: np.random.Generator) -> Array:
    """The phase of a rhythm that is not quite steady."""
    return np.cumsum(2 * np.pi * hertz / FPS * (1 + 0.1 * _slow(frames, 15, rng))) + rng.uniform(0, 2 * np.pi)


def track(session: Session, truth: Array, rng: np.random.Generator) -> Array:
    """What a tracker reports for the true pose `truth`: float32 (frames, mouse, xy, part), NaN where it saw nothing.

    Rounded to 1/16 pixel, so that the last digits of a machine's sine do not reach the data.
    """
    frames = len(truth)
    heavy = rng.random() < 0.3
    jitter = rng.uniform(1.8, 2.6) if heavy else rng.uniform(0.7, 1.3)
    part = np.array([1.2, 1.0, 1.0, 0.9, 1.3, 1.3, 1.1])
    seen = truth + jitter * part * rng.normal(size=truth.shape)
    drift = rng.normal(size=truth.shape).reshape(frames, -1)
    seen += jitter * part * np.stack([smooth(row, 8) for row in drift.T], axis=1).reshape(truth.shape) * 4.0
    _swap_mice(seen, session, rng)
    _jump(seen, 0.03 * (3 if heavy else 1), rng)
    _drop(seen, session, 3.0 if heavy else 1.0, rng)
    seen[..., 0, :] = np.clip(seen[..., 0, :], 0, WIDTH - 1)
    seen[..., 1, :] = np.clip(seen[..., 1, :], 0, HEIGHT - 1)
    rounded: Array = (np.round(seen * 16) / 16).astype(np.float32)
    return rounded


def _swap_mice(seen: Array, session: Session, rng: np.random.Generator) -> None:
    """Rarely, where the mice touch, the tracker takes one for the other for some frames."""
    gap = np.linalg.norm(session.center[:, RESIDENT] - session.center[:, INTRUDER], axis=1)
    for start in _events(np.where(gap < 90, 0.03, 0.0), rng):
        stop = start + rng.integers(3, 20)
        seen[start:stop] = seen[start:stop, ::-1]


def _jump(seen: Array, per_second: float, rng: np.random.Generator) -> None:
    """A keypoint leaps to a wrong place for one or two frames."""
    for start in _events(np.full(len(seen), per_second), rng):
        leap = rng.uniform(-90, 90, size=2)
        seen[start : start + rng.integers(1, 3), rng.integers(2), :, rng.integers(7)] += leap


def _drop(seen: Array, session: Session, factor: float, rng: np.random.Generator) -> None:
    """Gaps: of single keypoints, of a whole mouse, and of the rump of a mouse that is mounted."""
    everywhere = np.ones(len(seen))
    for start in _events(0.25 * factor * everywhere, rng):
        seen[start : start + rng.integers(2, 14), rng.integers(2), :, rng.integers(7)] = np.nan
    for start in _events(0.02 * factor * everywhere, rng):
        seen[start : start + rng.integers(4, 26), rng.integers(2)] = np.nan
    mounted = np.isin(session.activity[:, RESIDENT], (Activity.MOUNT, Activity.THRUST, Activity.CLIMB))
    for start in _events(np.where(mounted, 1.5, 0.03), rng):
        hidden = rng.random(7) < np.array([0.0, 0.1, 0.1, 0.3, 0.6, 0.6, 0.7])
        stop = start + rng.integers(3, 16)
        seen[start:stop, INTRUDER] = np.where(hidden, np.nan, seen[start:stop, INTRUDER])


def _events(per_second: Array, rng: np.random.Generator) -> list[int]:
    """Frames at which something happens that is this frequent."""
    return [int(frame) for frame in np.flatnonzero(rng.random(len(per_second)) < per_second / FPS)]


def _slow(frames: int, width: float, rng: np.random.Generator) -> Array:
    """Gaussian noise of unit variance that changes over about `width` frames."""
    kernel = _bell(width)
    noise = rng.normal(size=frames + len(kernel) - 1)
    slow: Array = np.convolve(noise, kernel / np.linalg.norm(kernel), "valid")
    return slow


def smooth(values: Array, width: float) -> Array:
    """Weighted running mean (frames,) over about `width` frames either side; the ends are held."""
    kernel = _bell(width)
    padded = np.pad(values, len(kernel) // 2, mode="edge")
    mean: Array = np.convolve(padded, kernel / kernel.sum(), "valid")
    return mean


def _bell(width: float) -> Array:
    reach = int(np.ceil(2.5 * width))
    return np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
