"""`harness learning-curve`."""

import argparse
import importlib
from collections.abc import Sequence
from pathlib import Path

from harness.cli.arguments import engine_for, last_run_folder, named_server, usable_cache
from harness.cli.console import counted, pipeline_name, say, show_csv, show_json, show_markdown, show_notes, show_table
from harness.cli.outputs import make_room, unwritable
from harness.cli.searched import plugins_of, refuse_missing_plugins, searched_data, searched_folder
from harness.decisions import candidates_of
from harness.errors import HarnessError, NothingToRankError, unknown
from harness.folds import make_folds
from harness.leaderboard import best_records
from harness.learning_curve import Curve, learning_curves, left_out_sets, sizes, write_plot
from harness.registry import PluginFile, load_plugins
from harness.search import pool_of, reach_seconds
from harness.spaces import Spaces
from harness.store import Run

HEADER = ("behavior", "recordings", "F1", "90% interval", "sets", "")
SPARE = {"": 0, "sets": 0}
"""Columns that are left out where the terminal is narrow, the first one first."""

BAR = 20
"""Columns of a bar from F1 0 to 1."""


def run(arguments: argparse.Namespace) -> int:
    run = Run(last_run_folder(arguments.results), named_server(arguments.storage))
    description = run.description
    identity, about = description["identity"], description["about"]
    for name in arguments.behavior:
        if name not in about["behaviors"]:
            raise unknown("behavior", name, about["behaviors"])
    best = best_records(run.records())
    leaders = {name: one for name, one in best.items() if not arguments.behavior or name in arguments.behavior}
    if not leaders:
        raise NothingToRankError(f"{run.folder}: no trial has a score; it was made by `{about['command']}`")
    if arguments.out:
        _refuse_plot(arguments.out)
    plugins, engine = [PluginFile.read(file) for file in arguments.plugin], engine_for(arguments)
    load_plugins(plugins)
    refuse_missing_plugins(run, plugins_of(leaders.values()))
    dataset = searched_data(run, searched_folder(run, arguments.data))
    spaces = Spaces.from_json(identity["ranges"])
    searched = sorted({name for names in identity["arms"].values() for name in names})
    # A baseline alone looks nowhere.
    reach = reach_seconds(searched, spaces) if searched else 0.0
    folds = {name: make_folds(dataset.labelled[name], reach) for name in leaders}
    units = [len(one.units) for one in folds.values()]
    models = sum(len(left_out_sets(n, size, identity["seed"])) for n in units for size in sizes(n))
    say(f"fitting {counted(models, 'model')} of {counted(len(leaders), 'behavior')}, {engine.where}")
    curves = learning_curves(
        leaders,
        folds,
        candidates=candidates_of(spaces),
        seed=identity["seed"],
        pool=pool_of(dataset),
        cache=usable_cache(arguments.cache, arguments.cache_limit),
        engine=engine,
        plugins=plugins,
    )
    if arguments.format == "json":
        show_json([curve.as_json() for curve in curves])
    elif arguments.format == "csv":
        show_csv([{"behavior": curve.behavior} | point for curve in curves for point in curve.as_json()["points"]])
    else:
        _show(curves, arguments.format)
    if arguments.out:
        try:
            write_plot(curves, arguments.out)
        except OSError as error:
            raise unwritable(arguments.out, error) from error
        say(f"wrote {arguments.out}")
    return 0


def _refuse_plot(out: Path) -> None:
    """Find out whether the plot can be made before the fitting, not after it."""
    make_room(out, ".html")
    try:
        importlib.import_module("plotly")
    except ImportError as error:
        raise HarnessError("--out needs plotly; `pip install 'behavior-harness[report]'` brings it") from error


def _show(curves: Sequence[Curve], how: str) -> None:
    cells = [line for curve in curves for line in _cells(curve, how)]
    last = [n for n, line in enumerate(cells) if n + 1 == len(cells) or cells[n + 1][0] != line[0]]
    if how == "markdown":
        show_markdown(HEADER[:-1], [line[:-1] for line in cells])
        print("\n".join(["", *_notes(curves)]))
        return
    show_table(HEADER, cells, right=("recordings", "F1", "sets"), sections=last, spare=SPARE)
    show_notes(_notes(curves))


def _cells(curve: Curve, how: str) -> list[list[str]]:
    star = "*" if curve.record.folds == "blocked" else ""
    return [
        [
            curve.behavior,
            f"{point.recordings}{star}",
            f"{point.f1:.3f}",
            "{:.3f} to {:.3f}".format(*point.interval),
            str(len(point.sets)),
            ("█" * round(BAR * point.f1)).ljust(BAR, "░"),
        ]
        for point in curve.points
    ]


def _notes(curves: Sequence[Curve]) -> list[str]:
    """The answers, and what the numbers are."""
    lines = [f"{curve.behavior} ({pipeline_name(curve.record)}): {curve.answer}" for curve in curves]
    lines += [
        "",
        "recordings: so many are trained on. sets: so many choices of them were fitted.",
        "F1: on the recordings left out, each cut as is best on the others.",
        "90% interval: bootstrap over recordings, of which three or four make it too narrow.",
        "The pipeline was chosen for its F1 with all recordings but one, so the last step is a little too high.",
    ]
    if any(curve.record.folds == "blocked" for curve in curves):
        lines.append(
            "*: blocks of the one recording that shows it: optimistic, and nothing is said of other recordings."
        )
    return lines
