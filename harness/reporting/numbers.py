"""What labels come to, drawn: totals of recordings, shares over time, and what follows what."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.reporting.page import Figure, Section, drawn, joined, nothing, page, plot_text, shown

Rows = Sequence[Mapping[str, Any]]

HEIGHT = 340


def numbers_page(whole: Rows, bins: Rows, transitions: Rows) -> str:
    """The page, of the lines of a summary that are of whole recordings, of stretches of them, and of what follows what.

    Raises `HarnessError` where plotly is not installed.
    """
    behaviors = list(dict.fromkeys(row["behavior"] for row in whole))
    sections = []
    for place, behavior in enumerate(behaviors):
        mine = ([row for row in rows if row["behavior"] == behavior] for rows in (whole, bins))
        figures = tuple(_figures(place, behavior, *mine))
        sections.append(Section(f"behavior-{place}", behavior, joined(map(shown, figures)), figures))
    following = _transitions(behaviors, transitions)
    body = shown(following) if transitions else nothing("No bout follows another.")
    sections.append(Section("transitions", "Transitions", body, (following,) if transitions else ()))
    return page("What labels come to", f"{len({row['recording'] for row in whole}):,} recordings", sections)


def _figures(place: int, behavior: str, whole: Rows, bins: Rows) -> Iterator[Figure]:
    yield Figure(
        f"totals-{place}",
        f"Total time of {behavior} in each recording.",
        "Where detectors labelled, lines reach over what the total truly is in four of five cases.",
        drawn([_totals(whole)], {"yaxis": {"title": {"text": "seconds"}, "rangemode": "tozero"}}),
        height=HEIGHT,
    )
    if bins:
        yield Figure(
            f"shares-{place}",
            f"Share of the time of {behavior}, stretch by stretch.",
            "A line for each recording, and each animal or pair of it.",
            drawn(
                list(_shares(bins)),
                {
                    "xaxis": {"title": {"text": "minutes"}},
                    "yaxis": {"title": {"text": "share of the time"}, "rangemode": "tozero"},
                    "showlegend": False,
                },
            ),
            height=HEIGHT,
        )


def _name(row: Mapping[str, Any]) -> str:
    who = f"{row['agent']} to {row['target']}" if row["target"] else row["agent"]
    return plot_text(f"{row['recording']} {who}".strip())


def _totals(rows: Rows) -> dict[str, Any]:
    bars = {}
    if any(row.get("total_low_s") is not None for row in rows):
        over = [max(0.0, row["total_high_s"] - row["total_s"]) for row in rows]
        under = [max(0.0, row["total_s"] - row["total_low_s"]) for row in rows]
        bars = {"error_y": {"type": "data", "symmetric": False, "array": over, "arrayminus": under}}
    return {
        "type": "bar",
        "x": [_name(row) for row in rows],
        "y": [row["total_s"] for row in rows],
        "customdata": [row["bouts"] for row in rows],
        "marker": {"color": "var(--found)"},
        "hovertemplate": "%{x}: %{y:.1f} s, %{customdata:,} bouts<extra></extra>",
        **bars,
    }


def _shares(rows: Rows) -> Iterator[dict[str, Any]]:
    for name in dict.fromkeys(map(_name, rows)):
        mine = [row for row in rows if _name(row) == name]
        yield {
            "type": "scatter",
            "mode": "lines+markers",
            "name": name,
            "x": [(row["start_s"] + row["stop_s"]) / 120 for row in mine],
            "y": [row["share"] for row in mine],
            "line": {"color": "var(--found)", "width": 1},
            "hovertemplate": f"{name}: %{{y:.3f}}<extra></extra>",
        }


def _transitions(behaviors: Sequence[str], rows: Rows) -> Figure:
    counts = dict.fromkeys(((one, other) for one in behaviors for other in behaviors), 0)
    for row in rows:
        counts[row["from"], row["to"]] += row["transitions"]
    names = list(map(plot_text, behaviors))
    heat = {
        "type": "heatmap",
        "x": names,
        "y": names,
        "z": [[counts[one, other] for other in behaviors] for one in behaviors],
        "colorscale": "Blues",
        "hovertemplate": "%{y}, then %{x}: %{z:,}<extra></extra>",
    }
    return Figure(
        "following",
        "How often one behavior was the next to start after another, over all recordings and agents.",
        "Rows are what was before, columns what came after.",
        drawn([heat], {"xaxis": {"title": {"text": "after"}}, "yaxis": {"title": {"text": "before"}}}),
        height=HEIGHT,
    )
