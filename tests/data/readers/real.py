"""Real files of trackers and annotators, which lie beside the project and are never part of it."""

from pathlib import Path

import pytest

REAL = Path(__file__).parents[4] / "shared" / "data"
IMPORTS = REAL / "imports"

real = pytest.mark.skipif(not IMPORTS.is_dir(), reason="the real files of trackers are not beside this project")
