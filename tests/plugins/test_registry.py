"""Plugins: found by file, by entry point and by path, or refused by name."""

import hashlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harness
from harness.errors import HarnessError
from harness.plugins.contract import FeatureSet
from harness.plugins.loading import load_plugins
from harness.plugins.registry import (
    FEATURES,
    MODELS,
    SMOOTHERS,
    feature_set,
    feature_set_named,
    model_family,
    model_family_named,
    smoother_named,
)
from harness.recording import CALMS21, Recording, Skeleton

load_plugins()

FEATURE = """
from harness.plugins.registry import feature_set
@feature_set({name!r})
def columns(recording, *, lag: int = 5, wide: bool = False):
    \"\"\"How far apart they are.

    In pixels.
    \"\"\"
    return {{}}
"""


pytestmark = pytest.mark.usefixtures("registries")


def written(file: Path, text: str) -> Path:
    file.write_text(text)
    return file


def refusal(file: Path) -> str:
    with pytest.raises(HarnessError) as caught:
        load_plugins([file])
    return str(caught.value)


# Found


@pytest.mark.parametrize(
    ("folder", "registry"), [("features", FEATURES), ("models", MODELS), ("smoothers", SMOOTHERS)], ids=lambda one: one
)
def test_a_file_in_the_folder_registers_what_it_is_named_after(folder: str, registry: dict[str, Any]) -> None:
    files = (Path(harness.__file__).parent / folder).glob("*.py")
    assert {file.stem for file in files} - {"__init__"} == registry.keys()


def test_a_file_of_the_users_is_loaded_by_its_path(tmp_path: Path) -> None:
    file = written(tmp_path / "mine.py", FEATURE.format(name="my_gap"))
    load_plugins([file])
    plugin = feature_set_named("my_gap")
    assert plugin.defaults == {"lag": 5, "wide": False}
    assert plugin.summary == "How far apart they are."
    assert plugin.source_version == hashlib.sha256(file.read_bytes()).hexdigest()
    assert plugin.ranges_beside == tmp_path / "my_gap.toml"


def test_loading_a_file_again_changes_nothing(tmp_path: Path) -> None:
    file = written(tmp_path / "mine.py", FEATURE.format(name="my_gap"))
    load_plugins([file])
    first = feature_set_named("my_gap")
    load_plugins([file, tmp_path / "." / "mine.py"])
    assert feature_set_named("my_gap") is first


def test_two_files_of_one_name_in_two_folders_are_two_plugins(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    load_plugins(
        [
            written(tmp_path / "a" / "mine.py", FEATURE.format(name="gap_a")),
            written(tmp_path / "b" / "mine.py", FEATURE.format(name="gap_b")),
        ]
    )
    assert {"gap_a", "gap_b"} <= FEATURES.keys()


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Installs a package of one module with entry points."""

    def install(module: str, entry_points: str) -> None:
        written(tmp_path / "their_plugins.py", module)
        about = tmp_path / "their_plugins-1.0.dist-info"
        about.mkdir()
        written(about / "METADATA", "Metadata-Version: 2.1\nName: their-plugins\nVersion: 1.0\n")
        written(about / "entry_points.txt", entry_points)
        monkeypatch.syspath_prepend(str(tmp_path))

    yield install
    sys.modules.pop("their_plugins", None)


def test_other_packages_register_by_entry_points(installed: Callable[[str, str], None]) -> None:
    installed(
        "from harness.plugins.registry import feature_set, model_family, smoother\n"
        "@feature_set('their_gap')\ndef gap(recording): return {}\n"
        "@model_family('their_model')\ndef model(seed): ...\n"
        "@smoother('their_smoother')\ndef smooth(probabilities, fps): return probabilities\n",
        "[harness.features]\ngap = their_plugins:gap\n"
        "[harness.models]\nmodel = their_plugins:model\n"
        "[harness.smoothers]\nsmooth = their_plugins\n",
    )
    load_plugins()
    assert feature_set_named("their_gap").defaults == {}
    assert not model_family_named("their_model").baseline
    assert smoother_named("their_smoother").reach_seconds == 0.0


def test_an_entry_point_that_cannot_be_imported_stops_with_its_name(installed: Callable[[str, str], None]) -> None:
    installed("import no_such_library", "[harness.models]\nforest = their_plugins:forest\n")
    with pytest.raises(HarnessError) as caught:
        load_plugins()
    assert str(caught.value) == (
        "plugin 'forest' (their_plugins:forest): ModuleNotFoundError: No module named 'no_such_library'"
    )


# Refused


def test_a_file_that_raises_stops_with_its_name_and_the_reason(tmp_path: Path) -> None:
    file = written(tmp_path / "mine.py", "1 / 0")
    assert refusal(file) == f"--plugin {file}: ZeroDivisionError: division by zero"


def test_a_file_that_raised_is_tried_again(tmp_path: Path) -> None:
    file = written(tmp_path / "mine.py", "1 / 0")
    refusal(file)
    load_plugins([written(file, FEATURE.format(name="my_gap") + "# now right\n")])
    assert "my_gap" in FEATURES


def test_a_file_that_is_no_python(tmp_path: Path) -> None:
    file = written(tmp_path / "mine.py", "def gap(:")
    assert refusal(file) == f"--plugin {file}: SyntaxError: invalid syntax (mine.py, line 1)"


@pytest.mark.parametrize("name", ["missing.py", "mine.txt", "folder.py"])
def test_a_file_that_is_missing_or_not_py(tmp_path: Path, name: str) -> None:
    written(tmp_path / "mine.txt", FEATURE.format(name="my_gap"))
    (tmp_path / "folder.py").mkdir()
    assert refusal(tmp_path / name) == f"--plugin {tmp_path / name}: no such Python file"


def test_a_name_that_is_taken(tmp_path: Path) -> None:
    file = written(tmp_path / "mine.py", FEATURE.format(name="kinematics"))
    ours = FEATURES["kinematics"]
    assert refusal(file) == "feature set 'kinematics' is registered twice; rename one of them"
    assert FEATURES["kinematics"] is ours


def test_a_name_that_is_taken_in_the_same_file(tmp_path: Path) -> None:
    again = FEATURE.format(name="my_gap") + FEATURE.format(name="my_gap").replace("def columns", "def other_columns")
    file = written(tmp_path / "mine.py", again)
    assert refusal(file) == "feature set 'my_gap' is registered twice; rename one of them"


def test_a_parameter_without_a_default(tmp_path: Path) -> None:
    file = written(tmp_path / "mine.py", FEATURE.format(name="my_gap").replace("lag: int = 5", "lag: int"))
    assert refusal(file) == "feature set 'my_gap': parameter 'lag' has no default"
    assert "my_gap" not in FEATURES


@pytest.mark.parametrize("odd", ["*lags", "**lags"])
def test_parameters_without_names(tmp_path: Path, odd: str) -> None:
    text = FEATURE.format(name="my_gap").replace("*, lag: int = 5, wide: bool = False", odd)
    file = written(tmp_path / "mine.py", text)
    assert refusal(file) == "feature set 'my_gap': *args and **kwargs cannot be tuned; name the parameters"


@pytest.mark.parametrize(
    ("named", "asked", "message"),
    [
        (feature_set_named, "kinematic", "unknown feature set 'kinematic'. Did you mean 'kinematics'? Available: "),
        (
            model_family_named,
            "xgb",
            "unknown model family 'xgb'. Available: baseline_network, catboost, extra_trees, lightgbm, ",
        ),
        (smoother_named, "means", "unknown smoother 'means'. Did you mean 'mean'? Available: gaussian, mean, median, "),
    ],
)
def test_an_unknown_name_is_answered_with_the_known_ones(
    named: Callable[[str], object], asked: str, message: str
) -> None:
    with pytest.raises(HarnessError) as caught:
        named(asked)
    assert str(caught.value).startswith(message)


def test_a_decorated_function_stays_what_it_was() -> None:
    def forest(seed: int) -> Any:
        """Trees."""

    assert model_family("forest", baseline=True)(forest) is forest
    assert MODELS["forest"].baseline


# Whether a feature set fits the recordings


def test_a_feature_set_is_refused_where_a_role_or_an_animal_is_lacking() -> None:
    pair = FeatureSet("pair", lambda recording: {}, roles=("nose", "neck"), animals=2)
    noseless = Skeleton(("a",), {"neck": 0})
    assert pair.refusal(recording_of(CALMS21, 2)) is None
    assert pair.refusal(recording_of(CALMS21, 1)) == "needs 2 animals, the recordings have 1"
    assert pair.refusal(recording_of(noseless, 2)) == "no keypoint plays the role nose; name them in dataset.toml"
    unnamed = recording_of(Skeleton.unnamed(7), 2)
    assert pair.refusal(unnamed) == "no keypoint plays the role nose, neck; name them in dataset.toml"


def test_a_feature_set_that_needs_confidence_is_refused_where_there_is_none() -> None:
    sure = FeatureSet("sure", lambda recording: {}, needs=("confidence",))
    recording = recording_of(CALMS21, 1)
    assert sure.refusal(recording) == "needs the tracker's confidence, which the recordings do not hold"
    assert sure.refusal(replace(recording, confidence=np.ones((1, 1, 7), dtype=np.float32))) is None


def test_an_invariance_that_does_not_exist_is_refused() -> None:
    with pytest.raises(HarnessError, match=r"unknown turned: invariance 'rotate'\. Did you mean 'rotation'"):
        feature_set("turned", invariant_to=("rotate",))


def recording_of(skeleton: Skeleton, animals: int) -> Recording:
    return Recording("one", np.zeros((1, animals, 2, len(skeleton.keypoints)), dtype=np.float32), skeleton)


@pytest.mark.parametrize("name", ["model", "preparation", "with.dot", "with space", "Capital", ""])
def test_a_name_that_would_confuse_parameters_is_refused(name: str) -> None:
    with pytest.raises(HarnessError, match="a name should be small letters, digits and _"):
        feature_set(name)(lambda recording: {})
