"""Tables with more wrong in them than anybody would read."""

from pathlib import Path

import pytest

from harness.data.layouts import load_dataset
from harness.errors import DataError
from tests.folders import HEAD, REGISTER, write_folder


def lines_about(folder: Path) -> tuple[str, ...]:
    with pytest.raises(DataError) as raised:
        load_dataset(folder)
    return raised.value.lines


@pytest.mark.parametrize(("rows", "more"), [(21, "1"), (999, "979"), (1000, "at least 980"), (3000, "at least 980")])
def test_the_first_twenty_problems_are_told_and_how_many_more_there_are(rows: int, more: str, tmp_path: Path) -> None:
    write_folder(tmp_path / "data")
    path = tmp_path / "data" / "labels" / "day1.csv"
    path.write_text(HEAD + "groom,black\n" * rows)
    *told, last = lines_about(tmp_path / "data")
    assert told == [f"{path}: line {line}: has 2 cells, expected 5 as in the first line" for line in range(2, 22)]
    assert last == f"{path}: and {more} more problems"


def test_overlapping_bouts_are_told_in_the_same_way(tmp_path: Path) -> None:
    write_folder(tmp_path / "data")
    path = tmp_path / "data" / "labels" / "day1.csv"
    path.write_text(HEAD + "groom,black,,0,9\n" * 3000)
    *told, last = lines_about(tmp_path / "data")
    assert len(told) == 20
    assert last == f"{path}: and at least 980 more problems"


def test_a_table_has_a_thousand_columns_at_most(tmp_path: Path) -> None:
    write_folder(tmp_path / "data")
    path = tmp_path / "data" / "recordings.csv"
    header, *rows = REGISTER.splitlines()

    def write(columns: int) -> None:
        more = [f"q{number}" for number in range(columns - 4)]
        path.write_text("\n".join([",".join([header, *more]), *(row + "," * len(more) for row in rows)]) + "\n")

    write(1000)
    assert len(load_dataset(tmp_path / "data").labelled["groom"]) == 4
    write(1001)
    assert lines_about(tmp_path / "data") == (f"{path}: line 1: has 1,001 columns, expected at most 1,000",)
