import re
import tomllib
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from harness.arena import Arena
from harness.columns.poses import interpolated
from harness.plugins.contract import Columns, FeatureSet
from harness.plugins.loading import load_plugins
from harness.plugins.registry import FEATURES
from harness.plugins.spaces import SPACES
from harness.recording import CALMS21, Array, Recording, Skeleton
from harness.spec import Value
from harness.testing.feature_sets import (
    FEATURE_CHECKS,
    FeatureCheck,
    columns_follow_the_animals,
    columns_look_no_farther_than_declared,
    fitted_on,
    gives_one_number_a_frame,
    resampled,
    works_on_one_frame,
)
from tests.toy import MOUSE, toy_recordings, with_confidence

load_plugins()


def crowd(frames: int = 200, seed: int = 0) -> Recording:
    """Two of four mice in a round arena of known size, the others beside them."""
    mice, others = (with_confidence(toy_recordings(1, frames, seed=one)[0]) for one in (seed, seed + 1))
    return replace(
        mice,
        others=tuple(others.keypoints[:, animal] for animal in range(2)),
        pixels_per_cm=12.5,
        arena=Arena.circle(500.0, 300.0, 400.0),
    )


RECORDINGS = {
    "mice": with_confidence(toy_recordings(1, 200)[0]),
    "crowd": crowd(),
    "rats": with_confidence(toy_recordings(1, 200, skeleton=Skeleton.unnamed(5), missing=0.45)[0]),
}


def accepted() -> list[tuple[str, str]]:
    """Each feature set with each recording that it does not refuse; of the crowd, those that need what only it has."""
    pairs = list(product(sorted(FEATURES), RECORDINGS))
    able = [(name, kind) for name, kind in pairs if not FEATURES[name].refusal(RECORDINGS[kind])]
    return [(name, kind) for name, kind in able if kind != "crowd" or FEATURES[name].refusal(RECORDINGS["mice"])]


def columns_of(name: str, recording: Recording, learned_from: Recording | None = None, **parameters: Value) -> Columns:
    return fitted_on(with_parameters(FEATURES[name], parameters), learned_from or recording)(recording)


@pytest.mark.parametrize("check", FEATURE_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize(("name", "kind"), accepted())
def test_feature_set(name: str, kind: str, check: FeatureCheck) -> None:
    check(FEATURES[name], RECORDINGS[kind])


@pytest.mark.parametrize("name", sorted(FEATURES))
def test_a_feature_set_says_how_it_treats_missing_keypoints(name: str) -> None:
    assert re.search(r"\b(missing|NaN|seen)\b", FEATURES[name].function.__doc__ or "")


def with_parameters(feature_set: FeatureSet, parameters: dict[str, Value]) -> FeatureSet:
    function = partial(feature_set.function, **parameters)
    fit: Callable[..., Columns] | None = feature_set.fit and partial(feature_set.fit, **parameters)
    return replace(feature_set, function=function, fit=fit)


def every_choice() -> list[tuple[str, dict[str, Value]]]:
    """Each of our feature sets at each combination of the values in its ranges."""
    choices = []
    for name in sorted(FEATURES):
        file = SPACES / "features" / f"{name}.toml"
        ranges = tomllib.loads(file.read_text()) if file.exists() else {}
        values = product(*(one["choices"] for one in ranges.values()))
        choices += [(name, dict(zip(ranges, chosen, strict=True))) for chosen in values]
    return choices


@pytest.mark.parametrize(("name", "parameters"), every_choice())
@pytest.mark.parametrize("check", [columns_look_no_farther_than_declared, gives_one_number_a_frame, works_on_one_frame])
def test_feature_set_at_every_value_of_its_parameters(
    name: str, parameters: dict[str, Value], check: FeatureCheck
) -> None:
    check(with_parameters(FEATURES[name], parameters), RECORDINGS["mice"])


@pytest.mark.parametrize("name", sorted(FEATURES))
def test_three_animals_are_described_as_two_are(name: str) -> None:
    recording = RECORDINGS["mice"]
    keypoints = np.concatenate([recording.keypoints, recording.keypoints[:, :1] + 90], axis=1)
    three = with_confidence(replace(recording, keypoints=keypoints, confidence=None))
    columns_follow_the_animals(FEATURES[name], three)
    columns = columns_of(name, three)
    assert len(columns) >= len(columns_of(name, recording))
    assert all(values.shape == (recording.frames,) for values in columns.values())


# The picture turned, moved, zoomed and mirrored

STILL = with_confidence(toy_recordings(1, 80, seed=3, missing=0.05)[0])
ANYHOW = [name for name in sorted(FEATURES) if {"translation", "rotation", "scale"} <= {*FEATURES[name].invariant_to}]
ANY_RATE = [name for name in sorted(FEATURES) if "frame_rate" in FEATURES[name].invariant_to]


@cache
def as_of_still(name: str) -> Callable[[Recording], Columns]:
    return fitted_on(FEATURES[name], STILL)


@pytest.mark.parametrize("name", ANYHOW)
@settings(deadline=None, max_examples=12)
@given(angle=st.floats(-np.pi, np.pi), zoom=st.floats(0.3, 3), x=st.floats(-500, 500), y=st.floats(-500, 500))
def test_columns_do_not_change_when_the_picture_is_turned_moved_and_zoomed(
    name: str, angle: float, zoom: float, x: float, y: float
) -> None:
    cos, sin = np.cos(angle), np.sin(angle)
    turned = np.einsum("ij,fajp->faip", zoom * np.array([[cos, -sin], [sin, cos]]), STILL.keypoints)
    moved = replace(STILL, keypoints=(turned + np.array([x, y])[:, None]).astype(np.float32))
    expected, columns = as_of_still(name)(STILL), as_of_still(name)(moved)
    for column, values in expected.items():
        # Words and kernels divide by small spreads, and a float32 pixel on a far edge is a coarse one.
        assert columns[column] == pytest.approx(values, rel=2e-3, abs=1e-2, nan_ok=True), column


@pytest.mark.parametrize("name", ANY_RATE)
@settings(deadline=None, max_examples=4)
@given(seed=st.integers(0, 10_000), times=st.integers(2, 4))
def test_the_same_motion_filmed_at_another_frame_rate_gives_the_same_columns(name: str, seed: int, times: int) -> None:
    recording = crowd(240, seed)
    slow, fast = resampled(recording, 1), resampled(recording, times)
    expected, columns = columns_of(name, slow), columns_of(name, fast, learned_from=slow)
    for column, values in expected.items():
        others = columns[column][::times]
        # Half a frame more or less of a lag or a window shifts what changes fast, not what a column is.
        # What happens for an instant is seen at one rate and missed at another; a clock then starts late for seconds.
        clock = 0.7 if " since_" in column or " until_" in column else 0.0
        assert np.mean(np.abs(others - values)) <= 0.15 * np.std(values) + 0.05 + clock, column


def test_nearly_every_set_is_invariant_to_how_it_was_filmed() -> None:
    assert set(FEATURES) - set(ANYHOW) == {"metric_distances", "place_and_time", "places", "raw_pose"}
    assert set(FEATURES) == set(ANY_RATE)


def mirrored(recording: Recording) -> Recording:
    """The picture upside down, in which left and right have changed places."""
    swapped = [CALMS21.keypoints.index(_other_side(name)) for name in CALMS21.keypoints]
    keypoints = recording.keypoints[:, :, :, swapped] * np.array([1, -1], dtype=np.float32)[:, None]
    return replace(recording, keypoints=keypoints)


def _other_side(name: str) -> str:
    return name.replace("left", "?").replace("right", "left").replace("?", "right")


@pytest.mark.parametrize("name", ["distances_pca", "kinematics", "social_geometry", "task_programs"])
def test_columns_do_not_change_in_the_mirror_but_for_those_that_tell_the_side(name: str) -> None:
    sided = ("aside", "head_body_angle", "component")
    # Distances between all keypoints name left and right ones.
    parameters: dict[str, Value] = {"pairs": "key"} if name == "social_geometry" else {}
    expected, columns = (columns_of(name, one, None, **parameters) for one in (STILL, mirrored(STILL)))
    for column, values in expected.items():
        sign = -1 if column.endswith(sided[:2]) else 1
        if not column.startswith(sided[2]):  # the order of distances is another one
            assert columns[column] == pytest.approx(sign * values, rel=1e-3, abs=1e-4, nan_ok=True), column


@pytest.mark.parametrize("fps", [15.0, 30.0, 120.0])
def test_the_frame_rate_changes_no_speed(fps: float) -> None:
    recording = walking(fps=fps, body_lengths_a_second=2.0, turns_a_second=0.1)
    columns = columns_of("kinematics", recording)
    middle = recording.frames // 2
    assert columns["0 speed"][middle] == pytest.approx(2, rel=1e-2)
    assert columns["0 turning"][middle] == pytest.approx(0.2 * np.pi, rel=1e-2)


def walking(*, fps: float, body_lengths_a_second: float, turns_a_second: float = 0.0, frames: int = 0) -> Recording:
    """Two mice, of which the first walks where it is headed, without a bend."""
    frames = frames or round(2 * fps)
    heading = 2 * np.pi * turns_a_second * np.arange(frames) / fps
    steps = body_lengths_a_second * 1.45 * np.exp(1j * heading) / fps  # nose to tail base is 1.45 in MOUSE
    middle = np.cumsum(steps)
    body = MOUSE[0] + 1j * MOUSE[1]
    body = body - body.mean()
    first = middle + body[:, None] * np.exp(1j * heading)
    second = np.broadcast_to((body + 5)[:, None], first.shape)
    return recording_of(np.stack([first, second]) * 40, CALMS21, fps)


def recording_of(points: Array, skeleton: Skeleton, fps: float = 30.0) -> Recording:
    """A recording from points (animal, part, frames) as complex numbers."""
    keypoints = np.stack([points.real, points.imag]).transpose(3, 1, 0, 2)
    return Recording("by-hand", np.ascontiguousarray(keypoints, dtype=np.float32), skeleton, fps)


# Kinematics by hand


def test_walking_straight_is_forward_speed_and_nothing_else() -> None:
    columns = columns_of("kinematics", walking(fps=30, body_lengths_a_second=1.5))
    assert columns["0 forward"] == pytest.approx(np.full(60, 1.5), rel=1e-3)
    assert columns["0 front_speed"] == pytest.approx(np.full(60, 1.5), rel=1e-3)
    for still in ("0 sideways", "0 turning", "0 front_moves", "0 shaking", "0 bend", "0 missing", "1 speed"):
        assert columns[still] == pytest.approx(np.zeros(60), abs=1e-3), still
    assert columns["0 acceleration"][5:-5] == pytest.approx(np.zeros(50), abs=5e-2)
    assert columns["0 length"] == pytest.approx(np.ones(60), abs=1e-4)


def test_walking_backwards_is_negative_forward_speed() -> None:
    columns = columns_of("kinematics", walking(fps=30, body_lengths_a_second=-1.5))
    assert columns["0 forward"] == pytest.approx(np.full(60, -1.5), rel=1e-3)
    assert columns["0 speed"] == pytest.approx(np.full(60, 1.5), rel=1e-3)


def test_keypoints_that_go_missing_make_no_speed() -> None:
    recording = walking(fps=30, body_lengths_a_second=1.5)
    holes = np.random.default_rng(0).random((60, 2, 1, 7)) < 0.45
    keypoints = np.where(holes, np.nan, recording.keypoints).astype(np.float32)
    columns = columns_of("kinematics", replace(recording, keypoints=keypoints))
    forward = columns["0 forward"]
    assert np.isnan(forward).mean() < 0.2
    assert forward[~np.isnan(forward)] == pytest.approx(1.5, rel=1e-2)
    assert columns["0 missing"] == pytest.approx(holes[:, 0, 0].mean(axis=1))


def spine(*places: complex) -> Array:
    """One animal (part, 1 frame) with keypoints at `places`, from front to rear."""
    return np.array(places, dtype=np.complex128)[:, None]


def test_posture_of_a_bent_animal() -> None:
    straight, bent = spine(20, 10, 0), spine(10 + 10j, 10, 0)
    both = np.stack([np.repeat(straight, 3, axis=1)] * 2)
    both[0, :, 2:] = bent
    columns = columns_of("kinematics", recording_of(both, Skeleton.unnamed(3)))
    middle = (20 + 10j) / 3
    bend = np.angle(
        (10 + 10j - middle) / (10 + 10j)
    )  # the axis: rear to front, since the middle keypoint weighs nothing
    assert columns["0 bend"] == pytest.approx([0, 0, bend], abs=1e-5)
    assert columns["0 roundness"][:2] == pytest.approx([0, 0], abs=1e-3)
    places = np.array([[10, 10, 0], [10, 0, 0]])
    small, large = np.linalg.eigvalsh(np.cov(places, ddof=0))
    assert columns["0 roundness"][2] == pytest.approx(np.sqrt(small / large), rel=1e-4)
    assert columns["0 size"][2] == pytest.approx(np.sqrt(small + large) / 20, rel=1e-4)


def test_a_head_that_shakes_is_seen_where_it_shakes() -> None:
    frames = np.arange(300)
    body = np.repeat(spine(20, 12, 10, 0), 300, axis=1)
    body[0] += np.where(frames >= 150, 3j * np.sin(2 * np.pi * 5 * frames / 30), 0)
    columns = columns_of("kinematics", recording_of(np.stack([body, body]), Skeleton.unnamed(4)))
    assert columns["0 shaking"][:130] == pytest.approx(np.zeros(130), abs=1e-6)
    # Amplitude a at 5 Hz, differenced over two frames: a * sin(pi / 3) * 30 a second, of which the head moves 3 / 4.
    rms = 3 / 20 * np.sin(np.pi / 3) * 30 * 0.75 / np.sqrt(2)
    assert columns["0 shaking"][180:270] == pytest.approx(np.full(90, rms), rel=0.03)


# Social geometry by hand: animals 10 pixels long, with shoulders 4 pixels wide


def facing_right(middle: complex) -> Array:
    return spine(5, 2j, -2j, -5) + middle


def scene(one: Array, other: Array, frames: int = 1) -> Recording:
    return recording_of(np.repeat(np.stack([one, other]), frames, axis=2), Skeleton.unnamed(4))


def first_row(columns: Columns) -> dict[str, float]:
    return {name: float(values[0]) for name, values in columns.items()}


def test_two_animals_facing_one_another_three_body_lengths_apart() -> None:
    row = first_row(columns_of("social_geometry", scene(facing_right(0), 30 - facing_right(0)), pairs="all"))
    assert row["0-1 distance"] == pytest.approx(3)
    assert row["0-1 front_end to front_end"] == pytest.approx(2)
    assert row["0-1 front_end to rear_end"] == pytest.approx(3)
    assert row["0-1 rear_end to front_end"] == pytest.approx(3)
    assert row["0-1 nearest"] == pytest.approx(2)
    assert row["0-1 gap"] == pytest.approx(2)
    assert row["0-1 overlap"] == 0
    assert row["0-1 parallel"] == pytest.approx(-1)
    assert row["0-1 since_contact"] == row["0-1 until_contact"] == 3
    for who in ("0 to 1", "1 to 0"):
        assert row[f"{who} ahead"] == pytest.approx(1)
        assert row[f"{who} aside"] == pytest.approx(0, abs=1e-6)
        assert row[f"{who} facing"] == pytest.approx(0, abs=1e-6)
        assert np.isnan(row[f"{who} towards"])  # one frame has no speed
    assert row["0-1 keypoint_0 to keypoint_0"] == pytest.approx(2)
    assert row["0-1 keypoint_3 to keypoint_3"] == pytest.approx(4)


def test_an_animal_at_the_side_of_another() -> None:
    across = facing_right(0) * 1j + 8j  # headed for +y, its middle 0.8 body lengths to the +y side
    row = first_row(columns_of("social_geometry", scene(facing_right(0), across)))
    assert row["0-1 distance"] == pytest.approx(0.8)
    assert row["0-1 parallel"] == pytest.approx(0, abs=1e-6)
    assert row["0 to 1 ahead"] == pytest.approx(0, abs=1e-6)
    assert row["0 to 1 aside"] == pytest.approx(1)
    assert row["0 to 1 facing"] == pytest.approx(np.angle(-5 + 8j))
    assert row["1 to 0 ahead"] == pytest.approx(-1)
    assert row["1 to 0 facing"] == pytest.approx(np.pi)
    # Along the line upwards the first reaches to y = 2 and the second from y = 3 on.
    assert row["0-1 gap"] == pytest.approx(0.1)
    assert row["0-1 since_contact"] == row["0-1 until_contact"] == 0


def test_overlap_is_intersection_over_union_along_the_line_of_centers() -> None:
    row = first_row(columns_of("social_geometry", scene(facing_right(0), facing_right(4))))
    assert row["0-1 gap"] == pytest.approx(-0.6)
    assert row["0-1 overlap"] == pytest.approx(6 * 4 / (2 * 10 * 4 - 6 * 4))


def test_an_animal_that_walks_up_to_another() -> None:
    recording = scene(facing_right(0), 50 - facing_right(0), frames=90)
    steps = 10 * np.minimum(np.arange(90), 60) / 15  # 20 pixels a second for two seconds
    keypoints = recording.keypoints.copy()
    keypoints[:, 0, 0] += steps[:, None]
    columns = columns_of("social_geometry", replace(recording, keypoints=keypoints))
    assert columns["0-1 distance"] == pytest.approx((50 - steps) / 10, rel=1e-5)
    assert columns["0-1 closing"][10:50] == pytest.approx(np.full(40, 2), rel=1e-4)
    assert columns["0 to 1 towards"][10:50] == pytest.approx(np.full(40, 2), rel=1e-4)
    assert columns["0 to 1 past"] == pytest.approx(np.zeros(90), abs=1e-4)
    assert columns["1 to 0 towards"] == pytest.approx(np.zeros(90), abs=1e-4)
    assert columns["0-1 relative_speed"][70:] == pytest.approx(np.zeros(20), abs=1e-4)


def test_times_since_and_until_contact_are_at_most_three_seconds() -> None:
    recording = scene(facing_right(0), facing_right(50), frames=400)
    keypoints = recording.keypoints.copy()
    keypoints[200:203, 1, 0] -= 45  # beside one another for three frames
    keypoints[210, 1] = np.nan
    columns = columns_of("social_geometry", replace(recording, keypoints=keypoints))
    frame = np.arange(400)
    since = np.where(frame < 200, 3, np.clip((frame - 202) / 30, 0, 3))
    until = np.where(frame > 202, 3, np.clip((200 - frame) / 30, 0, 3))
    since[210] = until[210] = np.nan
    assert columns["0-1 since_contact"] == pytest.approx(since, nan_ok=True)
    assert columns["0-1 until_contact"] == pytest.approx(until, nan_ok=True)


# Task programs and principal components by hand


def mouse(middle: complex = 0, heading: float = 0.0) -> Array:
    """A mouse 50 pixels from neck to tail base, halfway between them at `middle`."""
    return np.asarray(50 * (MOUSE[0] + 1j * MOUSE[1])[:, None] * np.exp(1j * heading) + middle)


def mice(one: Array, other: Array, frames: int = 1) -> Recording:
    return recording_of(np.repeat(np.stack([one, other]), frames, axis=2), CALMS21)


def test_task_programs_of_two_mice_in_a_row() -> None:
    recording = mice(mouse(), mouse(200), frames=9)
    keypoints = recording.keypoints.copy()
    keypoints[:, 1, 1] += 5 * np.arange(9)[:, None]  # the second drifts by 5 pixels a frame
    keypoints[:, 0, 1, 0] += 2 * np.arange(9)  # only the first one's nose moves, by 2
    row = {
        name: values[4] for name, values in columns_of("task_programs", replace(recording, keypoints=keypoints)).items()
    }
    nose_0, nose_1 = 0.95 * 50 + 8j, 200 + 0.95 * 50 + 20j
    assert row["1 moved"] == pytest.approx(5 * 4 / 50)
    assert row["1 front_moved"] == pytest.approx(0, abs=1e-5)
    assert row["0 moved"] == pytest.approx(2 * 4 / 7 / 50, rel=1e-4)
    assert row["0 front_moved"] == pytest.approx(2 * 4 * 6 / 7 / 50, rel=1e-4)
    assert row["0 head_body_angle"] == pytest.approx(np.angle(nose_0 - 25), rel=1e-4)
    assert row["0-1 nose_to_nose"] == pytest.approx(abs(nose_0 - nose_1) / 50, rel=1e-4)
    assert row["0 to 1 nose_to_tail"] == pytest.approx(abs(nose_0 - (175 + 20j)) / 50, rel=1e-4)
    assert row["0 to 1 social_angle"] == pytest.approx(np.angle(200 + 20j - 8j / 7), rel=1e-4)
    assert row["1 to 0 social_angle"] == pytest.approx(np.pi - np.angle(200 + 20j - 8j / 7), rel=1e-4)
    assert row["1 to 0 nose_to_tail"] == pytest.approx(abs(nose_1 - (-25)) / 50, rel=1e-4)
    assert len(row) == 11


def test_bins_of_task_programs_tell_what_is_above_an_edge() -> None:
    recording = mice(mouse(), mouse(200), frames=2)
    keypoints = recording.keypoints.copy()
    keypoints[1, 1] = np.nan
    columns = columns_of("task_programs", replace(recording, keypoints=keypoints), bins=True)
    assert len(columns) == 33
    assert columns["0-1 nose_to_nose above 0.6"] == pytest.approx([1, np.nan], nan_ok=True)
    assert columns["0 to 1 social_angle above 0.5"] == pytest.approx([0, np.nan], nan_ok=True)
    assert columns["1 to 0 social_angle above 1.5"] == pytest.approx([1, np.nan], nan_ok=True)


@pytest.mark.parametrize("variance", [0.9, 0.95])
def test_the_components_are_those_of_scikit_learn(variance: float) -> None:
    recording = toy_recordings(1, 300, missing=0)[0]
    points = np.concatenate([recording.keypoints[:, 0], recording.keypoints[:, 1]], axis=2).transpose(0, 2, 1)
    apart = np.linalg.norm(points[:, :, None] - points[:, None], axis=3)[:, *np.triu_indices(14, 1)]
    length = np.median(np.linalg.norm(recording.keypoints[:, :, :, 0] - recording.keypoints[:, :, :, 6], axis=2))
    columns = columns_of("distances_pca", recording, variance=variance)
    reference = PCA(variance, svd_solver="full").fit_transform(np.log1p(apart / length))
    assert len(columns) == reference.shape[1]
    for ours, theirs in zip(columns.values(), reference.T, strict=True):
        assert abs(np.corrcoef(ours, theirs)[0, 1]) > 0.999
        assert ours.std() == pytest.approx(theirs.std(), rel=0.02)


def test_components_are_learned_evenly_from_all_recordings() -> None:
    fit = FEATURES["distances_pca"].fit
    assert fit is not None
    first, second = toy_recordings(2, 250)
    twice = toy_recordings(1, 250)[0]
    apart, joined = fit([first, second]), fit([second, first])
    assert apart["components"].shape[0] == 91
    assert np.allclose(apart["median"], joined["median"])
    assert not np.allclose(apart["median"], fit([twice])["median"])
    assert np.allclose(apart["components"].T @ apart["components"], np.eye(apart["components"].shape[1]))


def test_components_are_learned_from_one_recording_at_a_time() -> None:
    @dataclass
    class OneByOne:
        """Recordings that are made when their turn comes, and the most of them that were there at once."""

        made: list[weakref.ref[Recording]] = field(default_factory=list)
        most: int = 0

        def __iter__(self) -> Iterator[Recording]:
            for seed in range(6):
                recording = toy_recordings(1, 40 + 10 * seed, seed=seed)[0]
                self.made.append(weakref.ref(recording))
                self.most = max(self.most, sum(reference() is not None for reference in self.made))
                yield recording

    fit = FEATURES["distances_pca"].fit
    assert fit is not None
    one_by_one = OneByOne()
    streamed, listed = fit(one_by_one), fit(list(OneByOne()))
    assert one_by_one.most <= 2  # the last one, and the one that takes its place
    assert all(np.array_equal(streamed[name], listed[name]) for name in listed)


def test_a_missing_distance_counts_as_its_median() -> None:
    recording = toy_recordings(1, 300, missing=0)[0]
    plugin = FEATURES["distances_pca"]
    assert plugin.fit is not None
    fitted = plugin.fit([recording])
    keypoints = recording.keypoints.copy()
    keypoints[0, 0, :, 1:] = keypoints[0, 1, :, 1:] = np.nan  # both noses are left: one distance of 91
    keypoints[1] = np.nan
    columns = plugin.function(replace(recording, keypoints=keypoints), fitted)
    pair = list(combinations(range(14), 2)).index((0, 7))
    length = np.median(np.linalg.norm(recording.keypoints[:, :, :, 0] - recording.keypoints[:, :, :, 6], axis=2))
    apart = np.linalg.norm(keypoints[0, 0, :, 0] - keypoints[0, 1, :, 0]) / length
    expected = (np.log1p(apart) - fitted["median"][pair]) * fitted["components"][pair]
    assert [columns[f"component {i}"][0] for i in range(len(expected))] == pytest.approx(expected, abs=1e-2)
    assert np.isnan(columns["component 0"][1])


def test_one_keypoint_has_no_distances() -> None:
    recording = Recording("dot", np.zeros((5, 1, 2, 1), dtype=np.float32), Skeleton.unnamed(1))
    assert np.isnan(columns_of("distances_pca", recording)["component 0"]).all()


def test_sets_that_need_roles_are_refused_where_nothing_has_one() -> None:
    assert FEATURES["task_programs"].refusal(RECORDINGS["rats"]) is not None
    alone = replace(RECORDINGS["mice"], keypoints=RECORDINGS["mice"].keypoints[:, :1], confidence=None)
    assert FEATURES["social_geometry"].refusal(alone) == "needs 2 animals, the recordings have 1"


def test_most_of_a_recording_with_many_missing_keypoints_is_described() -> None:
    recording = interpolated(toy_recordings(1, 600, skeleton=Skeleton.unnamed(5), missing=0.45)[0], 1.0)
    for name in ("distances_pca", "kinematics", "social_geometry"):
        table = np.stack(list(columns_of(name, recording).values()), axis=1)
        assert np.isnan(table).mean() < 0.15, name


# Skeletons of many keypoints


@pytest.mark.parametrize("name", sorted(FEATURES))
def test_columns_grow_with_the_keypoints_and_not_with_their_square(name: str) -> None:
    amounts = []
    for parts in (12, 24, 48):
        recordings = toy_recordings(2, 60, skeleton=Skeleton.unnamed(parts))
        feature_set = FEATURES[name]
        if feature_set.refusal(recordings[0]):
            pytest.skip("needs what unnamed keypoints do not have")
        fitted = () if feature_set.fit is None else (feature_set.learned(recordings, {}),)
        amounts.append(len(feature_set.function(recordings[0], *fitted)))
    assert amounts[2] - amounts[1] <= 2 * (amounts[1] - amounts[0]) + 2
