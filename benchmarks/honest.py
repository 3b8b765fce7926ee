"""Whether the honest F1 of the leaderboard is honest: against the F1 on recordings that nobody has seen.

    python -m benchmarks.honest [--demos S ...] [--trials N] [--test-recordings N] [--kinds matched ordinary]

Demos are searched and exported. The leader of each behavior is refitted on all labelled recordings, and cuts the test
recordings by its own decision. Once on demos whose test recordings are made like those of training (each behavior is
scored on its own), once on ordinary demos, whose behaviors are rarer or more frequent in the test set.

Prints Markdown: every estimate; then the mean distance of the leader's F1 from its test F1, the same of its honest F1,
which should be half as far, and the share of its 90% intervals that hold the test F1, which should be 80% or more; and
the distance of what the export expected of itself from what it scored. By behavior, by behavior where recordings were
held out whole, and for the mean over behaviors of a search.
"""

import argparse
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np

from benchmarks.runs import Task, add_tasks, exported, harness, leaders, scored, show_head, show_row, tasks
from harness.cache import BlockCache
from harness.data.challenge import load_dataset
from harness.data.demo import BEHAVIORS
from harness.decisions import decide
from harness.metrics import count, total
from harness.pipeline import FeatureTables, fit_pipeline
from harness.registry import load_plugins
from harness.search import pool_of
from harness.store import Run, TrialRecord
from harness.submission import read_truth

KINDS = ("matched", "ordinary")
"""Demos whose test recordings are made like those of training, and demos where behaviors are rarer or more frequent."""


@dataclass(frozen=True, slots=True)
class Estimates:
    """What was said of one behavior after a search, and what came true."""

    folds: str
    f1: float
    honest: float
    low: float
    high: float
    test: float
    """F1 of the leader on the test recordings."""
    nested: float
    """What the export expected of itself."""
    test_of_export: float


def estimated(task: Task, trials: int, workers: int) -> dict[str, Estimates]:
    """By behavior: search, look at the leaders, export, and score both."""
    results, cache = task.place / "run", task.place / "cache"
    where = ("--data", task.data, "--results", results, "--cache", cache, "--seed", task.seed)
    harness("search", *where, "--trials", trials, "--workers", workers, place=task.place)
    rows = leaders(results, task.place)
    records = {(one.behavior, one.trial): one for one in Run(results).records()}
    tests = leader_scores(task, [records[name, row["trial"]] for name, row in rows.items()], cache)
    submission, nested = exported(task.data, results, cache, task.place)
    test_of_export = scored(submission, task.data, task.place)
    return {
        name: Estimates(
            folds=row["folds"],
            f1=row["f1"],
            honest=row["f1_honest"],
            low=row["f1_honest_low"],
            high=row["f1_honest_high"],
            test=tests[name],
            nested=nested[name],
            test_of_export=test_of_export[name],
        )
        for name, row in rows.items()
        if row["f1_honest"] is not None
    }


def leader_scores(task: Task, records: Sequence[TrialRecord], cache: Path) -> dict[str, float]:
    """By behavior, the test F1 of a trial's pipeline, fitted on all labelled recordings, with the trial's decision."""
    dataset, truth = load_dataset(task.data), read_truth(task.data / "test_labels.npy")
    tables = FeatureTables(BlockCache(cache), pool_of(dataset))
    unlabelled = {recording.id: recording for recording in dataset.unlabelled}
    scores = {}
    for record in records:
        training = [(recording, slice(0, recording.frames)) for recording in dataset.labelled[record.behavior]]
        fitted = fit_pipeline(record.spec, tables, training, task.seed)
        counts = []
        for name, labels in truth[record.behavior].items():
            stages = fitted.probabilities(unlabelled[name])
            probabilities = stages.get(record.rounds, list(stages.values())[-1])
            assert record.decision is not None
            counts.append(count(decide(record.decision, probabilities, unlabelled[name].fps), labels))
        scores[record.behavior] = total(counts).f1
    return scores


def summary(estimates: Sequence[Estimates]) -> list[object]:
    """How many there are, how far they are off, and how many intervals hold what came true."""
    covered = float(np.mean([one.low <= one.test <= one.high for one in estimates]))
    ranked, honest, export = distances(estimates)
    return [len(estimates), ranked, honest, honest / ranked, covered, export]


def summary_of_means(searches: Sequence[Sequence[Estimates]]) -> list[object]:
    """The same of the means over behaviors of each search, which have no intervals."""
    means = [mean_of_behaviors(estimates) for estimates in searches]
    ranked, honest, export = distances(means)
    return [len(means), ranked, honest, honest / ranked, "", export]


def distances(estimates: Sequence[Estimates]) -> tuple[float, float, float]:
    """The mean distances of F1, honest F1 and the export's nested F1 from the test F1 of what they speak of."""
    return (
        float(np.mean([abs(one.f1 - one.test) for one in estimates])),
        float(np.mean([abs(one.honest - one.test) for one in estimates])),
        float(np.mean([abs(one.nested - one.test_of_export) for one in estimates])),
    )


def mean_of_behaviors(estimates: Sequence[Estimates]) -> Estimates:
    values = np.mean([astuple(one)[1:] for one in estimates], axis=0)
    return Estimates("", *map(float, values))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_tasks(parser, demos=range(20))
    parser.add_argument("--trials", type=int, default=40, metavar="N", help="for each behavior (40)")
    parser.add_argument("--test-recordings", type=int, default=8, metavar="N", help="of a demo, for each behavior (8)")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes of a search (2)")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS, help="of demos (both)")
    asked = parser.parse_args()
    load_plugins()
    folders_left_out = argparse.Namespace(**{**vars(asked), "data": []})
    matched = tasks(folders_left_out, "--matched", "--test-recordings", asked.test_recordings)
    # As many test recordings in all: every behavior is scored on each of them.
    ordinary = tasks(asked, "--test-recordings", asked.test_recordings * len(BEHAVIORS))
    show_head("data", "behavior", *(field.name for field in fields(Estimates)))
    found: dict[str, list[list[Estimates]]] = {}
    for kind, each in zip(KINDS, (matched, ordinary), strict=True):
        for task in each if kind in asked.kinds else ():
            estimates = estimated(task, asked.trials, asked.workers)
            found.setdefault(f"{kind} {task.name}", []).append(list(estimates.values()))
            for behavior, one in estimates.items():
                show_row(f"{kind} {task.title}", behavior, *astuple(one))
    show_head("data", "of", "number", "F1 off by", "honest F1 off by", "ratio", "intervals that hold", "export off by")
    for name, searches in found.items():
        every = [one for estimates in searches for one in estimates]
        show_row(name, "behaviors", *summary(every))
        if whole := [one for one in every if one.folds == "grouped"]:
            show_row(name, "behaviors, recordings held out whole", *summary(whole))
        show_row(name, "means over behaviors", *summary_of_means(searches))


if __name__ == "__main__":
    main()
