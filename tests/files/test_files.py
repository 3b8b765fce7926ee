import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from harness.files.bounded import LONGEST_TEXT, MOST_PARTS, read_bytes, read_numbers, read_text, read_toml

numbers = arrays.boolean_dtypes() | arrays.integer_dtypes() | arrays.floating_dtypes()


def written(folder: Path, content: bytes) -> Path:
    (folder / "file").write_bytes(content)
    return folder / "file"


@settings(max_examples=50, deadline=None)
@given(arrays.arrays(numbers, arrays.array_shapes(min_dims=0, min_side=0, max_dims=3)), st.booleans())
def test_numbers_are_read_as_numpy_reads_them(
    tmp_path_factory: pytest.TempPathFactory, values: Any, fortran: bool
) -> None:
    file = io.BytesIO()
    np.save(file, np.asfortranarray(values) if fortran else values, allow_pickle=False)
    path = written(tmp_path_factory.getbasetemp(), file.getvalue())
    read = read_numbers(path)
    expected = np.load(path, allow_pickle=False)
    assert read.dtype == expected.dtype
    assert read.shape == expected.shape
    assert read.tobytes() == expected.tobytes()


@pytest.mark.parametrize("end", [0, 5, 9, 11, 40, 127, 128, 130, 135])
def test_numbers_that_are_cut_short_are_refused(end: int, tmp_path: Path) -> None:
    np.save(tmp_path / "whole.npy", np.zeros(2, np.float32))
    content = (tmp_path / "whole.npy").read_bytes()
    assert len(content) == 136
    with pytest.raises(
        ValueError, match=r"^(No data left in file|not an \.npy file of numbers|. bytes for an array of)"
    ):
        read_numbers(written(tmp_path, content[:end]))


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    assert read_bytes(written(tmp_path, b"x" * 10), 10) == b"x" * 10
    with pytest.raises(OSError, match="11 bytes, expected at most 10"):
        read_bytes(written(tmp_path, b"x" * 11), 10)
    with pytest.raises(OSError, match=f"expected at most {LONGEST_TEXT:,}"):
        read_text(written(tmp_path, b"x" * (LONGEST_TEXT + 1)))


def test_toml_is_read_with_the_mark_and_the_line_ends_of_windows(tmp_path: Path) -> None:
    assert read_toml(written(tmp_path, b"\xef\xbb\xbffps = 30\r\n[roles]\r\nnose = 'a'\r\n")) == {
        "fps": 30,
        "roles": {"nose": "a"},
    }


def test_toml_is_read_as_deep_and_as_long_as_people_write_it(tmp_path: Path) -> None:
    key = ".".join("a" * (MOST_PARTS - 1))
    assert str(read_toml(written(tmp_path, f"{key} = {list(range(5000))}".encode()))).count("{") == MOST_PARTS - 1
    text = "x = '" + "a.b.c+" * 1000 + "' # " + "." * 1000 + "\ny = [" + "0.25, " * 1000 + "]"
    assert len(read_toml(written(tmp_path, text.encode()))["y"]) == 1000


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a." * MOST_PARTS + "a = 1", "a key of more than 20 parts"),
        ("'a' . \"b\"." * MOST_PARTS + "a = 1", "a key of more than 20 parts"),
        ("a = " + "[" * 10_000 + "]" * 10_000, "nested more than 20 deep"),
        ("a = " + "[" * 21 + "]" * 21, "a: nested more than 20 deep"),
        ("[a.a.a.a.a.a.a.a.a.a.a]\n" + "b." * 15 + "b = 1", "a: nested more than 20 deep"),
        ("a = 9223372036854775808", "a: a whole number of 64 bits"),
        ("a = {b = [1979-05-27]}", "a: a date or a time, expected a number, text, true or false"),
        ("a = " + "1" * 5000, "Exceeds the limit"),
        ("a = '", "Expected"),
    ],
)
def test_toml_that_nobody_writes_is_refused(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=says):
        read_toml(written(tmp_path, text.encode()))
