"""Names of files that hold on every disk."""

import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.files.names import LONGEST, RESERVED, file_name

# Letters that make trouble come often: those of reserved names, of escapes, and both cases.
troublesome = st.text(st.sampled_from("conCONulNULaAxX09%.-_~ ²ß/:\\"), max_size=8)
long = st.builds(lambda text, times: text * times, st.text(min_size=1, max_size=8), st.integers(1, 60))
names = st.text(st.characters(), max_size=20) | troublesome | long


@given(names, names)
@example("Near", "near")
@example("a%4E", "aN")
@example("straße", "strasse")
@example("nul", "%6Eul")
@example("x", "x.")
@example("", "%")
@example("a" * 200, "a" * 201)
@example("é" * 100, "É" * 100)
def test_two_names_are_two_files_where_case_is_folded_too(one: str, other: str) -> None:
    same = file_name(one).casefold() == file_name(other).casefold()
    assert same == (one == other)


@given(names)
@example("CON")
@example("nul.txt")
@example("com1.a.b")
@example("..")
@example("x.")
@example("y ")
@example("a:b")
@example("\ud800")
def test_every_name_holds_on_every_disk(name: str) -> None:
    safe = file_name(name)
    assert 0 < len(safe) <= LONGEST
    assert safe.isascii()
    assert not re.search(r'[<>:"/\\|?*\x00-\x1f\x7f]', safe)
    assert safe[0] != "."
    assert safe[-1] not in ". "
    assert safe.split(".")[0].casefold() not in RESERVED
    assert unicodedata.normalize("NFD", safe) == safe


@given(st.from_regex(r"[a-z0-9_-]{1,150}", fullmatch=True).filter(lambda name: name not in RESERVED))
@example("behavior-0")
def test_ordinary_names_stay_as_they_are(name: str) -> None:
    assert file_name(name) == name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Near", "%4Eear"),
        ("con", "%63on"),
        ("nul.txt", "%6Eul.txt"),
        ("a:b", "a%3Ab"),
        ("sniff/mount", "sniff%2Fmount"),
        ("x.", "x%2E"),
        ("y ", "y%20"),
        ("v1.5", "v1.5"),
        ("né", "n%C3%A9"),
    ],
)
def test_what_is_no_ordinary_letter_is_written_in_hexadecimal_digits(name: str, safe: str, tmp_path: Path) -> None:
    assert file_name(name) == safe
    (tmp_path / safe).mkdir()
