"""How the detector trades misses for wrong claims, whether its probabilities mean what they say, and its bouts."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from harness.choosing.reliability import calibrated_without
from harness.fitting.decisions import THRESHOLDS, smoothed
from harness.recording import Array
from harness.reporting.detections import Chosen, Detection, pooled
from harness.reporting.page import Figure, Html, Section, drawn, joined, nothing, shown, tag
from harness.scores.honest import f1_of
from harness.scores.metrics import bouts

ISO_F1 = (0.2, 0.4, 0.6, 0.8)
"""F1 of the lines in the precision-recall plot."""

POINTS = 250
"""At most so many points are drawn of a curve."""

BINS = 10
"""Of probabilities, for the calibration."""

TICKS = (0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99)

HEIGHT = 330


def curves(
    found: Mapping[str, Sequence[Detection]], choices: Mapping[str, Chosen], behaviors: Sequence[str]
) -> Section:
    """Four figures for each behavior that something was chosen for."""
    if not found:
        return Section("curves", "Curves", nothing("No trial has a score yet, so there are no curves."))
    body: list[Html] = [
        tag("p", "All of this is of held-out recordings: no curve knows the frames it was learned from.")
    ]
    figures: list[Figure] = []
    for place, behavior in enumerate(behaviors):
        if behavior not in found:
            continue
        mine = _figures(place, behavior, found[behavior], choices[behavior])
        figures += mine
        body.append(tag("h3", behavior))
        body.append(tag("div", *map(shown, mine), class_="grid"))
    return Section("curves", "Curves", joined(body), tuple(figures))


def _figures(place: int, behavior: str, found: Sequence[Detection], choice: Chosen) -> list[Figure]:
    truth = np.concatenate([one.truth[one.known] for one in found])
    raw = np.concatenate([one.probabilities[one.known] for one in found])
    without = calibrated_without([one.recording for one in found], [one.probabilities for one in found])
    calibrated = np.concatenate([moved[one.known] for one, moved in zip(found, without, strict=True)])
    cut = np.concatenate([_smooth(one, choice)[one.known] for one in found])
    return [
        precision_recall(f"recall-{place}", behavior, truth, cut, found),
        threshold_f1(f"threshold-{place}", behavior, truth, cut, found, choice),
        calibration(f"calibration-{place}", behavior, truth, raw, calibrated),
        bout_lengths(f"lengths-{place}", behavior, found),
    ]


def _smooth(one: Detection, choice: Chosen) -> Array:
    """The probabilities (frames,) through the smoother that is exported, block by block."""
    pieces = np.split(one.probabilities, one.edges)
    return np.concatenate([smoothed(choice.decision.smoother, piece, one.recording.fps) for piece in pieces])


def precision_recall(id_: str, behavior: str, truth: Array, probabilities: Array, found: Sequence[Detection]) -> Figure:
    """Precision over recall, lines of equal F1, and where the decision puts the detector."""
    recall, precision = precision_recall_points(truth, probabilities)
    counts = pooled(found)
    lines = []
    for f1 in ISO_F1:
        xs = np.geomspace(f1 / (2 - f1), 1, 40)
        ys = f1 * xs / (2 * xs - f1)
        lines.append(
            {
                "type": "scatter",
                "mode": "lines+text",
                "x": rounded(xs),
                "y": rounded(ys),
                "hoverinfo": "skip",
                "showlegend": False,
                "line": {"color": "var(--line)", "width": 1, "dash": "dot"},
                "text": [""] * 39 + [f"F1 {f1:g}"],
                "textposition": "top left",
                "textfont": {"color": "var(--soft)", "size": 11},
            }
        )
    curve = {
        "type": "scatter",
        "mode": "lines",
        "x": rounded(recall),
        "y": rounded(precision),
        "name": "any threshold",
        "line": {"color": "var(--found)", "width": 2},
        "hovertemplate": "recall %{x:.3f}, precision %{y:.3f}<extra></extra>",
    }
    point = {
        "type": "scatter",
        "mode": "markers",
        "x": [round(counts.recall, 4)],
        "y": [round(counts.precision, 4)],
        "name": "as decided",
        "marker": {"color": "var(--wrong)", "size": 13, "symbol": "star"},
        "hovertemplate": f"as decided: F1 {counts.f1:.3f}<br>recall %{{x:.3f}}, precision %{{y:.3f}}<extra></extra>",
    }
    layout = {
        "xaxis": {"range": [0, 1.02], "title": {"text": "recall: share of the labelled frames found"}},
        "yaxis": {"range": [0, 1.04], "title": {"text": "precision"}},
        **_legend(),
    }
    return Figure(
        id_,
        f"Precision over recall of {behavior}; as decided, recall {counts.recall:.2f} and precision "
        f"{counts.precision:.2f}.",
        "The star is what the decision makes of it; smoothing and bout rules can put it above the curve, and the "
        "farther to the upper right, the better.",
        drawn([*lines, curve, point], layout),
        height=HEIGHT,
    )


def precision_recall_points(truth: Array, probabilities: Array) -> tuple[Array, Array]:
    """Recall and precision at every threshold, thinned evenly in recall; empty where nothing is positive."""
    positives = int(truth.sum())
    if not positives:
        return np.zeros(0), np.zeros(0)
    order = np.argsort(-probabilities, kind="stable")
    hits, values = np.cumsum(truth[order]), probabilities[order]
    # Frames of equal probability are claimed together.
    last = np.flatnonzero(np.append(values[1:] != values[:-1], True))
    recall, precision = hits[last] / positives, hits[last] / (last + 1)
    kept = np.unique(np.searchsorted(recall, np.linspace(0, 1, POINTS)).clip(max=len(recall) - 1))
    return recall[kept], precision[kept]


def threshold_f1(
    id_: str, behavior: str, truth: Array, probabilities: Array, found: Sequence[Detection], choice: Chosen
) -> Figure:
    """F1 at every threshold that is tried, and the thresholds that were chosen."""
    thresholds = np.array(THRESHOLDS)
    ordered, hits_of = np.sort(probabilities), np.sort(probabilities[truth == 1])
    claimed = len(ordered) - np.searchsorted(ordered, thresholds)
    hits = len(hits_of) - np.searchsorted(hits_of, thresholds)
    f1 = f1_of(hits, claimed, np.array(len(hits_of)))
    curve = {
        "type": "scatter",
        "mode": "lines",
        "x": rounded(_log_odds(thresholds)),
        "y": rounded(f1),
        "name": "F1 at a threshold alone",
        "customdata": rounded(thresholds),
        "line": {"color": "var(--found)", "width": 2},
        "hovertemplate": "threshold %{customdata:.3g}: F1 %{y:.3f}<extra></extra>",
    }
    theirs = [threshold for one in found for threshold in one.thresholds]
    folds = {
        "type": "scatter",
        "mode": "markers",
        "x": rounded(_log_odds(np.array(theirs))),
        "y": [0.02] * len(theirs),
        "name": "chosen without a recording",
        "customdata": rounded(np.array(theirs)),
        "marker": {
            "color": "var(--missed)",
            "size": 11,
            "symbol": "triangle-up",
            "line": {"width": 1, "color": "var(--text)"},
        },
        "hovertemplate": "threshold %{customdata:.3g}<extra></extra>",
    }
    shipped = round(float(_log_odds(np.array(choice.decision.threshold))), 4)
    line = {
        "type": "scatter",
        "mode": "lines",
        "x": [shipped, shipped],
        "y": [0, 1],
        "name": "exported",
        "line": {"color": "var(--wrong)", "width": 1.5, "dash": "dash"},
        "hovertemplate": f"exported threshold {choice.decision.threshold:.3g}<extra></extra>",
    }
    layout = {
        "xaxis": {
            "title": {"text": "threshold"},
            "tickvals": rounded(_log_odds(np.array(TICKS))),
            "ticktext": [f"{one:g}" for one in TICKS],
            "zeroline": False,
        },
        "yaxis": {"range": [0, max(0.1, min(1.02, 1.25 * float(f1.max(initial=0))))], "title": {"text": "F1"}},
        **_legend(),
    }
    return Figure(
        id_,
        f"F1 of {behavior} over the threshold; {choice.decision.threshold:.3g} is exported.",
        "A flat top means that the exact threshold hardly matters; triangles that lie far apart mean that recordings "
        "disagree about it.",
        drawn([curve, line, folds], layout),
        height=HEIGHT,
    )


def calibration(id_: str, behavior: str, truth: Array, averaged: Array, calibrated: Array) -> Figure:
    """How often the behavior happens where it is given a probability: as models have it, and once it is calibrated."""
    diagonal = {
        "type": "scatter",
        "mode": "lines",
        "x": [0, 1],
        "y": [0, 1],
        "name": "as said",
        "hoverinfo": "skip",
        "line": {"color": "var(--soft)", "width": 1, "dash": "dot"},
    }
    layout = {
        "xaxis": {"range": [0, 1.02], "title": {"text": "probability that is said"}},
        "yaxis": {"range": [0, 1.04], "title": {"text": "share of frames labelled"}},
        **_legend(),
    }
    return Figure(
        id_,
        f"Calibration of {behavior}: labelled share of frames over predicted probability.",
        "On the dotted line probabilities can be taken at their word; below it they promise too much, as averages of "
        "models often do, which learn from recordings that were thinned where the behavior is absent. What is written "
        "is calibrated; here each recording is, by the others alone.",
        drawn(
            [diagonal, _seen("averaged", "missed", truth, averaged), _seen("calibrated", "found", truth, calibrated)],
            layout,
        ),
        height=HEIGHT,
    )


def _seen(name: str, color: str, truth: Array, probabilities: Array) -> dict[str, Any]:
    predicted, observed, frames = calibration_points(truth, probabilities)
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": rounded(predicted),
        "y": rounded(observed),
        "name": name,
        "customdata": frames.tolist(),
        "line": {"color": f"var(--{color})", "width": 2, "dash": "solid" if color == "found" else "dash"},
        "marker": {"size": 8, "symbol": "circle" if color == "found" else "diamond"},
        "hovertemplate": "said %{x:.2f}, seen %{y:.2f}<br>%{customdata:,} frames<extra></extra>",
    }


def calibration_points(truth: Array, probabilities: Array) -> tuple[Array, Array, Array]:
    """Mean probability, labelled share and number of frames of each of `BINS` equal bins that holds any frame."""
    bin_of = np.minimum((probabilities * BINS).astype(np.int64), BINS - 1)
    frames = np.bincount(bin_of, minlength=BINS)
    held = frames > 0
    said = np.bincount(bin_of, weights=probabilities, minlength=BINS)[held] / frames[held]
    seen = np.bincount(bin_of, weights=truth, minlength=BINS)[held] / frames[held]
    return said, seen, frames[held]


def bout_lengths(id_: str, behavior: str, found: Sequence[Detection]) -> Figure:
    """How long labelled and predicted bouts last."""
    lengths = {
        "labelled": _lengths([(one.truth, one.recording.fps) for one in found]),
        "predicted": _lengths([(one.claims * one.known, one.recording.fps) for one in found]),
    }
    every = np.concatenate(list(lengths.values()))
    low, high = (every.min(), every.max()) if len(every) else (0.1, 1.0)
    edges = np.geomspace(0.9 * low, 1.1 * high, 13)
    names = [f"{seconds:.2g}" for seconds in np.sqrt(edges[:-1] * edges[1:])]
    bars = [
        {
            "type": "bar",
            "x": list(range(len(names))),
            "y": np.histogram(values, edges)[0].tolist(),
            "name": f"{name} ({len(values)})",
            "marker": {
                "color": f"var(--{color})",
                "pattern": {
                    "shape": shape,
                    "fgcolor": "var(--page)",
                    "fillmode": "overlay",
                    "size": 6,
                    "solidity": 0.25,
                },
            },
            "customdata": [f"{a:.2g} to {b:.2g} s" for a, b in pairwise(edges)],
            "hovertemplate": f"%{{y}} bouts {name}, %{{customdata}}<extra></extra>",
        }
        for (name, values), color, shape in zip(lengths.items(), ("found", "missed"), ("", "/"), strict=True)
    ]
    layout = {
        "barmode": "group",
        "xaxis": {
            "title": {"text": "length of a bout in seconds"},
            "tickvals": list(range(0, len(names), 2)),
            "ticktext": names[::2],
            "showgrid": False,
        },
        "yaxis": {"title": {"text": "bouts"}, "rangemode": "tozero"},
        **_legend(),
    }
    return Figure(
        id_,
        f"Histogram of bout lengths of {behavior}: {len(lengths['labelled'])} labelled, "
        f"{len(lengths['predicted'])} predicted.",
        "Predicted bouts to the left of the labelled ones are broken up or too short; to the right, several were "
        "joined to one.",
        drawn(bars, layout),
        height=HEIGHT,
    )


def _lengths(labelled: Sequence[tuple[Array, float]]) -> Array:
    """Seconds of all bouts of some labels (frames,) with their frame rates."""
    found = [(bouts(labels), fps) for labels, fps in labelled]
    return np.concatenate([(stops - starts) / fps for (starts, stops), fps in found])


def _log_odds(values: Array) -> Array:
    return np.asarray(np.log(values / (1 - values)))


def _legend() -> dict[str, object]:
    return {"legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}}


def rounded(values: Array, digits: int = 4) -> list[float]:
    plain: list[float] = np.round(np.asarray(values, dtype=np.float64), digits).tolist()
    return plain
