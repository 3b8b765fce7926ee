"""Which of a few learned motions each animal goes through: k-means words over windows of poses."""

from collections.abc import Iterable

import numpy as np

from harness.columns import (
    Channels,
    as_table,
    channels,
    half_seen,
    half_width,
    lags_in_frames,
    moving_mean,
    principal_components,
    sampled_windows,
    standardized,
    usual_values,
    weighted_windows,
)
from harness.plugins import Columns, Fitted, feature_set
from harness.recording import Array, Recording

FIT_WINDOWS = 20_000
"""The words are learned from at most this many windows."""

TIMES = np.arange(-5, 6) / 10
"""When a window is looked at, in seconds from its frame."""

SYMMETRIC, SIDED = 8, 8
"""Principal components of the windows between which distances are measured."""

ROUNDS = 100
"""How often centers are moved at most."""

CLEARLY = 4.0
"""How much faster likeness falls with distance than windows spread around their word; more makes a word win alone."""

SHARE_SECONDS = 2.0
"""Width of the window in which words are counted."""


def fit_words(recordings: Iterable[Recording], *, words: int = 16, seed: int = 0) -> Fitted:
    """Principal components of windows, centers (component, word) of clusters, and how far windows are from them."""
    sample = sampled_windows(recordings, TIMES, FIT_WINDOWS)
    usual = usual_values(sample)
    windows = standardized(sample, usual)
    directions = Channels(
        principal_components(windows.symmetric, SYMMETRIC), principal_components(windows.sided, SIDED)
    )
    places = Channels(
        directions.symmetric.astype(np.float32) @ as_table(windows.symmetric),
        directions.sided.astype(np.float32) @ as_table(windows.sided),
    )
    centers = _clusters(_ordered(places), words, np.random.default_rng(seed))
    nearest = _squared_distances(places, centers).min(axis=0)
    return {
        **usual,
        "symmetric": directions.symmetric,
        "sided": directions.sided,
        "symmetric centers": centers.symmetric,
        "sided centers": centers.sided,
        "spread": np.array(max(1.0, nearest.mean() if len(nearest) else 1.0)),
    }


@feature_set(
    "motion_words",
    fit=fit_words,
    reach_seconds=1.7,
    invariant_to=("translation", "rotation", "scale", "mirror", "frame_rate"),
)
def motion_words(recording: Recording, fitted: Fitted, *, words: int = 16, seed: int = 0) -> Columns:
    """How much what an animal does and sees within a second is like each of `words` usual motions, and how often.

    Words are the centers of k-means clusters (Lloyd's, from a k-means++ start that `seed` draws) of windows of all
    animals: keypoints, velocity, turning and the animal nearest, standardized and reduced to principal components. A
    motion and its mirror image are the same word: the distance between two windows is the smaller of those to the one
    and to its mirror image.

    - word: exp(-4 d² / s²) over the sum of the same for all words, where d is the distance to the word and s² the
      mean squared distance of windows to their nearest word
    - often: the mean, within two seconds, of the same with 16 for 4, so that about one word counts on each frame

    Missing values count as their mean; where less than half of a window was seen its words are NaN.
    """
    del words, seed
    lags = lags_in_frames(TIMES, recording.fps)
    centers = Channels(fitted["symmetric centers"], fitted["sided centers"])
    half = half_width(SHARE_SECONDS, recording.fps)
    columns: dict[str, Array] = {}
    for animal, seen in enumerate(channels(recording)):
        standard = standardized(seen, fitted)
        places = Channels(
            weighted_windows(standard.symmetric, fitted["symmetric"], lags),
            weighted_windows(standard.sided, fitted["sided"], lags),
        )
        alike = _alike(_squared_distances(places, centers) * (CLEARLY / fitted["spread"].astype(np.float32)))
        alike[:, ~half_seen(seen, lags)] = np.nan
        clear = alike**4
        often = moving_mean(clear / clear.sum(axis=0), half)
        columns |= {f"{animal} word {number}": values for number, values in enumerate(alike)}
        columns |= {f"{animal} often {number}": values for number, values in enumerate(often)}
    return columns


def _ordered(places: Channels) -> Channels:
    """The same places in an order of their own, so that the order of the animals in the files decides no draw."""
    order = np.lexsort(places.symmetric)
    return Channels(places.symmetric[:, order], places.sided[:, order])


def _alike(distances: Array) -> Array:
    """Shares (word, frames) that add up to 1 and fall with the squared distances in units of their spread."""
    shares = np.exp(distances.min(axis=0) - distances)
    return np.asarray(shares / shares.sum(axis=0))


def _squared_distances(places: Channels, centers: Channels) -> Array:
    """From each center to each place or its mirror image (center, place), whichever is nearer."""
    symmetric, sided = centers.symmetric.astype(np.float32), centers.sided.astype(np.float32)
    own = (places.symmetric**2).sum(axis=0) + (places.sided**2).sum(axis=0)
    its = (symmetric**2).sum(axis=0) + (sided**2).sum(axis=0)
    shared = symmetric.T @ places.symmetric + np.abs(sided.T @ places.sided)
    return np.asarray(np.maximum(own + its[:, None] - 2 * shared, 0))


def _clusters(places: Channels, count: int, chance: np.random.Generator) -> Channels:
    """Centers (component, cluster) of k-means in which a place and its mirror image are one; all 0 without places."""
    if places.symmetric.shape[1] == 0:
        return Channels(np.zeros((len(places.symmetric), count)), np.zeros((len(places.sided), count)))
    centers = _first_centers(places, count, chance)
    for _ in range(ROUNDS):
        moved = _moved(places, centers)
        if np.array_equal(moved.symmetric, centers.symmetric) and np.array_equal(moved.sided, centers.sided):
            break
        centers = moved
    return centers


def _first_centers(places: Channels, count: int, chance: np.random.Generator) -> Channels:
    """k-means++: each next center is a place drawn with a probability that grows with its squared distance."""
    chosen = [int(chance.integers(places.symmetric.shape[1]))]
    distances = np.full(places.symmetric.shape[1], np.inf)
    for _ in range(count - 1):
        last = Channels(places.symmetric[:, chosen[-1:]], places.sided[:, chosen[-1:]])
        distances = np.minimum(distances, _squared_distances(places, last)[0])
        reached = np.cumsum(distances)
        chosen.append(min(int(np.searchsorted(reached, chance.random() * reached[-1], "right")), len(reached) - 1))
    return Channels(places.symmetric[:, chosen], places.sided[:, chosen])


def _moved(places: Channels, centers: Channels) -> Channels:
    """Each center at the mean of the places nearest to it, mirrored where that is nearer; left alone without any."""
    nearest = _squared_distances(places, centers).argmin(axis=0)
    members = nearest == np.arange(centers.symmetric.shape[1])[:, None]
    sign = np.where((centers.sided[:, nearest] * places.sided).sum(axis=0) < 0, -1, 1)
    weights = (members / np.maximum(members.sum(axis=1, keepdims=True), 1)).T.astype(np.float32)
    some = members.any(axis=1)
    return Channels(
        np.where(some, places.symmetric @ weights, centers.symmetric),
        np.where(some, (places.sided * sign) @ weights, centers.sided),
    )
