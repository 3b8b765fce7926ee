"""Only what cannot be written asks for room on the disk."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.columns.cache import BlockCache
from harness.errors import HarnessError
from harness.labelling.export import fit_detectors
from harness.labelling.keeping import DetectorFiles
from harness.labelling.training import Training
from tests.toy import toy_dataset, toy_recordings


class WithoutProcesses:
    """An engine of a machine that starts no more processes."""

    shares_files = True
    where = "nowhere"

    def open(self, *start: Callable[..., Any], **others: Any) -> Any:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def test_models_that_cannot_be_written_ask_for_room(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HarnessError, match=r"file/models: models cannot be written \(.*\); make room there"):
        DetectorFiles(tmp_path / "file" / "models").finish({}, toy_dataset(approach=toy_recordings(1, 10)))


def test_what_else_goes_wrong_does_not(tmp_path: Path) -> None:
    recordings = tuple(toy_recordings(2, 40))
    training = Training(toy_dataset(approach=recordings), recordings, 0, BlockCache(tmp_path / "blocks"))
    with pytest.raises(OSError, match="temporarily unavailable"):
        fit_detectors({}, training, tmp_path, WithoutProcesses())  # type: ignore[arg-type]
