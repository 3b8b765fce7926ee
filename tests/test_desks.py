"""The harness on other desks: what it may not use, and a run from data to labels under names that are hard to keep."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.challenge_files import write
from tests.masked_desk.sitecustomize import POSIX_MODULES, POSIX_NAMES
from tests.sources import breaches, parsed
from tests.toy import toy_recordings

ROOT = Path(__file__).parents[1]

MASKED_DESK = str(ROOT / "tests" / "masked_desk")

LINUX_ONLY = {"api/places.py": "/sys/fs/cgroup", "engines/processes.py": "/proc/self/oom_score_adj"}
"""Files of Linux that are used where they are there."""

linux = pytest.mark.skipif(sys.platform != "linux", reason="the mask is for Linux")


# What the code says


def test_no_module_needs_what_other_systems_have_not() -> None:
    assert breaches(lambda file: needed(parsed(file))) == {name: [what] for name, what in LINUX_ONLY.items()}


def needed(tree: ast.AST) -> Iterator[str]:
    """Modules, names of modules and files of POSIX that `tree` uses without asking whether they are there."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names if one.name in POSIX_MODULES)
        elif isinstance(node, ast.ImportFrom):
            names = POSIX_NAMES.get(node.module or "", set()) - {"forkserver"}
            yield from ({f"{node.module}.{one.name}" for one in node.names if one.name in names})
            yield from {node.module or ""} & POSIX_MODULES
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.attr in POSIX_NAMES.get(node.value.id, ()):
                yield f"{node.value.id}.{node.attr}"
        elif isinstance(node, ast.Constant) and str(node.value).startswith(("/proc/", "/sys/")):
            yield str(node.value)


def test_what_other_systems_have_not_is_found() -> None:
    code = "import fcntl\nfrom os import fork\nimport os\nos.killpg(1, 9)\nopen('/proc/1/stat')\nos.getpid()"
    assert {*needed(ast.parse(code))} == {"fcntl", "os.fork", "os.killpg", "/proc/1/stat"}


# What the mask hides


@linux
@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("import fcntl", "ModuleNotFoundError: No module named 'fcntl' here"),
        ("from pwd import getpwuid", "ModuleNotFoundError: No module named 'pwd' here"),
        ("import os; os.killpg", "AttributeError: module 'os' has no 'killpg' here"),
        ("from signal import SIGKILL", "ImportError: cannot import name 'SIGKILL'"),
        ("open('/proc/self/stat')", "FileNotFoundError: [Errno 2] No such file or directory: '/proc/self/stat'"),
        ("import os; os.mkdir('Near')", "differs in case"),
        ("open('NEAR.txt', 'w'); open('near.txt', 'w')", "differs in case"),
        ("open('a:b', 'w')", "syntax is incorrect: 'a:b'"),
        ("import os; os.rename('near', 'nul.txt')", "syntax is incorrect: 'nul.txt'"),
        ("from pathlib import Path; Path('x ').mkdir()", "syntax is incorrect: 'x '"),
        ("import os; file = open('f', 'w'); os.remove('f')", "being used: 'f'"),
        ("import os; open('g', 'w').close(); file = open('f', 'w'); os.replace('g', 'f')", "being used: 'f'"),
        ("import multiprocessing as m; assert m.get_all_start_methods() == ['spawn']", ""),
        ("import os; os.getpid(); open('near/a', 'w').close(); os.replace('near/a', 'near/b')", ""),
    ],
)
def test_the_mask_hides_from_the_harness_what_other_desks_have_not(code: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "near").mkdir()
    (tmp_path / "package" / "harness").mkdir(parents=True)
    (tmp_path / "package" / "harness" / "__init__.py").write_text(code)
    paths = os.pathsep.join([MASKED_DESK, str(tmp_path / "package")])
    done = subprocess.run(
        [sys.executable, "-c", "import fcntl, pwd, os; os.killpg; import harness"],
        cwd=tmp_path,
        env=os.environ | {"HARNESS_TEST_DESK": "masked", "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) == (says == "")
    assert says in done.stderr


# From data to labels


NAMES = ("near", "Near", "CON", "nul.txt", "a:b", "x.", "what? *")


def test_a_run_from_data_to_labels_under_names_that_are_hard_to_keep(tmp_path: Path) -> None:
    labelled = [{one.id: {"keypoints": one.keypoints, "annotations": one.known_labels.tolist()}} for one in TOYS]
    train = {name: {**labelled[at % 3], **labelled[(at + 1) % 3]} for at, name in enumerate(NAMES)}
    unlabelled = toy_recordings(1, 240, seed=2)[0]
    write(tmp_path / "data", train, {unlabelled.id: {"keypoints": unlabelled.keypoints}})
    basics = ["--data", "data", "--workers", "2"]
    models = ["--model", "logistic_regression", "--features", "kinematics"]
    command(tmp_path, "search", *basics, *models, "--trials", "2", "--results", "run")
    rows = json.loads(command(tmp_path, "leaderboard", "--results", "run", "--format", "json"))
    assert {row["behavior"] for row in rows} == {*NAMES}
    assert all(row["f1"] is not None for row in rows)
    folders = [one.name for one in (tmp_path / "run" / "out_of_fold").iterdir()]
    assert len({name.casefold() for name in folders}) == len(NAMES)
    export = ["--results", "run", "--out", "labels.npy", "--models", "models"]
    command(tmp_path, "export-best", *basics, *export)
    command(tmp_path, "predict", "--models", "models", "--data", "data", "--out", "again.npy", "--workers", "2")
    one, other = (np.load(tmp_path / name, allow_pickle=True).item() for name in ("labels.npy", "again.npy"))
    assert {*one} == {*NAMES}
    assert one == other


TOYS = toy_recordings(3, 240)


def command(folder: Path, *words: str) -> str:
    """What the command prints."""
    done = subprocess.run(
        [sys.executable, "-m", "harness", *words],
        cwd=folder,
        env=os.environ | {"HARNESS_CACHE": str(folder / "cache")},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
