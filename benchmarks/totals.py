"""How often the interval of a total holds the truth, and how far probabilities are off, on recordings held back.

    python -m benchmarks.totals [--demos S ...] [--trials N] [--workers N]

Demos of 14 labelled recordings a behavior are searched with the first two to five of them, all behaviors are exported,
and the others labelled. Prints Markdown: for each demo, and for detectors that are to be trusted and others, the share
of recordings whose true total lies in the interval of `summary.csv`, the median width of intervals and of totals; and
how many frames probabilities let expect, in those that there are, as they are averaged and as they are calibrated.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

import harness
from benchmarks.networks import Truth, demos
from benchmarks.runs import show_head, show_row
from harness.dataset import Dataset
from harness.labelling.detectors import reliability_in


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--demos", type=int, nargs="*", default=(201, 202, 203), metavar="S", help="(201 202 203)")
    parser.add_argument("--trials", type=int, default=20, metavar="N", help="for each behavior (20)")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes (2)")
    asked = parser.parse_args()
    every = [labelled(dataset, truth, asked.trials, asked.workers) for _, dataset, truth in demos(asked.demos)]
    show_head("detectors", "recordings", "interval holds the truth", "its width, s", "total, s")
    whole = pd.concat(every)
    for name, rows in (("trusted", whole[whole["trust"] == ""]), ("not to be trusted", whole[whole["trust"] != ""])):
        if len(rows):
            inside = (rows["true_s"] >= rows["total_low_s"] - 1e-4) & (rows["true_s"] <= rows["total_high_s"] + 1e-4)
            width = (rows["total_high_s"] - rows["total_low_s"]).median()
            show_row(name, len(rows), f"{inside.mean():.0%}", f"{width:.1f}", f"{rows['true_s'].median():.1f}")
    show_head("probabilities", "expected over true, median of behaviors", "log of it, root mean square")
    sums = whole.groupby(["demo", "behavior"])[["averaged", "calibrated", "true_s"]].sum()
    for name in ("averaged", "calibrated"):
        ratio = (sums[name] + 1) / (sums["true_s"] + 1)
        show_row(name, f"{ratio.median():.2f}", f"{np.sqrt((np.log(ratio) ** 2).mean()):.2f}")


def labelled(dataset: Dataset, truth: Truth, trials: int, workers: int) -> pd.DataFrame:
    """A line for each behavior and each recording that was held back for it."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        cache = place / "cache"
        run = harness.search(dataset, trials=trials, workers=workers, results=place / "run", cache=cache)
        detectors = harness.fit(run, data=dataset, workers=workers, cache=cache)
        known = reliability_in(detectors.folder)
        rows = []
        seconds = {one.id: 1 / one.fps for one in dataset.unlabelled}
        for one in detectors.label(dataset.unlabelled, workers=workers):
            for act in one.acts:
                labels = truth[act.behavior].get(one.recording.id)
                if labels is None:
                    continue
                frame, of = seconds[one.recording.id], known[act.behavior]
                low, high = of.interval(act.labels.sum() * frame, len(labels) * frame)
                odds = np.log(act.probability / (1 - act.probability)) - of.shift
                rows.append(
                    {
                        "demo": dataset.name,
                        "behavior": act.behavior,
                        "total_low_s": low,
                        "total_high_s": high,
                        "trust": "" if of.trusted else "not to be trusted",
                        "true_s": (labels == 1).sum() * frame,
                        "averaged": (1 / (1 + np.exp(-odds))).sum() * frame,
                        "calibrated": act.probability.sum() * frame,
                    }
                )
    return pd.DataFrame(rows)


if __name__ == "__main__":
    main()
