"""From what an annotator saw to bouts of frames."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.incoming.films import Film
from harness.data.incoming.scoring import Rules, Scored, Sheet, agents_of, joined, scopes_of, score
from harness.plugins.readers import FRAMES, SECONDS, Annotations, Bout

FILM = Film(
    id="day1",
    key="day1",
    files=(Path("tracks/day1.csv"),),
    tool="toy",
    animals=("black", "white"),
    parts=("nose",),
    frames=300,
    fps=None,
    image_size=None,
    pixels_per_cm=None,
    places={},
    ends_early=False,
    missing=0.0,
    digest="",
    notes=(),
)

WHOLE = [(0, 300)]


def seen(*bouts: Bout, unit: str = FRAMES, **more: object) -> Annotations:
    return replace(Annotations(tool="toy", unit=unit, bouts=bouts), **more)  # type: ignore[arg-type]


def scored(
    *annotations: Annotations,
    film: Film = FILM,
    scopes: dict[str, str] | None = None,
    fps: float = 30.0,
    **rules: object,
) -> Scored:
    sheets = [Sheet(Path(f"scored/{number}.csv"), one) for number, one in enumerate(annotations)]
    given = Rules(**rules)  # type: ignore[arg-type]
    asked = scopes_of(sheets, scopes or {})
    agents = agents_of([(film, sheet) for sheet in sheets], given.subjects)
    return score(film, sheets, asked, agents, fps, given)


def test_seconds_become_the_frames_that_are_shown() -> None:
    found = scored(seen(Bout("groom", 1.0, 2.0), Bout("groom", 4.01, 4.02), unit=SECONDS))
    assert found.bouts == {("groom", "", ""): [(30, 60), (120, 121)]}
    assert found.looked_at == {("groom", "", ""): WHOLE}


def test_bouts_are_sorted_and_joined_where_they_overlap_or_touch() -> None:
    found = scored(seen(Bout("groom", 50, 60), Bout("groom", 10, 20), Bout("groom", 15, 30), Bout("groom", 30, 40)))
    assert found.bouts == {("groom", "", ""): [(10, 40), (50, 60)]}
    assert found.notes == ["1 bout overlapping others of the same, joined with them"]


@given(st.lists(st.tuples(st.integers(-5, 60), st.integers(0, 20)), max_size=12))
def test_joined_runs_are_of_just_the_frames_that_some_run_is_of(starts: list[tuple[int, int]]) -> None:
    runs = [(start, start + length) for start, length in starts]
    wanted = {frame for start, stop in runs for frame in range(start, stop)} & set(range(50))
    found = joined(runs, 50)
    assert [frame for start, stop in found for frame in range(start, stop)] == sorted(wanted)
    assert all(before[1] < after[0] for before, after in pairwise(found))


def test_whose_a_behavior_is_follows_from_who_is_named() -> None:
    sheet = Sheet(
        Path("a"),
        seen(
            Bout("quiet", 0, 1),
            Bout("groom", 0, 1, agent="black"),
            Bout("rear", 0, 1, agent="black", target="black"),
            Bout("chase", 0, 1, agent="black", target="white"),
            behaviors=("never",),
        ),
    )
    wanted = {"never": "scene", "quiet": "scene", "groom": "one", "rear": "one", "chase": "pair"}
    assert scopes_of([sheet], {}) == wanted
    assert scopes_of([sheet], {"groom": "scene"}) == {**wanted, "groom": "scene"}


def test_an_animal_that_nobody_is_seen_to_watch_is_unknown() -> None:
    found = scored(seen(Bout("groom", 10, 20, agent="black")))
    assert found.bouts == {("groom", "black", ""): [(10, 20)]}
    assert found.looked_at == {("groom", "black", ""): WHOLE}
    both = scored(seen(Bout("groom", 10, 20, agent="black"), Bout("groom", 30, 40, agent="White")))
    assert both.looked_at == {("groom", "*", "*"): WHOLE}
    declared = scored(seen(Bout("groom", 10, 20, agent="black"), subjects=("black", "white")))
    assert declared.looked_at == {("groom", "*", "*"): WHOLE}


def test_who_is_meant_is_said_by_an_option_and_an_unknown_subject_by_its_line() -> None:
    annotations = seen(Bout("groom", 10, 20, agent="adult", line=7))
    assert scored(annotations, subjects={"adult": "white"}).bouts == {("groom", "white", ""): [(10, 20)]}
    assert scored(annotations).problems == [
        "scored/0.csv: line 7: 'adult' is no animal of day1.csv; it has black, white; "
        "--subject adult=NAME says who it is"
    ]
    near = scored(seen(Bout("groom", 10, 20, agent="blakc", line=7))).problems
    assert near[0].startswith("scored/0.csv: line 7: 'blakc' is no animal of day1.csv, did you mean 'black'?")
    assert scored(annotations, scopes={"groom": "scene"}).bouts == {("groom", "", ""): [(10, 20)]}


def test_of_two_animals_the_target_is_the_other() -> None:
    annotations = seen(Bout("chase", 10, 20, agent="black"))
    assert scored(annotations, scopes={"chase": "pair"}).bouts == {("chase", "black", "white"): [(10, 20)]}
    crowd = replace(FILM, animals=("black", "white", "grey"))
    assert scored(annotations, scopes={"chase": "pair"}, film=crowd).problems == [
        "scored/0.csv: does not say to whom black does chase, and there are 2 others"
    ]
    alone = replace(FILM, animals=("black",))
    assert scored(annotations, scopes={"chase": "pair"}, film=alone).problems == [
        "scored/0.csv: does not say to whom black does chase, and there is no other animal"
    ]


def test_a_bout_of_nobody_among_those_of_somebody_is_a_problem() -> None:
    found = scored(seen(Bout("groom", 1, 2, agent="black"), Bout("groom", 3, 4, line=3)))
    assert found.problems == [
        "scored/0.csv: line 3: does not say who does groom, as others do; "
        "--scope groom=scene takes all of it as of nobody in particular"
    ]


@pytest.mark.parametrize(
    ("looked_at", "wanted"), [("whole", [(0, 300)]), ("span", [(10, 200)]), ("bouts", [(10, 20), (100, 200)])]
)
def test_what_was_looked_at_is_as_asked_where_the_file_does_not_say(looked_at: str, wanted: list[object]) -> None:
    found = scored(seen(Bout("groom", 10, 20), Bout("chase", 100, 200)), looked_at=looked_at)
    assert found.looked_at == {("groom", "", ""): wanted, ("chase", "", ""): wanted}


def test_a_file_that_says_what_was_looked_at_has_the_word() -> None:
    looks = (Bout("groom", 0, 50, agent="black"), Bout("*", 100, 120, agent="*"))
    found = scored(seen(Bout("groom", 10, 20, agent="black"), looked_at=looks), looked_at="bouts")
    assert found.looked_at == {("groom", "black", ""): [(0, 50)], ("groom", "*", "*"): [(100, 120)]}


def test_who_was_looked_at_and_is_not_tracked_is_a_note() -> None:
    looks = (Bout("groom", 0, 50, agent="black"), Bout("groom", 0, 50, agent="grey"))
    found = scored(seen(Bout("groom", 10, 20, agent="black"), looked_at=looks))
    assert found.looked_at == {("groom", "black", ""): [(0, 50)]}
    assert (found.problems, found.notes) == ([], ["grey was looked at and not tracked"])


def test_a_behavior_that_a_file_does_not_declare_is_unknown_in_it() -> None:
    first = seen(Bout("groom", 1, 2), behaviors=("groom",))
    sheets = [Sheet(Path("a"), first), Sheet(Path("b"), seen(Bout("chase", 1, 2)))]
    found = score(FILM, sheets[:1], scopes_of(sheets, {}), {}, 30.0, Rules())
    assert list(found.looked_at) == [("groom", "", "")]


def test_annotations_may_go_on_for_two_seconds_after_the_tracks() -> None:
    found = scored(seen(Bout("groom", 290, 360)))
    assert (found.bouts, found.trimmed) == ({("groom", "", ""): [(290, 300)]}, 60)
    assert found.notes == ["its annotations go on for 60 frames after its tracks; these are left out"]
    assert scored(seen(Bout("groom", 290, 361))).problems == [
        "scored/0.csv: speaks of frame 360, which is 2.0 s after the end of day1.csv with its 300 frames at 30 a "
        "second; is it another video, another frame rate, or seconds taken for frames?"
    ]


def test_tracks_that_end_with_what_was_last_seen_go_on_unseen() -> None:
    film = replace(FILM, ends_early=True)
    found = scored(seen(Bout("groom", 290, 500)), film=film)
    assert (found.frames, found.bouts) == (500, {("groom", "", ""): [(290, 500)]})
    assert found.looked_at == {("groom", "", ""): [(0, 500)]}
    assert scored(seen(Bout("groom", 290, 601)), film=film).problems


def test_frames_after_the_annotated_length_were_not_looked_at() -> None:
    assert scored(seen(Bout("groom", 10, 20), length=250)).looked_at == {("groom", "", ""): [(0, 250)]}


def test_a_bout_that_never_stops_goes_on_to_the_end_or_is_refused() -> None:
    annotations = seen(Bout("groom", 250, None, line=4))
    found = scored(annotations)
    assert found.bouts == {("groom", "", ""): [(250, 300)]}
    assert found.notes == ["1 bout never stopped, taken to go on to the end"]
    assert scored(annotations, unpaired="refuse").problems == ["scored/0.csv: line 4: groom is never stopped"]


def test_a_point_event_gets_a_frame_or_none() -> None:
    annotations = seen(Bout("peck", 5, 5, point=True), Bout("peck", 10, 20))
    assert scored(annotations).bouts == {("peck", "", ""): [(5, 6), (10, 20)]}
    assert scored(annotations, points="out").bouts == {("peck", "", ""): [(10, 20)]}
    assert scored(annotations, points="out").notes == ["1 point event, left out"]


def test_files_of_different_behaviors_of_one_video_are_put_together() -> None:
    found = scored(seen(Bout("groom", 1, 2)), seen(Bout("chase", 3, 4)))
    assert found.bouts == {("groom", "", ""): [(1, 2)], ("chase", "", ""): [(3, 4)]}


def test_what_is_done_to_oneself_is_no_pair() -> None:
    annotations = seen(Bout("chase", 1, 2, agent="black", target="white"), Bout("chase", 3, 4, "white", "white"))
    assert scored(annotations).problems == [
        "scored/0.csv: says that white does chase to itself, where others do it to others"
    ]
