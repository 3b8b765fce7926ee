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
from pathlib import Path

import numpy as np

from benchmarks.trials import WORKERS, bench, scores
from harness.searching.arms import Arm


def stacks_of(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """All sets, each alone, and all but each."""
    alone = {name: (name,) for name in names}
    others = {f"all but {name}": tuple(one for one in names if one != name) for name in names}
    return {"all": tuple(names), **alone, **others}


def main(folders: Sequence[str]) -> None:
    for folder in folders:
        with tempfile.TemporaryDirectory() as blocks, ProcessPoolExecutor(WORKERS) as pool:
            search, _ = bench(folder, blocks)
            behaviors = list(search.dataset.labelled)
            stacks = stacks_of(sorted({name for arm in search.arms for name in arm.features}))
            asked = {
                (stack, behavior): pool.submit(scores, folder, blocks, behavior, Arm(features, "lightgbm"))
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
