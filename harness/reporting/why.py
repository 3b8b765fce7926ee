"""What the detector of a behavior looks at: its columns by what they gain, and by what is lost without them."""

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.columns.screening import effects
from harness.fitting.evaluation import average_precision, fit_fold
from harness.fitting.folds import make_folds
from harness.fitting.pipeline import FeatureTables, FittedPipeline, Thinned, column_names
from harness.fitting.reach import reach_seconds
from harness.plugins.contract import SequenceFamily
from harness.plugins.registry import FEATURES, MODELS, feature_set_named
from harness.plugins.sequences import Heard
from harness.plugins.spaces import Spaces
from harness.recording import SCENE, Array, Recording
from harness.reporting.clips import clips_figure
from harness.reporting.detections import Chosen, Detection
from harness.reporting.page import Figure, Html, Section, drawn, joined, nothing, plot_text, shown, table, tag
from harness.spec import PipelineSpec

TRIED = 30
"""So many groups of columns are shuffled, those that gain most."""

REPEATS = 2

ROWS = 2000
"""About so many frames without the behavior are judged on, beside all with it."""

SHOWN = 12

Column = tuple[str, str, str]
"""Feature set, column, and what was made of it: a statistic with its window, or nothing."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A column with all that windows made of it."""

    features: str
    column: str
    loss: float
    """By how much the average precision on held-out frames falls where the columns are shuffled."""
    gain: float | None
    """Share of what the model gains, or None where it does not tell."""
    columns: int
    """How many are shuffled together."""


def why(
    found: Mapping[str, Sequence[Detection]],
    choices: Mapping[str, Chosen],
    labelled: Mapping[str, Sequence[Recording]],
    tables: FeatureTables,
    spaces: Spaces,
    seed: int,
) -> Section:
    """For each behavior its most telling columns, and examples of what was found, missed and claimed wrongly."""
    if not found:
        return Section("why", "Why", nothing("No trial has a score yet, so there is no detector to ask."))
    body: list[Html] = []
    figures: list[Figure] = []
    for place, (behavior, choice) in enumerate(choices.items()):
        body.append(tag("h3", behavior))
        more, theirs = _explained(place, choice, labelled[behavior], tables, spaces, seed)
        clips = clips_figure(f"clips-{place}", behavior, found[behavior])
        body += more
        figures += theirs
        if clips:
            figures.append(clips)
            body += [tag("h4", "Examples"), shown(clips)]
        else:
            body.append(nothing("Nothing was labelled or claimed, so there are no examples."))
    return Section("why", "Why", joined(body), tuple(figures))


def _explained(
    place: int,
    choice: Chosen,
    labelled: Sequence[Recording],
    tables: FeatureTables,
    spaces: Spaces,
    seed: int,
) -> tuple[list[Html], list[Figure]]:
    families = {name: family for name, family in MODELS.items() if isinstance(family, SequenceFamily)}
    told = [one.record for one in choice.members if one.record.spec.model.name not in families]
    if not told:
        return [nothing("Its detector sees recordings whole, and cannot be asked column by column.")], []
    record = told[0]
    missing = [one.name for one in record.spec.features if one.name not in FEATURES]
    missing += [record.spec.model.name] if record.spec.model.name not in MODELS else []
    if missing:
        return [
            nothing(f"Its detector needs the plugin {missing[0]}; give --plugin again to see what it looks at.")
        ], []
    if record.baseline:
        return [nothing("Nothing but the baseline has finished, and that looks at no features.")], []
    found = reasons(record.spec, labelled, tables, spaces, seed)
    if not found:
        return [nothing("Too few frames show it to tell which columns matter.")], []
    whose = f"the heaviest of {len(choice.members)} trials" if len(choice.members) > 1 else "the trial"
    figure = reasons_figure(f"why-{place}", choice.behavior, found, labelled[0].scope)
    words = f"What {whose} looks at: {record.in_words}, trial {record.trial}."
    if any(one.column.endswith("(sorted)") for one in found[:SHOWN]):
        words += " Where a column is sorted, its first animal is the one with the smaller value, whichever it is."
    about = tag("p", words)
    caption = f"The columns that matter most for {choice.behavior}, and what they are."
    header = ("column", "feature set", "what it is", "loss of AP", "gain")
    rows = [
        [
            in_words(one.column, labelled[0].scope),
            one.features,
            described(one.features, one.column),
            f"{one.loss:+.3f}",
            "" if one.gain is None else f"{one.gain:.1%}",
        ]
        for one in found[:SHOWN]
    ]
    details = tag("details", tag("summary", caption), table(caption, header, rows, numeric=header[3:]))
    return [about, shown(figure), details], [figure]


def reasons(
    spec: PipelineSpec, labelled: Sequence[Recording], tables: FeatureTables, spaces: Spaces, seed: int
) -> list[Reason]:
    """The most telling columns first; none where the fold has nothing to learn from or to judge on.

    One fold is fitted, the one that holds out most positive frames. Columns that windows made of one column are
    shuffled together (Breiman 2001), over the frames that were held out.
    """
    folds = make_folds(labelled, reach_seconds([choice.name for choice in spec.features], spaces))
    positives = [sum(folds.units[unit].positives for unit in held_out) for held_out in folds.held_out]
    fold = int(np.argmax(positives))
    fitted = fit_fold(spec, folds, fold, tables, seed)
    if fitted.classifier is None or not positives[fold]:
        return []
    units = [folds.units[unit] for unit in folds.held_out[fold]]
    few = ROWS // len(units)
    rows = [
        tables.training_rows(Thinned(unit, slice(0, unit.frames), spec.features, spec.preparation, few))
        for unit in units
    ]
    X, y = np.concatenate([one.X for one in rows]), np.concatenate([one.y for one in rows])
    names = column_names(tables, labelled[0], spec)
    kept = np.arange(X.shape[1]) if fitted.columns is None else fitted.columns
    X = np.ascontiguousarray(X[:, kept])
    gains = gains_of(fitted)
    worth = np.abs(effects(X, y)) if gains is None else gains
    groups: dict[tuple[str, str], list[int]] = {}
    for place, column in enumerate(kept):
        groups.setdefault(names[column][:2], []).append(place)
    tried = sorted(groups, key=lambda name: -float(worth[groups[name]].sum()))[:TRIED]
    chance = np.random.default_rng(seed)
    best = average_precision(y, _probabilities(fitted, X))
    found = []
    for name in tried:
        columns = groups[name]
        after = [average_precision(y, _probabilities(fitted, shuffled(X, columns, chance))) for _ in range(REPEATS)]
        gain = None if gains is None else float(gains[columns].sum())
        found.append(Reason(*name, best - float(np.mean(after)), gain, len(columns)))
    return sorted(found, key=lambda one: (-one.loss, -(one.gain or 0.0)))


def shuffled(X: Array, columns: Sequence[int], chance: np.random.Generator) -> Array:
    """A copy of X (frames, columns) with the rows of some columns in another order, the same for all of them."""
    mixed = X.copy()
    mixed[:, columns] = X[chance.permutation(len(X))][:, columns]
    return mixed


def _probabilities(fitted: FittedPipeline, X: Array) -> Array:
    assert fitted.classifier is not None
    assert not isinstance(fitted.classifier, Heard)
    return fitted.classifier.predict_proba(X)[:, 1]


def gains_of(fitted: FittedPipeline) -> Array | None:
    """The share (columns,) that each column has in what the model gained from splitting; None where it has no splits.

    LightGBM and CatBoost sum up what their splits gain, forests of scikit-learn the impurity that they take away.
    """
    model = fitted.classifier
    if (booster := getattr(model, "booster", None)) is not None:
        values = booster.feature_importance("gain")
    elif (boosted := getattr(model, "model", None)) is not None and hasattr(boosted, "get_feature_importance"):
        values = boosted.get_feature_importance()
    elif (forest := getattr(model, "forest", None)) is not None:
        values = forest.feature_importances_
    else:
        return None
    values = np.asarray(values, dtype=np.float64)
    return values / values.sum() if values.sum() > 0 else values


def reasons_figure(id_: str, behavior: str, found: Sequence[Reason], scope: str) -> Figure:
    """Loss and gain of the most telling columns."""
    first = found[:SHOWN]
    # Two sets may name a column alike.
    names = [f"{plot_text(in_words(one.column, scope))}<br>{plot_text(one.features)}" for one in first]
    bars = [
        {
            "type": "bar",
            "orientation": "h",
            "y": names,
            "x": [round(one.loss, 4) for one in first],
            "marker": {"color": "var(--found)"},
            "hovertemplate": "%{y}: AP falls by %{x:.3f}<extra></extra>",
        }
    ]
    layout: dict[str, object] = {
        "xaxis": {"title": {"text": "loss of AP when shuffled"}, "nticks": 5},
        "yaxis": {"autorange": "reversed", "automargin": True, "type": "category"},
        "showlegend": False,
    }
    gains = [one.gain for one in first if one.gain is not None]
    if gains:
        bars.append(
            {
                "type": "bar",
                "orientation": "h",
                "y": names,
                "x": [round(gain, 4) for gain in gains],
                "xaxis": "x2",
                "marker": {"color": "var(--missed)"},
                "hovertemplate": "%{y}: %{x:.1%} of the gain<extra></extra>",
            }
        )
        layout["xaxis"] = {"title": {"text": "loss of AP when shuffled"}, "domain": [0, 0.48], "nticks": 5}
        layout["xaxis2"] = {
            "title": {"text": "share of the gain"},
            "domain": [0.54, 1],
            "tickformat": ".0%",
            "nticks": 5,
        }
    return Figure(
        id_,
        f"Bars: the {len(first)} columns that matter most for {behavior}.",
        "Left, what is lost on recordings the model had not seen when the column tells nothing; right, how much the "
        "model used it in training; one that gains much and loses nothing can be stood in for by others."
        if gains
        else "What is lost on recordings the model had not seen when the column tells nothing.",
        drawn(bars, layout),
        height=110 + 38 * len(first),
        least_width=600,
    )


PARTIES = {"0": "the agent", "1": "the target"}
"""Who is meant by the first two animals where a behavior is of one animal or of a pair."""


def in_words(column: str, scope: str = SCENE) -> str:
    """A column's name as people say it: which animals it is about, and what.

    Where the behavior is of one animal or of a pair (its `scope`), animal 0 is the agent, and animal 1 the target.
    """
    match = re.fullmatch(r"(\d+)(?:( to | sees |-)(\d+))? (.+)", column)
    if not match:
        return column.replace("_", " ")
    one, between, other, what = match.groups()
    what = what.replace("_", " ")
    who = "animal {}".format if scope == SCENE else PARTIES.__getitem__
    if other is None:
        return f"{what} of {who(one)}"
    if scope != SCENE:
        parties = (other, "as seen by", one) if between == " sees " else (one, "and" if between == "-" else "to", other)
        return f"{what} of {who(parties[0])} {parties[1]} {who(parties[2])}"
    if between == "-":
        return f"{what} of animals {one} and {other}"
    if between == " sees ":
        return f"{what} of animal {other} as {one} sees it"
    return f"{what} of animal {one} to {other}"


def described(features: str, column: str) -> str:
    """What the feature set's docstring says of a column: the part that names it, or else what the set is for."""
    plugin = feature_set_named(features)
    text = inspect.getdoc(plugin.function) or ""
    summary, _, details = text.partition("\n")
    name = re.sub(r"^\d+(?:(?: to | sees |-)\d+)? ", "", column)
    name = name.removesuffix(" (sorted)")
    paragraphs = re.split(r"\n\s*\n|\n(?=- )", details)
    parts = [part for one in paragraphs for part in re.split(r"[;.]\s", f"{' '.join(one.split())} ")]
    for part in parts:
        if re.search(rf"(?<![\w]){re.escape(name)}(?![\w])", part):
            return part.strip().removeprefix("- ").rstrip(".")
    return summary.rstrip(".")
