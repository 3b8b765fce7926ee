"""How time and memory grow with the data: `export-best` and `predict` on more and more recordings, and a long search.

    python -m benchmarks.scale [--recordings N ...] [--predict N ...] [--frames N] [--trials N] [--model M ...]
                               [--search-times N ...] [--search-trials N]

Each export labels so many test recordings of the demo by what a search of its own found on an ordinary demo; `predict`
labels as many by models that were kept of one search. 300 recordings of 16,667 frames are 5 million frames, which
should take less than 20 minutes on two cores (30 with networks, `--model temporal_convolution`), and 4 GB. The search
at the end has ten times the training frames of the real task (2.2 million), as ten times its recordings, and should
need less than 8 GB. Prints Markdown: wall minutes, frames a second, the time for each frame in relation to the first
row, the minutes of cores, and the peak of memory summed over all processes (shared pages counted once, as PSS).
`--recordings`, `--predict` or `--search-times` without a number leave their part out.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.runs import FULL_SECONDS, Cost, harness, show_head, show_row, watched
from harness.demo.dataset import make_demo
from harness.demo.motion import FPS

RECORDINGS = (75, 150, 300)
FRAMES = 16_667
TIMES = (10,)
"""Times the training frames of the real task."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--recordings", type=int, nargs="*", default=RECORDINGS, metavar="N", help="to export labels of"
    )
    parser.add_argument("--predict", type=int, nargs="*", default=RECORDINGS, metavar="N", help="to predict labels of")
    parser.add_argument("--frames", type=int, default=FRAMES, metavar="N", help=f"of each ({FRAMES})")
    parser.add_argument("--trials", type=int, default=60, metavar="N", help="of the searches before an export (60)")
    parser.add_argument("--model", nargs="*", default=[], metavar="M", help="families of these searches (all)")
    parser.add_argument("--search-times", type=int, nargs="*", default=TIMES, metavar="N", help="the real task (10)")
    parser.add_argument("--search-trials", type=int, default=8, metavar="N", help="of a search of many frames (8)")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes (2)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        exports(asked, Path(folder))
        predictions(asked, Path(folder))
        searches(asked, Path(folder))


def exports(asked: argparse.Namespace, place: Path) -> None:
    def cost(count: int) -> Cost:
        data = place / f"data-{count}"
        make_data(data, count, asked.frames)
        where = searched(asked, data, place / f"run-{count}")
        done = watched("export-best", *where, "--out", place / "labels.npy", place=place)
        harness("check", place / "labels.npy", "--data", data, place=place)
        return done

    if asked.recordings:
        show_labelling("export", asked.recordings, asked.frames, cost)


def predictions(asked: argparse.Namespace, place: Path) -> None:
    small, models = place / "small", place / "models"

    def cost(count: int) -> Cost:
        data, labels = place / f"new-{count}", place / f"labels-{count}.npy"
        make_data(data, count, asked.frames)
        words = ("--models", models, "--data", data, "--out", labels, "--workers", asked.workers)
        done = watched("predict", *words, place=place)
        harness("check", labels, "--data", data, place=place)
        return done

    if asked.predict:
        make_data(small, 1, asked.frames)
        where = searched(asked, small, place / "run-small")
        harness("export-best", *where, "--out", place / "small.npy", "--models", models, place=place)
        show_labelling("predict", asked.predict, asked.frames, cost)


def searched(asked: argparse.Namespace, data: Path, results: Path) -> tuple[object, ...]:
    """Where a search of the data was made, as words of a command."""
    cache = results.with_name(f"{results.name}-cache")
    where = ("--data", data, "--results", results, "--cache", cache, "--workers", asked.workers)
    families = [word for model in asked.model for word in ("--model", model)]
    harness("search", *where, "--trials", asked.trials, *families, place=results.parent)
    return where


def show_labelling(verb: str, counts: Sequence[int], frames: int, cost: Callable[[int], Cost]) -> None:
    """What labelling so many recordings costs, a line for each number of them."""
    show_head(f"{verb}: recordings", "frames", "minutes", "frames/s", "time a frame", "core minutes", "GB")
    first = None
    for count in counts:
        one, labelled = cost(count), count * frames
        first = first or one.seconds / labelled
        show_row(
            count,
            f"{labelled:,}",
            one.seconds / 60,
            f"{round(labelled / one.seconds):,}",
            one.seconds / labelled / first,
            one.core_seconds / 60,
            one.peak_bytes / 1e9,
        )


def searches(asked: argparse.Namespace, place: Path) -> None:
    if not asked.search_times:
        return
    show_head("search: training frames", "trials", "minutes", "core minutes", "GB")
    for times in asked.search_times:
        data = place / f"train-{times}"
        harness("demo-data", data, "--recordings", 4 * times, "--seconds", FULL_SECONDS, place=place)
        train = np.load(data / "train.npy", allow_pickle=True).item()
        groups = [group for name, group in train.items() if name != "vocabulary"]
        frames = sum(len(one["annotations"]) for group in groups for one in group.values())
        del train, groups
        where = ("--data", data, "--results", place / f"many-{times}", "--cache", place / f"many-cache-{times}")
        words = ("search", *where, "--trials", asked.search_trials, "--workers", asked.workers)
        cost = watched(*words, place=place)
        show_row(f"{frames:,}", asked.search_trials, cost.seconds / 60, cost.core_seconds / 60, cost.peak_bytes / 1e9)


def make_data(folder: Path, recordings: int, frames: int) -> None:
    """An ordinary demo to learn from, and so many recordings to be labelled, of so many frames."""
    folder.mkdir()
    demo = make_demo(test_recordings=1)
    test = make_demo(recordings=2, test_recordings=recordings, seconds=frames / FPS).test
    np.save(folder / "train.npy", np.array(demo.train), allow_pickle=True)
    np.save(folder / "test.npy", np.array(test), allow_pickle=True)


if __name__ == "__main__":
    main()
