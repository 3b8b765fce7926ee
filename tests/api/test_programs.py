"""Programs and notebooks as users write them: the README's, as it is printed, and cells in a real kernel."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tests.challenge_files import write
from tests.toy import toy_recordings

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")

(PROGRAM,) = (code for code in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "harness.search(" in code)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with `my-data`, where three short recordings show `sniff`."""
    train = {
        one.id: {"keypoints": one.keypoints, "annotations": one.known_labels.tolist()} for one in toy_recordings(3, 120)
    }
    test = {one.id: {"keypoints": one.keypoints} for one in toy_recordings(2, 120, seed=2)}
    write(tmp_path / "my-data", {"vocabulary": ["sniff"], "sniff": train}, test)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    return tmp_path


def test_the_program_of_the_readme_runs_as_it_is_printed(folder: Path) -> None:
    assert len([line for line in PROGRAM.splitlines() if line]) <= 12
    (folder / "program.py").write_text(PROGRAM, encoding="utf-8")
    ended = subprocess.run([sys.executable, "program.py"], capture_output=True, text=True, timeout=250)
    assert ended.returncode == 0, ended.stderr
    *board, first, second = ended.stdout.splitlines()
    assert board[0].split() == ["behavior", "f1", "f1_honest", "model"]
    assert re.fullmatch(r"toy-0 \d+ frames of sniffing", first)
    assert re.fullmatch(r"toy-1 \d+ frames of sniffing", second)
    assert (folder / "models" / "models.json").exists()
    assert len(ended.stderr.splitlines()) == 20  # a line for each trial


def code_cell(source: str) -> dict[str, object]:
    empty: dict[str, object] = {"execution_count": None, "metadata": {}, "outputs": []}
    return {"cell_type": "code", "id": hashlib.sha256(source.encode()).hexdigest()[:16], "source": source, **empty}


def ran(*cells: str, fails: bool = False) -> list[list[dict[str, object]]]:
    """The outputs of each cell of a notebook with these cells."""
    notebook = nbformat.from_dict(  # type: ignore[no-untyped-call, unused-ignore]
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [code_cell(cell) for cell in cells]}
    )
    client = NotebookClient(notebook, timeout=120, kernel_name="python3")
    if fails:
        with pytest.raises(CellExecutionError):
            client.execute()
    else:
        client.execute()
    return [[dict(output) for output in cell["outputs"]] for cell in notebook.cells]


SEARCH = 'run = harness.search(data, trials={}, workers=1, models=["logistic_regression"], progress=True{})'


def test_a_notebook_shows_the_bar_in_its_cell_and_values_as_tables(folder: Path) -> None:
    cells = ['import harness\ndata = harness.load("my-data")\ndata', SEARCH.format(2, ""), "run"]
    (shown,), (bar,), (run,) = ran(*cells)
    assert "<td>sniff</td><td>3</td><td>360</td>" in html(shown)
    assert bar["output_type"] == "display_data"
    assert "2/2" in html(bar)  # as it was drawn over last
    assert "2 of 2 trials" in html(bar)
    assert "<td>sniff</td>" in html(run)


def html(output: dict[str, object]) -> str:
    data = output["data"]
    assert isinstance(data, dict)
    return str(data["text/html"])


def test_the_stop_button_of_a_notebook_keeps_what_is_finished(folder: Path) -> None:
    interrupt = "import os, signal\ndef stop(trial):\n    os.kill(os.getpid(), signal.SIGINT)\n"
    load = 'import harness\ndata = harness.load("my-data")'
    *_, stopped = ran(load, interrupt + SEARCH.format(4, ", on_trial=stop"), fails=True)[:2]
    error = stopped[-1]
    assert error["ename"] == "SearchInterrupted"
    assert str(error["evalue"]).startswith("1 finished trial is kept in results/my-data; the same call goes on")
    *_, resumed = ran(load, SEARCH.format(4, ", on_trial=lambda trial: print(trial.trial)"))
    printed = [str(output["text"]) for output in resumed if output["output_type"] == "stream"]
    assert "".join(printed).split() == ["1", "2", "3"]
