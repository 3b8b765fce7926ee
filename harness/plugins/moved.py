"""Where modules stand that plugins may still import from an old place, so that a failed import can say it."""

import ast
import os
import traceback
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import FunctionType, ModuleType

FOR_PLUGINS = ("harness.plugins", "harness.columns", "harness.recording")
"""What is in one of these is to be imported from there, and from no module behind it."""

MOVED = {
    "harness.arms": "harness.searching.arms",
    "harness.arrays": "harness.files.arrays",
    "harness.atomic": "harness.files.atomic",
    "harness.cache": "harness.columns.cache",
    "harness.cli.next_steps": "harness.choosing.next_steps",
    "harness.cli.outputs": "harness.files.outputs",
    "harness.cli.progress": "harness.showing.progress",
    "harness.cli.searched": "harness.api.run",
    "harness.comparison": "harness.choosing.comparison",
    "harness.dask_engine": "harness.engines.dask",
    "harness.data.demo": "harness.demo.dataset",
    "harness.data.demo_motion": "harness.demo.motion",
    "harness.data.demo_pose": "harness.demo.pose",
    "harness.data.demo_scenes": "harness.demo.scenes",
    "harness.decisions": "harness.fitting.decisions",
    "harness.detectors": "harness.labelling.detectors",
    "harness.elsewhere": "harness.choosing.elsewhere",
    "harness.engines": "harness.engines.interface",
    "harness.ensembles": "harness.choosing.ensembles",
    "harness.evaluation": "harness.fitting.evaluation",
    "harness.export": "harness.labelling.export",
    "harness.files": "harness.files.bounded",
    "harness.folds": "harness.fitting.folds",
    "harness.hold": "harness.files.hold",
    "harness.honest": "harness.scores.honest",
    "harness.identities": "harness.columns.identities",
    "harness.labelling": "harness.labelling.labeller",
    "harness.leaderboard": "harness.choosing.leaderboard",
    "harness.learning_curve": "harness.choosing.learning_curve",
    "harness.metrics": "harness.scores.metrics",
    "harness.pickles": "harness.data.pickles",
    "harness.pipeline": "harness.fitting.pipeline",
    "harness.pose_windows": "harness.columns.pose_windows",
    "harness.poses": "harness.columns.poses",
    "harness.records": "harness.runs.records",
    "harness.registry": "harness.plugins.registry",
    "harness.report": "harness.reporting",
    "harness.report.clips": "harness.reporting.clips",
    "harness.report.curves": "harness.reporting.curves",
    "harness.report.detections": "harness.reporting.detections",
    "harness.report.ethogram": "harness.reporting.ethogram",
    "harness.report.page": "harness.reporting.page",
    "harness.report.provenance": "harness.reporting.provenance",
    "harness.report.searching": "harness.reporting.searching",
    "harness.report.summary": "harness.reporting.summary",
    "harness.report.why": "harness.reporting.why",
    "harness.resampling": "harness.scores.resampling",
    "harness.screening": "harness.columns.screening",
    "harness.search": "harness.searching.trials",
    "harness.selection": "harness.choosing.selection",
    "harness.spaces": "harness.plugins.spaces",
    "harness.storage": "harness.runs.storage",
    "harness.store": "harness.runs.store",
    "harness.submission": "harness.data.submission",
    "harness.versions": "harness.runs.versions",
    "harness.windows": "harness.columns.windows",
    "harness.workers": "harness.engines.local",
}
"""By its old name each module that was moved: where it stands."""

Asked = tuple[str, frozenset[str]]
"""A module, and what is taken of it."""


def where_now(error: BaseException, sources: Mapping[str, bytes]) -> str | None:
    """What to say where `error` was raised for an old name: all that its file takes from old places, and the new ones.

    None where the name never was. `sources` are the contents of files that may have been edited since they were run.
    """
    tree, line = _raised_in(error, sources)
    failed = [asked for asked in _failed(error, tree, line) if _moved(*asked)]
    if not failed and isinstance(error, ModuleNotFoundError) and error.name in MOVED:
        return f"{error.name} is now {MOVED[error.name]}; change the import"
    if not failed:
        return None
    taken: dict[str, frozenset[str]] = {}
    for module, names in [*_taken(tree), *failed]:
        taken[module] = taken.get(module, frozenset()) | names
    moves = [move for asked in taken.items() if (move := _moved(*asked))]
    return f"{', '.join(moves)}; change the import{'s' if len(moves) > 1 else ''}"


def _raised_in(error: BaseException, sources: Mapping[str, bytes]) -> tuple[ast.Module, int]:
    """The code of the file outside the package where it was raised, and the line; none where it cannot be read."""
    package = f"{Path(__file__).parents[1]}{os.sep}"
    outside = [
        (frame.f_code.co_filename, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if not frame.f_code.co_filename.startswith((package, "<frozen"))
    ]
    if not outside:
        return ast.Module([], []), 0
    file, line = outside[-1]
    try:
        return ast.parse(sources[file] if file in sources else Path(file).read_bytes()), line
    except (OSError, SyntaxError, ValueError):  # a file that is gone, or is none of Python's
        return ast.Module([], []), 0


def _failed(error: BaseException, tree: ast.Module, line: int) -> Iterator[Asked]:
    """What was asked for in vain."""
    if isinstance(error, ImportError):
        yield from _taken(tree, line)
    elif isinstance(error, AttributeError) and error.name:
        if isinstance(error.obj, ModuleType):
            yield error.obj.__name__, frozenset([error.name])
            yield f"{error.obj.__name__}.{error.name}", frozenset()
        elif isinstance(error.obj, FunctionType) and error.obj.__module__.startswith("harness.api."):
            yield f"harness.{error.obj.__name__}", frozenset([error.name])  # a verb that a module once had the name of


def _taken(tree: ast.Module, line: int | None = None) -> Iterator[Asked]:
    """What is imported, on `line` or anywhere, and what of it is used by its dotted name."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        if line is not None and not node.lineno <= line <= (node.end_lineno or node.lineno):
            continue
        if isinstance(node, ast.Import):
            yield from ((one.name, _used(tree, one.asname or one.name)) for one in node.names)
        elif node.module and not node.level:
            whole = {f"{node.module}.{one.name}": one.asname or one.name for one in node.names}
            modules = [name for name in whole if name in MOVED]
            yield from ((name, _used(tree, whole[name])) for name in modules)
            if len(modules) < len(whole):
                yield node.module, frozenset(name.rpartition(".")[2] for name in whole if name not in modules)


def _used(tree: ast.Module, name: str) -> frozenset[str]:
    attributes = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))
    return frozenset(node.attr for node in attributes if ast.unparse(node.value) == name)


def _moved(module: str, names: Iterable[str]) -> str | None:
    """Where a module went, and which names are to be had from where; None where it did not go."""
    if module not in MOVED:
        return None
    places: dict[str, list[str]] = {}
    for name in sorted(names):
        if place := _place(module, name):
            places.setdefault(place, []).append(name)
    if places:
        found = (f"{place} ({', '.join(held)})" for place, held in places.items())
        return f"{module} is now {' and '.join(found)}"
    return None if _is_something_else(module) else f"{module} is now {MOVED[module]}"


def _place(module: str, name: str) -> str | None:
    """Where to import the name from that the module had; None where it never had it."""
    home = import_module(MOVED[module])
    if not hasattr(home, name):
        return None
    missing = object()
    held = [place for place in FOR_PLUGINS if getattr(import_module(place), name, missing) is getattr(home, name)]
    return [*held, MOVED[module]][0]


def _is_something_else(module: str) -> bool:
    """Whether the old name of a module is that of a room or a verb now, and so no mistake on its own."""
    verbs = import_module("harness").__all__
    return MOVED[module].startswith(f"{module}.") or module.removeprefix("harness.") in verbs
