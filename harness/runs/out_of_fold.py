"""The out-of-fold probabilities of a run's trials: a file each, in the run's folder."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np

from harness.errors import HarnessError
from harness.files.atomic import write_atomically
from harness.files.bounded import read_numbers
from harness.files.names import file_name
from harness.recording import Array
from harness.runs.records import TrialRecord
from harness.runs.storage import WAY_OUT


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """Where they are kept and read."""

    folder: Path

    def path(self, behavior: str, trial: int) -> Path:
        """Where the pooled probabilities (frames of all units,) float32 of a trial lie, in the order of its units."""
        return self.folder_of(behavior) / f"{trial:05d}.npy"

    def folder_of(self, behavior: str) -> Path:
        """Where all trials of a behavior lie."""
        folder = self.folder / file_name(behavior)
        former = quote(behavior, safe="", errors="surrogatepass")  # where capital letters stood as they are
        if former == folder.name or folder.exists() or not self.folder.exists():
            return folder
        # Looked up in the list, as a disk that folds case would say yes to the folder of another behavior.
        return self.folder / former if former in os.listdir(self.folder) else folder

    def trials(self) -> Iterator[tuple[Path, int]]:
        """Folder of the behavior and number of all trials whose file is there."""
        for path in self.folder.glob("*/*.npy"):
            if path.stem.isdecimal():
                yield path.parent, int(path.stem)

    def any(self) -> bool:
        """Whether those of some trial are there."""
        return any(True for _ in self.trials())

    def keep(self, record: TrialRecord, units: Sequence[Array]) -> None:
        """Write the probabilities (frames,) of every unit."""
        pooled = np.concatenate(units).astype(np.float32)
        path = self.path(record.behavior, record.trial)
        write_atomically(path, lambda file: np.save(file, pooled, allow_pickle=False))

    def read(self, record: TrialRecord, frames: Sequence[int]) -> list[Array]:
        """The probabilities (frames,) of every unit; `frames` are the units' lengths.

        Raises `HarnessError` where the file is missing or damaged.
        """
        path = self.path(record.behavior, record.trial)
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
