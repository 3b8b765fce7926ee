"""The out-of-fold probabilities of a run's trials: a file each, in the run's folder."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

import numpy as np

from harness.errors import HarnessError
from harness.files.atomic import write_atomically
from harness.files.bounded import read_numbers
from harness.recording import Array
from harness.runs.records import TrialRecord
from harness.runs.storage import WAY_OUT


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """Where they are kept and read."""

    folder: Path

    def path(self, behavior: str, trial: int) -> Path:
        """Where the pooled probabilities (frames of all units,) float32 of a trial lie, in the order of its units."""
        return self.folder / quote(behavior, safe="") / f"{trial:05d}.npy"

    def trials(self) -> Iterator[tuple[str, int]]:
        """Behavior and number of all trials whose file is there."""
        for path in self.folder.glob("*/*.npy"):
            if path.stem.isdecimal():
                yield unquote(path.parent.name), int(path.stem)

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
