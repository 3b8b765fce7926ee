"""Broken files: each is read, or refused in lines that can be shown, whatever was changed in it."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.formats import FORMATS
from tests.fuzz.readers import READERS, Reader, attempt, spoil_bytes

FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
FEWER = settings(FEW, max_examples=8)

every_reader = pytest.mark.parametrize("name", READERS)
every_format = pytest.mark.parametrize("name", FORMATS)


@pytest.fixture
def folder(tmp_path: Path, name: str) -> Path:
    (READERS | FORMATS)[name].prepare(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def escapes_in_damaged_text() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "invalid escape sequence", DeprecationWarning)
        yield


def spoilt(reader: Reader, chance: Random) -> bytes:
    content = chance.choice(reader.seeds)
    spoil = chance.choice((reader.spoil, spoil_bytes)) or spoil_bytes
    return spoil(content, chance)


@every_reader
def test_a_right_file_is_accepted_and_a_hostile_one_refused(name: str, folder: Path) -> None:
    reader = READERS[name]
    expected = "refused" if name == "any pickle" else "accepted"
    assert {attempt(reader, folder, content) for content in reader.seeds} == {expected}


@every_reader
@FEW
@given(seed=st.integers(0, 2**32))
def test_a_spoilt_file_is_accepted_or_refused(name: str, folder: Path, seed: int) -> None:
    attempt(READERS[name], folder, spoilt(READERS[name], Random(seed)))


@every_reader
@FEW
@given(content=st.binary(max_size=200))
def test_a_file_of_any_bytes_is_accepted_or_refused(name: str, folder: Path, content: bytes) -> None:
    attempt(READERS[name], folder, content)


@every_reader
def test_a_file_that_ends_at_any_twentieth_of_its_length_is_accepted_or_refused(name: str, folder: Path) -> None:
    reader = READERS[name]
    for content in reader.seeds[:2]:
        for part in range(20):
            attempt(reader, folder, content[: len(content) * part // 20])


@every_format
@FEWER
@given(seed=st.integers(0, 2**32))
def test_a_spoilt_file_of_another_program_is_accepted_or_refused(name: str, folder: Path, seed: int) -> None:
    attempt(FORMATS[name], folder, spoilt(FORMATS[name], Random(seed)))
