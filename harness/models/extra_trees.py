"""Extremely randomised trees (Geurts et al. 2006)."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.plugins import Classifier, arrays_in, bytes_of, model_family, only_file
from harness.recording import Array

FILE = "trees.npz"
"""What a fitted model is kept in: the trees one after the other, in plain arrays."""

NODE = ("left_child", "right_child", "feature", "threshold", "missing_go_to_left")
"""What prediction needs to know of a node, as scikit-learn calls it; a leaf has no children, -1."""


def load(files: Mapping[str, bytes]) -> Classifier:
    """A fitted model from plain arrays, held against what they can be: nothing may point out of its tree."""
    from sklearn.tree._tree import NODE_DTYPE, Tree

    arrays = arrays_in(only_file(files, FILE))
    try:
        sizes, columns = arrays["sizes"], int(arrays["columns"])
        nodes = np.zeros(int(sizes.sum()), dtype=NODE_DTYPE)
        for name in NODE:
            nodes[name] = arrays[name]
        values = np.ascontiguousarray(arrays["probabilities"], dtype=np.float64).reshape(len(nodes), 1, 2)
    except (KeyError, ValueError, TypeError) as error:
        raise ValueError(f"{FILE}: not the trees that are kept there: {error}") from error
    trees = []
    for start, size in zip(np.cumsum(sizes) - sizes, sizes, strict=True):
        part = nodes[start : start + size]
        _refuse_strays(part, columns)
        tree = Tree(columns, np.array([2], dtype=np.intp), 1)
        depth = int(size)  # not less than it is, and of no use to prediction
        tree.__setstate__(
            {"max_depth": depth, "node_count": int(size), "nodes": part.copy(), "values": values[start : start + size]}
        )
        trees.append(tree)
    return _ExtraTrees({}, trees)


def _refuse_strays(nodes: Array, columns: int) -> None:
    """Raise `ValueError` unless every path through the nodes ends at a leaf, looking at columns that there are."""
    places = np.arange(len(nodes))
    leaf = nodes["left_child"] == -1
    inner = ~leaf
    ahead = [(nodes[side] > places) & (nodes[side] < len(nodes)) for side in ("left_child", "right_child")]
    known = (nodes["feature"] >= 0) & (nodes["feature"] < columns)
    if not len(nodes) or not (leaf | (inner & ahead[0] & ahead[1] & known)).all():
        raise ValueError(f"{FILE}: a tree in it points out of itself")


@model_family("extra_trees", load=load)
def extra_trees(
    seed: int,
    *,
    trees: int = 60,
    min_leaf: int = 5,
    column_share: float = 0.05,
    positive_weight: float = 1.0,
) -> Classifier:
    """Many trees with random cuts, averaged; missing values take the side that helps."""
    return _ExtraTrees(
        {
            "n_estimators": trees,
            "min_samples_leaf": min_leaf,
            "max_features": column_share,
            "class_weight": {0: 1.0, 1: positive_weight},
            "random_state": seed,
            "n_jobs": 1,
        }
    )


class _ExtraTrees:
    def __init__(self, arguments: Mapping[str, Any], trees: Any = ()) -> None:
        self.arguments, self.trees = dict(arguments), list(trees)

    def fit(self, X: Array, y: Array) -> "_ExtraTrees":
        from sklearn.ensemble import ExtraTreesClassifier

        forest = ExtraTreesClassifier(**self.arguments).fit(X, y)
        self.trees = [one.tree_ for one in forest.estimators_]
        return self

    def predict_proba(self, X: Array) -> Array:
        # As the forest does it, tree after tree, without its checks of what it was given.
        table = np.ascontiguousarray(X, dtype=np.float32)
        probabilities = np.zeros((len(table), 2))
        for tree in self.trees:
            probabilities += tree.predict(table)
        return np.asarray(probabilities / len(self.trees))

    def used_columns(self) -> Array:
        features = np.unique(np.concatenate([tree.feature for tree in self.trees]))
        return np.asarray(features[features >= 0])

    def saved(self) -> dict[str, bytes]:
        nodes = [tree.__getstate__()["nodes"] for tree in self.trees]
        together = {name: np.concatenate([one[name] for one in nodes]) for name in NODE}
        return {
            FILE: bytes_of(
                {
                    **together,
                    "probabilities": np.concatenate([tree.value[:, 0] for tree in self.trees]),
                    "sizes": np.array([tree.node_count for tree in self.trees]),
                    "columns": np.array(self.trees[0].n_features),
                }
            )
        }
