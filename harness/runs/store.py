"""A run on disk: what it was made with, its finished trials, and their out-of-fold probabilities.

The source of truth is an Optuna storage, one study per behavior and arm: a SQLite file in the run's folder, or a
PostgreSQL database that other runs may share. Only finished trials are written, each in one transaction and after its
out-of-fold file, so that a kill at any moment leaves whole trials and nothing half-done. All but the trials lies in the
run's folder.
"""

import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import numpy as np

from harness.errors import HarnessError
from harness.files.atomic import write_atomically, write_text
from harness.files.bounded import read_numbers, read_text
from harness.files.hold import held_folder, this_process
from harness.recording import Array
from harness.runs.postgres import hold_postgres, open_postgres, reach_postgres
from harness.runs.records import TrialRecord
from harness.runs.sqlite import laid_out, open_sqlite
from harness.runs.storage import WAY_OUT, in_one_line, patiently
from harness.server import Server, server_of

if TYPE_CHECKING:
    from optuna import Study
    from optuna.storages import RDBStorage
    from optuna.trial import FrozenTrial

RECORD = "record"
"""The user attribute of an Optuna trial that holds what `TrialRecord` says."""

LONGEST_NAME = 512
"""Letters that Optuna's tables have for the name of a study."""


@dataclass(frozen=True, slots=True)
class Shared:
    """Where a run's trials are among those of other runs."""

    server: Server
    run: str
    """What the names of the run's studies begin with."""

    def as_json(self) -> dict[str, str]:
        return {"url": self.server.url, "run": self.run}


class StoredTrial(NamedTuple):
    """A finished trial: what it says, and what Optuna learns from it."""

    record: TrialRecord
    trial: "FrozenTrial"


class Run:
    """A run's folder, and the database that its trials are in where that is not there.

    Opening it changes nothing; `hold` makes it this process's to write to. `server` is where a new run is to keep
    its trials, or with which password those of an old one can be had; `run.json` remembers it without the password.
    """

    def __init__(self, folder: Path, server: Server | None = None) -> None:
        self.folder = folder
        self._given = server
        self._shared: Shared | None = None
        self._storage: RDBStorage | None = None
        self._studies: dict[str, Study] = {}

    @property
    def description(self) -> dict[str, Any]:
        """What the run was made with, from `run.json`. Raises `HarnessError` where there is no run."""
        path = self.folder / "run.json"
        try:
            plain = json.loads(read_text(path, None))
        except FileNotFoundError as error:
            raise HarnessError(
                f"{self.folder} holds no run; `harness search --results {self.folder}` makes one"
            ) from error
        except (OSError, ValueError, RecursionError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise HarnessError(f"{path}: not a readable run description ({reason}); {WAY_OUT}") from error
        if not isinstance(plain, dict) or not _describes_a_run(plain):
            raise HarnessError(f"{path}: does not say what a run was made with; {WAY_OUT}")
        shared = plain.get("storage", {"url": "", "run": ""})
        if not isinstance(shared, dict) or not all(isinstance(shared.get(part), str) for part in ("url", "run")):
            raise HarnessError(f"{path}: does not say where the trials are; {WAY_OUT}")
        return plain

    def begin(self, identity: Mapping[str, Any], about: Mapping[str, Any]) -> None:
        """Write `run.json` for a new run; for one that is there, refuse where `identity` is not what it was made with.

        `about` is for the reader and for later commands, and may change between two searches of the same run. To be
        called while the run is held.
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
        plain = {"identity": identity, "about": dict(about)}
        if self._shared:
            plain["storage"] = self._shared.as_json()
        write_text(path, json.dumps(plain, indent=1) + "\n")

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Be the one writer, in the folder and in the database. Raises `HeldError` where another process is.

        Raises `HarnessError` where nothing can be written, or the database is not the one that holds the run's trials.
        """
        if self._given is not None and not self.folder.exists():
            reach_postgres(self._given)  # where no server answers, no folder is made
        with held_folder(self.folder):
            self._shared = self._place_to_write()
            if self._shared is not None:
                self._storage = hold_postgres(self._shared.server, self._shared.run, this_process())
            try:
                if self._shared is not None:
                    self._sign(self._shared)
                else:
                    self.storage  # noqa: B018 - where it is damaged, that is to be known before any work
                yield
            finally:
                if self._storage is not None:
                    self._storage.engine.dispose()
                self._shared, self._storage, self._studies = None, None, {}

    @property
    def storage(self) -> "RDBStorage | None":
        """The run's Optuna storage; None where a database has no tables of one.

        A file of SQLite is made where it is not there and can be. Raises `HarnessError` where it is damaged, or its
        server does not answer.
        """
        if self._storage is None:
            shared = self._place()
            if shared is not None:
                self._storage = open_postgres(shared.server)
            else:
                self._refuse_lost_trials()
                self._storage = open_sqlite(self.sqlite)
        return self._storage

    @property
    def places(self) -> str:
        """Where all that belongs to the run is kept, in words."""
        shared = self._shared or self._place()
        return f"{self.folder}" + (f", trials in {shared.server}" if shared else "")

    @property
    def sqlite(self) -> Path:
        return self.folder / "studies.db"

    def finished(self) -> dict[str, list[StoredTrial]]:
        """The finished trials by `study_name`, in the order they were told."""
        if self._shared:
            return patiently(self._read)
        try:
            return self._read()
        finally:
            if self._storage is not None:
                self._storage.engine.dispose()  # a reader keeps no line to a server

    def add(self, record: TrialRecord, finished: "FrozenTrial", out_of_fold: Sequence[Array]) -> None:
        """Keep a finished trial: its probabilities first, then, in one transaction, the trial.

        Waits for a server that is away. Raises `HarnessError` where it stays away.
        """
        name = study_name(record.behavior, record.arm)
        patiently(lambda: self._study(name))  # where trials are lost, that is seen before there are new files
        if out_of_fold:
            pooled = np.concatenate(out_of_fold).astype(np.float32)
            path = self.out_of_fold_path(record.behavior, record.trial)
            write_atomically(path, lambda file: np.save(file, pooled, allow_pickle=False))
        finished.user_attrs = {RECORD: record.as_json(), **record.in_short}
        attempted = False

        def tell() -> None:
            nonlocal attempted
            study = self._study(name)
            # A server may have kept the trial and gone away before it could say so.
            if not attempted or not self._told(study, record):
                attempted = True
                study.add_trial(finished)

        patiently(tell)

    def out_of_fold_path(self, behavior: str, trial: int) -> Path:
        """Where the pooled probabilities (frames of all units,) float32 of a trial lie, in the order of its units."""
        return self.folder / "out_of_fold" / quote(behavior, safe="") / f"{trial:05d}.npy"

    def out_of_fold(self, record: TrialRecord, frames: Sequence[int]) -> list[Array]:
        """The probabilities (frames,) of every unit; `frames` are the units' lengths.

        Raises `HarnessError` where the file is missing or damaged.
        """
        path = self.out_of_fold_path(record.behavior, record.trial)
        try:
            pooled = read_numbers(path)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise HarnessError(f"{path}: cannot be read ({reason}); {WAY_OUT}") from error
        if pooled.shape != (sum(frames),):
            raise HarnessError(f"{path}: holds an array {pooled.shape}, expected {(sum(frames),)}; {WAY_OUT}")
        if not ((pooled >= 0) & (pooled <= 1)).all():
            raise HarnessError(f"{path}: holds numbers that are no probabilities; {WAY_OUT}")
        return np.split(pooled, np.cumsum(frames)[:-1])

    def records(self) -> list[TrialRecord]:
        """All finished trials, by behavior in the order of the data, then by number."""
        return self.in_order(self.finished())

    def in_order(self, finished: Mapping[str, Sequence[StoredTrial]]) -> list[TrialRecord]:
        """The records of what was `finished`, in the order of `records`."""
        behaviors = self.description["about"]["behaviors"]
        records = [one.record for theirs in finished.values() for one in theirs]
        order = {behavior: place for place, behavior in enumerate(behaviors)}
        return sorted(
            records, key=lambda record: (order.get(record.behavior, len(order)), record.behavior, record.trial)
        )

    def _place(self) -> Shared | None:
        """Where the trials of a run that is there are; None for a file of SQLite."""
        path = self.folder / "run.json"
        kept = self.description.get("storage") if path.exists() else None
        return kept and Shared(self._given or server_of(kept["url"], str(path)), kept["run"])

    def _place_to_write(self) -> Shared | None:
        """The same, or where those of a new run are to be."""
        if self._given is None or self._place() is not None:
            return self._place()
        if (self.folder / "run.json").exists():
            raise HarnessError(
                f"{self.folder}: keeps its trials in {self.sqlite.name}, not in {self._given}; "
                "search it without --storage and HARNESS_STORAGE, or search into another --results"
            )
        return Shared(self._given, f"{self.folder.resolve().name[:40]}-{secrets.token_hex(8)}")

    def _sign(self, shared: Shared) -> None:
        """Leave a study of the run's name for a new run; for one that is there, demand it."""
        import optuna

        assert self._storage is not None
        if (self.folder / "run.json").exists():
            self._demand(shared, [study.study_name for study in self._storage.get_all_studies()])
        else:
            study = optuna.create_study(storage=self._storage, study_name=shared.run)
            study.set_user_attr("folder", str(self.folder.resolve()))

    def _demand(self, shared: Shared, names: Sequence[str]) -> None:
        """Raise `HarnessError` where the run is not among the studies of a database."""
        if shared.run not in names:
            raise HarnessError(
                f"{shared.server}: has no trials of {self.folder}, which keeps them in "
                f"{self.description['storage']['url']} under the name {shared.run}; "
                "name the database that has them with --storage, or search into another --results"
            )

    def _refuse_lost_trials(self) -> None:
        """Raise `HarnessError` where trials were stored, but their file is gone or was emptied."""
        try:
            gone = self.sqlite.stat().st_size == 0
        except FileNotFoundError:
            gone = True
        if gone and any((self.folder / "out_of_fold").glob("*/*.npy")):
            raise HarnessError(f"{self.sqlite}: the trials are gone, of which out_of_fold holds more; {WAY_OUT}")

    def _read(self) -> dict[str, list[StoredTrial]]:
        shared = self._shared or self._place()
        if shared is None and self._storage is None and not laid_out(self.sqlite):
            self._refuse_lost_trials()
            return {}
        storage = self.storage
        studies = storage.get_all_studies() if storage else []
        if shared:
            self._demand(shared, [study.study_name for study in studies])
        prefix = f"{shared.run}/" if shared else ""
        finished: dict[str, list[StoredTrial]] = {}
        for study in studies:
            if storage and study.study_name.startswith(prefix):
                try:
                    for trial in storage.get_all_trials(study._study_id, deepcopy=False):
                        record = TrialRecord.from_json(trial.user_attrs[RECORD])
                        name = study_name(record.behavior, record.arm)
                        finished.setdefault(name, []).append(StoredTrial(record, trial))
                except (ValueError, KeyError, TypeError, AttributeError) as error:
                    where = shared.server if shared else self.sqlite
                    raise HarnessError(
                        f"{where}: {study.study_name} has a trial that cannot be read "
                        f"({type(error).__name__}: {in_one_line(error)}), as where another version of "
                        f"harness wrote it; {WAY_OUT}"
                    ) from error
        return finished

    def _study(self, name: str) -> "Study":
        """The study that is stored for `name`, made where it is not there."""
        import optuna

        if name not in self._studies:
            stored = name if self._shared is None else _within(LONGEST_NAME, f"{self._shared.run}/{name}")
            self._studies[name] = optuna.create_study(
                storage=self.storage, study_name=stored, direction="maximize", load_if_exists=True
            )
        return self._studies[name]

    def _told(self, study: "Study", record: TrialRecord) -> bool:
        assert self.storage is not None
        stored = self.storage.get_all_trials(study._study_id, deepcopy=False)
        return any(trial.user_attrs[RECORD]["trial"] == record.trial for trial in stored)


def _describes_a_run(plain: Mapping[str, Any]) -> bool:
    """Whether `run.json` has what later commands read in it, each of the right type."""
    if not all(isinstance(plain.get(part), dict) for part in ("identity", "about")):
        return False
    about, identity = plain["about"], plain["identity"]
    texts = [about.get("data"), about.get("command"), identity.get("data")]
    lists = [about.get("behaviors"), about.get("plugins")]
    texts += [text for one in lists if isinstance(one, list) for text in one]
    tables = [identity.get("plugins"), identity.get("ranges")]
    return (
        all(isinstance(one, list) for one in lists)
        and all(isinstance(one, str) for one in texts)
        and all(isinstance(one, dict) for one in tables)
        and type(identity.get("seed")) is int
    )


def study_name(behavior: str, arm: str) -> str:
    return f"{behavior}/{arm}"


def _within(limit: int, name: str) -> str:
    """The name, or where it is too long, its beginning and a digest of all of it."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    return name if len(name) <= limit else f"{name[: limit - len(digest) - 1]}-{digest}"


def _differences(one: Any, other: Any, name: str = "") -> Iterator[str]:
    """Dotted names of what differs between two plain values."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() | other.keys():
            yield from _differences(one.get(key), other.get(key), f"{name}.{key}" if name else key)
    elif one != other:
        yield name
