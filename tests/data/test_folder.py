"""The dataset folder: what is read, what is wrong, and that what is written is read again."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cli import main
from harness.data.folder.read import read_folder
from harness.data.folder.write import write_dataset
from harness.data.layouts import data_files, load_dataset, load_recordings
from harness.dataset import Dataset
from harness.errors import DataError, HarnessError
from harness.recording import UNKNOWN, Array, Recording, Skeleton
from harness.words import counted
from tests.folders import BROKEN, FRAMES, HEAD, LABELS, SETUP, edit, save, tracks, write_folder


def labels(*bouts: tuple[int, int], known: tuple[int, int] = (0, FRAMES)) -> list[int]:
    """By hand: 1 in the bouts, 0 elsewhere where it is known, else -1."""
    return [
        (1 if any(start <= frame < stop for start, stop in bouts) else 0) if known[0] <= frame < known[1] else -1
        for frame in range(FRAMES)
    ]


def found(group: tuple[Recording, ...]) -> dict[str, list[int]]:
    return {one.id: one.known_labels.tolist() for one in group}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "mice")


# Reading


def test_each_animal_and_each_ordered_pair_is_an_example_where_something_is_known(folder: Path) -> None:
    dataset = load_dataset(folder)
    assert found(dataset.labelled["groom"]) == {
        "day1 (black)": labels((0, 10)),
        "day1 (white)": labels((5, 8)),
        "day2 (black)": labels(known=(0, 8)),
        "day2 (white)": labels((4, 12), known=(0, 8)),
    }
    assert found(dataset.labelled["chase"]) == {
        "day1 (black to white)": labels(),
        "day1 (white to black)": labels((20, 30)),
        "day2 (black to white)": labels((3, 6), known=(0, 20)),
    }
    assert found(dataset.labelled["quiet"]) == {"day1": labels((12, 14)), "day2": labels(known=(30, 40))}
    assert dataset.scopes == {"groom": "one", "chase": "pair", "quiet": "scene"}


def test_what_is_to_be_labelled_are_whole_recordings_and_truth_goes_by_example(folder: Path) -> None:
    dataset = load_dataset(folder)
    assert [(one.id, one.labels, one.names) for one in dataset.unlabelled] == [
        ("day3", None, ("black", "white")),
        ("day4", None, ()),
    ]
    truth = {behavior: {name: one.tolist() for name, one in group.items()} for behavior, group in dataset.truth.items()}
    assert truth["groom"] == {"day3 (black)": labels((1, 3)), "day3 (white)": labels()}
    assert truth["chase"] == {"day3 (black to white)": labels(), "day3 (white to black)": labels()}
    assert truth["quiet"] == {"day3": labels()}
    assert [one.id for one in dataset.to_label("groom")][:2] == list(truth["groom"])


def test_all_examples_of_a_recording_share_its_poses(folder: Path) -> None:
    dataset = load_dataset(folder)
    of_day1 = [one for group in dataset.labelled.values() for one in group if one.source_id == "day1"]
    assert len(of_day1) == 5
    assert len({id(one.whole) for one in of_day1 if one.whole is not None}) == 1
    (scene,) = (one for one in of_day1 if one.whole is None)
    assert all(np.shares_memory(one.keypoints, scene.keypoints) for one in of_day1)
    np.testing.assert_array_equal(scene.keypoints, tracks(0))
    assert not scene.keypoints.flags.writeable


def test_poses_that_are_stored_are_mapped_and_packed_ones_unpacked(folder: Path) -> None:
    mapped = load_dataset(folder).unlabelled[1].keypoints
    base = mapped
    while not isinstance(base, np.memmap) and base.base is not None:
        base = base.base
    assert isinstance(base, np.memmap)
    confidence = np.random.default_rng(0).random((FRAMES, 2, 3))
    np.savez_compressed(folder / "poses" / "day4.npz", keypoints=tracks(3).astype(">f8"), confidence=confidence)
    packed = load_dataset(folder).unlabelled[1]
    assert packed.keypoints.dtype == np.float32
    np.testing.assert_array_equal(packed.keypoints, tracks(3))
    np.testing.assert_array_equal(packed.confidence, confidence.astype(np.float32))


def test_arrays_in_the_order_of_fortran_are_read(folder: Path) -> None:
    for write in (np.savez, np.savez_compressed):
        write(folder / "poses" / "day4.npz", keypoints=np.asfortranarray(tracks(3)))
        np.testing.assert_array_equal(load_dataset(folder).unlabelled[1].keypoints, tracks(3))


def test_nans_that_signal_are_made_quiet(folder: Path) -> None:
    keypoints = tracks(3)
    keypoints.view(np.uint32)[3, 0, 0, 0] = 0x7FA00000
    save(folder, keypoints=keypoints)
    found = load_dataset(folder).unlabelled[1].keypoints
    assert np.isnan(found[3, 0, 0, 0])
    assert found.view(np.uint32)[3, 0, 0, 0] & (1 << 22)


def test_a_row_says_what_the_folder_does_not_and_what_it_says_otherwise(folder: Path) -> None:
    (folder / "dataset.toml").write_text(
        "image_size = [640, 480]\npixels_per_cm = 8.5\n" + SETUP + "\n[arena]\ncircle = [50, 60, 40]\n"
    )
    (folder / "recordings.csv").write_text(
        "id,group,split,fps,width,height,pixels_per_cm,animals,dose,source\n"
        "day1,cage1,,25,800,600,9,black;white,0.5 mg,cam.mp4\n"
        "day2,,,,,,,black;white,,\n"
        "day3,,test,,,,,black;white,,\nday4,,,,,,,,,\n"
    )
    dataset = load_dataset(folder)
    day1, day2 = dataset.labelled["quiet"]
    assert (day1.fps, day1.image_size, day1.pixels_per_cm, day1.group) == (25, (800, 600), 9, "cage1")
    assert day1.about == {"dose": "0.5 mg", "group": "cage1", "source": "cam.mp4"}
    assert (day2.fps, day2.image_size, day2.pixels_per_cm, day2.group) == (30, (640, 480), 8.5, "")
    assert day2.about == {}
    assert day1.arena == day2.arena
    assert day1.arena is not None
    assert (day1.arena.center, day1.arena.radius) == (50 + 60j, 40)


def test_parts_go_by_name_and_what_some_lack_is_made_of_others_or_left_out(folder: Path) -> None:
    edit(
        folder / "dataset.toml", '["nose", "left_ear", "tail_base"]', '["nose", "left_ear", "right_ear", "tail", "hip"]'
    )
    parts = ["nose", "left_ear", "right_ear", "tail", "hip"]
    for seed, name in enumerate(("day1", "day2", "day3")):
        np.savez(folder / "poses" / f"{name}.npz", keypoints=tracks(seed, parts=5))
    keypoints = tracks(3, parts=4)
    np.savez(
        folder / "poses" / "day4.npz", keypoints=keypoints, parts=np.array(["tail", "right_ear", "left_ear", "eye"])
    )
    dataset = load_dataset(folder)
    first, last = dataset.labelled["quiet"][0], dataset.unlabelled[1]
    assert first.skeleton == last.skeleton
    assert last.skeleton.keypoints == tuple(parts[:4])
    assert last.skeleton.roles == {"nose": 0, "left_ear": 1, "right_ear": 2}
    middle = (keypoints[..., 1] + keypoints[..., 2]) / 2
    wanted = np.stack([middle, keypoints[..., 2], keypoints[..., 1], keypoints[..., 0]], axis=-1)
    np.testing.assert_allclose(last.keypoints, wanted, rtol=1e-6)
    np.testing.assert_array_equal(first.keypoints, tracks(0, parts=5)[..., :4])
    assert dataset.notes == (
        "part nose: not in 1 recording (day4); there left_ear and right_ear stand for it",
        "part hip: not in 1 recording (day4), left out of all",
        "part eye: not in 3 recordings (day1, day2, day3), left out of all",
    )


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_labels_of_what_nobody_looked_at_change_nothing_whatever_they_are(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = write_folder(tmp_path_factory.mktemp("folder") / "mice")
    before = load_dataset(folder)
    lines = LABELS["day2"]
    for who, known in (("groom,black,", 8), ("groom,white,", 12), ("chase,white,black", 0), ("quiet,,", 0)):
        # Beyond what `annotated/day2.csv` has; a bout that is there goes on to frame 12.
        edges = data.draw(st.lists(st.integers(known, 30 if who == "quiet,," else FRAMES), max_size=6, unique=True))
        for start, stop in zip(sorted(edges)[::2], sorted(edges)[1::2], strict=False):
            lines += f"{who},{start},{stop}\n"
    (folder / "labels" / "day2.csv").write_text(lines)
    after = load_dataset(folder)
    assert after.digests == before.digests
    added = lines.count("\n") - LABELS["day2"].count("\n")
    assert [note for note in after.notes if "nobody looked" in note] == (
        [
            f"{folder / 'labels' / 'day2.csv'}: {counted(added, 'bout')} where nobody looked, as "
            f"{folder / 'annotated' / 'day2.csv'} says; not counted"
        ]
        if added
        else []
    )


def test_stars_stand_for_every_behavior_and_animal(folder: Path) -> None:
    (folder / "annotated" / "day2.csv").write_text(HEAD + "*,black,*,0,10\n*,*,black,5,20\n*,,,0,4\n")
    (folder / "labels" / "day2.csv").unlink()
    dataset = load_dataset(folder)
    groom = {one.id: one.known_labels.tolist() for one in dataset.labelled["groom"] if one.source_id == "day2"}
    assert groom == {"day2 (black)": labels(known=(0, 20))}
    chase = {one.id: one.known_labels.tolist() for one in dataset.labelled["chase"] if one.source_id == "day2"}
    assert chase == {
        "day2 (black to white)": labels(known=(0, 10)),
        "day2 (white to black)": labels(known=(5, 20)),
    }
    assert found(dataset.labelled["quiet"])["day2"] == labels(known=(0, 4))


def test_a_labelled_recording_of_which_nothing_is_known_is_pool(folder: Path) -> None:
    (folder / "annotated" / "day2.csv").write_text(HEAD)
    (folder / "labels" / "day2.csv").write_text(HEAD)
    dataset = load_dataset(folder)
    assert [one.id for one in dataset.unlabelled] == ["day2", "day3", "day4"]
    assert {one.source_id for group in dataset.labelled.values() for one in group} == {"day1"}


def test_windows_line_ends_a_mark_of_bytes_empty_lines_and_any_order_of_rows_are_fine(folder: Path) -> None:
    before = load_dataset(folder)
    first, *rows = LABELS["day1"].splitlines()
    text = "\r\n".join([first, *reversed(rows), ",,,,", ""])
    (folder / "labels" / "day1.csv").write_text(text, encoding="utf-8-sig", newline="")
    for name in ("~$day1.csv", ".DS_Store"):
        (folder / "labels" / name).write_bytes(b"\0")
    assert load_dataset(folder).digests == before.digests


def test_a_name_is_found_however_a_disk_composes_it(folder: Path) -> None:
    edit(folder / "recordings.csv", "day4", "mäuse")
    (folder / "poses" / "day4.npz").rename(folder / "poses" / "ma\u0308use.npz")
    assert load_dataset(folder).unlabelled[1].id == "mäuse"


def test_recordings_alone_are_read_without_labels_or_behaviors(folder: Path) -> None:
    (folder / "dataset.toml").write_text(SETUP.partition("[behaviors]")[0])
    label = folder / "labels" / "day1.csv"
    label.write_text("nonsense")
    assert [(one.id, one.labels) for one in load_recordings(folder)] == [(f"day{n}", None) for n in range(1, 5)]


def test_the_example_of_the_documentation_is_as_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "dataset.md").read_text(encoding="utf-8")
    write, read = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(write, {})
    assert len(write.split("import numpy as np\n")[1].strip().splitlines()) <= 14
    exec(read, {})
    said = capsys.readouterr().out
    assert said.splitlines() == re.findall(r"(?m)^    (.* with it)$", page)
    for name in ("dataset.toml", "recordings.csv", "labels/monday.csv", "labels/tuesday.csv", "annotated/tuesday.csv"):
        shown = page.partition(f"`{name}`")[2].partition("\n\n")[2].partition("\n\n`")[0].partition("\n\nFrames")[0]
        lines = [line.strip() for line in shown.splitlines() if line.strip()]
        assert lines == [line for line in Path("my-mice", name).read_text().splitlines() if line]
    edit(Path("my-mice/labels/monday.csv"), "white,black,200,230", "whit,black,200,320")
    with pytest.raises(DataError) as caught:
        load_dataset(Path("my-mice"))
    assert list(caught.value.problems) == re.findall(r"(?m)^    (my-mice/labels.*)$", page)


def test_every_file_that_is_read_is_known_to_be(folder: Path) -> None:
    names = {str(path.relative_to(folder)) for path in data_files(folder)}
    every = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert names == every


# What is wrong


def lines(folder: Path) -> list[str]:
    with pytest.raises(DataError) as caught:
        load_dataset(folder)
    return [problem.removeprefix(f"{folder}/").removeprefix(f"{folder}: ") for problem in caught.value.problems]


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_with_a_folder_is_said_in_one_line(folder: Path, name: str) -> None:
    write, says = BROKEN[name]
    write(folder)
    (line,) = lines(folder)
    assert says in line
    assert line.isprintable()


def test_there_are_forty_kinds_of_broken_folders_and_more() -> None:
    assert len(BROKEN) >= 40


@pytest.mark.parametrize(
    "name", ["no_register", "a_decimal_comma", "pickled_poses", "overlapping_bouts", "both_layouts"]
)
def test_a_command_ends_with_2_and_writes_nothing(
    folder: Path, name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    BROKEN[name][0](folder)
    before = sorted(folder.parent.rglob("*"))
    assert main(["convert", "mice", "out"]) == 2
    assert main(["search", "--data", "mice", "--trials", "1"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    said = [line for line in err.splitlines() if line.startswith("harness: ")]
    assert len(said) == 2
    assert all(BROKEN[name][1] in line for line in said)
    assert sorted(folder.parent.rglob("*")) == before


def test_all_that_is_wrong_is_said_at_once_and_of_one_file_no_more_than_can_be_read(folder: Path) -> None:
    BROKEN["an_id_with_a_slash"][0](folder)
    BROKEN["empty_poses"][0](folder)
    (folder / "poses" / "day4.npz").unlink()
    with open(folder / "labels" / "day1.csv", "a") as file:
        file.writelines("groom,black,,50,60\n" for _ in range(25))
    said = lines(folder)
    assert [line.partition(":")[0] for line in said] == ["recordings.csv", *20 * ["labels/day1.csv"], "labels/day1.csv"]
    assert said[-1] == "labels/day1.csv: and 5 more problems"


FILES = ["dataset.toml", "recordings.csv", "poses/day1.npz", "poses/day2.npz", "labels/day1.csv", "annotated/day2.csv"]


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose second recording is packed."""
    folder = write_folder(tmp_path_factory.mktemp("spoilt") / "mice")
    np.savez_compressed(folder / "poses" / "day2.npz", keypoints=tracks(1), confidence=np.ones((FRAMES, 2, 3)))
    return folder


@settings(max_examples=200, deadline=None)
@given(file=st.sampled_from(FILES), data=st.data())
def test_whatever_bytes_are_in_a_file_it_is_read_or_refused(spoilt: Path, file: str, data: st.DataObject) -> None:
    path = spoilt / file
    right = path.read_bytes()
    if data.draw(st.booleans()):
        content = data.draw(st.binary(max_size=300))
    else:
        start = data.draw(st.integers(0, len(right) - 1))
        length = data.draw(st.integers(0, 20))
        content = right[:start] + data.draw(st.binary(max_size=20)) + right[start + length :]
    path.write_bytes(content)
    try:
        said = refusal(spoilt)
    finally:
        path.unlink()  # what is mapped of it stays
        path.write_bytes(right)
    assert said is None or (said and all(problem.isprintable() for problem in said))


def refusal(folder: Path) -> tuple[str, ...] | None:
    try:
        load_dataset(folder)
    except DataError as error:
        return error.problems
    return None


# Writing


def same(one: Dataset, other: Dataset) -> None:
    assert list(one.labelled) == list(other.labelled)
    assert (one.scopes, one.exclusive) == (other.scopes, other.exclusive)
    assert [film.id for film in one.unlabelled] == [film.id for film in other.unlabelled]
    pairs = [*zip(one.unlabelled, other.unlabelled, strict=True)]
    for behavior, group in one.labelled.items():
        pairs += zip(group, other.labelled[behavior], strict=True)
        truth, again = one.truth.get(behavior, {}), other.truth.get(behavior, {})
        assert truth.keys() == again.keys()
        assert all((truth[name] == again[name]).all() for name in truth)
    for a, b in pairs:
        known = (a.id, a.fps, a.image_size, a.names, a.agent, a.target, a.group, a.pixels_per_cm, a.arena, a.about)
        assert known == (
            b.id,
            b.fps,
            b.image_size,
            b.names,
            b.agent,
            b.target,
            b.group,
            b.pixels_per_cm,
            b.arena,
            b.about,
        )
        assert (a.skeleton, a.digest) == (b.skeleton, b.digest)
        assert (a.labels is None) == (b.labels is None)
        assert a.labels is None or (a.labels == b.known_labels).all()


def test_what_is_written_is_read_again(folder: Path, tmp_path: Path) -> None:
    dataset = load_dataset(folder)
    edges = (("nose", "tail_base"),)
    write_dataset(dataset, tmp_path / "again", edges=edges, source="a camera\u00b7é")
    content = read_folder(tmp_path / "again")
    same(dataset, content.dataset)
    assert (content.setup.edges, content.setup.source) == (edges, "a camera\u00b7é")
    write_dataset(content.dataset, tmp_path / "twice", edges=edges, source="a camera\u00b7é")
    for path in (tmp_path / "again").rglob("*.csv"):
        assert path.read_bytes() == (tmp_path / "twice" / path.relative_to(tmp_path / "again")).read_bytes()


names = st.text("abcXYZ äé',._-0", min_size=1, max_size=6).map(lambda text: f"a{text}z")
frames = st.integers(3, 25)


@st.composite
def masks(draw: st.DrawFn, length: int) -> Array:
    return np.array(draw(st.lists(st.sampled_from([UNKNOWN, 0, 0, 1]), min_size=length, max_size=length)), np.int8)


@st.composite
def datasets(draw: st.DrawFn) -> Dataset:
    """A labelled recording with all there is to know, some more, and some to be labelled, of which some is known."""
    behaviors = dict(zip(draw(st.lists(names, min_size=1, max_size=3, unique_by=str.casefold)), draw(
        st.lists(st.sampled_from(["one", "pair", "scene"]), min_size=3, max_size=3)), strict=False))  # fmt: skip
    ids = draw(st.lists(names, min_size=2, max_size=5, unique_by=str.casefold))
    animals = draw(st.integers(2, 3))
    skeleton = Skeleton(("nose", "a ü", "tail_base"), {"nose": 0, "tail_base": 2})
    films = []
    for seed, name in enumerate(ids):
        length = draw(frames)
        named = draw(st.booleans())
        films.append(
            Recording(
                name,
                tracks(seed, frames=length, animals=animals),
                skeleton,
                fps=draw(st.sampled_from([25.0, 29.97, 30.0])),
                confidence=tracks(seed, frames=length, animals=animals)[:, :, 0] if draw(st.booleans()) else None,
                image_size=draw(st.sampled_from([None, (640, 480)])),
                names=tuple(f"m{number}ä" for number in range(animals)) if named else (),
                pixels_per_cm=draw(st.sampled_from([None, 8.25])),
                about=draw(st.dictionaries(st.sampled_from(["dose", "who, what"]), names, max_size=2)),
            )
        )
    labelled: dict[str, list[Recording]] = {behavior: [] for behavior in behaviors}
    truth: dict[str, dict[str, Array]] = {}
    split = draw(st.integers(1, len(films)))
    for place, film in enumerate(films):
        for behavior, scope in behaviors.items():
            for number, example in enumerate(film.examples(scope)):
                known = draw(masks(film.frames))
                if place == 0 and number == 0:
                    known[:3] = (1, 0, 1)
                if (known == UNKNOWN).all():
                    continue
                if place < split:
                    labelled[behavior].append(replace(example, labels=known))
                elif draw(st.booleans()):
                    truth.setdefault(behavior, {})[example.id] = known
    used = {one.source_id for group in labelled.values() for one in group}
    pool = tuple(film for film in films[:split] if film.id not in used)
    return Dataset(
        "made",
        {behavior: tuple(group) for behavior, group in labelled.items()},
        (*pool, *films[split:]),
        truth,
        scopes=behaviors,
        exclusive=draw(st.booleans()),
    )


@settings(max_examples=60, deadline=None)
@given(datasets())
def test_any_dataset_that_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, dataset: Dataset) -> None:
    folder = tmp_path_factory.mktemp("any") / "made"
    write_dataset(dataset, folder)
    same(dataset, load_dataset(folder))
    shutil.rmtree(folder)


def test_a_folder_that_is_there_is_refused_and_nothing_half_written_is_left(folder: Path, tmp_path: Path) -> None:
    dataset = load_dataset(folder)
    with pytest.raises(HarnessError, match=r"mice is there already and would be overwritten; name another folder"):
        write_dataset(dataset, folder)
    broken = replace(dataset.unlabelled[0], id="a/b")
    twin = replace(dataset.unlabelled[0], id="DAY1")
    with pytest.raises(DataError) as caught:
        write_dataset(replace(dataset, unlabelled=(broken, twin)), tmp_path / "new")
    assert caught.value.problems == (
        "a/b: its name has /, which no file can have in its name; write - instead",
        "DAY1: some disks take its name for day1; give it another",
    )
    (tmp_path / "file").write_text("")
    with pytest.raises(HarnessError, match="cannot be written"):
        write_dataset(dataset, tmp_path / "file" / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "mice"]


def test_two_recordings_of_one_name_and_other_poses_are_refused_by_name(folder: Path, tmp_path: Path) -> None:
    dataset = load_dataset(folder)
    other = replace(dataset.labelled["quiet"][0], keypoints=tracks(8))
    changed = replace(dataset, labelled={**dataset.labelled, "quiet": (other,)})
    with pytest.raises(DataError, match=r"^quiet, day1: other poses than the recording of this name elsewhere$"):
        write_dataset(changed, tmp_path / "new")
