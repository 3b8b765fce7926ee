"""What confident stretches of unlabelled recordings are worth as training data.

    python -m benchmarks.self_training [--demos S ...] [--rounds N]

Demos of 14 labelled recordings a behavior: a pipeline is fitted on the first two to four, and says of the others what
happens. Of these, as many frames as half of the positive share in training are taken for positive, from the top, and
the lowest 80% for negative; what lies between stays unknown. Then it is fitted on both, and again. Prints Markdown:
average precision, and F1 at the threshold that is best in hindsight, of the labelled recordings alone, after each
round, and of the first and the last averaged; means over behaviors. Labels of the others are looked at in the end.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score, precision_recall_curve

import harness
from benchmarks.networks import RECORDINGS
from benchmarks.runs import show_head, show_row
from harness.choosing.selection import log_odds
from harness.columns.cache import BlockCache
from harness.demo.dataset import write_demo
from harness.fitting.pipeline import FeatureTables, fit_pipeline
from harness.fitting.pool import pool_of
from harness.plugins.loading import load_plugins
from harness.recording import UNKNOWN, Array, Recording
from harness.spec import Choice, PipelineSpec, Preparation

SPEC = PipelineSpec(
    (Choice("kinematics"), Choice("pair_vectors"), Choice("social_geometry")),
    Choice("lightgbm", {"leaves": 8, "column_share": 0.3}),
    Preparation(windows="1+5", statistics="mean+std"),
)

CERTAINLY, CERTAINLY_NOT = 0.5, 0.8
"""The share of positives that are taken for certain, and of all frames that are taken for negative."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--demos", type=int, nargs="*", default=(201, 202, 203), metavar="S", help="(201 202 203)")
    parser.add_argument("--rounds", type=int, default=2, metavar="N", help="(2)")
    asked = parser.parse_args()
    load_plugins()
    show_head("learned from", "demo", "AP", "F1 in hindsight")
    for seed in asked.demos:
        with tempfile.TemporaryDirectory() as folder:
            write_demo(Path(folder), seed=seed, recordings=RECORDINGS)
            dataset = harness.load(Path(folder))
            tables = FeatureTables(BlockCache(Path(folder) / "cache"), pool_of(dataset))
            scores: dict[str, list[tuple[float, float]]] = {}
            for number, recordings in enumerate(dataset.labelled.values()):
                kept = 2 + number % 3
                if len(recordings) > kept + 1:
                    for way, one in _scored(recordings[:kept], recordings[kept:], tables, asked.rounds).items():
                        scores.setdefault(way, []).append(one)
        for way, theirs in scores.items():
            precision, f1 = np.mean(theirs, axis=0)
            show_row(way, str(seed), f"{precision:.3f}", f"{f1:.3f}")


def _scored(
    training: Sequence[Recording], others: Sequence[Recording], tables: FeatureTables, rounds: int
) -> dict[str, tuple[float, float]]:
    truth = np.concatenate([one.known_labels for one in others])
    labels = np.concatenate([one.known_labels for one in training])
    share = float((labels == 1).sum() / (labels != UNKNOWN).sum())
    told = [said(SPEC, training, others, tables)]
    for _ in range(rounds):
        certain = _certain(np.concatenate(told[-1]), share)
        cuts = np.cumsum([one.frames for one in others])[:-1]
        taught = [replace(one, labels=part) for one, part in zip(others, np.split(certain, cuts), strict=True)]
        told.append(said(SPEC, [*training, *taught], others, tables))
    found = {"labelled recordings": np.concatenate(told[0])}
    found |= {f"and certain frames, round {n}": np.concatenate(told[n]) for n in range(1, rounds + 1)}
    found["first and last averaged"] = (np.concatenate(told[0]) + np.concatenate(told[-1])) / 2
    return {way: score(truth, values) for way, values in found.items()}


def said(
    spec: PipelineSpec, training: Sequence[Recording], others: Sequence[Recording], tables: FeatureTables
) -> list[Array]:
    """The log-odds (frames,) of each of the others."""
    fitted = fit_pipeline(spec, tables, [(one, slice(0, one.frames)) for one in training], seed=0)
    return [log_odds(list(fitted.probabilities(one).values())[-1]) for one in others]


def _certain(values: Array, share: float) -> Array:
    """Labels (frames,) of frames that are certain, `UNKNOWN` of the rest."""
    labels = np.full(len(values), UNKNOWN, np.int8)
    labels[values <= np.quantile(values, CERTAINLY_NOT)] = 0
    labels[values >= np.quantile(values, 1 - share * CERTAINLY)] = 1
    return labels


def score(truth: Array, values: Array) -> tuple[float, float]:
    precision, recall, _ = precision_recall_curve(truth, values)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
    return float(average_precision_score(truth, values)), float(f1.max())


if __name__ == "__main__":
    main()
