"""The parser of pickles: whom it refuses, and what is no pickle."""

import contextlib
import pickle
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from harness.data.pickles import READ, read_pickled_npy
from tests.data.test_pickles import problem, written
from tests.hostile_pickles import ASKS, BLUNT, HOSTILE, call, in_array, name, npy, text, whole

# What is a program is refused


@pytest.mark.parametrize("kind", [*HOSTILE, *BLUNT])
def test_a_hostile_pickle_is_refused_by_name_and_nothing_of_it_runs(tmp_path: Path, kind: str) -> None:
    sentinel = tmp_path / "sentinel"
    line = problem(tmp_path, npy((HOSTILE | BLUNT)[kind](sentinel)))
    assert f"refused: the pickle asks for {ASKS[kind]}" in line.replace(f"; only {READ} are read", ";")
    assert line.endswith(f"; only {READ} are read")
    assert not sentinel.exists()


@pytest.mark.parametrize("kind", HOSTILE)
def test_the_hostile_pickles_are_live(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path, npy(HOSTILE[kind](tmp_path / "sentinel")))
    # Most of them load as something that is no array, or fail after the deed.
    with contextlib.suppress(AttributeError, TypeError, ValueError):
        np.load(path, allow_pickle=True)
    assert (tmp_path / "sentinel").exists()


def test_every_name_that_is_asked_for_is_listed_once(tmp_path: Path) -> None:
    pickled = pickle.dumps([len, print, len, pickle.loads], protocol=4)
    assert "asks for builtins.len, builtins.print, _pickle.loads; only" in problem(tmp_path, npy(pickled))


def test_a_long_list_of_names_is_cut(tmp_path: Path) -> None:
    pickled = whole(b"".join(name("os", f"f{number}") for number in range(5000)))
    line = problem(tmp_path, npy(pickled))
    assert "asks for os.f0, os.f1, " in line
    assert ", os.f9 and 4,990 more; only" in line


def test_a_name_is_cut_before_it_is_kept(tmp_path: Path) -> None:
    line = problem(tmp_path, npy(whole(name("m" * 1_000_000, "f"))))
    assert f"asks for {'m' * 97}...; only" in line


# What no pickler writes

GARBLED: dict[str, tuple[bytes, str]] = {
    "an array filled in twice": (in_array(b"N") + b")b", "fills something that is not new"),
    "a function that is filled in": (name("numpy", "dtype") + b"N}" + text("x") + b"K\1s\x86b", "fills something"),
    "a list that is filled in": (b"]N}" + text("__class__") + b"K\1s\x86b", "fills something"),
    "a call of text": (call(text("os.system"), text("ls")), "calls something that is no name"),
    "a call of the result of a call": (call(call(name("builtins", "bytes"))), "calls something that is no name"),
    "a name by numbers": (b"K\1K\2" + pickle.STACK_GLOBAL, "a value that is not text"),
    "appending to an array": (in_array(b"N") + b"K\1a", "appends to something"),
    "assigning to an array": (in_array(b"N") + b"K\0K\1s", "sets items of something"),
    "a key without a value": (b"}(K\1u", "sets items of something"),
    "a list as a key": (b"}]K\1s", "a key of a dict that is neither text nor a number"),
    "tuples in tuples as a key": (b"}" + b")" + b"\x85" * 50_000 + b"K\1s", "a key of a dict"),
    "a number of a million digits": (b"\x8b" + (400_000).to_bytes(4, "little") + b"\1" * 400_000, "an integer of 3,"),
    "a number of a million digits in text": (b"L" + b"1" * 1_000_000 + b"L\n", "damaged or cut short"),
    "bytes that are not there": (b"\x8e" + (2**40).to_bytes(8, "little") + b"x", "damaged or cut short"),
    "a buffer that is not there": (b"\x96" + (2**40).to_bytes(8, "little") + b"x", "damaged or cut short"),
    "text that is not there": (b"\x8d" + (2**40).to_bytes(8, "little") + b"x", "damaged or cut short"),
    "an entry that the memo does not have": (b"h\7", "refers to entry 7 of its memo, which is not there"),
    "an empty stack": (b"\x85", "takes more from its stack than there is"),
    "a stack that is empty above the mark": (b"K\1(\x85", "takes more from its stack than there is"),
    "a mark that was not set": (b"t", "goes back to a mark that is not there"),
    "an unknown opcode": (b"\xff", "damaged or cut short"),
}


@pytest.mark.parametrize("kind", GARBLED)
def test_opcodes_that_do_not_fit_together_are_damage_and_take_no_memory(tmp_path: Path, kind: str) -> None:
    body, expected = GARBLED[kind]
    tracemalloc.start()
    try:
        line = problem(tmp_path, npy(whole(body)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert line.startswith(("damaged or cut short: ", "holds a"))
    assert expected in line
    assert peak < 100e6


def test_a_far_entry_of_the_memo_takes_no_memory(tmp_path: Path) -> None:
    pickled = whole(in_array(text("x") + b"r\xff\xff\xff\x7f"))
    tracemalloc.start()
    try:
        assert read_pickled_npy(written(tmp_path, npy(pickled))) == "x"
        assert tracemalloc.get_traced_memory()[1] < 1e6
    finally:
        tracemalloc.stop()
