"""What happened when, what was found of it, and what the test recordings are said to show."""

import base64
from collections.abc import Mapping, Sequence

import numpy as np

from harness.recording import SCENE, SCOPES, Array, Recording
from harness.reporting.detections import Detection, spans
from harness.reporting.page import Figure, Html, Section, Spec, drawn, joined, nothing, plot_text, shown, tag
from harness.scores.metrics import Counts, bouts, count_bouts, total

TRACE_BYTES = 1_200_000
"""The probabilities of all recordings together are thinned to about so many values."""

Flat = list[int]
"""Starts and stops of bouts in frames, one after another."""


def ethogram(
    found: Mapping[str, Sequence[Detection]],
    behaviors: Sequence[str],
    unlabelled: Sequence[Recording],
    submission: Mapping[str, Mapping[str, Array]] | None,
) -> Section:
    """Labels and out-of-fold claims of every labelled recording, then the claims of a submission."""
    frames = sum(len(one.smoothed) for theirs in found.values() for one in theirs)
    # A bin has a lowest and a highest value.
    size = 1 if frames <= TRACE_BYTES else -(-2 * frames // TRACE_BYTES)
    figures: list[Figure] = []
    body: list[Html] = []
    if found:
        overview = agreement_figure(found)
        figures.append(overview)
        body += [
            tag(
                "p",
                "Each labelled recording as its annotator and the detector saw it. The detector had not seen the "
                "recording, and its cut was chosen on the others.",
            ),
            _legend(),
            shown(overview),
        ]
    else:
        body.append(nothing("No trial has a score yet, so there is nothing to compare the labels with."))
    for place, behavior in enumerate(behaviors):
        if behavior not in found:
            continue
        highest = max(float(one.smoothed.max(initial=0)) for one in found[behavior])
        top = min(1.0, max(highest, *(max(one.thresholds) for one in found[behavior])) * 1.08)
        body.append(tag("h3", behavior, id=f"ethogram-{place}"))
        empty = []
        for number, one in enumerate(found[behavior]):
            if one.recording.scope != SCENE and not _shows_anything(one):  # as most pairs of many animals
                empty.append(one.recording.id)
                continue
            figure = recording_figure(f"ethogram-{place}-{number}", behavior, one, size, top)
            figures.append(figure)
            heading = tag("h4", one.recording.id)
            body.append(tag("div", heading, tag("p", _in_words(one), class_="counts"), shown(figure), class_="strip"))
        if empty:
            body.append(tag("p", f"Never labelled, and never claimed: {', '.join(empty)}.", class_="counts"))
    body.append(tag("h3", "Test recordings", id="ethogram-test"))
    if submission is None:
        body.append(
            nothing(
                "No submission of this run was found. `harness export-best` makes one; `--submission FILE` names one."
            )
        )
    elif not unlabelled:
        body.append(nothing("The data hold no test recordings."))
    else:
        figure = unlabelled_figure([name for name in behaviors if name in submission], unlabelled, submission)
        figures.append(figure)
        body.append(shown(figure))
    return Section("ethogram", "Ethogram", joined(body), tuple(figures))


def _legend() -> Html:
    entries = [("found", "found"), ("missed", "missed"), ("wrong", "claimed wrongly")]
    keys = [tag("li", tag("span", "", class_=f"key {name}", aria_hidden="true"), words) for name, words in entries]
    return tag("ul", *keys, class_="legend", aria_label="Colors")


def _shows_anything(one: Detection) -> bool:
    return bool(one.counts.actual or one.counts.claimed)


def _in_words(one: Detection) -> str:
    frames, of_bouts = one.counts, count_bouts(one.claims, one.truth)
    if not _shows_anything(one):
        return "never labelled, never claimed."
    found = f"{frames.hits:,} of {frames.actual:,} labelled frames found" if frames.actual else "never labelled"
    wrong = f"{frames.claimed - frames.hits:,} claimed wrongly"
    whole = f"; {of_bouts.hits} of {of_bouts.actual} bouts found to at least half" if frames.actual else ""
    return f"{found}, {wrong}{whole}. F1 {frames.f1:.2f}."


def agreement_figure(found: Mapping[str, Sequence[Detection]]) -> Figure:
    """Found, missed and wrongly claimed frames as shares of the labelled ones, by behavior."""
    counts: dict[str, Counts] = {name: total(one.counts for one in theirs) for name, theirs in found.items()}
    parts = {
        "found": ("found", [one.hits for one in counts.values()]),
        "missed": ("missed", [one.actual - one.hits for one in counts.values()]),
        "claimed wrongly": ("wrong", [one.claimed - one.hits for one in counts.values()]),
    }
    bars = [
        {
            "type": "bar",
            "orientation": "h",
            "name": name,
            "y": [plot_text(behavior) for behavior in counts],
            "x": [
                round(part / max(one.actual + one.claimed - one.hits, 1), 4)
                for part, one in zip(values, counts.values(), strict=True)
            ],
            "customdata": values,
            "marker": {"color": f"var(--{color})"},
            "hovertemplate": "%{y}: %{customdata:,} frames " + name + "<extra></extra>",
        }
        for name, (color, values) in parts.items()
    ]
    layout = {
        "barmode": "stack",
        "xaxis": {"tickformat": ".0%", "range": [0, 1], "title": {"text": "share of frames labelled or claimed"}},
        "yaxis": {"autorange": "reversed", "automargin": True, "type": "category"},
        "showlegend": False,
    }
    return Figure(
        "agreement",
        "Bars: frames found, missed and wrongly claimed of each behavior, in all labelled recordings.",
        "Of all frames that were labelled or claimed: blue ones were both, orange ones were missed, and pink ones were "
        "claimed where nothing was labelled.",
        drawn(bars, layout),
        height=90 + 30 * len(counts),
    )


def recording_figure(id_: str, behavior: str, one: Detection, size: int, top: float) -> Figure:
    """Labels above claims, in the colors of what agrees, and the probability below them."""
    positive, claimed, known = one.truth == 1, one.claims == 1, one.known
    spec = {
        "kind": "ethogram",
        "fps": one.recording.fps,
        "frames": len(one.claims),
        "found": flat(positive & claimed),
        "missed": flat(positive & ~claimed),
        "wrong": flat(claimed & known & ~positive),
        "unknown": flat(~known),
        "unjudged": flat(claimed & ~known),
        "trace": trace(one.smoothed, size),
        "top": round(top, 4),
        # Blocks may have thresholds of their own.
        "thresholds": [
            [start, stop, threshold]
            for start, stop, threshold in zip(
                (0, *one.edges), (*one.edges, len(one.claims)), one.thresholds, strict=True
            )
        ],
        "edges": list(one.edges),
    }
    counts = one.counts
    label = (
        f"Labels and predictions of {behavior} in {one.recording.id}: {counts.hits} frames found, "
        f"{counts.actual - counts.hits} missed, {counts.claimed - counts.hits} claimed wrongly."
    )
    caption = (
        "Above, what was labelled by hand; in the middle, what is predicted; below, the probability, claimed where it "
        "reaches the dashed line."
    )
    if not known.all():
        label += f" Nobody looked at {(~known).sum()} frames."
        caption += " Gray: nobody looked there, so that predictions are neither right nor wrong."
    if one.edges:
        caption += " Dotted lines: parts that were held out one by one."
    return Figure(id_, label, caption, spec, height=230)


def flat(labels: Array) -> Flat:
    """The bouts of labels (frames,) as one list."""
    starts, stops = bouts(labels)
    both: Flat = np.stack([starts, stops], axis=1).ravel().tolist()
    return both


def trace(values: Array, size: int) -> Spec:
    """Probabilities (frames,) as bytes of 1/255, of every bin of `size` frames the lowest and the highest."""
    steps = np.round(255 * np.clip(values, 0, 1)).astype(np.uint8)
    if size == 1:
        return {"bin": 1, "high": _text(steps)}
    starts = np.arange(0, len(steps), size)
    low, high = (extreme.reduceat(steps, starts) if len(steps) else steps for extreme in (np.minimum, np.maximum))
    return {"bin": size, "low": _text(low), "high": _text(high)}


def _text(values: Array) -> str:
    return base64.b64encode(values.tobytes()).decode("ascii")


def _claims(labels: Mapping[str, Array], recording: Recording) -> Array:
    """Where anybody does it in the recording (frames,), by labels of it or of its examples."""
    ids = [example.id for scope in SCOPES for example in recording.examples(scope)]
    nowhere = np.zeros(recording.frames, dtype=np.int8)
    return np.asarray(np.max([nowhere, *(labels[one] for one in ids if one in labels)], axis=0))


def unlabelled_figure(
    behaviors: Sequence[str], unlabelled: Sequence[Recording], submission: Mapping[str, Mapping[str, Array]]
) -> Figure:
    """Every test recording in one row, its behaviors above one another in it."""
    spec = {
        "kind": "tests",
        "recordings": [one.id for one in unlabelled],
        "fps": [one.fps for one in unlabelled],
        "frames": [one.frames for one in unlabelled],
        "behaviors": list(behaviors),
        "bouts": [[flat(_claims(submission[name], one)) for one in unlabelled] for name in behaviors],
    }
    claimed = sum(len(spans(labels)) for theirs in submission.values() for labels in theirs.values())
    return Figure(
        "tests",
        f"Predicted bouts of {len(behaviors)} behaviors in {len(unlabelled)} test recordings, {claimed} in all.",
        "One row for each test recording, with a lane for each behavior in the order of the legend; the gray field is "
        "as long as the recording.",
        spec,
        height=min(len(unlabelled), 20) * (12 + 5 * len(behaviors)) + 120,
    )
