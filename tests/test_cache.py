"""Feature blocks are computed once, whoever asks, and again when what they are made from changes."""

import multiprocessing
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from multiprocessing.synchronize import Barrier
from pathlib import Path

import numpy as np
import pytest

from harness.cache import BlockCache
from harness.pipeline import FeatureTables
from harness.recording import Array, Recording
from harness.registry import FEATURES, Columns, FeatureSet, Fitted, load_plugins
from harness.spec import Choice, Preparation
from tests.toy import toy_recordings


class Computation:
    """Gives its array, and counts how often."""

    def __init__(self, values: Array) -> None:
        self.values, self.calls = values, 0

    def __call__(self) -> Array:
        self.calls += 1
        return self.values


# Arrays on disk


def test_a_block_is_computed_once_and_then_mapped(tmp_path: Path) -> None:
    compute = Computation(np.arange(6, dtype=np.float32).reshape(3, 2))
    first = BlockCache(tmp_path).block({"lag": 1}, compute)
    second = BlockCache(tmp_path).block({"lag": 1}, compute)
    assert compute.calls == 1
    for block in (first, second):
        np.testing.assert_array_equal(block, compute.values)
        assert isinstance(block, np.memmap)
        assert not block.flags.writeable


def test_other_origins_make_other_blocks_and_the_order_of_keys_does_not_matter(tmp_path: Path) -> None:
    cache, compute = BlockCache(tmp_path), Computation(np.zeros(3))
    for made_from in ({"lag": 1, "version": "a"}, {"lag": 2, "version": "a"}, {"lag": 1, "version": "b"}):
        cache.block(made_from, compute)
    assert compute.calls == 3
    cache.block({"version": "a", "lag": 1}, compute)
    assert compute.calls == 3


def test_arrays_that_belong_together_are_computed_once(tmp_path: Path) -> None:
    calls = []

    def compute() -> dict[str, Array]:
        calls.append(1)
        return {"median": np.arange(3.0), "components": np.eye(2)}

    for _ in range(2):
        arrays = BlockCache(tmp_path).arrays({"pool": ["x"]}, compute)
        assert sorted(arrays) == ["components", "median"]
        np.testing.assert_array_equal(arrays["median"], [0, 1, 2])
        np.testing.assert_array_equal(arrays["components"], np.eye(2))
    assert len(calls) == 1


def test_a_computation_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def broken() -> Array:
        raise ValueError("no columns")

    with pytest.raises(ValueError, match="no columns"):
        BlockCache(tmp_path).block({"lag": 1}, broken)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def write_and_read(folder: Path, together: Barrier, number: int) -> None:
    """One of several processes that come at the same moment; ends with an error where the file is not whole."""
    together.wait(30)
    block = BlockCache(folder).block({"lag": 1}, lambda: np.full((500, 1000), number, dtype=np.float32))
    assert block.shape == (500, 1000)
    assert (block == block[0, 0]).all()


def test_processes_that_write_at_once_leave_one_whole_file(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(3)
    writers = [context.Process(target=write_and_read, args=(tmp_path, together, number)) for number in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    (file,) = (path for path in tmp_path.rglob("*") if path.is_file())
    block = np.load(file)
    assert block[0, 0] in (0, 1, 2)
    assert (block == block[0, 0]).all()


# Design matrices


CALLS: list[str] = []


def columns(recording: Recording, *, scale: float = 1.0) -> Columns:
    CALLS.append("columns")
    return {"x": scale * recording.keypoints[:, 0, 0, 0], "y": scale * recording.keypoints[:, 0, 1, 0]}


def fit(recordings: list[Recording], *, scale: float = 1.0) -> Fitted:
    CALLS.append("fit")
    assert all(recording.labels is None for recording in recordings)
    return {"mean": scale * np.nanmean([np.nanmean(recording.keypoints) for recording in recordings], keepdims=True)}


def fitted_columns(recording: Recording, fitted: Fitted, *, scale: float = 1.0) -> Columns:
    CALLS.append("columns")
    return {"deviation": scale * recording.keypoints[:, 0, 0, 0] - fitted["mean"]}


@pytest.fixture(autouse=True)
def counting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two feature sets, `plain` and `fitted`, that say in `CALLS` when they compute."""
    monkeypatch.setitem(FEATURES, "plain", FeatureSet("plain", columns))
    monkeypatch.setitem(FEATURES, "fitted", FeatureSet("fitted", fitted_columns, fit=fit))
    CALLS.clear()
    yield
    CALLS.clear()


def tables(folder: Path, pool: tuple[Recording, ...] = ()) -> FeatureTables:
    return FeatureTables(BlockCache(folder), pool)


def test_a_design_matrix_holds_the_columns_and_their_windows(tmp_path: Path) -> None:
    (recording,) = toy_recordings(1, 40, missing=0.0)
    preparation = Preparation(windows="0.2+1")
    X = tables(tmp_path).design_matrix(recording, [Choice("plain"), Choice("plain", {"scale": 2.0})], preparation)
    assert X.shape == (40, 2 * (2 + 2 * 3 * 2))
    assert X.dtype == np.float32
    np.testing.assert_array_equal(X[:, 0], recording.keypoints[:, 0, 0, 0])
    np.testing.assert_array_equal(X[:, 14], 2 * recording.keypoints[:, 0, 0, 0])
    np.testing.assert_allclose(X[20, 2], recording.keypoints[17:24, 0, 0, 0].mean(), rtol=1e-5)


def test_no_features_make_no_columns(tmp_path: Path) -> None:
    (recording,) = toy_recordings(1, 40)
    assert tables(tmp_path).design_matrix(recording, [], Preparation()).shape == (40, 0)


def test_another_process_or_other_windows_compute_no_columns_again(tmp_path: Path) -> None:
    (recording,) = toy_recordings(1, 40)
    for windows in ("none", "0.5", "none"):
        tables(tmp_path).design_matrix(recording, [Choice("plain")], Preparation(windows=windows))
    assert CALLS == ["columns"]


def test_tables_in_memory_are_the_same_array(tmp_path: Path) -> None:
    (recording,) = toy_recordings(1, 40)
    held = tables(tmp_path)
    first, second = (held.design_matrix(recording, [Choice("plain")], Preparation()) for _ in range(2))
    assert first is second


def test_tables_held_in_memory_are_bounded_and_the_last_used_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (recording,) = toy_recordings(1, 40)
    monkeypatch.setattr("harness.pipeline.HELD_BYTES", 2 * 40 * 2 * 4)  # two tables
    held, none = tables(tmp_path), Preparation(windows="none")
    one, two, three = ([Choice("plain", {"scale": scale})] for scale in (1.0, 2.0, 3.0))
    first, second = held.design_matrix(recording, one, none), held.design_matrix(recording, two, none)
    assert held.design_matrix(recording, one, none) is first
    held.design_matrix(recording, three, none)
    assert held.design_matrix(recording, one, none) is first
    assert held.design_matrix(recording, two, none) is not second


Made = tuple[Recording, Choice, Preparation]


@pytest.mark.parametrize(
    "change",
    [
        lambda recording, choice, preparation: (moved(recording), choice, preparation),
        lambda recording, choice, preparation: (replace(recording, fps=25.0), choice, preparation),
        lambda recording, choice, preparation: (recording, Choice("plain", {"scale": 2.0}), preparation),
        lambda recording, choice, preparation: (recording, choice, Preparation(interpolate=0.1)),
    ],
    ids=["poses", "fps", "parameters", "interpolation"],
)
def test_columns_are_computed_again_when_what_they_are_made_from_changes(
    tmp_path: Path, change: Callable[[Recording, Choice, Preparation], Made]
) -> None:
    made = toy_recordings(1, 40)[0], Choice("plain"), Preparation()
    for recording, choice, preparation in (made, change(*made)):
        tables(tmp_path).design_matrix(recording, [choice], preparation)
    assert CALLS == ["columns", "columns"]


def moved(recording: Recording) -> Recording:
    return replace(recording, keypoints=recording.keypoints + 1)


def test_columns_are_computed_again_when_the_plugins_file_changes(tmp_path: Path) -> None:
    (recording,) = toy_recordings(1, 40)
    file = tmp_path / "mine.py"
    file.write_text(
        "from harness.registry import feature_set\n"
        "@feature_set('plain', animals=2)\n"
        "def columns(recording): return {'x': recording.keypoints[:, 0, 0, 0]}\n"
    )
    FEATURES.pop("plain")
    load_plugins([file])
    for content in (file.read_text(), file.read_text() + "# otherwise\n"):
        file.write_text(content)
        FEATURES["plain"] = replace(FEATURES["plain"])  # as a new process would find it
        tables(tmp_path / "cache").design_matrix(recording, [Choice("plain")], Preparation())
    assert len(list((tmp_path / "cache").rglob("*.npy"))) == 2


def test_columns_are_computed_again_when_what_feature_sets_share_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (recording,) = toy_recordings(1, 40)
    tables(tmp_path).design_matrix(recording, [Choice("plain")], Preparation())
    monkeypatch.setattr("harness.pipeline.SHARED_VERSIONS", ["another", "another"])
    tables(tmp_path).design_matrix(recording, [Choice("plain")], Preparation())
    assert CALLS == ["columns", "columns"]


def test_labels_and_names_are_nothing_that_columns_are_made_from(tmp_path: Path) -> None:
    (recording,) = toy_recordings(1, 40)
    for one in (recording, replace(recording, id="other", labels=None)):
        tables(tmp_path).design_matrix(one, [Choice("plain")], Preparation())
    assert CALLS == ["columns"]


def test_a_fitted_set_learns_once_from_the_pool_and_again_from_another(tmp_path: Path) -> None:
    first, second = (replace(recording, labels=None) for recording in toy_recordings(2, 40, missing=0.0))
    for pool in ((first, second), (first, second), (second,)):
        X = tables(tmp_path, pool).design_matrix(first, [Choice("fitted")], Preparation(windows="none"))
        mean = np.mean([recording.keypoints.mean() for recording in pool])
        np.testing.assert_allclose(X[:, 0], first.keypoints[:, 0, 0, 0] - mean, atol=1e-3)
    assert CALLS == ["fit", "columns", "fit", "columns"]


def test_gaps_are_filled_before_columns_are_computed(tmp_path: Path) -> None:
    (recording,) = toy_recordings(1, 40, missing=0.0)
    keypoints = recording.keypoints.copy()
    keypoints[10:13] = np.nan
    holed = replace(recording, keypoints=keypoints)
    design = partial(tables(tmp_path).design_matrix, holed, [Choice("plain")])
    expected = np.interp([10, 11, 12], [9, 13], keypoints[[9, 13], 0, 0, 0])
    np.testing.assert_allclose(design(Preparation(0.1, "none"))[10:13, 0], expected, rtol=1e-6)
    assert np.isnan(design(Preparation(0.06, "none"))[10:13]).all()
