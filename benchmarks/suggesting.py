"""What labelling by suggestion is worth, against labelling at random: recordings are labelled minute by minute.

    python -m benchmarks.suggesting [--demos S ...] [--data DIR ...] [--seeds N] [--minutes N] [--ways WAY ...]

Of each behavior one minute is known, around a bout that is drawn; then stretches are labelled, a minute at a time, as
they are drawn (`random`), as members disagree (`disagreement`), as their motion is new (`novelty`), or as `suggest`
has it (`suggested`). Demos are of recordings in which every behavior is labelled, 24 to choose from and 16 to judge on;
of other data one recording of each behavior is held back, another one for each seed, and the rest is chosen from.

After each minute three pipelines are fitted on what is known, their mean is cut at the threshold that is best on it,
out of two folds, and judged on the rest. Prints Markdown: F1 and average precision, the mean over behaviors, median
over seeds. `--out` keeps all figures, a line each, for `--read`; `--draw` draws them.
"""

import argparse
import csv
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

import harness
from benchmarks.runs import show_head, show_row
from harness.choosing import suggestions
from harness.choosing.selection import blended
from harness.choosing.suggestions import Stretch, disagreement, spread_out
from harness.columns.cache import BlockCache
from harness.demo.dataset import BEHAVIORS, make_demo
from harness.fitting import pipeline
from harness.fitting.decisions import THRESHOLDS
from harness.fitting.pipeline import FeatureTables, fit_pipeline
from harness.labelling.motion import Known, Motion, moments, motion_columns
from harness.labelling.surveying import stretches_of
from harness.plugins.boosting import Boosted
from harness.plugins.loading import load_plugins
from harness.recording import UNKNOWN, Array, Recording
from harness.spec import Choice, PipelineSpec, Preparation

SHARES = {"random": 0.0, "disagreement": 0.0, "novelty": 1.0, "suggested": suggestions.NOVELTY}
"""By way, how much of the worth of a stretch is novelty; of what is drawn it has no bearing."""

WAYS = tuple(SHARES)

SPECS = (
    PipelineSpec(
        (Choice("pair_vectors"), Choice("social_geometry")),
        Choice("lightgbm", {"leaves": 8, "column_share": 0.3}),
        Preparation(windows="1+5", statistics="mean+std"),
    ),
    PipelineSpec(
        (Choice("kinematics"), Choice("interaction_statistics")),
        Choice("lightgbm", {"leaves": 8, "column_share": 0.3}),
        Preparation(windows="1+5", statistics="mean+std"),
    ),
    PipelineSpec(
        (Choice("kinematics"), Choice("social_geometry")),
        Choice("logistic_regression", {"strength": 0.06}),
        Preparation(windows="1", statistics="mean+std"),
    ),
)

MINUTE = 60.0

POOL, JUDGED = 24, 16
"""Recordings of a demo."""

FOLDS = 2

Looked = dict[str, Array]
"""By recording, which frames are known: bool (frames,)."""


@dataclass
class Task:
    """One behavior: recordings with all their labels."""

    name: str
    behavior: str
    pool: tuple[Recording, ...]
    judged: tuple[Recording, ...]
    tables: FeatureTables
    length: float

    @cached_property
    def motion(self) -> dict[str, Array]:
        columns = {one.id: motion_columns(one) for one in self.pool}
        scale = Motion.of(np.concatenate(list(columns.values())))
        return {name: scale(one) for name, one in columns.items()}

    def first(self, chance: np.random.Generator) -> Looked:
        """A minute around a bout."""
        known = {one.id: np.zeros(one.frames, bool) for one in self.pool}
        showing = [one for one in self.pool if one.positives]
        one = showing[chance.integers(len(showing))]
        at = chance.choice(np.flatnonzero(one.known_labels == 1))
        length = round(MINUTE * one.fps)
        start = int(np.clip(at - chance.integers(length), 0, max(0, one.frames - length)))
        known[one.id][start : start + length] = True
        return known

    def taught(self, known: Looked) -> list[Recording]:
        return [
            replace(one, labels=np.where(known[one.id], one.known_labels, UNKNOWN).astype(np.int8))
            for one in self.pool
            if known[one.id].any()
        ]

    def fit(self, known: Looked, seed: int) -> "Fitted":
        taught = self.taught(known)
        everything = [(one, slice(0, one.frames)) for one in taught]
        models = [fit_pipeline(spec, self.tables, everything, seed) for spec in SPECS]
        truth, said = [], []
        for inside, outside in _folds(taught):
            those = [fit_pipeline(spec, self.tables, inside, seed) for spec in SPECS]
            for one in outside:
                mask = one.known_labels != UNKNOWN
                truth.append(one.known_labels[mask] == 1)
                said.append(_said(those, one)[0][mask])
        return Fitted(models, _threshold(np.concatenate(truth), np.concatenate(said)))


@dataclass
class Fitted:
    models: list[pipeline.FittedPipeline]
    threshold: float


def _said(models: Sequence[pipeline.FittedPipeline], recording: Recording) -> tuple[Array, list[Array]]:
    every = [_probability(one, recording) for one in models]
    return blended(every, [1] * len(every)), every


def _probability(model: pipeline.FittedPipeline, recording: Recording) -> Array:
    """After all rounds."""
    if model.classifier is None or not isinstance(model.classifier, Boosted):
        return list(model.probabilities(recording).values())[-1]
    X = model.tables.design_matrix(recording, model.spec.features, model.spec.preparation)
    X = X if model.columns is None else X[:, model.columns]
    return model.classifier.probability_after(model.classifier.stages[-1], X)


def _folds(taught: Sequence[Recording]) -> Iterator[tuple[list[tuple[Recording, slice]], list[Recording]]]:
    """Recordings in turn where there are several; else parts of what is known of the one."""
    if len(taught) >= FOLDS:
        held = [[place % FOLDS == fold for place in range(len(taught))] for fold in range(FOLDS)]
        order = sorted(taught, key=lambda one: -one.positives)
        for out in held:
            yield (
                [(one, slice(0, one.frames)) for one, its in zip(order, out, strict=True) if not its],
                [one for one, its in zip(order, out, strict=True) if its],
            )
        return
    for fold in range(FOLDS):
        inside: list[tuple[Recording, slice]] = []
        outside: list[Recording] = []
        for one in taught:
            at = np.flatnonzero(one.known_labels != UNKNOWN)
            part = np.zeros(one.frames, bool)
            part[np.array_split(at, FOLDS)[fold]] = True
            inside.append((replace(one, labels=np.where(part, UNKNOWN, one.known_labels)), slice(0, one.frames)))
            outside.append(replace(one, labels=np.where(part, one.known_labels, UNKNOWN)))
        yield inside, outside


def _threshold(truth: Array, said: Array) -> float:
    """The middle of the thresholds that are nearly best, each judged with its neighbors."""
    scores = np.array([_f1(truth, said >= threshold) for threshold in THRESHOLDS])
    steady = np.convolve(np.pad(scores, 6, mode="edge"), np.ones(13) / 13, mode="valid")
    return THRESHOLDS[int(np.argmax(steady))] if truth.any() else 0.5


def _f1(truth: Array, claimed: Array) -> float:
    hits = int((truth & claimed).sum())
    return 2 * hits / max(1, int(truth.sum()) + int(claimed.sum()))


def judged(task: Task, fitted: Fitted) -> tuple[float, float]:
    truth = np.concatenate([one.known_labels == 1 for one in task.judged])
    said = np.concatenate([_said(fitted.models, one)[0] for one in task.judged])
    return _f1(truth, said >= fitted.threshold), float(average_precision_score(truth, said))


def picked(task: Task, known: Looked, fitted: Fitted, way: str, chance: np.random.Generator) -> None:
    """Let a minute more be known."""
    count = round(MINUTE / task.length)
    if way == "random":
        for _ in range(count):
            places = [(one, start) for one in task.pool for start in _free(known[one.id], round(task.length * one.fps))]
            if places:
                one, start = places[chance.integers(len(places))]
                known[one.id][start : start + round(task.length * one.fps)] = True
        return
    labelled = [task.motion[one.id][known[one.id][moments(one)]] for one in task.pool]
    what = Known.of([one for one in labelled if len(one)])
    found: list[Stretch] = []
    for one in task.pool:
        if known[one.id].all():
            continue
        blend, every = _said(fitted.models, one)
        doubt = disagreement(every, [1] * len(every), fitted.threshold)
        moving = task.motion[one.id]
        found += stretches_of(one, ~known[one.id], doubt, blend, moving, what.novelty(moving), task.length)
    for place in spread_out(found, count):
        known[found[place].recording][found[place].start : found[place].stop] = True


def _free(known: Array, length: int) -> Array:
    """First frames of stretches of that length of which nothing is known."""
    if len(known) < length:
        return np.zeros(0, int)
    taken = np.concatenate([[0], np.cumsum(known)])
    return np.flatnonzero(taken[length:] - taken[:-length] == 0)[:: max(1, length // 4)]


def simulated(task: Task, way: str, seed: int, minutes: int) -> Iterator[tuple[int, float, float, int]]:
    """After each minute F1 and average precision, and how many positive frames are known."""
    suggestions.NOVELTY = SHARES[way]
    chance = np.random.default_rng(seed)
    known = task.first(chance)
    for minute in range(1, minutes + 1):
        fitted = task.fit(known, seed)
        positives = sum(int((one.known_labels[known[one.id]] == 1).sum()) for one in task.pool)
        yield minute, *judged(task, fitted), positives
        if minute < minutes:
            picked(task, known, fitted, way, chance)


def tasks_of_demo(seed: int, place: Path, length: float) -> list[Task]:
    demo = make_demo(seed=seed, recordings=2, test_recordings=POOL + JUDGED)
    np.save(place / "train.npy", np.array(demo.train), allow_pickle=True)
    np.save(place / "test.npy", np.array(demo.test), allow_pickle=True)
    films = harness.load(place).unlabelled
    tables = FeatureTables(BlockCache(place / "cache"), films)
    return [
        Task(f"demo {seed}", behavior, every[:POOL], every[POOL:], tables, length)
        for behavior in BEHAVIORS
        for every in [
            tuple(replace(one, labels=np.array(demo.test_labels[behavior][one.id], dtype=np.int8)) for one in films)
        ]
    ]


def tasks_of_data(folder: Path, seed: int, place: Path, length: float) -> list[Task]:
    dataset = harness.load(folder)
    every = tuple({one.id: replace(one, labels=None) for those in dataset.labelled.values() for one in those}.values())
    tables = FeatureTables(BlockCache(place / "cache"), every)
    found = []
    for behavior, recordings in dataset.labelled.items():
        showing = [one for one in recordings if one.positives]
        if len(showing) > 1:
            out = showing[seed % len(showing)]
            rest = tuple(one for one in recordings if one is not out)
            found.append(Task(folder.name, behavior, rest, (out,), tables, length))
    return found


def job(asked: argparse.Namespace, data: Path | None, demo: int, seed: int) -> list[list[object]]:
    load_plugins()
    pipeline.HELD_BYTES = 3_000_000_000
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        tasks = tasks_of_data(data, seed, place, asked.length) if data else tasks_of_demo(demo, place, asked.length)
        for task in tasks:
            if asked.behaviors and task.behavior not in asked.behaviors:
                continue
            for way in asked.ways:
                for minute, f1, precision, positives in simulated(task, way, seed, asked.minutes):
                    rows.append(
                        [task.name, task.behavior, way, seed, minute, f"{f1:.4f}", f"{precision:.4f}", positives]
                    )
    return rows


HEADER = ("data", "behavior", "way", "seed", "minutes", "f1", "average_precision", "positive_frames")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--demos", type=int, nargs="*", default=(301, 302, 303), metavar="S", help="(301 302 303)")
    parser.add_argument("--data", type=Path, nargs="*", default=[], metavar="DIR", help="folders of data (none)")
    parser.add_argument("--seeds", type=int, default=10, metavar="N", help="of each (10)")
    parser.add_argument("--first-seed", type=int, default=0, metavar="N", help="(0)")
    parser.add_argument("--minutes", type=int, default=6, metavar="N", help="labelled in the end (6)")
    parser.add_argument("--length", type=float, default=10.0, metavar="S", help="seconds of a stretch (10)")
    parser.add_argument("--ways", nargs="*", choices=WAYS, default=WAYS, metavar="WAY", help=f"({' '.join(WAYS)})")
    parser.add_argument("--behaviors", nargs="*", default=[], metavar="B", help="only these (all)")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes (2)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="a csv of all figures")
    parser.add_argument("--read", type=Path, metavar="FILE", help="show the figures of an earlier --out instead")
    parser.add_argument("--draw", type=Path, metavar="FILE", help="also draw them, as .png or .svg")
    asked = parser.parse_args()
    if asked.read:
        show(pd.read_csv(asked.read), asked.draw)
        return
    began = time.monotonic()
    sources = [(data, 0) for data in asked.data] + [(None, demo) for demo in asked.demos]
    jobs = [(*source, asked.first_seed + seed) for seed in range(asked.seeds) for source in sources]
    rows: list[list[object]] = []
    os.environ["OMP_NUM_THREADS"] = "1"
    with ProcessPoolExecutor(asked.workers) as pool:
        for found in pool.map(job, [asked] * len(jobs), *zip(*jobs, strict=True)):
            rows += found
            if asked.out:
                with open(asked.out, "w", encoding="utf-8", newline="") as file:
                    csv.writer(file, lineterminator="\n").writerows([HEADER, *rows])
    show(pd.DataFrame(rows, columns=HEADER), asked.draw)
    print(f"{time.monotonic() - began:.0f} s")


def show(figures: pd.DataFrame, drawn: Path | None = None) -> None:
    figures = figures.astype({"f1": float, "average_precision": float})
    values = ["f1", "average_precision", "positive_frames"]
    means = figures.groupby(["data", "way", "seed", "minutes"], sort=False)[values].mean()
    medians = means.groupby(["data", "way", "minutes"], sort=False).median().reset_index()
    for value in values:
        show_head(value, "data", "seeds", *(f"{minute} min" for minute in sorted(set(medians["minutes"]))))
        for (data, way), theirs in medians.groupby(["data", "way"], sort=False):
            seeds = figures[(figures["data"] == data) & (figures["way"] == way)]["seed"].nunique()
            show_row(way, data, str(seeds), *(f"{one:.3f}" for one in theirs[value]))
    both = means.reset_index().pivot(index=["data", "seed", "minutes"], columns="way", values=values[:2])
    if {"suggested", "random"} <= set(figures["way"]):
        show_head("suggested less random, after the first minute", "data", "median", "ahead in")
        for value in values[:2]:
            lead = (both[value]["suggested"] - both[value]["random"]).dropna()
            lead = lead[lead.index.get_level_values("minutes") > 1]
            for data, theirs in lead.groupby("data", sort=False):
                show_row(value, data, f"{theirs.median():+.3f}", f"{(theirs > 0).mean():.0%}")
    if drawn:
        draw(means.reset_index(), drawn)


COLORS = {"random": "#888888", "suggested": "#0b6e99", "disagreement": "#c4731a", "novelty": "#5f8a3c"}


def draw(means: pd.DataFrame, path: Path) -> None:
    """Medians over seeds with their middle halves, a panel for each of the data."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    every = list(dict.fromkeys(means["data"]))
    figure = Figure(figsize=(3.0 * len(every), 3.0), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(every), squeeze=False)[0]
    for panel, data in zip(panels, every, strict=True):
        for way, theirs in means[means["data"] == data].groupby("way", sort=False):
            spread = theirs.groupby("minutes")["f1"].quantile([0.25, 0.5, 0.75]).unstack()
            color = COLORS.get(way, "#000000")
            panel.fill_between(spread.index, spread[0.25], spread[0.75], color=color, alpha=0.15, linewidth=0)
            panel.plot(spread.index, spread[0.5], color=color, label=way, marker="o", markersize=3)
        panel.set_title(data, fontsize=10)
        panel.set_xlabel("minutes labelled")
        panel.set_ylim(bottom=0)
        for side in ("top", "right"):
            panel.spines[side].set_visible(False)
    panels[0].set_ylabel("F1 on recordings held back")
    panels[-1].legend(frameon=False, fontsize=9)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
