"""How fast the feature sets are on one core, and how time and memory grow with the recordings.

    python -m benchmarks.features

Prints Markdown. For every registered feature set at its defaults, and for all of them with their windows: columns,
frames per second, and the seconds a fit takes; once on two animals of seven named keypoints, and once on five without
names of which a third is missing. Then the seconds and the peak of memory for the design matrices of 1, 2 and 4
recordings, each in a process of its own; there the system's seconds, spent on finding memory, are told apart, since
they vary from run to run. Then the same for fitting on pools of 30 and 300 recordings. All times are processor time;
the recordings are simulated.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import numpy as np

from harness.columns.cache import BlockCache
from harness.columns.windows import with_windows
from harness.fitting.pipeline import FeatureTables
from harness.plugins.contract import FeatureSet, Fitted
from harness.plugins.loading import load_plugins
from harness.plugins.registry import FEATURES
from harness.recording import Array, Recording, Skeleton
from harness.spec import Choice, Preparation
from tests.toy import toy_recordings, with_confidence

FRAMES = 18_000
"""Ten minutes at 30 frames per second."""

POOL_FRAMES = 3000
"""How long each recording of a pool is on which sets are fitted."""

RUNS = 3


def seven_named(count: int) -> list[Recording]:
    return [with_confidence(recording) for recording in toy_recordings(count, FRAMES)]


def five_unnamed() -> Recording:
    (recording,) = toy_recordings(1, FRAMES, missing=1 / 3, skeleton=Skeleton.unnamed(5))
    return recording


def seconds_of(work: Callable[..., object], *arguments: object) -> float:
    began = time.process_time()
    work(*arguments)
    return time.process_time() - began


def speed(work: Callable[[Recording], object], recording: Recording) -> str:
    """Frames per second, each time on a copy, so that nothing kept for the recording, such as its scene, is found."""
    return f"{recording.frames / median(seconds_of(work, replace(recording)) for _ in range(RUNS)):,.0f}"


def block(feature_set: FeatureSet, fitted: Fitted | None, recording: Recording) -> Array:
    arguments = (recording,) if fitted is None else (recording, fitted)
    columns = feature_set.function(*arguments, **feature_set.defaults)
    return np.stack(list(columns.values()), axis=1, dtype=np.float32, casting="same_kind")


def catalogue_columns(fitted: Mapping[str, Fitted | None], recording: Recording) -> int:
    """Compute the columns of all sets in `fitted` and their windows, and count them."""
    preparation, columns = Preparation(), 0
    for name, learned in fitted.items():
        alone = block(FEATURES[name], learned, recording)
        table = with_windows(alone, recording.fps, preparation.window_seconds, preparation.window_statistics)
        columns += table.shape[1]
    return columns


def print_speeds(recording: Recording) -> None:
    print("| feature set | columns | frames per second | seconds to fit |")
    print("|---|---|---|---|")
    fitted: dict[str, Fitted | None] = {}
    for name, feature_set in sorted(FEATURES.items()):
        if reason := feature_set.refusal(recording):
            print(f"| {name} | refused | {reason} | |")
            continue
        began = time.process_time()
        fitted[name] = feature_set.fit and feature_set.fit([recording], **feature_set.defaults)
        fit = f"{time.process_time() - began:.2f}" if feature_set.fit else ""
        compute = partial(block, feature_set, fitted[name])
        print(f"| {name} | {compute(recording).shape[1]} | {speed(compute, recording)} | {fit} |")
    everything = partial(catalogue_columns, fitted)
    print(f"| all with windows | {everything(recording)} | {speed(everything, recording)} | |\n")


def design_matrices(count: int) -> tuple[float, float, float]:
    """What the design matrices of `count` recordings take, one after the other.

    Seconds of the process's own and of the system's for it, and the process's peak in gigabytes. One more recording
    goes first, on which the sets are fitted.
    """
    load_plugins()
    first, *others = seven_named(count + 1)
    choices = [Choice(name, FEATURES[name].defaults) for name in sorted(FEATURES)]
    with tempfile.TemporaryDirectory() as folder:
        tables = FeatureTables(BlockCache(Path(folder)), (first,))
        tables.design_matrix(first, choices, Preparation())
        before = os.times()
        for recording in others:
            tables.design_matrix(recording, choices, Preparation())
        after = os.times()
    return after.user - before.user, after.system - before.system, peak_gigabytes()


def peak_gigabytes() -> float:
    """The most memory this process has had."""
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert peak is not None
    return int(peak[1]) / 1e6


def print_growth(counts: Sequence[int]) -> None:
    print("| recordings | frames | seconds | seconds each | system's seconds | peak of memory in GB |")
    print("|---|---|---|---|---|---|")
    for count in counts:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            own, system, peak = process.submit(design_matrices, count).result()
        print(f"| {count} | {count * FRAMES:,} | {own:.1f} | {own / count:.2f} | {system:.1f} | {peak:.2f} |")


@dataclass(frozen=True)
class Pool:
    """Recordings of a hundred seconds that are simulated when their turn comes."""

    count: int

    def __iter__(self) -> Iterator[Recording]:
        for seed in range(self.count):
            yield toy_recordings(1, POOL_FRAMES, seed=seed)[0]


def fitting(name: str, count: int) -> tuple[float, float]:
    """Seconds and the process's peak in gigabytes of fitting a set on `count` recordings, simulating them included."""
    load_plugins()
    fit = FEATURES[name].fit
    assert fit is not None
    seconds = seconds_of(partial(fit, Pool(count), **FEATURES[name].defaults))
    return seconds, peak_gigabytes()


def print_fits(counts: Sequence[int]) -> None:
    print("| feature set | recordings | frames | seconds | peak of memory in GB |")
    print("|---|---|---|---|---|")
    for name, count in product((name for name in sorted(FEATURES) if FEATURES[name].fit), counts):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            seconds, peak = process.submit(fitting, name, count).result()
        print(f"| {name} | {count} | {count * POOL_FRAMES:,} | {seconds:.1f} | {peak:.2f} |")


def main() -> None:
    load_plugins()
    print("Two animals, seven named keypoints, 2 % of them missing:\n")
    print_speeds(*seven_named(1))
    print("Two animals, five keypoints without names, a third of them missing:\n")
    print_speeds(five_unnamed())
    print("Design matrices of all feature sets with their windows, seven named keypoints:\n")
    print_growth([1, 2, 4])
    print("\nFitting on a pool, one recording in memory at a time:\n")
    print_fits([30, 300])


if __name__ == "__main__":
    main()
