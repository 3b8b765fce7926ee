"""What is exported: the best trial or a blend, and that its score owes nothing to the unit it is judged on."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from harness.decisions import Candidates, decide
from harness.elsewhere import standings
from harness.metrics import Counts, count, total
from harness.recording import Array
from harness.registry import load_plugins
from harness.selection import Evidence, Selection, better_ranking, blended, select
from harness.spec import Choice, Decision, PipelineSpec
from harness.store import TrialRecord

load_plugins()
CANDIDATES = Candidates((Choice("none"), Choice("mean", {"seconds": 0.5})), (0.0, 0.5), (0.0, 0.5))
FEATURES = (Choice("kinematics"),)
OWN_RANKINGS = ("f1", "average_precision")
"""Those that look at the behavior's own trials."""


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
    assert blended([half, certain]) == pytest.approx([3 / 4, 0.2])  # odds 1 and 9 have the geometric mean 3


def test_blending_one_trial_keeps_what_is_not_extreme() -> None:
    values = np.linspace(0.01, 0.99, 50, dtype=np.float32)
    assert blended([values]) == pytest.approx(values, rel=1e-5)


def chosen_by(ranking: str, probabilities: Sequence[Sequence[Array]], labels: Sequence[Array]) -> Selection:
    records, out_of_fold = records_of(probabilities, labels), dict(enumerate(probabilities))
    return select(evidence(records, out_of_fold, labels), CANDIDATES, ranking=ranking)


def evidence(
    records: Sequence[TrialRecord], out_of_fold: Mapping[int, Sequence[Array]], labels: Sequence[Array]
) -> Evidence:
    return Evidence(records, out_of_fold, labels, [f"recording {unit}" for unit in range(len(labels))], 30.0)


@pytest.mark.parametrize(("ranking", "members"), [("f1", 5), ("average_precision", 8)])
def test_a_blend_of_independent_noise_beats_its_members(ranking: str, members: int) -> None:
    labels = labels_of(3, 600, 0)
    probabilities = [noisy(labels, 2.5, seed) for seed in range(1, 41)]
    chosen = chosen_by(ranking, probabilities, labels)
    assert len(chosen.members) == members
    assert chosen.pooled.f1 > max(member.pooled.f1 for member in chosen.members) + 0.1


def test_members_are_the_best_trials_best_first() -> None:
    labels = labels_of(3, 600, 0)
    probabilities = [noisy(labels, 0.2 * seed, seed) for seed in range(12, 0, -1)]
    for ranking in OWN_RANKINGS:
        assert [member.trial for member in chosen_by(ranking, probabilities, labels).members] == [11, 10]


def test_a_fifth_of_the_trials_is_blended_at_most_and_one_at_least() -> None:
    labels = labels_of(2, 200, 0)
    probabilities = [noisy(labels, 1.0, seed) for seed in range(11)]
    for trials, members in ((1, 1), (9, 1), (10, 2), (11, 2)):
        assert len(chosen_by("f1", probabilities[:trials], labels).members) == members


def test_the_ranking_with_the_better_mean_over_behaviors_is_taken_the_first_where_they_are_equal() -> None:
    def worth(hits: int) -> Selection:
        return Selection("groom", (), Decision(Choice("none"), 0.5), (Counts(hits, 10, 10),))

    assert (
        better_ranking({"f1": [worth(9), worth(1)], "average_precision": [worth(6), worth(5)]}) == "average_precision"
    )
    assert better_ranking({"f1": [worth(5), worth(5)], "average_precision": [worth(6), worth(4)]}) == "f1"


def by_the_definition(ranking: str, probabilities: Sequence[Sequence[Array]], labels: Sequence[Array]) -> list[Counts]:
    """Each unit counted by the blend and decision of the others, written as loops."""
    from sklearn.metrics import average_precision_score, f1_score

    counts = []
    for judged in range(len(labels)):
        others = [unit for unit in range(len(labels)) if unit != judged]
        truth = np.concatenate([labels[unit] for unit in others])
        pooled = [np.concatenate([trial[unit] for unit in others]) for trial in probabilities]
        if ranking == "f1":
            worth = [f1_score(truth, one >= 0.5) for one in pooled]
        else:
            worth = [average_precision_score(truth, one) for one in pooled]
        members = np.argsort(-np.array(worth), kind="stable")[: len(probabilities) // 5]
        blends = [blended([probabilities[member][unit] for member in members]) for unit in range(len(labels))]
        best, chosen = (-1.0, -1.0), None
        for index in range(len(CANDIDATES)):
            decision = CANDIDATES[index]
            score = total(count(decide(decision, blends[unit], 30.0), labels[unit]) for unit in others).score
            if score >= best:
                best, chosen = score, decision
        assert chosen is not None
        counts.append(count(decide(chosen, blends[judged], 30.0), labels[judged]))
    return counts


@pytest.mark.parametrize("ranking", OWN_RANKINGS)
def test_the_score_of_a_blend_is_that_of_the_whole_choice_repeated_without_the_unit(ranking: str) -> None:
    labels = labels_of(3, 200, 3)
    probabilities = [noisy(labels, noise, 10 + trial) for trial, noise in enumerate(np.linspace(0.5, 4, 11))]
    assert list(chosen_by(ranking, probabilities, labels).counts) == by_the_definition(ranking, probabilities, labels)


def test_the_labels_of_a_unit_do_not_change_how_it_is_judged() -> None:
    labels = labels_of(3, 400, 5)
    probabilities = [noisy(labels, 1.5, trial) for trial in range(15)]
    records, out_of_fold = records_of(probabilities, labels), dict(enumerate(probabilities))
    other = [labels[0], labels[1], 1 - labels[2]]
    one, two = (
        select(evidence(records, out_of_fold, truth), CANDIDATES, ranking="average_precision")
        for truth in (labels, other)
    )
    assert one.counts[2].claimed == two.counts[2].claimed


def test_a_baseline_is_exported_only_where_nothing_else_finished() -> None:
    labels = labels_of(2, 200, 0)
    out_of_fold = {0: noisy(labels, 0.1, 0), 1: noisy(labels, 50.0, 1)}
    counts = [
        [count(one >= 0.5, unit) for one, unit in zip(units, labels, strict=True)] for units in out_of_fold.values()
    ]
    lucky, real = record(0, counts[0], baseline=True), record(1, counts[1])

    def chosen(*records: TrialRecord) -> Selection:
        return select(evidence(records, out_of_fold, labels), CANDIDATES, ranking="f1")

    assert [member.trial for member in chosen(lucky, real).members] == [1]
    assert [member.trial for member in chosen(lucky, record(1, [], error="broken")).members] == [0]
    with pytest.raises(ValueError, match="no trial finished"):
        chosen(record(1, [], error="broken"))


# What other behaviors tell


def specs(families: Sequence[str]) -> list[PipelineSpec]:
    return [PipelineSpec(FEATURES, Choice(family)) for family in families]


def test_the_ranking_by_other_behaviors_takes_what_was_best_there() -> None:
    labels, families = labels_of(2, 400, 1), ["extra_trees", "lightgbm"] * 5
    probabilities = [noisy(labels, 2.0, trial) for trial in range(10)]
    pairs = zip(records_of(probabilities, labels), specs(families), strict=True)
    records = [replace(one, spec=spec) for one, spec in pairs]
    theirs = labels_of(2, 400, 2)
    good = [noisy(theirs, 0.5 if family == "lightgbm" else 4.0, 50 + n) for n, family in enumerate(families)]
    elsewhere = [standings(specs(families), good, theirs, ["a", "b"])]
    known = evidence(records, dict(enumerate(probabilities)), labels)
    chosen = select(known, CANDIDATES, ranking="other_behaviors", elsewhere=elsewhere)
    assert [member.trial for member in chosen.members] == [1, 3]


def test_a_recording_that_is_judged_has_no_say_for_another_behavior_either() -> None:
    labels, families = labels_of(2, 400, 1), ["extra_trees", "lightgbm"] * 5
    probabilities = [noisy(labels, 2.0, trial) for trial in range(10)]
    pairs = zip(records_of(probabilities, labels), specs(families), strict=True)
    records = [replace(one, spec=spec) for one, spec in pairs]
    known = evidence(records, dict(enumerate(probabilities)), labels)

    def chosen(last: float) -> Selection:
        """Where LightGBM is good on the other behavior's first recording, and as given on its last, our last."""
        theirs = labels_of(2, 400, 2)
        good = [
            [noisy(theirs, 0.5 if family == "lightgbm" else 4.0, 50 + n)[0], noisy(theirs, noise, 50 + n)[1]]
            for n, family in enumerate(families)
            for noise in [last if family == "lightgbm" else 1.0]
        ]
        elsewhere = [standings(specs(families), good, theirs, ["recording 0", "recording 1"])]
        return select(known, CANDIDATES, ranking="other_behaviors", elsewhere=elsewhere)

    better, worse = chosen(0.1), chosen(9.0)
    assert better.counts[1] == worse.counts[1]
    assert better.counts[0] != worse.counts[0]
