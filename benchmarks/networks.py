"""What networks are worth beside trees, on recordings that had no part in the search, and what they cost.

    python -m benchmarks.networks [--demos S ...] [--data DIR ...] [--trials N] [--only WAY ...]

Demos of 14 labelled recordings a behavior are searched with the first two to five of them; the others are labelled by
what was exported. Of other data one film after the other is held back, for all behaviors that it shows and another one
shows, too. Prints Markdown, a row for each way:

- trees: all families but networks;
- each sequence family alone;
- all: trees and networks;
- trees, as long as all: trees alone, for as many seconds as `all` took;
- lightgbm, and lightgbm with pose_forecast: that family on two sets, without and with columns learned from all poses.

F1 is the mean over behaviors, and then over data; seconds are those of the search, on so many workers.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import harness
from benchmarks.runs import show_head, show_row
from harness.dataset import Dataset
from harness.demo.dataset import write_demo
from harness.plugins.contract import SequenceFamily
from harness.plugins.loading import load_plugins
from harness.plugins.registry import MODELS
from harness.recording import Array, Recording
from harness.scores.metrics import count

RECORDINGS = 14

FEWEST, MOST = 2, 5
"""Recordings of a behavior that are searched with, of a demo."""

AS_LONG = "trees, as long as all"

Truth = Mapping[str, Mapping[str, Array]]
"""Behavior to recording to labels (frames,), of what was held back."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--demos", type=int, nargs="*", default=(201, 202, 203), metavar="S", help="(201 202 203)")
    parser.add_argument("--data", type=Path, nargs="*", default=[], metavar="DIR", help="folders of data (none)")
    parser.add_argument("--films", type=int, default=3, metavar="N", help="of other data, held back one by one (3)")
    parser.add_argument("--trials", type=int, default=30, metavar="N", help="for each behavior (30)")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes (2)")
    parser.add_argument("--device", default="cpu", metavar="D", help="where networks learn (cpu)")
    parser.add_argument("--only", nargs="*", default=[], metavar="WAY", help="rows (all of them)")
    asked = parser.parse_args()
    load_plugins()
    sequences = sorted(name for name, family in MODELS.items() if isinstance(family, SequenceFamily))
    trees = sorted(set(MODELS) - set(sequences))
    pairs = ("pair_vectors", "social_geometry")
    ways: dict[str, dict[str, Any]] = {
        "trees": {"models": trees},
        **{name: {"models": [name]} for name in sequences},
        "all": {"models": [*trees, *sequences]},
        "lightgbm": {"models": ["lightgbm"], "features": pairs},
        "lightgbm with pose_forecast": {"models": ["lightgbm"], "features": [*pairs, "pose_forecast"]},
    }
    show_head("way", "data", "F1", "seconds")
    found: dict[str, list[tuple[float, float]]] = {}
    for title, dataset, truth in (*demos(asked.demos), *films(asked.data, asked.films)):
        for way, which in ways.items():
            if asked.only and way not in asked.only:
                continue
            besides = {"workers": asked.workers, "device": asked.device}
            f1, seconds = searched(dataset, truth, trials=asked.trials, **which, **besides)
            found.setdefault(way, []).append((f1, seconds))
            show_row(way, title, f"{f1:.3f}", f"{seconds:.0f}")
            if way == "all":
                f1, seconds = searched(dataset, truth, models=trees, timeout=seconds, **besides)
                found.setdefault(AS_LONG, []).append((f1, seconds))
                show_row(AS_LONG, title, f"{f1:.3f}", f"{seconds:.0f}")
    for name, theirs in found.items():
        f1, seconds = np.mean(theirs, axis=0)
        show_row(name, f"mean of {len(theirs)}", f"{f1:.3f}", f"{seconds:.0f}")


def demos(seeds: Sequence[int]) -> Iterator[tuple[str, Dataset, Truth]]:
    """Each behavior with its first recordings to search with, and the rest held back."""
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            write_demo(Path(folder), seed=seed, recordings=RECORDINGS)
            whole = harness.load(Path(folder))
        labelled, truth, held_back = {}, {}, []
        for number, (behavior, recordings) in enumerate(whole.labelled.items()):
            kept = min(FEWEST + number % (MOST - FEWEST + 1), len(recordings) - 1) or 1
            labelled[behavior] = recordings[:kept]
            truth[behavior] = {one.id: one.known_labels for one in recordings[kept:]}
            held_back += [replace(one, labels=None) for one in recordings[kept:]]
        yield f"demo {seed}", Dataset(f"demo {seed}", labelled, tuple(held_back)), truth


def films(folders: Sequence[Path], most: int) -> Iterator[tuple[str, Dataset, Truth]]:
    """One film after the other held back, those first that show most behaviors."""
    for folder in folders:
        whole = harness.load(folder)
        shown: dict[str, set[str]] = {}
        for behavior, recordings in whole.labelled.items():
            for one in recordings:
                if one.positives:
                    shown.setdefault(one.source_id, set()).add(behavior)
        for film in sorted(shown, key=lambda film: (-len(shown[film]), film))[:most]:
            labelled, truth = {}, {}
            held_back: dict[str, Recording] = {}
            for behavior, recordings in whole.labelled.items():
                kept = tuple(one for one in recordings if one.source_id != film)
                if not any(one.positives for one in kept) or behavior not in shown[film]:
                    continue
                labelled[behavior] = kept
                out = [one for one in recordings if one.source_id == film]
                truth[behavior] = {one.id: one.known_labels for one in out}
                held_back |= {one.id: replace(one, labels=None) for one in out}
            data = Dataset(f"{folder.name} {film}", labelled, tuple(held_back.values()), scopes=whole.scopes)
            yield f"{folder.name} without {film}", data, truth


def searched(dataset: Dataset, truth: Truth, *, workers: int, **how: Any) -> tuple[float, float]:
    """F1 of what a search such as this would export on what was held back, and the seconds of the search."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        began = time.monotonic()
        run = harness.search(dataset, workers=workers, results=place / "run", cache=place / "cache", **how)
        seconds = time.monotonic() - began
        out, cache = place / "labels.npy", place / "cache"
        harness.export_best(run, out, data=dataset, models=place / "models", workers=workers, cache=cache)
        labels = harness.predict(place / "models", dataset.unlabelled, workers=workers)
    scores = []
    for behavior, theirs in truth.items():
        if any((one == 1).any() for one in theirs.values()):
            claimed = np.concatenate([labels[behavior][name] for name in theirs])
            scores.append(count(claimed, np.concatenate(list(theirs.values()))).f1)
    return float(np.mean(scores)), seconds


if __name__ == "__main__":
    main()
