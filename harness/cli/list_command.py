"""`harness list`."""

import argparse
from collections.abc import Mapping
from typing import Any

import harness
from harness.cli.arguments import data_folder
from harness.cli.console import show_csv, show_json, show_markdown, show_table
from harness.showing.steps import reading

HEADER = ("kind", "name", "parameters", "note")


def run(arguments: argparse.Namespace) -> int:
    data = data_folder(arguments.data)
    with reading(shown=data is not None):
        rows = harness.available(data=data, spaces=arguments.spaces, plugins=arguments.plugin)
    if arguments.format == "json":
        show_json(rows)
    elif arguments.format == "csv":
        show_csv(rows)
    else:
        cells = [[row["kind"], row["name"], _parameters(row), _note(row)] for row in rows]
        last = [n for n, row in enumerate(rows) if n + 1 == len(rows) or rows[n + 1]["kind"] != row["kind"]]
        if arguments.format == "markdown":
            show_markdown(HEADER, cells)
        else:
            show_table(HEADER, cells, sections=last)
    return 0


def _parameters(row: Mapping[str, Any]) -> str:
    return "\n".join(f"{name} = {one['default']} [{one['range']}]" for name, one in row["parameters"].items())


def _note(row: Mapping[str, Any]) -> str:
    return f"REFUSED: {row['refused']}" if row["refused"] else str(row["summary"])
