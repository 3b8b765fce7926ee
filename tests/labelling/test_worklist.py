"""Suggested stretches as files, read back by the programs that they are for."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from harness.choosing.suggestions import Stretch
from harness.data.incoming.recognising import load_readers, read_annotations
from harness.dataset import Dataset
from harness.labelling.worklist import Suggestion, time_code, write_worklist
from harness.recording import ONE, PAIR
from tests.labelling.test_writers import OPENS
from tests.toy import toy_recordings

FPS = 29.97


def suggestions() -> list[Suggestion]:
    films = toy_recordings(2, 900, fps=FPS)
    whose = [("chase", "animal1", "animal2"), ("chase", "animal2", "animal1"), ("groom", "animal1", "animal1")]
    return [
        Suggestion(
            behavior,
            rank,
            Stretch(film.id, agent, target, film.id, start, start + 100, 0.5, 0.1, 1.0, np.zeros(2, np.float32)),
            film,
            rank == 2,
        )
        for behavior, agent, target in whose
        for rank, (film, start) in enumerate([(films[0], 0), (films[0], 100), (films[1], 337)], start=1)
    ]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    labelled = {name: tuple(toy_recordings(1, 300)) for name in ("chase", "groom")}
    data = Dataset("toy", labelled, (), scopes={"chase": PAIR, "groom": ONE})
    (place := tmp_path / "suggestions").mkdir()
    write_worklist(place, suggestions(), data, in_folder=False)
    return place


def looked_at(path: Path) -> set[tuple[str, str, str, str, int, int]]:
    """Video, behavior, agent, target and frames of what a file says was looked at, stretches that touch apart."""
    load_readers()
    return {
        (sheet.video, one.behavior, one.agent, one.target, round(one.start * FPS), round((one.stop or 0) * FPS))
        for sheet in read_annotations(path)
        for one in sheet.looked_at or ()
    }


def wanted() -> set[tuple[str, str, str, str, int, int]]:
    return {
        (f"{one.recording.id}.mp4", one.behavior, one.stretch.agent, one.target, one.stretch.start, one.stretch.stop)
        for one in suggestions()
    }


def test_the_project_says_what_is_to_be_looked_at(written: Path) -> None:
    assert looked_at(written / "suggestions.boris") == wanted()


def test_boris_opens_it_and_what_it_exports_says_the_same(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if find_spec("boris") is None:
        pytest.skip("BORIS is not installed; pip install boris-behav-obs brings it")
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    subprocess.run([sys.executable, "-c", OPENS, written / "suggestions.boris", tmp_path], check=True)
    exported = [tmp_path / f"toy-{number}.csv" for number in (0, 1)]
    assert set().union(*map(looked_at, exported)) == wanted()


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(0, "0:00:00.000"), (61.5, "0:01:01.500"), (3599.9996, "1:00:00.000"), (36061.25, "10:01:01.250")],
)
def test_time_codes(seconds: float, code: str) -> None:
    assert time_code(seconds) == code
