"""Labels and submissions are never written over what they are made from, whatever leads there."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.cli import main
from tests.conftest import write_toy_data

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with data, a run of them, and models."""
    home = tmp_path_factory.mktemp("home")
    write_toy_data(home / "data")
    (home / "data" / "dataset.toml").write_text("fps = 30\n")
    with pytest.MonkeyPatch.context() as shell:
        shell.chdir(home)
        shell.setenv("HOME", str(home))
        shell.setenv("HARNESS_CACHE", str(home / "cache"))
        small = ["--model", "extra_trees", "--features", "social_geometry", "--trials", "1", "--workers", "1"]
        assert main(["search", "--data=~/data", "--results=~/run", *small]) == 0
        assert main(["export-best", "--results=~/run", "--models=~/models", "--out=~/first.npy", "--workers", "1"]) == 0
    assert (home / "first.npy").exists()
    return home


@pytest.fixture
def at_home(searched: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(searched)
    monkeypatch.setenv("HOME", str(searched))
    monkeypatch.setenv("HARNESS_CACHE", str(searched / "cache"))
    return searched


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def linked(at: Path, to: str) -> str:
    (at / "link.npy").unlink(missing_ok=True)
    (at / "link.npy").symlink_to(at / to)
    return "link.npy"


EXPORT, PREDICT = ["export-best", "--results", "run"], ["predict", "--models", "models", "--data", "data/test.npy"]


@pytest.mark.parametrize(
    ("command", "out"),
    [
        (EXPORT, "data/train.npy"),
        (EXPORT, "~/data/test.npy"),
        (EXPORT, "run/run.npy"),  # beside which goes run.json
        (EXPORT, lambda at: linked(at, "data/train.npy")),
        (EXPORT, lambda at: next(str(path) for path in (at / "run" / "out_of_fold").iterdir())),
        (PREDICT, "data/test.npy"),
        (PREDICT, "models/models.npy"),
        (PREDICT, lambda at: linked(at, "data/test.npy")),
        ([*PREDICT[:-1], "data"], "data/../data/train.npy"),
    ],
)
def test_a_file_that_is_read_is_not_written_over(
    command: list[str], out: str | Callable[[Path], str], at_home: Path, capsys: Captured
) -> None:
    asked = out if isinstance(out, str) else out(at_home)
    before = contents(at_home)
    assert main([*command, f"--out={asked}"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("; name another file")
    assert " is a file that is read (" in line
    assert contents(at_home) == before


def test_an_older_submission_in_the_runs_own_folder_is_replaced(at_home: Path, capsys: Captured) -> None:
    (at_home / "run" / "submission.npy").unlink(missing_ok=True)
    for again in (False, True):
        assert main([*EXPORT, "--out", "run/submission.npy", "--workers", "1"]) == 0
        last = capsys.readouterr().err.splitlines()[-1]
        assert bool(re.search(r", in place of the one of \d{4}-\d\d-\d\d \d\d:\d\d$", last)) == again


def test_what_is_left_out_of_a_score_is_said(at_home: Path, capsys: Captured) -> None:
    labels = {"approach": {f"test-{number}": [0, 1, 1] for number in range(5)}, "rarely": {"test-0": [0, 0, 1]}}
    truth = {"approach": {"test-0": [0, 1, 0]}}
    for name, content in (("labels.npy", labels), ("truth.npy", truth)):
        np.save(name, np.array(content, dtype=object), allow_pickle=True)
    assert main(["score", "labels.npy", "truth.npy"]) == 0
    assert capsys.readouterr().err.splitlines() == [
        "note: left out, as the truth has no labels of them: rarely",
        "note: approach: left out, as the truth has no labels of them: 4 of 5, test-1, test-2, test-3 and 1 more",
    ]
    assert main(["score", "truth.npy", "labels.npy"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 5
