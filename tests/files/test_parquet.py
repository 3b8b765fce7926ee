"""Parquet files."""

from itertools import product
from pathlib import Path
from typing import Any

import cramjam
import fastparquet
import numpy as np
import pandas as pd
import pytest

from harness.files.parquet import Parquet

ROWS = 3000


def table(*, gaps: bool) -> pd.DataFrame:
    chance = np.random.default_rng(7)
    words = np.array(["nose", "tail_base", "x" * 300, "\u00e9"], dtype=object)
    found = pd.DataFrame(
        {
            "frame": np.repeat(np.arange(ROWS // 10, dtype=np.int32), 10),
            "mouse": chance.integers(1, 5, ROWS).astype(np.int8),
            "large": chance.integers(-(2**60), 2**60, ROWS),
            "x": chance.normal(size=ROWS).astype(np.float32),
            "y": chance.normal(size=ROWS),
            "seen": chance.random(ROWS) < 0.5,
            "part": words[chance.integers(0, 4, ROWS)],
        }
    )
    if gaps:
        found["y"] = found["y"].where(chance.random(ROWS) < 0.7)
        found["mouse"] = found["mouse"].astype("Int64").where(chance.random(ROWS) < 0.7)
        found["part"] = found["part"].astype(object).where(chance.random(ROWS) < 0.7, None)
    return found


def opened(path: Path) -> Parquet:
    return Parquet(path, path.stat().st_size, cramjam)


def check(path: Path, wanted: pd.DataFrame) -> None:
    found = opened(path)
    assert found.rows == ROWS
    assert set(found.columns) >= set(wanted.columns)
    for name in wanted.columns.drop("part"):
        numbers = wanted[name].to_numpy(dtype=float, na_value=np.nan)
        np.testing.assert_array_equal(found.numbers(name).astype(float), numbers)
    words, places = found.words("part")
    assert [words[place] if place >= 0 else None for place in places] == [
        word if isinstance(word, str) else None for word in wanted["part"]
    ]


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("compression", ["SNAPPY", "GZIP", "ZSTD", "BROTLI", "LZ4_RAW", None])
def test_what_fastparquet_writes_is_read(compression: str | None, gaps: bool, tmp_path: Path) -> None:
    wanted = table(gaps=gaps)
    path = tmp_path / "a.parquet"
    fastparquet.write(str(path), wanted, compression=compression, row_group_offsets=700)
    check(path, wanted)
    fastparquet.write(str(path), wanted.assign(part=wanted["part"].astype("category")), compression=compression)
    check(path, wanted)


@pytest.mark.parametrize("gaps", [False, True])
def test_what_arrow_writes_is_read(gaps: bool, tmp_path: Path) -> None:
    arrow: Any = pytest.importorskip("pyarrow", reason="Arrow writes files to compare with")
    parquet: Any = pytest.importorskip("pyarrow.parquet", reason="as above")
    wanted = table(gaps=gaps)
    for packed, version, dictionary in product(("snappy", "zstd", "lz4"), ("1.0", "2.0"), (True, False)):
        options = {"compression": packed, "data_page_version": version, "use_dictionary": dictionary}
        parquet.write_table(arrow.Table.from_pandas(wanted), tmp_path / "a.parquet", row_group_size=1100, **options)
        check(tmp_path / "a.parquet", wanted)


def test_a_way_of_writing_that_is_not_read_is_named(tmp_path: Path) -> None:
    arrow: Any = pytest.importorskip("pyarrow", reason="Arrow writes such files")
    parquet: Any = pytest.importorskip("pyarrow.parquet", reason="as above")
    encoded = {"column_encoding": {"frame": "DELTA_BINARY_PACKED"}, "use_dictionary": False}
    parquet.write_table(arrow.table({"frame": [1, 2, 3]}), tmp_path / "a.parquet", **encoded)
    with pytest.raises(ValueError, match="column frame is written as DELTA_BINARY_PACKED, which is not read"):
        opened(tmp_path / "a.parquet").numbers("frame")


def test_a_column_that_is_not_there_or_of_another_kind_is_told(tmp_path: Path) -> None:
    fastparquet.write(str(tmp_path / "a.parquet"), table(gaps=False)[["x", "part"]])
    found = opened(tmp_path / "a.parquet")
    with pytest.raises(ValueError, match="has no column z; it has x, part"):
        found.numbers("z")
    with pytest.raises(ValueError, match="column part holds words, expected numbers"):
        found.numbers("part")
    with pytest.raises(ValueError, match="column x holds numbers, expected words"):
        found.words("x")


def test_a_file_is_damaged_wherever_it_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    fastparquet.write(str(path), table(gaps=True))
    content = path.read_bytes()
    for end in range(0, len(content), 997):
        path.write_bytes(content[:end])
        with pytest.raises(ValueError, match="damaged or cut short"):
            opened(path)


def test_a_small_file_that_claims_many_rows_takes_no_memory(tmp_path: Path) -> None:
    """A table of one column of doubles and 2^40 rows, in no groups: fields by number, kind and zigzag value."""
    root = b"\x48\x01s" + b"\x15\x02" + b"\0"  # its name, and one column
    column = b"\x15\x0a" + b"\x25\x00" + b"\x18\x01x" + b"\0"  # double, required, its name
    rows = b"\x16" + b"\x80\x80\x80\x80\x80\x40"
    footer = b"\x15\x02" + b"\x19\x2c" + root + column + rows + b"\x19\x0c" + b"\0"
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1")
    with pytest.raises(ValueError, match=r"claims 1,099,511,627,776 rows, which \d+ bytes do not hold"):
        opened(path)
