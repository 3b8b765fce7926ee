"""How the demo's mice look from above, and what a tracker makes of it."""

import numpy as np

from harness.demo.motion import FPS, HEIGHT, INTRUDER, RESIDENT, WIDTH, Session
from harness.demo.scenes import OVERLAPPING, Activity
from harness.recording import Array

# Nose, left ear, right ear, neck, left hip, right hip, tail base, in the order of the files.
_AHEAD = np.array([0.5, 0.33, 0.33, 0.2, -0.26, -0.26, -0.5])
_ASIDE = np.array([0.0, -0.075, 0.075, 0.0, -0.125, 0.125, 0.0])
"""Where the parts of a straight body lie, in body lengths; left is -y, because a picture's y axis points down."""
_HEAD = np.array([1.0, 0.75, 0.75, 0.15, 0.0, 0.0, 0.0])
"""How far each part takes part in the head's movements."""
_RUMP = np.array([0.1, 0.15, 0.15, 0.3, 0.8, 0.8, 1.0])
"""How far each part takes part in the hips' movements."""
_BLUR = np.array([1.2, 1.0, 1.0, 0.9, 1.3, 1.3, 1.1])
"""How badly each part is tracked."""
_HIDDEN = np.array([0.0, 0.1, 0.1, 0.3, 0.6, 0.6, 0.7])
"""How often each part of a mounted mouse is out of sight, while some of it is."""
NOSE, NECK = 0, 3
PARTS = len(_AHEAD)

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
"""How long a body looks, as a part of its full length; 1 for what is not named."""


def pose(session: Session, rng: np.random.Generator) -> Array:
    """Where the body parts truly are: (frames, mouse, xy, part) in pixels."""
    return np.stack([_body(session, mouse, rng) for mouse in (RESIDENT, INTRUDER)], axis=1)


def _body(session: Session, mouse: int, rng: np.random.Generator) -> Array:
    """(frames, xy, part) of one mouse: a spine that bends, a head that turns on the neck, and the mouse's rhythms."""
    individual, activity, heading = session.mice[mouse], session.activity[:, mouse], session.heading[:, mouse]
    frames = len(activity)
    bout = np.cumsum(np.diff(activity, prepend=activity[:1]) != 0)
    length = individual.length * smooth(_stretch(session, mouse, bout, rng), 4)
    turning = smooth(np.diff(np.unwrap(heading), append=heading[-1:]), 5)
    bend = np.clip(3.0 * turning, -0.7, 0.7) + _curl(activity, bout, rng) + 0.1 * slow_noise(frames, 25, rng)
    looks = np.isin(activity, (Activity.LOOK, Activity.REST))
    turned = 0.6 * bend + np.where(looks, 0.18, 0.05) * slow_noise(frames, 12, rng)
    nod, sway, push = _rhythms(session, mouse, rng)

    ahead = np.outer(length, _AHEAD) + np.outer(nod, _HEAD) + np.outer(push, _RUMP)  # (frames, part)
    aside = individual.length * _ASIDE + np.outer(sway, _HEAD)
    before_neck = np.arange(PARTS) < NECK
    neck = np.outer(length * _AHEAD[NECK], before_neck)
    spine = heading[:, None] + np.outer(bend, _AHEAD)
    skull = spine + np.outer(turned, before_neck)
    x = neck * np.cos(spine) + (ahead - neck) * np.cos(skull) - aside * np.sin(skull)
    y = neck * np.sin(spine) + (ahead - neck) * np.sin(skull) + aside * np.cos(skull)
    placed: Array = session.center[:, mouse, :, None] + np.stack((x, y), axis=1)
    return placed


def _stretch(session: Session, mouse: int, bout: Array, rng: np.random.Generator) -> Array:
    """The visible share of the body's length (frames,), a little different at each bout of an activity."""
    by_activity = np.ones(len(Activity))
    by_activity[list(_STRETCH)] = list(_STRETCH.values())
    by_activity[Activity.REAR] = session.mice[mouse].reared
    stretch: Array = by_activity[session.activity[:, mouse]] * np.exp(0.075 * rng.normal(size=bout[-1] + 1))[bout]
    stretch *= 1 + 0.02 * slow_noise(len(bout), 10, rng)
    return stretch


def _curl(activity: Array, bout: Array, rng: np.random.Generator) -> Array:
    """A bend to one side that lasts as long as a mouse sits."""
    sits = np.isin(activity, (Activity.GROOM, Activity.LOOK, Activity.REST))
    return smooth(np.where(sits, 0.35 * rng.normal(size=bout[-1] + 1)[bout], 0.0), 5)


def _rhythms(session: Session, mouse: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Pixels (frames,) by which the head goes to and fro, the head from side to side, and the hips to and fro.

    Grooming and intromission are rhythmic. What resembles them moves as far, at random.
    """
    individual, activity = session.mice[mouse], session.activity[:, mouse]
    frames, size = len(activity), individual.length / 115
    lick = (activity == Activity.GROOM) & (slow_noise(frames, 20, rng) > -1.2)
    lick = 3.7 * size * smooth(lick, 2) * np.exp(0.25 * slow_noise(frames, 30, rng))
    licking = _phase(individual.groom_hz, frames, rng)
    fidgets = np.isin(activity, (Activity.LOOK, Activity.SNIFF_NECK, Activity.FACE, Activity.HUDDLE))
    fidget = 2.4 * size * smooth(fidgets, 2)
    thrust = 4.5 * size * smooth(activity == Activity.THRUST, 3) * np.exp(0.25 * slow_noise(frames, 40, rng))
    thrusting = _phase(individual.thrust_hz, frames, rng)
    climb = 3.2 * size * smooth(np.isin(activity, (Activity.MOUNT, Activity.CLIMB)), 3)
    nod = lick * np.sin(licking) + fidget * slow_noise(frames, 1.5, rng)
    sway = 0.6 * (lick * np.sin(licking + 0.9) + fidget * slow_noise(frames, 1.5, rng))
    return nod, sway, thrust * np.sin(thrusting) + climb * slow_noise(frames, 2.5, rng)


def _phase(hertz: float, frames: int, rng: np.random.Generator) -> Array:
    """The phase of a rhythm that is not quite steady."""
    steps = 2 * np.pi * hertz / FPS * (1 + 0.1 * slow_noise(frames, 15, rng))
    return np.cumsum(steps) + rng.uniform(0, 2 * np.pi)


def track(session: Session, truth: Array, rng: np.random.Generator) -> Array:
    """What a tracker reports for the true pose `truth`: float32 (frames, mouse, xy, part), NaN where it saw nothing.

    Rounded to 1/16 pixel, so that the last digits of a machine's sine do not reach the data.
    """
    frames = len(truth)
    heavy = rng.random() < 0.3
    jitter = rng.uniform(1.8, 2.6) if heavy else rng.uniform(0.7, 1.3)
    drift = np.stack([slow_noise(frames, 8, rng) for _ in range(4 * PARTS)], axis=1).reshape(truth.shape)
    seen = truth + jitter * _BLUR * (rng.normal(size=truth.shape) + 0.75 * drift)
    _swap_mice(seen, session, rng)
    _jump(seen, 0.09 if heavy else 0.03, rng)
    seen = np.clip(seen, 0, np.array([WIDTH - 1, HEIGHT - 1])[:, None])
    _lose(seen, session, 3.0 if heavy else 1.0, rng)
    rounded: Array = (np.round(seen * 16) / 16).astype(np.float32)
    return rounded


def _swap_mice(seen: Array, session: Session, rng: np.random.Generator) -> None:
    """Rarely, where the mice touch, the tracker takes one for the other for some frames."""
    gap = np.linalg.norm(session.center[:, RESIDENT] - session.center[:, INTRUDER], axis=1)
    for start in _events(np.where(gap < 90, 0.03, 0.0), rng):
        stop = start + rng.integers(3, 20)
        seen[start:stop] = seen[start:stop, ::-1].copy()


def _jump(seen: Array, per_second: float, rng: np.random.Generator) -> None:
    """A keypoint leaps to a wrong place for one or two frames."""
    for start in _events(np.full(len(seen), per_second), rng):
        stop = start + rng.integers(1, 3)
        seen[start:stop, rng.integers(2), :, rng.integers(PARTS)] += rng.uniform(-90, 90, size=2)


def _lose(seen: Array, session: Session, factor: float, rng: np.random.Generator) -> None:
    """Gaps: of single keypoints, of a whole mouse, and of the rump of a mouse that is mounted."""
    for start in _events(np.full(len(seen), 0.25 * factor), rng):
        stop = start + rng.integers(2, 14)
        seen[start:stop, rng.integers(2), :, rng.integers(PARTS)] = np.nan
    for start in _events(np.full(len(seen), 0.02 * factor), rng):
        stop = start + rng.integers(4, 26)
        seen[start:stop, rng.integers(2)] = np.nan
    mounted = np.isin(session.activity[:, RESIDENT], OVERLAPPING)
    for start in _events(np.where(mounted, 1.5, 0.03), rng):
        stop = start + rng.integers(3, 16)
        seen[start:stop, INTRUDER, :, rng.random(PARTS) < _HIDDEN] = np.nan


def _events(per_second: Array, rng: np.random.Generator) -> list[int]:
    """Frames at which something happens that is this frequent."""
    return [int(frame) for frame in np.flatnonzero(rng.random(len(per_second)) < per_second / FPS)]


def slow_noise(frames: int, width: float, rng: np.random.Generator) -> Array:
    """Gaussian noise (frames,) of unit variance that changes over about `width` frames."""
    kernel = _bell(width)
    noise = rng.normal(size=frames + len(kernel) - 1)
    return np.convolve(noise, kernel / np.linalg.norm(kernel), "valid")


def smooth(values: Array, width: float) -> Array:
    """Running mean (frames,), weighted by a bell of `width` frames; the ends are held beyond the edges."""
    kernel = _bell(width)
    padded = np.pad(values.astype(float), len(kernel) // 2, mode="edge")
    return np.convolve(padded, kernel / kernel.sum(), "valid")


def _bell(width: float) -> Array:
    reach = int(np.ceil(2.5 * width))
    bell: Array = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    return bell
