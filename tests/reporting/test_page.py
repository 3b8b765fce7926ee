"""What the sections say of plain data, without a browser."""

import base64
import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve

from harness.choosing.ensembles import kept
from harness.choosing.leaderboard import best_records
from harness.choosing.selection import Member
from harness.cli import main
from harness.columns.cache import BlockCache
from harness.columns.poses import interpolated, without_jumps
from harness.columns.windows import windowed
from harness.fitting.decisions import THRESHOLDS, candidates_of
from harness.fitting.pipeline import FeatureTables, column_names
from harness.plugins.loading import load_plugins
from harness.plugins.registry import FEATURES
from harness.plugins.spaces import load_spaces
from harness.recording import CALMS21, PAIR, Array, Recording, Skeleton
from harness.reporting.clips import bones, clip, examples, placed, window
from harness.reporting.curves import calibration_points, precision_recall_points
from harness.reporting.detections import Chosen, Detection, chosen, detections
from harness.reporting.ethogram import ethogram, flat, trace, unlabelled_figure
from harness.reporting.page import SCRIPTS, Html, Section, joined, page, shown, table, tag
from harness.reporting.searching import heat_figure, pipeline_importances, progress_figure
from harness.reporting.summary import Found, duration, summary, warnings
from harness.reporting.why import described, in_words, shuffled
from harness.runs.records import TrialRecord
from harness.runs.store import Run
from harness.scores.metrics import Counts
from harness.spec import IDENTITIES, Choice, Decision, PipelineSpec, Preparation
from tests.reporting.conftest import BEHAVIORS, IMAGE, Made, Open, figures_of
from tests.test_cli import refusal
from tests.toy import toy_recordings

load_plugins()

WORST = "<script>alert(1)</script><!--\"'&"
NONE = Choice("none")
Captured = pytest.CaptureFixture[str]


def trial(number: int, f1: float, *, model: str = "lightgbm", arm: str = "motion", **changes: Any) -> TrialRecord:
    """A finished trial of two units whose pooled F1 is `f1` to a hundredth."""
    spec = PipelineSpec((Choice("kinematics"),), Choice(model), Preparation(columns=256 if number % 2 else 512))
    half = Counts(round(50 * f1), 50, 50)
    resampled = tuple((1, 1, 1, 1) for _ in range(3))
    record = TrialRecord("groom", number, f"{arm}/{model}", spec, "grouped", 1.0, None, Decision(NONE, 0.5), None)
    return replace(record, counts=(half, half), resampled=resampled, **changes)


def labelled(*labels: Sequence[int]) -> list[Recording]:
    poses = np.zeros((len(labels[0]), 2, 2, 7), dtype=np.float32)
    return [
        Recording(f"r{place}", poses, CALMS21, labels=np.array(one, dtype=np.int8)) for place, one in enumerate(labels)
    ]


def found(**changes: Any) -> Found:
    records = [trial(number, 0.5) for number in range(10)]
    one = Found("groom", records, labelled([0, 1, 0, 0], [1, 0, 0, 0]), None, None, None, None)
    return replace(one, **changes)


def detection(truth: Sequence[int], claims: Sequence[int], values: Sequence[float] | None = None) -> Detection:
    recording = labelled(truth)[0]
    said = np.array(claims if values is None else values, dtype=np.float64)
    return Detection(recording, said, said, np.array(claims, dtype=np.int8), (0.5,), ())


class Elements(HTMLParser):
    """The names of all elements of a page, and the text of its scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)


def elements(text: str) -> list[str]:
    parser = Elements()
    parser.feed(text)
    return parser.names


# The page


def test_text_is_escaped_and_markup_is_not() -> None:
    assert joined(["a < b & c", Html("<i>")]) == "a &lt; b &amp; c<i>"
    assert tag("p", WORST, aria_label='a "b"', class_="c") == (
        '<p aria-label="a &quot;b&quot;" class="c">&lt;script&gt;alert(1)&lt;/script&gt;&lt;!--&quot;&#x27;&amp;</p>'
    )


def test_a_table_has_a_caption_and_says_what_its_cells_are_about() -> None:
    said = table("Scores", ["name", "F1"], [["a", "0.5"]], numeric=["F1"])
    assert "<caption>Scores</caption>" in said
    assert '<th scope="col">name</th><th scope="col" class="number">F1</th>' in said
    assert '<th scope="row">a</th><td class="number">0.5</td>' in said


def worst_page() -> str:
    record = replace(trial(0, 0.5), behavior=WORST, arm=f"{WORST}/lightgbm", error=WORST)
    recordings = [replace(one, id=WORST) for one in labelled([0, 1, 1, 0])]
    theirs = (replace(detection([0, 1, 1, 0], [0, 1, 0, 1]), recording=recordings[0]),)
    claims = {WORST: np.array([0, 1, 0, 0], dtype=np.int8)}
    one = Found(WORST, [record, replace(trial(1, 0.4), behavior=WORST)], recordings, None, None, None, None)
    sections = [summary([one]), ethogram({WORST: theirs}, [WORST], recordings, {WORST: claims})]
    return page(WORST, WORST, sections)


def test_no_name_becomes_an_element() -> None:
    innocent = worst_page().replace(WORST, "")
    assert "<script>alert(1)" not in innocent
    assert elements(worst_page()).count("script") == 3


def test_no_name_is_run(open_page: Open, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(worst_page(), encoding="utf-8")
    opened = open_page(tmp_path / "page.html")
    opened.draw_all()
    assert opened.wrong == []
    assert opened.page.title() == WORST
    assert opened.page.locator("#ethogram h3").first.text_content() == WORST


def test_every_script_is_on_the_page_once() -> None:
    folder = files("harness.reporting") / "script"
    script = worst_page().rpartition("<script>")[2]
    assert sorted(one.name for one in folder.iterdir()) == sorted(SCRIPTS)
    assert [script.count(one.read_text(encoding="utf-8")) for one in folder.iterdir()] == [1] * len(SCRIPTS)


def test_the_page_stands_alone_and_is_small(made: Made) -> None:
    assert len(made.text.encode()) < 10_000_000
    before, _, after = made.text.partition("</style>")
    outside = before + after.partition('<script id="figures"')[0]
    assert re.findall(r"(?:src|href)=\"(?!#|data:)[^\"]*\"", outside) == []
    assert "@import" not in before
    assert "url(" not in before


def test_every_figure_has_a_caption_and_a_description(made: Made) -> None:
    figures = re.findall(r"<figure id=\"figure-[^\"]+\">(.*?)</figure>", made.text, re.DOTALL)
    assert len(figures) == len(made.figures) > 20
    assert [one for one in figures if not re.search(r"<figcaption>[A-Z].*\.</figcaption>", one, re.DOTALL)] == []
    assert [one for one in figures if not re.search(r"role=\"(img|group)\" aria-label=\"[^\"]+\"", one)] == []


def test_plotly_knows_all_that_its_figures_ask_for(made: Made) -> None:
    graph_objects = pytest.importorskip("plotly.graph_objects", reason="needs plotly: pip install '.[report]'")

    def known(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: known(one) for key, one in value.items()}
        if isinstance(value, list):
            return [known(one) for one in value]
        return "#123456" if isinstance(value, str) and re.fullmatch(r"var\(--[a-z0-9-]+\)", value) else value

    specs = [
        one
        for spec in made.figures.values()
        for one in ([s for _, s in spec["choices"]] if "choices" in spec else [spec])
    ]
    drawn = [spec for spec in specs if spec["kind"] == "plotly"]
    assert len(drawn) > 10
    for spec in drawn:
        graph_objects.Figure(known(spec["data"]), known(spec["layout"]))


def test_every_color_that_is_named_is_given_for_both_themes(made: Made) -> None:
    script = made.text.rpartition("<script>")[2]
    named = set(re.findall(r"var\((--[a-z0-9-]+)\)", str(made.figures))) | set(
        re.findall(r'color\("(--[a-z0-9]+)"\)', script)
    )
    light, dark = re.findall(r":root(?:\[data-theme=\"dark\"\])? \{(.*?)\}", made.text, re.DOTALL)[:2]
    for block in (light, dark):
        assert named - set(re.findall(r"(--[a-z0-9-]+):", block)) == set()


def luminance(color: str) -> float:
    """Relative luminance (WCAG 2.2) of `#rrggbb`."""
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_and_marks_stand_out_from_the_page(theme: int, made: Made) -> None:
    block = re.findall(r":root(?:\[data-theme=\"dark\"\])? \{(.*?)\}", made.text, re.DOTALL)[theme]
    colors = dict(re.findall(r"(--[a-z0-9-]+): (#[0-9a-f]{6})", block))

    def contrast(name: str) -> float:
        low, high = sorted((luminance(colors[name]), luminance(colors["--page"])))
        return (high + 0.05) / (low + 0.05)

    assert all(contrast(name) >= 4.5 for name in ("--text", "--soft", "--link"))
    assert all(contrast(name) >= 3 for name in ("--found", "--wrong", "--trace", "--cut"))


# Summary


def test_each_warning_is_said_where_it_holds_and_only_there() -> None:
    assert warnings(found()) == []
    (said,) = warnings(found(labelled=labelled([0, 1, 0, 0], [0, 0, 0, 0])))
    assert said.startswith("only one labelled recording shows it")
    (said,) = warnings(found(records=[trial(number, 0.5, folds="blocked") for number in range(10)]))
    assert "blocked folds" in said
    assert "optimistic" in said
    (said,) = warnings(found(claims={"x": np.ones(8)}))
    assert said.startswith("claimed on 100.00% of the frames of the test recordings but labelled on 25.00%")
    (said,) = warnings(found(claims={"x": np.zeros(8)}))
    assert "less frequent" in said
    assert warnings(found(claims={"x": np.array([1, 0, 0, 0, 1, 0, 0, 0])})) == []
    for threshold, end in ((THRESHOLDS[0], "lowest"), (THRESHOLDS[-1], "highest")):
        choice = Chosen("groom", "single", (Member(trial(0, 0.5)),), Decision(NONE, threshold))
        (said,) = warnings(found(chosen=choice))
        assert f"is the {end} that is tried" in said
    (said,) = warnings(found(records=[trial(number, 0.5 if number < 9 else 0.6) for number in range(10)]))
    assert said == "the search was still improving in its last fifth (F1 0.500, then 0.600): more trials may help."
    assert warnings(found(records=[trial(number, 0.5 if number < 7 else 0.6) for number in range(10)])) == []
    (said,) = warnings(found(records=[*[trial(number, 0.5) for number in range(9)], trial(9, 0, error="no memory")]))
    assert said == "1 of 10 trials failed; the first: no memory"


@pytest.mark.parametrize(("seconds", "said"), [(3.2, "3 s"), (89, "89 s"), (150, "2 min"), (7500, "2 h 5 min")])
def test_time_is_said_as_people_say_it(seconds: float, said: str) -> None:
    assert duration(seconds) == said


# Ethogram


def test_the_detections_are_those_the_score_was_counted_on(made: Made) -> None:
    from harness.data.challenge import load_dataset

    run, dataset = Run(made.folder / "run"), load_dataset(made.folder / "data")
    candidates = candidates_of(load_spaces())
    records = run.records()
    seen = set()
    for record in records:
        # With boosting rounds, others would also have chosen another number of them.
        if not record.complete or record.rounds is not None or record.decision is None:
            continue
        choice = Chosen(record.behavior, "single", (Member(record),), record.decision)
        theirs = detections(run.out_of_fold, choice, dataset.labelled[record.behavior], candidates)
        assert sum((one.counts for one in theirs), Counts()) == record.pooled
        assert [len(one.claims) for one in theirs] == [one.frames for one in dataset.labelled[record.behavior]]
        seen.add(record.folds)
    assert seen == {"grouped", "blocked"}


def test_found_missed_and_wrong_frames_make_up_labels_and_claims(made: Made) -> None:
    for key, spec in made.figures.items():
        if spec["kind"] != "ethogram":
            continue
        masks = {name: np.zeros(spec["frames"], dtype=int) for name in ("found", "missed", "wrong")}
        for name, mask in masks.items():
            for start, stop in zip(spec[name][::2], spec[name][1::2], strict=True):
                mask[start:stop] += 1
        assert sum(masks.values()).max() <= 1, key  # type: ignore[union-attr]


def test_bouts_are_flat_starts_and_stops() -> None:
    assert flat(np.array([0, 1, 1, 0, 1])) == [1, 3, 4, 5]
    assert flat(np.zeros(3)) == []


def test_a_trace_keeps_the_lowest_and_the_highest_of_each_bin() -> None:
    values = np.random.default_rng(0).random(1003)
    spec = trace(values, 10)
    low, high = (np.frombuffer(base64.b64decode(spec[name]), np.uint8) for name in ("low", "high"))
    assert len(low) == len(high) == 101
    for place in range(101):
        some = values[10 * place : 10 * place + 10]
        assert low[place] == round(255 * some.min())
        assert high[place] == round(255 * some.max())
    exact = trace(values, 1)
    assert exact.keys() == {"bin", "high"}
    assert np.abs(np.frombuffer(base64.b64decode(exact["high"]), np.uint8) / 255 - values).max() < 0.002


def many_tests() -> Section:
    """300 test recordings of ten minutes, seven behaviors with about forty bouts each."""
    chance = np.random.default_rng(0)
    names = [f"behavior-{number}" for number in range(7)]
    poses = np.zeros((18_000, 1, 2, 7), dtype=np.float32)
    recordings = [Recording(f"recording-{number:03d}", poses, CALMS21) for number in range(300)]
    labels: dict[str, dict[str, Array]] = {name: {} for name in names}
    for theirs in labels.values():
        for recording in recordings:
            theirs[recording.id] = np.repeat(chance.random(450) < 0.1, 40).astype(np.int8)
    figure = unlabelled_figure(names, recordings, labels)
    return Section("ethogram", "Ethogram", shown(figure), (figure,))


def test_hundreds_of_test_recordings_fit_and_are_shown_page_by_page(open_page: Open, tmp_path: Path) -> None:
    text = page("many", "", [many_tests()])
    assert len(text.encode()) < 7_000_000
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    opened = open_page(tmp_path / "page.html", width=390)
    opened.draw_all()
    rows = "[...document.querySelectorAll('.ytick text')].map((one) => one.textContent)"
    assert len(opened.value(rows)) == 20
    opened.page.get_by_role("button", name="Next recordings").click()
    opened.page.wait_for_function("document.querySelector('[aria-live]').textContent === '21 to 40 of 300'")
    assert opened.value("document.querySelector('.plot').layout.yaxis.ticktext[0]") == "recording-0…"
    assert opened.wrong == []


# Curves


def test_precision_and_recall_are_those_of_scikit_learn() -> None:
    chance = np.random.default_rng(1)
    truth = (chance.random(200) < 0.2).astype(int)
    said = np.round(np.clip(0.4 * truth + chance.random(200) * 0.6, 0, 1), 2)
    recall, precision = precision_recall_points(truth, said)
    wanted = precision_recall_curve(truth, said)
    known = {(round(float(r), 9), round(float(p), 9)) for p, r in zip(*wanted[:2], strict=True)}
    assert {(round(float(r), 9), round(float(p), 9)) for r, p in zip(recall, precision, strict=True)} <= known
    assert recall[-1] == 1


def test_calibration_counts_every_frame_once() -> None:
    truth, said = np.array([0, 1, 1, 0, 1]), np.array([0.05, 0.07, 0.95, 1.0, 0.55])
    predicted, observed, frames = calibration_points(truth, said)
    assert predicted == pytest.approx([0.06, 0.55, 0.975])
    assert observed.tolist() == [0.5, 1.0, 0.5]
    assert frames.tolist() == [2, 1, 2]


# Search


def test_the_best_so_far_only_rises_and_ends_with_the_last_trial() -> None:
    records = [trial(number, f1) for number, f1 in enumerate([0.2, 0.1, 0.4, 0.3])]
    spec = progress_figure({"groom": records}).spec
    assert (spec["data"][0]["x"], spec["data"][0]["y"]) == ([0, 2, 3], [0.2, 0.4, 0.4])


def test_a_heat_map_holds_the_best_and_the_median_of_every_pipeline() -> None:
    records = [trial(0, 0.2), trial(1, 0.4), trial(2, 0.9), trial(3, 0.5, model="catboost", arm="social")]
    spec = heat_figure({"groom": records}).spec["choices"][0][1]
    best, median = spec["data"]
    assert best["x"] == ["catboost", "lightgbm"]
    assert best["y"] == ["motion", "social"]
    assert best["z"] == [[None, 0.9], [0.5, None]]
    assert median["z"] == [[None, 0.4], [0.5, None]]


def test_what_decides_the_score_is_found_important() -> None:
    records = [
        trial(number, 0.8 if number % 2 else 0.2 + number / 1000, arm="ab"[number // 2 % 2]) for number in range(40)
    ]
    values = pipeline_importances(records)
    assert set(values) == {"feature sets", "columns"}
    for evaluator in ("fANOVA", "PED-ANOVA"):
        assert values["columns"][evaluator] > 0.8
        assert sum(one[evaluator] for one in values.values()) == pytest.approx(1)
    assert pipeline_importances(records[:9]) == {}


# Why


def test_columns_that_are_shuffled_keep_their_values_and_each_other() -> None:
    X = np.arange(40, dtype=np.float32).reshape(10, 4)
    mixed = shuffled(X, [1, 3], np.random.default_rng(0))
    assert (mixed[:, [0, 2]] == X[:, [0, 2]]).all()
    assert sorted(mixed[:, 1]) == sorted(X[:, 1])
    assert (mixed[:, 3] - mixed[:, 1] == 2).all()
    assert (mixed[:, 1] != X[:, 1]).any()


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("0 front_speed", "front speed of animal 0"),
        ("0-1 distance", "distance of animals 0 and 1"),
        ("1 to 0 ahead", "ahead of animal 1 to 0"),
        ("0 sees 1 nose x", "nose x of animal 1 as 0 sees it"),
        ("session_begins", "session begins"),
    ],
)
def test_a_column_is_named_in_words(column: str, words: str) -> None:
    assert in_words(column) == words


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("0 front_speed", "front speed of the agent"),
        ("0-1 distance", "distance of the agent and the target"),
        ("1 to 0 ahead", "ahead of the target to the agent"),
        ("0 sees 1 nose x", "nose x of the target as seen by the agent"),
        ("other_speed", "other speed"),
    ],
)
def test_a_column_of_a_pair_is_named_by_who_does_what_to_whom(column: str, words: str) -> None:
    assert in_words(column, PAIR) == words


def test_a_column_is_described_by_what_its_plugin_says_of_it() -> None:
    assert described("kinematics", "0 bend").startswith("bend: the angle at the middle")
    assert described("kinematics", "1 turning (sorted)") == "turning: radians per second"
    assert described("place_and_time", "0 corner").endswith("corner, to the nearest corner")
    assert described("raw_pose", "0 nothing of the kind") == FEATURES["raw_pose"].summary.rstrip(".")


@pytest.mark.parametrize("identities", IDENTITIES)
def test_every_column_of_a_design_matrix_has_its_own_name(identities: str, tmp_path: Path) -> None:
    recording = toy_recordings(1, 400)[0]
    tables = FeatureTables(BlockCache(tmp_path), (recording,))
    spec = PipelineSpec((Choice("kinematics"), Choice("motion_words")), NONE, Preparation(identities=identities))
    names = column_names(tables, recording, spec)
    X = tables.design_matrix(recording, spec.features, spec.preparation)
    assert len(names) == X.shape[1]
    place = {name: number for number, name in enumerate(names)}
    assert len(place) == len(names)
    seen = replace(interpolated(without_jumps(recording, 30.0), 5.0), labels=None)
    computed = FEATURES["kinematics"].function(seen)
    slower = np.fmin(computed["0 speed"], computed["1 speed"])
    if identities != "unordered":
        wanted = np.asarray(computed["1 speed"], dtype=np.float32)
        np.testing.assert_array_equal(X[:, place["kinematics", "1 speed", ""]], wanted)
        wide = windowed(np.reshape(wanted, (-1, 1)), 30.0, [2.0], ["mean"])[:, 0]
        np.testing.assert_allclose(X[:, place["kinematics", "1 speed", "mean 2s"]], wide, rtol=1e-4)
    if identities != "kept":
        np.testing.assert_array_equal(
            X[:, place["kinematics", "0 speed (sorted)", ""]], np.asarray(slower, dtype=np.float32)
        )


def test_the_most_telling_columns_are_named_with_what_they_are(made: Made) -> None:
    spec = made.figures["why-0"]
    losses = spec["data"][0]["x"]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] > 0
    assert all(name.endswith("<br>kinematics") for name in spec["data"][0]["y"])


# Clips


def test_examples_are_the_surest_and_the_longest() -> None:
    truth = [1, 1, 0, 1, 1, 0, 0, 1, 0, 1, 1, 1, 0]
    claims = [1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1]
    values = [0.9, 0.8, 0, 0, 0, 0, 0.6, 0, 0, 0, 0, 0, 0.7]
    seen = [(one.kind, one.start, one.stop) for one in examples([detection(truth, claims, values)])]
    wrong = [("claimed wrongly", 12, 13)]
    assert seen == [("found", 0, 2), ("missed", 9, 12), ("missed", 3, 5), *wrong, ("claimed wrongly", 6, 7)]


@pytest.mark.parametrize(
    ("bout", "frames", "wanted"),
    [((100, 110), 1000, (75, 135)), ((0, 10), 1000, (0, 60)), ((990, 1000), 1000, (940, 1000)), ((5, 9), 20, (0, 20))],
)
def test_a_clip_lasts_two_seconds_or_more_within_the_recording(
    bout: tuple[int, int], frames: int, wanted: tuple[int, int]
) -> None:
    assert window(*bout, frames, 30.0) == wanted


def test_a_skeleton_is_placed_in_the_picture_undistorted() -> None:
    recording = toy_recordings(1, 120, missing=0.1)[0]
    places = placed(recording.keypoints).astype(float)
    assert places.shape == (120, 2, 7, 2)
    assert places.max() <= 1000
    assert places.min() == -1
    seen = np.asarray((places >= 0).all(axis=-1))
    assert not (seen & np.isnan(np.moveaxis(recording.keypoints, 2, 3)).any(axis=-1)).any()
    pixels = np.moveaxis(recording.keypoints, 2, 3)[seen]
    drawn = places[seen] * [224, 172]
    ratio = np.ptp(drawn, axis=0) / np.ptp(pixels, axis=0)
    assert ratio[0] == pytest.approx(ratio[1], rel=0.02)


def test_bones_join_roles_and_loose_keypoints_in_a_row() -> None:
    assert [0, 1] in bones(CALMS21)
    assert len(bones(CALMS21)) == 8
    assert bones(Skeleton.unnamed(4)) == [[0, 1], [1, 2], [2, 3]]


def test_a_clip_says_where_it_is_from() -> None:
    recording = toy_recordings(1, 300)[0]
    one = detection([0] * 300, [0] * 300)
    one = replace(one, recording=recording, claims=recording.known_labels)
    first = examples([one])[0]
    spec = clip(first)
    assert spec["words"].startswith(f"{recording.id}, 0:{first.start / 30:04.1f}, ")
    points = np.frombuffer(base64.b64decode(spec["points"]), "<i2")
    assert len(points) % (2 * 7 * 2) == 0
    assert spec["fps"] == 15


# The command


def test_the_report_shows_the_submission_that_was_exported_last(made: Made) -> None:
    assert f"<code>{made.folder / 'submission.npy'}</code>" in made.text
    spec = made.figures["tests"]
    assert spec["recordings"] == [IMAGE, "y"]
    assert spec["behaviors"] == list(BEHAVIORS)


def test_a_submission_of_another_run_is_refused(at: Made, capsys: Captured) -> None:
    beside = (at.folder / "submission.json").read_text()
    (at.folder / "other.npy").write_bytes((at.folder / "submission.npy").read_bytes())
    (at.folder / "other.json").write_text(beside.replace('"seed": 0', '"seed": 7'))
    (line,) = refusal(["report", "--submission", "other.npy", "--out", "no.html"], capsys)
    assert line.startswith("other.npy: other.json says that it was made by another run")
    assert not (at.folder / "no.html").exists()


def test_a_report_without_its_submission_says_so(at: Made, tmp_path: Path) -> None:
    moved = (at.folder / "submission.npy").rename(tmp_path / "submission.npy")
    try:
        assert main(["report", "--out", str(tmp_path / "page.html")]) == 0
    finally:
        moved.rename(at.folder / "submission.npy")
    assert "No submission of this run was found." in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("report --results none", "none holds no run"),
        ("report --out page.txt", "--out page.txt: should be a file that ends in .html"),
        ("report --data nowhere", "nowhere: no such folder"),
        ("report --submission none.npy", "none.npy: no such file"),
    ],
)
def test_what_a_person_can_put_right_is_said_in_one_line(words: str, says: str, at: Made, capsys: Captured) -> None:
    (line,) = refusal(words.split(), capsys)
    assert line.startswith(says), line


def test_without_plotly_one_line_says_what_to_install(
    at: Made, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "plotly.offline", None)
    (line,) = refusal(["report", "--out", "no.html"], capsys)
    assert line == "a report is drawn with plotly; `pip install 'behavior-harness[report]'`"


def test_a_run_that_was_killed_before_its_first_trial_has_a_report(at: Made, tmp_path: Path, open_page: Open) -> None:
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / "run.json").write_bytes((at.folder / "run" / "run.json").read_bytes())
    assert main(["report", "--results", str(tmp_path / "begun"), "--out", str(tmp_path / "page.html")]) == 0
    text = (tmp_path / "page.html").read_text()
    for section in ("summary", "ethogram", "curves", "search", "why"):
        part = text.partition(f'<section id="{section}"')[2].partition("</section>")[0]
        assert re.search("No (trial|submission)", part), section
    assert figures_of(text) == {}
    assert open_page(tmp_path / "page.html").wrong == []


def test_a_run_without_its_ensembles_shows_what_leads(made: Made) -> None:
    records = Run(made.folder / "run").records()
    choices = chosen(records, None)
    assert {name: one.members[0].record for name, one in choices.items()} == best_records(records)
    assert {one.way for one in choices.values()} == {"leading"}
    assert kept(Run(made.folder / "run"), records) is not None


def test_the_paragraph_for_a_paper_cites_what_was_used(made: Made) -> None:
    paragraph = made.text.partition('id="methods"')[2].partition("</p>")[0]
    for cited in ("Akiba et al. 2019", "Ke et al. 2017", "Pedregosa et al. 2011", "Tsamardinos et al. 2018"):
        assert cited in paragraph
    assert "Sun et al. 2021" in paragraph  # the keypoints are CalMS21's
    assert "Prokhorenkova" not in made.text
    assert "12 pipelines" in paragraph
    assert "5 labelled recordings of poses (2,000 frames at 30 per second" in paragraph


def test_what_made_the_run_is_told_to_the_byte(made: Made) -> None:
    identity = Run(made.folder / "run").description.identity
    provenance = made.text.partition('<section id="provenance"')[2]
    digests = [digest for theirs in identity["data"].values() for digest in theirs.values()]
    wanted = [*digests, *identity["versions"].values(), *identity["plugins"]["features"].values()]
    assert [one for one in wanted if one not in provenance] == []
    assert "harness search --data data --results run --trials 12" in provenance
    assert "model lightgbm: leaves" in provenance
