"""Roles by the names of parts, and frames of times."""

import math
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.incoming.moments import frame_of, frames_of
from harness.data.incoming.roles import KNOWN, skeleton_of

PROJECTS = {
    ("nose", "leftear", "rightear", "neck", "lefthip", "righthip", "tail"): "nose 0 left_ear 1 right_ear 2 neck 3 "
    "left_hip 4 right_hip 5 tail_base 6",
    ("Nose", "Ear_L", "Ear_R", "TTI", "Head", "Trunk"): "nose 0 left_ear 1 right_ear 2 tail_base 3",
    ("snout", "tailbase", "tail1", "tail2"): "nose 0 tail_base 1",
    ("Left ear", "Right ear", "Base neck", "Base tail", "Mid tail", "Nose"): "left_ear 0 right_ear 1 neck 2 "
    "tail_base 3 nose 5",
    ("L_ear", "R_ear", "rear_paw"): "left_ear 0 right_ear 1",
    ("head", "rear"): "",
    ("top", "body", "tail-m"): "",
    ("nose_1", "Nose", "nose"): "",
}


@pytest.mark.parametrize("parts", PROJECTS, ids=lambda parts: parts[0])
def test_parts_play_the_roles_that_their_names_tell(parts: tuple[str, ...]) -> None:
    found = skeleton_of(parts)
    words = PROJECTS[parts].split()
    assert found.roles == dict(zip(words[::2], map(int, words[1::2]), strict=True))
    assert found.keypoints == parts


@given(st.integers(0, 10**6), st.sampled_from([24.0, 25.0, 29.97, 30.0, 30000 / 1001, 59.94, 120.0]))
def test_the_time_at_which_a_frame_begins_is_of_that_frame(frame: int, fps: float) -> None:
    assert frame_of(frame / fps, fps) == frame


@given(st.floats(0, 1e5), st.sampled_from([25.0, 30.0, 59.94]))
def test_the_frame_of_a_time_is_the_one_that_is_shown(seconds: float, fps: float) -> None:
    exact = Fraction(seconds) * Fraction(fps)
    frame = frame_of(seconds, fps)
    assert frame == math.floor(exact) or (frame == math.floor(exact) + 1 and frame - exact < Fraction(1, 10**5))


def test_a_bout_within_one_frame_keeps_that_one() -> None:
    assert frames_of(1.01, 1.02, 30.0) == (30, 31)
    assert frames_of(1.0, 2.0, 30.0) == (30, 60)
    assert frames_of(512.9999999 / 30, 20.0, 30.0) == (513, 600)
    assert frames_of(3, 3, None) == (3, 4)


def test_the_table_of_the_docs_is_what_is_known() -> None:
    text = (Path(__file__).parents[3] / "docs" / "files.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.split("\n") if line.startswith("| `")]
    written = {role.strip("`"): tuple(names.split(", ")) for role, names in rows if role.strip("`") in KNOWN}
    assert written == KNOWN
