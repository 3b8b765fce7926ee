"""By which rule a behavior's trials are best spread over its pipelines.

    python -m benchmarks.sharing [--trials N ...] [--data DIR ...] [--demos S ...] [--behaviors B ...]

`rank`, `soft rank`, `equal`, `halving` and `bandit` choose among arms (a stack of feature sets with a model family):
the arm with the least (trials + 1) x rank squared, as the harness does, or x rank; with the least trials; the better
half in rounds, brought to twice as many trials each time; or by an upper confidence bound on the best value so far. TPE
proposes the trial in the arm's own static space. `families` chooses among model families by rank, with the stack a
parameter of the family's static space, and `one` is a single conditional study, multivariate TPE with groups. All
begin as the harness does, with the portfolio and what it left out.

A pipeline that two of them ask for is evaluated once. Prints Markdown, means over behaviors: the best trial's
cross-fitted F1, and the nested F1 (each unit judged by the trial that is best on the others); at the end the medians of
each dataset.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import hashlib
import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.naive import suggested
from benchmarks.runs import Task, add_tasks, medians, show_head, show_row, tasks
from harness.columns.cache import BlockCache
from harness.data.challenge import load_dataset
from harness.fitting.evaluation import evaluate
from harness.fitting.pipeline import FeatureTables
from harness.fitting.pool import pool_of
from harness.plugins.loading import load_plugins
from harness.plugins.spaces import load_spaces
from harness.scores.metrics import Counts, total
from harness.searching.arms import Arm, next_arms
from harness.searching.setup import Search, make_search
from harness.searching.study import STARTUP_TRIALS
from harness.spec import PipelineSpec, Value

if TYPE_CHECKING:
    import optuna

EAGERNESS = 0.1
"""Of the bandit: what doubt is worth, in units of F1."""

Trial = tuple[Counts, ...]
"""What a trial scored, by unit."""


@dataclass
class History:
    """What is known of the arms."""

    best: list[float | None]
    """None before an arm's first trial."""
    trials: list[int]

    def tell(self, arm: int, f1: float) -> None:
        self.best[arm] = max(f1, self.best[arm] or 0.0)
        self.trials[arm] += 1

    def better_half(self, arms: Sequence[int]) -> list[int]:
        return sorted(arms, key=lambda arm: (-(self.best[arm] or 0.0), arm))[: max(len(arms) // 2, 1)]


Rule = Callable[[History], int]
"""Whose turn it is."""


def by_rank(history: History) -> int:
    return next_arms(history.best, history.trials, range(len(history.best)), 1)[0]


def by_soft_rank(history: History) -> int:
    ranked = sorted(range(len(history.best)), key=lambda arm: (-(history.best[arm] or 0.0), arm))
    shares = [(history.trials[arm] + 1) * rank for rank, arm in enumerate(ranked, start=1)]
    return ranked[shares.index(min(shares))]


def by_equal_shares(history: History) -> int:
    return history.trials.index(min(history.trials))


def by_halving(history: History) -> int:
    """After n halvings the arms that are left come to 2^n trials each; the last one gets all the rest."""
    left, goal = list(range(len(history.best))), 1
    while len(left) > 1:
        # Only arms that are left have improved since, so those who were the better half are so still.
        left, goal = history.better_half(left), 2 * goal
        behind = [arm for arm in left if history.trials[arm] < goal]
        if behind:
            return behind[0]
    return left[0]


def by_bandit(history: History) -> int:
    """UCB1 (Auer et al. 2002) on the best value so far in place of the mean: it is the best that counts."""
    doubt = [math.sqrt(2 * math.log(sum(history.trials)) / count) if count else math.inf for count in history.trials]
    values = [(best or 0.0) + EAGERNESS * one for best, one in zip(history.best, doubt, strict=True)]
    return values.index(max(values))


@dataclass(frozen=True)
class Study:
    """What one sampler works on: pipelines from parameters."""

    propose: "Callable[[optuna.Trial], PipelineSpec]"
    conditional: bool = False
    """Whether which parameters there are depends on others."""


@dataclass(frozen=True)
class Sharing:
    """Studies, what they begin with, and whose turn it is then."""

    studies: Sequence[Study]
    opening: Sequence[tuple[int, Mapping[str, Value]]]
    """Studies and the parameters of their first trials."""
    rule: Rule


def over_arms(rule: Rule, search: Search) -> Sharing:
    """A study for each arm."""
    arms = arms_of(search)
    studies = [Study(static([arm], search)) for arm in arms]
    return Sharing(studies, [(arms.index(arm), values) for arm, values in opening_of(search)], rule)


def over_families(search: Search) -> Sharing:
    """A study for each model family, with the stack among its parameters."""
    arms = arms_of(search)
    families = list(dict.fromkeys(arm.model for arm in arms))
    members = [[arm for arm in arms if arm.model == family] for family in families]
    studies = [Study(static(theirs, search)) for theirs in members]
    opening = []
    for arm, values in opening_of(search):
        place = families.index(arm.model)
        defaults = {name: value for one in members[place] for name, value in one.defaults().items()}
        opening.append((place, {**defaults, **values, "stack": stack_of(arm)}))
    return Sharing(studies, opening, by_rank)


def as_one(search: Search) -> Sharing:
    """One conditional study of everything."""
    arms = arms_of(search)
    by_name = {(arm.model, stack_of(arm)): arm for arm in arms}

    def propose(trial: "optuna.Trial") -> PipelineSpec:
        model = trial.suggest_categorical("family", list(dict.fromkeys(arm.model for arm in arms)))
        stack = trial.suggest_categorical("stack", list(dict.fromkeys(map(stack_of, arms))))
        arm = by_name[model, stack]
        ranges = {qualified(arm, name): (name, one) for name, one in arm.ranges(search.spaces).items()}
        return arm.spec({name: suggested(trial, known_as, one) for known_as, (name, one) in ranges.items()})

    def parameters(arm: Arm, values: Mapping[str, Value]) -> dict[str, Value]:
        named = {qualified(arm, name): value for name, value in values.items()}
        return {**named, "family": arm.model, "stack": stack_of(arm)}

    opening = [(0, parameters(arm, values)) for arm, values in opening_of(search)]
    return Sharing([Study(propose, conditional=True)], opening, by_rank)


SHARINGS: Mapping[str, Callable[[Search], Sharing]] = {
    "rank": lambda search: over_arms(by_rank, search),
    "soft rank": lambda search: over_arms(by_soft_rank, search),
    "equal": lambda search: over_arms(by_equal_shares, search),
    "halving": lambda search: over_arms(by_halving, search),
    "bandit": lambda search: over_arms(by_bandit, search),
    "families": over_families,
    "one": as_one,
}


def arms_of(search: Search) -> list[Arm]:
    return [arm for arm in search.arms if arm.features]


def opening_of(search: Search) -> list[tuple[Arm, dict[str, Value]]]:
    """The arms of the harness's first batch, with their parameters."""
    turns = [(search.arms[turn.arm], turn.start or {}) for turn in search.opening]
    return [(arm, arm.beginning(start)) for arm, start in turns if arm.features]


def stack_of(arm: Arm) -> str:
    return arm.stack or "+".join(arm.features)


def qualified(arm: Arm, name: str) -> str:
    """Parameters of two families may have one name, and differ in range."""
    return name.replace("model.", f"{arm.model}.", 1) if name.startswith("model.") else name


def static(arms: Sequence[Arm], search: Search) -> "Callable[[optuna.Trial], PipelineSpec]":
    """Proposes pipelines of these arms from all their parameters together, the stack among them where there are two."""
    by_stack = {stack_of(arm): arm for arm in arms}
    ranges = {name: one for arm in arms for name, one in arm.ranges(search.spaces).items()}

    def propose(trial: "optuna.Trial") -> PipelineSpec:
        stack = trial.suggest_categorical("stack", list(by_stack)) if len(arms) > 1 else stack_of(arms[0])
        return by_stack[stack].spec({name: suggested(trial, name, one) for name, one in ranges.items()})

    return propose


def shared(sharing: Sharing, score: Callable[[PipelineSpec], Trial], seed: int, trials: int) -> Iterator[Trial]:
    """The trials in their order."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    studies = [
        optuna.create_study(direction="maximize", sampler=sampler(study, f"{seed}/{place}"))
        for place, study in enumerate(sharing.studies)
    ]
    history = History([None] * len(studies), [0] * len(studies))
    for number in range(trials):
        if number < len(sharing.opening):
            place, parameters = sharing.opening[number]
            studies[place].enqueue_trial(dict(parameters))
        else:
            place = sharing.rule(history)
        asked = studies[place].ask()
        counts = score(sharing.studies[place].propose(asked))
        studies[place].tell(asked, total(counts).f1)
        history.tell(place, total(counts).f1)
        yield counts


def sampler(study: Study, name: str) -> "optuna.samplers.TPESampler":
    import optuna

    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
    if study.conditional:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True)
    return optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP_TRIALS)


def best_f1(trials: Sequence[Trial]) -> float:
    return max(total(counts).f1 for counts in trials)


def nested_f1(trials: Sequence[Trial]) -> float:
    """The F1 of pooled units, each judged by the trial that is best on the others; the earlier one where two are."""
    judged = []
    for unit in range(len(trials[0])):
        others = [total(counts[:unit] + counts[unit + 1 :]).score for counts in trials]
        judged.append(trials[others.index(max(others))][unit])
    return total(judged).f1


@cache
def bench(folder: Path, blocks: Path) -> tuple[Search, FeatureTables]:
    """A search of the folder's data, and its feature tables; loaded once a process."""
    load_plugins()
    dataset = load_dataset(folder)
    search = make_search(dataset, load_spaces(), features=[], models=[], seed=0, batch=1)
    return search, FeatureTables(BlockCache(blocks), pool_of(dataset))


def compared(task: Task, behavior: str, trials: Sequence[int]) -> dict[tuple[str, int], tuple[float, float]]:
    """F1 and nested F1 of one behavior, by sharing and number of trials."""
    search, tables = bench(task.data, task.place / "blocks")
    known: dict[str, Trial] = {}

    def score(spec: PipelineSpec) -> Trial:
        name = repr(spec.as_json())
        if name not in known:
            outcome = evaluate(spec, search.folds[behavior], tables, search.candidates, task.seed)
            known[name] = outcome.verdict.counts
        return known[name]

    found: dict[tuple[str, int], tuple[float, float]] = {}
    for name, make in SHARINGS.items():
        done = list(shared(make(search), score, task.seed, max(trials)))
        found |= {(name, count): (best_f1(done[:count]), nested_f1(done[:count])) for count in trials}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_tasks(parser)
    parser.add_argument("--trials", type=int, nargs="+", default=(20, 40, 60), metavar="N", help="(20 40 60)")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes (2)")
    asked = parser.parse_args()
    show_head("data", "sharing", "trials", "F1", "nested F1")
    rows: dict[tuple[str, str, int], list[list[float]]] = {}
    for task in tasks(asked):
        behaviors = list(load_dataset(task.data).labelled)
        with ProcessPoolExecutor(asked.workers) as pool:
            waiting = [pool.submit(compared, task, behavior, asked.trials) for behavior in behaviors]
            found = [one.result() for one in waiting]
        for name, count in found[0]:
            values = [float(value) for value in np.mean([one[name, count] for one in found], axis=0)]
            rows.setdefault((task.name, name, count), []).append(values)
            show_row(task.title, name, count, *values)
    for (data, name, count), values_of_seeds in rows.items():
        show_row(f"{data}, median", name, count, *medians(values_of_seeds))


if __name__ == "__main__":
    main()
