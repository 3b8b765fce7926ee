"""Where the search went: how fast it improved, what mattered, which pipelines did well, what they cost."""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from harness.reporting.detections import Chosen
from harness.reporting.page import (
    Figure,
    Html,
    Section,
    Spec,
    choices,
    drawn,
    joined,
    nothing,
    plot_text,
    shown,
    table,
    tag,
)
from harness.runs.records import TrialRecord
from harness.runs.studies import StoredTrial, study_name

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

FEWEST = 10
"""From fewer scored trials nothing is said of what mattered."""

SHOWN = 12
"""So many parameters are shown at most."""

SUMMED: Mapping[str, Callable[[Sequence[float]], float]] = {"best": max, "median": statistics.median}

Trials = Mapping[str, Sequence[StoredTrial]]
"""By name of the study, the finished trials."""


def searching(
    records: Sequence[TrialRecord], finished: Trials, chosen: Mapping[str, Chosen], behaviors: Sequence[str]
) -> Section:
    """Six ways to look at the trials of a run."""
    scored = {name: [record for record in records if record.behavior == name and record.complete] for name in behaviors}
    scored = {name: theirs for name, theirs in scored.items() if theirs}
    if not scored:
        reason = "No trial has a score yet, so there is no search to look at."
        return Section("search", "Search", nothing(reason))
    first = progress_figure(scored)
    figures = [first]
    body: list[Html] = [shown(first), tag("h3", "What the trials were")]
    figures.append(parallel_figure(scored))
    body += [shown(figures[-1]), tag("h3", "What mattered")]
    if mattered := importance_figure(scored, finished):
        figures.append(mattered)
        body.append(shown(mattered))
    else:
        body.append(nothing(f"No behavior has {FEWEST} scored trials that differ, too few to tell."))
    figures += [heat_figure(scored), seconds_figure(records)]
    body += [tag("h3", "Feature sets and models"), shown(figures[-2]), tag("h3", "Time"), shown(figures[-1])]
    body += [tag("h3", "What is exported of each behavior"), members_table(chosen)]
    return Section("search", "Search", joined(body), tuple(figures))


def progress_figure(scored: Mapping[str, Sequence[TrialRecord]]) -> Figure:
    """The best F1 so far over the trials of each behavior."""
    traces = []
    for place, (behavior, records) in enumerate(scored.items()):
        xs: list[int] = []
        ys: list[float] = []
        best = 0.0
        for record in records:
            if record.pooled.f1 > best or not xs:
                best = max(best, record.pooled.f1)
                xs.append(record.trial)
                ys.append(round(best, 4))
        xs.append(records[-1].trial)
        ys.append(round(best, 4))
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": xs,
                "y": ys,
                "name": plot_text(behavior),
                "line": {
                    "shape": "hv",
                    "width": 2,
                    "color": f"var(--b{place % 7})",
                    "dash": ("solid", "dash", "dot")[place // 7 % 3],
                },
                "marker": {"size": 7, "symbol": place % 7},
                "hovertemplate": "%{fullData.name}, trial %{x}: F1 %{y:.3f}<extra></extra>",
            }
        )
    layout = {
        "xaxis": {"title": {"text": "trial"}, "rangemode": "tozero"},
        "yaxis": {"title": {"text": "best F1 so far"}, "rangemode": "tozero"},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    }
    return Figure(
        "progress",
        "Lines: the best F1 so far over the trials, for each behavior.",
        "Lines that are still rising at the right would gain from more trials; F1 here still holds the luck of the "
        "best, so compare it with honest F1 above.",
        drawn(traces, layout),
        height=400,
    )


def parallel_figure(scored: Mapping[str, Sequence[TrialRecord]]) -> Figure:
    """Every scored trial as a line through what it was made of, colored by its F1."""
    return Figure(
        "parallel",
        "Parallel coordinates: each trial as a line through its feature sets, model, preparation, time and F1.",
        "Each line is one trial, the brighter or darker the better its F1 on the last axis; drag along an axis to keep "
        "only the trials that pass there, and click it to let go.",
        choices({name: _parallel(records) for name, records in scored.items()}),
        height=460,
        least_width=1000,
    )


def _parallel(records: Sequence[TrialRecord]) -> Spec:
    f1 = [round(record.pooled.f1, 4) for record in records]
    columns: dict[str, list[Any]] = {
        "feature sets": [_stack(record) for record in records],
        "model": [record.spec.model.name for record in records],
    }
    for name in records[0].spec.preparation.as_json():
        columns[name] = [record.spec.preparation.as_json()[name] for record in records]
    dimensions: list[dict[str, Any]] = []
    for name, values in columns.items():
        different = sorted(set(values))
        if len(different) < 2:
            continue
        words = [plot_text(_short(str(value), 13 if dimensions else 20)) for value in different]
        places = [different.index(value) for value in values]
        dimensions.append({"label": name, "values": places, "tickvals": list(range(len(different))), "ticktext": words})
    dimensions.append({"label": "seconds", "values": [round(record.seconds, 2) for record in records]})
    dimensions.append({"label": "AP", "values": [round(record.average_precision, 4) for record in records]})
    dimensions.append({"label": "F1", "values": f1})
    for dimension in dimensions[-3:]:
        low, high = min(dimension["values"]), max(dimension["values"])
        dimension["range"] = [low, high if high > low else low + 1]
    line = {
        "color": f1,
        "cmin": min(f1),
        "cmax": max(max(f1), min(f1) + 1e-3),
        "colorscale": [[0, "var(--grid)"], [0.6, "var(--missed)"], [1, "var(--found)"]],
    }
    trace = {
        "type": "parcoords",
        "dimensions": dimensions,
        "line": line,
        "labelside": "top",
        "labelangle": 0,
        "tickfont": {"size": 11},
        "rangefont": {"size": 1, "color": "rgba(0,0,0,0)"},
    }
    return drawn([trace], {"margin": {"l": 150, "r": 60, "t": 50, "b": 20}})


def _short(text: str, letters: int = 22) -> str:
    return text if len(text) <= letters else f"{text[: letters - 1]}…"


def _stack(record: TrialRecord) -> str:
    """What the feature sets of a trial are called together."""
    return record.arm.rpartition("/")[0]


def importance_figure(scored: Mapping[str, Sequence[TrialRecord]], finished: Trials) -> Figure | None:
    """What decided F1, as two of Optuna's evaluators see it; None where too little was tried."""
    specs = {}
    for behavior, records in scored.items():
        learned = [record for record in records if not record.baseline]
        parts = {f"any pipeline: {name}": values for name, values in pipeline_importances(learned).items()}
        if learned:
            arm = max(learned, key=lambda record: record.merit).arm
            within = arm_importances(finished.get(study_name(behavior, arm), ()))
            parts |= {f"best pipeline: {name.removeprefix('preparation.')}": values for name, values in within.items()}
        if parts:
            specs[behavior] = _importance(parts)
    if not specs:
        return None
    return Figure(
        "importance",
        "Bars: importance of the choices that make a pipeline, by two evaluators.",
        "The longer a bar, the more of the differences in F1 goes with that choice; fANOVA looks at all trials, "
        "PED-ANOVA at what sets the best apart, and the two may disagree where trials are few.",
        choices(specs),
        height=420,
    )


def _importance(parts: Mapping[str, Mapping[str, float]]) -> Spec:
    """`parts` are by parameter, then by evaluator."""
    names = sorted(parts, key=lambda name: -max(parts[name].values()))[:SHOWN]
    evaluators = list(dict.fromkeys(evaluator for values in parts.values() for evaluator in values))
    colors = ("found", "missed", "wrong")
    bars = [
        {
            "type": "bar",
            "orientation": "h",
            "name": evaluator,
            "y": [plot_text(name) for name in names],
            "x": [round(parts[name].get(evaluator, 0.0), 4) for name in names],
            "marker": {
                "color": f"var(--{color})",
                "pattern": {
                    "shape": "" if color == "found" else "/",
                    "fgcolor": "var(--page)",
                    "fillmode": "overlay",
                    "size": 6,
                    "solidity": 0.25,
                },
            },
            "hovertemplate": f"%{{y}}: %{{x:.2f}} by {evaluator}<extra></extra>",
        }
        for evaluator, color in zip(evaluators, colors, strict=False)
    ]
    layout = {
        "barmode": "group",
        "height": 110 + 34 * len(names),
        "xaxis": {"title": {"text": "importance"}, "rangemode": "tozero"},
        "yaxis": {"autorange": "reversed", "automargin": True, "type": "category"},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    }
    return drawn(bars, layout)


def pipeline_importances(records: Sequence[TrialRecord]) -> dict[str, dict[str, float]]:
    """Of what all pipelines have: feature sets, model and preparation; by parameter, then by evaluator."""
    import optuna

    rows = [
        {"feature sets": _stack(one), "model": one.spec.model.name, **one.spec.preparation.as_json()} for one in records
    ]
    varied = [name for name in (rows[0] if rows else {}) if len({row[name] for row in rows}) > 1]
    kinds = {name: optuna.distributions.CategoricalDistribution(sorted({row[name] for row in rows})) for name in varied}
    trials = [
        optuna.create_trial(
            params={name: row[name] for name in varied}, distributions=dict(kinds), value=record.pooled.f1
        )
        for row, record in zip(rows, records, strict=True)
    ]
    return _importances(trials)


def arm_importances(finished: Sequence[StoredTrial]) -> dict[str, dict[str, float]]:
    """Of the parameters of one arm's study."""
    return _importances([one.trial for one in finished if one.record.complete])


def _importances(trials: "Sequence[FrozenTrial]") -> dict[str, dict[str, float]]:
    """By parameter, then by evaluator; nothing where there are too few trials, or all came to the same."""
    import optuna

    if len(trials) < FEWEST or len({one.value for one in trials}) < 2:
        return {}
    varied = [name for name in trials[0].params if len({one.params[name] for one in trials}) > 1]
    if not varied:
        return {}
    study = optuna.create_study(direction="maximize")
    study.add_trials(list(trials))
    found: dict[str, dict[str, float]] = {name: {} for name in varied}
    evaluators: dict[str, Any] = {
        "fANOVA": optuna.importance.FanovaImportanceEvaluator(n_trees=32, seed=0),
        "PED-ANOVA": optuna.importance.PedAnovaImportanceEvaluator(),
    }
    with _quiet():
        for name, evaluator in evaluators.items():
            values = optuna.importance.get_param_importances(study, evaluator=evaluator, params=varied)
            for parameter, value in values.items():
                found[parameter][name] = float(value)
    return found


@contextmanager
def _quiet() -> Iterator[None]:
    """Optuna warns of evaluators that may change and of trials that hardly differ; neither is news here."""
    import warnings

    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(before)


def heat_figure(scored: Mapping[str, Sequence[TrialRecord]]) -> Figure:
    """Feature sets by model family: the best F1 and the median."""
    rows = max(len({_stack(record) for record in records}) for records in scored.values())
    return Figure(
        "heat",
        "Two heat maps: best and median F1 of every feature set with every model.",
        "Each cell is a pipeline; a best far above its median was found by tuning or by luck, and empty cells were not "
        "tried.",
        choices({name: _heat(records) for name, records in scored.items()}),
        height=130 + 30 * rows,
        least_width=680,
    )


def _heat(records: Sequence[TrialRecord]) -> Spec:
    groups: dict[tuple[str, str], list[float]] = {}
    for record in records:
        groups.setdefault((_stack(record) or "no features", record.spec.model.name), []).append(record.pooled.f1)
    sets, models = sorted({key[0] for key in groups}), sorted({key[1] for key in groups})
    highest = max(max(values) for values in groups.values()) or 1.0
    maps = []
    for axis, (name, summed) in enumerate(SUMMED.items(), start=1):
        cells = [
            [round(summed(groups[one, other]), 4) if (one, other) in groups else None for other in models]
            for one in sets
        ]
        maps.append(
            {
                "type": "heatmap",
                "x": [plot_text(one) for one in models],
                "y": [plot_text(_short(one)) for one in sets],
                "z": cells,
                "xaxis": f"x{axis if axis > 1 else ''}",
                "zmin": 0,
                "zmax": round(highest, 4),
                "colorscale": [[0, "var(--low)"], [1, "var(--high)"]],
                "showscale": False,
                "xgap": 2,
                "ygap": 2,
                "texttemplate": "%{z:.2f}",
                "hoverongaps": False,
                "customdata": [[len(groups.get((one, other), ())) for other in models] for one in sets],
                "hovertemplate": f"%{{y}}, %{{x}}: {name} F1 %{{z:.3f}} of %{{customdata}} trials<extra></extra>",
            }
        )
    layout = {
        "height": 130 + 30 * len(sets),
        "xaxis": {"domain": [0, 0.48], "title": {"text": "best F1"}, "type": "category", "showgrid": False},
        "xaxis2": {"domain": [0.52, 1], "title": {"text": "median F1"}, "type": "category", "showgrid": False},
        "yaxis": {"type": "category", "automargin": True, "showgrid": False, "autorange": "reversed"},
    }
    return drawn(maps, layout)


def seconds_figure(records: Sequence[TrialRecord]) -> Figure:
    """How long trials take, by model family."""
    seconds: dict[str, list[float]] = {}
    for record in records:
        if record.error is None:
            seconds.setdefault(record.spec.model.name, []).append(max(record.seconds, 0.01))
    boxes = [
        {
            "type": "box",
            "x": [round(one, 2) for one in values],
            "name": plot_text(f"{name} ({len(values)})"),
            "orientation": "h",
            "marker": {"color": "var(--found)", "size": 4},
            "line": {"width": 1.5},
            "hoverinfo": "x",
        }
        for name, values in sorted(seconds.items())
    ]
    layout = {
        "xaxis": {"type": "log", "title": {"text": "seconds for a trial"}, "dtick": 1},
        "yaxis": {"automargin": True},
        "showlegend": False,
    }
    return Figure(
        "seconds",
        "Boxes: seconds for a trial, by model family.",
        "Each box holds the middle half of a family's trials, given up ones included; the scale is logarithmic.",
        drawn(boxes, layout),
        height=110 + 44 * len(boxes),
    )


def members_table(chosen: Mapping[str, Chosen]) -> Html:
    """The trials that are averaged for each behavior."""
    rows = []
    for behavior, choice in chosen.items():
        weights = sum(member.weight for member in choice.members)
        for member in choice.members:
            record = member.record
            share = f"{member.weight / weights:.0%}"
            scores = [f"{record.pooled.f1:.3f}", f"{record.average_precision:.3f}"]
            rows.append([behavior, share, record.in_words, str(record.trial), *scores])
    header = ("behavior", "weight", "pipeline", "trial", "F1", "AP")
    return table(
        "The trials that are averaged, and how much each weighs.", header, rows, numeric=("weight", "trial", "F1", "AP")
    )
