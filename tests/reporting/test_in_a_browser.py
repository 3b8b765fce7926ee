"""The page as people see it: a real browser opens it from disk, without a network."""

from pathlib import Path
from typing import Any

import pytest

from tests.reporting.conftest import BEHAVIORS, IMAGE, Made, Open, Opened

SECTIONS = ["summary", "ethogram", "curves", "search", "why", "provenance"]
SCREENS = [(1280, "light"), (1280, "dark"), (390, "light")]
screens = pytest.mark.parametrize(("width", "scheme"), SCREENS, ids=[f"{width}-{scheme}" for width, scheme in SCREENS])


def first_strip(opened: Opened) -> Any:
    figure = opened.page.locator("#figure-ethogram-0-0")
    figure.scroll_into_view_if_needed()
    opened.page.wait_for_function("document.querySelector('[data-figure=\"ethogram-0-0\"]').ready")
    return figure


def shown_range(opened: Opened) -> tuple[float, float]:
    """Of the first recording, in seconds."""
    view = opened.value("document.querySelector('[data-figure=\"ethogram-0-0\"]').view || [0, 400 / 30 * 1000]")
    return view[0] / 1000, view[1] / 1000


@screens
def test_every_figure_is_drawn_without_a_complaint_or_a_request(
    width: int, scheme: str, made: Made, open_page: Open
) -> None:
    opened = open_page(made.report, width=width, scheme=scheme)
    opened.draw_all()
    assert opened.wrong == []
    assert opened.value("[...document.querySelectorAll('main > section')].map((one) => one.id)") == SECTIONS
    empty = "[...document.querySelectorAll('.plot')].filter((one) => !one.querySelector('svg, canvas')).length"
    assert opened.value(empty) == 0
    assert opened.value("document.documentElement.scrollWidth - innerWidth") <= 0
    assert opened.value("document.documentElement.dataset.theme") == scheme
    assert opened.page.locator("text=WebGL is not supported").count() == 0


@screens
def test_no_serious_accessibility_issue_is_found(width: int, scheme: str, made: Made, open_page: Open) -> None:
    axe = pytest.importorskip("axe_playwright_python", reason="needs axe: pip install '.[test]'")
    opened = open_page(made.report, width=width, scheme=scheme)
    opened.draw_all()
    for folded in opened.page.locator("details").all():
        folded.evaluate("(one) => { one.open = true; }")
    opened.page.add_script_tag(content=(Path(axe.__file__).parent / "axe.min.js").read_text(encoding="utf-8"))
    found = opened.value("axe.run().then((found) => found.violations)")
    serious = [
        (one["id"], one["impact"], one["nodes"][0]["html"][:200], one["nodes"][0]["failureSummary"])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_names_are_shown_and_never_run(made: Made, open_page: Open) -> None:
    opened = open_page(made.report)
    opened.draw_all()
    assert opened.wrong == []
    assert opened.value("document.scripts.length") == 3
    assert opened.value("document.querySelectorAll('main img, main b').length") == 0
    headings = opened.value("[...document.querySelectorAll('#ethogram h3, #ethogram h4')].map((h) => h.textContent)")
    assert headings[:2] == [BEHAVIORS[0], IMAGE]
    ticks = opened.value(
        "[...document.querySelectorAll('[data-figure=agreement] .ytick text')].map((t) => t.textContent)"
    )
    assert sorted(ticks) == sorted(BEHAVIORS)


def test_a_bout_says_when_it_was_and_what_it_is(made: Made, open_page: Open) -> None:
    opened = open_page(made.report)
    first_strip(opened)
    spec = made.figures["ethogram-0-0"]
    names = [name for name in ("found", "missed") if spec[name]]
    bars = opened.page.locator("[data-figure='ethogram-0-0'] .bars .point").first
    box = bars.bounding_box()
    assert box is not None
    opened.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    hover = opened.page.locator("[data-figure='ethogram-0-0'] .hoverlayer .hovertext")
    hover.wait_for()
    said = hover.text_content() or ""
    start = spec[names[0]][0] / spec["fps"]
    assert said.startswith(f"{names[0]} {int(start // 60)}:{start % 60:05.2f}"[:-1])
    assert "s)" in said


def test_buttons_zoom_in_time_and_back(made: Made, open_page: Open) -> None:
    opened = open_page(made.report)
    figure = first_strip(opened)
    whole = 400 / 30
    figure.get_by_role("button", name="Zoom in").click()
    opened.page.wait_for_function("document.querySelector('[data-figure=\"ethogram-0-0\"]').view")
    assert shown_range(opened) == pytest.approx((whole / 4, 3 * whole / 4), abs=0.01)
    figure.get_by_role("button", name="Later").click()
    opened.page.wait_for_function("document.querySelector('[data-figure=\"ethogram-0-0\"]').view[0] > 5000")
    assert shown_range(opened) == pytest.approx((whole / 2, whole), abs=0.01)
    figure.get_by_role("button", name="Show the whole recording").click()
    opened.page.wait_for_function("document.querySelector('[data-figure=\"ethogram-0-0\"]').view[0] < 1")
    assert shown_range(opened) == pytest.approx((0, whole), abs=0.01)


def test_dragging_over_a_strip_zooms_there(made: Made, open_page: Open) -> None:
    opened = open_page(made.report)
    first_strip(opened)
    area = opened.page.locator("[data-figure='ethogram-0-0'] .nsewdrag").first.bounding_box()
    assert area is not None
    left, middle = area["x"], area["y"] + area["height"] / 2
    opened.page.mouse.move(left + 0.25 * area["width"], middle)
    opened.page.mouse.down()
    opened.page.mouse.move(left + 0.4 * area["width"], middle, steps=5)
    opened.page.mouse.move(left + 0.5 * area["width"], middle, steps=5)
    opened.page.mouse.up()
    opened.page.wait_for_function("document.querySelector('[data-figure=\"ethogram-0-0\"]').view")
    assert shown_range(opened) == pytest.approx((0.25 * 400 / 30, 0.5 * 400 / 30), abs=0.3)


def test_the_theme_can_be_chosen(made: Made, open_page: Open) -> None:
    opened = open_page(made.report)
    first_strip(opened)
    fills = "getComputedStyle(document.querySelector('[data-figure=\"ethogram-0-0\"] .bars .point path')).fill"
    page = "getComputedStyle(document.body).backgroundColor"
    before = opened.value(fills), opened.value(page)
    opened.page.get_by_role("button", name="Dark").click()
    assert opened.value("document.documentElement.dataset.theme") == "dark"
    after = opened.value(fills), opened.value(page)
    assert all(one != other for one, other in zip(before, after, strict=True))
    opened.page.get_by_role("button", name="Dark").click()
    assert (opened.value(fills), opened.value(page)) == before


def test_a_figure_of_several_versions_shows_the_chosen_one(made: Made, open_page: Open) -> None:
    opened = open_page(made.report)
    opened.page.locator("#figure-heat").scroll_into_view_if_needed()
    opened.page.wait_for_function("document.querySelector('[data-figure=heat]').dataset.drawn")
    choices = made.figures["heat"]["choices"]
    assert [name for name, _ in choices] == list(BEHAVIORS)
    values = "document.querySelector('[data-figure=heat]').data[0].z"
    assert opened.value(values) == choices[0][1]["data"][0]["z"]
    opened.page.locator("[data-chooses=heat]").select_option("1")
    assert opened.value(values) == choices[1][1]["data"][0]["z"]


def test_a_clip_plays_and_stops(made: Made, open_page: Open) -> None:
    opened = open_page(made.report)
    opened.page.locator("#figure-clips-0").scroll_into_view_if_needed()
    canvas = opened.page.locator("#figure-clips-0 canvas").first
    canvas.wait_for()
    picture = "document.querySelector('#figure-clips-0 canvas').toDataURL()"
    still = opened.value(picture)
    button = opened.page.locator("#figure-clips-0 .clip button").first
    button.click()
    assert button.text_content() == "Stop"
    opened.page.wait_for_function(f"(was) => {picture} !== was", arg=still)
    button.click()
    assert button.text_content() == "Play"


def test_a_printed_page_holds_every_figure_on_white(made: Made, open_page: Open, tmp_path: Path) -> None:
    opened = open_page(made.report, scheme="dark")
    opened.page.pdf(path=tmp_path / "page.pdf")
    assert opened.value("document.querySelectorAll('.plot:not([data-drawn])').length") == 0
    assert opened.wrong == []
    assert opened.value("document.documentElement.dataset.theme") == "dark"
    opened.page.emulate_media(media="print")
    assert not opened.page.locator("nav").is_visible()


def test_a_page_is_scrolled_with_a_finger_over_a_figure(made: Made, open_page: Open) -> None:
    opened = open_page(made.report, width=390, touch=True)
    first_strip(opened)
    assert opened.value("matchMedia('(pointer: coarse)').matches")
    assert opened.value("document.querySelector('[data-figure=\"ethogram-0-0\"]').layout.dragmode") is False
