"""What an animal is about to do: the state of a small network that foretells motion, learned from poses alone."""

import warnings
from collections.abc import Iterable, Sequence

import numpy as np

from harness.columns import (
    as_table,
    channels,
    half_seen,
    lags_in_frames,
    sampled_windows,
    standardized,
    usual_values,
    weighted_windows,
)
from harness.plugins import Columns, Fitted, feature_set
from harness.recording import Array, Recording

FIT_WINDOWS = 20_000
"""The network learns from at most this many windows, and from their mirror images."""

BEFORE = np.arange(-10, 1) / 10
"""When the network looks, in seconds from the frame."""

AHEAD = np.array([0.2, 0.5, 1.0])
"""Of when it tells, in seconds from the frame."""

LEVELS = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
"""It tells how likely each change lies above these quantiles of such changes."""

WIDE = 64
"""Units between the window and the state."""

ROUNDS = 6

PASSES = 5
"""How often a round shows each window."""

LEARNING_RATE = 2e-3
"""Of the first round; those of the others fall on half a cosine."""


def fit_forecast(recordings: Iterable[Recording], before: Fitted | None, *, state: int = 16, seed: int = 0) -> Fitted:
    """A round of learning to foretell: the weights of three layers, scales of channels and levels of their changes.

    It goes on from the weights of the round `before`, with a learning rate of its own.
    """
    sample = sampled_windows(recordings, np.concatenate([BEFORE, AHEAD]), FIT_WINDOWS)
    usual = usual_values(sample)
    seen = standardized(sample, usual)
    images = [np.concatenate([seen.symmetric, side * seen.sided]) for side in (1, -1)]
    X = np.concatenate([as_table(image[:, : len(BEFORE)]).T for image in images])
    changes = np.concatenate([as_table(image[:, len(BEFORE) :] - image[:, [len(BEFORE) - 1]]).T for image in images])
    levels = np.quantile(changes, LEVELS, axis=0) if len(changes) else np.zeros((len(LEVELS), changes.shape[1]))
    above = (changes[:, None] > levels).reshape(len(changes), levels.size)
    order = np.lexsort(
        X[:, len(BEFORE) - 1 :: len(BEFORE)].T
    )  # so that the order of the animals in the files decides no draw
    done = 0 if before is None else int(before["rounds"])
    layers = None if before is None else [(before[f"weights {i}"], before[f"offsets {i}"]) for i in range(3)]
    learned = _learned(X[order], above[order].astype(np.float32), layers, state, seed, done)
    kept = {f"{what} {i}": values for i, layer in enumerate(learned) for what, values in zip(LAYER, layer, strict=True)}
    return {**usual, **kept, "levels": levels, "rounds": np.array(done + 1)}


LAYER = ("weights", "offsets")
"""What is kept of each."""

Layers = Sequence[tuple[Array, Array]]
"""Weights (from, to) and offsets (to,) of each."""


def _learned(X: Array, y: Array, layers: Layers | None, state: int, seed: int, done: int) -> Layers:
    """The layers after one more round; as they are drawn at first where there is nothing to learn from."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPRegressor
    from threadpoolctl import threadpool_limits

    network = MLPRegressor(
        hidden_layer_sizes=(WIDE, state),
        activation="tanh",
        learning_rate_init=LEARNING_RATE * (1 + np.cos(np.pi * done / ROUNDS)) / 2,
        max_iter=1,
        n_iter_no_change=PASSES + 1,
        random_state=seed + done,
        warm_start=True,
    )
    with threadpool_limits(1), warnings.catch_warnings():  # more threads add up in another order
        warnings.simplefilter("ignore", ConvergenceWarning)  # how long it learns is settled beforehand
        if layers is not None or not len(X):
            network.fit(np.zeros((1, X.shape[1]), np.float32), np.zeros((1, y.shape[1]), np.float32))
        if layers is not None:
            network.coefs_ = [weights.copy() for weights, _ in layers]
            network.intercepts_ = [offsets.copy() for _, offsets in layers]
        if len(X):
            network.set_params(max_iter=PASSES).fit(X, y)
    return list(zip(network.coefs_, network.intercepts_, strict=True))


@feature_set(
    "pose_forecast",
    fit=fit_forecast,
    rounds=ROUNDS,
    reach_seconds=1.2,
    invariant_to=("translation", "rotation", "scale", "mirror", "frame_rate"),
)
def pose_forecast(recording: Recording, fitted: Fitted, *, state: int = 16, seed: int = 0) -> Columns:
    """What a network makes of the last second that foretells how an animal moves on, and how wrong it was.

    The network sees, at eleven times of the last second, the animal's keypoints in its body frame, its velocity and
    turning, and front, middle, rear and distance of the animal nearest to it; each in standard deviations. It has
    learned from poses alone, of all animals together, how likely each of these will have changed by more than five
    usual amounts within 0.2, 0.5 and 1 seconds. Its error is squared, which over several levels is the continuous
    ranked probability score of the whole distribution (Gneiting and Raftery 2007, section 4.2).

    - state: the `state` units between the window and what it foretells, the mean of the window and its mirror image
    - surprise: that score of what really came, for each of the three times

    Missing values count as their mean; where less than half of a window was seen the columns are NaN. It learns in
    six rounds, each with a learning rate that is lower than the one before (after Loshchilov and Hutter 2017).
    """
    del seed
    lags, ahead = lags_in_frames(BEFORE, recording.fps), lags_in_frames(AHEAD, recording.fps)
    layers = [(fitted[f"weights {i}"], fitted[f"offsets {i}"].astype(np.float32)[:, None]) for i in range(3)]
    columns: dict[str, Array] = {}
    for animal, seen in enumerate(channels(recording)):
        standard, unknown = standardized(seen, fitted), ~half_seen(seen, lags)
        states, surprises = np.zeros((state, recording.frames), np.float32), np.zeros((len(ahead), recording.frames))
        for side in (1, -1):
            values = np.concatenate([standard.symmetric, side * standard.sided])
            hidden = np.tanh(weighted_windows(values, layers[0][0].T, lags) + layers[0][1])
            hidden = np.tanh(layers[1][0].T.astype(np.float32) @ hidden + layers[1][1])
            states += hidden / 2
            surprises += _surprises(values, hidden, fitted["levels"], layers[2], ahead) / 2
        states[:, unknown] = surprises[:, unknown] = np.nan
        columns |= {f"{animal} state {number}": values for number, values in enumerate(states)}
        columns |= {f"{animal} surprise {when:g}s": values for when, values in zip(AHEAD, surprises, strict=True)}
    return columns


def _surprises(values: Array, state: Array, levels: Array, last: tuple[Array, Array], ahead: Sequence[int]) -> Array:
    """The mean squared error of what is foretold of channels (channel, frames), by time and frame.

    At the end of the recording its last frame is repeated.
    """
    weights = last[0].T.reshape(*levels.shape[:1], len(values), len(ahead), -1)  # (level, channel, time, state)
    offsets = last[1].reshape(weights.shape[:3])
    cuts = levels.reshape(weights.shape[:3])
    frames = values.shape[1]
    errors = np.zeros((len(ahead), frames))
    for time, lag in enumerate(ahead):
        change = values[:, np.minimum(np.arange(frames) + lag, frames - 1)] - values
        for level, by_channel in enumerate(weights[:, :, time].astype(np.float32)):
            told = by_channel @ state + offsets[level, :, time, None]
            errors[time] += ((told - (change > cuts[level, :, time, None])) ** 2).mean(axis=0) / len(levels)
    return errors
