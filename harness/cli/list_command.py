"""`harness list`."""

import argparse
from collections.abc import Mapping
from typing import Any

from harness.cli.arguments import data_folder
from harness.cli.console import show_csv, show_json, show_markdown, show_table
from harness.registry import FEATURES, MODELS, SMOOTHERS, Plugin, load_plugins
from harness.spaces import SPACES, Ranges, load_spaces

HEADER = ("kind", "name", "parameters", "note")


def run(arguments: argparse.Namespace) -> int:
    load_plugins(arguments.plugin)
    spaces = load_spaces(arguments.spaces or SPACES)
    refusals = _refusals(arguments)
    kinds: list[tuple[str, Mapping[str, Plugin], Mapping[str, Ranges]]] = [
        ("features", FEATURES, spaces.features),
        ("model", MODELS, spaces.models),
        ("smoother", SMOOTHERS, spaces.smoothers),
    ]
    rows = [
        _described(kind, plugins[name], ranges[name], refusals.get(name) if kind == "features" else None)
        for kind, plugins, ranges in kinds
        for name in sorted(plugins)
    ]
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


def _refusals(arguments: argparse.Namespace) -> dict[str, str]:
    """Feature sets that cannot be computed on the data asked about, and why."""
    data = data_folder(arguments.data)
    if data is None:
        return {}
    from harness.data.challenge import load_dataset

    example = load_dataset(data).any_recording
    reasons = {name: one.refusal(example) for name, one in FEATURES.items()}
    return {name: reason for name, reason in reasons.items() if reason is not None}


def _described(kind: str, plugin: Plugin, ranges: Ranges, refusal: str | None) -> dict[str, Any]:
    return {
        "kind": kind,
        "name": plugin.name,
        "summary": plugin.summary,
        "parameters": {
            name: {"default": default, "range": str(ranges[name])} for name, default in plugin.defaults.items()
        },
        "refused": refusal,
    }


def _parameters(row: Mapping[str, Any]) -> str:
    return "\n".join(f"{name} = {one['default']} [{one['range']}]" for name, one in row["parameters"].items())


def _note(row: Mapping[str, Any]) -> str:
    return f"REFUSED: {row['refused']}" if row["refused"] else str(row["summary"])
