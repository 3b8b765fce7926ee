"""How good a search is after how many trials, with and without the portfolio of starting points.

    python -m benchmarks.anytime [--trials N ...] [--data DIR ...] [--demos S ...] [--behaviors B ...]

A search is brought to each number of trials in turn, and exported there. Without the portfolio it begins with the
defaults of every pipeline. Prints Markdown, means over behaviors: the best trial's cross-fitted F1, the nested F1 that
the export expects of itself (each recording judged by what would have been chosen without it), and the F1 of the export
on the test truth; at the end the medians of each dataset.
"""

import argparse
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.runs import (
    Task,
    add_tasks,
    exported,
    harness,
    leaders,
    mean_of,
    medians,
    scored,
    show_head,
    show_row,
    tasks,
)
from harness.plugins.spaces import SPACES

PORTFOLIO = "portfolio.toml"
"""The file of starting points among the ranges."""


def without_portfolio(place: Path) -> Path:
    """A copy of the ranges whose portfolio is empty."""
    folder = place / "spaces"
    shutil.copytree(SPACES, folder)
    (folder / PORTFOLIO).write_text("", encoding="utf-8")
    return folder


def course(task: Task, spaces: Path, trials: Sequence[int], workers: int) -> Iterator[tuple[int, list[float]]]:
    """After each number of trials: F1, nested F1 and test F1."""
    results, cache = task.place / f"run-{spaces.name}", task.place / "cache"
    where = ("--data", task.data, "--results", results, "--cache", cache, "--seed", task.seed, "--spaces", spaces)
    for count in sorted(trials):
        harness("search", *where, "--trials", count, "--workers", workers, place=task.place)
        best = {behavior: float(row["f1"]) for behavior, row in leaders(results, task.place).items()}
        submission, nested = exported(task.data, results, cache, task.place)
        yield count, [mean_of(best), mean_of(nested), mean_of(scored(submission, task.data, task.place))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_tasks(parser)
    parser.add_argument(
        "--trials", type=int, nargs="+", default=(5, 20, 50, 100, 200), metavar="N", help="of a behavior"
    )
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes of a search (2)")
    asked = parser.parse_args()
    show_head("data", "starts", "trials", "F1", "nested F1", "test F1")
    found: dict[tuple[str, str, int], list[list[float]]] = {}
    for task in tasks(asked):
        for starts, spaces in (("portfolio", SPACES), ("defaults", without_portfolio(task.place))):
            for trials, values in course(task, spaces, asked.trials, asked.workers):
                found.setdefault((task.name, starts, trials), []).append(values)
                show_row(task.title, starts, trials, *values)
    for (name, starts, trials), rows in found.items():
        show_row(f"{name}, median", starts, trials, *medians(rows))


if __name__ == "__main__":
    main()
