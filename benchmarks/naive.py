"""What the harness is worth in the same wall time as the script that one would write with Optuna and LightGBM.

    python -m benchmarks.naive [--data DIR ...] [--demos S ...] [--seconds N] [--behaviors B ...]

The script has our feature sets and windows, keeps on disk the columns it has made, and in memory the tables, as far as
that goes. It has one TPE study for each behavior, and runs a trial of each in turn; a trial fits an `LGBMClassifier`
with all cores, on all frames and columns, for every fold, and is worth its cross-fitted F1, the threshold tuned on the
pool. Folds, and the ranges of stacks, windows and LightGBM, are those of the harness. Then `harness search` gets the
same data, wall time and cores, its start counted. Both are cut off where the time ends.

The demos are of the real task's size, unless told otherwise. Prints Markdown: trials a minute, and the best
cross-fitted F1 (mean over behaviors, 0 for one without a trial) after parts of the time; at the end the medians of each
dataset.
"""

import argparse
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.runs import ENDLESS, FULL_SECONDS, Task, add_tasks, harness, medians, show_head, show_row, tasks
from benchmarks.trials import bench
from harness.data.challenge import load_dataset
from harness.fitting.decisions import Candidates, judge
from harness.fitting.folds import Folds
from harness.fitting.pipeline import FeatureTables
from harness.plugins.spaces import Range
from harness.recording import Array, Recording
from harness.runs.store import Run
from harness.scores.metrics import total
from harness.searching.setup import Search
from harness.spec import Choice, Preparation

if TYPE_CHECKING:
    import optuna

MOMENTS = (1 / 8, 1 / 4, 1 / 2, 1.0)
"""Parts of the time after which the best F1 is told."""

ROUNDS = (20, 80)
"""The script's range for the number of trees."""

LIGHTGBM = {
    "leaves": "num_leaves",
    "learning_rate": "learning_rate",
    "min_leaf": "min_child_samples",
    "column_share": "colsample_bytree",
    "l2": "reg_lambda",
    "positive_weight": "scale_pos_weight",
}
"""Our names of LightGBM's parameters, and those of its classifier."""

PREPARED = ("windows", "statistics", "identities")
"""What of the preparation the script searches."""

THRESHOLD_ALONE = Candidates((Choice("none"),), (0.0,), (0.0,))


@dataclass(frozen=True, slots=True)
class Finished:
    """A trial that ended in time."""

    behavior: str
    seconds: float
    """From the start of everything to its end."""
    f1: float
    pruned: bool = False


@dataclass
class Script:
    """The data and the tables that the script has in memory."""

    search: Search
    tables: FeatureTables
    limit: float
    """How many bytes of tables are kept; beyond it, those made first are dropped."""
    kept: dict[tuple[str, str], Array] = field(default_factory=dict)

    def design_matrix(self, recording: Recording, stack: str, preparation: Preparation) -> Array:
        key = (recording.digest, f"{stack} {preparation}")
        if key not in self.kept:
            features = [Choice(name) for name in self.stacks[stack]]
            self.kept[key] = self.tables.design_matrix(recording, features, preparation)
        table = self.kept[key]
        while sum(one.nbytes for one in self.kept.values()) > self.limit:
            del self.kept[next(iter(self.kept))]
        return table

    @property
    def stacks(self) -> dict[str, tuple[str, ...]]:
        """The sets of each stack that the recordings can give."""
        return {arm.stack or "+".join(arm.features): arm.features for arm in self.search.arms if arm.features}

    def f1(self, behavior: str, trial: "optuna.Trial") -> float:
        """What the trial's parameters are worth: cross-fitted F1."""
        from lightgbm import LGBMClassifier

        spaces, folds = self.search.spaces, self.search.folds[behavior]
        ranges = spaces.models["lightgbm"]
        parameters = {theirs: suggested(trial, ours, ranges[ours]) for ours, theirs in LIGHTGBM.items()}
        stack = trial.suggest_categorical("stack", list(self.stacks))
        preparation = Preparation(**{name: suggested(trial, name, spaces.preparation[name]) for name in PREPARED})
        trees = trial.suggest_int("trees", *ROUNDS)
        X = [self.design_matrix(unit, stack, preparation) for unit in folds.units]
        model = LGBMClassifier(n_estimators=trees, n_jobs=-1, verbose=-1, random_state=0, **parameters)
        labels = [unit.known_labels for unit in folds.units]
        verdict = judge(THRESHOLD_ALONE, {None: out_of_fold(model, X, labels, folds)}, labels, folds.rates)
        return total(verdict.counts).f1


def suggested(trial: "optuna.Trial", name: str, one: Range) -> Any:
    """A value of the range."""
    if one.type == "categorical":
        return trial.suggest_categorical(name, one.choices)
    if one.type == "int":
        return trial.suggest_int(name, int(one.low), int(one.high), log=one.log)
    return trial.suggest_float(name, one.low, one.high, log=one.log)


def out_of_fold(model: Any, X: Sequence[Array], labels: Sequence[Array], folds: Folds) -> list[Array]:
    """The probability (frames,) of every unit from the model of the fold that held it out."""
    from sklearn.base import clone

    probabilities = [np.zeros(len(unit)) for unit in labels]
    for fold, held_out in enumerate(folds.held_out):
        frames = folds.training_frames(fold)
        y = np.concatenate([labels[unit][kept] for unit, kept in frames.items()])
        if len(np.unique(y)) == 2:
            fitted = clone(model).fit(np.concatenate([X[unit][kept] for unit, kept in frames.items()]), y)
            for unit in held_out:
                probabilities[unit] = fitted.predict_proba(X[unit])[:, 1]
    return probabilities


def scripted(task: Task, seconds: float, limit: float) -> Iterator[Finished]:
    """The script's trials."""
    import optuna

    began = time.monotonic()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    search, tables = bench(str(task.data), str(task.place / "blocks"))
    script = Script(search, tables, limit)
    sampler = optuna.samplers.TPESampler
    studies = {
        name: optuna.create_study(direction="maximize", sampler=sampler(seed=task.seed)) for name in search.folds
    }
    while True:
        for behavior, study in studies.items():
            trial = study.ask()
            f1 = script.f1(behavior, trial)
            study.tell(trial, f1)
            after = time.monotonic() - began
            if after > seconds:
                return
            yield Finished(behavior, after, f1)


def searched(task: Task, seconds: int, workers: int) -> Iterator[Finished]:
    """The trials of `harness search`."""
    began, results = datetime.now(), task.place / "run"
    where = ("--data", task.data, "--results", results, "--cache", task.place / "cache", "--seed", task.seed)
    limits = ("--timeout", f"{seconds}s", "--trials", ENDLESS, "--workers", workers)
    harness("search", *where, *limits, place=task.place)
    for record, trial in (one for theirs in Run(results).finished().values() for one in theirs):
        assert trial.datetime_complete is not None
        after = (trial.datetime_complete - began).total_seconds()
        if after <= seconds and record.error is None:
            yield Finished(record.behavior, after, record.pooled.f1, record.pruned)


def progress(trials: Sequence[Finished], behaviors: Sequence[str], seconds: float) -> list[float]:
    """Trials a minute, the share of them that was pruned, and the mean best F1 at each of `MOMENTS`."""
    best = []
    for part in MOMENTS:
        until = [trial for trial in trials if trial.seconds <= part * seconds and not trial.pruned]
        each = [max((trial.f1 for trial in until if trial.behavior == name), default=0.0) for name in behaviors]
        best.append(float(np.mean(each)))
    pruned = sum(trial.pruned for trial in trials) / max(len(trials), 1)
    return [60 * len(trials) / seconds, pruned, *best]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_tasks(parser, length=FULL_SECONDS)
    parser.add_argument("--seconds", type=int, default=120, metavar="N", help="wall time of each side (120)")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes of the harness (2)")
    parser.add_argument("--tables-gb", type=float, default=3.0, metavar="N", help="that the script may hold (3)")
    asked = parser.parse_args()
    moments = [f"F1 {part * asked.seconds:.0f} s" for part in MOMENTS]
    show_head("data", "training frames", "who", "trials a minute", "share pruned", *moments)
    found: dict[tuple[str, str], list[list[float]]] = {}
    for task in tasks(asked):
        labelled = load_dataset(task.data).labelled
        frames = sum(recording.frames for recordings in labelled.values() for recording in recordings)
        by_script = list(scripted(task, asked.seconds, asked.tables_gb * 1e9))
        by_harness = list(searched(task, asked.seconds, asked.workers))
        for who, trials in (("script", by_script), ("harness", by_harness)):
            values = progress(trials, list(labelled), asked.seconds)
            found.setdefault((task.name, who), []).append(values)
            show_row(task.title, f"{frames:,}", who, *values)
    for (name, who), rows in found.items():
        show_row(f"{name}, median", "", who, *medians(rows))
    for name in dict.fromkeys(name for name, _ in found):
        pairs = zip(found[name, "script"], found[name, "harness"], strict=True)
        times = [ours[0] / theirs[0] if theirs[0] else math.inf for theirs, ours in pairs]
        print(f"\n{name}: {np.median(times):.1f} times as many trials a minute (median over seeds)")


if __name__ == "__main__":
    main()
