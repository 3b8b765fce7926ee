"""A small search that can be disturbed, what it finds where nobody disturbs it, and what becomes of one that is."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from harness.errors import HarnessError
from harness.recording import Recording
from harness.runs.records import TrialRecord
from harness.runs.store import Run
from harness.server import server_of
from tests.challenge_files import write
from tests.commands import ended
from tests.toy import toy_recordings

ROOT = Path(__file__).parents[2]

BEHAVIOR = "approach"

CACHED = "cached"
"""The cache as the undisturbed search left it."""

FRAMES = 240
"""Of a recording."""

LONGEST = 300
"""Seconds that a command may take; one that is not over by then hangs."""

SETTINGS = ("HARNESS_STORAGE", "HARNESS_RESULTS", "HARNESS_DATA", "HARNESS_CACHE_LIMIT")


class LostError(Exception):
    """A fault that cost more than it may, in words."""


@dataclass(frozen=True)
class Found:
    """All that a run comes to."""

    leaderboard: list[dict[str, Any]]
    """Less the seconds."""
    records: list[TrialRecord]
    """The same."""
    submission: bytes


@dataclass
class Outcome:
    """How often a fault was injected, and what was lost by it."""

    fault: str
    injected: int = 0
    losses: list[str] = field(default_factory=list)
    """A line for each injection that was not survived."""

    def lose(self, injected: int, why: str) -> None:
        """Count `injected` faults among which one was not survived, nobody knows which: all of them."""
        self.injected += injected
        self.losses += [why] * injected


class Command:
    """`harness` as it runs: what it has said so far is read while it goes on."""

    def __init__(self, words: Sequence[str], at: Path, environment: Mapping[str, str]) -> None:
        self.words = " ".join(words)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "harness", *words],
            cwd=at,
            env=environment,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.said: list[str] = []
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self._out: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def told(self) -> int:
        """How many trials it has told of."""
        return sum(line.startswith(f"{BEHAVIOR} ") and "/" in line.split()[1] for line in self.said)

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def ended_within(self, seconds: float) -> bool:
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        return not self.running

    def tells(self, trials: int) -> bool:
        """Come back once it has told of so many trials (True), or has ended (False)."""
        until = time.monotonic() + LONGEST
        while self.told < trials and self.running and time.monotonic() < until:
            time.sleep(0.02)
        return self.told >= trials and self.running

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._close()

    def end(self, code: int = 0) -> str:
        """What it printed. Raises `LostError` unless it ends with `code`."""
        if not self.ended_within(LONGEST):
            self.kill()
            raise LostError(f"{self.words}: not over within {LONGEST} s")
        self._close()
        if broken := [number for number, line in enumerate(self.said) if "Traceback" in line]:
            raise LostError(f"{self.words}: {''.join(self.said[broken[0] :][:40])}")
        if self.process.returncode != code:
            raise LostError(f"{self.words}: exit code {self.process.returncode}, {self.said[-3:]}")
        return "".join(self._out)

    def all_said(self) -> list[str]:
        """Its lines of standard error, once it is over."""
        self._close()
        return self.said

    def refusal(self) -> str:
        """The one line in which it refuses. Raises `LostError` where it does anything else."""
        self.end(2)
        return _refusal([self.words], 2, self.said)

    def _close(self) -> None:
        self._listener.join(LONGEST)
        self._reader.join(LONGEST)

    def _listen(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as lines:
            self.said.extend(lines)

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            self._out.extend(lines)


@dataclass(frozen=True)
class Scene:
    """A folder `at` with data, and how they are searched in it."""

    at: Path
    trials: int
    undisturbed: Found = field(repr=False)
    seconds: float
    """How long the undisturbed search took."""

    def unused(self, name: str) -> str:
        """`name`, numbered so that nothing in the folder begins like it."""
        number = 0
        while any(self.at.glob(f"{name}-{number}*")):
            number += 1
        return f"{name}-{number}"

    def search(self, results: str, *more: str, **environment: str) -> Command:
        return Command(search_words(self.trials, results, *more), self.at, surroundings(self.at) | environment)

    def finish(self, results: str, **environment: str) -> None:
        """The same search, now undisturbed, to its end. Raises `LostError` unless all goes well."""
        _output(self.at, *search_words(self.trials, results), **environment)

    def refusal(self, *words: str) -> str:
        """The one line in which a command refuses. Raises `LostError` where it does anything else."""
        one = ended(*words, at=self.at, without=SETTINGS)
        return _refusal(words, one.code, one.err.splitlines())

    def demand_undisturbed(self, results: str, **environment: str) -> None:
        """Raise `LostError` unless the run in `results` has come to what the undisturbed one has."""
        found = _found(self.at, results, **environment)
        for part in ("records", "leaderboard", "submission"):
            if getattr(found, part) != getattr(self.undisturbed, part):
                raise LostError(f"{results}: not the {part} of the undisturbed run")


def make_scene(at: Path, trials: int) -> Scene:
    """Write data into the folder `at`, and search them."""
    entries = {one.id: _entry(one) | {"annotations": one.known_labels.tolist()} for one in toy_recordings(3, FRAMES)}
    unlabelled = {one.id: _entry(one) for one in toy_recordings(1, FRAMES, seed=2)}
    write(at / "data", {"vocabulary": [BEHAVIOR], BEHAVIOR: entries}, unlabelled)
    began = time.monotonic()
    Command(search_words(trials, "undisturbed"), at, surroundings(at)).end()
    seconds = time.monotonic() - began
    shutil.copytree(at / "cache", at / CACHED)
    return Scene(at, trials, _found(at, "undisturbed"), seconds)


def _entry(recording: Recording) -> dict[str, object]:
    return {"keypoints": np.asarray(recording.keypoints)}


def search_words(trials: int, results: str, *more: str) -> list[str]:
    """The command line of a search; of options that come twice, the last counts."""
    sets = ["--features", "task_programs", "--features", "distances_pca"]
    models = ["--model", "random", "--model", "logistic_regression"]
    where = [] if "--dask" in more else ["--workers", "2"]
    options = ["--data", "data", *sets, *models, *where, "--trials", str(trials)]
    return ["search", *options, "--results", results, *more]


def _output(at: Path, *words: str, **environment: str) -> str:
    """What a command prints that nobody disturbs. Raises `LostError` unless all goes well."""
    one = ended(*words, at=at, without=SETTINGS, **environment)
    if one.code:
        raise LostError(f"{' '.join(words)}: exit code {one.code}, {one.err.splitlines()[-3:]}")
    return one.out


def _refusal(words: Sequence[str], code: int, said: Sequence[str]) -> str:
    lines = [line for line in said if line.startswith("harness: ")]
    if code != 2 or len(lines) != 1 or said[-1] != lines[0]:
        raise LostError(f"{' '.join(words)}: exit code {code}, refused with {said[-3:]}")
    return lines[0].removeprefix("harness: ").rstrip("\n")


def surroundings(at: Path) -> dict[str, str]:
    """The environment of commands that run in the folder `at`."""
    inherited = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    return inherited | {"HARNESS_CACHE": str(at / "cache"), "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}


def _found(at: Path, results: str, **environment: str) -> Found:
    shown = _output(at, "leaderboard", "--format", "json", "--results", results, **environment)
    submission = at / f"{results.replace('/', '-')}.npy"
    submission.unlink(missing_ok=True)
    rows = [{key: value for key, value in row.items() if key != "seconds"} for row in json.loads(shown)]
    _output(at, "export-best", "--results", results, "--out", submission.name, "--workers", "1", **environment)
    url = environment.get("HARNESS_STORAGE")
    try:
        records = Run(at / results, server_of(url) if url else None).records()
    except HarnessError as error:
        raise LostError(f"{results}: {error}") from error
    return Found(rows, [replace(record, seconds=0.0) for record in records], submission.read_bytes())
