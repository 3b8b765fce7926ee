"""One HTML page from sections of plain data: it opens from disk and asks the network for nothing.

Text is escaped where it enters: everything that is not `Html` is. Figures are described in JSON and drawn by the files
in `script` with plotly, when they are scrolled to; they name their colors as `var(--name)`, which `page.css` gives for
a light and a dark screen.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from harness.errors import HarnessError

Spec = Mapping[str, Any]
"""What a figure shows, for `script`: its `kind`, and what that kind needs."""

SCRIPTS = (
    "theme.js",
    "figures.js",
    "time.js",
    "ethogram.js",
    "test_recordings.js",
    "clips.js",
    "reading.js",
)
"""The files in `script`, which share one scope: each may use at once what those before it make."""


class Html(str):
    """Markup that is safe to put on the page as it is."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """One drawing with a sentence that says how to read it."""

    id: str
    label: str
    """What is drawn, for people who do not see it."""
    caption: str | Html
    spec: Spec
    height: int = 320
    """In pixels."""
    least_width: int = 0
    """In pixels; on a narrower screen it is scrolled sideways."""
    role: str = "img"
    """`group` where there are buttons in it."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page with a place in its table of contents."""

    id: str
    title: str
    body: Html
    figures: tuple[Figure, ...] = ()
    """Those that `body` shows."""


def tag(name: str, *content: str | Html, **attributes: str | int) -> Html:
    """An element; `class_` stands for `class`, and `_` within names for `-`."""
    words = [f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"' for key, value in attributes.items()]
    return Html(f"<{name}{''.join(words)}>{joined(content)}</{name}>")


def joined(content: Iterable[str | Html]) -> Html:
    """The pieces one after another, those that are no markup escaped."""
    return Html("".join(piece if isinstance(piece, Html) else escape(piece) for piece in content))


def table(
    caption: str, header: Sequence[str], rows: Iterable[Sequence[str | Html]], *, numeric: Sequence[str] = ()
) -> Html:
    """A table that scrolls sideways where it is wider than the screen; the first cell of a row names the row."""
    heads = [tag("th", name, scope="col", **({"class_": "number"} if name in numeric else {})) for name in header]
    lines = []
    for row in rows:
        cells = [tag("th", row[0], scope="row")]
        for name, cell in zip(header[1:], row[1:], strict=True):
            cells.append(tag("td", cell, **({"class_": "number"} if name in numeric else {})))
        lines.append(tag("tr", *cells))
    content = tag("table", tag("caption", caption), tag("thead", tag("tr", *heads)), tag("tbody", *lines))
    return tag("div", content, class_="wide", role="region", aria_label=caption, tabindex=0)


def shown(figure: Figure) -> Html:
    """Where a figure is drawn, with its caption below."""
    style = f"height:{figure.height}px" + (f";min-width:{figure.least_width}px" if figure.least_width else "")
    plot = tag("div", class_="plot", role=figure.role, aria_label=figure.label, data_figure=figure.id, style=style)
    if figure.least_width:
        plot = tag("div", plot, class_="wide", role="region", aria_label=figure.label, tabindex=0)
    choice = _choice(figure)
    return tag("figure", choice, plot, tag("figcaption", figure.caption), id=f"figure-{figure.id}")


def _choice(figure: Figure) -> Html:
    """What is shown of a figure that has several versions, for the reader to choose."""
    if figure.spec["kind"] != "choices":
        return Html()
    options = [tag("option", name, value=str(place)) for place, (name, _) in enumerate(figure.spec["choices"])]
    return tag("label", "Show ", tag("select", *options, data_chooses=figure.id), class_="choice")


def choices(specs: Mapping[str, Spec]) -> Spec:
    """A figure with several versions, by what they are called."""
    return {"kind": "choices", "choices": [[name, spec] for name, spec in specs.items()]}


def drawn(data: Sequence[Mapping[str, Any]], layout: Mapping[str, Any]) -> Spec:
    """A figure of plotly: its traces and its layout."""
    return {"kind": "plotly", "data": list(data), "layout": dict(layout)}


def nothing(reason: str) -> Html:
    """What a section without data says."""
    return tag("p", reason, class_="empty")


def plot_text(text: str) -> str:
    """Text for plotly, which reads some markup in it."""
    return escape(text, quote=False)


def page(title: str, about: str, sections: Sequence[Section]) -> str:
    """The whole file. Raises `HarnessError` where plotly is not installed."""
    figures = {figure.id: figure.spec for section in sections for figure in section.figures}
    assert len(figures) == sum(len(section.figures) for section in sections), "two figures have one id"
    links = [tag("li", tag("a", section.title, href=f"#{section.id}")) for section in sections]
    here = files("harness.reporting")
    return Template((here / "page.html").read_text(encoding="utf-8")).substitute(
        title=escape(title),
        about=escape(about),
        contents=joined(links),
        sections="\n".join(map(_section, sections)),
        css=(here / "page.css").read_text(encoding="utf-8"),
        figures=_json(figures),
        plotly=_plotly(),
        script="\n".join((here / "script" / name).read_text(encoding="utf-8") for name in SCRIPTS),
    )


def _section(section: Section) -> Html:
    heading = tag("h2", section.title, id=f"{section.id}-title")
    return tag("section", heading, section.body, id=section.id, aria_labelledby=f"{section.id}-title")


def _json(content: Any) -> str:
    """JSON that ends no script element, whatever names are in it."""
    return json.dumps(content, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _plotly() -> str:
    try:
        from plotly.offline import get_plotlyjs
    except ModuleNotFoundError as error:
        raise HarnessError("a report is drawn with plotly; `pip install 'behavior-harness[report]'`") from error
    return str(get_plotlyjs())
