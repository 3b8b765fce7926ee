"""Nothing that is judged was trained on, nor lies near what was."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from harness.errors import HarnessError
from harness.fitting.folds import Folds, make_folds
from harness.recording import Array, Recording, Skeleton, groups_of
from harness.scores.metrics import bouts

FPS = 10.0
LABELS = st.lists(st.tuples(st.integers(1, 12), st.integers(0, 12)), min_size=1, max_size=9)
"""Alternately frames without the behavior and frames with it."""
RARE = st.lists(st.tuples(st.integers(1, 40), st.just(0)), min_size=1, max_size=1)
REACH = st.sampled_from([0.0, 0.03, 0.2, 0.5, 3.0])


def recording(name: str, labels: Sequence[int] | Array) -> Recording:
    keypoints = np.zeros((len(labels), 1, 2, 1), dtype=np.float32)
    return Recording(name, keypoints, Skeleton.unnamed(1), FPS, labels=np.array(labels, dtype=np.int8))


def alternating(runs: Sequence[tuple[int, int]]) -> list[int]:
    return [label for without, behaving in runs for label in [0] * without + [1] * behaving]


def recordings_of(every: Sequence[Sequence[tuple[int, int]]]) -> list[Recording]:
    return [recording(str(place), alternating(runs)) for place, runs in enumerate(every)]


GROUPED = st.lists(LABELS, min_size=2, max_size=9).map(recordings_of).filter(
    lambda recordings: sum(one.positives > 0 for one in recordings) >= 2
)  # fmt: skip
BLOCKED = st.tuples(LABELS, st.lists(RARE, max_size=7), st.integers(0, 7)).map(
    lambda drawn: recordings_of([*drawn[1][: drawn[2]], drawn[0], *drawn[1][drawn[2] :]])
)
EITHER = st.one_of(GROUPED, BLOCKED)


def session_frames(unit: Recording) -> Array:
    return np.arange(unit.first_frame, unit.first_frame + unit.frames)


def in_session(folds: Folds, fold: int) -> set[tuple[int, int]]:
    """Recording and frame of all that may be trained on."""
    return {
        (folds.origins[unit], int(frame))
        for unit, frames in folds.training_frames(fold).items()
        for frame in session_frames(folds.units[unit])[frames]
    }


# Whole or in blocks


@settings(deadline=None)
@given(EITHER, REACH)
def test_every_unit_is_held_out_once(recordings: list[Recording], reach: float) -> None:
    folds = make_folds(recordings, reach)
    assert sorted(unit for fold in folds.held_out for unit in fold) == list(range(len(folds.units)))
    assert all(folds.held_out)


@settings(deadline=None)
@given(EITHER, REACH)
def test_units_are_the_recordings_without_a_frame_lost_or_doubled(recordings: list[Recording], reach: float) -> None:
    folds = make_folds(recordings, reach)
    for place, whole in enumerate(recordings):
        units = [unit for unit, origin in zip(folds.units, folds.origins, strict=True) if origin == place]
        np.testing.assert_array_equal(np.concatenate([session_frames(unit) for unit in units]), np.arange(whole.frames))
        np.testing.assert_array_equal(np.concatenate([unit.known_labels for unit in units]), whole.known_labels)


@settings(deadline=None)
@given(EITHER, REACH, st.integers(0, 50))
def test_all_is_trained_on_but_what_lies_within_the_purge_gap_of_what_is_held_out(
    recordings: list[Recording], reach: float, begins: int
) -> None:
    pieces = [
        recording(one.id, [*np.zeros(begins), *one.known_labels]).cut(begins, begins + one.frames) for one in recordings
    ]
    folds = make_folds(pieces, reach)
    for fold, held_out in enumerate(folds.held_out):
        expected = set()
        for unit in set(range(len(folds.units))) - set(held_out):
            origin, frames = folds.origins[unit], session_frames(folds.units[unit])
            judged = [session_frames(folds.units[other]) for other in held_out if folds.origins[other] == origin]
            apart = np.abs(frames[:, None] - np.concatenate([*judged, [10**9]])).min(axis=1)
            expected |= {(origin, int(frame)) for frame in frames[apart > folds.purge]}
        assert in_session(folds, fold) == expected


# Whole recordings


@settings(deadline=None)
@given(EITHER)
def test_recordings_are_held_out_whole_where_two_or_more_have_positives(recordings: list[Recording]) -> None:
    folds = make_folds(recordings, 1.0)
    enough = sum(one.positives > 0 for one in recordings) >= 2
    assert folds.kind == ("grouped" if enough else "blocked")
    assert not enough or folds.units == tuple(recordings)


def test_up_to_five_recordings_are_left_out_one_by_one() -> None:
    folds = make_folds([recording(str(i), [0, i % 2]) for i in range(5)], 1.0)
    assert folds.held_out == ((0,), (1,), (2,), (3,), (4,))


def smallest_heaviest_group(loads: Sequence[int], groups: int) -> int:
    """The heaviest group's load in the best of all ways to share out `loads`."""

    def best(place: int, sums: tuple[int, ...]) -> int:
        if place == len(loads):
            return max(sums)
        # Groups of equal load are alike, so that one of them stands for all.
        return min(
            best(place + 1, tuple(sorted((*sums[:g], sums[g] + loads[place], *sums[g + 1 :]))))
            for g in {sums.index(value) for value in sums}
        )

    return best(0, (0,) * groups)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=6, max_size=9).filter(lambda loads: sum(n > 0 for n in loads) >= 2))
def test_more_recordings_make_five_groups_nearly_as_even_in_positives_as_can_be(positives: list[int]) -> None:
    folds = make_folds([recording(str(i), [1] * n + [0] * (31 - n)) for i, n in enumerate(positives)], 1.0)
    loads = [sum(positives[unit] for unit in fold) for fold in folds.held_out]
    assert len(loads) == 5
    # Graham 1969: the heaviest first, each to the lightest of m groups, is within 4/3 - 1/(3m) of the best.
    assert max(loads) * 15 <= smallest_heaviest_group(positives, 5) * 19
    assert max(loads) - min(loads) <= max(positives)


def test_groups_of_equal_positives_are_even_in_frames() -> None:
    lengths = [90, 10, 10, 10, 10, 10, 10, 10]
    labels = [[1] + [0] * (length - 1) if place < 5 else [0] * length for place, length in enumerate(lengths)]
    folds = make_folds([recording(str(i), one) for i, one in enumerate(labels)], 1.0)
    frames = [sum(lengths[unit] for unit in fold) for fold in folds.held_out]
    assert sorted(frames) == [10, 20, 20, 20, 90]


# Blocks of one


@settings(deadline=None)
@given(BLOCKED.filter(lambda recordings: max(len(bouts(one.known_labels)[0]) for one in recordings) >= 2))
def test_edges_lie_between_bouts_and_every_block_has_one(recordings: list[Recording]) -> None:
    folds = make_folds(recordings, 0.2)
    blocks = [unit for unit in folds.units if unit.positives]
    count = max(len(bouts(one.known_labels)[0]) for one in recordings)
    assert len(blocks) == min(5, count)
    for before, after in pairwise(blocks):
        assert not (before.known_labels[-1] and after.known_labels[0])
    assert sum(len(bouts(unit.known_labels)[0]) for unit in blocks) == count


def test_blocks_share_the_positives_evenly_where_bouts_allow() -> None:
    folds = make_folds([recording("a", alternating([(7, 3), (1, 3), (20, 3), (5, 3), (1, 3)] * 2))], 0.0)
    assert [unit.positives for unit in folds.units] == [6, 6, 6, 6, 6]


def test_an_edge_lies_halfway_between_two_bouts() -> None:
    folds = make_folds([recording("a", [1, 0, 0, 0, 0, 1, 0])], 0.0)
    assert [unit.frames for unit in folds.units] == [3, 4]


def test_a_block_of_a_piece_knows_its_place_in_the_session() -> None:
    piece = recording("a", alternating([(20, 0), (5, 5), (5, 5), (20, 0)])).cut(20, 40)
    folds = make_folds([piece], 0.0)
    assert [(unit.first_frame, unit.frames, unit.session_frames) for unit in folds.units] == [(20, 12, 60), (32, 8, 60)]


@pytest.mark.parametrize("labels", [[0] * 50, [0] * 20 + [1] * 10 + [0] * 20], ids=["no bout", "one bout"])
def test_one_bout_or_none_makes_five_blocks_of_even_length(labels: list[int]) -> None:
    folds = make_folds([recording("a", labels)], 0.0)
    assert [unit.frames for unit in folds.units] == [10] * 5


def test_a_recording_of_one_frame_can_be_judged_with_nothing_to_train_on() -> None:
    folds = make_folds([recording("a", [1])], 1.0)
    assert folds.training_frames(0) == {}


def test_recordings_without_positives_are_held_out_whole_in_turn_with_the_blocks() -> None:
    source = recording("b", alternating([(5, 5)] * 3))
    folds = make_folds([recording("a", [0] * 9), source, recording("c", [0] * 8)], 0.1)
    assert folds.origins == (1, 1, 1, 0, 2)
    assert folds.held_out == ((0, 3), (1, 4), (2,))
    assert [unit.id for unit in folds.units[3:]] == ["a", "c"]


def test_the_purge_gap_is_as_wide_as_the_widest_window() -> None:
    assert make_folds([recording("a", [0, 1, 0, 1])], 0.25).purge == 5  # 2 x 0.25 s at 10 frames a second
    assert make_folds([recording("a", [0, 1]), recording("b", [0, 1])], 0.25).purge == 0


def test_recordings_of_different_frame_rates_are_judged_each_at_its_own() -> None:
    quick, slow = recording("quick", [0, 1, 1]), replace(recording("slow", [0, 1, 0, 1]), fps=5.0)
    assert make_folds([quick, slow], 1.0).rates == (10.0, 5.0)
    assert make_folds([quick, replace(slow, labels=np.zeros(4, np.int8))], 1.0).purge == 20  # of the one that is cut


# Groups and parts


@st.composite
def in_groups(draw: st.DrawFn) -> list[Recording]:
    recordings = draw(GROUPED)
    names = draw(st.lists(st.sampled_from(["", "x", "y"]), min_size=len(recordings), max_size=len(recordings)))
    return [replace(one, group=name) for one, name in zip(recordings, names, strict=True)]


@given(in_groups())
def test_recordings_of_a_group_are_never_on_both_sides(recordings: list[Recording]) -> None:
    showing = {one.group or one.id for one in recordings if one.positives}
    assume(len(showing) > 1)
    folds = make_folds(recordings, 0.2)
    for fold, held_out in enumerate(folds.held_out):
        out = {folds.units[unit].group for unit in held_out} - {""}
        assert not out & {folds.units[unit].group for unit in folds.training_frames(fold)}
    for name in ("x", "y"):
        assert len({folds.parts[unit] for unit, one in enumerate(folds.units) if one.group == name}) <= 1
    assert sorted(unit for held_out in folds.held_out for unit in held_out) == list(range(len(folds.units)))


@given(EITHER)
def test_few_units_are_each_a_part(recordings: list[Recording]) -> None:
    folds = make_folds(recordings, 0.2)
    assert folds.parts == tuple(range(len(folds.units)))


@pytest.mark.parametrize("blocked", [False, True])
def test_many_units_are_twenty_parts_with_about_as_many_positives(blocked: bool) -> None:
    rng = np.random.default_rng(0)
    recordings = [recording(str(n), (rng.random(60) < 0.3).astype(np.int8) * (not blocked)) for n in range(300)]
    recordings[7] = recording("7", [0, 1] * 30)
    folds = make_folds(recordings, 0.2)
    assert set(folds.parts) == set(range(20))
    assert len(folds.parts) == len(folds.units)
    if not blocked:
        positives = np.bincount(folds.parts, [unit.positives for unit in folds.units])
        assert positives.max() - positives.min() <= 30


def seen_by_pairs(name: str, labels: Sequence[Sequence[int]], group: str = "") -> list[Recording]:
    """Two examples of a recording of two animals."""
    frames = len(labels[0])
    film = Recording(name, np.zeros((frames, 2, 2, 1), np.float32), Skeleton.unnamed(1), fps=10.0, group=group)
    pairs = zip((("a", "b"), ("b", "a")), labels, strict=True)
    film = replace(film, names=("a", "b"))
    return [film.seen_from(*pair, np.array(one, np.int8)) for pair, one in pairs]


def test_both_directions_of_a_pair_are_held_out_together() -> None:
    one, other = seen_by_pairs("one", [[0, 1], [0, 0]]), seen_by_pairs("other", [[0, 0], [1, 0]])
    folds = make_folds([one[0], other[0], one[1], other[1]], 0.0)
    assert (folds.kind, folds.held_out, folds.parts) == ("grouped", ((0, 2), (1, 3)), (0, 1, 0, 1))


def test_blocks_are_cut_through_all_examples_of_a_recording_at_the_same_frames() -> None:
    labels = [[0, 1, 0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0, 1, 0]]
    folds = make_folds(seen_by_pairs("one", labels), 0.05)
    assert (folds.kind, folds.held_out) == ("blocked", ((0, 1), (2, 3)))
    assert [(unit.first_frame, unit.frames) for unit in folds.units] == [(0, 5), (0, 5), (5, 5), (5, 5)]
    assert folds.training_frames(0) == {2: slice(1, 5), 3: slice(1, 5)}  # less a purge gap of one frame, of either


def test_the_recordings_of_the_only_group_that_shows_it_are_held_out_one_by_one() -> None:
    shown = [replace(recording(name, [0, 1, 0]), group="mouse 1") for name in "ab"]
    rest = [replace(recording(name, [0, 0, 0]), group="mouse 2") for name in "cd"]
    folds = make_folds([*shown, *rest], 0.0)
    assert (folds.kind, folds.held_out, folds.purge) == ("blocked", ((0,), (1,), (2,), (3,)), 0)


def test_footage_that_two_recordings_show_is_never_cut() -> None:
    shown, copy = (replace(recording(name, labels), footage="x") for name, labels in (("a", [0, 1]), ("b", [0, 0])))
    with pytest.raises(HarnessError, match=r"^b: held out together with a, but no other recording shows"):
        make_folds([shown, copy], 0.0)


@given(st.lists(st.tuples(*[st.sampled_from(["", "x", "y", "z"])] * 2), min_size=1, max_size=8))
def test_what_hangs_together_in_any_way_is_one_group(marks: list[tuple[str, str]]) -> None:
    recordings = [
        replace(recording(str(place), [0]), group=group, footage=footage)
        for place, (group, footage) in enumerate(marks)
    ]
    reached = [{place} for place in range(len(marks))]
    for _ in marks:  # by brute force: as far as one gets from each by what two have in common
        for one in reached:
            for place in list(one):
                for other, mark in enumerate(marks):
                    if any(one_of and one_of == its for one_of, its in zip(mark, marks[place], strict=True)):
                        one.add(other)
    expected = list(dict.fromkeys(tuple(sorted(one)) for one in reached))
    assert groups_of(recordings) == expected
