"""Models that all behaviors share: none has learned, from any behavior, of what it judges."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.fitting.folds import Folds, make_folds
from harness.fitting.shared import SharedFolds
from harness.recording import CALMS21, Recording

FRAMES = 40


def recording(name: str, positives: int, group: str = "") -> Recording:
    """Two bouts, as far as there are positive frames."""
    labels = np.zeros(FRAMES, dtype=np.int8)
    labels[: positives // 2] = labels[20 : 20 + positives - positives // 2] = 1
    poses = np.full((FRAMES, 2, 2, 7), sum(map(ord, name)), dtype=np.float32)
    return Recording(name, poses, CALMS21, labels=labels, group=group)


@st.composite
def runs(draw: st.DrawFn) -> dict[str, Folds]:
    """Folds of up to four behaviors, of which each knows some of twelve recordings in some groups."""
    groups = draw(st.lists(st.sampled_from(["", "", "a", "b"]), min_size=12, max_size=12))
    found = {}
    for behavior in "pqrs"[: draw(st.integers(1, 4))]:
        known = draw(st.lists(st.integers(0, 11), min_size=2, max_size=9, unique=True))
        positives = draw(st.lists(st.sampled_from([0, 4, 10]), min_size=len(known), max_size=len(known)))
        if not any(positives):
            continue
        # Recordings of the one group that shows a behavior cannot be told from those held out with it.
        theirs = [recording(f"v{one}", count, groups[one]) for one, count in zip(known, positives, strict=True)]
        found[behavior] = make_folds(theirs, 0.05)
    return found


def frames_of(unit: Recording, frames: slice) -> set[tuple[str, int]]:
    return {(unit.source_id, unit.first_frame + frame) for frame in range(frames.start, frames.stop)}


@settings(max_examples=60, deadline=None)
@given(runs())
def test_no_model_has_seen_a_frame_of_what_it_judges_nor_of_its_group(folds: dict[str, Folds]) -> None:
    shared = SharedFolds.of(folds)
    for behavior, own in folds.items():
        assert len(shared.models[behavior]) == len(own.units)
        for unit, model in zip(own.units, shared.models[behavior], strict=True):
            taught = [one for theirs in shared.teaching(model).values() for one in theirs]
            judged = frames_of(unit, slice(0, unit.frames))
            assert not any(judged & frames_of(*one) for one in taught)
            if own.kind == "grouped" and unit.group:
                assert not any(one.group == unit.group for one, _ in taught)


@settings(max_examples=60, deadline=None)
@given(runs())
def test_where_nothing_is_held_back_everything_teaches(folds: dict[str, Folds]) -> None:
    shared = SharedFolds.of(folds)
    every = shared.teaching(99)
    for behavior, own in folds.items():
        assert [(unit.id, frames) for unit, frames in every[behavior]] == [
            (unit.id, slice(0, unit.frames)) for unit in own.units
        ]


def test_behaviors_of_their_own_recordings_keep_what_others_teach() -> None:
    folds = {
        name: make_folds([recording(f"{name}{number}", 6) for number in range(3)], 0.05) for name in ("walk", "rear")
    }
    shared = SharedFolds.of(folds)
    for behavior in folds:
        assert sorted(shared.models[behavior]) == [0, 1, 2]
        for model in range(3):
            assert len(shared.teaching(model)[behavior]) == 2


def test_positives_of_each_behavior_are_spread_over_the_models() -> None:
    """All behaviors know the same seven recordings; each is shown by two of them, one pair after the other."""
    shows = {"a": (0, 1), "b": (1, 2), "c": (3, 4), "d": (5, 6)}
    folds = {
        name: make_folds([recording(f"v{one}", 8 if one in those else 0) for one in range(7)], 0.05)
        for name, those in shows.items()
    }
    shared = SharedFolds.of(folds)
    for behavior, (one, other) in shows.items():
        assert shared.models[behavior][one] != shared.models[behavior][other]


def test_a_recording_that_one_behavior_is_cut_from_teaches_others_beside_the_block_and_its_gap() -> None:
    alone = make_folds([recording("v0", 10), recording("v1", 0)], 0.05)
    assert alone.cut
    whole = make_folds([recording("v0", 6), recording("v2", 6), recording("v3", 6)], 0.05)
    shared = SharedFolds.of({"cut": alone, "whole": whole})
    judged = [place for place, unit in enumerate(alone.units) if unit.source_id == "v0"]
    for place in judged:
        model = shared.models["cut"][place]
        if model == shared.models["whole"][0]:
            continue
        block = alone.units[place]
        taught = [frames_of(*one) for one in shared.teaching(model)["whole"] if one[0].id == "v0"]
        seen = {frame for piece in taught for _, frame in piece}
        around = range(block.first_frame - alone.purge, block.first_frame + block.frames + alone.purge)
        others = {model for model in judged if shared.models["cut"][model] == shared.models["cut"][place]}
        assert not seen & set(around)
        if others == {place}:
            assert seen == set(range(FRAMES)) - set(around)


def test_groups_that_one_behavior_holds_out_together_are_held_out_by_all() -> None:
    folds = {
        "a": make_folds([recording("v0", 6, "cage"), recording("v1", 6), recording("v2", 6)], 0.05),
        "b": make_folds([recording("v3", 6, "cage"), recording("v4", 6)], 0.05),
    }
    shared = SharedFolds.of(folds)
    assert shared.models["a"][0] == shared.models["b"][0]
    taught = shared.teaching(shared.models["a"][0])
    assert {one.id for one, _ in taught["b"]} == {"v4"}
    loose = replace(folds["a"].units[0], group="")
    assert loose.held_with != folds["a"].units[0].held_with
