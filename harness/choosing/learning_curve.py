"""Would another labelled recording help? What a pipeline scores that learns from fewer recordings than there are.

For every number of training recordings the pipeline is fitted on sets of so many of them, and judged on the recordings
that a set leaves out. Each set leaves out every recording equally often, so that all points of a curve are of the same
frames. The decision is chosen for each number anew, in the way of a trial: each recording is cut by the decision that
is best on the others, so that models which know less, and are less sure of it, are not judged by the threshold of
better ones. A model has the number of rounds of the trial. So with all recordings but one the curve ends on the
cross-fitted F1 of the trial, where that held out single recordings; the trial was chosen for this F1 and not for those
before it, which makes the last step a little too high.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from math import comb
from pathlib import Path
from typing import Any

import numpy as np

from harness.columns.cache import BlockCache
from harness.engines.interface import Engine, Told, TrialError, WorkerDiedError, in_turn, untold
from harness.errors import HarnessError
from harness.files.atomic import write_text
from harness.fitting.decisions import SPAN, Candidates, best_candidate, count_table, positives_by_part, steadied
from harness.fitting.evaluation import fit_fold
from harness.fitting.folds import Folds
from harness.fitting.pipeline import FeatureTables
from harness.networks.device import CPU
from harness.plugins.loading import PluginFile, load_plugins
from harness.recording import Array, Recording, groups_of
from harness.runs.records import TrialRecord
from harness.scores.honest import resampled_f1, weighted_quantile
from harness.scores.metrics import Counts, total
from harness.scores.resampling import resamples
from harness.spec import PipelineSpec

MOST_SETS = 10
"""Where there are more sets of a size than this, as many of them are fitted as there are recordings."""

MOST_SIZES = 6
"""Of more recordings than one more than this, so many numbers are looked at, from 1 to all but one."""

SMALL = 0.005
"""A gain in F1 below this is hardly one."""


@dataclass(frozen=True, slots=True)
class Point:
    """What is reached with so many training recordings."""

    recordings: int
    """Groups of recordings, whole recordings, or blocks of one: what is held out as a whole."""
    counts: tuple[Counts, ...]
    """Of each unit, added up over the sets that leave it out."""
    sets: tuple[float, ...]
    """F1 of each set of training recordings, on those that it leaves out."""

    @property
    def f1(self) -> float:
        return total(self.counts).f1

    @property
    def interval(self) -> tuple[float, float]:
        """90% of the bootstrap over the recordings that are judged."""
        return _interval(resampled_f1(self.counts), len(self.counts))


@dataclass(frozen=True, slots=True)
class Gain:
    """What one more recording than there are may add to F1, and its 90% interval."""

    f1: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Curve:
    """One behavior's best pipeline, learning from more and more recordings."""

    record: TrialRecord
    """The trial whose pipeline it is."""
    recordings: int
    """Labelled ones, or blocks of one."""
    showing: int
    """Recordings that show the behavior."""
    points: tuple[Point, ...]

    @property
    def behavior(self) -> str:
        return self.record.behavior

    @property
    def gain(self) -> Gain | None:
        """By least squares on `F1 = a - b / recordings`, the usual shape of a learning curve with as few points.

        None where that cannot be said: a single recording, cut into blocks, or a single point.
        """
        if self.record.folds == "blocked" or len(self.points) < 2:
            return None
        shares = 1 / np.array([point.recordings for point in self.points])
        centered = shares - shares.mean()
        slope = -centered / (centered**2).sum()  # what makes b of the F1s
        next_step = 1 / self.recordings - 1 / (self.recordings + 1)
        f1s = np.array([point.f1 for point in self.points])
        resampled = np.stack([resampled_f1(point.counts) for point in self.points])
        low, high = _interval(next_step * (slope @ resampled), len(self.points[0].counts))
        return Gain(float(next_step * (slope @ f1s)), low, high)

    @property
    def answer(self) -> str:
        """Whether another labelled recording would help, in words."""
        gain = self.gain
        if self.showing < 2:
            return "cannot be said: only one recording shows it" if self.showing else "cannot be said: none shows it"
        if gain is None:
            return f"cannot be said: {self.recordings} recordings make one point, and a curve takes two"
        told = f"{gain.f1:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})"
        if abs(gain.f1) < SMALL and max(-gain.low, gain.high) < SMALL:
            return f"another recording may add hardly anything, about {told}"
        if gain.low > 0:
            return f"another recording may add about {told}"
        if gain.f1 <= 0:
            return f"no gain seen from {self.points[0].recordings} to {self.points[-1].recordings}"
        return f"cannot be told: another recording may add {told}"

    def as_json(self) -> dict[str, Any]:
        gain = self.gain
        return {
            "behavior": self.behavior,
            "trial": self.record.trial,
            "features": [choice.name for choice in self.record.spec.features],
            "model": self.record.spec.model.name,
            "folds": self.record.folds,
            "recordings": self.recordings,
            "recordings_showing": self.showing,
            "points": [
                {
                    "recordings": point.recordings,
                    "f1": point.f1,
                    "f1_low": point.interval[0],
                    "f1_high": point.interval[1],
                    "sets_f1": list(point.sets),
                }
                for point in self.points
            ],
            "gain": gain and gain.f1,
            "gain_low": gain and gain.low,
            "gain_high": gain and gain.high,
            "answer": self.answer,
        }


def _interval(values: Array, units: int) -> tuple[float, float]:
    """From the 5% to the 95% quantile of values (resamples,) of so many units."""
    weights = resamples(units).weights
    return weighted_quantile(values, weights, 0.05), weighted_quantile(values, weights, 0.95)


def left_out_sets(units: int, training: int, seed: int) -> list[tuple[int, ...]]:
    """What to leave out so that `training` of so many units remain: every unit equally often, each set in order.

    All sets where they are at most `MOST_SETS`; else a window that goes once around the units, in an order by `seed`.
    """
    if comb(units, training) <= MOST_SETS or training in (1, units - 1):
        return list(combinations(range(units), units - training))
    order = np.random.default_rng([seed, units, training]).permutation(units).tolist()
    return sorted(tuple(sorted((order * 2)[first : first + units - training])) for first in range(units))


def sizes(units: int) -> list[int]:
    """The numbers of training units that a curve is made of: all up to one less, or some, closer where they are few."""
    if units - 1 <= MOST_SIZES:
        return list(range(1, units))
    spaced = np.geomspace(1, units - 1, MOST_SIZES)
    return sorted({round(float(size)) for size in spaced})


def learning_curves(
    leaders: Mapping[str, TrialRecord],
    folds: Mapping[str, Folds],
    *,
    candidates: Candidates,
    seed: int,
    pool: tuple[Recording, ...],
    cache: BlockCache,
    engine: Engine,
    plugins: Sequence[PluginFile] = (),
    device: str = CPU,
    told: Told = untold,
) -> list[Curve]:
    """A curve for each behavior's leader (its best trial), whatever the engine; `told` hears of the fits.

    `folds` are those of the search, of which the units and the purge gap are taken, and `seed` is its seed. Raises
    `HarnessError` naming the behavior where a pipeline cannot be fitted.
    """
    bench = _Bench(folds, candidates, pool, cache, tuple(plugins), device)
    with engine.open(partial(_start, bench), _count) as children:
        asked: dict[str, dict[int, list[tuple[tuple[int, ...], Future[Array]]]]] = {}
        for behavior, record in leaders.items():
            parts = max(folds[behavior].parts) + 1
            asked[behavior] = {
                size: [
                    (left_out, children.submit(behavior, record.spec, record.rounds, left_out, seed + number))
                    for number, left_out in enumerate(left_out_sets(parts, size, seed))
                ]
                for size in sizes(parts)
            }
        every = [future for theirs in asked.values() for sets in theirs.values() for _, future in sets]
        for _ in in_turn(every, told, "fitting", "model"):
            pass
        try:
            return [
                Curve(
                    leaders[behavior],
                    len(_wholes(folds[behavior])),
                    _showing(folds[behavior]),
                    tuple(_points(theirs, folds[behavior], candidates)),
                )
                for behavior, theirs in asked.items()
            ]
        except (TrialError, WorkerDiedError) as error:
            raise HarnessError(f"no learning curve can be made: {error}") from error


def _wholes(folds: Folds) -> list[tuple[int, ...]]:
    """The units that are held out together: those of a group, or of a recording; or of a block of one."""
    if folds.kind == "grouped":
        return groups_of(folds.units)
    spans: dict[tuple[str, int], list[int]] = {}
    for place, unit in enumerate(folds.units):
        spans.setdefault((unit.source_id, unit.first_frame), []).append(place)
    return list(map(tuple, spans.values()))


def _showing(folds: Folds) -> int:
    """Groups, or recordings, that show the behavior; blocks of one recording are one."""
    if folds.kind == "grouped":
        return sum(any(folds.units[unit].positives for unit in whole) for whole in _wholes(folds))
    return len({unit.source_id for unit in folds.units if unit.positives})


def _points(
    asked: "Mapping[int, Sequence[tuple[tuple[int, ...], Future[Array]]]]", folds: Folds, candidates: Candidates
) -> Iterator[Point]:
    actual = positives_by_part([unit.known_labels for unit in folds.units], folds.parts)
    for size, sets in asked.items():
        counted = [(left_out, future.result()) for left_out, future in sets]
        recordings = round(size * len(_wholes(folds)) / len(actual))
        yield _point(recordings, counted, actual, candidates)


def _point(
    recordings: int, sets: Sequence[tuple[tuple[int, ...], Array]], positives: Array, candidates: Candidates
) -> Point:
    """`sets` are what each left out with the counts (parts left out, candidates, 2) of all decisions there.

    `positives` (parts,) are positive frames.
    """
    parts = len(positives)
    table = np.zeros((parts, *sets[0][1].shape[1:]), dtype=np.int64)
    actual = np.zeros(parts, dtype=np.int64)
    for left_out, counted in sets:
        table[list(left_out)] += counted
        actual[list(left_out)] += positives[list(left_out)]
    steady = steadied(table, candidates)
    together, others = steady.sum(axis=0), SPAN * (actual.sum() - actual)
    chosen = [best_candidate(together - steady[part], int(others[part])) for part in range(parts)]
    counts = [_counts(table[part, one], int(actual[part])) for part, one in enumerate(chosen)]
    of_sets = []
    for left_out, counted in sets:
        theirs = [_counts(counted[row, chosen[part]], int(positives[part])) for row, part in enumerate(left_out)]
        of_sets.append(total(theirs).f1)
    return Point(recordings, tuple(counts), tuple(of_sets))


def _counts(amounts: Array, actual: int) -> Counts:
    """Of hits and claims (2,)."""
    return Counts(int(amounts[0]), int(amounts[1]), actual)


@dataclass(frozen=True)
class _Bench:
    """What a worker needs to fit any of the models."""

    folds: Mapping[str, Folds]
    candidates: Candidates
    pool: tuple[Recording, ...]
    cache: BlockCache
    plugins: tuple[PluginFile, ...]
    device: str


def _start(bench: _Bench) -> tuple[_Bench, FeatureTables]:
    load_plugins(bench.plugins)
    return bench, FeatureTables(bench.cache, bench.pool, device=bench.device)


def _count(
    state: tuple[_Bench, FeatureTables],
    behavior: str,
    spec: PipelineSpec,
    rounds: int | None,
    left_out: tuple[int, ...],
    seed: int,
) -> Array:
    """Fit without the parts left out; hits and claims of every decision on those: (parts, candidates, 2)."""
    bench, tables = state
    folds = bench.folds[behavior]
    out = [unit for unit, part in enumerate(folds.parts) if part in left_out]
    fitted = fit_fold(spec, replace(folds, held_out=(tuple(out),)), 0, tables, seed)
    units = [folds.units[unit] for unit in out]
    stages = [fitted.probabilities(unit) for unit in units]
    # Without positives to learn from a constant is predicted, which has no rounds.
    probabilities = [theirs.get(rounds, next(iter(theirs.values()))) for theirs in stages]
    labels, parts = [unit.known_labels for unit in units], [left_out.index(folds.parts[unit]) for unit in out]
    return count_table(bench.candidates, probabilities, labels, [unit.fps for unit in units], parts).astype(np.int32)


def write_plot(curves: Sequence[Curve], path: Path) -> None:
    """All curves as a page that needs nothing else to be looked at, with what each set of recordings came to.

    Needs plotly. Raises `OSError` where the page cannot be written.
    """
    from plotly.graph_objects import Figure, Scatter

    figure = Figure()
    for curve in curves:
        x = [point.recordings for point in curve.points]
        f1s = [point.f1 for point in curve.points]
        below, above = ([abs(point.interval[end] - point.f1) for point in curve.points] for end in (0, 1))
        bars = {"type": "data", "symmetric": False, "array": above, "arrayminus": below}
        group = {"legendgroup": curve.behavior}
        figure.add_trace(Scatter(x=x, y=f1s, error_y=bars, name=curve.behavior, mode="lines+markers", **group))
        of_sets = [(point.recordings, f1) for point in curve.points for f1 in point.sets]
        figure.add_trace(
            Scatter(
                x=[size for size, _ in of_sets],
                y=[f1 for _, f1 in of_sets],
                name=f"{curve.behavior}, each set of recordings",
                mode="markers",
                opacity=0.4,
                visible="legendonly",
                **group,
            )
        )
    figure.update_layout(title="Would another labelled recording help?", template="plotly_white")
    figure.update_xaxes(title="training recordings (blocks, where one recording shows the behavior)", dtick=1)
    figure.update_yaxes(title="cross-fitted F1, 90% interval", range=[0, 1])
    page: str = figure.to_html(include_plotlyjs=True)
    write_text(path, page)
