"""Cross-validation end to end: what is learned, from which frames, and what can go wrong."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.columns.cache import BlockCache
from harness.fitting.decisions import Candidates
from harness.fitting.evaluation import (
    MARGIN,
    Outcome,
    Pruned,
    average_precision,
    evaluate,
    evaluate_against,
    lags,
    out_of_fold,
)
from harness.fitting.folds import Folds, make_folds
from harness.fitting.pipeline import FeatureTables, fit_pipeline
from harness.plugins.contract import Columns, FeatureSet, ModelFamily, SequenceFamily
from harness.plugins.loading import load_plugins
from harness.plugins.registry import FEATURES, MODELS
from harness.recording import Array, Recording, Skeleton
from harness.scores.metrics import total
from harness.spec import Choice, PipelineSpec, Preparation
from tests.toy import toy_recordings

load_plugins()

FAMILIES = sorted(name for name, family in MODELS.items() if not isinstance(family, SequenceFamily))
LEARNERS = [name for name in FAMILIES if not MODELS[name].baseline]
CANDIDATES = Candidates((Choice("none"), Choice("mean", {"seconds": 0.5})), (0.0, 0.15), (0.0, 0.15))


def spec_of(family: str) -> PipelineSpec:
    features = () if MODELS[family].baseline else (Choice("social_geometry"),)
    return PipelineSpec(features, Choice(family), Preparation(windows="none"))


def tables(folder: Path, pool: Sequence[Recording] = ()) -> FeatureTables:
    return FeatureTables(BlockCache(folder), tuple(pool))


@pytest.fixture(scope="module")
def grouped() -> Folds:
    return make_folds(toy_recordings(3, 300), 1.0)


@pytest.fixture(scope="module")
def blocked() -> Folds:
    """Blocks of one recording, and another one in which nothing happens."""
    busy, idle = toy_recordings(2, 900)
    return make_folds([busy, replace(idle, labels=0 * idle.known_labels)], 0.5)


# Giving up early


def test_lagging_is_being_worse_by_the_margin_on_every_fold_so_far() -> None:
    assert not lags([], [0.9, 0.9])
    assert not lags([0.1, 0.1], [])
    assert lags([0.9 * (1 - MARGIN) - 0.01], [0.9, 0.1])
    assert not lags([0.9 * (1 - MARGIN) + 0.01], [0.9, 0.1])
    assert not lags([0.1, 0.2], [0.9, 0.1])
    assert lags([0.1, 0.05], [0.9, 0.1])


def test_folds_that_show_nothing_do_not_count_against_a_trial() -> None:
    assert not lags([0.0], [0.0])
    assert not lags([0.0, 0.4], [0.0, 0.4])
    assert lags([0.0, 0.1], [0.0, 0.4])


def test_a_trial_that_lags_stops_after_the_fold_that_tells(grouped: Folds, tmp_path: Path) -> None:
    spec, once = spec_of("random"), tables(tmp_path)
    whole = evaluate(spec, grouped, once, CANDIDATES, 0)
    assert evaluate_against((1.0, 1.0, 1.0), spec, grouped, once, CANDIDATES, 0) == Pruned(whole.fold_merits[:1])
    # The first fold is better than its rival's; the second settles nothing, however bad.
    unbeaten = evaluate_against((0.001, 1.0, 1.0), spec, grouped, once, CANDIDATES, 0)
    assert isinstance(unbeaten, Outcome)
    assert unbeaten.verdict.counts == whole.verdict.counts


def test_a_folds_merit_is_the_average_precision_of_its_best_stage(grouped: Folds, tmp_path: Path) -> None:
    spec, once = spec_of("lightgbm"), tables(tmp_path)
    stages = out_of_fold(spec, grouped, once, 0)
    assert evaluate(spec, grouped, once, CANDIDATES, 0).fold_merits == tuple(
        max(average_precision(unit.known_labels, units[fold]) for units in stages.values())
        for fold, unit in enumerate(grouped.units)
    )


# What a family is worth


@pytest.fixture(scope="module")
def outcomes(grouped: Folds, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    once = tables(tmp_path_factory.mktemp("once"))
    return {family: evaluate(spec_of(family), grouped, once, CANDIDATES, 0) for family in FAMILIES}


@pytest.mark.parametrize("family", LEARNERS)
def test_a_family_finds_the_planted_behavior(family: str, outcomes: dict[str, Outcome]) -> None:
    assert total(outcomes[family].verdict.counts).f1 > 0.85
    assert outcomes[family].average_precision > 0.9


def test_chance_is_worth_what_claiming_everything_is(grouped: Folds, tmp_path: Path) -> None:
    once = tables(tmp_path)
    outcomes = [evaluate(spec_of("random"), grouped, once, CANDIDATES, 10 * seed) for seed in range(20)]
    frames, positives = (sum(getattr(unit, name) for unit in grouped.units) for name in ("frames", "positives"))
    f1s = [total(outcome.verdict.counts).f1 for outcome in outcomes]
    assert np.mean(f1s) == pytest.approx(2 * positives / (frames + positives), abs=0.05)
    assert np.mean([one.average_precision for one in outcomes]) == pytest.approx(positives / frames, abs=0.03)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_seed_gives_the_same_bits(
    family: str, grouped: Folds, outcomes: dict[str, Outcome], tmp_path: Path
) -> None:
    again = evaluate(spec_of(family), grouped, tables(tmp_path), CANDIDATES, 0)
    assert again.verdict == outcomes[family].verdict
    for one, other in zip(again.out_of_fold, outcomes[family].out_of_fold, strict=True):
        assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("family", FAMILIES)
def test_every_unit_gets_a_probability_on_every_frame(
    family: str, grouped: Folds, outcomes: dict[str, Outcome]
) -> None:
    out = outcomes[family].out_of_fold
    assert [one.shape for one in out] == [(unit.frames,) for unit in grouped.units]
    assert all(one.dtype == np.float32 for one in out)
    assert outcomes[family].verdict.counts[0].actual == grouped.units[0].positives


def test_average_precision_is_the_sum_of_precision_over_steps_of_recall(
    grouped: Folds, outcomes: dict[str, Outcome]
) -> None:
    outcome = outcomes["lightgbm"]
    labels = np.concatenate([unit.known_labels for unit in grouped.units])
    probabilities = np.concatenate(outcome.out_of_fold)
    expected, recalled = 0.0, 0.0
    for threshold in np.unique(probabilities)[::-1]:
        claimed = probabilities >= threshold
        hits = (labels[claimed] == 1).sum()
        expected += (hits / labels.sum() - recalled) * hits / claimed.sum()
        recalled = hits / labels.sum()
    assert outcome.average_precision == pytest.approx(expected)


@pytest.mark.parametrize("family", LEARNERS)
@pytest.mark.parametrize("kind", ["grouped", "blocked"])
def test_labels_of_what_is_held_out_change_none_of_its_probabilities(
    family: str, kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    folds: Folds = request.getfixturevalue(kind)
    chance = np.random.default_rng(0)
    relabelled = replace(folds.units[1], labels=chance.permutation(folds.units[1].known_labels))
    other = replace(folds, units=(folds.units[0], relabelled, *folds.units[2:]))
    before, after = (out_of_fold(spec_of(family), one, tables(tmp_path), 0) for one in (folds, other))
    assert before.keys() == after.keys()
    for rounds in before:
        np.testing.assert_array_equal(before[rounds][1], after[rounds][1])
        assert not np.array_equal(before[rounds][0], after[rounds][0])  # which was trained on those labels


# Frames that are trained on


class Memory:
    """A model family that keeps what it was given to learn from."""

    def __init__(self) -> None:
        self.seeds: list[int] = []
        self.learned: list[tuple[Array, Array]] = []

    def __call__(self, seed: int) -> "Memory":
        self.seeds.append(seed)
        return self

    def fit(self, X: Array, y: Array) -> None:
        self.learned.append((X.copy(), y.copy()))

    def predict_proba(self, X: Array) -> Array:
        return np.full((len(X), 2), 0.5)


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    """The family `memory`, and the feature set `where` that says which recording and which frame of it a row is of."""
    family = Memory()
    monkeypatch.setitem(MODELS, "memory", ModelFamily("memory", family))
    monkeypatch.setitem(FEATURES, "where", FeatureSet("where", where))
    return family


def where(recording: Recording) -> Columns:
    return {"recording": recording.keypoints[:, 0, 0, 0], "frame": recording.keypoints[:, 0, 1, 0]}


def numbered(place: int, labels: Sequence[int]) -> Recording:
    frames = np.arange(len(labels))
    keypoints = np.stack([np.full_like(frames, place), frames], axis=1)[:, None, :, None].astype(np.float32)
    return Recording(str(place), keypoints, Skeleton.unnamed(1), 10.0, labels=np.array(labels, dtype=np.int8))


def learned_by(memory: Memory, folds: Folds, negatives: int, folder: Path) -> list[dict[tuple[int, int], int]]:
    """For each fold, recording and frame of all that was learned from, with the label given for it."""
    spec = PipelineSpec((Choice("where"),), Choice("memory"), Preparation(windows="none", negatives=negatives))
    evaluate(spec, folds, tables(folder), CANDIDATES, 7)
    return [
        {(int(row[0]), int(row[1])): int(label) for row, label in zip(X, y, strict=True)} for X, y in memory.learned
    ]


def test_folds_learn_from_other_recordings_and_from_the_right_labels(memory: Memory, tmp_path: Path) -> None:
    labels = [[0, 1, 0, 0], [1, 1, 0], [0, 0, 1, 1, 0]]
    folds = make_folds([numbered(place, one) for place, one in enumerate(labels)], 1.0)
    assert learned_by(memory, folds, 1, tmp_path) == [
        {(place, frame): label for place, one in enumerate(labels) if place != out for frame, label in enumerate(one)}
        for out in range(3)
    ]
    assert memory.seeds == [7, 8, 9]


def test_blocks_learn_from_nothing_within_the_purge_gap(memory: Memory, tmp_path: Path) -> None:
    labels = ([0] * 20 + [1] * 10) * 3
    folds = make_folds([numbered(0, labels), numbered(1, [0] * 30)], 0.3)
    assert folds.purge == 6
    assert [(unit.first_frame, unit.frames) for unit in folds.units] == [(0, 40), (40, 30), (70, 20), (0, 30)]
    idle = {(1, frame): 0 for frame in range(30)}
    assert learned_by(memory, folds, 1, tmp_path) == [
        {(0, frame): labels[frame] for frame in range(46, 90)},
        {(0, frame): labels[frame] for frame in [*range(34), *range(76, 90)]} | idle,
        {(0, frame): labels[frame] for frame in range(64)} | idle,
    ]


def test_frames_without_the_behavior_are_thinned_and_those_with_it_kept(memory: Memory, tmp_path: Path) -> None:
    labels = np.zeros(1000, dtype=np.int8)
    labels[500:530] = 1
    idle = [0] * 2000
    folds = make_folds([numbered(0, [0, 1]), numbered(1, labels.tolist()), numbered(2, idle)], 0.0)
    learned = learned_by(memory, folds, 5, tmp_path)[0]
    assert [frame for (place, frame), label in learned.items() if label] == list(range(500, 530))
    # Five for each of 30; the recording without any counts as if it had as many.
    others = [[frame for (one, frame), label in learned.items() if one == place and not label] for place in (1, 2)]
    assert [len(frames) for frames in others] == [150, 150]
    assert others[1] == [round(i * 1999 / 149) for i in range(150)]
    assert max(np.diff([frame - 30 * (frame > 500) for frame in others[0]])) <= 7


def test_however_rare_a_behavior_a_hundred_frames_without_it_are_kept(memory: Memory, tmp_path: Path) -> None:
    folds = make_folds([numbered(0, [0, 1]), numbered(1, [1, *([0] * 500)])], 0.0)
    assert len(learned_by(memory, folds, 5, tmp_path)[0]) == 101


# Blocks stand alone


@pytest.mark.parametrize("windows", ["none", "0.5+2"])
@pytest.mark.parametrize("name", sorted(FEATURES))
def test_no_feature_window_or_filled_gap_crosses_the_edge_of_a_block(
    name: str, windows: str, blocked: Folds, tmp_path: Path
) -> None:
    """What a block's features are does not depend on anything else in its recording."""
    (whole, _) = toy_recordings(2, 900)
    sure = np.random.default_rng(1).random((900, 2, 7)).astype(np.float32)
    whole, block = replace(whole, confidence=sure), blocked.units[1]
    block = replace(block, confidence=sure[block.first_frame : block.first_frame + block.frames])
    last = block.first_frame + block.frames
    keypoints = np.random.default_rng(0).normal(size=whole.keypoints.shape).astype(np.float32)
    keypoints[block.first_frame : last] = whole.keypoints[block.first_frame : last]
    same_block = replace(whole, keypoints=keypoints).cut(block.first_frame, last)
    alone = replace(block, id="alone", keypoints=block.keypoints.copy())
    preparation = Preparation(windows=windows)
    expected, *others = (
        tables(tmp_path / str(i), [whole]).design_matrix(one, [Choice(name)], preparation)
        for i, one in enumerate((alone, block, same_block))
    )
    for other in others:
        np.testing.assert_array_equal(other, expected)


# A training side that cannot be learned from


@pytest.mark.parametrize("family", FAMILIES)
def test_a_training_side_without_positives_predicts_zero_and_does_not_raise(family: str, tmp_path: Path) -> None:
    (recording,) = toy_recordings(1, 300)
    labels = np.zeros(300, dtype=np.int8)
    labels[130:160] = 1  # within the third of five blocks
    folds = make_folds([replace(recording, labels=labels)], 0.1)
    assert [unit.positives for unit in folds.units] == [0, 0, 30, 0, 0]
    outcome = evaluate(spec_of(family), folds, tables(tmp_path), CANDIDATES, 0)
    assert (outcome.out_of_fold[2] == 0).all()
    assert outcome.verdict.counts[2].actual == 30


def test_a_behavior_that_never_happens_scores_zero_and_does_not_raise(tmp_path: Path) -> None:
    recordings = [replace(one, labels=0 * one.known_labels) for one in toy_recordings(2, 120)]
    outcome = evaluate(spec_of("lightgbm"), make_folds(recordings, 0.1), tables(tmp_path), CANDIDATES, 0)
    assert total(outcome.verdict.counts).score == (0.0, 0.0)
    assert outcome.average_precision == 0.0


def test_a_recording_of_one_frame_does_not_raise(tmp_path: Path) -> None:
    (recording,) = toy_recordings(1, 60)
    folds = make_folds([recording.cut(30, 31)], 0.1)
    assert total(evaluate(spec_of("lightgbm"), folds, tables(tmp_path), CANDIDATES, 0).verdict.counts).claimed == 0


@pytest.mark.parametrize(("label", "constant"), [(0, 0.0), (1, 1.0)])
def test_labels_that_are_all_alike_are_learned_as_a_constant(label: int, constant: float, tmp_path: Path) -> None:
    (recording,) = toy_recordings(1, 60)
    alike = replace(recording, labels=np.full(60, label, dtype=np.int8))
    fitted = fit_pipeline(spec_of("lightgbm"), tables(tmp_path), [(alike, slice(0, 60))], 0)
    (probabilities,) = fitted.probabilities(recording).values()
    assert (probabilities == constant).all()


# Models that are wrong


class Wrong:
    """A classifier whose probabilities are spoiled."""

    def __init__(self, spoil: Callable[[Array], Array]) -> None:
        self.spoil = spoil

    def fit(self, X: Array, y: Array) -> None:
        pass

    def predict_proba(self, X: Array) -> Any:
        return self.spoil(np.full((len(X), 2), 0.5))


def with_nan(probabilities: Array) -> Array:
    probabilities[3] = np.nan
    return probabilities


@pytest.mark.parametrize("spoil", [with_nan, lambda probabilities: probabilities[1:]], ids=["NaN", "a frame less"])
def test_a_family_that_gives_no_probability_is_reported(
    spoil: Callable[[Array], Array], grouped: Folds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MODELS, "wrong", ModelFamily("wrong", lambda seed: Wrong(spoil)))
    with pytest.raises(ValueError, match=r"^the model gave no probability for some of the 300 frames of toy-0$"):
        evaluate(spec_of("wrong"), grouped, tables(tmp_path), CANDIDATES, 0)
