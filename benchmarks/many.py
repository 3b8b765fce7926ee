"""How the cost grows with labelled recordings, and with keypoints.

    python -m benchmarks.many [--recordings N ...] [--keypoints N ...]

Recordings are of 300 frames (10 s), as clips of long walks, so that no two show the same; each number of them is
searched (2 trials, lightgbm on social_geometry), exported and made a report of. Keypoints are those of two animals on
3,000 frames, of which every feature set computes its columns on one core, after fitting on four such recordings where
it learns. Prints Markdown: wall seconds of each command, and of the ensembles at the end of a search; and seconds of a
core, columns, and the peak of memory by then.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.runs import show_head, show_row
from harness.plugins.loading import load_plugins
from harness.plugins.registry import FEATURES
from harness.recording import Array, Recording, Skeleton

FRAMES = 300
LABELLED_PER_TEST = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=int, nargs="*", default=(20, 200, 2_000), metavar="N")
    parser.add_argument("--keypoints", type=int, nargs="*", default=(7, 27, 64), metavar="N")
    asked = parser.parse_args()
    if asked.recordings:
        show_head("recordings", "frames", "data: line", "search", "its ensembles", "export-best", "report")
    for count in asked.recordings:
        with tempfile.TemporaryDirectory() as folder:
            show_row(f"{count:,}", f"{count * FRAMES:,}", *commands(count, Path(folder)))
    if asked.keypoints:
        load_plugins()
        show_head("feature set", *(f"{count} keypoints" for count in asked.keypoints))
    if asked.keypoints:
        costs = [columns(count) for count in asked.keypoints]
        for name in costs[0]:
            show_row(name, *(one[name] for one in costs))


def walks(seed: int, frames: int, parts: int = 7) -> tuple[Array, Array]:
    """Keypoints (frames, 2, 2, parts) float32 and labels (frames,): the animals are near each other."""
    rng = np.random.default_rng(seed)
    knots = np.arange(0, frames + 30, 15)
    points = np.empty((frames, 2, 2, parts), dtype=np.float32)
    for animal in range(2):
        speed, turn = (np.interp(np.arange(frames), knots, rng.normal(size=len(knots))) for _ in range(2))
        heading = np.cumsum(0.15 * turn)
        path = np.cumsum((0.2 + 3 * np.abs(speed)) * np.exp(1j * heading))
        place = np.abs((path.real + 400) % 1600 - 800) + 1j * np.abs((path.imag + 300) % 1000 - 500)
        body = np.linspace(30, -30, parts) + 8j * np.sin(np.arange(parts))
        where = place[:, None] + body * np.exp(1j * heading)[:, None]
        points[:, animal, 0], points[:, animal, 1] = where.real, where.imag
    points += rng.normal(0, 0.7, points.shape).astype(np.float32)
    apart = np.hypot(*(points[:, 0] - points[:, 1]).mean(axis=2).T)
    return points, (apart < np.quantile(apart, 0.2)).astype(np.int64)


def commands(count: int, folder: Path) -> list[str]:
    """Seconds of each command on so many recordings."""
    points, labels = walks(count, count * FRAMES)
    clips = [slice(at * FRAMES, (at + 1) * FRAMES) for at in range(count)]
    group = {f"clip-{n}": {"keypoints": points[one], "annotations": labels[one]} for n, one in enumerate(clips)}
    tests = walks(count + 1, max(1, count // LABELLED_PER_TEST) * FRAMES)[0]
    test = {f"test-{n}": {"keypoints": tests[n * FRAMES : (n + 1) * FRAMES]} for n in range(len(tests) // FRAMES)}
    np.save(folder / "train.npy", np.array({"vocabulary": ["near"], "near": group}, dtype=object), allow_pickle=True)
    np.save(folder / "test.npy", np.array(test, dtype=object), allow_pickle=True)
    run = ["--results", str(folder / "run"), "--cache", str(folder / "cache")]
    search = ["search", "--data", str(folder), *run, "--trials", "2", "--model", "lightgbm"]
    told = spoken([*search, "--features", "social_geometry"])
    found = next(at for line, at in told if "honest F1" in line)
    export, page = (
        spoken([verb, *run, "--out", str(folder / out)])[-1][1]
        for verb, out in (("export-best", "submission.npy"), ("report", "page.html"))
    )
    return [f"{one:.0f} s" for one in (told[0][1], told[-1][1], told[-1][1] - found, export, page)]


def spoken(words: list[str]) -> list[tuple[str, float]]:
    """Each line that a command says, and after how many seconds; the last is its end."""
    began = time.perf_counter()
    running = subprocess.Popen([sys.executable, "-m", "harness", *words], stderr=subprocess.PIPE, text=True)
    assert running.stderr is not None
    lines = [(line, time.perf_counter() - began) for line in running.stderr]
    assert running.wait() == 0, lines[-1:]
    return [*lines, ("", time.perf_counter() - began)]


def columns(parts: int) -> dict[str, str]:
    """By feature set, what its columns cost."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    recordings = [Recording(str(n), walks(n, 3_000, parts)[0], Skeleton.unnamed(parts)) for n in range(4)]
    found = {}
    for name, feature_set in sorted(FEATURES.items()):
        if feature_set.refusal(recordings[0]):
            continue
        began = time.process_time()
        fitted = () if feature_set.fit is None else (feature_set.fit(recordings),)
        amount = len(feature_set.function(recordings[0], *fitted))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        found[name] = f"{time.process_time() - began:.2f} s, {amount:,} columns, {peak:.0f} MB"
    return found


if __name__ == "__main__":
    main()
