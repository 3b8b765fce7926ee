"""A run on disk: what it was made with, its finished trials, and their out-of-fold probabilities.

The source of truth is an Optuna storage, one study per behavior and arm: a SQLite file in the run's folder, or a
PostgreSQL database that other runs may share. Only finished trials are written, each in one transaction and after its
out-of-fold file, so that a kill at any moment leaves whole trials and nothing half-done. All but the trials lies in the
run's folder.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import HarnessError
from harness.files.hold import held_folder
from harness.recording import Array
from harness.runs.description import Description, described, read_description, write_description
from harness.runs.out_of_fold import OutOfFold
from harness.runs.place import OwnFile, Place, Shared
from harness.runs.postgres import reach_postgres
from harness.runs.records import TrialRecord
from harness.runs.storage import patiently
from harness.runs.studies import StoredTrial, Studies
from harness.server import Server, server_of

if TYPE_CHECKING:
    from optuna.storages import RDBStorage
    from optuna.trial import FrozenTrial


class Run:
    """A run's folder, and the database that its trials are in where that is not there.

    Opening it changes nothing; `hold` makes it this process's to write to. `server` is where a new run is to keep
    its trials, or with which password those of an old one can be had; `run.json` remembers it without the password.
    """

    def __init__(self, folder: Path, server: Server | None = None) -> None:
        self.folder = folder
        self._given = server
        self._held: Studies | None = None
        self._reader: Studies | None = None
        self._was_held = False

    @property
    def description(self) -> Description:
        """What the run was made with. Raises `HarnessError` where there is no run."""
        return read_description(self.folder)

    @property
    def out_of_fold(self) -> OutOfFold:
        """The probabilities of the trials that have a score."""
        return OutOfFold(self.folder / "out_of_fold")

    @property
    def places(self) -> str:
        """Where all that belongs to the run is kept, in words."""
        place = self._held.place if self._held else self._place()
        return f"{self.folder}" + (f", trials in {place}" if place.address else "")

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Be the one writer, in the folder and in the database. Raises `HeldError` where another process is.

        Raises `HarnessError` where nothing can be written, or the database is not the one that holds the run's trials.
        """
        if self._given is not None and not self.folder.exists():
            reach_postgres(self._given)  # where no server answers, no folder is made
        with held_folder(self.folder):
            place = self._place_to_write()
            self._held = Studies(place, place.hold())
            self._was_held = True
            try:
                yield
            finally:
                self._held.close()
                self._held = None

    @property
    def storage(self) -> "RDBStorage":
        """The Optuna storage of a run that is held."""
        return self._writer.storage

    def begin(self, identity: Mapping[str, Any], about: Mapping[str, Any]) -> None:
        """Write `run.json` for a new run; for one that is there, refuse where `identity` is not what it was made with.

        `about` is for the reader and for later commands, and may change between two searches of the same run. To be
        called while the run is held.
        """
        write_description(self.folder, Description(identity, about, self._writer.place.address))

    def add(self, record: TrialRecord, finished: "FrozenTrial", out_of_fold: Sequence[Array]) -> None:
        """Keep a finished trial: its probabilities first, then, in one transaction, the trial.

        To be called while the run is held. Waits for a server that is away. Raises `HarnessError` where it stays away.
        """
        self._writer.make_room(record)  # where there is none, that is seen before there are new files
        if out_of_fold:
            self.out_of_fold.keep(record, out_of_fold)
        self._writer.add(record, finished)

    def finished(self) -> dict[str, list[StoredTrial]]:
        """The finished trials by `study_name`, in the order they were told.

        Waits for a server that this process has written to. Raises `HarnessError` where it stays away, or never came.
        """
        if self._held:
            return patiently(self._held.finished)
        return patiently(self._read) if self._was_held else self._read()

    def _read(self) -> dict[str, list[StoredTrial]]:
        studies = self._opened()
        if studies is None:
            return {}
        try:
            return studies.finished()
        finally:
            studies.close()  # a reader keeps no line to a server

    def foreign(self) -> dict[str, int]:
        """By name of their study, how many trials others have written; to be called while the run is held."""
        return patiently(self._writer.foreign)

    def lost(self, records: Sequence[TrialRecord]) -> str | None:
        """That trials are gone of which there are probabilities, in words; None where these `records` are all.

        A kill between a file and its trial leaves one file too many of a behavior, which the same trial will go to.
        """
        known: dict[str, set[int]] = {}
        for record in records:
            known.setdefault(record.behavior, set()).add(record.trial)
        stored = {self.out_of_fold.folder_of(behavior): numbers for behavior, numbers in known.items()}
        for folder, number in self.out_of_fold.trials():
            numbers = stored.get(folder, set())
            # Holes are those of a deleted study, whose trials are asked again; a log that is lost leaves none.
            if number > len(numbers) and numbers == set(range(len(numbers))):
                return (
                    f"{self.folder}: holds predictions of trials that {self._place()} does not know, as where it was "
                    "copied without the file that ends in -wal; copy the whole folder once no search is running, or "
                    f"move {self.out_of_fold.folder} away and search them again"
                )
        return None

    def records(self) -> list[TrialRecord]:
        """All finished trials, by behavior in the order of the data, then by number."""
        return self.in_order(self.finished())

    def in_order(self, finished: Mapping[str, Sequence[StoredTrial]]) -> list[TrialRecord]:
        """The records of what was `finished`, in the order of `records`."""
        behaviors = self.description.about["behaviors"]
        records = [one.record for theirs in finished.values() for one in theirs]
        order = {behavior: place for place, behavior in enumerate(behaviors)}
        return sorted(
            records, key=lambda record: (order.get(record.behavior, len(order)), record.behavior, record.trial)
        )

    @property
    def _writer(self) -> Studies:
        assert self._held is not None, f"{self.folder}: to be held first"
        return self._held

    def _opened(self) -> Studies | None:
        """The studies of a run that is not held, opened once; None where a search has not made them yet."""
        place = self._place()
        if self._reader is None or self._reader.place != place:
            storage = place.open()
            self._reader = Studies(place, storage) if storage else None
        return self._reader

    def _place(self) -> Place:
        """Where the trials of a run that is there are."""
        there = described(self.folder)
        if there is None or there.storage is None:
            return OwnFile(self.folder / "studies.db", self.out_of_fold)
        server = self._given or server_of(there.storage.url, str(self.folder / "run.json"))
        return Shared(server, there.storage, self.folder)

    def _place_to_write(self) -> Place:
        """The same, or where those of a new run are to be."""
        place = self._place()
        if self._given is None or isinstance(place, Shared):
            return place
        if described(self.folder):
            raise HarnessError(
                f"{self.folder}: keeps its trials in {place.path.name}, not in {self._given}; "
                "search it without --storage and HARNESS_STORAGE, or search into another --results"
            )
        return Shared.new(self._given, self.folder)
