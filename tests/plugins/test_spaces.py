"""Ranges from files, and what can be wrong with them."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.plugins.loading import load_plugins
from harness.plugins.registry import FEATURES, MODELS, SMOOTHERS
from harness.plugins.spaces import SPACES, Range, Spaces, Start, load_spaces
from harness.spec import Choice, Preparation, Value

load_plugins()


@pytest.fixture
def spaces(tmp_path: Path) -> Path:
    """A copy of the ranges that come with the package."""
    return shutil.copytree(SPACES, tmp_path / "spaces")


@pytest.fixture
def plugin_file(tmp_path: Path) -> Iterator[Path]:
    """A file of the user's with one feature set, which is forgotten after the test."""
    before = dict(FEATURES)
    file = tmp_path / "mine.py"
    file.write_text(
        "from harness.plugins.registry import feature_set\n"
        "@feature_set('my_gap')\n"
        "def my_gap(recording, *, lag: int = 5):\n"
        "    return {}\n"
    )
    yield file
    FEATURES.clear()
    FEATURES.update(before)


def refusal(folder: Path) -> str:
    with pytest.raises(HarnessError) as caught:
        load_spaces(folder)
    return str(caught.value)


# Ranges that are right


def test_the_shipped_ranges_hold_every_plugin_and_every_default() -> None:
    spaces = load_spaces()
    assert spaces.features.keys() == FEATURES.keys()
    assert spaces.models.keys() == MODELS.keys()
    assert spaces.smoothers.keys() == SMOOTHERS.keys()
    assert spaces.gaps[0] == spaces.bouts[0] == spaces.rises[0] == 0.0
    assert Preparation().windows in spaces.preparation["windows"].choices


def test_every_smoother_is_tried_at_every_value(spaces: Path) -> None:
    for name in ("gaussian", "mean", "median"):
        (spaces / "smoothers" / f"{name}.toml").write_text('seconds = { type = "categorical", choices = [0.5, 1.0] }')
    assert [str(choice) for choice in load_spaces(spaces).smoother_choices()] == [
        "gaussian(seconds=0.5)", "gaussian(seconds=1)", "mean(seconds=0.5)", "mean(seconds=1)",
        "median(seconds=0.5)", "median(seconds=1)", "none",
    ]  # fmt: skip


def test_ranges_are_plain_data(spaces: Path) -> None:
    (spaces / "stacks.toml").write_text('motion = ["kinematics", "social_geometry"]')
    (spaces / "portfolio.toml").write_text("[[start]]\nstack = 'motion'\nmodel = 'catboost'")
    (spaces / "features" / "kinematics.toml").write_text('lag = { type = "float", low = 0.01, high = 1, log = true }')
    plain = json.loads(json.dumps(load_spaces(spaces).as_json()))
    assert plain["features"]["kinematics"] == {
        "lag": {"type": "float", "low": 0.01, "high": 1, "log": True, "choices": []}
    }
    assert plain["stacks"] == {"motion": ["kinematics", "social_geometry"]}
    assert plain["starts"] == [{"stack": "motion", "model": "catboost", "values": {}}]
    assert Spaces.from_json(plain) == load_spaces(spaces)


def test_what_decisions_are_made_of_is_sorted(spaces: Path) -> None:
    (spaces / "decision.toml").write_text("longest_gap = [1, 0.0]\nshortest_bout = [0.5, 0, 2.0]\nrise = [1, 0]")
    loaded = load_spaces(spaces)
    assert (loaded.gaps, loaded.bouts, loaded.rises) == ((0.0, 1.0), (0.0, 0.5, 2.0), (0.0, 1.0))


@pytest.mark.parametrize(
    ("one", "inside", "outside"),
    [
        (Range("int", 1, 5), [1, 3, 5], [0, 6, 2.0, True, "3"]),
        (Range("float", 0.5, 2.0), [0.5, 1, 2.0], [0.49, 2.01, True, "1", float("nan")]),
        (Range("categorical", choices=(1, "a", False)), [1, "a", False], [True, 0, 1.0, "b"]),
    ],
    ids=lambda value: value.type if isinstance(value, Range) else "",
)
def test_a_value_is_in_a_range_by_size_and_type(one: Range, inside: list[Value], outside: list[Value]) -> None:
    assert all(value in one for value in inside)
    assert not any(value in one for value in outside)


def test_a_range_reads_as_one_would_say_it() -> None:
    assert str(Range("float", 0.01, 0.3, log=True)) == "0.01 to 0.3 (log)"
    assert str(Range("categorical", choices=("l1", "l2"))) == "l1, l2"


# A plugin of the user's


def test_a_plugin_may_bring_its_ranges_beside_its_own_file(plugin_file: Path, spaces: Path) -> None:
    plugin_file.with_name("my_gap.toml").write_text('lag = { type = "int", low = 1, high = 9 }')
    load_plugins([plugin_file])
    assert load_spaces(spaces).features["my_gap"] == {"lag": Range("int", 1, 9)}


def test_a_file_among_the_spaces_comes_before_the_one_beside_the_plugin(plugin_file: Path, spaces: Path) -> None:
    plugin_file.with_name("my_gap.toml").write_text("not read")
    (spaces / "features" / "my_gap.toml").write_text('lag = { type = "categorical", choices = [5, 6] }')
    load_plugins([plugin_file])
    assert load_spaces(spaces).features["my_gap"] == {"lag": Range("categorical", choices=(5, 6))}


def test_a_plugin_without_ranges_anywhere_is_an_error(plugin_file: Path, spaces: Path) -> None:
    load_plugins([plugin_file])
    beside = plugin_file.with_name("my_gap.toml")
    assert refusal(spaces) == (
        f"{spaces}/features/my_gap.toml, or {beside} beside the plugin, should give ranges for lag; neither is there"
    )


# Errors: plugins and files


def test_a_file_without_a_plugin(spaces: Path) -> None:
    (spaces / "smoothers" / "kalman.toml").write_text("")
    assert refusal(spaces) == (
        f"{spaces}/smoothers/kalman.toml: there is no plugin 'kalman'; there are gaussian, mean, median, none"
    )


def test_a_shipped_plugin_without_its_file(spaces: Path) -> None:
    (spaces / "models" / "logistic_regression.toml").unlink()
    line = refusal(spaces)
    assert line.startswith(f"{spaces}/models/logistic_regression.toml, or ")
    assert line.endswith(" beside the plugin, should give ranges for strength, positive_weight; neither is there")


def test_a_range_for_a_parameter_that_the_plugin_does_not_have(spaces: Path) -> None:
    with (spaces / "smoothers" / "mean.toml").open("a") as file:
        file.write('width = { type = "int", low = 1, high = 2 }\n')
    assert refusal(spaces) == f"{spaces}/smoothers/mean.toml: 'mean' has no parameter width; it takes seconds"


def test_a_range_for_a_plugin_that_takes_none(spaces: Path) -> None:
    (spaces / "smoothers" / "none.toml").write_text('width = { type = "int", low = 1, high = 2 }')
    assert refusal(spaces) == f"{spaces}/smoothers/none.toml: 'none' has no parameter width; it takes none"


def test_a_parameter_without_a_range(spaces: Path) -> None:
    (spaces / "features" / "kinematics.toml").write_text("")
    assert refusal(spaces) == f"{spaces}/features/kinematics.toml: no range for lag"


def test_a_default_outside_its_range(spaces: Path) -> None:
    (spaces / "features" / "kinematics.toml").write_text('lag = { type = "float", low = 1.0, high = 2.0 }')
    default = FEATURES["kinematics"].defaults["lag"]
    assert refusal(spaces) == (
        f"{spaces}/features/kinematics.toml: the default lag = {default} is not in its range 1 to 2"
    )


def test_a_smoother_with_a_range_that_cannot_be_enumerated(spaces: Path) -> None:
    (spaces / "smoothers" / "mean.toml").write_text('seconds = { type = "float", low = 0.1, high = 2.0 }')
    assert refusal(spaces) == (
        f"{spaces}/smoothers/mean.toml: seconds must be categorical, because every smoother is tried at every value"
    )


def test_no_such_folder(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere") == f"--spaces {tmp_path}/nowhere: no such folder"


@pytest.mark.parametrize("name", ["preparation.toml", "decision.toml", "stacks.toml", "portfolio.toml"])
def test_a_folder_that_lacks_a_file(spaces: Path, name: str) -> None:
    (spaces / name).unlink()
    assert refusal(spaces) == f"{spaces / name}: No such file or directory; a folder of ranges holds it"


def test_a_file_that_is_no_toml(spaces: Path) -> None:
    (spaces / "stacks.toml").write_text("everything: all")
    assert refusal(spaces).startswith(f"{spaces}/stacks.toml: Expected '=' after a key")


def test_a_file_that_is_no_text(spaces: Path) -> None:
    (spaces / "stacks.toml").write_bytes(b"\xff\xfe")
    assert refusal(spaces).startswith(f"{spaces}/stacks.toml: is not UTF-8 but UTF-16; save it as UTF-8")


# Errors: ranges

TABLE = ' should be a table with type = "int", "float" or "categorical"'
NUMBER = " should have high, log, low, type; it has"
CHOICE = " should have choices, type; it has"
CHOICES = ": choices should be a list of numbers, words, or true and false"
BOUNDS = ": low and high should be finite and in this order, log true or false, and a log range above 0"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("3", TABLE),
        ("{ low = 1, high = 2 }", TABLE),
        ('{ type = "integer", low = 1, high = 2 }', TABLE),
        ('{ type = ["int"], low = 1, high = 2 }', TABLE),
        ('{ type = "int", low = 1 }', f"{NUMBER} type, low"),
        ('{ type = "int", low = 1, high = 2, step = 1 }', f"{NUMBER} type, low, high, step"),
        (
            '{ type = "categorical", choices = [1], log = true }',
            " should have choices, type; it has type, choices, log",
        ),
        ('{ type = "categorical", choices = [] }', CHOICES),
        ('{ type = "categorical", choices = "ab" }', CHOICES),
        ('{ type = "categorical", choices = [[1]] }', CHOICES),
        ('{ type = "int", low = 1.0, high = 2 }', ": low and high should be numbers of type int"),
        ('{ type = "float", low = "1", high = 2 }', ": low and high should be numbers of type float"),
        ('{ type = "float", low = false, high = true }', ": low and high should be numbers of type float"),
        ('{ type = "float", low = 3, high = 2 }', BOUNDS),
        ('{ type = "float", low = 0, high = 2, log = true }', BOUNDS),
        ('{ type = "float", low = 1, high = 2, log = "yes" }', BOUNDS),
        ('{ type = "float", low = nan, high = 2 }', BOUNDS),
        ('{ type = "float", low = 0, high = inf }', BOUNDS),
    ],
)
def test_a_range_that_is_none(spaces: Path, given: str, problem: str) -> None:
    (spaces / "features" / "kinematics.toml").write_text(f"lag = {given}")
    assert refusal(spaces) == f"{spaces}/features/kinematics.toml: lag{problem}"


@pytest.mark.parametrize("given", ["0.5", "[]", "['1']", "[-0.1]", "[true]", "[nan]", "[inf]"])
def test_decision_candidates_that_are_no_durations(spaces: Path, given: str) -> None:
    (spaces / "decision.toml").write_text(f"longest_gap = [0.0]\nrise = [0.0]\nshortest_bout = {given}")
    assert refusal(spaces) == f"{spaces}/decision.toml: shortest_bout should be a list of seconds, 0 or more"


def test_rises_that_are_no_log_odds(spaces: Path) -> None:
    (spaces / "decision.toml").write_text("longest_gap = [0.0]\nshortest_bout = [0.0]\nrise = [-1.0]")
    assert refusal(spaces) == f"{spaces}/decision.toml: rise should be a list of log-odds, 0 or more"


def test_rises_between_two_thresholds(spaces: Path) -> None:
    fixed = "longest_gap = [0.0]\nshortest_bout = [0.0]\n"
    (spaces / "decision.toml").write_text(fixed + "rise = [0.6, 0.7]")
    assert refusal(spaces) == f"{spaces}/decision.toml: rise should be in steps of 0.2, as thresholds are"
    (spaces / "decision.toml").write_text(fixed + "rise = [0.6, 1]")
    assert load_spaces(spaces).rises == (0.6, 1.0)


def test_decision_candidates_of_another_name(spaces: Path) -> None:
    (spaces / "decision.toml").write_text("longest_gap = [0.0]\nthreshold = [0.5]")
    assert refusal(spaces) == (
        f"{spaces}/decision.toml should have longest_gap, shortest_bout, rise; it has longest_gap, threshold"
    )


@pytest.mark.parametrize("given", ["'kinematics'", "[]", "['kinematics', 'kinematics']", "{}"])
def test_a_stack_that_is_none(spaces: Path, given: str) -> None:
    (spaces / "stacks.toml").write_text(f"both = {given}")
    assert refusal(spaces) == f"{spaces}/stacks.toml: both should list feature sets, each once"


@pytest.mark.parametrize("odd", ["'kinematiks'", "3", "['kinematics']"])
def test_a_stack_that_names_an_unknown_feature_set(spaces: Path, odd: str) -> None:
    (spaces / "stacks.toml").write_text(f"both = ['kinematics', {odd}]")
    assert refusal(spaces) == f"{spaces}/stacks.toml: both names {odd}; there are {', '.join(sorted(FEATURES))}"


def test_smoother_choices_of_several_parameters_are_all_combinations() -> None:
    ranges = {"a": Range("categorical", choices=(1, 2)), "b": Range("categorical", choices=("x", "y"))}
    spaces = replace(load_spaces(), smoothers={"two": ranges})
    assert spaces.smoother_choices() == [
        Choice("two", {"a": 1, "b": "x"}),
        Choice("two", {"a": 1, "b": "y"}),
        Choice("two", {"a": 2, "b": "x"}),
        Choice("two", {"a": 2, "b": "y"}),
    ]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('windows = { type = "categorical", choices = ["0.5+2", "0.5,2"] }', "windows = '0.5,2' should be `none`"),
        ('negatives = { type = "int", low = 0, high = 8 }', "negatives = 0 should be 1 or more"),
    ],
)
def test_a_preparation_that_means_nothing_names_its_file(line: str, says: str, spaces: Path) -> None:
    file, name = spaces / "preparation.toml", line.partition(" ")[0]
    kept = [one for one in file.read_text().splitlines() if not one.startswith(name)]
    file.write_text("\n".join([*kept, line]))
    with pytest.raises(HarnessError) as raised:
        load_spaces(spaces)
    assert str(raised.value).startswith(f"{file}: {says}")


def test_spaces_survive_being_stored() -> None:
    spaces = load_spaces()
    assert Spaces.from_json(json.loads(json.dumps(spaces.as_json()))) == spaces


def test_a_stack_whose_name_would_be_taken_for_a_pipeline(spaces: Path) -> None:
    (spaces / "stacks.toml").write_text("'a/b' = ['kinematics', 'social_geometry']")
    assert refusal(spaces) == f"{spaces}/stacks.toml: 'a/b' should have a name without /"


START = "[[start]]\nstack = 'pairs'\nmodel = 'catboost'\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("start = 3", " should hold nothing but tables [[start]]"),
        ("[[start]]\n[[begin]]", " should hold nothing but tables [[start]]"),
        ("[[start]]\nstack = ['pairs']", ": start 1: stack = ['pairs'] should be one of social, pairs, "),
        ("[[start]]\nmodel = 'catboost'", ": start 1: stack = None should be one of social, pairs, "),
        (
            f"{START}[[start]]\nstack = 'pairs'\nmodel = 'cat'",
            ": start 2: model = 'cat' should be one of baseline_network, catboost, ",
        ),
        (f"{START}model.depth = 3", ": Cannot overwrite a value"),
        (f"{START}lag = 3", ": start 1: lag should be a table of values, and its name one of pair_vectors, "),
        (f"{START}kinematics.lag = 3", ": start 1: kinematics should be a table of values, and its name one of "),
        (f"{START}parameters.leaves = 3", ": start 1: parameters has no parameter leaves; it takes depth, "),
        (f"{START}parameters.depth = 99", ": start 1: parameters.depth = 99 is not in its range 2 to "),
        (f"{START}preparation.windows = '7'", ": start 1: preparation.windows = '7' is not in its range "),
    ],
)
def test_a_start_that_is_none(spaces: Path, text: str, message: str) -> None:
    (spaces / "portfolio.toml").write_text(text)
    assert refusal(spaces).startswith(f"{spaces}/portfolio.toml{message}")


def test_a_start_names_its_values_as_arms_do(spaces: Path) -> None:
    text = f"{START}preparation = {{ windows = '1+5' }}\nparameters.depth = 3\npair_vectors = {{}}"
    (spaces / "portfolio.toml").write_text(text)
    assert load_spaces(spaces).starts == (Start("pairs", "catboost", {"preparation.windows": "1+5", "model.depth": 3}),)


def test_a_portfolio_may_be_empty(spaces: Path) -> None:
    (spaces / "portfolio.toml").write_text("")
    assert load_spaces(spaces).starts == ()
