"""What is shown of something that takes its time, on a terminal and where there is none."""

import os
import pty
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from threading import Event

import pytest

from harness.engines.interface import in_turn
from harness.showing import steps
from harness.showing.steps import Steps


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "PATIENCE", 0.2)
    monkeypatch.setattr(steps, "BETWEEN", 0.2)


def test_what_is_over_soon_is_not_spoken_of(capsys: pytest.CaptureFixture[str]) -> None:
    with Steps(shown=True) as told:
        told("labelling", 1, 2, "recording")
    assert capsys.readouterr().err == ""


def test_without_a_terminal_there_is_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    with Steps(shown=True) as told:
        told("ensembles", 0, 7, "behavior")
        time.sleep(0.3)
        told("ensembles", 3, 7, "behavior")
        time.sleep(0.3)
    first, second, *_ = capsys.readouterr().err.splitlines()
    assert first == "ensembles: 0 of 7 behaviors, 0:00:00 so far"
    assert second.startswith("ensembles: 3 of 7 behaviors, 0:00:0")
    assert second.endswith(" left")


def test_nothing_is_shown_where_nobody_asked(capsys: pytest.CaptureFixture[str]) -> None:
    with Steps(shown=False) as told:
        told("ensembles", 0, 7, "behavior")
        time.sleep(0.5)
    assert capsys.readouterr().err == ""


def test_on_a_terminal_the_line_moves_and_is_gone_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setenv("TERM", "xterm")
        with Steps(shown=True) as told:
            for done in range(3):
                told("labelling", done, 200, "recording")
                time.sleep(0.4)
        terminal.flush()
        os.set_blocking(ours, False)
        written = ""
        with suppress(BlockingIOError):
            while True:
                written += os.read(ours, 65536).decode()
    os.close(ours)
    assert "labelling: 1 of 200 recordings, 0:0" in written
    assert "labelling: 2 of 200 recordings, 0:0" in written
    assert "\x1b[2K" in written.rpartition("left")[2]  # the last line is wiped


def test_futures_come_in_their_order_and_all_that_are_done_are_counted() -> None:
    heard: list[int] = []
    last = Event()

    def told(what: str, done: int, of: int, unit: str) -> None:
        assert (what, of, unit) == ("fitting", 3, "model")
        heard.append(done)
        if done == 2:  # the two after the first
            last.set()

    with ThreadPoolExecutor(3) as pool:
        futures: list[Future[object]] = [pool.submit(last.wait, 30), pool.submit(int), pool.submit(int)]
        assert [future.result() for future in in_turn(futures, told, "fitting", "model")] == [True, 0, 0]
    assert heard[0] == 0
    assert 2 in heard
    assert heard[-1] == 3
