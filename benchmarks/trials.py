"""Single trials of a data folder, for benchmarks that compare a few by cross-validation on training data."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from harness.columns.cache import BlockCache
from harness.data.challenge import load_dataset
from harness.fitting.evaluation import evaluate
from harness.fitting.pipeline import FeatureTables
from harness.fitting.pool import pool_of
from harness.plugins.loading import load_plugins
from harness.plugins.spaces import load_spaces
from harness.searching.arms import Arm
from harness.searching.setup import Search, make_search
from harness.spec import Value

WORKERS = 2


@cache
def bench(folder: str, blocks: str) -> tuple[Search, FeatureTables]:
    """A search of the folder's data, and its feature tables with their cache in `blocks`; loaded once a process."""
    load_plugins()
    dataset = load_dataset(Path(folder))
    search = make_search(dataset, load_spaces(), features=[], models=["lightgbm"], seed=0, batch=1)
    return search, FeatureTables(BlockCache(Path(blocks)), pool_of(dataset))


def scores(
    folder: str, blocks: str, behavior: str, arm: Arm, changed: Mapping[str, Value] | None = None, seed: int = 0
) -> tuple[float, float]:
    """Cross-fitted F1 and average precision of an arm's defaults but for the `changed` parameters."""
    search, tables = bench(folder, blocks)
    spec = arm.spec({**arm.defaults(), **(changed or {})})
    outcome = evaluate(spec, search.folds[behavior], tables, search.candidates, seed)
    return sum(outcome.verdict.counts[1:], outcome.verdict.counts[0]).f1, outcome.average_precision
