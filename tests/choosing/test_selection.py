"""The best trial or an ensemble, and that its score owes nothing to the unit it is judged on."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from harness.choosing.elsewhere import standings
from harness.choosing.selection import (
    BINS,
    CLIP,
    FIRST,
    LIBRARY,
    ROUNDS,
    Evidence,
    Selection,
    blended,
    log_odds,
    select,
)
from harness.fitting.decisions import THRESHOLDS, Candidates, decide
from harness.plugins.loading import load_plugins
from harness.recording import Array
from harness.runs.records import TrialRecord
from harness.scores.metrics import Counts, count, total
from harness.spec import Choice, Decision, PipelineSpec
from tests.toy import neighbors

load_plugins()
CANDIDATES = Candidates(
    (Choice("none"), Choice("mean", {"seconds": 0.5})), (0.0,), (0.0, 0.5), (0.1, 0.3, 0.5, 0.7, 0.9)
)
FEATURES = (Choice("kinematics"),)


def labels_of(units: int, frames: int, seed: int) -> list[Array]:
    chance = np.random.default_rng(seed)
    return [np.repeat(chance.random(frames // 20) < 0.3, 20).astype(np.int8) for _ in range(units)]


def noisy(labels: Sequence[Array], noise: float, seed: int) -> list[Array]:
    """Probabilities that know the labels, through `noise` on their log-odds."""
    chance = np.random.default_rng(seed)
    return [
        (1 / (1 + np.exp(-(2.0 * unit - 1 + chance.normal(0, noise, len(unit)))))).astype(np.float32) for unit in labels
    ]


def record(trial: int, counts: Sequence[Counts], *, baseline: bool = False, error: str | None = None) -> TrialRecord:
    spec = PipelineSpec(() if baseline else FEATURES, Choice("random" if baseline else "extra_trees"))
    decision = None if error else Decision(Choice("none"), 0.5)
    return TrialRecord("groom", trial, "arm", spec, "grouped", 0.1, error, decision, None, tuple(counts), 0.5)


def records_of(probabilities: Sequence[Sequence[Array]], labels: Sequence[Array]) -> list[TrialRecord]:
    return [
        record(trial, [count(one >= 0.5, unit) for one, unit in zip(units, labels, strict=True)])
        for trial, units in enumerate(probabilities)
    ]


def test_blending_averages_log_odds() -> None:
    half, certain = np.array([0.5, 0.2]), np.array([0.9, 0.2])
    assert blended([half, certain], [1, 1]) == pytest.approx([3 / 4, 0.2])  # odds 1 and 9 have the geometric mean 3


def test_a_member_that_counts_twice_is_averaged_twice() -> None:
    half, certain = np.array([0.5, 0.2]), np.array([0.9, 0.2])
    assert blended([half, certain], [2, 1]) == pytest.approx(blended([half, half, certain], [1, 1, 1]))


def test_blending_one_trial_keeps_what_is_not_extreme() -> None:
    values = np.linspace(0.01, 0.99, 50, dtype=np.float32)
    assert blended([values], [1]) == pytest.approx(values, rel=1e-5)


def ensemble(probabilities: Sequence[Sequence[Array]], labels: Sequence[Array]) -> Selection:
    return both(probabilities, labels)["ensemble"]


def both(
    probabilities: Sequence[Sequence[Array]], labels: Sequence[Array], candidates: Candidates = CANDIDATES
) -> dict[str, Selection]:
    records, out_of_fold = records_of(probabilities, labels), dict(enumerate(probabilities))
    return select(evidence(records, out_of_fold, labels), candidates)


def weights(selection: Selection) -> dict[int, int]:
    """Of the members, by trial."""
    return {member.record.trial: member.weight for member in selection.members}


def evidence(
    records: Sequence[TrialRecord], out_of_fold: Mapping[int, Sequence[Array]], labels: Sequence[Array]
) -> Evidence:
    units = range(len(labels))
    return Evidence(records, out_of_fold, labels, [f"recording {unit}" for unit in units], [30.0] * len(units), units)


def test_an_ensemble_of_independent_noise_beats_its_members() -> None:
    labels = labels_of(3, 600, 0)
    probabilities = [noisy(labels, 2.5, seed) for seed in range(1, 31)]
    chosen = both(probabilities, labels, replace(CANDIDATES, thresholds=THRESHOLDS))
    assert chosen["ensemble"].pooled.f1 > chosen["single"].pooled.f1 + 0.05
    assert chosen["ensemble"].average_precision > chosen["single"].average_precision + 0.3


def test_the_single_trial_is_the_one_that_leads() -> None:
    labels = labels_of(3, 600, 0)
    probabilities = [noisy(labels, 0.2 * seed, seed) for seed in range(12, 0, -1)]
    assert weights(both(probabilities, labels)["single"]) == {11: 1}


def test_an_ensemble_of_one_trial_is_that_trial() -> None:
    labels = labels_of(2, 200, 0)
    chosen = both([noisy(labels, 1.0, 0)], labels)
    assert weights(chosen["ensemble"]) == {0: 1}
    assert chosen["ensemble"].counts == chosen["single"].counts


def test_a_selection_comes_back_from_plain_data() -> None:
    labels = labels_of(3, 200, 0)
    probabilities = [noisy(labels, 1.0, trial) for trial in range(12)]
    records = dict(enumerate(records_of(probabilities, labels)))
    chosen = ensemble(probabilities, labels)
    assert Selection.from_json(json.loads(json.dumps(chosen.as_json())), records) == chosen


# By the definition, as loops


def best_of(claims: Sequence[Sequence[Array]], labels: Sequence[Array], units: Sequence[int]) -> int:
    """The decision whose claims, with those of its neighbors, are best on the units; the last of equal ones."""

    def merit(place: int) -> tuple[float, float, int]:
        near = neighbors(place, len(CANDIDATES.thresholds))
        return (*total(count(claims[one][unit], labels[unit]) for unit in units for one in near).score, place)

    return max(range(len(claims)), key=merit)


def cross_fitted(claims: Sequence[Sequence[Array]], labels: Sequence[Array]) -> float:
    """F1 where each unit is claimed by the decision that is best on the others."""
    counts = []
    for judged, truth in enumerate(labels):
        best = best_of(claims, labels, [unit for unit in range(len(labels)) if unit != judged] or [judged])
        counts.append(count(claims[best][judged], truth))
    return total(counts).f1


def at_levels(units: Sequence[Array], labels: Sequence[Array]) -> float:
    """Average precision of mean log-odds (frames,), sorted into `BINS` even steps."""
    steps = [((unit / log_odds(1 - CLIP) + 1) / 2 * (BINS - 1)).astype(int) for unit in units]
    return float(average_precision_score(np.concatenate(labels), np.concatenate(steps)))


def greedy(probabilities: Sequence[Sequence[Array]], labels: Sequence[Array]) -> tuple[int, ...]:
    odds = [[log_odds(unit) for unit in trial] for trial in probabilities]

    def worth(members: Sequence[int]) -> float:
        return at_levels([np.mean([odds[one][unit] for one in members], axis=0) for unit in range(len(labels))], labels)

    library = sorted(range(len(odds)), key=lambda trial: -worth([trial]))[:LIBRARY]
    members = library[: min(FIRST, max(2, len(odds) // 4))]
    steps = [members]
    while len(members) < ROUNDS:
        members = [*members, max(library, key=lambda one: worth([*members, one]))]
        steps.append(members)
    worths = [worth(step) for step in steps]
    return tuple(steps[worths.index(max(worths))])


def leader(probabilities: Sequence[Sequence[Array]], labels: Sequence[Array]) -> tuple[int, ...]:
    decisions = [CANDIDATES[index] for index in range(len(CANDIDATES))]
    worth = [
        cross_fitted([[decide(decision, unit, 30.0) for unit in trial] for decision in decisions], labels)
        for trial in probabilities
    ]
    library = sorted(range(len(worth)), key=lambda one: -at_levels([log_odds(u) for u in probabilities[one]], labels))
    return (max(library, key=lambda trial: worth[trial]),)


def judged(
    way: str, probabilities: Sequence[Sequence[Array]], labels: Sequence[Array], known: Sequence[int]
) -> list[Counts]:
    """Each unit counted by the members and the decision that are chosen where only some units are known."""
    theirs = [labels[unit] for unit in known]
    members = {"single": leader, "ensemble": greedy}[way](
        [[one[unit] for unit in known] for one in probabilities], theirs
    )
    times = Counter(sorted(members))
    blends = [
        blended([probabilities[member][unit] for member in times], list(times.values())) for unit in range(len(labels))
    ]
    claims = [[decide(CANDIDATES[index], blend, 30.0) for blend in blends] for index in range(len(CANDIDATES))]
    return [count(one, truth) for one, truth in zip(claims[best_of(claims, labels, known)], labels, strict=True)]


@pytest.mark.parametrize("way", ["single", "ensemble"])
def test_the_score_is_that_of_the_whole_choice_repeated_without_the_unit(way: str) -> None:
    labels = labels_of(3, 100, 3)
    probabilities = [noisy(labels, noise, 10 + trial) for trial, noise in enumerate(np.linspace(1.5, 4, 5))]
    nested = [judged(way, probabilities, labels, [one for one in range(3) if one != unit])[unit] for unit in range(3)]
    assert list(both(probabilities, labels)[way].counts) == nested


@pytest.mark.parametrize("way", ["single", "ensemble"])
def test_the_honest_score_is_the_whole_choice_repeated_on_what_each_resample_drew(way: str) -> None:
    labels = labels_of(2, 100, 3)
    probabilities = [noisy(labels, noise, 10 + trial) for trial, noise in enumerate(np.linspace(1.5, 4, 5))]
    pooled = Counts()
    for drawn in product(range(2), repeat=2):
        out = [unit for unit in range(2) if unit not in drawn]
        pooled = total([pooled, *(judged(way, probabilities, labels, sorted(set(drawn)))[unit] for unit in out)])
    selection = both(probabilities, labels)[way]
    honest = selection.honest
    assert honest is not None
    assert honest.f1 == pytest.approx(0.4 * pooled.f1 + 0.6 * selection.pooled.f1, abs=1e-9)
    assert honest.low <= honest.f1 <= honest.high


def test_the_labels_of_a_unit_do_not_change_how_it_is_judged() -> None:
    labels = labels_of(3, 400, 5)
    probabilities = [noisy(labels, 1.5, trial) for trial in range(15)]
    records, out_of_fold = records_of(probabilities, labels), dict(enumerate(probabilities))
    other = [labels[0], labels[1], 1 - labels[2]]
    one, two = (select(evidence(records, out_of_fold, truth), CANDIDATES) for truth in (labels, other))
    for way in one:
        assert one[way].counts[2].claimed == two[way].counts[2].claimed


def test_a_baseline_is_exported_only_where_nothing_else_finished() -> None:
    labels = labels_of(2, 200, 0)
    out_of_fold = {0: noisy(labels, 0.1, 0), 1: noisy(labels, 50.0, 1)}
    counts = [
        [count(one >= 0.5, unit) for one, unit in zip(units, labels, strict=True)] for units in out_of_fold.values()
    ]
    lucky, real = record(0, counts[0], baseline=True), record(1, counts[1])

    def chosen(*records: TrialRecord) -> Selection:
        return select(evidence(records, out_of_fold, labels), CANDIDATES)["single"]

    assert weights(chosen(lucky, real)) == {1: 1}
    assert weights(chosen(lucky, record(1, [], error="broken"))) == {0: 1}
    with pytest.raises(ValueError, match="no trial finished"):
        chosen(record(1, [], error="broken"))


# What other behaviors tell


def specs(families: Sequence[str]) -> list[PipelineSpec]:
    return [PipelineSpec(FEATURES, Choice(family)) for family in families]


def advised_by(noise_elsewhere: Mapping[str, tuple[float, float]]) -> Selection:
    """The ensemble of ten trials of two families, by how noisy each was on the two recordings of another behavior."""
    labels, families = labels_of(2, 400, 1), ["extra_trees", "lightgbm"] * 5
    probabilities = [noisy(labels, 2.0, trial) for trial in range(10)]
    pairs = zip(records_of(probabilities, labels), specs(families), strict=True)
    records = [replace(one, spec=spec) for one, spec in pairs]
    theirs = labels_of(2, 400, 2)
    told = [
        [noisy(theirs, noise, 50 + n)[unit] for unit, noise in enumerate(noise_elsewhere[family])]
        for n, family in enumerate(families)
    ]
    elsewhere = [standings(specs(families), told, theirs, ["recording 0", "recording 1"])]
    return select(evidence(records, dict(enumerate(probabilities)), labels), CANDIDATES, elsewhere)["ensemble"]


@pytest.mark.parametrize(("good", "advised"), [("extra_trees", [0, 2]), ("lightgbm", [1, 3])])
def test_other_behaviors_advise_what_was_best_there(good: str, advised: list[int]) -> None:
    noise = {"extra_trees": (4.0, 4.0), "lightgbm": (4.0, 4.0), good: (0.5, 0.5)}
    labels = labels_of(2, 400, 1)
    own = ensemble([noisy(labels, 2.0, trial) for trial in range(10)], labels)
    found = weights(advised_by(noise))
    assert Counter(found) - Counter(weights(own)) == Counter(advised)
    assert sum(found.values()) == sum(weights(own).values()) + len(advised)


def test_a_recording_that_is_judged_has_no_say_for_another_behavior_either() -> None:
    better, worse = (advised_by({"extra_trees": (4.0, 1.0), "lightgbm": (0.5, last)}) for last in (0.1, 9.0))
    assert better.counts[1] == worse.counts[1]
    assert better.counts[0] != worse.counts[0]
