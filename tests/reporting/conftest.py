"""A small run with names that try to break out of the page, its report, and a browser to open it with."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from harness.cli import main
from tests.challenge_files import write
from tests.toy import toy_recordings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page

SCRIPT = "<script>alert(1)<script>"
"""The files allow no slash in a name; `test_page` closes the element as well."""
IMAGE = '"><img src=x onerror=alert(2)>'
BEHAVIORS = (SCRIPT, "groom & <b>bold")

SEARCH = [
    "search",
    "--data",
    "data",
    "--results",
    "run",
    "--trials",
    "12",
    "--workers",
    "1",
    "--features",
    "kinematics",
]
SEARCH += ["--model", "logistic_regression", "--model", "lightgbm"]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@dataclass(frozen=True)
class Made:
    """A folder with data, a run of them, and a report."""

    folder: Path

    @property
    def report(self) -> Path:
        return self.folder / "report.html"

    @property
    def text(self) -> str:
        return self.report.read_text(encoding="utf-8")

    @property
    def figures(self) -> dict[str, Any]:
        return figures_of(self.text)


def figures_of(text: str) -> dict[str, Any]:
    """What the figures of a page are drawn from."""
    content = text.partition('<script id="figures" type="application/json">')[2].partition("</script>")[0]
    figures: dict[str, Any] = json.loads(content)
    return figures


def entry(recording: Any, positive: bool) -> dict[str, Any]:
    labels = recording.labels if positive else np.zeros(recording.frames, dtype=np.int8)
    return {"keypoints": recording.keypoints, "annotations": labels}


def write_data(folder: Path) -> None:
    """Two behaviors: one in three recordings, one in a single recording of two, and two test recordings."""
    one, two, three, four, five, six, seven = toy_recordings(7, 400, seed=3)
    train = {
        "vocabulary": list(BEHAVIORS),
        BEHAVIORS[0]: {IMAGE: entry(one, True), "b": entry(two, True), "c": entry(three, True)},
        BEHAVIORS[1]: {"d": entry(four, True), "e": entry(five, False)},
    }
    write(folder, train, {IMAGE: {"keypoints": six.keypoints}, "y": {"keypoints": seven.keypoints}})


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A search, an export and a report, through the command line."""
    folder = tmp_path_factory.mktemp("reported")
    with pytest.MonkeyPatch.context() as shell:
        for name in ("HARNESS_DATA", "HARNESS_RESULTS"):
            shell.delenv(name, raising=False)
        shell.chdir(folder)
        shell.setenv("HARNESS_CACHE", str(folder / "cache"))
        write_data(folder / "data")
        assert main(SEARCH) == 0
        assert main(["export-best", "--workers", "1"]) == 0
        assert main(["report"]) == 0
    return Made(folder)


@pytest.fixture
def at(made: Made, monkeypatch: pytest.MonkeyPatch) -> Made:
    """The same, as the folder that commands are given in."""
    for name in ("HARNESS_DATA", "HARNESS_RESULTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HARNESS_CACHE", str(made.folder / "cache"))
    monkeypatch.chdir(made.folder)
    return made


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install '.[test]'")
    if CHROMIUM is None:
        pytest.skip("needs a browser: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        # Neither a graphics card nor much shared memory is to be had on every machine.
        options = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


@dataclass
class Opened:
    """A page on the screen, and all that went wrong with it so far."""

    page: "Page"
    wrong: list[str] = field(default_factory=list)

    def draw_all(self) -> None:
        """Scroll down until every figure was drawn."""
        for number in range(self.page.locator(".plot").count()):
            self.page.evaluate("n => document.querySelectorAll('.plot')[n].scrollIntoView()", number)
            self.page.wait_for_function("n => document.querySelectorAll('.plot')[n].dataset.drawn", arg=number)

    def value(self, script: str) -> Any:
        return self.page.evaluate(script)


Open = Callable[..., Opened]


@pytest.fixture
def open_page(browser: "Browser") -> Iterator[Open]:
    """Open a file from disk, without a network, and note every complaint, request and dialog."""
    contexts = []

    def open_(path: Path, *, width: int = 1280, scheme: Any = "light", touch: bool = False) -> Opened:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, has_touch=touch, offline=True
        )
        contexts.append(context)
        opened = Opened(context.new_page())

        def refuse(dialog: "Dialog") -> None:
            opened.wrong.append(dialog.message)
            dialog.dismiss()

        opened.page.set_default_timeout(120_000)
        opened.page.on("console", lambda said: opened.wrong.append(said.text) if said.type == "error" else None)
        opened.page.on("pageerror", lambda error: opened.wrong.append(str(error)))
        opened.page.on("dialog", refuse)
        opened.page.on(
            "request",
            lambda asked: None if asked.url.startswith(("file:", "data:", "blob:")) else opened.wrong.append(asked.url),
        )
        opened.page.goto(path.resolve().as_uri())
        return opened

    yield open_
    for context in contexts:
        context.close()
