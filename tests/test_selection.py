"""What is exported: the best trial or a blend, and that its score owes nothing to the unit it is judged on."""

from collections.abc import Sequence

import numpy as np
import pytest

from harness.decisions import Candidates, decide
from harness.metrics import Counts, count, total
from harness.recording import Array
from harness.registry import load_plugins
from harness.selection import Selection, best_blend, best_trial, blended, select
from harness.spec import Choice, Decision, PipelineSpec
from harness.store import TrialRecord

load_plugins()
CANDIDATES = Candidates((Choice("none"), Choice("mean", {"seconds": 0.5})), (0.0, 0.5), (0.0, 0.5))
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
    assert blended([half, certain]) == pytest.approx([3 / 4, 0.2])  # odds 1 and 9 have the geometric mean 3


def test_blending_one_trial_keeps_what_is_not_extreme() -> None:
    values = np.linspace(0.01, 0.99, 50, dtype=np.float32)
    assert blended([values]) == pytest.approx(values, rel=1e-5)


def test_the_best_trial_is_judged_by_the_trial_that_is_best_elsewhere() -> None:
    # On the other unit, each trial is what the unit judged would not choose.
    good, bad = Counts(9, 10, 10), Counts(1, 10, 10)
    chosen = best_trial([record(0, [good, bad]), record(1, [bad, good])])
    assert chosen.counts == (bad, bad)
    assert len(chosen.members) == 1


def test_a_blend_of_independent_noise_beats_its_members_and_is_taken() -> None:
    labels = labels_of(3, 600, 0)
    probabilities = [noisy(labels, 2.5, seed) for seed in range(1, 41)]
    records = records_of(probabilities, labels)
    out_of_fold = dict(enumerate(probabilities))
    chosen = select(records, out_of_fold, labels, CANDIDATES, 30.0)
    assert len(chosen.members) == 8
    assert chosen.pooled.f1 > best_trial(records).pooled.f1 + 0.1


def test_one_good_trial_among_bad_ones_is_taken_alone() -> None:
    labels = labels_of(3, 600, 0)
    probabilities = [noisy(labels, 0.1 if seed == 7 else 60.0, seed) for seed in range(40)]
    chosen = select(records_of(probabilities, labels), dict(enumerate(probabilities)), labels, CANDIDATES, 30.0)
    assert [member.trial for member in chosen.members] == [7]


def by_the_definition(probabilities: Sequence[Sequence[Array]], labels: Sequence[Array]) -> list[Counts]:
    """Each unit counted by the blend and decision of the others, written as loops."""
    from sklearn.metrics import average_precision_score

    counts = []
    for judged in range(len(labels)):
        others = [unit for unit in range(len(labels)) if unit != judged]
        truth = np.concatenate([labels[unit] for unit in others])
        precision = [
            average_precision_score(truth, np.concatenate([trial[unit] for unit in others])) for trial in probabilities
        ]
        members = sorted(range(len(probabilities)), key=lambda trial: -precision[trial])[: len(probabilities) // 5]
        blends = [blended([probabilities[member][unit] for member in members]) for unit in range(len(labels))]
        best, chosen = (-1.0, -1.0), None
        for index in range(len(CANDIDATES)):
            decision = CANDIDATES[index]
            pooled = total(count(decide(decision, blends[unit], 30.0), labels[unit]) for unit in others)
            if pooled.score >= best:
                best, chosen = pooled.score, decision
        assert chosen is not None
        counts.append(count(decide(chosen, blends[judged], 30.0), labels[judged]))
    return counts


def test_the_score_of_a_blend_is_that_of_the_whole_choice_repeated_without_the_unit() -> None:
    labels = labels_of(3, 200, 3)
    probabilities = [noisy(labels, noise, 10 + trial) for trial, noise in enumerate(np.linspace(0.5, 4, 11))]
    chosen = best_blend(records_of(probabilities, labels), dict(enumerate(probabilities)), labels, CANDIDATES, 30.0)
    assert list(chosen.counts) == by_the_definition(probabilities, labels)
    assert len(chosen.members) == 2


def test_the_labels_of_a_unit_do_not_change_how_it_is_judged() -> None:
    labels = labels_of(3, 400, 5)
    probabilities = [noisy(labels, 1.5, trial) for trial in range(15)]
    records, out_of_fold = records_of(probabilities, labels), dict(enumerate(probabilities))
    other = [labels[0], labels[1], 1 - labels[2]]
    one, two = (best_blend(records, out_of_fold, truth, CANDIDATES, 30.0) for truth in (labels, other))
    assert one.counts[2].claimed == two.counts[2].claimed


def test_a_baseline_is_exported_only_where_nothing_else_finished() -> None:
    labels = labels_of(2, 200, 0)
    out_of_fold = {0: noisy(labels, 0.1, 0), 1: noisy(labels, 50.0, 1)}
    counts = [
        [count(one >= 0.5, unit) for one, unit in zip(units, labels, strict=True)] for units in out_of_fold.values()
    ]
    lucky, real = record(0, counts[0], baseline=True), record(1, counts[1])

    def chosen(*records: TrialRecord) -> Selection:
        return select(records, out_of_fold, labels, CANDIDATES, 30.0)

    assert [member.trial for member in chosen(lucky, real).members] == [1]
    assert [member.trial for member in chosen(lucky, record(1, [], error="broken")).members] == [0]
    with pytest.raises(ValueError, match="no trial finished"):
        chosen(record(1, [], error="broken"))
