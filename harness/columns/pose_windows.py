"""What each animal does and sees around a frame: the windows that feature sets learn from unlabelled poses.

A window holds channels of one animal, the actor, at several times around a frame. Channels come in two kinds, so that
what is learned can be blind to left and right: in a mirror the symmetric ones stay as they are and the sided ones
change their sign.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from harness.columns.poses import Scene, lag_frames, mean_of_seen, mean_velocities, rates, scene
from harness.plugins.contract import Fitted
from harness.recording import Array, Recording, Skeleton

NEARBY = 2.0
"""Places are drawn in to less than this many body lengths from the actor, so that the far is told apart less."""

FAST = 4.0
"""Velocities are drawn in to less than this many body lengths a second: a track that jumps is no movement."""

LAG_SECONDS = 0.1
"""Velocities are taken from this long before a frame to this long after it."""

SMALLEST = 0.02
"""Channels that vary less than this, in body lengths, are measured by this: what is left of them is jitter."""

TILE = 2048
"""Windows laid out at once."""


@dataclass(frozen=True, eq=False)
class Channels:
    """What one animal does and sees, float32 (channel, ...): with frames, or with times and windows, as other axes."""

    symmetric: Array
    """Those that a mirror leaves as they are."""
    sided: Array
    """Those that change their sign in a mirror."""


def channels(recording: Recording) -> list[Channels]:
    """For each animal as the actor its channels (channel, frames), in body lengths; NaN where missing.

    All are in the body frame of the actor: its middle at 0, headed for +x. There are its own keypoints, its velocity
    and turning, and where there are other animals the front, middle and rear of the one nearest, and its distance.
    Keypoints that play the left and the right of a role enter as their mean and difference, one of them mirrored.
    """
    stage = scene(recording)
    lag = lag_frames(LAG_SECONDS, stage.fps)
    velocities = mean_velocities(stage, LAG_SECONDS)
    turns = rates(stage.headings, lag, stage.fps)
    return [_channels(stage, actor, velocities[actor], turns[actor]) for actor in range(len(stage.points))]


def _channels(stage: Scene, actor: int, velocity: Array, turn: Array) -> Channels:
    ahead, middle = stage.headings[actor].conj(), stage.middles[actor]
    own = _drawn_in((stage.points[actor] - middle) * ahead, NEARBY)
    other = _drawn_in((_nearest(stage, actor) - middle) * ahead, NEARBY)
    lefts, rights, alone = _sides(stage.skeleton)
    halves = own[lefts] / 2, own[rights].conj() / 2
    line = np.concatenate([own[alone], other, _drawn_in(velocity * ahead, FAST)[None]])
    both, unlike = halves[0] + halves[1], halves[0] - halves[1]
    turning = (turn * ahead).imag[None]
    symmetric = np.concatenate([line.real, both.real, both.imag, np.abs(other[1:2])], dtype=np.float32)
    sided = np.concatenate([line.imag, unlike.real, unlike.imag, turning], dtype=np.float32)
    return Channels(symmetric, sided)


def _drawn_in(vectors: Array, limit: float) -> Array:
    """The vectors in their directions, shorter than `limit`; short ones hardly change."""
    return np.asarray(vectors * (limit / (limit + np.abs(vectors))))


def _nearest(stage: Scene, actor: int) -> Array:
    """Front, middle and rear (place, frames) of the other animal whose middle is nearest; none where it is alone."""
    others = np.delete(np.arange(len(stage.points)), actor)
    places = np.stack([stage.fronts[others], stage.middles[others], stage.rears[others]])  # (place, other, frames)
    if len(others) < 2:
        return places.reshape(len(places) * len(others), places.shape[2])
    distances = np.abs(stage.middles[others] - stage.middles[actor])
    nearest = np.argmin(np.where(np.isnan(distances), np.inf, distances), axis=0)
    return np.asarray(np.take_along_axis(places, nearest[None, None], axis=1)[:, 0])


def _sides(skeleton: Skeleton) -> tuple[list[int], list[int], list[int]]:
    """Keypoints on the left, their partners on the right, and those without a partner."""
    names = [role.removeprefix("left_") for role in skeleton.roles if role.startswith("left_")]
    paired = [name for name in names if f"right_{name}" in skeleton.roles]
    lefts = [skeleton.roles[f"left_{name}"] for name in paired]
    rights = [skeleton.roles[f"right_{name}"] for name in paired]
    alone = [part for part in range(len(skeleton.keypoints)) if part not in lefts + rights]
    return lefts, rights, alone


def sampled_windows(recordings: Iterable[Recording], times: Array, most: int) -> Channels:
    """Windows (channel, time, window) evenly from all animals and recordings; `times` are seconds around a frame.

    There are more than a third of `most` where there are enough frames, and never more. Windows of which less than
    half was seen are left out. The recordings are gone through once.
    """
    stride, passed = 1, 0
    kept: list[tuple[Array, Channels]] = []  # with the frames counted over all recordings
    for recording in recordings:
        while _held(kept) + recording.animals * len(range(-passed % stride, recording.frames, stride)) > most:
            stride *= 2
            kept = [_chosen(*one, one[0] % stride == 0) for one in kept]
        frames = np.arange(-passed % stride, recording.frames, stride)
        lags = np.array(lags_in_frames(times, recording.fps))
        index = np.clip(frames + lags[:, None], 0, recording.frames - 1)  # (time, window)
        for seen in channels(recording):
            windows = Channels(seen.symmetric[:, index], seen.sided[:, index])
            kept.append(_chosen(passed + frames, windows, _half_seen(windows)))
        passed += recording.frames
    return Channels(
        np.concatenate([windows.symmetric for _, windows in kept], axis=2),
        np.concatenate([windows.sided for _, windows in kept], axis=2),
    )


def _held(kept: Sequence[tuple[Array, Channels]]) -> int:
    return sum(len(frames) for frames, _ in kept)


def _chosen(frames: Array, windows: Channels, which: Array) -> tuple[Array, Channels]:
    return frames[which], Channels(windows.symmetric[..., which], windows.sided[..., which])


def _half_seen(windows: Channels) -> Array:
    """Which windows (window,) of (channel, time, window) have at least half of their values."""
    missing = np.isnan(windows.symmetric).sum(axis=(0, 1)) + np.isnan(windows.sided).sum(axis=(0, 1))
    whole = (len(windows.symmetric) + len(windows.sided)) * windows.symmetric.shape[1]
    return np.asarray(2 * missing <= whole)


def lags_in_frames(times: Array, fps: float) -> list[int]:
    """The frames nearest to `times`, in seconds from a frame."""
    return [round(frame) for frame in (times * fps).tolist()]


def usual_values(windows: Channels) -> Fitted:
    """What `standardized` needs: means of the symmetric channels and standard deviations of all, mirrored ones too."""
    center = _mean_by_channel(windows.symmetric)
    return {
        "center": center,
        "symmetric scale": _scale(windows.symmetric - center[:, None, None]),
        "sided scale": _scale(windows.sided),  # the mean of a window and its mirror image is 0
    }


def _mean_by_channel(values: Array) -> Array:
    """The mean (channel,) of what was seen in (channel, time, window); 0 where nothing was."""
    return np.nan_to_num(mean_of_seen(values.reshape(len(values), math.prod(values.shape[1:])), axis=1))


def _scale(deviations: Array) -> Array:
    return np.maximum(np.sqrt(_mean_by_channel(deviations**2)), SMALLEST)


def standardized(values: Channels, fitted: Fitted) -> Channels:
    """Channels with mean 0 and standard deviation 1 on the recordings learned from; 0, their mean, where missing."""
    return Channels(
        _standardized(values.symmetric, fitted["center"], fitted["symmetric scale"]),
        _standardized(values.sided, np.zeros(len(values.sided)), fitted["sided scale"]),
    )


def _standardized(values: Array, center: Array, scale: Array) -> Array:
    along = (len(values),) + (1,) * (values.ndim - 1)
    standard = values - center.astype(np.float32).reshape(along)
    standard /= scale.astype(np.float32).reshape(along)
    np.copyto(standard, 0, where=np.isnan(standard))
    return standard


def as_table(windows: Array) -> Array:
    """Windows (channel, time, window) as (channel x time, window), in the order of weights of `weighted_windows`."""
    return windows.reshape(windows.shape[0] * windows.shape[1], windows.shape[2])


def principal_components(windows: Array, count: int) -> Array:
    """Orthonormal directions (component, channel x time) of the most scatter around 0 in (channel, time, window)."""
    values = as_table(windows).astype(np.float64)
    _, vectors = np.linalg.eigh(values @ values.T / max(1, values.shape[1]))
    components = vectors.T[::-1][:count]
    largest = np.abs(components).argmax(axis=1)
    # The sign of an eigenvector is the linear algebra library's choice; this one is ours.
    return np.asarray(components * np.sign(components[np.arange(len(components)), largest])[:, None])


def weighted_windows(values: Array, weights: Array, lags: Sequence[int]) -> Array:
    """Sums (row, frames) over the window around each frame of (channel, frames), by weights (row, channel x lag).

    Beyond the ends of the recording its first and last frame are repeated.
    """
    padded, start = _padded(values, lags)
    frames, weights = values.shape[1], weights.astype(np.float32)
    result = np.empty((len(weights), frames), dtype=np.float32)
    window = np.empty((len(values), len(lags), min(TILE, frames)), dtype=np.float32)
    rows = window.reshape(-1, window.shape[2])
    for first in range(0, frames, TILE):
        size = min(TILE, frames - first)
        for place, lag in enumerate(lags):
            window[:, place, :size] = padded[:, start + first + lag :][:, :size]
        result[:, first : first + size] = weights @ rows[:, :size]
    return result


def half_seen(values: Channels, lags: Sequence[int]) -> Array:
    """On which frames (frames,) at least half of the window was seen; beyond the ends as in `weighted_windows`."""
    missing = np.isnan(values.symmetric).sum(axis=0) + np.isnan(values.sided).sum(axis=0)
    padded, start = _padded(missing[None], lags)
    frames = len(missing)
    total = sum(padded[0, start + lag : start + lag + frames] for lag in lags)
    return np.asarray(2 * total <= (len(values.symmetric) + len(values.sided)) * len(lags))


def _padded(values: Array, lags: Sequence[int]) -> tuple[Array, int]:
    """`values` (row, frames) with the first and last frame repeated as far as `lags` go, and where frame 0 is then."""
    before, after = max(0, -min(lags)), max(0, *lags)
    return np.pad(values, ((0, 0), (before, after)), mode="edge"), before
