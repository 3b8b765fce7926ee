"""What detectors that were kept elsewhere are worth as columns.

    python -m benchmarks.helpers [--demos S ...] [--elsewhere S] [--trials N] [--workers N]

Detectors of all behaviors are searched, with LightGBM, on a demo of 14 labelled recordings a behavior. In other demos a
pipeline is fitted on the first two to four recordings of each behavior and says of the others what happens: without
helpers, with the detectors of the same behaviors, and with those of half of the behaviors that it is not one of. Prints
Markdown: average precision, and F1 at the threshold that is best in hindsight; means over behaviors.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

import harness
from benchmarks.networks import RECORDINGS
from benchmarks.runs import show_head, show_row
from benchmarks.self_training import SPEC, said, score
from harness.columns.cache import BlockCache
from harness.dataset import Dataset
from harness.demo.dataset import write_demo
from harness.fitting.pipeline import FeatureTables
from harness.fitting.pool import pool_of
from harness.labelling.helpers import HelperModels
from harness.spec import Choice, PipelineSpec


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--demos", type=int, nargs="*", default=(201, 202), metavar="S", help="(201 202)")
    parser.add_argument("--elsewhere", type=int, default=203, metavar="S", help="the demo that helpers are of (203)")
    parser.add_argument("--trials", type=int, default=6, metavar="N", help="for each of their behaviors (6)")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes (2)")
    asked = parser.parse_args()
    show_head("helpers", "demo", "AP", "F1 in hindsight")
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        old = made(place / "elsewhere", asked.elsewhere)
        behaviors = list(old.labelled)
        run = harness.search(
            old,
            trials=asked.trials,
            models=["lightgbm"],
            results=place / "run",
            cache=place / "cache",
            workers=asked.workers,
        )
        for number, named in enumerate((behaviors, behaviors[::2], behaviors[1::2])):
            fitted = harness.fit(run, data=old, behaviors=named, workers=asked.workers, cache=place / "cache")
            fitted.save(place / f"models-{number}")
        helpers = [HelperModels.read(place / f"models-{number}") for number in range(3)]
        for helper in helpers:
            helper.load()
        for seed in asked.demos:
            scores: dict[str, list[tuple[float, float]]] = {}
            for way, one in scored(made(place / f"demo-{seed}", seed), behaviors, helpers, place):
                scores.setdefault(way, []).append(one)
            for way, theirs in scores.items():
                precision, f1 = np.mean(theirs, axis=0)
                show_row(way, str(seed), f"{precision:.3f}", f"{f1:.3f}")


def made(folder: Path, seed: int) -> Dataset:
    write_demo(folder, seed=seed, recordings=RECORDINGS)
    return harness.load(folder)


def scored(
    dataset: Dataset, behaviors: Sequence[str], helpers: Sequence[HelperModels], place: Path
) -> Iterator[tuple[str, tuple[float, float]]]:
    tables = FeatureTables(BlockCache(place / "cache"), pool_of(dataset))
    for number, (behavior, recordings) in enumerate(dataset.labelled.items()):
        kept = 2 + number % 3
        if len(recordings) <= kept + 1:
            continue
        training, others = recordings[:kept], recordings[kept:]
        truth = np.concatenate([one.known_labels for one in others])
        foreign = 1 + (behavior in behaviors[::2])  # of the half that it is not in
        for way, helper in (("none", None), ("the same behaviors", helpers[0]), ("others", helpers[foreign])):
            spec = SPEC if helper is None else with_set(SPEC, helper.name)
            yield way, score(truth, np.concatenate(said(spec, training, others, tables)))


def with_set(spec: PipelineSpec, name: str) -> PipelineSpec:
    return replace(spec, features=(*spec.features, Choice(name)))


if __name__ == "__main__":
    main()
