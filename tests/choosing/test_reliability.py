"""How far detectors can be trusted, by what was held out."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import harness
from harness.choosing import reliability
from harness.choosing.reliability import PER_SECOND, Held, Reliability, calibrated_without, moved, shift_of
from harness.choosing.selection import log_odds
from harness.labelling.detectors import reliability_in
from harness.recording import UNKNOWN, Array, Recording
from harness.scores.metrics import Counts
from tests.toy import toy_recordings


def unit(labels: Array, fps: float = 30.0) -> Recording:
    recording = toy_recordings(1, len(labels), fps=fps)[0]
    return replace(recording, labels=labels.astype(np.int8))


def drawn(seed: int, frames: int, shift: float) -> tuple[Recording, Array]:
    """Labels that come true as often as probabilities say whose log-odds are `shift` lower, and some unknown ones."""
    chance = np.random.default_rng(seed)
    probabilities = chance.beta(0.3, 2, frames).astype(np.float32)
    labels = (chance.random(frames) < moved(probabilities, shift)).astype(np.int8)
    labels[: frames // 10] = UNKNOWN
    return unit(labels), probabilities


@pytest.mark.parametrize("shift", [-2.0, 0.0, 1.5])
def test_the_shift_is_that_by_which_probabilities_are_off(shift: float) -> None:
    units, probabilities = zip(*(drawn(seed, 40_000, shift) for seed in range(3)), strict=True)
    assert shift_of(units, probabilities) == pytest.approx(shift, abs=0.15)


def test_the_shift_is_the_mode_of_its_posterior() -> None:
    units, probabilities = zip(*(drawn(seed, 300, 1.0) for seed in (1, 2)), strict=True)
    odds, labels = (
        np.concatenate(values) for values in ([log_odds(p) for p in probabilities], [u.labels for u in units])
    )
    known = labels != UNKNOWN
    odds, positive = odds[known], labels[known] == 1
    grid = np.linspace(-4, 4, 8001)
    likelihood = [np.where(positive, -np.logaddexp(0, -odds - s), -np.logaddexp(0, odds + s)).sum() for s in grid]
    best = grid[np.argmax(np.array(likelihood) * PER_SECOND / 30 - grid**2 / 2)]
    assert shift_of(units, probabilities) == pytest.approx(best, abs=1.1e-3)


def test_little_evidence_moves_little_and_none_nothing() -> None:
    short, long = ([drawn(4, frames, 3.0)] for frames in (30, 30_000))
    assert 0 < shift_of(*zip(*short, strict=True)) < 1 < shift_of(*zip(*long, strict=True))
    assert shift_of([], []) == 0
    nobody_looked = unit(np.full(50, UNKNOWN))
    assert shift_of([nobody_looked], [np.full(50, 0.3, np.float32)]) == 0


def test_what_judges_a_recording_has_not_seen_its_labels() -> None:
    units, probabilities = map(list, zip(*(drawn(seed, 400, 1.0) for seed in range(3)), strict=True))
    before = calibrated_without(units, probabilities)
    other = replace(units[0], labels=(1 - np.abs(units[0].known_labels)).astype(np.int8))
    after = calibrated_without([other, *units[1:]], probabilities)
    np.testing.assert_array_equal(before[0], after[0])
    assert not np.array_equal(before[1], after[1])
    np.testing.assert_allclose(before[0], moved(probabilities[0], shift_of(units[1:], probabilities[1:])))
    np.testing.assert_allclose(calibrated_without(units[:1], probabilities[:1])[0], probabilities[0], atol=1e-4)


def held(hits: int, claimed: int, actual: int, frames: int = 1800) -> Held:
    return Held(Counts(hits, claimed, actual), frames, 30.0)


def known(*every: Held) -> Reliability:
    return Reliability(0.0, sum((one.counts for one in every), Counts()), every)


@pytest.mark.parametrize("freedom", [3, 4, 5, 8, 20, 100])
def test_the_quantiles_of_student_are_those_of_scipy(freedom: int) -> None:
    assert reliability.student(0.9, freedom) == pytest.approx(stats.t.ppf(0.9, freedom), abs=0.01)


counts = st.tuples(st.integers(0, 900), st.integers(0, 900), st.integers(0, 900)).map(
    lambda three: held(min(three), three[1], three[2])
)


@given(st.lists(counts, min_size=1, max_size=6), st.floats(0, 60))
def test_an_interval_lies_in_the_recording(every: list[Held], claimed: float) -> None:
    low, high = known(*every).interval(claimed, 60.0)
    assert 0 <= low <= high <= 60.0


def test_an_interval_is_narrow_where_detectors_were_right_every_time() -> None:
    right = known(*(held(300, 300, 300),) * 4)
    wrong = known(held(300, 300, 900), held(10, 300, 10), held(200, 300, 400), held(0, 300, 100))
    low, high = right.interval(10.0, 60.0)
    assert low < 10 < high
    widths = [one.interval(10.0, 60.0) for one in (right, wrong)]
    assert widths[0][1] - widths[0][0] < 0.6 * (widths[1][1] - widths[1][0])
    assert (right.trusted, wrong.trusted) == (True, False)


def test_where_nothing_is_claimed_something_may_be_missed() -> None:
    missed_a_second = 200 / 1680
    low, high = known(*(held(100, 120, 300),) * 4).interval(0.0, 60.0)
    assert 1 < low < 60 * missed_a_second < high < 20


def test_intervals_hold_the_truth_as_often_as_they_should() -> None:
    chance = np.random.default_rng(0)

    def recording() -> Held:
        actual = int(np.clip(chance.lognormal(np.log(200), 0.7), 5, 900))
        hits = int(actual * chance.beta(12, 4))
        return held(hits, min(1800, hits + int(chance.lognormal(np.log(40), 0.5))), actual)

    inside = []
    for _ in range(400):
        *before, new = (recording() for _ in range(4))
        low, high = known(*before).interval(new.counts.claimed / 30, 60.0)
        inside.append(low <= new.counts.actual / 30 <= high)
    assert np.mean(inside) >= 0.8


def test_kept_models_say_how_far_they_can_be_trusted_and_their_probabilities_are_calibrated(
    toy_models: Path, tmp_path: Path
) -> None:
    shutil.copytree(toy_models / "models", tmp_path / "older")
    plain = json.loads((tmp_path / "older" / "models.json").read_text())
    for one in plain["behaviors"]:
        del one["reliability"]
    (tmp_path / "older" / "models.json").write_text(json.dumps(plain))
    newer, older = (harness.open_detectors(folder) for folder in (toy_models / "models", tmp_path / "older"))
    of = reliability_in(newer.folder)
    assert (list(of), reliability_in(older.folder)) == (newer.behaviors, {})
    assert any(one.shift for one in of.values())
    (recording,) = toy_recordings(1, 240, seed=8)
    (one,), (before,) = (list(each.label([recording], workers=1)) for each in (newer, older))
    for act, raw in zip(one.acts, before.acts, strict=True):
        known = of[act.behavior]
        assert Reliability.from_json(json.loads(json.dumps(known.as_json()))) == known
        np.testing.assert_array_equal(act.labels, raw.labels)
        np.testing.assert_allclose(act.probability, moved(raw.probability, known.shift), atol=1e-6)
        np.testing.assert_array_equal(newer[act.behavior].predict_proba(recording)[:, 1], act.probability)
        assert raw.threshold == pytest.approx(older[act.behavior].decision.threshold)
        assert act.threshold == pytest.approx(moved(np.array([raw.threshold]), known.shift)[0], abs=1e-6)
