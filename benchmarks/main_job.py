"""How long the main job takes and how much memory it needs: a search of a demo, whole processes, all together.

    python -m benchmarks.main_job [--trials N] [--full] [--demos S ...] [--data DIR ...] [--workers N]

With `--full` the demo holds as much as the real task (seven behaviors, 222,750 training frames); there 200 trials of
each behavior should take less than 40 minutes on two cores, and 4 GB. Prints Markdown: wall minutes of the search, the
peak of resident memory summed over all processes (shared pages counted once, as PSS), and the mean F1 on the test
truth; at the end the medians of each dataset.
"""

import argparse

from benchmarks.runs import (
    FULL_SECONDS,
    Task,
    add_tasks,
    exported,
    mean_of,
    medians,
    scored,
    show_head,
    show_row,
    tasks,
    watched,
)
from harness.data.challenge import load_dataset


def job(task: Task, trials: int, workers: int) -> tuple[float, float, float]:
    """Minutes, gigabytes, and test F1."""
    results, cache = task.place / "run", task.place / "cache"
    where = ("--data", task.data, "--results", results, "--cache", cache, "--seed", task.seed)
    cost = watched("search", *where, "--trials", trials, "--workers", workers, place=task.place)
    submission, _ = exported(task.data, results, cache, task.place)
    return cost.seconds / 60, cost.peak_bytes / 1e9, mean_of(scored(submission, task.data, task.place))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_tasks(parser)
    parser.add_argument("--full", action="store_const", dest="length", const=FULL_SECONDS, help="as the real task")
    parser.add_argument("--trials", type=int, default=200, metavar="N", help="for each behavior (200)")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes of the search (2)")
    asked = parser.parse_args()
    show_head("data", "training frames", "minutes", "GB", "test F1")
    found: dict[str, list[tuple[float, float, float]]] = {}
    for task in tasks(asked):
        found.setdefault(task.name, []).append(job(task, asked.trials, asked.workers))
        show_row(task.title, f"{training_frames(task):,}", *found[task.name][-1])
    for name, rows in found.items():
        show_row(f"{name}, median", "", *medians(rows))


def training_frames(task: Task) -> int:
    labelled = load_dataset(task.data).labelled.values()
    return sum(recording.frames for recordings in labelled for recording in recordings)


if __name__ == "__main__":
    main()
