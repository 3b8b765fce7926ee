"""Files that ask for a lot, or that are programs, read in a process that has little and is watched."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz.bombs import BOMBS
from tests.hostile_pickles import BLUNT, HOSTILE

pytest.importorskip("resource", reason="limits of a process: POSIX alone has them")

MEGABYTES = 50
"""By which the peak of memory may grow while a file of at most a few megabytes is read."""


def told(what: str, folder: Path) -> list[dict[str, Any]]:
    """What the process says of each file; it has a minute of the processor, and is killed when that is over."""
    words = [sys.executable, "-m", "tests.fuzz.child", what, str(folder)]
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, (ended.stdout.splitlines()[-1:], ended.stderr[-1000:])
    return [json.loads(line) for line in ended.stdout.splitlines()]


@pytest.fixture(scope="module")
def bombs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    return {one["kind"]: one for one in told("bombs", tmp_path_factory.mktemp("bombs"))}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_file_that_asks_for_a_lot_is_refused_and_gets_little(kind: str, bombs: dict[str, dict[str, Any]]) -> None:
    assert bombs[kind]["became"] == "refused"
    assert bombs[kind]["did"] == []
    assert bombs[kind]["megabytes"] < MEGABYTES


def test_nothing_of_a_hostile_file_is_run_whoever_reads_it(tmp_path: Path) -> None:
    found = told("hostile", tmp_path)
    assert len(found) == 3 * len(HOSTILE | BLUNT)
    assert [one for one in found if one["became"] != "refused" or one["did"]] == []


def test_the_watch_would_see_a_pickle_being_loaded(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib, numpy as np\n"
        "from tests.fuzz.watch import watching\n"
        "from tests.hostile_pickles import HOSTILE, npy\n"
        "path, sentinel = (pathlib.Path(sys.argv[1]) / name for name in ('x.npy', 'sentinel'))\n"
        "path.write_bytes(npy(HOSTILE['evaluated_source'](sentinel)))\n"
        "with watching() as events:\n"
        "    np.load(path, allow_pickle=True)\n"
        "print(sorted({event.split()[0] for event in events}))\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True)
    assert {"exec", "os.mkdir", "pickle.find_class"} <= set(json.loads(ended.stdout.replace("'", '"')))
