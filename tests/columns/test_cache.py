"""Feature blocks are computed once, whoever asks, and again when what they are made from changes."""

import multiprocessing
import os
import pickle
import random
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path

import numpy as np
import pytest

from harness.columns.cache import CHECKSUM_BYTES, BlockCache, StoredFile
from harness.files.atomic import write_atomically
from harness.fitting.pipeline import FeatureTables, Thinned
from harness.plugins.contract import Columns, FeatureSet, Fitted
from harness.plugins.loading import load_plugins
from harness.plugins.registry import FEATURES
from harness.recording import Array, Recording
from harness.spec import Choice, Preparation
from tests.desk import posix
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


def test_a_cache_goes_to_other_processes_as_it_is(tmp_path: Path) -> None:
    cache = BlockCache(tmp_path, limit=5000)
    cache.block({"lag": 1}, Computation(np.zeros(3)))
    assert pickle.loads(pickle.dumps(cache)) == cache
    assert pickle.loads(pickle.dumps(cache)).limit == 5000


# Files that are damaged


def empty(content: bytes) -> bytes:
    return b""


def cut_short(content: bytes) -> bytes:
    return content[:-1]


def too_long(content: bytes) -> bytes:
    return content + b"\0"


def zeros(content: bytes) -> bytes:
    return bytes(len(content))


def noise(content: bytes) -> bytes:
    return random.Random(0).randbytes(len(content))


def text(content: bytes) -> bytes:
    return b"<html>404</html>"


DAMAGES = [empty, cut_short, zeros, noise, text]


@pytest.mark.parametrize("damage", [*DAMAGES, too_long])
def test_a_damaged_block_is_computed_again_and_replaced(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    compute = Computation(np.arange(12, dtype=np.float32).reshape(4, 3))
    BlockCache(tmp_path).block({"lag": 1}, compute)
    (file,) = tmp_path.rglob("*.npy")
    file.write_bytes(damage(whole := file.read_bytes()))
    np.testing.assert_array_equal(BlockCache(tmp_path).block({"lag": 1}, compute), compute.values)
    assert compute.calls == 2
    assert file.read_bytes() == whole
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [file]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_arrays_are_computed_again_and_replaced(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    def arrays() -> dict[str, Array]:
        return {"median": np.arange(3.0), "components": np.eye(2)}

    BlockCache(tmp_path).arrays({"pool": 1}, arrays)
    (file,) = tmp_path.rglob("*.npz")
    file.write_bytes(damage(file.read_bytes()))
    again = BlockCache(tmp_path).arrays({"pool": 1}, arrays)
    np.testing.assert_array_equal(again["components"], np.eye(2))
    with np.load(file) as stored:
        np.testing.assert_array_equal(stored["median"], [0, 1, 2])


def test_files_in_each_others_place_are_computed_again_too(tmp_path: Path) -> None:
    cache, values = BlockCache(tmp_path), np.arange(6.0).reshape(3, 2)
    for _ in range(2):
        np.testing.assert_array_equal(cache.block({"x": 1}, lambda: values), values)
        np.testing.assert_array_equal(cache.arrays({"x": 1}, lambda: {"x": values})["x"], values)
        (block,), (arrays,) = tmp_path.rglob("*.npy"), tmp_path.rglob("*.npz")
        one, other = block.read_bytes(), arrays.read_bytes()
        block.write_bytes(other)
        arrays.write_bytes(one)


def test_a_block_cut_anywhere_is_computed_again(tmp_path: Path) -> None:
    cache, compute = BlockCache(tmp_path), Computation(np.arange(12, dtype=np.float32).reshape(4, 3))
    cache.block({"lag": 1}, compute)
    (file,) = tmp_path.rglob("*.npy")
    whole = file.read_bytes()
    lengths = range(0, len(whole), 7)
    for length in lengths:
        file.write_bytes(whole[:length])
        np.testing.assert_array_equal(cache.block({"lag": 1}, compute), compute.values)
    assert compute.calls == 1 + len(lengths)


def test_no_damage_at_all_is_an_error_or_comes_out_as_other_values(tmp_path: Path) -> None:
    cache, values, chance = BlockCache(tmp_path), np.arange(12, dtype=np.float32).reshape(4, 3), random.Random(1)
    files = []
    for suffix in ("npy", "npz"):
        cache.block({"x": 1}, lambda: values)
        cache.arrays({"x": 1}, lambda: {"x": values})
        (file,) = tmp_path.rglob(f"*.{suffix}")
        files.append((file, file.read_bytes()))
    for _ in range(300):
        for file, whole in files:
            damaged = bytearray(whole)
            for _ in range(chance.choice([1, 2, 5, 20])):
                damaged[chance.randrange(len(whole))] = chance.choice([*b"0123456789[]{}()',: \n<>", 0, 255])
            file.write_bytes(damaged)
        np.testing.assert_array_equal(cache.block({"x": 1}, lambda: values), values)
        np.testing.assert_array_equal(cache.arrays({"x": 1}, lambda: {"x": values})["x"], values)
        assert [file.read_bytes() for file, _ in files] == [whole for _, whole in files]


def test_a_block_in_which_any_bit_is_another_is_computed_again(tmp_path: Path) -> None:
    cache, compute = BlockCache(tmp_path), Computation(np.arange(12, dtype=np.float32).reshape(4, 3))
    cache.block({"lag": 1}, compute)
    (file,) = tmp_path.rglob("*.npy")
    whole = file.read_bytes()
    for place in range(0, 8 * len(whole), 13):
        flipped = bytearray(whole)
        flipped[place // 8] ^= 1 << place % 8
        file.write_bytes(flipped)
        np.testing.assert_array_equal(cache.block({"lag": 1}, compute), compute.values)
        assert file.read_bytes() == whole


def test_an_archive_that_lacks_an_array_is_computed_again(tmp_path: Path) -> None:
    def arrays() -> dict[str, Array]:
        return {"median": np.arange(3.0), "components": np.eye(2)}

    BlockCache(tmp_path).arrays({"pool": 1}, arrays)
    (file,) = tmp_path.rglob("*.npz")
    whole = file.read_bytes()
    with file.open("wb") as lacking:
        np.savez(lacking, median=np.arange(3.0))
    assert sorted(BlockCache(tmp_path).arrays({"pool": 1}, arrays)) == ["components", "median"]
    assert file.read_bytes() == whole


def test_a_block_without_values_is_kept_like_any_other(tmp_path: Path) -> None:
    compute = Computation(np.empty((0, 3), dtype=np.float32))
    for _ in range(2):
        assert BlockCache(tmp_path).block({"lag": 1}, compute).shape == (0, 3)
    assert compute.calls == 1


def test_a_folder_that_cannot_hold_files_costs_no_result(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("where a folder should be")
    compute = Computation(np.arange(3.0))
    for _ in range(2):
        np.testing.assert_array_equal(BlockCache(tmp_path / "file").block({"lag": 1}, compute), [0, 1, 2])
    assert compute.calls == 2


# The limit


KB = Computation(np.zeros(1000 - 128 - CHECKSUM_BYTES, dtype=np.int8))
"""Computes a block whose file has 1000 bytes."""


def written(cache: BlockCache, name: str, age: float = 0.0) -> Path:
    """The file of a block of 1000 bytes, last used `age` seconds ago."""
    before = {file.path for file in cache.contents().files}
    cache.block({"name": name}, KB)
    (file,) = {file.path for file in cache.contents().files} - before
    now = time.time()
    os.utime(file, (now - age, now - age))
    return file


def kept(cache: BlockCache) -> list[Path]:
    """Files, last used longest ago first."""
    return [file.path for file in cache.contents().files]


def test_the_blocks_last_used_longest_ago_go_until_a_tenth_of_the_limit_is_free(tmp_path: Path) -> None:
    cache = BlockCache(tmp_path, limit=10_000)
    files = [written(cache, str(n), age=1000 * (10 - n)) for n in range(10)]
    assert kept(cache) == files
    cache.block({"name": "0"}, KB)  # so that it is now the last one used
    newest = written(cache, "10")
    assert kept(cache) == [*files[3:], files[0], newest]


def test_a_use_is_noted_once_a_minute(tmp_path: Path) -> None:
    cache = BlockCache(tmp_path)
    for age, noted in ((30, False), (300, True), (-300, True)):
        file = written(cache, str(age), age)
        before = file.stat().st_mtime
        cache.block({"name": str(age)}, KB)
        assert (file.stat().st_mtime != before) == noted
        assert not noted or abs(file.stat().st_mtime - time.time()) < 60


def test_a_block_larger_than_the_limit_is_returned_and_not_kept(tmp_path: Path) -> None:
    cache = BlockCache(tmp_path, limit=5_000)
    small = written(cache, "small")
    large = Computation(np.arange(5001, dtype=np.uint8))
    for _ in range(2):
        np.testing.assert_array_equal(cache.block({"name": "large"}, large), large.values)
        assert cache.arrays({"name": "large"}, lambda: {"x": large.values})["x"] is large.values
    assert large.calls == 2
    assert kept(cache) == [small]


def test_a_block_that_just_fits_stays_alone(tmp_path: Path) -> None:
    cache = BlockCache(tmp_path, limit=10_000)
    small, large = written(cache, "small", age=5), Computation(np.zeros(9_900, dtype=np.int8))
    for _ in range(2):
        cache.block({"name": "large"}, large)
    assert large.calls == 1
    assert not small.exists()


def test_with_a_limit_of_0_nothing_is_kept_and_nothing_read(tmp_path: Path) -> None:
    written(BlockCache(tmp_path), "x")
    compute = Computation(np.ones(3))
    for folder in (tmp_path, tmp_path / "never made"):
        np.testing.assert_array_equal(BlockCache(folder, limit=0).block({"name": "x"}, compute), [1, 1, 1])
    assert compute.calls == 2
    assert len(kept(BlockCache(tmp_path))) == 1
    assert not (tmp_path / "never made").exists()


def test_what_others_write_is_counted_once_a_hundredth_of_the_limit_was_written(tmp_path: Path) -> None:
    cache = BlockCache(tmp_path, limit=300_000)
    written(cache, "first")
    for n in range(4):
        BlockCache(tmp_path).block({"other": n}, Computation(np.zeros(100_000, dtype=np.int8)))
    files = [written(cache, str(n)) for n in range(3)]
    assert cache.contents().nbytes > 400_000
    files.append(written(cache, "3"))
    assert cache.contents().nbytes <= 270_000
    assert all(file.exists() for file in files)


def kill_while_writing(path: Path) -> None:
    def write(file: object) -> None:
        os.write(file.fileno(), bytes(3000))  # type: ignore[attr-defined]
        os.kill(os.getpid(), signal.SIGKILL)

    write_atomically(path, write)


def leftover(cache: BlockCache) -> StoredFile:
    """What a process leaves that is killed while it writes a block."""
    (block,) = kept(cache)
    child = multiprocessing.get_context("spawn").Process(target=kill_while_writing, args=(block,))
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    (left,) = (file for file in cache.contents().files if file.path != block)
    return left


@posix
def test_what_killed_processes_leave_counts_and_goes_like_blocks(tmp_path: Path) -> None:
    cache = BlockCache(tmp_path, limit=5_000)
    block = written(cache, "x")
    left = leftover(cache)
    assert (left.nbytes, left.is_block) == (3000, False)
    assert cache.contents().nbytes == 4000
    os.utime(left.path, (1, 1))
    more = [written(cache, str(n)) for n in range(2)]
    assert kept(cache) == [block, *more]


# Clearing, and files of others


def belongings(folder: Path, block: Path) -> list[Path]:
    """Things in a cache's folder that are not the cache's, though some look like it."""
    elsewhere = folder.parent / "elsewhere"
    (elsewhere / "inside").mkdir(parents=True)
    (elsewhere / block.name).write_bytes(b"precious")
    (folder / "notes").mkdir()
    (folder / "notes" / block.name).write_bytes(b"in no shelf")
    (folder / block.name).write_bytes(b"in no shelf")
    (folder / "notes.txt").write_text("about mice")
    (folder / "ff").symlink_to(elsewhere)
    own, shelf = list(block.parent.iterdir()), block.parent
    (shelf / "notes.txt").write_text("about mice")
    (shelf / ("f" * 64 + ".npy")).write_bytes(b"in the wrong shelf")
    (shelf / (block.stem + ".npy.bak")).write_bytes(b"a copy")
    (shelf / (shelf.name + "0" * 62 + ".npy")).symlink_to(elsewhere / block.name)
    (shelf / (shelf.name + "1" * 62 + ".npy")).mkdir()
    top = [folder / name for name in ("notes", block.name, "notes.txt", "ff")]
    return sorted([*top, *(path for path in shelf.iterdir() if path not in own)])


@posix
def test_clearing_deletes_blocks_and_leaves_everything_else(tmp_path: Path) -> None:
    cache = BlockCache(tmp_path / "cache")
    block = written(cache, "x")
    left = leftover(cache)
    cache.arrays({"name": "y"}, lambda: {"y": np.eye(2)})
    (arrays,) = tmp_path.rglob("*.npz")
    theirs = belongings(tmp_path / "cache", block)
    deleted = cache.clear()
    assert {file.path for file in deleted.files} == {block, left.path, arrays}
    assert deleted.nbytes == sum(file.nbytes for file in deleted.files) > 4000
    assert list(deleted.others) == theirs
    assert all(os.path.lexists(path) for path in theirs)
    assert (tmp_path / "elsewhere" / block.name).read_bytes() == b"precious"
    assert not any(file.path.exists() for file in deleted.files)
    assert not arrays.parent.exists()
    assert (cache.clear().files, list(cache.clear().others)) == ((), theirs)


def test_eviction_leaves_what_is_not_the_caches(tmp_path: Path) -> None:
    cache = BlockCache(tmp_path / "cache", limit=3_000)
    theirs = belongings(tmp_path / "cache", written(cache, "x", age=100))
    for n in range(10):
        written(cache, str(n))
    assert len(kept(cache)) == 3
    assert all(os.path.lexists(path) for path in theirs)


def test_a_folder_that_was_never_made_is_empty(tmp_path: Path) -> None:
    for found in (BlockCache(tmp_path / "none").contents(), BlockCache(tmp_path / "none").clear()):
        assert (found.files, found.others, found.nbytes) == ((), (), 0)
    assert not (tmp_path / "none").exists()


# Several processes at once


def use(folder: Path, limit: int, together: Barrier, over: Event, seed: int) -> None:
    """Ask for blocks at random, hold some, and end with an error where one is not what it would be without a cache."""
    cache, chance = BlockCache(folder, limit), random.Random(seed)
    held: list[tuple[int, Array]] = []
    together.wait(60)
    for step in range(5000):
        number = chance.randrange(30)
        values = np.full(1000 + 10 * number, number, dtype=np.int16)
        block = cache.block({"number": number}, lambda values=values: values)  # type: ignore[misc]
        np.testing.assert_array_equal(block, values)
        fitted = cache.arrays({"number": number}, lambda values=values: {"x": values})  # type: ignore[misc]
        np.testing.assert_array_equal(fitted["x"], values)
        held = [*held[-20:], (number, block)]
        assert all((block == number).all() for number, block in held)
        if over.is_set() and step > 100:
            break


@pytest.mark.parametrize("clearing", [False, True], ids=["evicting", "cleared by another"])
def test_processes_that_evict_at_once_get_what_they_would_without_a_cache(clearing: bool, tmp_path: Path) -> None:
    context, limit = multiprocessing.get_context("spawn"), 30_000
    together, over = context.Barrier(4), context.Event()
    users = [context.Process(target=use, args=(tmp_path, limit, together, over, seed)) for seed in range(3)]
    for user in users:
        user.start()
    together.wait(60)
    cache, until, most = BlockCache(tmp_path, limit), time.monotonic() + 1, 0
    while time.monotonic() < until:
        most = max(most, (cache.clear() if clearing else cache.contents()).nbytes)
    over.set()
    for user in users:
        user.join(60)
    assert [user.exitcode for user in users] == [0, 0, 0]
    assert most > 0
    left = cache.contents()
    assert left.nbytes <= limit
    assert all(file.is_block for file in left.files)


# Design matrices


CALLS: list[str] = []


def columns(recording: Recording, *, scale: float = 1.0) -> Columns:
    CALLS.append("columns")
    assert recording.labels is None  # no set is shown what is to be found
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
    monkeypatch.setattr("harness.fitting.pipeline.HELD_BYTES", 2 * 40 * 2 * 4)  # two tables
    held, none = tables(tmp_path), Preparation(windows="none")
    one, two, three = ([Choice("plain", {"scale": scale})] for scale in (1.0, 2.0, 3.0))
    first, second = held.design_matrix(recording, one, none), held.design_matrix(recording, two, none)
    assert held.design_matrix(recording, one, none) is first
    held.design_matrix(recording, three, none)
    assert held.design_matrix(recording, one, none) is first
    assert held.design_matrix(recording, two, none) is not second


def test_training_rows_are_all_positive_frames_and_a_share_of_the_others(tmp_path: Path) -> None:
    (recording,) = toy_recordings(1, 60)
    labels = np.zeros(60, dtype=np.int8)
    labels[31:34] = 1
    labelled = replace(recording, labels=labels)
    held, preparation = tables(tmp_path), Preparation(windows="none")
    rows = held.training_rows(Thinned(labelled, slice(10, 50), [Choice("plain")], preparation, 4))
    frames = [10, 22, 31, 32, 33, 37, 49]  # the 1st, 13th, 25th and 37th of the 37 others
    X = held.design_matrix(labelled, [Choice("plain")], preparation)
    assert np.array_equal(rows.X, X[frames], equal_nan=True)
    assert rows.y.tolist() == labels[frames].tolist()
    assert held.training_rows(Thinned(labelled, slice(10, 50), [Choice("plain")], preparation, 4)) is rows


def test_rows_of_the_same_poses_with_other_labels_are_others(tmp_path: Path) -> None:
    (recording,) = toy_recordings(1, 60)
    held, preparation = tables(tmp_path), Preparation(windows="none")
    for label in (0, 1):
        labelled = replace(recording, labels=np.full(60, label, dtype=np.int8))
        rows = held.training_rows(Thinned(labelled, slice(0, 60), [Choice("plain")], preparation, 60))
        assert rows.y.tolist() == [label] * 60
        assert rows.effects is None


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
        "from harness.plugins.registry import feature_set\n"
        "@feature_set('plain', animals=2)\n"
        "def columns(recording): return {'x': recording.keypoints[:, 0, 0, 0]}\n"
    )
    FEATURES.pop("plain")
    for content in (file.read_text(), file.read_text() + "# otherwise\n"):
        file.write_text(content)
        for name in [one for one in sys.modules if one.startswith("harness_plugin_")]:
            del sys.modules[name]  # as in a new process
        load_plugins([file])
        tables(tmp_path / "cache").design_matrix(recording, [Choice("plain")], Preparation())
    assert len(list((tmp_path / "cache").rglob("*.npy"))) == 2


def test_columns_are_computed_again_when_what_feature_sets_share_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (recording,) = toy_recordings(1, 40)
    tables(tmp_path).design_matrix(recording, [Choice("plain")], Preparation())
    monkeypatch.setattr("harness.fitting.pipeline.SHARED_VERSIONS", ["another", "another"])
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


def test_of_a_set_that_learns_in_rounds_a_kill_costs_one_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The third round is broken off once, as by a kill; what goes on then begins with it, and learns the same."""
    pool = tuple(replace(recording, labels=None) for recording in toy_recordings(2, 40, missing=0.0))
    broken = iter([True])

    def learn(recordings: Iterable[Recording], before: Fitted | None) -> Fitted:
        done = 0 if before is None else int(before["done"])
        if done == 2 and next(broken, False):
            raise KeyboardInterrupt
        CALLS.append(f"round {done}")
        mean = np.mean([recording.keypoints.mean() for recording in recordings])
        return {"done": np.array(done + 1), "mean": mean * (done + 1)}

    def columns(recording: Recording, fitted: Fitted) -> Columns:
        return {"x": recording.keypoints[:, 0, 0, 0] - fitted["mean"]}

    monkeypatch.setitem(FEATURES, "rounds", FeatureSet("rounds", columns, fit=learn, rounds=4))

    def asked() -> Array:
        return tables(tmp_path, pool).design_matrix(pool[0], [Choice("rounds")], Preparation(windows="none"))

    with pytest.raises(KeyboardInterrupt):
        asked()
    X = asked()
    assert CALLS == ["round 0", "round 1", "round 2", "round 3"]
    mean = np.mean([recording.keypoints.mean() for recording in pool])
    np.testing.assert_allclose(X[:, 0], pool[0].keypoints[:, 0, 0, 0] - 4 * mean, rtol=1e-4)
    tables(tmp_path, pool).design_matrix(pool[1], [Choice("rounds")], Preparation(windows="none"))
    assert len(CALLS) == 4


def test_gaps_are_filled_before_columns_are_computed(tmp_path: Path) -> None:
    (recording,) = toy_recordings(1, 40, missing=0.0)
    keypoints = recording.keypoints.copy()
    keypoints[10:13] = np.nan
    holed = replace(recording, keypoints=keypoints)
    design = partial(tables(tmp_path).design_matrix, holed, [Choice("plain")])
    expected = np.interp([10, 11, 12], [9, 13], keypoints[[9, 13], 0, 0, 0])
    np.testing.assert_allclose(design(Preparation(interpolate=0.1, windows="none"))[10:13, 0], expected, rtol=1e-6)
    assert np.isnan(design(Preparation(interpolate=0.06, windows="none"))[10:13]).all()


def test_a_column_with_an_infinite_value_is_named(tmp_path: Path) -> None:
    (recording,) = toy_recordings(1, 40)
    endless = replace(recording, keypoints=recording.keypoints.copy())
    endless.keypoints[7, 0, 1, 0] = np.inf
    with pytest.raises(ValueError, match="plain: column 'y' of toy-0 holds an infinite value"):
        tables(tmp_path).design_matrix(endless, [Choice("plain")], Preparation(top_speed=0.0))
