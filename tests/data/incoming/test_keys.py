"""Which file is of which video."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.incoming.keys import Pattern, match, video_of

NAMES = {
    "mouse7DLC_dlcrnetms5_projectSep24shuffle1_100000_el_filtered.csv": "mouse7",
    "mouse7DLC_resnet50_projectSep24shuffle1_100000.h5": "mouse7",
    "mouse7DeepCut_resnet50_projectSep24shuffle1_100000.csv": "mouse7",
    "mouse7DLC_HrnetW32_projectSep24shuffle1_snapshot_200.h5": "mouse7",
    "mouse7_superanimal_topviewmouse_hrnet_w32_fasterrcnn.h5": "mouse7",
    "mouse7.mp4.predictions.analysis.h5": "mouse7",
    "mouse7.predictions.slp": "mouse7",
    "labels.v001.000_mouse7.analysis.h5": "mouse7",
    "labels.000_day_1.mouse7.analysis.csv": "day_1.mouse7",
    "mouse7_pose_est_v5.h5": "mouse7",
    "mouse7_annot.txt": "mouse7",
    "mouse7.annot": "mouse7",
    "mouse7_labels.csv": "mouse7",
    "mouse7_reencode.avi": "mouse7",
    "mouse7.boris.gz": "mouse7",
    "mouse7.dlc.csv": "mouse7",
    "C:\\videos\\day 1\\mouse7.mp4": "mouse7",
    "/home/lab/videos/mouse7.MP4": "mouse7",
    "my_DLC_1.csv": "my_DLC_1",
    "labels.csv": "labels",
    "2021.06.10.csv": "2021.06.10",
    "mouse7_12.csv": "mouse7_12",
}


@pytest.mark.parametrize("name", NAMES)
def test_the_name_of_a_video_is_what_tools_and_editors_left(name: str) -> None:
    assert video_of(name) == NAMES[name]


@given(st.text(min_size=1, max_size=30))
def test_the_name_of_a_video_is_never_empty_and_has_nothing_more_to_take_off(name: str) -> None:
    key = video_of(name)
    assert key
    assert video_of(f"{name}.csv")


def test_the_same_name_goes_before_a_beginning() -> None:
    found = match(["day1", "day1-b"], ["day1", "day1-b"])
    assert found.tracks == {"day1": "day1", "day1-b": "day1-b"}


def test_a_beginning_counts_where_one_alone_has_it_and_where_a_word_ends() -> None:
    found = match(["day1", "day12", "day2-b", "day2-c"], ["day1-scored", "day2", "day3", "day"])
    assert found.tracks == {"day1-scored": "day1"}
    assert found.ambiguous == {"day2": ("day2-b", "day2-c")}
    assert found.unmatched == ("day3", "day")


def test_names_that_differ_in_case_alone_match() -> None:
    assert match(["Day1"], ["day1"]).tracks == {"day1": "Day1"}
    assert match(["Day1", "day1"], ["DAY1"]).ambiguous == {"DAY1": ("Day1", "day1")}


def test_nothing_matches_by_order() -> None:
    assert match(["a", "b"], ["1", "2"]).unmatched == ("1", "2")


def test_a_pattern_goes_before_all_else() -> None:
    patterns = [Pattern.of("cam1_*=*-scored"), Pattern.of("b=c")]
    found = match(["cam1_a", "b", "c"], ["a-scored", "c"], patterns)
    assert found.tracks == {"a-scored": "cam1_a", "c": "b"}
    assert match(["cam1_a"], ["x-scored"], patterns).unmatched == ("x-scored",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a", "'a' should be TRACKS=ANNOTATIONS"),
        ("=a", "should be TRACKS=ANNOTATIONS"),
        ("a*=b", "one * on either side, or none"),
        ("a**=b**", "one * on either side, or none"),
    ],
)
def test_a_pattern_that_is_none(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        Pattern.of(text)
    assert says in str(caught.value)
