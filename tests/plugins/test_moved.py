"""Plugins that still import from where a module once stood: one line says where it is now."""

import ast
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from harness.cli import main
from harness.errors import HarnessError
from harness.plugins import SMOOTHERS
from harness.plugins.loading import load_plugins
from harness.plugins.moved import FOR_PLUGINS, MOVED

Says = Callable[[str], str]


@pytest.fixture
def says(tmp_path: Path) -> Says:
    """What is said of a plugin file with such a content, without the words that name the file."""

    def said(content: str) -> str:
        file = tmp_path / "mine.py"
        file.write_text(content)
        with pytest.raises(HarnessError) as caught:
            load_plugins([file])
        return str(caught.value).removeprefix(f"--plugin {file}: ")

    return said


def written_in(module: str) -> list[str]:
    """The functions and classes of a module's file that other modules may use."""
    file = str(import_module(module).__file__)
    body = ast.parse(Path(file).read_text(encoding="utf-8")).body
    names = [node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    return [name for name in names if name[0] != "_"]


@pytest.mark.parametrize("old", MOVED)
def test_every_old_module_is_said_to_be_where_its_names_are_now(says: Says, old: str) -> None:
    public = {name: place for place in FOR_PLUGINS for name in vars(import_module(place))}
    name = min(written_in(MOVED[old]), key=lambda one: one in public)  # of `harness.files.arrays` both are
    room, _, last = old.rpartition(".")
    line = f"{old} is now {public.get(name, MOVED[old])} ({name}); change the import"
    assert says(f"from {old} import {name}") == line
    assert says(f"from {room} import {last}\n{last}.{name}") == line
    assert says(f"import {old}\n{old}.{name}") == line
    assert says(f"import {old} as it\nclass Mine(it.{name}): ...") == line


def test_a_name_that_plugins_import_is_said_to_be_in_the_place_for_plugins(says: Says) -> None:
    assert says("from harness.registry import feature_set") == (
        "harness.registry is now harness.plugins (feature_set); change the import"
    )
    assert says("from harness.registry import (\n    Columns,\n    Plugin,\n    feature_set,\n)") == (
        "harness.registry is now harness.plugins (Columns, feature_set) and harness.plugins.registry (Plugin); "
        "change the import"
    )
    assert says("from harness.poses import Recording") == (
        "harness.poses is now harness.recording (Recording); change the import"
    )


def test_all_that_a_file_takes_from_old_places_is_said_at_once(says: Says) -> None:
    content = (
        "from harness.recording import Recording\n"
        "from harness import poses, windows as around\n"
        "def columns(recording):\n"
        "    from harness.registry import only_file\n"
        "    return poses.scene(recording), poses.rates, around.moving_mean\n"
    )
    assert says(content) == (
        "harness.poses is now harness.columns (rates, scene), harness.windows is now harness.columns (moving_mean), "
        "harness.registry is now harness.plugins (only_file); change the imports"
    )


@pytest.mark.parametrize(
    "content",
    [
        "import harness.registry",
        "from harness.registry import *",
        "from harness.registry import no_such_name",
        "import importlib\nimportlib.import_module('harness.registry')",
        "import harness\nharness.registry",
    ],
)
def test_a_module_of_which_no_name_is_known_is_said_to_be_where_it_stands(says: Says, content: str) -> None:
    assert says(content) == "harness.registry is now harness.plugins.registry; change the import"


def test_a_module_whose_name_a_verb_has_now_is_said_to_be_where_it_stands(says: Says) -> None:
    assert says("import harness.search") == "harness.search is now harness.searching.trials; change the import"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("import harness.no_such", "ModuleNotFoundError: No module named 'harness.no_such'"),
        ("from harness.no_such import scene", "ModuleNotFoundError: No module named 'harness.no_such'"),
        ("from harness import no_such", "ImportError: cannot import name 'no_such' from 'harness' ("),
        ("import harness.report_card", "ModuleNotFoundError: No module named 'harness.report_card'"),
        ("import registry", "ModuleNotFoundError: No module named 'registry'"),
        # Old names of modules that are rooms and verbs now are no mistake by themselves.
        ("from harness.files import no_such", "ImportError: cannot import name 'no_such' from 'harness.files' ("),
        ("from harness import files\nfiles.no_such", "AttributeError: module 'harness.files' has no attribute 'no_s"),
        ("from harness import cache\ncache.no_such", "AttributeError: 'function' object has no attribute 'no_such'"),
        ("from harness import cache, no_such", "ImportError: cannot import name 'no_such' from 'harness' ("),
        # What went wrong first is said, whatever else is old.
        ("import no_such\nfrom harness.registry import feature_set", "ModuleNotFoundError: No module named 'no_such'"),
    ],
)
def test_a_name_that_never_was_keeps_its_message(says: Says, content: str, message: str) -> None:
    assert says(content).startswith(message)


def test_a_plugin_may_try_the_old_place_and_then_the_new_one(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "try:\n    from harness.registry import smoother\n"
        "except ImportError:\n    from harness.plugins import smoother\n"
        "@smoother('of_both_ages')\ndef smooth(probabilities, fps): return probabilities\n"
    )
    load_plugins([file])
    assert SMOOTHERS.pop("of_both_ages")


def test_an_entry_point_of_another_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "old_plugins.py").write_text("import numpy\nfrom harness.poses import lag_frames, scene\n")
    about = tmp_path / "old_plugins-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: old-plugins\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[harness.features]\ngap = old_plugins:gap\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(HarnessError) as caught:
        load_plugins()
    sys.modules.pop("old_plugins", None)
    assert str(caught.value) == (
        "plugin 'gap' (old_plugins:gap): harness.poses is now harness.columns (lag_frames, scene); change the import"
    )


def test_the_command_line_says_it_in_one_line_and_exits_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text("from harness.registry import feature_set\n")
    assert main(["list", "--plugin", "mine.py"]) == 2
    assert capsys.readouterr() == (
        "",
        "harness: --plugin mine.py: harness.registry is now harness.plugins (feature_set); change the import\n",
    )
