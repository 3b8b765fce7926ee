"""How the harness compares with general AutoML and with a script, on test recordings, in the same wall time.

    python -m benchmarks.peers --python FILE [--minutes N] [--afternoon FILE] [--data DIR ...] [--demos S ...]

FLAML and AutoGluon (its tree models) need packages that do not go with ours: FILE is the Python of an environment that
has `flaml[automl]` and `autogluon.tabular[lightgbm,catboost,xgboost]`. For each behavior they get a table of our
features (a stack with its default preparation), the folds of the harness as groups, the minutes, and the cores. Their
out-of-fold probabilities are smoothed over half a second, and the threshold with the best F1 on the pool cuts those of
the test recordings. `--afternoon` is a script that is called with a folder of data and the submission to write, and
takes what time it wants. The harness searches for as many minutes as all behaviors together had, then exports.

The minutes limit the search. What comes after, refitting and labelling, is limited for nobody, but a peer that takes
twice its time and five minutes more is killed; a behavior that it fails at gets no labels. Prints Markdown: test F1
(mean over behaviors), failures, and the minutes that all took; then the medians of each dataset, and how many times the
F1 of the best other is ours.
"""

import argparse
import math
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.runs import (
    ENDLESS,
    Task,
    add_tasks,
    exported,
    harness,
    mean_of,
    medians,
    scored,
    show_head,
    show_row,
    tasks,
)
from benchmarks.trials import bench
from harness.data.challenge import load_dataset
from harness.data.submission import write_submission
from harness.recording import Array, Recording
from harness.spec import Choice, Preparation

PEERS = ("flaml", "autogluon")

SMOOTHED_FRAMES = 15
"""What the peers' probabilities are averaged over: half a second."""

GRACE_SECONDS = 300
"""What a peer may take beyond twice its time."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one way of working came to on a task."""

    f1: float
    minutes: float
    failed: int = 0
    """Behaviors that it gave no labels for."""


def by_peer(name: str, task: Task, asked: argparse.Namespace) -> Result:
    """FLAML or AutoGluon on each behavior in turn."""
    labels, failed, seconds = {}, 0, 0.0
    search, _ = bench(str(task.data), str(task.place / "blocks"))
    for behavior in search.folds:
        folder = task.place / f"{name}-{behavior}"
        write_table(folder, task, behavior, asked.stack)
        began = time.monotonic()
        done = peer_done(name, folder, task.seed, asked)
        seconds += time.monotonic() - began
        failed += not done
        labels[behavior] = cut_labels(folder, task, behavior) if done else no_labels(search.dataset.unlabelled)
        shutil.rmtree(folder)
    out = task.place / f"{name}.npy"
    write_submission(out, labels)
    return Result(mean_of(scored(out, task.data, task.place)), seconds / 60, failed)


def write_table(folder: Path, task: Task, behavior: str, stack: str) -> None:
    """What a peer reads: the frames of all units, one after the other, and those of all test recordings."""
    search, tables = bench(str(task.data), str(task.place / "blocks"))
    features = [Choice(name) for name in next(arm.features for arm in search.arms if arm.stack == stack)]
    folds = search.folds[behavior]
    fold_of = {unit: fold for fold, held_out in enumerate(folds.held_out) for unit in held_out}

    def design_matrices(recordings: Sequence[Recording]) -> Array:
        return np.concatenate([tables.design_matrix(one, features, Preparation()) for one in recordings])

    folder.mkdir()
    np.save(folder / "X.npy", design_matrices(folds.units))
    np.save(folder / "y.npy", np.concatenate([unit.known_labels for unit in folds.units]))
    np.save(folder / "folds.npy", np.concatenate([np.full(u.frames, fold_of[n]) for n, u in enumerate(folds.units)]))
    np.save(folder / "test.npy", design_matrices(search.dataset.unlabelled))


def peer_done(name: str, folder: Path, seed: int, asked: argparse.Namespace) -> bool:
    """Whether the peer left its probabilities in the folder."""
    script, seconds, told = Path(__file__).with_name(f"{name}_peer.py"), 60 * asked.minutes, folder / "told.txt"
    words = [str(word) for word in (asked.python.absolute(), script, folder, seconds, asked.cores, seed)]
    # Theirs is another environment: what says where our packages are would lead it astray.
    cleared = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment = cleared | {"OMP_NUM_THREADS": str(asked.cores)}
    limit = 2 * seconds + GRACE_SECONDS
    with told.open("w", encoding="utf-8") as log:
        try:
            subprocess.run(words, cwd=folder, env=environment, stdout=log, stderr=log, timeout=limit, check=True)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            why = error if isinstance(error, subprocess.TimeoutExpired) else told.read_text(encoding="utf-8").strip()
            print(f"{folder.name} failed: {str(why).splitlines()[-1:]}", file=sys.stderr, flush=True)
            return False
    return True


def cut_labels(folder: Path, task: Task, behavior: str) -> dict[str, Array]:
    """Recording id to labels (frames,) int8, from the probabilities that a peer left."""
    search, _ = bench(str(task.data), str(task.place / "blocks"))
    units, tests = search.folds[behavior].units, search.dataset.unlabelled
    known = smoothed_each(np.load(folder / "out_of_fold.npy"), [unit.frames for unit in units])
    threshold = best_threshold(np.concatenate(known), np.load(folder / "y.npy"))
    found = smoothed_each(np.load(folder / "labelled.npy"), [recording.frames for recording in tests])
    return {one.id: (values >= threshold).astype(np.int8) for one, values in zip(tests, found, strict=True)}


def no_labels(recordings: Sequence[Recording]) -> dict[str, Array]:
    return {recording.id: np.zeros(recording.frames, dtype=np.int8) for recording in recordings}


def smoothed_each(probabilities: Array, frames: Sequence[int]) -> list[Array]:
    """Pieces of `probabilities`, as many frames each as `frames` says, through a centred mean of the frames there."""
    window = np.ones(SMOOTHED_FRAMES)
    pieces = np.split(probabilities, np.cumsum(frames)[:-1])
    # "same" is as long as the longer of the two, so the ends are cut by hand.
    half = SMOOTHED_FRAMES // 2
    sums = [np.convolve(piece, window)[half : half + len(piece)] for piece in pieces]
    counts = [np.convolve(np.ones(len(piece)), window)[half : half + len(piece)] for piece in pieces]
    return [one / count for one, count in zip(sums, counts, strict=True)]


def best_threshold(probabilities: Array, labels: Array) -> float:
    """The probability with the best F1 of the frames (frames,) that reach it; the highest of equals."""
    order = np.argsort(-probabilities, kind="stable")
    hits, claimed = np.cumsum(labels[order]), np.arange(1, len(labels) + 1)
    f1 = 2 * hits / (claimed + labels.sum())
    # Frames of the same probability are claimed together.
    f1[:-1][np.diff(probabilities[order]) == 0] = -1
    return float(probabilities[order][np.argmax(f1)])


def by_script(script: Path, task: Task) -> Result:
    """A script that labels everything."""
    out, began = task.place / "script.npy", time.monotonic()
    words = [sys.executable, str(script.absolute()), str(task.data), str(out)]
    subprocess.run(words, check=True, cwd=task.place, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - began
    return Result(mean_of(scored(out, task.data, task.place)), seconds / 60)


def by_harness(task: Task, asked: argparse.Namespace) -> Result:
    """A search for as long as all behaviors together, and its export."""
    results, cache, began = task.place / "run", task.place / "cache", time.monotonic()
    where = ("--data", task.data, "--results", results, "--cache", cache, "--seed", task.seed)
    behaviors = len(load_dataset(task.data).labelled)
    limits = ("--timeout", f"{round(60 * asked.minutes * behaviors)}s", "--trials", ENDLESS, "--workers", asked.cores)
    harness("search", *where, *limits, place=task.place)
    submission, _ = exported(task.data, results, cache, task.place)
    seconds = time.monotonic() - began
    return Result(mean_of(scored(submission, task.data, task.place)), seconds / 60)


def compared(task: Task, asked: argparse.Namespace) -> dict[str, Result]:
    results = {name: by_peer(name, task, asked) for name in asked.peers}
    if asked.afternoon:
        results["script"] = by_script(asked.afternoon, task)
    return results | {"harness": by_harness(task, asked)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_tasks(parser)
    parser.add_argument("--python", type=Path, required=True, metavar="FILE", help="the interpreter that has the peers")
    parser.add_argument("--afternoon", type=Path, metavar="FILE", help="a script to compare with (none)")
    parser.add_argument("--minutes", type=float, default=5.0, metavar="N", help="for each behavior (5)")
    parser.add_argument("--cores", type=int, default=2, metavar="N", help="(2)")
    parser.add_argument("--stack", default="pairs", metavar="S", help="of feature sets, for the peers (pairs)")
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=PEERS, help="(both)")
    asked = parser.parse_args()
    show_head("data", "who", "test F1", "failed behaviors", "minutes")
    found: dict[tuple[str, str], list[list[float]]] = {}
    ratios: dict[str, list[float]] = {}
    for task in tasks(asked):
        results = compared(task, asked)
        for who, result in results.items():
            found.setdefault((task.name, who), []).append([result.f1, result.failed, result.minutes])
            show_row(task.title, who, result.f1, result.failed, round(result.minutes, 1))
        best = max(result.f1 for who, result in results.items() if who != "harness")
        ratios.setdefault(task.name, []).append(results["harness"].f1 / best if best else math.inf)
    for (name, who), rows in found.items():
        f1, failed, minutes = medians(rows)
        show_row(f"{name}, median", who, f1, int(failed), round(minutes, 1))
    for name, times in ratios.items():
        print(f"\n{name}: {np.median(times):.2f} times the F1 of the best other (median over seeds)")


if __name__ == "__main__":
    main()
