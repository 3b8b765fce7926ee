"""What computes here, and in which version: where any of it differs, a trial may score differently."""

import hashlib
import importlib.metadata
import platform
from functools import lru_cache
from pathlib import Path

COMPUTING = ("catboost", "lightgbm", "numpy", "optuna", "pandas", "scikit-learn")
"""Packages whose version may change what a trial scores."""


def versions() -> dict[str, str]:
    """Python's and the packages' versions, by name."""
    return {
        "python": ".".join(platform.python_version_tuple()[:2]),
        "harness": importlib.metadata.version("behavior-harness"),
        **{name: importlib.metadata.version(name) for name in COMPUTING},
    }


@lru_cache(maxsize=1)
def source_digest() -> str:
    """SHA-256 of this package's own code, which may differ where its version does not."""
    folder, digest = Path(__file__).parents[1], hashlib.sha256()
    for file in sorted(folder.rglob("*.py")):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(folder).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()
