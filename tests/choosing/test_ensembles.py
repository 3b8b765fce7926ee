"""What combining a run's trials is worth is found out once, kept beside them, and forgotten when there are others."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.choosing.ensembles import FILE, Selections, ensemble_rows, ensembles, keep, kept
from harness.choosing.leaderboard import leaderboard
from harness.engines.local import LocalEngine
from harness.errors import HarnessError
from harness.fitting.decisions import Candidates
from harness.recording import Recording
from harness.runs.records import TrialRecord
from harness.runs.store import Run
from harness.scores.metrics import Counts, count
from harness.scores.resampling import resamples
from harness.spec import Choice, Decision, PipelineSpec
from tests.toy import toy_recordings

CANDIDATES = Candidates((Choice("none"),), (0.0,), (0.0,))
BEHAVIORS = ("groom", "chase")
FAMILIES = ("extra_trees", "lightgbm")


def labelled() -> dict[str, list[Recording]]:
    return {name: toy_recordings(3, 200, seed=seed, prefix=name) for seed, name in enumerate(BEHAVIORS)}


def searched(folder: Path, trials: int = 10) -> tuple[Run, list[TrialRecord]]:
    """A run with the probabilities of so many trials for each behavior, which know the labels through noise."""
    run, records = Run(folder), []
    for behavior, recordings in labelled().items():
        for trial in range(trials):
            chance = np.random.default_rng([trial, *behavior.encode()])
            odds = [3.0 * one.known_labels - 2 + chance.normal(0, 2, one.frames) for one in recordings]
            units = [(1 / (1 + np.exp(-each))).astype(np.float32) for each in odds]
            claims = [count(each >= 0.5, one.known_labels) for each, one in zip(units, recordings, strict=True)]
            records.append(record(behavior, trial, claims))
            run.out_of_fold.keep(records[-1], units)
    return run, records


def record(behavior: str, trial: int, counts: Sequence[Counts]) -> TrialRecord:
    family = FAMILIES[trial % 2]
    spec = PipelineSpec((Choice("kinematics"),), Choice(family))
    decision = Decision(Choice("none"), 0.5)
    arm = f"kinematics/{family}"
    resampled = ((0, 0, 0, 0),) * len(resamples(len(counts)).draws)
    known = TrialRecord(behavior, trial, arm, spec, "grouped", 1.5, decision=decision, counts=tuple(counts))
    return replace(known, resampled=resampled)


def found(run: Run, records: Sequence[TrialRecord], workers: int = 1) -> Selections:
    return ensembles(run, records, labelled(), candidates=CANDIDATES, engine=LocalEngine(workers))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, list[TrialRecord], Selections]:
    run, records = searched(tmp_path_factory.mktemp("run"))
    return run, records, found(run, records)


def test_every_behavior_gets_both_ways_whatever_the_workers(made: tuple[Run, list[TrialRecord], Selections]) -> None:
    run, records, selections = made
    assert [(name, list(theirs)) for name, theirs in selections.items()] == [
        (name, ["single", "ensemble"]) for name in BEHAVIORS
    ]
    assert found(run, records, workers=2) == selections


def test_what_is_kept_comes_back_until_there_is_another_trial(tmp_path: Path) -> None:
    run, records = searched(tmp_path, trials=2)
    assert kept(run, records) is None
    selections = found(run, records)
    keep(run, selections, records)
    assert kept(run, records) == selections
    pruned = replace(records[0], trial=99, counts=(), pruned=True)
    failed = replace(records[0], trial=98, counts=(), error="no")
    assert kept(run, [*records, pruned, failed]) == selections
    assert kept(run, [*records, replace(records[0], trial=97)]) is None


def test_what_is_kept_is_not_computed_again(tmp_path: Path) -> None:
    run, records = searched(tmp_path, trials=2)
    selections = found(run, records)
    keep(run, selections, records)
    run.out_of_fold.path("groom", 0).unlink()
    assert found(run, records) == selections


@pytest.mark.parametrize("content", [b"", b"[1]", b"{}", b"\xff"])
def test_a_damaged_file_is_as_good_as_none(content: bytes, tmp_path: Path) -> None:
    run, records = searched(tmp_path, trials=1)
    (tmp_path / FILE).write_bytes(content)
    assert kept(run, records) is None


@pytest.mark.parametrize(
    "behaviors", [None, [], {}, {"groom": {"single": {}}}, {"groom": {"single": {"members": [[7, 1]]}}}]
)
def test_a_file_of_another_shape_is_as_good_as_none(behaviors: object, tmp_path: Path) -> None:
    run, records = searched(tmp_path, trials=1)
    (tmp_path / FILE).write_text(json.dumps({"trials": {"groom": [0], "chase": [0]}, "behaviors": behaviors}))
    assert kept(run, records) is None


def test_behaviors_of_which_no_trial_has_a_score_are_left_out(tmp_path: Path) -> None:
    run, records = searched(tmp_path, trials=1)
    groom, chase = records
    assert list(found(run, [groom, replace(chase, counts=(), error="no")])) == ["groom"]
    assert found(run, [replace(groom, counts=(), pruned=True)]) == {}


def test_missing_probabilities_are_named(tmp_path: Path) -> None:
    run, records = searched(tmp_path, trials=1)
    run.out_of_fold.path("chase", 0).unlink()
    with pytest.raises(HarnessError, match=r"^chase cannot be exported: .*00000\.npy: cannot be read"):
        found(run, records)


def test_a_row_has_the_columns_of_a_pipelines_and_names_its_members(
    made: tuple[Run, list[TrialRecord], Selections],
) -> None:
    _, records, selections = made
    rows = ensemble_rows(selections, records)
    assert list(rows) == list(BEHAVIORS)
    plain = json.loads(json.dumps(rows["groom"].as_json()))
    best = leaderboard([one for one in records if one.behavior == "groom"])[0].as_json()
    assert plain.keys() == best.keys()
    one = selections["groom"]["ensemble"]
    assert (plain["rank"], plain["trial"], plain["model"], plain["folds"]) == (0, None, "ensemble", "grouped")
    assert plain["f1"] == one.pooled.f1
    assert plain["members"] == [
        {
            "trial": member.record.trial,
            "weight": member.weight,
            "features": ["kinematics"],
            "model": FAMILIES[member.record.trial % 2],
        }
        for member in one.members
    ]
    assert plain["seconds"] == 1.5 * len(one.members)


def test_an_ensemble_of_one_trial_has_no_row(tmp_path: Path) -> None:
    run, records = searched(tmp_path, trials=1)
    assert ensemble_rows(found(run, records), records) == {}
