"""The example of a `dataset.toml`, held against the recordings it is about."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.arena import Arena
from harness.data.challenge import load_dataset
from harness.data.dataset_toml import Setup, read_dataset_toml, toml_text
from harness.errors import DataError
from harness.recording import ROLES, SCOPES, Skeleton
from tests.challenge_files import train_file, write

EXAMPLE = Path(__file__).parents[2] / "docs/rats/dataset.toml"
RATS = Path(__file__).parents[3] / "shared/data/rats"

SKELETON = Skeleton(("top", "body", "tail", "tail-m", "tail-e"), {"nose": 0, "tail_base": 2})


def test_the_example_is_read() -> None:
    assert read_dataset_toml(EXAMPLE) == Setup(SKELETON, fps=30.0, image_size=None)


@pytest.mark.skipif(not RATS.is_dir(), reason="the rats are not beside this project")
def test_the_example_says_of_the_rats_what_is_so(tmp_path: Path) -> None:
    for name in ("train.npy", "test.npy"):
        (tmp_path / name).symlink_to(RATS / name)
    shutil.copy(EXAMPLE, tmp_path)
    dataset = load_dataset(tmp_path)
    recordings = [*(one for group in dataset.labelled.values() for one in group), *dataset.unlabelled]
    assert all((one.skeleton, one.fps) == (SKELETON, 30) for one in recordings)
    points = np.concatenate([one.keypoints[:, :, 0] + 1j * one.keypoints[:, :, 1] for one in recordings])
    top, body, tail = points[..., 0], points[..., 1], points[..., 2]
    apart = np.abs(tail - top) > 0
    along = ((body - top)[apart] / (tail - top)[apart]).real
    assert np.nanmedian(along) == pytest.approx(0.55, abs=0.01)
    nearest = [np.nanquantile(np.abs(points[:, 0, part] - points[:, 1, part]), 0.1) for part in range(5)]
    assert nearest[0] == min(nearest)


@pytest.mark.parametrize("name", ["rear to tip", "to the left", "who sees whom"])
def test_a_keypoint_whose_name_would_read_as_a_pair_is_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / "dataset.toml"
    file.write_text(f'keypoints = ["nose", "{name}"]')
    with pytest.raises(DataError, match=f"keypoints: '{name}' should be a name without ' to ' or ' sees '"):
        read_dataset_toml(file)


@pytest.mark.parametrize(
    ("encoding", "says"),
    [
        ("latin-1", "is not UTF-8; save it as UTF-8"),
        ("utf-16", "is not UTF-8 but UTF-16; save it as UTF-8"),
    ],
)
def test_a_file_in_another_encoding_is_told_which_to_save_it_in(tmp_path: Path, encoding: str, says: str) -> None:
    path = tmp_path / "dataset.toml"
    path.write_text("# die Mäuse\nfps = 30\n", encoding=encoding)
    with pytest.raises(DataError) as caught:
        read_dataset_toml(path)
    assert caught.value.problems == (f"{path}: {says}",)
    path.write_text("# die Mäuse\nfps = 30\n", encoding="utf-8-sig")
    assert read_dataset_toml(path).fps == 30


# Behaviors, arena, edges


def read(tmp_path: Path, text: str) -> Setup:
    (tmp_path / "dataset.toml").write_text(text, encoding="utf-8")
    return read_dataset_toml(tmp_path / "dataset.toml")


def test_behaviors_keep_their_order_and_say_whom_they_are_of(tmp_path: Path) -> None:
    text = 'exclusive = true\nsource = "cam 3"\n[behaviors]\nrear = "scene"\nchase = "pair"\ngroom = "one"\n'
    setup = read(tmp_path, text)
    assert list(setup.behaviors.items()) == [("rear", "scene"), ("chase", "pair"), ("groom", "one")]
    assert (setup.exclusive, setup.source) == (True, "cam 3")


@pytest.mark.parametrize(
    ("text", "arena"),
    [
        ("circle = [1, 2, 3.5]", Arena.circle(1, 2, 3.5)),
        ("rectangle = [0, 1, 10, 21]", Arena.polygon([(0, 1), (10, 1), (10, 21), (0, 21)])),
        ("polygon = [[0, 0], [4, 0], [0, 3]]", Arena.polygon([(0, 0), (4, 0), (0, 3)])),
    ],
)
def test_an_arena_is_a_circle_a_rectangle_or_a_polygon(tmp_path: Path, text: str, arena: Arena) -> None:
    assert read(tmp_path, f"[arena]\n{text}\n").arena == arena


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[arena]\ncircle = [1, 2]", "arena: circle = [1, 2] should be [x, y, radius], in pixels"),
        ("[arena]\ncircle = [1, 2, 0]", "arena: circle = [1, 2, 0] is a circle whose radius is not above 0"),
        ("[arena]\ncircle = [1, nan, 4]", "arena: circle = [1, nan, 4] should be [x, y, radius], in pixels"),
        ("[arena]\nrectangle = [5, 0, 1, 9]", "is a rectangle whose right or bottom is not beyond its left or top"),
        ("[arena]\npolygon = [[0, 0], [1, 1]]", "arena: polygon = [[0, 0], [1, 1]] is a polygon without an area"),
        ("[arena]\npolygon = []", "arena: polygon = [] should be [[x, y], ...] of three corners or more, in pixels"),
        ("arena = 3", "arena: 3, expected exactly one of circle = [x, y, radius], rectangle = "),
        ("[arena]", "arena: nothing, expected exactly one of circle"),
        ("pixels_per_cm = 0", "pixels_per_cm = 0 should be a number above 0 and below a million"),
        ('exclusive = "yes"', "exclusive = 'yes' should be true or false"),
        ("source = 3", "source = 3 should be text of one line, at most 1,000 characters"),
        ("behaviors = []", 'behaviors = [] should be a table, such as [behaviors] with groom = "one"'),
        (
            '[behaviors]\n"a/b" = "one"',
            r"behaviors: 'a/b' should be a name without / and \, and neither dots alone nor *",
        ),
        (
            '[behaviors]\n" a" = "one"',
            "behaviors: ' a' should be a name of at most 100 letters, none before or after it a",
        ),
        ('[behaviors]\n"é" = "one"\n"e\u0301" = "one"', "a second behavior of this name, as people read it"),
        ('edges = [["a", "b"]]', "edges are given without keypoints, whose names they refer to"),
        ('keypoints = ["a"]\nedges = ["a"]', "edges: 'a' should be a pair of keypoints"),
    ],
)
def test_what_is_wrong_is_said_with_what_would_be_right(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path, text)
    (problem,) = caught.value.problems
    assert problem.startswith(f"{tmp_path / 'dataset.toml'}: ")
    assert says in problem


def test_a_folder_of_challenge_files_has_an_arena_and_a_scale_but_names_no_behaviors(tmp_path: Path) -> None:
    write(tmp_path, train_file())
    (tmp_path / "dataset.toml").write_text("pixels_per_cm = 9.5\n[arena]\ncircle = [5, 6, 7]\n")
    dataset = load_dataset(tmp_path)
    for one in (*dataset.labelled["groom"], *dataset.unlabelled):
        assert (one.pixels_per_cm, one.arena) == (9.5, Arena.circle(5, 6, 7))
    (tmp_path / "dataset.toml").write_text('exclusive = true\n[behaviors]\ngroom = "one"\n')
    with pytest.raises(DataError) as caught:
        load_dataset(tmp_path)
    assert [line.removeprefix(f"{tmp_path / 'dataset.toml'}: ") for line in caught.value.problems] == [
        "behaviors: the training file says what there is; only a folder with recordings.csv may",
        "exclusive: the training file says what there is; only a folder with recordings.csv may",
    ]


names = st.text("aZ9 _-äß\u4e2d.'\"\\#=[]", min_size=1, max_size=5).map(lambda text: f"n{text}e")
pixels = st.floats(-1e5, 1e5, width=32)
keypoints = st.lists(names, min_size=1, max_size=4, unique=True)
setups = st.builds(
    lambda found, roles, **others: Setup(
        Skeleton(tuple(found), {role: index for index, role in enumerate(roles) if index < len(found)}),
        edges=((found[0], found[-1]),),
        **others,
    ),
    keypoints,
    st.lists(st.sampled_from(ROLES), unique=True, max_size=3),
    fps=st.none() | st.floats(1e-3, 1e5),
    image_size=st.none() | st.tuples(st.integers(1, 9999), st.integers(1, 9999)),
    copies_together=st.booleans(),
    pixels_per_cm=st.none() | st.floats(1e-3, 1e5),
    arena=st.none()
    | st.builds(Arena.circle, pixels, pixels, st.floats(1, 1e5))
    | st.builds(lambda x, y: Arena.polygon([(x, y), (x + 8, y), (x + 5, y + 6)]), pixels, pixels),
    behaviors=st.dictionaries(names.filter(lambda name: "\\" not in name), st.sampled_from(SCOPES), max_size=3),
    exclusive=st.booleans(),
    source=names | st.just(""),
)


@given(setup=setups)
def test_what_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, setup: Setup) -> None:
    assert read(tmp_path_factory.getbasetemp(), toml_text(setup)) == setup
