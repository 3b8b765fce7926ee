"""Real runs of toy data, made once a session and only read by the tests."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harness
from harness.cli import main
from harness.data.incoming.recognising import load_readers
from harness.labelling.writing import load_writers
from harness.plugins.loading import load_plugins
from harness.plugins.readers import ANNOTATION_READERS, POSE_READERS
from harness.plugins.registry import FEATURES, MODELS, SMOOTHERS
from harness.plugins.writers import LABEL_WRITERS
from harness.recording import Recording
from tests.challenge_files import write
from tests.toy import toy_recordings

BASICS = ["--data", "data", "--workers", "1", "--model", "logistic_regression"]


@dataclass(frozen=True)
class ToyRuns:
    """A folder with data and runs of it, to be used as the working directory."""

    folder: Path
    """Holds `data/`, where five recordings show `approach` and one of three shows `rarely`."""
    weak: Path = Path("runs/weak")
    """A run of one feature set that says little."""
    strong: Path = Path("runs/strong")
    """A run of two sets, one of which says all."""


@pytest.fixture(scope="session")
def toy_runs(tmp_path_factory: pytest.TempPathFactory) -> ToyRuns:
    runs = ToyRuns(tmp_path_factory.mktemp("toy"))
    write_toy_data(runs.folder / "data")
    with pytest.MonkeyPatch.context() as shell:
        shell.chdir(runs.folder)
        shell.setenv("HARNESS_CACHE", str(runs.folder / "cache"))
        # The last word on what the last run was is the strong one's.
        weak, strong = ["--features", "place_and_time"], ["--features", "kinematics", "--features", "social_geometry"]
        for run, sets in ((runs.weak, weak), (runs.strong, strong)):
            assert main(["search", *BASICS, *sets, "--trials", "4", "--results", str(run)]) == 0
    return runs


@pytest.fixture(scope="session")
def toy_models(toy_runs: ToyRuns, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the `submission.npy` that `export_best` wrote of the strong run, and the `models` that it kept."""
    folder = tmp_path_factory.mktemp("fitted")
    with pytest.MonkeyPatch.context() as shell:
        shell.chdir(toy_runs.folder)
        shell.setenv("HARNESS_CACHE", str(toy_runs.folder / "cache"))
        run = harness.open_run(toy_runs.strong)
        export = harness.export_best(run, folder / "submission.npy", models=folder / "models", workers=1)
    assert (export.submission, export.models) == (folder / "submission.npy", folder / "models")
    assert list(export.behaviors) == ["approach", "rarely"]
    return folder


@pytest.fixture
def toy_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registries: None) -> Path:
    """A folder with `data/` of `write_toy_data` and a cache, which is the working directory; plugins are forgotten."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    write_toy_data(tmp_path / "data")
    return tmp_path


def write_toy_data(folder: Path) -> None:
    """`approach` in five recordings, `rarely` in one of three, and two recordings to label."""
    rarely = toy_recordings(3, 240, seed=1, prefix="rare")
    nowhere = np.zeros(240, dtype=np.int8)
    rarely = [rarely[0], *(replace(one, labels=nowhere) for one in rarely[1:])]
    labelled = {"approach": toy_recordings(5, 240), "rarely": rarely}
    train = {
        behavior: {one.id: _entry(one) | {"annotations": one.known_labels.tolist()} for one in recordings}
        for behavior, recordings in labelled.items()
    }
    write(folder, {"vocabulary": [*labelled], **train}, {one.id: _entry(one) for one in toy_recordings(2, 240, seed=2)})


def _entry(recording: Recording) -> dict[str, object]:
    return {"keypoints": recording.keypoints}


@pytest.fixture
def registries() -> Iterator[None]:
    """Plugins that a test brings are forgotten after it."""
    load_plugins()
    load_readers()
    load_writers()
    before: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (one, dict(one)) for one in (FEATURES, MODELS, SMOOTHERS, POSE_READERS, ANNOTATION_READERS, LABEL_WRITERS)
    ]
    yield
    for registry, plugins in before:
        registry.clear()
        registry.update(plugins)
