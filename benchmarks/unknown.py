"""What are some seconds in each of several recordings worth, beside as many frames of a few whole ones?

    python -m benchmarks.unknown [--recordings N ...] [--seeds S ...] [--trials N] [--stretch SECONDS]

Demos with about so many recordings a behavior. In one search each is looked at in stretches of three seconds, drawn at
random, about three in ten frames in all, the rest being unknown; in the other about three in ten recordings are looked
at as a whole, and the rest are not there. The behavior with a single recording is left out. Both search the same
pipelines, and what each would export labels the test recordings. Prints Markdown: F1 on them, the mean over behaviors.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

import harness
from benchmarks.runs import show_head, show_row
from harness.dataset import Dataset
from harness.demo.dataset import SINGLE, make_demo
from harness.recording import UNKNOWN, Array, Recording
from harness.scores.metrics import count

SHARE = 0.3
STRETCH = 3.0
"""Seconds that are looked at in one go."""

FEATURES, MODELS = ["social_geometry", "kinematics", "egocentric_pose"], ["lightgbm"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=int, nargs="+", default=(4, 10), metavar="N")
    parser.add_argument("--seeds", type=int, nargs="+", default=(0, 1, 2, 3, 4), metavar="S")
    parser.add_argument("--trials", type=int, default=8, metavar="N")
    parser.add_argument("--stretch", type=float, default=STRETCH, metavar="SECONDS")
    asked = parser.parse_args()
    show_head("recordings", "seed", "frames looked at", "in stretches of all", "in whole recordings")
    for recordings in asked.recordings:
        found = []
        for seed in asked.seeds:
            with tempfile.TemporaryDirectory() as folder:
                amounts, scores = compared(recordings, seed, asked.trials, asked.stretch, Path(folder))
            found.append(scores)
            show_row(recordings, seed, " and ".join(f"{one:,}" for one in amounts), *(f"{one:.3f}" for one in scores))
        show_row(recordings, "median", "", *(f"{one:.3f}" for one in np.median(found, axis=0)))


def compared(
    recordings: int, seed: int, trials: int, stretch: float, folder: Path
) -> tuple[tuple[int, int], tuple[float, float]]:
    """Frames looked at, and F1, of stretches and of whole recordings."""
    whole, truth = demo(recordings, seed, folder)
    chance = np.random.default_rng(seed)
    stretches, some = in_stretches(whole, chance, stretch), some_whole(whole, chance)
    first, second = (sum(one.labelled_frames for one in data.every_labelled) for data in (stretches, some))
    scores = f1(stretches, truth, folder / "stretches", trials), f1(some, truth, folder / "recordings", trials)
    return (first, second), scores


def demo(recordings: int, seed: int, folder: Path) -> tuple[Dataset, dict[str, dict[str, Array]]]:
    """A dataset of the demo's behaviors that have several recordings, and the truth of what is to be labelled."""
    made = make_demo(seed=seed, recordings=recordings, matched=True)
    for name in ("train", "test"):
        np.save(folder / f"{name}.npy", np.array(getattr(made, name)), allow_pickle=True)
    dataset = harness.load(folder)
    labelled = {behavior: group for behavior, group in dataset.labelled.items() if behavior != SINGLE}
    truth = {name: {one: np.array(labels) for one, labels in made.test_labels[name].items()} for name in labelled}
    return replace(dataset, labelled=labelled, truth={}), truth


def kept(group: Sequence[Recording]) -> int:
    return max(1, round(SHARE * len(group)))


def in_stretches(dataset: Dataset, chance: np.random.Generator, seconds: float) -> Dataset:
    """Of every recording so many frames that they are as many as those of the recordings that `some_whole` keeps."""

    def looked_at(one: Recording, share: float) -> Recording:
        spans = np.array_split(np.arange(one.frames), max(1, round(one.frames / one.fps / seconds)))
        known = np.concatenate([spans[place] for place in chance.permutation(len(spans))])[: round(share * one.frames)]
        labels = np.full(one.frames, UNKNOWN, dtype=np.int8)
        labels[known] = one.known_labels[known]
        return replace(one, labels=labels)

    labelled = {}
    for behavior, group in dataset.labelled.items():
        while True:
            drawn = tuple(looked_at(one, kept(group) / len(group)) for one in group)
            if any(one.positives for one in drawn):
                break
        labelled[behavior] = drawn
    return replace(dataset, labelled=labelled)


def some_whole(dataset: Dataset, chance: np.random.Generator) -> Dataset:
    """Some recordings of each behavior, one of which at least shows it."""
    labelled = {}
    for behavior, group in dataset.labelled.items():
        while True:
            drawn = [group[place] for place in sorted(chance.permutation(len(group))[: kept(group)])]
            if any(one.positives for one in drawn):
                break
        labelled[behavior] = tuple(drawn)
    return replace(dataset, labelled=labelled)


def f1(dataset: Dataset, truth: dict[str, dict[str, Array]], folder: Path, trials: int) -> float:
    """The mean over behaviors of what the search would export, on the recordings to be labelled."""
    run = harness.search(
        dataset, trials=trials, features=FEATURES, models=MODELS, results=folder, cache=folder / "cache"
    )
    labels = harness.fit(run, cache=folder / "cache").predict(dataset.unlabelled)
    scores = []
    for behavior, theirs in truth.items():
        counts = [count(labels[behavior][name], actual) for name, actual in theirs.items()]
        scores.append(sum(counts[1:], counts[0]).f1)
    return float(np.mean(scores))


if __name__ == "__main__":
    main()
