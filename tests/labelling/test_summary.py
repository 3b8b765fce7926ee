"""What labels come to: held against pandas, which knows frames alone."""

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.labelling.summary import Done, bins_of, measures, summary_rows, transition_rows
from harness.labelling.writers.frames import table_of
from harness.scores.metrics import runs
from tests.labelling.test_writers import SCOPES, labelled, write

FPS = 25.0


def by_pandas(table: pd.DataFrame, behavior: str, fps: float, start: int, stop: int) -> dict[str, Any]:
    """From the lines of one animal or pair: each bout is a group of lines with the same number."""
    on = table[behavior] == 1
    number = (on & ~on.shift(fill_value=False)).cumsum().where(on)
    bouts = table.groupby(number)["frame"].agg(["min", "count"])
    started = bouts[(bouts["min"] >= start) & (bouts["min"] < stop)]["count"] / fps
    inside = table[(table["frame"] >= start) & (table["frame"] < stop)]
    first = inside.loc[inside[behavior] == 1, "frame"]
    return {
        "bouts": len(started),
        "total_s": (inside[behavior] == 1).sum() / fps,
        "share": (inside[behavior] == 1).mean(),
        "latency_s": (first.iloc[0] - start) / fps if len(first) else None,
        "mean_bout_s": started.mean() if len(started) else None,
        "median_bout_s": started.median() if len(started) else None,
    }


@pytest.mark.parametrize("seconds", [None, 3.0, 2.5])
def test_the_summary_is_what_pandas_makes_of_the_frames(seconds: float | None) -> None:
    one = labelled("monday", 211, FPS, 3)
    table = table_of(one)
    rows = list(summary_rows([Done(a.behavior, a.agent, a.receiver, a.bouts) for a in one.acts], 211, FPS, seconds))
    bins = 1 if seconds is None else 1 + math.ceil(211 / FPS / seconds)
    assert len(rows) == len(one.acts) * bins
    for row in rows:
        theirs = table[(table["agent"] == row["agent"]) & (table["target"] == row["target"])]
        start, stop = (round(row[name] * FPS) for name in ("start_s", "stop_s"))
        expected = by_pandas(theirs, row["behavior"], FPS, start, stop)
        assert {name: row[name] for name in expected} == pytest.approx(expected)
        assert row["looked_s"] == pytest.approx((stop - start) / FPS)


def test_what_nobody_looked_at_is_no_time_without_the_behavior() -> None:
    one = Done("x", "", "", ((10, 20), (50, 60)), ((0, 30), (50, 70)))
    whole = measures(one, 0, 100, 10.0)
    assert (whole["looked_s"], whole["share"], whole["latency_s"]) == (5.0, 0.4, 1.0)
    later = measures(one, 30, 80, 10.0)
    assert (later["looked_s"], later["share"], later["latency_s"]) == (2.0, 0.5, None)
    nothing = measures(one, 80, 90, 10.0)
    assert (nothing["looked_s"], nothing["share"], nothing["bouts"]) == (0.0, None, 0)


@given(st.lists(st.booleans(), min_size=1, max_size=90), st.floats(0.04, 10))
def test_bins_share_out_bouts_and_time(labels: list[bool], seconds: float) -> None:
    bouts = runs(np.array(labels))
    one = Done("x", "", "", bouts)
    whole, *bins = [measures(one, start, stop, FPS) for _, start, stop in bins_of(len(labels), FPS, seconds)]
    for name in ("bouts", "total_s", "looked_s"):
        assert sum(part[name] for part in bins) == pytest.approx(whole[name])
    edges = [pair for _, *pair in bins_of(len(labels), FPS, seconds)][1:]
    assert edges[0][0] == 0
    assert edges[-1][1] == len(labels)
    assert all(before[1] == after[0] for before, after in pairwise(edges))


def test_what_follows_what_is_counted_for_each_agent() -> None:
    done = [
        Done("sniff", "a", "b", ((0, 5), (20, 25))),
        Done("attack", "a", "b", ((5, 9), (30, 40))),
        Done("sniff", "a", "c", ((42, 50),)),
        Done("sniff", "b", "a", ((1, 2),)),
        Done("groom", "b", "", ((1, 3), (8, 9))),
    ]
    found = {(row["agent"], row["from"], row["to"]): row["transitions"] for row in transition_rows(done)}
    assert found == {
        ("a", "sniff", "attack"): 2,
        ("a", "attack", "sniff"): 2,
        ("b", "sniff", "groom"): 1,  # both begin at once, and sniffing stops first
        ("b", "groom", "groom"): 1,
    }


def test_tables_carry_groups_along_and_say_their_units(tmp_path: Path) -> None:
    one = labelled("monday", 90, FPS, 3)
    about = {"treatment": "drug", "sex": "f", "source": "file.csv", "digest": "abc"}
    object.__setattr__(one.recording, "about", about)
    folder = write(tmp_path / "labels", [one])
    summary = pd.read_csv(folder / "summary.csv")
    assert list(summary)[:4] == ["recording", "group", "treatment", "sex"]
    assert set(summary["treatment"]) == {"drug"}
    units = {"start_s", "stop_s", "total_s", "latency_s", "mean_bout_s", "median_bout_s"}
    assert units < set(summary)
    assert set(summary["behavior"]) == set(SCOPES)
    assert {"transitions", "treatment"} < set(pd.read_csv(folder / "transitions.csv"))
    recordings = pd.read_csv(folder / "recordings.csv").to_dict("records")
    assert [(row["id"], row["frames"], row["fps"], row["source"]) for row in recordings] == [
        ("monday", 90, FPS, "file.csv")
    ]
