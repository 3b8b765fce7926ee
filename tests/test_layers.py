"""The picture of what may import what, held against the code."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from types import ModuleType

import pytest

import harness
import harness.columns
import harness.networks
import harness.plugins
from harness.fitting.pipeline import SHARED_VERSIONS
from tests.sources import FILES, PACKAGE, breaches, parsed

ROOT = Path(__file__).parents[1]

PICTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").partition("## Rooms")[2].split("\n\n")[1]
"""Rows of rooms: a module imports only from rows above its own; those in no room stand beside them."""

ROW_OF = {
    name: row for row, line in enumerate(PICTURE.splitlines()) for name in re.split(r" {4,}", line.strip())[0].split()
}
PLUGINS = {"features", "models", "smoothers"}
BEHIND = {"searching", "fitting", "engines", "labelling", "reporting", "runs", "choosing", "data", "files", "plugins"}
"""Rooms whose functions are called by verbs alone."""
MODEL_LIBRARIES = {"catboost", "lightgbm", "optuna", "pandas", "sklearn"}


def place(file: Path) -> str:
    """What stands for the file in the picture."""
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(tree: ast.AST) -> Iterator[str]:
    """Dotted names of all that is imported anywhere in `tree`: what comes before `import`, a dot, what comes after."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imported_places(file: Path) -> set[str]:
    """What stands in the picture for all of `harness` that the file imports, inside functions and for types too."""
    inside = [[*name.split("."), "__init__"][1] for name in imports(parsed(file)) if name.split(".")[0] == "harness"]
    # `from harness import search` names no room.
    return {name if (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").exists() else "__init__" for name in inside}


def module_of(dotted: str) -> Path | None:
    """The file of the longest part of a dotted name that is a module of the package."""
    path = PACKAGE.joinpath(*dotted.split(".")[1:])
    for one in (path, path.parent):
        if one.with_suffix(".py").exists():
            return one.with_suffix(".py")
        if (one / "__init__.py").exists():
            return one / "__init__.py"
    return None


def beside(file: Path) -> set[Path]:
    """The other modules of its own room that a file imports when it is imported, and later."""
    found = {module_of(name) for name in imports(parsed(file)) if name.split(".")[0] == "harness"}
    return {one for one in found if one and place(one) == place(file)} - {file}


def outside_functions(tree: ast.AST) -> Iterator[ast.AST]:
    """The statements that run when a module is imported."""
    for node in ast.iter_child_nodes(tree):
        for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) and not for_types:
            yield node
            yield from outside_functions(node)


def test_every_module_is_in_the_picture_and_the_reverse() -> None:
    assert {place(file) for file in FILES} == set(ROW_OF)


def test_a_module_imports_only_from_rows_above_its_own() -> None:
    def from_elsewhere(file: Path) -> set[str]:
        own = place(file)
        others = imported_places(file) - ({own} - PLUGINS)
        return {name for name in others if ROW_OF[name] >= ROW_OF[own]}

    assert breaches(from_elsewhere) == {}


def test_the_picture_can_be_taken_in() -> None:
    assert len(PICTURE.splitlines()) <= 16


@pytest.mark.parametrize("room", sorted(path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()))
def test_a_room_says_what_it_is_for_and_has_no_circle(room: str) -> None:
    assert ast.get_docstring(parsed(PACKAGE / room / "__init__.py"))
    left = {file: beside(file) for file in FILES if place(file) == room}
    while left:
        free = {file for file, needs in left.items() if not needs & left.keys()}
        assert free, f"a circle among {sorted(file.name for file in left)}"
        left = {file: needs for file, needs in left.items() if file not in free}


@pytest.mark.parametrize("kind", sorted(PLUGINS))
def test_plugins_import_from_few_places(kind: str) -> None:
    modules = {
        ".".join(name.split(".")[:-1]) for file in FILES if place(file) == kind for name in imports(parsed(file))
    }
    ours = {name for name in modules if name.split(".")[0] == "harness"}
    allowed = {"harness.plugins", "harness.columns", "harness.recording"}
    assert ours <= allowed | ({"harness.networks"} if kind == "models" else set())


ROOMS = [harness.plugins, harness.columns, harness.networks]


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: str(room.__name__))
def test_what_plugins_import_from_a_room_is_listed_in_order(room: ModuleType) -> None:
    of_plugins = {name for file in FILES if place(file) in PLUGINS for name in imports(parsed(file))}
    taken = {name.rpartition(".")[2] for name in of_plugins if name.rpartition(".")[0] == room.__name__}
    assert taken
    assert taken - set(room.__all__) == set()
    # Constants, then types, then functions.
    assert room.__all__ == sorted(set(room.__all__), key=lambda name: (not name.isupper(), name[0].islower(), name))


@pytest.mark.parametrize("file", [file for file in FILES if place(file) == "cli"], ids=lambda file: file.name)
def test_a_command_calls_verbs_and_no_room_behind_them(file: Path) -> None:
    """Of other rooms it may know the types of what verbs return, to print them."""
    taken = {name for name in imports(parsed(file)) if name.split(".")[0] == "harness"}
    behind = {name for name in taken if [*name.split("."), ""][1] in BEHIND}
    assert {name for name in behind if not name.split(".")[-1][:1].isupper()} == set()


def test_plugins_are_imported_by_nobody() -> None:
    assert breaches(lambda file: imported_places(file) & PLUGINS) == {}


def test_only_the_command_line_and_what_it_shows_print() -> None:
    def talk(file: Path) -> set[str]:
        if place(file) in ("cli", "showing"):
            return set()
        tree = parsed(file)
        calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        names = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        printers = {name for name in imports(tree) if name.split(".")[0] in ("rich", "logging", "argparse")}
        return calls & {"print", "input", "warnings.warn"} | names & {"sys.stdout", "sys.stderr", "sys.argv"} | printers

    assert breaches(talk) == {}


READERS_OF_PICKLES = {"pickle", "cPickle", "pickletools", "dill", "cloudpickle", "joblib", "shelve", "marshal"}


def test_only_one_module_reads_pickles_and_knows_what_their_opcodes_are_called() -> None:
    found = breaches(lambda file: {name.split(".")[0] for name in imports(parsed(file))} & READERS_OF_PICKLES)
    assert found == {"data/pickle_parser.py": ["pickletools"]}


def test_no_array_is_loaded_with_pickles_in_it() -> None:
    def with_pickles(file: Path) -> list[str]:
        calls = (node for node in ast.walk(parsed(file)) if isinstance(node, ast.Call))
        loads = [ast.unparse(call) for call in calls if ast.unparse(call.func) == "np.load"]
        return [call for call in loads if "allow_pickle=False" not in call]

    assert breaches(with_pickles) == {}


def test_a_module_imports_model_libraries_only_inside_functions() -> None:
    def at_once(file: Path) -> set[str]:
        nodes = (node for node in outside_functions(parsed(file)) if isinstance(node, ast.Import | ast.ImportFrom))
        return {name.split(".")[0] for node in nodes for name in imports(node)} & MODEL_LIBRARIES

    assert breaches(at_once) == {}


def test_listing_the_plugins_loads_no_model_library() -> None:
    program = (
        "import sys, harness.cli, harness.choosing.leaderboard, harness.searching.trials\n"
        "import harness.plugins.loading, harness.plugins.spaces\n"
        "harness.plugins.loading.load_plugins()\n"
        "harness.plugins.spaces.load_spaces()\n"
        f"print(sorted({MODEL_LIBRARIES!r} & sys.modules.keys()))"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


def test_cached_columns_are_of_one_version_of_every_module_that_feature_sets_compute_with() -> None:
    given = {PACKAGE / "columns" / "__init__.py"}
    while more := {other for file in given for other in beside(file)} - given:
        given |= more
    given -= {PACKAGE / "columns" / "__init__.py"}  # which computes nothing
    assert len(given) > 1
    assert {file.name for file in given if sha256(file.read_bytes()).hexdigest() not in SHARED_VERSIONS} == set()


def test_nothing_computes_with_scipy_directly() -> None:
    assert [str(file) for file in FILES for name in imports(parsed(file)) if name.split(".")[0] == "scipy"] == []
