"""`harness summary`."""

import argparse
from typing import Any

import harness
from harness.cli.console import show_csv, show_json, show_markdown, show_notes, show_table
from harness.showing.console import say

HEADER = (
    "behavior",
    "recording",
    "who",
    "bin",
    "bouts",
    "total, s",
    "may be, s",
    "share",
    "latency, s",
    "mean bout, s",
)

RIGHT = HEADER[3:]

SPARE = {"latency, s": 0, "mean bout, s": 0, "may be, s": 0}
"""Columns that are left out where the terminal is narrow, the first one first."""


def run(arguments: argparse.Namespace) -> int:
    found = harness.summary(arguments.labels, bins=arguments.bins)
    if arguments.out is not None:
        say(f"wrote {found.draw(arguments.out) if arguments.out.suffix == '.html' else found.save(arguments.out)}")
        return 0
    rows = found.rows()
    if arguments.format == "json":
        show_json(rows)
    elif arguments.format == "csv":
        show_csv(rows)
    else:
        rows.sort(key=lambda row: row["behavior"])
        cells = [_cells(row) for row in rows]
        if arguments.format == "markdown":
            show_markdown(HEADER, cells)
        else:
            last = [n for n, row in enumerate(cells) if n + 1 == len(cells) or cells[n + 1][0] != row[0]]
            show_table(HEADER, cells, right=RIGHT, sections=last, spare=SPARE)
            show_notes(_notes(rows))
    return 0


def _cells(row: dict[str, Any]) -> list[str]:
    low, high = row.get("total_low_s"), row.get("total_high_s")
    star = "*" if row.get("trust") else ""
    who = f"{row['agent']} to {row['target']}" if row["target"] else row["agent"]
    return [
        *(row["behavior"], row["recording"], who, row["bin"], f"{row['bouts']:,}", f"{row['total_s']:,.1f}{star}"),
        "" if low is None else f"{low:,.1f} to {high:,.1f}",
        *(_number(row["share"], 3), _number(row["latency_s"], 1), _number(row["mean_bout_s"], 2)),
    ]


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def _notes(rows: list[dict[str, Any]]) -> list[str]:
    doubtful = {row["behavior"]: row["f1"] for row in rows if row.get("trust")}
    lines = ["may be: what the total truly is in four of five cases, by what detectors did on held-out recordings."]
    lines += [f"*: not to be trusted, as the detector of {name} has F1 {f1:.3f}" for name, f1 in doubtful.items()]
    return lines if any(row.get("total_low_s") is not None for row in rows) else []
