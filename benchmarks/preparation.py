"""Which way of preparing the columns is worth what: every value in `preparation.toml` against the default.

    python -m benchmarks.preparation DATA [DATA ...]

For every data folder, the mean over behaviors of the cross-fitted F1 and of the average precision of LightGBM at its
defaults, with one value of the preparation changed at a time, and with both of windows of 1 and 5 s and unordered
identities; each figure is the mean of the stacks `pairs` and `mars` and of two seeds. Nothing but training data is
read. Prints Markdown. Two trials run at a time.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

import numpy as np

from benchmarks.trials import WORKERS, bench, scores
from harness.searching.setup import Search
from harness.spec import Preparation, Value

STACKS = ("pairs", "mars")
SEEDS = (0, 1000)
TOGETHER: dict[str, Value] = {"preparation.windows": "1+5", "preparation.identities": "unordered"}


def changes(search: Search) -> list[dict[str, Value]]:
    """Nothing, then each value of each range that is not the default, then two of them."""
    defaults = asdict(Preparation())
    others = [
        {f"preparation.{name}": value}
        for name, one in search.spaces.preparation.items()
        for value in one.choices
        if value != defaults[name]
    ]
    return [{}, *others, TOGETHER]


def main(folders: Sequence[str]) -> None:
    for folder in folders:
        with tempfile.TemporaryDirectory() as blocks, ProcessPoolExecutor(WORKERS) as pool:
            search, _ = bench(folder, blocks)
            trials = [(b, arm) for b in search.dataset.labelled for arm in search.arms if arm.stack in STACKS]
            asked = [
                [pool.submit(scores, folder, blocks, *trial, changed, seed) for trial in trials for seed in SEEDS]
                for changed in changes(search)
            ]
            print(f"\n### {Path(folder).name}\n\n| changed | mean F1 | mean AP |\n|---|---|---|")
            for changed, futures in zip(changes(search), asked, strict=True):
                f1, precision = np.mean([future.result() for future in futures], axis=0)
                values = (f"{name.partition('.')[2]} = {value}" for name, value in changed.items())
                print(f"| {', '.join(values) or 'nothing'} | {f1:.3f} | {precision:.3f} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
