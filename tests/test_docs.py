"""What the documentation says, held against the code."""

import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from harness.plugins.registry import FEATURES, INVARIANCES, Columns, FeatureSet, load_plugins
from harness.plugins.spaces import load_spaces
from harness.recording import CALMS21, Recording, Skeleton
from harness.spec import STATISTICS, Preparation
from harness.testing import FEATURE_CHECKS
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
        yield replace(recording, confidence=scores)


def columns(feature_set: FeatureSet, recording: Recording) -> Columns:
    learned = [] if feature_set.fit is None else [feature_set.fit([recording], **feature_set.defaults)]
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
    needs += ["confidence"] if feature_set.confidence else []
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


# Links


@pytest.mark.parametrize("page", sorted(PAGES))
def test_what_a_page_points_to_is_there(page: str) -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)", PAGES[page])
    assert [link for link in links if not (FOLDERS[page] / link).exists()] == []
    modules = re.findall(r"python -m (benchmarks\.\w+)", PAGES[page])
    paths = {name: ROOT / name.replace(".", "/") for name in modules}
    runs = {name: path.with_suffix(".py").exists() or (path / "__main__.py").exists() for name, path in paths.items()}
    assert [name for name in modules if not runs[name]] == []
