"""What each feature set is worth: alone, and as what all of them lose without it.

    python -m benchmarks.ablation DATA [DATA ...]

For every data folder, the cross-fitted F1 of every behavior with LightGBM and everything else at its defaults: with
each feature set alone, with all, and with all but each. Folds and decisions are those of a search; nothing but training
data is read. Prints Markdown, as docs/features.md shows it. Two trials run at a time.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np

from harness.arms import Arm
from harness.cache import BlockCache
from harness.data.challenge import load_dataset
from harness.evaluation import evaluate
from harness.pipeline import FeatureTables
from harness.registry import load_plugins
from harness.search import Search, make_search, pool_of
from harness.spaces import load_spaces

WORKERS = 2


@cache
def bench(folder: str, blocks: str) -> tuple[Search, FeatureTables]:
    """A search of the folder's data, and its feature tables; loaded once a process."""
    load_plugins()
    dataset = load_dataset(Path(folder))
    search = make_search(dataset, load_spaces(), features=[], models=[], seed=0, batch=1)
    return search, FeatureTables(BlockCache(Path(blocks)), pool_of(dataset))


def scores(folder: str, blocks: str, behavior: str, features: tuple[str, ...]) -> tuple[float, float]:
    """Cross-fitted F1 and average precision of LightGBM's defaults on these feature sets."""
    search, tables = bench(folder, blocks)
    arm = Arm(features, "lightgbm")
    outcome = evaluate(arm.spec(arm.defaults()), search.folds[behavior], tables, search.candidates, search.seed)
    return sum(outcome.verdict.counts[1:], outcome.verdict.counts[0]).f1, outcome.average_precision


def usable(search: Search) -> list[str]:
    return sorted({name for arm in search.arms for name in arm.features})


def main(folders: Sequence[str]) -> None:
    for folder in folders:
        with tempfile.TemporaryDirectory() as blocks, ProcessPoolExecutor(WORKERS) as pool:
            search, _ = bench(folder, blocks)
            names, behaviors = usable(search), list(search.dataset.labelled)
            stacks = {"all": tuple(names)}
            stacks |= {name: (name,) for name in names}
            stacks |= {f"all but {name}": tuple(one for one in names if one != name) for name in names}
            asked = {
                (stack, behavior): pool.submit(scores, folder, blocks, behavior, features)
                for stack, features in stacks.items()
                for behavior in behaviors
            }
            print(f"\n### {Path(folder).name}\n")
            print("| features | " + " | ".join(behaviors) + " | mean F1 | mean AP |")
            print("|---" * (len(behaviors) + 3) + "|")
            for stack in stacks:
                found = np.array([asked[stack, behavior].result() for behavior in behaviors])
                cells = [f"{f1:.3f}" for f1 in found[:, 0]] + [f"{mean:.3f}" for mean in found.mean(axis=0)]
                print(f"| {stack} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
