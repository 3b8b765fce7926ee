"""Run `harness` as a user does, each command in a process of its own, and read what it found."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

HARNESS = (sys.executable, "-m", "harness")

DEMO_SEEDS = (11, 12, 13)
"""The demos that benchmarks take the median over, unless told otherwise."""

FULL_SECONDS = 297
"""Recordings this long give a demo of 222,750 training frames: seven behaviors, as many frames as the real task."""

DATA_SEEDS = (0, 1, 2)
"""The searches of a folder of data that benchmarks take the median over, unless told otherwise."""

ENDLESS = 1_000_000
"""Trials that no search comes to."""

WATCH_SECONDS = 0.5
"""How often memory is looked at."""


def harness(*words: object, place: Path) -> str:
    """What the command prints, run in the folder `place`. Raises `RuntimeError` with its complaint where it fails."""
    done = subprocess.run([*HARNESS, *map(str, words)], cwd=place, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"harness {' '.join(map(str, words))}: {done.stderr.strip().splitlines()[-1:]}")
    return done.stdout


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command took from the machine."""

    seconds: float
    peak_bytes: int
    """The most memory that its processes held together, shared pages counted once (PSS)."""
    core_seconds: float
    """What all its processes computed, which other programs on the machine slow down less than the clock."""


def watched(*words: object, place: Path) -> Cost:
    """What running the command costs."""
    began, peak = time.monotonic(), 0
    cores: dict[int, float] = {}
    with subprocess.Popen([*HARNESS, *map(str, words)], cwd=place, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, resident_bytes(process.pid))
            cores |= core_seconds(process.pid)
            time.sleep(WATCH_SECONDS)
    if process.returncode:
        raise RuntimeError(f"harness {' '.join(map(str, words))}: exit code {process.returncode}")
    return Cost(time.monotonic() - began, peak, sum(cores.values()))


def resident_bytes(root: int) -> int:
    """Proportional set size of a process and its descendants, which is what they take from the machine together."""
    total = 0
    for pid in family(root):
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += sum(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:"))
    return total


def core_seconds(root: int) -> dict[int, float]:
    """What a process and its descendants have computed so far, by their number."""
    found = {}
    for pid in family(root):
        try:
            words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        found[pid] = (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
    return found


def family(root: int) -> list[int]:
    """The numbers of a process and all its descendants."""
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, parent = int(status.parent.name), int(status.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(parent, []).append(pid)
    found = [root]
    for pid in found:  # which grows
        found += children.get(pid, [])
    return found


@dataclass(frozen=True, slots=True)
class Task:
    """A data folder to search with a seed, and a folder to work in."""

    name: str
    seed: int
    data: Path
    place: Path

    @property
    def title(self) -> str:
        return f"{self.name}, seed {self.seed}"


def add_tasks(parser: argparse.ArgumentParser, *, length: int = 60, demos: Sequence[int] = DEMO_SEEDS) -> None:
    """The options that say which data are searched; `tasks` makes them."""

    def shown(seeds: Sequence[int]) -> str:
        return f"seeds ({' '.join(map(str, seeds))})"

    parser.add_argument("--data", type=Path, nargs="*", default=[], metavar="DIR", help="folders of data (none)")
    parser.add_argument("--data-seeds", type=int, nargs="+", default=DATA_SEEDS, metavar="N", help=shown(DATA_SEEDS))
    parser.add_argument("--demos", type=int, nargs="*", default=demos, metavar="N", help=shown(demos))
    parser.add_argument("--recordings", type=int, default=4, metavar="N", help="of a demo, for most behaviors (4)")
    parser.add_argument("--length", type=int, default=length, metavar="N", help=f"of these, in seconds ({length})")
    parser.add_argument("--behaviors", nargs="*", default=[], metavar="B", help="only these (all)")


def tasks(asked: argparse.Namespace, *options: object) -> Iterator[Task]:
    """Every folder with every seed for it, then a demo for each of its seeds; what a task leaves behind is deleted.

    `options` go to `harness demo-data`.
    """
    wanted = [(data.name, seed, data.resolve()) for data in asked.data for seed in asked.data_seeds]
    wanted += [("demo", seed, None) for seed in asked.demos]
    for name, seed, data in wanted:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            if data is None:
                sizes = ("--recordings", asked.recordings, "--seconds", asked.length)
                data = place / "whole" / name
                harness("demo-data", data, "--seed", seed, *sizes, *options, place=place)
            yield Task(name, seed, reduced(data, asked.behaviors, place / name), place)


def reduced(data: Path, behaviors: Sequence[str], out: Path) -> Path:
    """A copy of the data folder that asks for the named behaviors alone (for all of them, itself)."""
    if not behaviors:
        return data
    out.mkdir()
    for file in ("train.npy", "test.npy", "sample_submission.npy", "test_labels.npy"):
        content = np.load(data / file, allow_pickle=True).item()
        if file == "train.npy":
            content = {"vocabulary": list(behaviors)} | {name: content[name] for name in behaviors}
        elif file != "test.npy":
            content = {name: content[name] for name in behaviors}
        np.save(out / file, np.array(content), allow_pickle=True)
    return out


def leaders(results: Path, place: Path) -> dict[str, dict[str, Any]]:
    """By behavior, what the leaderboard says of its best trial."""
    rows = json.loads(harness("leaderboard", "--results", results, "--format", "json", place=place))
    return {row["behavior"]: row for row in rows if row["rank"] == 1}


def exported(data: Path, results: Path, cache: Path, place: Path) -> tuple[Path, dict[str, float]]:
    """The submission of `harness export-best`, and by behavior the F1 that it expects of itself."""
    out = place / f"{results.name}.npy"
    harness("export-best", "--data", data, "--results", results, "--cache", cache, "--out", out, place=place)
    manifest = json.loads(out.with_suffix(".json").read_text(encoding="utf-8"))
    return out, {behavior: float(one["f1"]) for behavior, one in manifest["behaviors"].items()}


def scored(submission: Path, data: Path, place: Path) -> dict[str, float]:
    """By behavior, the F1 of the submission on the truth in the data folder."""
    told = json.loads(harness("score", submission, data / "test_labels.npy", "--format", "json", place=place))
    return {row["behavior"]: float(row["f1"]) for row in told["behaviors"]}


def mean_of(scores: Mapping[str, float]) -> float:
    """The mean over behaviors."""
    return float(np.mean(list(scores.values())))


def show_head(*names: str) -> None:
    """The first lines of a Markdown table."""
    print(f"\n| {' | '.join(names)} |\n|{'---|' * len(names)}", flush=True)


def show_row(*cells: object) -> None:
    """A line of it; floats with three digits."""
    print(f"| {' | '.join(f'{one:.3f}' if isinstance(one, float) else str(one) for one in cells)} |", flush=True)


def medians(rows: Sequence[Sequence[float]]) -> list[float]:
    """The median of each column."""
    return [float(value) for value in np.median(np.array(rows, dtype=np.float64), axis=0)]
