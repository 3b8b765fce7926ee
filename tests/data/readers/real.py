"""Real files of trackers and annotators, which lie beside the project and are never part of it."""

import csv
from pathlib import Path

import pytest

from harness.data.incoming.moments import frames_of
from harness.plugins.readers import SECONDS, Annotations

REAL = Path(__file__).parents[4] / "shared" / "data"
IMPORTS = REAL / "imports"

real = pytest.mark.skipif(not IMPORTS.is_dir(), reason="the real files of trackers are not beside this project")


def truth(found: Annotations | None = None, fps: float = 30.0) -> list[tuple[str, int, int]]:
    """Behavior, first frame, and first frame after it, of what all files in `made` come to, or of what was read."""
    if found is None:
        (path,) = (IMPORTS / "made").glob("*.truth.csv")
        with open(path, newline="") as file:
            return [(row["behavior"], int(row["start"]), int(row["stop"])) for row in csv.DictReader(file)]
    rate = fps if found.unit == SECONDS else None
    assert all(bout.stop is not None for bout in found.bouts)
    return sorted((bout.behavior, *frames_of(bout.start, bout.stop or 0.0, rate)) for bout in found.bouts)
