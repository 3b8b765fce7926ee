"""Parts of recordings that were tracked with different ones, matched by hand."""

import numpy as np

from harness.data.parts import match_parts, taken
from harness.recording import CALMS21, Skeleton

ALL = CALMS21.keypoints


def without(*names: str) -> tuple[str, ...]:
    return tuple(name for name in ALL if name not in names)


def test_recordings_with_all_parts_keep_them_as_they_are() -> None:
    matched = match_parts(CALMS21, [("a", ALL), ("b", ALL)])
    assert (matched.skeleton, matched.notes) == (CALMS21, ())
    keypoints = np.random.default_rng(0).random((5, 2, 2, 7), dtype=np.float32)
    assert taken(keypoints, matched.sources[0]) is keypoints


def test_a_nose_is_the_middle_of_the_ears_else_the_neck_and_a_neck_is_the_middle_of_the_ears() -> None:
    values = np.array([[10.0, 20, 40, 80, 160, 320, 640]], np.float32)  # in the order of CALMS21
    for lacking, wanted in (
        (("nose",), [30, 20, 40, 80, 160, 320, 640]),
        (("neck",), [10, 20, 40, 30, 160, 320, 640]),
        (("nose", "neck"), [30, 20, 40, 30, 160, 320, 640]),
    ):
        matched = match_parts(CALMS21, [("whole", ALL), ("part", without(*lacking))])
        assert matched.skeleton == CALMS21
        has = values[:, [ALL.index(name) for name in without(*lacking)]]
        assert taken(has, matched.sources[1]).tolist() == [wanted]
    matched = match_parts(CALMS21, [("whole", ALL), ("part", without("nose", "left_ear"))])
    assert matched.skeleton.keypoints == without("left_ear")
    has = values[:, [ALL.index(name) for name in without("nose", "left_ear")]]
    assert taken(has, matched.sources[1]).tolist() == [[80, 40, 80, 160, 320, 640]]


def test_a_point_that_is_made_of_one_not_seen_is_not_seen() -> None:
    matched = match_parts(CALMS21, [("part", without("nose"))])
    assert np.isnan(taken(np.array([[np.nan, 40, 80, 160, 320, 640]], np.float32), matched.sources[0])[0, 0])


def test_what_has_no_role_has_nothing_to_stand_for_it() -> None:
    plain = Skeleton(ALL)
    matched = match_parts(plain, [("whole", ALL), ("part", without("nose"))])
    assert matched.skeleton == Skeleton(without("nose"))
    assert matched.notes == ("part nose: not in 1 recording (part), left out of all",)
    assert match_parts(plain, [("a", ("x",)), ("b", ("y",))]).skeleton.keypoints == ()


def test_roles_follow_their_parts() -> None:
    wanted = Skeleton(("tip", "snout", "rump"), {"nose": 1, "tail_base": 2})
    matched = match_parts(wanted, [("a", ("rump", "snout")), ("b", ("tip", "snout", "rump"))])
    assert matched.skeleton == Skeleton(("snout", "rump"), {"nose": 0, "tail_base": 1})
    assert matched.sources == (((1,), (0,)), ((1,), (2,)))
