"""Windows of poses around a frame, turned and moved at random, for networks that judge the frame in their middle."""

from collections.abc import Sequence

import numpy as np

from harness.recording import Array

FARTHEST_SHIFT = 0.25
"""By which a window is moved in training, as a share of the picture."""

MIDDLE = 0.5
"""Of the picture: what poses turn around, and what counts as 0."""


def pairs_of(columns: Sequence[str]) -> Array:
    """(points, 2), which columns are x and y of one point, as their names tell: `0 nose x` and `0 nose y`."""
    place = {name: number for number, name in enumerate(columns)}
    found = [
        (number, place[other])
        for name, number in place.items()
        if name.endswith(" x") and (other := f"{name[:-1]}y") in place
    ]
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def padded(poses: Array, radius: int) -> Array:
    """`poses` (steps, columns) around the middle of the picture, with so many steps of nothing on both sides."""
    nothing = np.full((radius, poses.shape[1]), np.nan, dtype=np.float32)
    return np.concatenate([nothing, poses - np.float32(MIDDLE), nothing])


class Windows:
    """Draws batches of windows from series of poses (steps, columns), fractions of the picture, and shares.

    Half of them lie around a positive step of a behavior that is drawn first, the others around any that is known.
    """

    def __init__(self, poses: Sequence[Array], shares: Sequence[Array], radius: int, pairs: Array, seed: int) -> None:
        self.radius, self.pairs = radius, pairs
        self._poses = [padded(one, radius) for one in poses]
        self._shares = shares
        self._chance = np.random.default_rng(seed)
        behaviors = shares[0].shape[1]
        self._known = self._places([np.asarray(~np.isnan(one).all(axis=1)) for one in shares])
        positive = [self._places([one[:, behavior] >= 0.5 for one in shares]) for behavior in range(behaviors)]
        self._positive = [places for places in positive if len(places)] or [self._known]

    @staticmethod
    def _places(which: Sequence[Array]) -> Array:
        """(places, 2), series and step of all that are true."""
        found = [(number, step) for number, one in enumerate(which) for step in np.flatnonzero(one).tolist()]
        return np.array(found, dtype=np.int64).reshape(-1, 2)

    def batch(self, size: int) -> tuple[Array, Array]:
        """Poses (size, window, columns) float32 with 0 for missing, and shares (size, behaviors) of their middles."""
        chance = self._chance
        X = np.empty((size, 2 * self.radius + 1, self._poses[0].shape[1]), dtype=np.float32)
        y = np.empty((size, self._shares[0].shape[1]), dtype=np.float32)
        for place in range(size):
            among = self._known if place % 2 else self._positive[chance.integers(len(self._positive))]
            series, step = among[chance.integers(len(among))]
            X[place], y[place] = self._poses[series][step : step + 2 * self.radius + 1], self._shares[series][step]
        angle = chance.uniform(-np.pi, np.pi, (size, 1, 1)).astype(np.float32)
        shift = chance.uniform(-FARTHEST_SHIFT, FARTHEST_SHIFT, (2, size, 1, 1)).astype(np.float32)
        x_columns, y_columns = self.pairs.T
        x, y_ = X[:, :, x_columns], X[:, :, y_columns]
        X[:, :, x_columns] = np.cos(angle) * x - np.sin(angle) * y_ + shift[0]
        X[:, :, y_columns] = np.sin(angle) * x + np.cos(angle) * y_ + shift[1]
        return np.nan_to_num(X, copy=False), y
