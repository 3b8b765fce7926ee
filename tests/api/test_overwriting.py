"""Labels and submissions are never written over what they are made from, whatever leads there."""

from collections.abc import Callable
from pathlib import Path

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
    for _ in range(2):
        assert main([*EXPORT, "--out", "run/submission.npy", "--workers", "1"]) == 0
