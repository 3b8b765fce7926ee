"""Where a run's trials are: in a SQLite file of its own, or in a database among those of other runs."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import HarnessError
from harness.files.hold import this_process
from harness.runs.description import Address
from harness.runs.out_of_fold import OutOfFold
from harness.runs.postgres import hold_postgres, open_postgres
from harness.runs.sqlite import laid_out, open_sqlite
from harness.runs.storage import WAY_OUT
from harness.server import Server

if TYPE_CHECKING:
    from optuna.storages import RDBStorage

LONGEST_NAME = 512
"""Letters that Optuna's tables have for the name of a study."""


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A file of SQLite; all studies in it are the run's."""

    path: Path
    out_of_fold: OutOfFold
    """Shows whether there were trials."""

    address = None
    prefix = ""

    def __str__(self) -> str:
        return str(self.path)

    def open(self) -> "RDBStorage | None":
        """The storage, to be read; None where a search has not made it yet.

        Raises `HarnessError` where it is damaged, or gone.
        """
        self._refuse_loss()
        return open_sqlite(self.path) if laid_out(self.path) else None

    def hold(self) -> "RDBStorage":
        """The storage, to be written to, made where it is not there. Raises `HarnessError` as for reading."""
        self._refuse_loss()
        return open_sqlite(self.path)

    def stored_name(self, study: str) -> str:
        return study

    def demand(self, studies: Sequence[str]) -> None:
        """Whatever is there is the run's."""

    def _refuse_loss(self) -> None:
        """Raise `HarnessError` where trials were stored, but their file is gone or was emptied."""
        try:
            gone = self.path.stat().st_size == 0
        except FileNotFoundError:
            gone = True
        if gone and self.out_of_fold.any():
            raise HarnessError(f"{self.path}: the trials are gone, of which out_of_fold holds more; {WAY_OUT}")


@dataclass(frozen=True, slots=True)
class Shared:
    """A database that other runs may share."""

    server: Server
    known: Address
    """How `run.json` has it; the database may have moved since."""
    folder: Path
    """The run's."""
    begun: bool = True
    """Whether a search has been there before."""

    @classmethod
    def new(cls, server: Server, folder: Path) -> "Shared":
        """For a run that has no trials yet."""
        name = f"{folder.resolve().name[:40]}-{secrets.token_hex(8)}"
        return cls(server, Address(server.url, name), folder, begun=False)

    def __str__(self) -> str:
        return str(self.server)

    @property
    def address(self) -> Address:
        """How the trials are found now."""
        return Address(self.server.url, self.known.run)

    @property
    def prefix(self) -> str:
        """What the names of the run's studies begin with."""
        return f"{self.known.run}/"

    def open(self) -> "RDBStorage":
        """The storage, to be read. Raises `HarnessError` where the server does not answer, or has no trials at all."""
        storage = open_postgres(self.server)
        if storage is None:
            raise self._loss()
        return storage

    def hold(self) -> "RDBStorage":
        """The storage, to be written to by this process alone. Raises `HeldError` where another process does.

        A new run leaves a study of its name; `HarnessError` where one that is there has none.
        """
        storage = hold_postgres(self.server, self.known.run, this_process())
        try:
            if self.begun:
                self.demand([study.study_name for study in storage.get_all_studies()])
            else:
                self._sign(storage)
        except BaseException:
            storage.engine.dispose()
            raise
        return storage

    def stored_name(self, study: str) -> str:
        """How a study is named among those of other runs: where that is too long, its beginning and a digest of it."""
        name = f"{self.prefix}{study}"
        digest = hashlib.sha256(name.encode()).hexdigest()
        return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - len(digest) - 1]}-{digest}"

    def demand(self, studies: Sequence[str]) -> None:
        """Raise `HarnessError` where the run is not among the studies of the database."""
        if self.known.run not in studies:
            raise self._loss()

    def _sign(self, storage: "RDBStorage") -> None:
        import optuna

        study = optuna.create_study(storage=storage, study_name=self.known.run)
        study.set_user_attr("folder", str(self.folder.resolve()))

    def _loss(self) -> HarnessError:
        return HarnessError(
            f"{self.server}: has no trials of {self.folder}, which keeps them in {self.known.url} under the name "
            f"{self.known.run}; name the database that has them with --storage, or search into another --results"
        )


Place = OwnFile | Shared
