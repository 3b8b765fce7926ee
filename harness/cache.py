"""Feature blocks computed once: one file each, written atomically by whoever comes first, mapped into memory."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.atomic import write_atomically
from harness.recording import Array


@dataclass(frozen=True)
class BlockCache:
    """A folder of arrays, each under the digest of what it was computed from."""

    folder: Path

    def block(self, made_from: Mapping[str, Any], compute: Callable[[], Array]) -> Array:
        """The array computed from `made_from` (plain data): from the folder if it is there, else computed and kept."""
        path = self._path(made_from, "npy")
        if not path.exists():
            values = compute()
            write_atomically(path, lambda file: np.save(file, values, allow_pickle=False))
        block: Array = np.load(path, mmap_mode="r", allow_pickle=False)
        return block

    def arrays(self, made_from: Mapping[str, Any], compute: Callable[[], Mapping[str, Array]]) -> Mapping[str, Array]:
        """The same for several named arrays that belong together, such as what a feature set has fitted."""
        path = self._path(made_from, "npz")
        if not path.exists():
            values = compute()
            write_atomically(path, lambda file: np.savez(file, **values))  # type: ignore[arg-type]  # no array is named allow_pickle
        with np.load(path, allow_pickle=False) as stored:
            return dict(stored)

    def _path(self, made_from: Mapping[str, Any], suffix: str) -> Path:
        key = hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()
        return self.folder / key[:2] / f"{key}.{suffix}"
