"""Is who does it to whom found, or only that two animals are at it?

    python -m benchmarks.pairs [--seeds S ...] [--trials N]

Simulated boxes of four mice, of which one now and then chases another: 12 ordered pairs. One search has labels by agent
and target; the other has those of the pair, the same in both directions. What each would export labels four boxes more,
and is counted by direction. Prints Markdown: F1 by direction; and that of who knows every chase, but not who chases.
"""

import argparse
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

import harness
from benchmarks.runs import show_head, show_row
from harness.dataset import Dataset
from harness.demo.crowd import crowd_dataset
from harness.recording import Array, Recording
from harness.scores.metrics import Counts, count

FEATURES, MODELS = ["social_geometry", "kinematics", "bystanders"], ["lightgbm"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=(0, 1, 2, 3, 4), metavar="S")
    parser.add_argument("--trials", type=int, default=3, metavar="N")
    asked = parser.parse_args()
    show_head("seed", "chases, frames", "labels by direction", "labels of the pair", "every chase, in both directions")
    found = []
    for seed in asked.seeds:
        crowd = crowd_dataset(seed)
        by_direction = replace(crowd, labelled={"chase": crowd.labelled["chase"]}, scopes={"chase": "pair"}, truth={})
        truth = crowd.truth["chase"]
        chases = sum(int((labels == 1).sum()) for labels in truth.values())
        with tempfile.TemporaryDirectory() as folder:
            scores = [
                f1(labels_of(dataset, Path(folder) / name, asked.trials), truth)
                for name, dataset in (("direction", by_direction), ("pair", of_the_pair(by_direction)))
            ]
        scores.append(f1({one.id: both(one, truth) for one in crowd.to_label("chase")}, truth))
        found.append(scores)
        show_row(seed, f"{chases:,}", *(f"{score:.3f}" for score in scores))
    show_row("median", "", *(f"{score:.3f}" for score in np.median(found, axis=0)))


def of_the_pair(dataset: Dataset) -> Dataset:
    """Labels that are the same from agent to target and back."""
    examples = dataset.labelled["chase"]
    labels = {one.id: one.known_labels for one in examples}
    return replace(dataset, labelled={"chase": tuple(replace(one, labels=both(one, labels)) for one in examples)})


def both(one: Recording, labels: Mapping[str, Array]) -> Array:
    """Where either of the two does it to the other (frames,)."""
    assert one.whole is not None
    back = one.whole.seen_from(one.target, one.agent)
    return np.asarray(np.maximum(labels[one.id], labels[back.id]))


def labels_of(dataset: Dataset, folder: Path, trials: int) -> Mapping[str, Array]:
    """Example to labels, of what the search would export."""
    run = harness.search(
        dataset, trials=trials, features=FEATURES, models=MODELS, results=folder, cache=folder / "cache"
    )
    return harness.fit(run, cache=folder / "cache").predict(dataset.unlabelled)["chase"]


def f1(labels: Mapping[str, Array], truth: Mapping[str, Array]) -> float:
    return sum((count(labels[name], actual) for name, actual in truth.items()), Counts()).f1


if __name__ == "__main__":
    main()
