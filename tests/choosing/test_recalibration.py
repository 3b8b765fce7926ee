"""Detectors cut anew on another rig."""

from dataclasses import replace

import numpy as np
import pytest

from harness.choosing.recalibration import recalibrated
from harness.fitting.decisions import NEIGHBORS, Candidates, best_candidate, decide
from harness.plugins.loading import load_plugins
from harness.recording import Array, Recording
from harness.scores.metrics import Counts, count, total
from harness.spec import Choice, Decision
from tests.toy import toy_recordings

load_plugins()

CANDIDATES = Candidates((Choice("none", {}),), (0.0, 0.5), (0.0, 0.3))

OLD = Decision(Choice("none", {}), 0.9)
"""Of the other rig: far too high here."""


def rig(count_: int, seed: int = 0) -> tuple[list[Recording], dict[str, Array]]:
    """Recordings on which probabilities are high where the behavior is, but none reaches what the old decision asks."""
    chance = np.random.default_rng(seed)
    recordings = toy_recordings(count_, 400, seed=seed)
    said = {
        one.id: np.clip(0.45 * one.known_labels + chance.normal(0.1, 0.1, one.frames), 0.001, 0.8).astype(np.float32)
        for one in recordings
    }
    return recordings, said


def table_by_hand(recordings: list[Recording], said: dict[str, Array]) -> list[list[Counts]]:
    """By recording, what each candidate makes of it."""
    return [
        [count(decide(CANDIDATES[place], said[one.id], one.fps), one.known_labels) for place in range(len(CANDIDATES))]
        for one in recordings
    ]


def test_each_recording_is_judged_by_what_the_others_would_choose() -> None:
    recordings, said = rig(3)
    found = recalibrated(OLD, recordings, said, CANDIDATES)
    assert found is not None
    assert found.before == total(count(decide(OLD, said[one.id], one.fps), one.known_labels) for one in recordings)
    assert found.before.claimed == 0
    assert (found.changed, found.blocked) == (True, False)
    assert found.after.f1 > 0.85
    table = table_by_hand(recordings, said)
    best = max(total(one[place] for one in table).f1 for place in range(len(CANDIDATES)))
    chosen = total(count(decide(found.decision, said[one.id], one.fps), one.known_labels) for one in recordings)
    assert found.after.f1 <= best + 1e-9
    assert chosen.f1 > best - 0.03  # thresholds are chosen by their neighborhood
    assert found.reliability.pooled == found.after
    assert [one.counts.actual for one in found.reliability.held] == [one.positives for one in recordings]
    assert found.reliability.shift > 0


def test_what_judges_a_recording_has_not_seen_its_labels() -> None:
    recordings, said = rig(3, seed=2)
    other = replace(recordings[0], labels=(1 - recordings[0].known_labels).astype(np.int8))
    for labelled in (recordings, [other, *recordings[1:]]):
        found = recalibrated(OLD, labelled, said, CANDIDATES)
        assert found is not None
        table = np.array([[[one.hits, one.claimed] for one in row] for row in table_by_hand(labelled, said)])
        counts = []
        for place, one in enumerate(labelled):
            others = [each for at, each in enumerate(labelled) if at != place]
            best = chosen_by_hand(np.delete(table, place, axis=0).sum(axis=0), sum(each.positives for each in others))
            hits, claimed = table[place, best].tolist()
            counts.append(Counts(hits, claimed, one.positives))
        assert found.after == total(counts)


def chosen_by_hand(counts: Array, positives: int) -> int:
    """The best of hits and claims (candidates, 2), each summed with those of neighboring thresholds."""
    steps = len(CANDIDATES.thresholds)
    around = np.zeros_like(counts)
    for place in range(len(counts)):
        first = place - place % steps
        for offset in range(-NEIGHBORS, NEIGHBORS + 1):
            around[place] += counts[first + min(max(place % steps + offset, 0), steps - 1)]
    return best_candidate(around, (2 * NEIGHBORS + 1) * positives)


def test_where_the_new_decision_is_no_better_the_old_one_stays() -> None:
    recordings, said = rig(2)
    found = recalibrated(OLD, recordings, said, CANDIDATES)
    assert found is not None
    again = recalibrated(found.decision, recordings, said, CANDIDATES)
    assert again is not None
    if not again.changed:
        assert again.decision == found.decision
        assert again.reliability.pooled == again.before


def test_one_recording_is_judged_in_parts_and_none_says_nothing() -> None:
    recordings, said = rig(1)
    found = recalibrated(OLD, recordings, said, CANDIDATES)
    assert found is not None
    assert found.blocked
    assert found.changed
    absent = replace(recordings[0], labels=np.zeros(recordings[0].frames, np.int8))
    assert recalibrated(OLD, [absent], said, CANDIDATES) is None


@pytest.mark.parametrize("count_", [2, 4])
def test_frames_that_nobody_looked_at_do_not_count(count_: int) -> None:
    recordings, said = rig(count_)
    cut = []
    for one in recordings:
        labels = one.known_labels.copy()
        labels[:100] = -1
        cut.append(replace(one, labels=labels))
    found = recalibrated(OLD, cut, said, CANDIDATES)
    assert found is not None
    assert found.after.actual == sum(int((one.known_labels[100:] == 1).sum()) for one in recordings)
    assert [one.frames for one in found.reliability.held] == [300] * count_
