"""Whether the honest F1 of the leaderboard is honest: against the F1 on recordings that nobody has seen.

    python -m benchmarks.honest [--demos S ...] [--trials N] [--test-recordings N] [--kinds matched ordinary]

Demos are searched and exported. The leader of each behavior is refitted on all labelled recordings, and cuts the test
recordings by its own decision. Once on demos whose test recordings are made like those of training (each behavior is
scored on its own), once on ordinary demos, whose behaviors are rarer or more frequent in the test set.

Prints Markdown: every estimate; then the mean distances from the leader's test F1: of the best F1 in hindsight (which a
script prints that picks each trial's threshold where it counts), of the leader's F1, and of its honest F1, which should
be half as far; the share of its 90% intervals that hold the test F1, which should be 80% or more; and the distance of
what the export expected of itself from what it scored. By behavior, by behavior where recordings were held out whole,
and for the mean over behaviors of a search.
"""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np

from benchmarks.runs import Task, add_tasks, exported, harness, leaders, scored, show_head, show_row, tasks
from harness.columns.cache import BlockCache
from harness.data.challenge import load_dataset
from harness.data.submission import read_truth
from harness.dataset import Dataset
from harness.demo.dataset import BEHAVIORS
from harness.fitting.decisions import Candidates, count_table, decide
from harness.fitting.folds import make_folds
from harness.fitting.pipeline import FeatureTables, fit_pipeline
from harness.fitting.pool import pool_of
from harness.plugins.loading import load_plugins
from harness.runs.records import TrialRecord
from harness.runs.store import Run
from harness.scores.honest import f1_of
from harness.scores.metrics import count, total
from harness.spec import Choice

KINDS = ("matched", "ordinary")
"""Demos whose test recordings are made like those of training, and demos where behaviors are rarer or more frequent."""

DISTANCES = ("hindsight off by", "F1 off by", "honest F1 off by", "honest/hindsight", "honest/F1", "export off by")


@dataclass(frozen=True, slots=True)
class Estimates:
    """What was said of one behavior after a search, and what came true."""

    folds: str
    hindsight: float
    """The best F1 of any trial at the one threshold that is best for it on the frames that are counted."""
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
    run = Run(results)
    records = {(one.behavior, one.trial): one for one in run.records()}
    dataset = load_dataset(task.data)
    in_hindsight = hindsight(run, records.values(), dataset)
    tests = leader_scores(task, dataset, [records[name, row["trial"]] for name, row in rows.items()], cache)
    submission, nested = exported(task.data, results, cache, task.place)
    test_of_export = scored(submission, task.data, task.place)
    return {
        name: Estimates(
            folds=row["folds"],
            hindsight=in_hindsight[name],
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


def hindsight(run: Run, records: Iterable[TrialRecord], dataset: Dataset) -> dict[str, float]:
    """By behavior, the best F1 of any trial at the threshold that is best for it, without smoothing or bout rules."""
    thresholds = Candidates((Choice("none"),), gaps=(0.0,), bouts=(0.0,))
    units = {behavior: make_folds(labelled, 0.0).units for behavior, labelled in dataset.labelled.items()}
    best = dict.fromkeys(units, 0.0)
    for record in records:
        if record.complete:
            theirs = units[record.behavior]
            probabilities = run.out_of_fold.read(record, [unit.frames for unit in theirs])
            table = count_table(
                thresholds, probabilities, [unit.known_labels for unit in theirs], [one.fps for one in theirs]
            )
            hits, claimed = table.sum(axis=0).T
            f1s = f1_of(hits, claimed, np.array(sum(unit.positives for unit in theirs)))
            best[record.behavior] = max(best[record.behavior], float(f1s.max()))
    return best


def leader_scores(task: Task, dataset: Dataset, records: Sequence[TrialRecord], cache: Path) -> dict[str, float]:
    """By behavior, the test F1 of a trial's pipeline, fitted on all labelled recordings, with the trial's decision."""
    truth = read_truth(task.data / "test_labels.npy")
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
    return [len(estimates), *distances(estimates), covered]


def summary_of_means(searches: Sequence[Sequence[Estimates]]) -> list[object]:
    """The same of the means over behaviors of each search, which have no intervals."""
    means = [mean_of_behaviors(estimates) for estimates in searches]
    return [len(means), *distances(means), ""]


def distances(estimates: Sequence[Estimates]) -> list[float]:
    """Mean distances from what came true: of F1 in hindsight, F1, honest F1 (and its shares of both), nested F1."""
    told = np.array([[one.hindsight, one.f1, one.honest] for one in estimates])
    test = np.array([one.test for one in estimates])
    hindsight, ranked, honest = np.abs(told - test[:, None]).mean(axis=0)
    export = np.mean([abs(one.nested - one.test_of_export) for one in estimates])
    return list(map(float, (hindsight, ranked, honest, honest / hindsight, honest / ranked, export)))


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
    show_head("data", "of", "number", *DISTANCES, "intervals that hold")
    for name, searches in found.items():
        every = [one for estimates in searches for one in estimates]
        show_row(name, "behaviors", *summary(every))
        if whole := [one for one in every if one.folds == "grouped"]:
            show_row(name, "behaviors, recordings held out whole", *summary(whole))
        show_row(name, "means over behaviors", *summary_of_means(searches))


if __name__ == "__main__":
    main()
