"""Places that trackers write for what they did not see."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from harness.data.challenge import load_dataset
from harness.data.sentinels import without_sentinels
from harness.recording import Array
from tests.data.test_copies import labelled, walk, write

FRAMES = 600


def tracks(parts: int = 7, seed: int = 0) -> Array:
    """float32 (frames, 2, 2, parts) of two animals of about 60 pixels that walk about."""
    places = walk(seed, FRAMES)[:, :, :, 1:2]
    along = np.linspace(30, -30, parts)
    shape = np.stack([along, 0.3 * np.sin(along)])
    return (places + shape).astype(np.float32)


def hidden(points: Array, share: float, seed: int) -> Array:
    """bool (frames, animals, parts): parts that are hidden for a tenth of a second at a time."""
    times = np.random.default_rng(seed).random((FRAMES // 3, points.shape[1], points.shape[3])) < share
    return np.repeat(times, 3, axis=0)


def filled(points: Array, unseen: Array, place: tuple[float, float]) -> Array:
    return np.where(unseen[:, :, None], np.array(place, dtype=np.float32)[:, None], points)


@given(
    place=st.sampled_from([(0.0, 0.0), (-1.0, -1.0), (-5.0, -5.0), (1024.0, 0.0)]),
    share=st.floats(0.05, 0.2),
    parts=st.sampled_from([3, 5, 7]),
    seed=st.integers(0, 1000),
)
@example(place=(-5.0, -5.0), share=0.125, parts=3, seed=338)  # two of three parts there on the same frames
def test_points_at_such_a_place_are_missing_and_no_others(
    place: tuple[float, float], share: float, parts: int, seed: int
) -> None:
    points = tracks(parts, seed)
    apart = np.hypot(points[:, :, 0] - place[0], points[:, :, 1] - place[1])
    assume(apart.min() > 150)  # an animal that walks over it is measured there
    unseen = hidden(points, share, seed)
    cleaned = without_sentinels(filled(points, unseen, place))
    np.testing.assert_array_equal(cleaned.keypoints, np.where(unseen[:, :, None], np.nan, points))
    assert cleaned.unseen == {place: unseen.sum()}


def one_part(points: Array) -> Array:
    unseen = np.zeros((FRAMES, 2, points.shape[3]), dtype=bool)
    unseen[np.arange(FRAMES) % 150 < 90, :, -1] = True
    return unseen


def whole_animal(points: Array) -> Array:
    unseen = np.zeros((FRAMES, 2, points.shape[3]), dtype=bool)
    unseen[100:300, 1] = unseen[400:420, 0] = True
    return unseen


def never(points: Array) -> Array:
    return np.broadcast_to(np.array([False, True])[:, None], (FRAMES, 2, points.shape[3]))


@pytest.mark.parametrize("parts", [1, 2, 7])
@pytest.mark.parametrize("which", [one_part, whole_animal, never])
def test_a_part_or_an_animal_that_is_not_seen_for_long(which: Callable[[Array], Array], parts: int) -> None:
    points = tracks(parts)
    unseen = which(points)
    cleaned = without_sentinels(filled(points, unseen, (0.0, 0.0)))
    np.testing.assert_array_equal(cleaned.keypoints, np.where(unseen[:, :, None], np.nan, points))


def test_beside_points_that_are_missing_already() -> None:
    points = tracks()
    points[::7, 0, :, 2] = np.nan
    unseen = hidden(points, 0.1, 3)
    cleaned = without_sentinels(filled(points, unseen, (0.0, 0.0)))
    np.testing.assert_array_equal(cleaned.keypoints, np.where(unseen[:, :, None], np.nan, points))


def sitting(points: Array) -> Array:
    return np.repeat(np.round(points[:1]), FRAMES, axis=0)


def sitting_and_swapped(points: Array) -> Array:
    still = sitting(points)
    return np.where((np.arange(FRAMES) // 20 % 2 == 1)[:, None, None, None], still[:, ::-1], still)


def walking_through_the_corner(points: Array) -> Array:
    return np.round(points - points[300, 0, :, 3][:, None])


def with_a_landmark(points: Array) -> Array:
    corner = np.full((FRAMES, 2, 2, 1), 30.0, dtype=np.float32)
    return np.concatenate([points, corner], axis=3)


def lost_for_a_moment(points: Array) -> Array:
    points = points.copy()
    points[200:205, 0, :, 4] = points[400:402, 1, :, 4] = 700.0
    return points


@pytest.mark.parametrize(
    "change",
    [
        np.round, sitting, sitting_and_swapped, walking_through_the_corner, with_a_landmark, lost_for_a_moment,
        lambda points: np.full_like(points, np.nan),
    ],
)  # fmt: skip
def test_what_was_measured_stays(change: Callable[[Array], Array]) -> None:
    points = change(tracks())
    cleaned = without_sentinels(points)
    assert cleaned.unseen == {}
    np.testing.assert_array_equal(cleaned.keypoints, points)


def test_a_dataset_tells_how_many_there_were(tmp_path: Path) -> None:
    train: dict[str, dict[str, object]] = {"groom": {}, "rear": {}}
    amount = 0
    for seed, name in enumerate(("a", "b", "c")):
        points = tracks(seed=seed)
        unseen = hidden(points, 0.2, seed) if name != "b" else np.zeros((FRAMES, 2, 7), dtype=bool)
        amount += unseen.sum()
        train["groom"][name] = train["rear"][name] = labelled(filled(points, unseen, (0.0, 0.0)))
    (note,) = load_dataset(write(tmp_path, train)).notes
    assert note == f"{amount:,} points in 2 recordings at exactly (0, 0), off the animals: taken for not seen"


def test_signalling_nans_are_nans(tmp_path: Path) -> None:
    points = tracks()
    points.view(np.uint32)[3, 1, :, 2] = 0x7F800001
    with np.errstate(invalid="raise"):
        dataset = load_dataset(write(tmp_path, {"groom": {"a": labelled(points), "b": labelled(tracks(seed=1))}}))
        found = dataset.labelled["groom"][0].keypoints
        assert np.isnan(found + 0).sum() == 2
