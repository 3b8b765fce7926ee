"""What can be searched here, and the folder that computed features are kept in."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.api.datasets import load
from harness.api.places import cache_of, loaded
from harness.columns.cache import BlockCache
from harness.dataset import Dataset
from harness.labelling.writing import load_writers, refusal
from harness.plugins.contract import Plugin, SequenceFamily
from harness.plugins.registry import FEATURES, MODELS, SMOOTHERS
from harness.plugins.spaces import SPACES, Ranges, load_spaces
from harness.plugins.writers import LABEL_WRITERS
from harness.words import named


def available(
    *,
    data: Dataset | Path | str | None = None,
    spaces: Path | str | None = None,
    plugins: Sequence[Path | str] = (),
) -> list[dict[str, Any]]:
    """All feature sets, model families and smoothers, with what can be tuned and in which range, and the formats that
    labels are written in.

    Args:
        data: Recordings to say of each feature set why it cannot be computed on them; by default that is not asked.
        spaces: A folder of ranges in place of `search_spaces/`.
        plugins: Python files with plugins of your own.

    Returns:
        Dicts with `kind`, `name`, `summary`, `parameters` (by name: `default` and `range`), `refused` (why, or None).

    Raises:
        HarnessError: A plugin, a range or the data cannot be used.
    """
    loaded(plugins)
    known = load_spaces(SPACES if spaces is None else named(spaces))
    refusals: dict[str, str | None] = {}
    if data is not None:
        dataset = data if isinstance(data, Dataset) else load(data)
        refusals = {name: one.refusal(*dataset.every_labelled) for name, one in FEATURES.items()}
    lacking = {name: one.refusal for name, one in MODELS.items() if isinstance(one, SequenceFamily)}
    kinds: list[tuple[str, Mapping[str, Plugin], Mapping[str, Ranges]]] = [
        ("features", FEATURES, known.features),
        ("model", MODELS, known.models),
        ("smoother", SMOOTHERS, known.smoothers),
    ]
    refused = {"features": refusals, "model": lacking}
    load_writers()
    formats: list[dict[str, Any]] = [
        {"kind": "format", "name": name, "summary": one.summary, "parameters": {}, "refused": refusal(one)}
        for name, one in sorted(LABEL_WRITERS.items())
    ]
    return [
        _described(kind, plugins_of_kind[name], ranges[name], refused.get(kind, {}).get(name))
        for kind, plugins_of_kind, ranges in kinds
        for name in sorted(plugins_of_kind)
    ] + formats


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


def cache(folder: Path | str | None = None, limit: int | None = None) -> BlockCache:
    """The folder of computed features: its `contents()` can be listed, and `clear()` empties it.

    Args:
        folder: By default `HARNESS_CACHE`, or one under the user's cache.
        limit: Bytes that it may hold, 0 to use none; by default 10 GB.
    """
    return cache_of(None if folder is None else named(folder), limit)
