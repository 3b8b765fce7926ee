"""The same footage twice, in the ways that it comes twice, and recordings that only look alike."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.data.challenge import load_dataset
from harness.data.copies import Copy, near_copies
from harness.data.entry import Place
from harness.data.kept import Kept, report_copies
from harness.errors import DataError, HarnessError
from harness.fitting.folds import make_folds
from harness.recording import Array, Recording, Skeleton

FRAMES = 900


def walk(seed: int, frames: int = FRAMES, animals: int = 2) -> Array:
    """Keypoints (frames, animals, 2, 3) of animals that walk about at speeds and in directions that change."""
    rng = np.random.default_rng(seed)
    points = np.empty((frames, animals, 2, 3))
    for animal in range(animals):
        speed = 3 * np.abs(eased(rng, frames)) + 0.2
        heading = np.cumsum(0.15 * eased(rng, frames)) + rng.uniform(0, 6)
        place = rng.uniform(200, 400) * (1 + 1j) + np.cumsum(speed * np.exp(1j * heading))
        for part, along in enumerate((20, 0, -20)):
            point = place + along * np.exp(1j * heading)
            points[:, animal, 0, part], points[:, animal, 1, part] = point.real, point.imag
    return points


def eased(rng: np.random.Generator, frames: int) -> Array:
    return np.interp(
        np.arange(frames), np.arange(0, frames + 15, 15), rng.normal(size=frames // 15 + 1 + (frames % 15 > 0))
    )


def recording(keypoints: Array, name: str = "a", fps: float = 30.0) -> Recording:
    return Recording(name, keypoints.astype(np.float32), Skeleton.unnamed(keypoints.shape[3]), fps=fps)


def mirrored(points: Array) -> Array:
    return np.stack([1024 - points[:, :, 0], points[:, :, 1]], axis=2)


def turned(points: Array) -> Array:
    return np.stack([-points[:, :, 1], points[:, :, 0]], axis=2)


def trembling(points: Array) -> Array:
    return points + np.random.default_rng(9).normal(0, 1.5, points.shape)


def with_gaps(points: Array) -> Array:
    return np.where(np.random.default_rng(9).random((len(points), 2, 1, 3)) < 0.05, np.nan, points)


def swapped_now_and_then(points: Array) -> Array:
    swap = (np.arange(len(points)) // 100 % 2).astype(bool)
    return np.where(swap[:, None, None, None], points[:, ::-1], points)


CHANGES: dict[str, tuple[Callable[[Array], Array], int, int]] = {
    "a frame less": (lambda points: points[1:], -1, FRAMES - 1),
    "rounded": (np.round, 0, FRAMES),
    "trembling": (trembling, 0, FRAMES),
    "mirrored": (mirrored, 0, FRAMES),
    "turned": (turned, 0, FRAMES),
    "another size": (lambda points: points * 0.5 + 100, 0, FRAMES),
    "animals swapped": (lambda points: points[:, ::-1], 0, FRAMES),
    "animals swapped now and then": (swapped_now_and_then, 0, FRAMES),
    "with gaps": (with_gaps, 0, FRAMES),
    "second half": (lambda points: points[450:], -450, 450),
    "some seconds": (lambda points: points[300:600], -300, 300),
    "after something else": (lambda points: np.concatenate([walk(77)[:450], points[:450]]), 450, 450),
    "all at once": (lambda points: np.round(trembling(mirrored(points[200:, ::-1]))), -200, FRAMES - 200),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_same_footage_is_found_whatever_was_done_to_it(change: str) -> None:
    how, shift, frames = CHANGES[change]
    others = [recording(walk(seed)) for seed in range(1, 5)]
    (copy,) = near_copies([*others[:2], recording(walk(0)), *others[2:], recording(how(walk(0)))])
    assert (copy.one, copy.other) == (2, 5)
    assert abs(copy.shift - shift) <= 1
    assert abs(copy.frames - frames) <= 450 * (change == "after something else") + 1


@pytest.mark.parametrize("animals", [1, 3])
def test_any_number_of_animals(animals: int) -> None:
    every = [recording(walk(seed, animals=animals)) for seed in range(4)]
    assert near_copies(every) == ()
    assert near_copies([*every, recording(walk(2, animals=animals)[5:])]) == (Copy(2, 4, -5, FRAMES - 5),)


def straight(seed: int) -> Array:
    """Animals that walk straight on at one speed, each recording in another direction."""
    rng = np.random.default_rng(seed)
    step = 3 * np.exp(1j * rng.uniform(0, 6))
    path = np.arange(FRAMES) * step
    return np.stack([path.real, path.imag], axis=1)[:, None, :, None] + rng.normal(0, 1, (FRAMES, 2, 2, 3))


def still(seed: int) -> Array:
    return np.full((FRAMES, 2, 2, 3), 100.0) + np.random.default_rng(seed).normal(0, 1, (FRAMES, 2, 2, 3))


def darting(seed: int) -> Array:
    """Animals that sit still but for one dart in a straight line."""
    rng = np.random.default_rng(seed)
    points = still(seed)
    start = int(rng.integers(200, 700))
    points[:, 0, 0] += 300 / (1 + np.exp(-(np.arange(FRAMES) - start) / 8.0))[:, None]
    return points


@pytest.mark.parametrize("kind", [walk, straight, still, darting, lambda seed: np.full((40, 1, 2, 3), seed * 1.0)])
def test_other_footage_is_not_taken_for_it(kind: Callable[[int], Array]) -> None:
    assert near_copies([recording(kind(seed)) for seed in range(12)]) == ()


def test_where_nothing_is_seen_nothing_is_found() -> None:
    empty = np.full((FRAMES, 2, 2, 3), np.nan)
    assert near_copies([recording(empty), recording(empty[1:]), recording(walk(0))]) == ()
    assert near_copies([]) == ()


def test_recordings_of_few_frames_a_second_have_no_shape_to_compare() -> None:
    assert near_copies([recording(walk(0), fps=0.5), recording(walk(0), fps=0.5)]) == ()


@pytest.mark.parametrize("seen", [0.0, 0.4])
def test_an_animal_that_is_hardly_ever_seen_hides_no_copy(seen: float) -> None:
    """As a third one is that is listed and not there, or one that was lost for most of the time."""
    first, other = walk(0), walk(1)
    third = np.where(np.random.default_rng(0).random(len(first)) < seen, 300.0, np.nan)
    both = []
    for keypoints in (first, first + np.random.default_rng(1).normal(0, 0.2, first.shape), other):
        lone = np.broadcast_to(third[:, None, None, None], (len(first), 1, *first.shape[2:]))
        both.append(recording(np.concatenate([keypoints, lone], axis=1)))
    assert [(copy.one, copy.other) for copy in near_copies(both)] == [(0, 1)]


def test_rates_that_are_nearly_the_same_are_one() -> None:
    (copy,) = near_copies([recording(walk(0), fps=30.0), recording(walk(0), fps=29.97)])
    assert (copy.one, copy.other) == (0, 1)


def test_the_same_poses_at_another_rate_are_refused(tmp_path: Path) -> None:
    """Frames a second may be said wrongly of one of them."""
    kept = [Kept(recording(walk(0), name, fps), Place(tmp_path, {}), {}) for name, fps in (("a", 30.0), ("b", 15.0))]
    report_copies(kept)
    assert list(kept[1].place.problems) == [f"{tmp_path}: the same poses as a, expected each recording once"]


def test_recordings_at_other_rates_are_not_compared() -> None:
    assert near_copies([recording(walk(0)), recording(walk(0), fps=25.0)]) == ()


def labelled(keypoints: Array) -> dict[str, Array]:
    return {"keypoints": keypoints, "annotations": (np.arange(len(keypoints)) // 90 % 3 == 0).astype(int)}


def write(folder: Path, train: object, test: object | None = None) -> Path:
    np.save(folder / "train.npy", np.array(train, dtype=object), allow_pickle=True)
    if test is not None:
        np.save(folder / "test.npy", np.array(test, dtype=object), allow_pickle=True)
    return folder


def test_within_a_behavior_it_is_refused(tmp_path: Path) -> None:
    train = {"groom": {"first": labelled(walk(0)), "again": labelled(walk(0)[1:]), "other": labelled(walk(1))}}
    with pytest.raises(DataError) as refused:
        load_dataset(write(tmp_path, train))
    (problem,) = refused.value.problems
    assert problem.startswith(f"{tmp_path / 'train.npy'}: groom, again: shows the same footage as first for 30.0 s")


def test_where_asked_it_is_held_out_together(tmp_path: Path) -> None:
    train = {
        "groom": {
            name: labelled(keypoints)
            for name, keypoints in (
                ("a", walk(0)), ("b", walk(1)), ("a late", walk(0)[300:]), ("a early", walk(0)[:600]), ("c", walk(2))
            )
        }
    }  # fmt: skip
    (tmp_path / "dataset.toml").write_text('copies = "together"', encoding="utf-8")
    dataset = load_dataset(write(tmp_path, train))
    assert [one.footage for one in dataset.labelled["groom"]] == ["a", "", "a", "a", ""]
    folds = make_folds(dataset.labelled["groom"], 1.0)
    assert folds.held_out == ((0, 2, 3), (1,), (4,))
    assert folds.parts == (0, 1, 0, 0, 2)
    assert [note for note in dataset.notes if "held out together" in note] == list(dataset.notes)
    apart = load_dataset(write(tmp_path, {"groom": dict(list(train["groom"].items())[:2])}))
    assert apart.digests["groom"]["a"] != dataset.digests["groom"]["a"]  # another run


def test_the_only_footage_that_shows_it_cannot_be_held_out_with_its_copy(tmp_path: Path) -> None:
    nothing = {"keypoints": walk(1), "annotations": np.zeros(FRAMES, dtype=int)}
    (tmp_path / "dataset.toml").write_text('copies = "together"', encoding="utf-8")
    train = {"groom": {"a": labelled(walk(0)), "again": labelled(walk(0)[9:]), "other": nothing}}
    recordings = load_dataset(write(tmp_path, train)).labelled["groom"]
    with pytest.raises(HarnessError, match=r"again: held out together with a, but no other recording shows"):
        make_folds(recordings, 1.0)


def test_under_another_behavior_it_is_not(tmp_path: Path) -> None:
    train = {
        "groom": {"first": labelled(walk(0)), "other": labelled(walk(1))},
        "rear": {"again": labelled(walk(0)[1:]), "third": labelled(walk(2))},
    }
    assert load_dataset(write(tmp_path, train)).notes == ()


def test_labelled_test_recordings_must_show_something_else(tmp_path: Path) -> None:
    train = {"groom": {"first": labelled(walk(0)), "other": labelled(walk(1))}}
    with pytest.raises(DataError) as refused:
        load_dataset(write(tmp_path, train, {"groom": {"test": labelled(walk(1)[30:])}}))
    (problem,) = refused.value.problems
    where = f"{tmp_path / 'test.npy'}: groom, test: shows the same footage as other for 29.0 s, which is trained on"
    assert problem.startswith(where)


def test_recordings_that_are_only_to_be_labelled_may_be_known_and_it_is_said(tmp_path: Path) -> None:
    train = {"groom": {"first": labelled(walk(0)), "other": labelled(walk(1))}}
    (note,) = load_dataset(write(tmp_path, train, {"test": {"keypoints": walk(1)[30:]}})).notes
    assert note == "test, to be labelled, shows the same footage as other for 29.0 s, which is trained on"
