"""Which pipelines should every search begin with? Draws some, tries them on all behaviors of all data, picks a few.

    python -m benchmarks.portfolio [--pipelines 60] [--keep 16] DATA [DATA ...] > search_spaces/portfolio.toml

Cross-validation on training labels alone. A pipeline's worth on a behavior is the mean of its cross-fitted F1 and its
average precision, each as a share of the best that any pipeline had there. Pipelines are then taken one by one, each
time the one that most lifts the mean over behaviors of the three best worths among those taken (weighted 5, 3, 2: a
blend wants several good ones), every data folder counting alike. A table on standard error says what the pick is worth
on data that had no say in it: every folder is left out in turn, and the best F1 of the first 5, 10, ... compared with
that of as many at random.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.trials import WORKERS, bench, scores
from harness.plugins.loading import load_plugins
from harness.plugins.registry import MODELS
from harness.plugins.spaces import Range, Spaces, load_spaces
from harness.recording import Array
from harness.searching.arms import Arm
from harness.spec import Value

OWN = 0.6
"""Of a pipeline's worth on a behavior, what is its own; the rest is its mean over all, since one score is noisy."""

BLEND = np.array([0.5, 0.3, 0.2])

Pipeline = tuple[str, str, Mapping[str, Value]]
"""A stack, a family, and what they have in place of defaults."""


def drawn(spaces: Spaces, count: int, seed: int = 0) -> list[Pipeline]:
    """`count` random pipelines, the stacks in turn; four parameters in five are drawn, the others keep defaults."""
    chance = np.random.default_rng(seed)
    families = sorted(name for name, family in MODELS.items() if not family.baseline)
    pipelines: list[Pipeline] = []
    for number in range(count):
        stack, model = list(spaces.stacks)[number % len(spaces.stacks)], str(chance.choice(families))
        ranges = Arm(spaces.stacks[stack], model).ranges(spaces)
        values = {name: _value(one, chance) for name, one in ranges.items() if chance.random() < 0.8}
        pipelines.append((stack, model, values))
    return pipelines


def _value(one: Range, chance: np.random.Generator) -> Value:
    if one.type == "categorical":
        return one.choices[chance.integers(len(one.choices))]
    place = chance.random()
    value = one.low * (one.high / one.low) ** place if one.log else one.low + (one.high - one.low) * place
    return round(value) if one.type == "int" else float(f"{value:.4g}")


def _tried(folder: str, blocks: str, behavior: str, pipeline: Pipeline) -> tuple[float, float]:
    stack, model, values = pipeline
    search, _ = bench(folder, blocks)
    known = [name for name in load_spaces().stacks[stack] if any(name in arm.features for arm in search.arms)]
    arm = Arm(tuple(known), model, stack)
    return scores(folder, blocks, behavior, arm, {name: one for name, one in values.items() if name in arm.defaults()})


def picked(worth: Array, weights: Array, count: int) -> list[int]:
    """The pipelines taken, in order, from their worth (behaviors, pipelines) and the behaviors' weights."""
    worth = OWN * worth + (1 - OWN) * np.average(worth, axis=0, weights=weights)
    taken: list[int] = []
    for _ in range(min(count, worth.shape[1])):
        left = [one for one in range(worth.shape[1]) if one not in taken]
        lifts = []
        for one in left:
            best = -np.sort(-worth[:, [*taken, one]], axis=1)[:, : len(BLEND)]
            lifts.append(np.average(best @ BLEND[: best.shape[1]], weights=weights))
        taken.append(left[int(np.argmax(lifts))])
    return taken


def _toml(pipeline: Pipeline) -> str:
    stack, model, values = pipeline
    lines = ["[[start]]", f'stack = "{stack}"', f'model = "{model}"']
    parts: dict[str, dict[str, Value]] = {}
    for name, value in values.items():
        part, _, parameter = name.partition(".")
        parts.setdefault("parameters" if part == "model" else part, {})[parameter] = value
    for part, table in parts.items():
        words = [f"{key} = " + (f'"{one}"' if isinstance(one, str) else str(one).lower()) for key, one in table.items()]
        lines.append(f"{part} = {{ {', '.join(words)} }}")
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="+")
    parser.add_argument("--pipelines", type=int, default=60)
    parser.add_argument("--keep", type=int, default=16)
    asked = parser.parse_args(arguments)
    load_plugins()
    pipelines = drawn(load_spaces(), asked.pipelines)
    with TemporaryDirectory() as blocks, ProcessPoolExecutor(WORKERS) as pool:
        tasks = [(folder, name) for folder in asked.data for name in bench(folder, blocks)[0].dataset.labelled]
        waiting = [[pool.submit(_tried, folder, blocks, name, one) for one in pipelines] for folder, name in tasks]
        table = np.array([[future.result() for future in row] for row in waiting])  # (behaviors, pipelines, 2)
    worth = (table / np.maximum(table.max(axis=1, keepdims=True), 1e-3)).mean(axis=2)
    folders = np.array([folder for folder, _ in tasks])
    weights = np.array([1 / np.sum(folders == folder) for folder in folders])
    chance = np.random.default_rng(0)
    for folder in asked.data if len(asked.data) > 1 else []:
        own, others = folders == folder, folders != folder
        taken = picked(worth[others], weights[others], asked.keep)
        for count in range(5, asked.keep + 1, 5):
            best = table[own][:, taken[:count], 0].max(axis=1).mean()
            draws = [chance.choice(len(pipelines), count, replace=False) for _ in range(300)]
            random = np.mean([table[own][:, draw, 0].max(axis=1).mean() for draw in draws])
            print(f"{folder}: best F1 of {count} picked {best:.3f}, of {count} at random {random:.3f}", file=sys.stderr)
    print("# Pipelines that are tried first for every behavior, in this order (`python -m benchmarks.portfolio`).")
    for place in picked(worth, weights, asked.keep):
        print(f"\n{_toml(pipelines[place])}")


if __name__ == "__main__":
    main(sys.argv[1:])
