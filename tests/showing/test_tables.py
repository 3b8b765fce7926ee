"""Tables on terminals of any width."""

import re

from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from harness.showing.tables import fitted_table

HEADER = ("behavior", "F1", "honest F1", "pipeline", "trial")
NUMBER = re.compile(r"\d[\d.,:]*")


def lines_of(rows: list[list[str]], width: int) -> list[str]:
    console = Console(width=width, color_system=None)
    with console.capture() as captured:
        console.print(fitted_table(HEADER, rows, width, right=("F1", "trial")))
    return captured.get().splitlines()


names = st.from_regex(r"[a-z]{1,12}( [a-z0-9]{1,9}){0,2}", fullmatch=True)
scores = st.floats(0, 1).map(lambda value: f"{value:.3f}")
ranges = st.tuples(scores, scores, scores).map(lambda three: f"{three[0]} ({three[1]}-{three[2]})")
pipelines = st.lists(
    st.sampled_from(["lightgbm", "social geometry", "≥0.1234", "median(seconds=0.25)", "gap≤1.5s", "1,234,567"]),
    max_size=5,
).map(", ".join)
counts = st.integers(0, 10**7).map(lambda value: f"{value:,}")
rows = st.lists(st.tuples(names, scores, ranges, pipelines, counts).map(list), min_size=1, max_size=4)


@given(rows=rows, width=st.integers(16, 140))
@example(rows=[["a", "0.000", "0.000 (0.000-0.000)", "1,234,567", "0"]], width=28)
def test_no_number_is_cut_and_no_line_is_too_long(rows: list[list[str]], width: int) -> None:
    lines = lines_of(rows, width)
    assert max(map(cell_len, lines)) <= width
    whole = {number for row in rows for cell in row for number in NUMBER.findall(cell)}
    table = lines[3 : next((n for n, line in enumerate(lines) if "not shown" in line), None)]
    assert {number for line in table for number in NUMBER.findall(line)} <= whole


@given(rows=rows)
def test_with_room_for_it_nothing_is_left_out(rows: list[list[str]]) -> None:
    text = " ".join(" ".join(lines_of(rows, 300)).split())
    for row in rows:
        assert " ".join(" ".join(row).split()) in text


def test_what_is_left_out_is_said() -> None:
    lines = lines_of([["sniff", "0.123", "0.123 (0.10-0.20)", "lightgbm", "123,456"]], 24)
    assert "trial" not in lines[1]
    assert "not shown, for want of columns:" in " ".join(" ".join(lines).split())
