"""What the documentation says, held against the code."""

import ast
import inspect
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import harness
import harness.columns
import harness.networks
import harness.plugins
from harness.arena import Arena
from harness.plugins.contract import INVARIANCES, Columns, FeatureSet
from harness.plugins.loading import load_plugins
from harness.plugins.registry import FEATURES
from harness.plugins.spaces import load_spaces
from harness.recording import CALMS21, Recording, Skeleton
from harness.spec import STATISTICS, Preparation
from harness.testing import FEATURE_CHECKS
from tests.sources import parsed
from tests.test_layers import PLUGINS, ROW_OF, imports
from tests.toy import toy_recordings

load_plugins()

ROOT = Path(__file__).parents[1]
PAGES = {page.name: page.read_text(encoding="utf-8") for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]}
FOLDERS = {page.name: page.parent for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]}


def rows_under(heading: str) -> dict[str, list[str]]:
    """The rows of all tables under a heading of docs/features.md: cells by what the first one says."""
    section = PAGES["features.md"].partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:2] == "| "]
    return {re.sub(r"\[(\w+)\]\(.*\)|`", r"\1", first): cells for first, *cells in rows}


CATALOGUE = rows_under("The catalogue")

# The catalogue


def toys(skeleton: Skeleton) -> Iterator[Recording]:
    """Recordings that differ in how much of them is missing."""
    for missing in (0.02, 0.4):
        recording = toy_recordings(1, 60, skeleton=skeleton, missing=missing)[0]
        scores = np.ones((recording.frames, recording.animals, len(skeleton.keypoints)), dtype=np.float32)
        yield replace(
            recording,
            confidence=scores,
            others=(recording.keypoints[:, 0],),
            pixels_per_cm=10.0,
            arena=Arena.rectangle(0, 0, 1000, 1000),
        )


def columns(feature_set: FeatureSet, recording: Recording) -> Columns:
    learned = [] if feature_set.fit is None else [feature_set.learned([recording], feature_set.defaults)]
    found: Columns = feature_set.function(recording, *learned)
    return found


def columns_cell(feature_set: FeatureSet, skeleton: Skeleton) -> str:
    recordings = list(toys(skeleton))
    if feature_set.refusal(recordings[0]):
        return "refused"
    counts = {len(columns(feature_set, recording)) for recording in recordings}
    return "varies" if len(counts) > 1 else str(*counts)


def needs_cell(feature_set: FeatureSet) -> str:
    needs = [*feature_set.roles]
    needs += ["two animals"] if feature_set.animals == 2 else []
    needs += feature_set.needs
    needs += ["a fit"] if feature_set.fit else []
    return ", ".join(needs)


@pytest.mark.parametrize("name", sorted(FEATURES))
def test_the_catalogue_says_of_every_set_what_is_so(name: str) -> None:
    feature_set = FEATURES[name]
    _, seven, five, needs, exceptions, reach, _ = CATALOGUE[name]
    assert seven == columns_cell(feature_set, CALMS21)
    assert five == columns_cell(feature_set, Skeleton.unnamed(5))
    assert needs == needs_cell(feature_set)
    assert exceptions == ", ".join(one for one in INVARIANCES if one not in feature_set.invariant_to)
    assert reach == f"{round(feature_set.reach_seconds, 2):g}"


def test_the_catalogue_has_each_set_once_in_order_and_adds_them_up() -> None:
    _, *names, last = CATALOGUE
    assert names == sorted(FEATURES)
    for place in (1, 2):
        cells = [CATALOGUE[name][place] for name in names]
        assert int(CATALOGUE[last][place]) == sum(int(cell) for cell in cells if cell.isdigit())
        varying = [name for name in names if CATALOGUE[name][place] == "varies"]
        assert last == f"together, without {', '.join(varying)}"


# What is searched


def test_the_ranges_and_defaults_of_the_preparation_are_those_of_the_search() -> None:
    rows, defaults = rows_under("Units and conventions"), asdict(Preparation())
    for name, one in load_spaces().preparation.items():
        assert rows[name] == [str(one), str(defaults[name])], name


def test_every_statistic_of_windows_is_explained() -> None:
    explained = [name for first in rows_under("Units and conventions") for name in first.split(", ")]
    assert [name for name in STATISTICS if explained.count(name) != 1] == []


# What to import


def test_all_that_plugins_can_import_is_explained_as_it_is_called() -> None:
    explained = rows_under("What to import")
    names = [first.partition("(")[0] for first in explained if first != "name"]
    assert sorted(names) == sorted([*harness.plugins.__all__, *harness.columns.__all__, *harness.networks.__all__])
    for name in harness.columns.__all__:
        value = getattr(harness.columns, name)
        given = () if isinstance(value, type) else inspect.signature(value).parameters.values()
        words = ", ".join(one.name for one in given if one.kind is not one.KEYWORD_ONLY)
        assert explained[f"{name}({words})" if words else name] != [""]


# Examples


EXAMPLES = [
    (page, code)
    for page, text in PAGES.items()
    for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    if "@feature_set(" in code
]


@pytest.fixture
def registry() -> Iterator[None]:
    """Examples are forgotten after their test."""
    before = dict(FEATURES)
    yield
    FEATURES.clear()
    FEATURES.update(before)


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(("page", "code"), EXAMPLES, ids=[page for page, _ in EXAMPLES])
def test_an_example_passes_all_checks_and_finds_its_ranges(page: str, code: str, tmp_path: Path) -> None:
    name = str(re.findall(r'@feature_set\(\s*"(\w+)"', code)[0])
    ranges = re.findall(rf"    # {name}\.toml\n    (.*\n)", PAGES[page])
    (tmp_path / f"{name}.py").write_text(code)
    (tmp_path / f"{name}.toml").write_text(*ranges)
    load_plugins([tmp_path / f"{name}.py"])
    assert load_spaces().features[name].keys() == FEATURES[name].defaults.keys()
    for check in FEATURE_CHECKS:
        check(FEATURES[name], toy_recordings(1, 200)[0])


# Names


FOR_READERS = {"harness.plugins", "harness.columns", "harness.recording", "harness.testing"}
"""What examples import names from, beside `import harness` itself."""
IN_ROOMS = {
    file.stem for file in (ROOT / "harness").glob("*/*.py") if file.parent.name not in PLUGINS and file.stem[0] != "_"
}
VERBS = set(harness.__all__)
ENDINGS = {"boris", "css", "csv", "db", "html", "js", "json", "md", "npy", "py", "toml"}


@cache
def trees() -> dict[str, ast.Module]:
    """By the names of all files of Python, what they hold."""
    return {
        str(file.relative_to(ROOT)): parsed(file)
        for folder in ("harness", "tests", "benchmarks")
        for file in sorted((ROOT / folder).rglob("*.py"))
        if file != Path(__file__)  # which holds wrong names to be found
    }


def docstrings(tree: ast.AST) -> str:
    """All strings that stand alone, which is what documents a module, a class, a function or a value."""
    alone = (node.value for node in ast.walk(tree) if isinstance(node, ast.Expr))
    return "\n".join(node.value for node in alone if isinstance(node, ast.Constant) and isinstance(node.value, str))


def bound(tree: ast.AST) -> set[str]:
    """All names of parameters, their values in words, variables, functions and attributes."""
    kinds = {ast.arg: "arg", ast.Constant: "value", ast.Name: "id", ast.Attribute: "attr", ast.FunctionDef: "name"}
    return {str(getattr(node, kinds[type(node)])) for node in ast.walk(tree) if type(node) in kinds}


def is_there(dotted: str) -> bool:
    """Whether a dotted name is that of a module, or of something in one; fields of a class count."""
    name, *parts = dotted.split(".")
    value: object = import_module(name)
    for part in parts:
        name += f".{part}"
        if part in getattr(value, "__annotations__", {}):
            return True  # a field, and what it holds is not known
        try:
            value = getattr(value, part) if hasattr(value, part) else import_module(name)
        except ModuleNotFoundError:
            return False
    return True


@cache
def classes() -> dict[str, set[str]]:
    """By the names of the package's classes, what they have."""
    found: dict[str, set[str]] = {}
    for file, tree in trees().items():
        for node in ast.walk(tree) if file.startswith("harness/") else ():
            if isinstance(node, ast.ClassDef):
                fields = {one.target.id for one in node.body if isinstance(one, ast.AnnAssign)
                          and isinstance(one.target, ast.Name)}  # fmt: skip
                found.setdefault(node.name, set()).update(fields, bound(node))
    return found


@cache
def functions_of_tests() -> set[str]:
    nodes = (node for file, tree in trees().items() if file.startswith("tests/") for node in ast.walk(tree))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef)}


def gone(text: str) -> list[str]:
    """What a text calls `harness.something` and is not there."""
    return [name for name in re.findall(r"(?<![\w/.@-])harness(?:\.[A-Za-z_]\w*)+", text) if not is_there(name)]


def in_backticks(text: str) -> list[tuple[str, ...]]:
    """The parts of names in backticks, without the arguments of a call; names of files are none."""
    names = [tuple(name.split(".")) for name in re.findall(r"`((?:\w+\.)*\w+)(?:\([^`]*\))?`", text)]
    return [parts for parts in names if len(parts) == 1 or parts[-1] not in ENDINGS]


def misnamed(text: str, known: Iterable[str] = ()) -> list[str]:
    """The names in backticks that are not those of what they seem to name.

    A dotted name begins with `harness`, a room, a class or a value of one, and is there. None begins with a module that
    stands in a room, and such a module is not named by a word alone: that would be a parameter, a verb, or something
    else `known`.
    """
    wrong = []
    for first, *rest in in_backticks(text):
        if not rest:
            right = first not in IN_ROOMS - ROW_OF.keys() - VERBS - set(known)
        elif first in ROW_OF:
            right = is_there(".".join(["harness", first, *rest]))
        elif first in classes():
            right = rest[0] in classes()[first]
        elif first.capitalize() in harness.__all__:  # such as `run.records` for what a `Run` has
            right = rest[0] in classes()[first.capitalize()]
        else:
            right = first not in IN_ROOMS
        wrong += [] if right else [".".join([first, *rest])]
    return wrong


def missing(text: str) -> list[str]:
    """The paths of the repository's files and folders in a text that are not there."""
    paths = re.findall(r"(?<![\w./-])(?:harness|tests|docs|benchmarks|search_spaces)/[\w./-]*", text)
    return [path for path in paths if not (ROOT / path.rstrip(".")).exists()]


def for_insiders(code: str) -> list[str]:
    """What an example imports of the package that is not there, or not for its readers to import."""
    taken = [name for name in imports(ast.parse(code)) if name.split(".")[0] == "harness"]
    places = {name: name.rpartition(".")[0] for name in taken if name != "harness"}
    return [name for name, place in places.items() if place not in FOR_READERS or not is_there(name)]


@pytest.mark.parametrize("page", sorted(PAGES))
def test_what_a_page_names_is_there(page: str) -> None:
    text = PAGES[page]
    assert gone(text) == []
    assert missing(text) == []
    assert misnamed(text, known=IN_ROOMS) == []  # whose words alone are those of options and fields
    assert [name for name in re.findall(r"`(test_\w+)`", text) if name not in functions_of_tests()] == []


def test_the_architecture_names_modules_by_their_rooms() -> None:
    assert misnamed(PAGES["ARCHITECTURE.md"]) == []


@pytest.mark.parametrize("folder", ["harness", "tests", "benchmarks"])
def test_what_docstrings_name_is_there(folder: str) -> None:
    found = {
        file: [*gone(text), *missing(text), *misnamed(text, bound(tree))]
        for file, tree in trees().items()
        if file.startswith(f"{folder}/")
        for text in [docstrings(tree)]
    }
    assert {file: wrong for file, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("page", sorted(PAGES))
def test_examples_import_what_is_for_their_readers(page: str) -> None:
    codes = re.findall(r"```python\n(.*?)```", PAGES[page], re.DOTALL)
    assert [name for code in codes for name in for_insiders(code)] == []


def test_a_wrong_name_is_found() -> None:
    right = "harness.fitting.evaluation.evaluate, harness.columns, harness.runs.records.TrialRecord.resampled"
    assert gone(right) == []
    assert gone(f"{right}: harness.evaluation.evaluate, `harness.columns.scenes`") == [
        "harness.evaluation.evaluate",
        "harness.columns.scenes",
    ]
    assert misnamed("`fitting.evaluation.evaluate(...)`, `server`, `Run.add`, `search`, `run.json`, `np.angle`") == []
    wrong = ["evaluation.evaluate", "fitting.evaluation.guess", "selection", "Run.subtract", "storage"]
    assert misnamed(" ".join(f"`{name}`" for name in wrong)) == wrong
    assert misnamed("`selection`", known={"selection"}) == []
    assert missing("tests/fuzz/, tests/test_docs.py. [one](harness/plugins/registry.py)") == []
    assert missing("`harness/registry.py` and tests/report/") == ["harness/registry.py", "tests/report/"]
    assert for_insiders("import harness\nimport numpy as np\nfrom harness.columns import lag_frames, scene") == []
    insider = "import harness.data\nfrom harness.data.challenge import load_dataset\nfrom harness.plugins import scene"
    assert for_insiders(insider) == ["harness.data", "harness.data.challenge.load_dataset", "harness.plugins.scene"]


# Links


def headings(text: str) -> set[str]:
    """The last parts of links to a page's headings."""
    return {re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in re.findall(r"(?m)^#+ (.+)$", text)}


@pytest.mark.parametrize("page", sorted(PAGES))
def test_what_a_page_points_to_is_there(page: str) -> None:
    links = re.findall(r"\]\((?!http)([^)#]*)#?([^)]*)\)", PAGES[page])
    assert [link for link, _ in links if not (FOLDERS[page] / link).exists()] == []
    targets = [((link or page).split("/")[-1], heading) for link, heading in links if heading]
    assert [(target, heading) for target, heading in targets if heading not in headings(PAGES[target])] == []
    modules = re.findall(r"python -m (benchmarks\.\w+)", PAGES[page])
    paths = {name: ROOT / name.replace(".", "/") for name in modules}
    runs = {name: path.with_suffix(".py").exists() or (path / "__main__.py").exists() for name, path in paths.items()}
    assert [name for name in modules if not runs[name]] == []
