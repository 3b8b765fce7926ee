"""A run on disk: what it was made with, its finished trials, and their out-of-fold probabilities.

The source of truth is an Optuna storage in the run's folder, one study per behavior and arm. Only finished trials are
written, each in one transaction and after its out-of-fold file, so that a kill at any moment leaves whole trials and
nothing half-done.
"""

import fcntl
import json
import os
import socket
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np

from harness.atomic import write_atomically, write_text
from harness.errors import HarnessError
from harness.metrics import Counts, total
from harness.recording import Array
from harness.spec import Decision, PipelineSpec

if TYPE_CHECKING:
    from optuna.storages import RDBStorage
    from optuna.trial import FrozenTrial

RECORD = "record"
"""The user attribute of an Optuna trial that holds what `TrialRecord` says."""

WAY_OUT = "restore it, or search into another --results"


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """One finished trial: what ran, and what it scored or why it failed."""

    behavior: str
    trial: int
    """Its number among the behavior's trials, in the order they were asked."""
    arm: str
    spec: PipelineSpec
    folds: str
    """`grouped` or `blocked`."""
    seconds: float
    error: str | None = None
    """Why it failed; None where it did not."""
    decision: Decision | None = None
    rounds: int | None = None
    counts: tuple[Counts, ...] = ()
    """Cross-fitted, by unit: each judged by the decision that the others would have chosen."""
    average_precision: float = 0.0
    bouts: tuple[Counts, ...] = ()
    """Bouts instead of frames, by unit: found, claimed and true ones, where a bout is found at an overlap of half."""
    resampled: tuple[tuple[int, int, int, int], ...] = ()
    """By resample of the units: hits and claims on it of what is best on it, then of the same on the units left out."""
    fold_merits: tuple[float, ...] = ()
    """Average precision of each fold, as far as the folds were judged."""
    pruned: bool = False
    """Whether the trial was given up before its last fold; then it has no counts."""

    @property
    def complete(self) -> bool:
        """Whether the trial has a score."""
        return self.error is None and not self.pruned

    @property
    def pooled(self) -> Counts:
        return total(self.counts)

    @property
    def baseline(self) -> bool:
        """Whether the trial looked at no features: a yardstick, not a candidate."""
        return not self.spec.features

    @property
    def merit(self) -> tuple[float, float, float, int]:
        """Sorts better trials later: F1, then precision, then average precision, then the earlier trial."""
        return (*self.pooled.score, self.average_precision, -self.trial)

    @property
    def in_short(self) -> dict[str, Any]:
        """What people look for, by name; Optuna's dashboard shows no attribute as long as the whole record."""
        known = {"trial": self.trial, "folds": self.folds, "seconds": self.seconds}
        if self.error is not None:
            return known | {"error": self.error}
        if self.decision is None:
            return known
        scores = {"precision": self.pooled.precision, "recall": self.pooled.recall}
        return known | scores | {"average_precision": self.average_precision, "decision": self.decision.as_json()}

    def as_json(self) -> dict[str, Any]:
        return {
            "behavior": self.behavior,
            "trial": self.trial,
            "arm": self.arm,
            "spec": self.spec.as_json(),
            "folds": self.folds,
            "seconds": self.seconds,
            "error": self.error,
            "decision": self.decision and self.decision.as_json(),
            "rounds": self.rounds,
            "counts": [[counts.hits, counts.claimed, counts.actual] for counts in self.counts],
            "average_precision": self.average_precision,
            "bouts": [[counts.hits, counts.claimed, counts.actual] for counts in self.bouts],
            "resampled": [list(one) for one in self.resampled],
            "fold_merits": list(self.fold_merits),
            "pruned": self.pruned,
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "TrialRecord":
        return cls(
            **{
                **plain,
                "spec": PipelineSpec.from_json(plain["spec"]),
                "decision": plain["decision"] and Decision.from_json(plain["decision"]),
                "counts": tuple(Counts(*counts) for counts in plain["counts"]),
                "bouts": tuple(Counts(*counts) for counts in plain["bouts"]),
                "resampled": tuple(tuple(one) for one in plain["resampled"]),
                "fold_merits": tuple(plain["fold_merits"]),
            }
        )


class Run:
    """A run's folder. Opening it changes nothing; `hold` makes it this process's to write to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._storage: RDBStorage | None = None

    @property
    def description(self) -> dict[str, Any]:
        """What the run was made with, from `run.json`. Raises `HarnessError` where there is no run."""
        path = self.folder / "run.json"
        try:
            plain = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise HarnessError(
                f"{self.folder} holds no run; `harness search --results {self.folder}` makes one"
            ) from error
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise HarnessError(f"{path}: not a readable run description ({reason}); {WAY_OUT}") from error
        if not isinstance(plain, dict) or not all(isinstance(plain.get(part), dict) for part in ("identity", "about")):
            raise HarnessError(f"{path}: does not say what a run was made with; {WAY_OUT}")
        return plain

    def begin(self, identity: Mapping[str, Any], about: Mapping[str, Any]) -> None:
        """Write `run.json` for a new run; for one that is there, refuse where `identity` is not what it was made with.

        `about` is for the reader and for later commands, and may change between two searches of the same run.
        """
        path = self.folder / "run.json"
        identity = json.loads(json.dumps(identity))
        if path.exists():
            differing = sorted(_differences(self.description["identity"], identity))
            if differing:
                raise HarnessError(
                    f"{self.folder} was searched with other {', '.join(differing)}; its trials cannot be continued. "
                    "Give this search a folder of its own with --results, or repeat the earlier settings"
                )
        write_text(path, json.dumps({"identity": identity, "about": dict(about)}, indent=1) + "\n")

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Be the one writer. Raises `HarnessError` saying who holds the run if another process does."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder):
                pass  # A lock that is there opens even where nothing new can be written.
            file = (self.folder / "lock").open("a+", encoding="utf-8")
        except OSError as error:
            raise HarnessError(
                f"{self.folder}: cannot be written to ({error.strerror}); name another --results"
            ) from error
        with file:
            try:
                # The system drops the lock with the process, however it ends.
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                file.seek(0)
                raise HarnessError(
                    f"{self.folder}: another search writes here ({file.read().strip()}); "
                    "wait for it, or give this one a folder of its own with --results"
                ) from error
            file.truncate(0)
            file.write(f"process {os.getpid()} on {socket.gethostname()}, since {time.strftime('%Y-%m-%d %H:%M:%S')}\n")
            file.flush()
            yield

    @property
    def storage(self) -> "RDBStorage":
        """The run's Optuna storage, made where it is not there yet."""
        if self._storage is None:
            self._storage = _sqlite(self.folder / "studies.db")
        return self._storage

    @property
    def begun(self) -> bool:
        """Whether the storage is laid out. A reader that opened it before would lay it out beside the search."""
        path = self.folder / "studies.db"
        if not path.exists():
            return False
        try:
            with closing(sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True)) as connection:
                # Optuna writes this one last.
                return connection.execute("SELECT 1 FROM alembic_version").fetchone() is not None
        except sqlite3.DatabaseError as error:
            return not str(error).startswith("no such table")  # anything else is said by who opens it

    def finished(self) -> "dict[str, list[FrozenTrial]]":
        """The finished trials by study name, in the order they were told."""
        return {
            study.study_name: self.storage.get_all_trials(study._study_id, deepcopy=False)
            for study in self.storage.get_all_studies()
        }

    def add(self, record: TrialRecord, finished: "FrozenTrial", out_of_fold: Sequence[Array]) -> None:
        """Keep a finished trial: its probabilities first, then, in one transaction, the trial."""
        import optuna

        if out_of_fold:
            pooled = np.concatenate(out_of_fold).astype(np.float32)
            path = self.out_of_fold_path(record.behavior, record.trial)
            write_atomically(path, lambda file: np.save(file, pooled, allow_pickle=False))
        study = optuna.create_study(
            storage=self.storage,
            study_name=study_name(record.behavior, record.arm),
            direction="maximize",
            load_if_exists=True,
        )
        finished.user_attrs = {RECORD: record.as_json(), **record.in_short}
        study.add_trial(finished)

    def out_of_fold_path(self, behavior: str, trial: int) -> Path:
        """Where the pooled probabilities (frames of all units,) float32 of a trial lie, in the order of its units."""
        return self.folder / "out_of_fold" / quote(behavior, safe="") / f"{trial:05d}.npy"

    def out_of_fold(self, record: TrialRecord, frames: Sequence[int]) -> list[Array]:
        """The probabilities (frames,) of every unit; `frames` are the units' lengths.

        Raises `HarnessError` where the file is missing or damaged.
        """
        path = self.out_of_fold_path(record.behavior, record.trial)
        try:
            pooled = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise HarnessError(f"{path}: cannot be read ({reason}); {WAY_OUT}") from error
        if pooled.shape != (sum(frames),):
            raise HarnessError(f"{path}: holds an array {pooled.shape}, expected {(sum(frames),)}; {WAY_OUT}")
        return np.split(pooled, np.cumsum(frames)[:-1])

    def records(self) -> list[TrialRecord]:
        """All finished trials, by behavior in the order of the data, then by number."""
        if not self.begun:
            self.description  # noqa: B018 - raises where there is no run at all
            return []
        stored = [trial.user_attrs[RECORD] for trials in self.finished().values() for trial in trials]
        try:
            records = [TrialRecord.from_json(plain) for plain in stored]
        except (KeyError, TypeError) as error:
            raise HarnessError(
                f"{self.folder}: another version of harness wrote its trials; search again, into another --results"
            ) from error
        order = {behavior: place for place, behavior in enumerate(self.description["about"]["behaviors"])}
        return sorted(
            records, key=lambda record: (order.get(record.behavior, len(order)), record.behavior, record.trial)
        )


def study_name(behavior: str, arm: str) -> str:
    return f"{behavior}/{arm}"


def _sqlite(path: Path) -> "RDBStorage":
    import optuna
    from sqlalchemy.exc import DatabaseError

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        if os.access(path.parent, os.W_OK):
            # Readers then never block the writer, and a commit is one append. The file remembers the mode.
            with sqlite3.connect(path) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
            connection.close()
            url = f"sqlite:///{path}"
        else:
            # Such a file needs others beside it even to be read, unless it is said that nobody is writing.
            alone = "" if path.with_name(f"{path.name}-wal").exists() else "&immutable=1"
            url = f"sqlite:///file:{quote(str(path.resolve()))}?mode=ro{alone}&uri=true"
        return optuna.storages.RDBStorage(url, engine_kwargs={"connect_args": {"timeout": 60}})
    except (sqlite3.DatabaseError, DatabaseError) as error:
        reason = str(error).partition("\n")[0]
        raise HarnessError(f"{path}: not a usable SQLite file ({reason}); {WAY_OUT}") from error


def _differences(one: Any, other: Any, name: str = "") -> Iterator[str]:
    """Dotted names of what differs between two plain values."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() | other.keys():
            yield from _differences(one.get(key), other.get(key), f"{name}.{key}" if name else key)
    elif one != other:
        yield name
