import base64
import os
import pickle
import time
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from harness.data.pickles import read_pickled_npy
from harness.errors import DataError
from tests.desk import posix
from tests.hostile_pickles import call, dtype, in_array, name, npy, text, whole

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def written(folder: Path, content: bytes) -> Path:
    path = folder / "train.npy"
    path.write_bytes(content)
    return path


def problem(folder: Path, content: bytes) -> str:
    """The one line that reading `content` ends with, without the path it begins with."""
    path = written(folder, content)
    with pytest.raises(DataError) as caught:
        read_pickled_npy(path)
    (line,) = caught.value.problems
    assert "\n" not in line
    assert line.startswith(f"{path}: ")
    return line.removeprefix(f"{path}: ")


def same(one: Any, other: Any) -> bool:
    """Whether two values are of the same types and equal throughout, a NaN being equal to a NaN."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, np.ndarray) and one.dtype == object:
        return one.shape == other.shape and same(one.ravel().tolist(), other.ravel().tolist())
    if isinstance(one, np.ndarray | np.generic):
        return bool(one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes())
    return bool(one == other) or (one != one and other != other)


# What is data is read

numbers = (
    arrays.boolean_dtypes() | arrays.integer_dtypes() | arrays.unsigned_integer_dtypes() | arrays.floating_dtypes()
)
texts = arrays.unicode_string_dtypes(max_len=5) | arrays.byte_string_dtypes(max_len=5)
plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
scalars = (numbers | texts).flatmap(lambda kind: arrays.from_dtype(kind))
array = arrays.arrays(numbers | texts, arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
keys = st.text() | st.integers() | st.booleans() | st.none() | st.binary()
laid_out = st.sampled_from([np.asfortranarray, np.transpose, lambda values: np.atleast_1d(values)[..., ::2]])
content = st.recursive(
    plain | scalars | array | st.builds(lambda change, values: change(values), laid_out, array),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(keys, inner, max_size=4)
        | st.lists(plain, min_size=1, max_size=4).map(lambda items: np.array([*items, None], dtype=object))
    ),
    max_leaves=12,
)


@settings(max_examples=120, deadline=None)
@given(content, st.sampled_from(PROTOCOLS))
def test_what_was_pickled_is_read_as_it_was_in_every_protocol(
    tmp_path_factory: pytest.TempPathFactory, value: Any, protocol: int
) -> None:
    holder = np.empty((), dtype=object)
    holder[()] = [value, value]
    path = written(tmp_path_factory.getbasetemp(), npy(pickle.dumps(holder, protocol)))
    read = read_pickled_npy(path)
    assert same(read, [value, value])


def test_a_file_that_numpy_save_wrote_is_read(tmp_path: Path) -> None:
    poses = np.random.default_rng(0).normal(size=(5, 2, 2, 7))
    content = {"vocabulary": ["groom"], "groom": {"a": {"keypoints": poses, "annotations": [0, 1, 1, 0, 0]}}}
    np.save(tmp_path / "train.npy", content, allow_pickle=True)  # type: ignore[arg-type]
    assert same(read_pickled_npy(tmp_path / "train.npy"), content)


# The pickle in {"seq": {"keypoints": float32 0 to 3 (1, 2, 2, 1), "annotations": [0], "id": numpy.int64(3)}} as saved
# by NumPy 1.26.4.
NUMPY_1 = """
gANjbnVtcHkuY29yZS5tdWx0aWFycmF5Cl9yZWNvbnN0cnVjdApxAGNudW1weQpuZGFycmF5CnEBSwCFcQJDAWJxA4dxBFJxBShLASljbnVtcH
kKZHR5cGUKcQZYAgAAAE84cQeJiIdxCFJxCShLA1gBAAAAfHEKTk5OSv////9K/////0s/dHELYoldcQx9cQ1YAwAAAHNlcXEOfXEPKFgJAAAA
a2V5cG9pbnRzcRBoAGgBSwCFcRFoA4dxElJxEyhLAShLAUsCSwJLAXRxFGgGWAIAAABmNHEViYiHcRZScRcoSwNYAQAAADxxGE5OTkr/////Sv
////9LAHRxGWKJQxAAAAAAAACAPwAAAEAAAEBAcRp0cRtiWAsAAABhbm5vdGF0aW9uc3EcXXEdSwBhWAIAAABpZHEeY251bXB5LmNvcmUubXVs
dGlhcnJheQpzY2FsYXIKcR9oBlgCAAAAaThxIImIh3EhUnEiKEsDaBhOTk5K/////0r/////SwB0cSNiQwgDAAAAAAAAAHEkhnElUnEmdXNhdH
EnYi4="""


def test_a_file_of_numpy_1_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, npy(base64.b64decode(NUMPY_1)))
    keypoints = np.array([0, 1, 2, 3], np.float32).reshape(1, 2, 2, 1)
    assert same(read_pickled_npy(path), {"seq": {"keypoints": keypoints, "annotations": [0], "id": np.int64(3)}})


@pytest.mark.parametrize("protocol", [0, 1, 2, 3])
def test_the_module_names_of_numpy_1_are_read_in_the_protocols_that_it_wrote(tmp_path: Path, protocol: int) -> None:
    content = {"a": np.arange(6.0).reshape(2, 3), "b": np.float32(2), "c": np.array([b"x", b""]), "d": b""}
    pickled = pickle.dumps(np.array(content, dtype=object), protocol).replace(b"numpy._core.", b"numpy.core.")
    assert same(read_pickled_npy(written(tmp_path, npy(pickled))), content)


def test_big_endian_arrays_are_read_with_their_values(tmp_path: Path) -> None:
    pickled = whole(
        in_array(
            call(
                name("numpy._core.numeric", "_frombuffer"),
                b"C\4\0\1\2\3",
                dtype("i2", ">"),
                b"K\2\x85",
                text("C"),
            )
        )
    )
    read = read_pickled_npy(written(tmp_path, npy(pickled)))
    assert isinstance(read, np.ndarray)
    assert read.tolist() == [1, 2 * 256 + 3]


def test_headers_of_both_versions_are_read(tmp_path: Path) -> None:
    for version in [(1, 0), (2, 0)]:
        with (tmp_path / "train.npy").open("wb") as file:
            np.lib.format.write_array(file, np.array({"a": 1}, dtype=object), version, allow_pickle=True)
        assert read_pickled_npy(tmp_path / "train.npy") == {"a": 1}


def test_what_is_shared_stays_shared_however_often_it_is_referred_to(tmp_path: Path) -> None:
    value: Any = [np.zeros(1)]
    for _ in range(40):
        value = [value] * 10  # 10**40 leaves
    path = tmp_path / "train.npy"
    np.save(path, np.array({"a": value, "b": value}, dtype=object), allow_pickle=True)
    read: Any = read_pickled_npy(path)
    assert read["a"] is read["b"]
    assert read["a"][0][0] is read["a"][9][9]


def test_a_million_labels_take_about_a_second_at_most(tmp_path: Path) -> None:
    path = tmp_path / "train.npy"
    np.save(path, np.array({"a": [0, 1] * 500_000}, dtype=object), allow_pickle=True)
    start = time.process_time()
    assert read_pickled_npy(path) == {"a": [0, 1] * 500_000}
    assert time.process_time() - start < 2


# What asks for no more than arrays, but not as arrays are made


def array_of(kind: bytes, content: bytes, shape: bytes) -> bytes:
    made = call(name("numpy._core.multiarray", "_reconstruct"), name("numpy", "ndarray"), b"K\0\x85", b"C\1b")
    return made + b"(K\1" + shape + kind + b"\x89" + content + b"tb"


def integer(value: int) -> bytes:
    return b"\x8a\x09" + value.to_bytes(9, "little", signed=True)


def frombuffer(*arguments: bytes) -> bytes:
    return call(name("numpy._core.numeric", "_frombuffer"), *arguments)


FLOATS = dtype("f4", "<")
FOUR_BYTES = b"C\4\0\0\0\0"
FIELDS = b"N(" + text("f0") + b"t}" + text("f0") + b"(" + dtype("O8", "|") + b"K\0ts"

MISUSED: dict[str, tuple[bytes, str]] = {
    "a shape of a million million frames": (
        array_of(FLOATS, FOUR_BYTES, b"(" + integer(10**12) + b"K\2K\2K\7t"),
        "an array of float32 of shape (1000000000000, 2, 2, 7) in 4 bytes",
    ),
    "a shape whose size overflows 64 bits to what is there": (
        array_of(FLOATS, FOUR_BYTES, b"(" + integer(2**32) + integer(2**32) + b"t"),
        "in 4 bytes",
    ),
    "more bytes than the shape takes": (array_of(FLOATS, FOUR_BYTES, b")"[:0] + b"K\0\x85"), "in 4 bytes"),
    "no bytes for an overflowing shape": (
        array_of(FLOATS, b"C\0", b"(" + integer(2**47) + integer(2**47) + b"K\0t"),
        "too big|too large|dimension",
    ),
    "an axis longer than any file": (
        array_of(FLOATS, FOUR_BYTES, b"(" + integer(2**60) + b"t"),
        "an array of an impossible shape",
    ),
    "a negative axis": (
        array_of(FLOATS, FOUR_BYTES, b"(" + integer(-1) + b"t"),
        "an array of an impossible shape",
    ),
    "an axis that is no integer": (array_of(FLOATS, FOUR_BYTES, text("1") + b"\x85"), "an impossible shape"),
    "a shape of forty axes": (array_of(FLOATS, FOUR_BYTES, b"(" + b"K\1" * 40 + b"t"), "an impossible shape"),
    "a shape that is no tuple": (array_of(FLOATS, FOUR_BYTES, b"K\1"), "array in a place or a form"),
    "bytes as pointers to objects": (
        array_of(dtype("O8", "|"), b"C\x08" + b"A" * 8, b"K\1\x85"),
        "an array of objects of shape (1,)",
    ),
    "bytes as pointers to objects without the flag that says so": (
        array_of(dtype("V8", "|", fields=FIELDS, flags=b"K\0"), b"C\x08" + b"A" * 8, b"K\1\x85"),
        "a type that is not boolean, number, text, bytes or object",
    ),
    "objects from a buffer": (frombuffer(b"C\x08" + b"A" * 8, dtype("O8", "|"), b"K\1\x85", text("C")), "objects"),
    "objects in a scalar": (
        call(name("numpy._core.multiarray", "scalar"), dtype("O8", "|"), b"C\x08" + b"A" * 8),
        "an array of object",
    ),
    "fewer objects than the shape takes": (
        array_of(dtype("O8", "|"), b"]K\1a", b"K\2\x85"),
        "an array of objects of shape (2,) with another number of objects",
    ),
    "a list of types as a type": (array_of(dtype("f4,i8", "<"), FOUR_BYTES, b"K\1\x85"), "an array of type f4,i8"),
    "raw memory as a type": (array_of(dtype("V4", "|"), FOUR_BYTES, b"K\1\x85"), "an array of type V4"),
    "a width that no type has": (array_of(dtype("f3", "|"), FOUR_BYTES, b"K\1\x85"), "'f3'"),
    "an element of two gigabytes": (array_of(dtype("S999999999", "|"), FOUR_BYTES, b"K\1\x85"), "in 4 bytes"),
    "an element of no bytes": (
        array_of(dtype("S0", "|"), b"C\0", b"(" + integer(10**12) + b"t"),
        "of shape (1000000000000,) in 0 bytes",
    ),
    "a type that was not filled in": (
        array_of(call(name("numpy", "dtype"), text("f4"), b"\x89", b"\x88"), FOUR_BYTES, b"K\1\x85"),
        "a type that is not",
    ),
    "letters that are not Unicode": (array_of(dtype("U1", "<"), b"C\4\xff\xff\xff\xff", b"K\1\x85"), "not Unicode"),
    "a codec that is not for bytes": (call(name("_codecs", "encode"), text("x"), text("rot13")), "something else"),
    "a codec with a handler of errors": (
        call(name("_codecs", "encode"), text("x"), text("latin1"), text("namereplace")),
        "something else where bytes are expected",
    ),
    "text that latin1 cannot encode": (call(name("_codecs", "encode"), text("€"), text("latin1")), "'latin-1' codec"),
    "a million million bytes": (call(name("builtins", "bytes"), integer(10**12)), "something else where bytes"),
    "axes that are no order": (
        frombuffer(FOUR_BYTES, FLOATS, b"K\1K\1\x86", text("K"), b"K\1K\1\x86"),
        "the order of 2 axes",
    ),
    "an order that does not exist": (frombuffer(FOUR_BYTES, FLOATS, b"K\1\x85", text("A")), "frombuffer in a place"),
    "a function as a value": (name("numpy", "dtype"), "dtype in a place or a form that is not data"),
    "a type as a value": (FLOATS, "dtype in a place or a form that is not data"),
    "an array that was not filled in": (
        call(name("numpy._core.multiarray", "_reconstruct"), name("numpy", "ndarray"), b"K\0\x85", b"C\1b"),
        "array in a place or a form that is not data",
    ),
    "an array as a key": (b"}" + array_of(FLOATS, FOUR_BYTES, b"K\1\x85") + b"K\1s", "a key of a dict"),
    "a list that holds itself": (b"]\x94h\0a", "something that holds itself"),
    "a dict that holds itself": (b"}\x94K\1h\0s", "something that holds itself"),
    "a tuple in a list that holds the tuple": (b"]\x94h\0\x85a", "something that holds itself"),
    "lists in lists": (b"]" * 50_000 + b"a" * 49_999, "nested more than 50 deep"),
    "tuples in tuples": (b")" + b"\x85" * 50_000, "nested more than 50 deep"),
}


@pytest.mark.parametrize("kind", MISUSED)
def test_the_names_for_arrays_and_data_do_no_more_than_make_them(tmp_path: Path, kind: str) -> None:
    body, expected = MISUSED[kind]
    tracemalloc.start()
    try:
        line = problem(tmp_path, npy(whole(body)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert line.startswith(("damaged or cut short: ", "holds a"))
    assert any(fragment in line for fragment in expected.split("|"))
    assert peak < 100e6


def test_booleans_are_true_or_false_whatever_their_bytes(tmp_path: Path) -> None:
    pickled = whole(in_array(array_of(dtype("b1", "|"), b"C\3\0\1\xff", b"K\3\x85")))
    read: Any = read_pickled_npy(written(tmp_path, npy(pickled)))
    assert read.view(np.uint8).tolist() == [0, 1, 1]


VALID = pickle.dumps(
    np.array({"a": {"k": np.zeros((2, 3), np.float32), "l": [0, 1, np.int64(1)], "t": ("x", b"y", 1.5, None)}}, object),
    protocol=4,
)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of escapes in damaged text of protocol 0
@settings(max_examples=250, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(VALID) - 1), st.integers(0, 255)), min_size=1, max_size=4),
    st.integers(0, len(VALID)),
)
def test_a_damaged_file_is_read_or_is_one_line(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]], length: int
) -> None:
    damaged = bytearray(VALID)
    for position, value in changes:
        damaged[position] = value
    path = written(tmp_path_factory.getbasetemp(), npy(bytes(damaged[: length or None])))
    try:
        read_pickled_npy(path)
    except DataError as error:
        (line,) = error.problems
        assert line.isprintable()


# What is another file


def test_a_file_cut_anywhere_is_damaged_or_no_npy_file(tmp_path: Path) -> None:
    content = npy(VALID)
    for length in range(1, len(content), 3):
        line = problem(tmp_path, content[:length])
        assert line.startswith("damaged or cut short: ") or (length < 6 and line.startswith("not an .npy file"))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "the file is empty"),
        (b"PK\3\4whatever", "an .npz archive, expected an .npy file; numpy.save(path, the_dict) writes one"),
        (
            b'{"vocabulary": []}',
            r"not an .npy file, which begins with b'\x93NUMPY'; it begins with b'{" + '"vocabulary',
        ),
        (VALID, "not an .npy file, which begins with"),
        (npy(VALID)[:40], "damaged or cut short: the file ends in its header"),
        (npy(pickle.dumps([1, 2])), "holds no pickled dict; numpy.save(path, the_dict, allow_pickle=True) writes one"),
        (npy(pickle.dumps(np.array([{}, {}]))), "holds no pickled dict"),
        (npy(pickle.dumps({"a": 1})), "holds no pickled dict"),
        (npy(b"."), "damaged or cut short: takes more from its stack than there is"),
    ],
)
def test_a_file_of_another_kind_says_what_is_wanted(tmp_path: Path, content: bytes, expected: str) -> None:
    assert problem(tmp_path, content).startswith(expected)


def test_a_plain_array_says_that_a_dict_is_wanted(tmp_path: Path) -> None:
    np.save(tmp_path / "array.npy", np.zeros((3, 2), np.float32))
    expected = "a plain array of type <f4, expected a pickled dict"
    assert problem(tmp_path, (tmp_path / "array.npy").read_bytes()) == expected
    np.save(tmp_path / "table.npy", np.zeros(3, [("x", "f4"), ("y", "f4")]))
    assert problem(tmp_path, (tmp_path / "table.npy").read_bytes()) == "a plain array, expected a pickled dict"


def test_a_file_that_is_not_there_or_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"train\.npy: no such file$"):
        read_pickled_npy(tmp_path / "train.npy")
    (tmp_path / "folder.npy").mkdir()
    with pytest.raises(DataError, match=r"folder\.npy: Is a directory$"):
        read_pickled_npy(tmp_path / "folder.npy")


# What a file may cost


def test_labels_that_are_numpy_numbers_are_read_as_they_were(tmp_path: Path) -> None:
    labels = [np.int64(1), np.int8(1), np.float32(1), np.int64(0), np.bool_(True), np.int64(1)]
    path = tmp_path / "train.npy"
    np.save(path, np.array({"a": labels}, dtype=object), allow_pickle=True)
    assert same(read_pickled_npy(path), {"a": labels})


@posix
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "train.npy")
    with pytest.raises(DataError, match=r"train\.npy: a pipe or a device, expected a file$"):
        read_pickled_npy(tmp_path / "train.npy")


def test_a_file_larger_than_the_memory_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "train.npy").open("wb") as file:
        file.truncate(2**43)  # without taking room on the disk
    with pytest.raises(DataError, match=r"8,796,093,022,208 bytes are more than fits into memory$"):
        read_pickled_npy(tmp_path / "train.npy")
