"""How good the detector of each behavior is, and what to be careful about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.choosing.ensembles import EnsembleRow
from harness.choosing.leaderboard import Row
from harness.fitting.decisions import THRESHOLDS
from harness.recording import Array, Recording
from harness.reporting.detections import Chosen
from harness.reporting.page import Figure, Html, Section, drawn, joined, nothing, plot_text, shown, table, tag
from harness.runs.records import TrialRecord
from harness.scores.amounts import Amounts, held_out_by_group
from harness.scores.honest import Honest
from harness.scores.metrics import Counts, total

HEADER = (
    "behavior",
    "detector",
    "F1",
    "honest F1 (90%)",
    "precision",
    "recall",
    "AP",
    "bout F1",
    "bout precision",
    "bout recall",
    "judged on",
    "trials",
    "time",
)

SHIFT = 2.0
"""A claimed rate this many times the labelled rate, or this much less, is worth a word."""

FEWEST_TRIALS = 10
"""Of fewer trials it cannot be told whether the last of them still improved."""


@dataclass(frozen=True, slots=True)
class Found:
    """All that the summary says of one behavior."""

    behavior: str
    records: Sequence[TrialRecord]
    labelled: Sequence[Recording]
    best: Row | None
    """The leaderboard's first row; None where no trial has a score."""
    ensemble: EnsembleRow | None
    chosen: Chosen | None
    claims: Mapping[str, Array] | None
    """Test recording to labels (frames,), of the submission."""


def summary(found: Sequence[Found]) -> Section:
    """Behaviors by row, and what to be careful about in plain words."""
    if not any(one.best for one in found):
        failed = sum(record.error is not None for one in found for record in one.records)
        reason = "No trial has a score yet; run the search on, then make the report again."
        return Section("summary", "Summary", nothing(f"{failed} trials failed. {reason}" if failed else reason))
    rows = [row for one in found for row in _rows(one)]
    numeric = [name for name in HEADER if name not in ("behavior", "detector", "judged on")]
    figure = scores_figure(found)
    groups = held_out_by_group({one.behavior: Amounts.of(one.labelled) for one in found})
    notes = [tag("li", tag("strong", one.behavior), ": ", warning) for one in found for warning in warnings(one)]
    careful = tag("ul", *notes, class_="warnings") if notes else tag("p", "Nothing stands out.")
    body = joined(
        [
            tag(
                "p",
                "Every score is of recordings that the detector had not seen. F1 weighs missed and wrongly claimed "
                "frames alike: 1 is perfect, 0 finds nothing. Honest F1 also takes out the luck of having picked the "
                "best of many trials, and is what to expect of new recordings like these.",
            ),
            *[tag("p", f"Recordings were {line}.") for line in groups],
            shown(figure),
            table("Detectors by behavior. The one that is exported is marked with ✓.", HEADER, rows, numeric=numeric),
            tag("h3", "What to be careful about"),
            careful,
        ]
    )
    return Section("summary", "Summary", body, (figure,))


def scores_figure(found: Sequence[Found]) -> Figure:
    """F1 and the honest interval of what would be exported, by behavior."""
    names, f1, honest, low, high = [], [], [], [], []
    for one in found:
        scored = _exported(one)
        if scored is None:
            continue
        counts, corrected = scored
        names.append(plot_text(one.behavior))
        f1.append(round(total(counts).f1, 4))
        honest.append(None if corrected is None else round(corrected.f1, 4))
        low.append(0 if corrected is None else round(corrected.f1 - corrected.low, 4))
        high.append(0 if corrected is None else round(corrected.high - corrected.f1, 4))
    interval = {
        "type": "scatter",
        "mode": "markers",
        "x": honest,
        "y": names,
        "name": "honest F1, 90% interval",
        "error_x": {"type": "data", "symmetric": False, "array": high, "arrayminus": low, "thickness": 3, "width": 0},
        "marker": {"color": "var(--found)", "size": 11},
        "hovertemplate": "%{y}: honest F1 %{x:.3f}<extra></extra>",
    }
    score = {
        "type": "scatter",
        "mode": "markers",
        "x": f1,
        "y": names,
        "name": "F1 when held out",
        "marker": {"color": "var(--text)", "size": 11, "symbol": "diamond-open", "line": {"width": 2}},
        "hovertemplate": "%{y}: F1 %{x:.3f}<extra></extra>",
    }
    layout = {
        "xaxis": {"range": [-0.02, 1.02], "title": {"text": "F1"}, "zeroline": False},
        "yaxis": {"autorange": "reversed", "automargin": True, "type": "category"},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    }
    return Figure(
        "scores",
        "Dots with intervals: honest F1 of each behavior, and its F1 on held-out recordings.",
        "Read each row from the dot: that is the F1 to expect of new recordings, and the line is where it lies nine "
        "times in ten; a diamond far to the right of its dot was luck.",
        drawn([interval, score], layout),
        height=130 + 34 * len(names),
    )


def _exported(one: Found) -> tuple[Sequence[Counts], Honest | None] | None:
    """Counts by unit and honest score of what is exported of a behavior."""
    if one.chosen and one.chosen.way == "ensemble" and one.ensemble:
        return one.ensemble.selection.counts, one.ensemble.selection.honest
    return (one.best.best.counts, one.best.honest) if one.best else None


def _rows(one: Found) -> list[list[str | Html]]:
    done = sum(record.complete for record in one.records)
    pruned = sum(record.pruned for record in one.records)
    failed = sum(record.error is not None for record in one.records)
    trials = f"{done} scored" + (f", {pruned} given up" if pruned else "") + (f", {failed} failed" if failed else "")
    spent = duration(sum(record.seconds for record in one.records))
    if one.best is None:
        return [[one.behavior, "nothing yet", *[""] * 9, trials, spent]]
    rows = []
    mark = {"ensemble": "", "leading": ""} | ({one.chosen.way: "✓ "} if one.chosen else {})
    if one.ensemble:
        cells = one.ensemble.as_json()
        what = f"{mark['ensemble']}ensemble of {len(one.ensemble.selection.members)} trials"
        rows.append([one.behavior, what, *_scores(cells, one), "", ""])
    cells, record = one.best.as_json(), one.best.best
    rows.append([one.behavior, f"{mark['leading']}{record.in_words}, trial {record.trial}", *_scores(cells, one)])
    rows[-1] += [trials, spent]
    return [[Html(cell) if isinstance(cell, Html) else str(cell) for cell in row] for row in rows]


def _scores(row: Mapping[str, Any], one: Found) -> list[str]:
    honest = ""
    if row["f1_honest"] is not None:
        honest = f"{row['f1_honest']:.3f} ({row['f1_honest_low']:.2f}–{row['f1_honest_high']:.2f})"
    names = ("precision", "recall", "average_precision", "bout_f1", "bout_precision", "bout_recall")
    amounts = Amounts.of(one.labelled)
    whole = amounts.held_out_whole
    one_alone = "recordings of one group" if whole == "group" else "blocks of one"
    kind = f"{whole}s" if row["folds"] == "grouped" else one_alone
    return [f"{row['f1']:.3f}", honest, *[f"{row[name]:.3f}" for name in names], kind]


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def warnings(one: Found) -> list[str]:
    """What to be careful about with one behavior, in plain words."""
    said = []
    amounts = Amounts.of(one.labelled)
    whole = amounts.held_out_whole
    if amounts.showing < 2:
        many = f"only one labelled {whole} shows it" if amounts.showing else "no labelled recording shows it"
        said.append(f"{many}; label another one to learn how well this carries over.")
    if any(record.folds == "blocked" for record in one.records):
        said.append(
            f"judged on parts of a {whole} whose other parts were learned from (blocked folds), so its scores are "
            "optimistic."
        )
    said += amounts.cautions(one.best.honest if one.best else None)
    said += _shifted(one)
    if one.chosen:
        lowest, highest = min(THRESHOLDS), max(THRESHOLDS)
        if one.chosen.decision.threshold in (lowest, highest):
            end = "lowest" if one.chosen.decision.threshold == lowest else "highest"
            said.append(
                f"its threshold, {one.chosen.decision.threshold:.3g}, is the {end} that is tried; the probabilities "
                "say little, look at the curves."
            )
    said += _improving(one.records)
    if failed := [record for record in one.records if record.error]:
        said.append(f"{len(failed)} of {len(one.records)} trials failed; the first: {failed[0].error}")
    return said


def _shifted(one: Found) -> list[str]:
    if not one.claims:
        return []
    amounts = Amounts.of(one.labelled)
    labelled = amounts.positives / max(1, amounts.frames)
    claimed = sum(int(labels.sum()) for labels in one.claims.values()) / sum(map(len, one.claims.values()))
    if not labelled or 1 / SHIFT <= claimed / labelled <= SHIFT:
        return []
    how = "more" if claimed > labelled else "less"
    return [
        f"claimed on {claimed:.2%} of the frames of the test recordings but labelled on {labelled:.2%}: either it is "
        f"{how} frequent there, or the detector claims too {'much' if how == 'more' else 'little'}."
    ]


def _improving(records: Sequence[TrialRecord]) -> list[str]:
    """Whether the best trial was found in the last fifth of the search."""
    if len(records) < FEWEST_TRIALS:
        return []
    early = len(records) - len(records) // 5
    scored = [record for record in records if record.complete and not record.baseline]
    best = max((record.pooled.f1 for record in scored if record.trial < early), default=0.0)
    last = max((record.pooled.f1 for record in scored if record.trial >= early), default=0.0)
    if last <= best:
        return []
    return [f"the search was still improving in its last fifth (F1 {best:.3f}, then {last:.3f}): more trials may help."]
