"""Small dataset folders, right ones and all kinds of wrong ones."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from harness.recording import Array

Write = Callable[[Path], None]

BROKEN: dict[str, tuple[Write, str]] = {}
"""Name to a function that changes a right folder, and the one line that reading it gives, without the folder."""

FRAMES = 40

SETUP = """\
fps = 30
keypoints = ["nose", "left_ear", "tail_base"]

[behaviors]
groom = "one"
chase = "pair"
quiet = "scene"
"""

REGISTER = """\
id,group,split,animals
day1,cage1,labelled,black;white
day2,cage1,,black;white
day3,cage2,test,black;white
day4,,,
"""

HEAD = "behavior,agent,target,start_frame,stop_frame\n"

LABELS = {
    "day1": HEAD + "groom,black,,0,10\ngroom,white,white,5,8\nchase,white,black,20,30\nquiet,,,12,14\n",
    "day2": HEAD + "groom,white,,4,12\nchase,black,white,3,6\n",
    "day3": HEAD + "groom,black,,1,3\n",
}

ANNOTATED = {"day2": HEAD + "groom,*,,0,8\nchase,black,*,0,20\nquiet,,,30,40\n"}


def tracks(seed: int, *, frames: int = FRAMES, animals: int = 2, parts: int = 3) -> Array:
    """float32 (frames, animals, 2, parts), with a point missing."""
    keypoints = np.random.default_rng(seed).uniform(1, 500, (frames, animals, 2, parts)).astype(np.float32)
    keypoints[frames // 2, 0, :, 0] = np.nan
    return keypoints


def write_folder(folder: Path) -> Path:
    """A folder with a labelled recording, one of which some was looked at, one for scoring, and one to be labelled."""
    for part in ("poses", "labels", "annotated"):
        (folder / part).mkdir(parents=True)
    (folder / "dataset.toml").write_text(SETUP)
    (folder / "recordings.csv").write_text(REGISTER)
    for seed, name in enumerate(("day1", "day2", "day3", "day4")):
        np.savez(folder / "poses" / f"{name}.npz", keypoints=tracks(seed))
    for part, texts in (("labels", LABELS), ("annotated", ANNOTATED)):
        for name, text in texts.items():
            (folder / part / f"{name}.csv").write_text(text)
    return folder


def broken(says: str) -> Callable[[Write], Write]:
    def keep(write: Write) -> Write:
        BROKEN[write.__name__] = write, says
        return write

    return keep


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def label(folder: Path, line: str) -> None:
    """Add a line, the sixth, to the labels of day1."""
    with open(folder / "labels" / "day1.csv", "a", newline="") as file:
        file.write(line)


def save(folder: Path, **arrays: object) -> None:
    """Other arrays as the poses of day4."""
    np.savez(folder / "poses" / "day4.npz", **arrays)  # type: ignore[arg-type]


# Files


@broken("dataset.toml: No such file or directory")
def no_setup(folder: Path) -> None:
    (folder / "dataset.toml").unlink()


@broken("recordings.csv: no such file")
def no_register(folder: Path) -> None:
    (folder / "recordings.csv").unlink()


@broken("holds recordings.csv and train.npy; keep the files of one layout, move the others")
def both_layouts(folder: Path) -> None:
    (folder / "train.npy").write_bytes(b"")


@broken("poses/day4.npz: no such file, which line 5 of recordings.csv asks for")
def no_poses(folder: Path) -> None:
    (folder / "poses" / "day4.npz").unlink()


@broken("poses/day5.npz: recordings.csv has no recording of this id, did you mean 'day")
def poses_without_a_row(folder: Path) -> None:
    np.savez(folder / "poses" / "day5.npz", keypoints=tracks(9))


@broken("labels/night.csv: recordings.csv has no recording of this id")
def labels_without_a_row(folder: Path) -> None:
    (folder / "labels" / "night.csv").write_text(HEAD)


@broken("labels/day1.xlsx: is not read; expected the id of a recording and .csv")
def labels_of_a_spreadsheet(folder: Path) -> None:
    (folder / "labels" / "day1.xlsx").write_bytes(b"PK")


@broken("labels: Not a directory, expected a folder")
def a_file_in_place_of_a_folder(folder: Path) -> None:
    for path in (folder / "labels").iterdir():
        path.unlink()
    (folder / "labels").rmdir()
    (folder / "labels").write_text(HEAD)
    edit(folder / "recordings.csv", "labelled", "")


@broken("labels/day1.csv: Is a directory")
def a_folder_in_place_of_a_file(folder: Path) -> None:
    (folder / "labels" / "day1.csv").unlink()
    (folder / "labels" / "day1.csv").mkdir()


@broken("label: is not read; name it labels, or something else altogether")
def a_folder_called_almost_so(folder: Path) -> None:
    (folder / "labels").rename(folder / "label")
    edit(folder / "recordings.csv", "labelled", "")


# dataset.toml


@broken('dataset.toml: names no behaviors, expected a table such as [behaviors] with groom = "one"')
def no_behaviors(folder: Path) -> None:
    (folder / "dataset.toml").write_text(SETUP.partition("[behaviors]")[0])
    for path in (*(folder / "labels").iterdir(), *(folder / "annotated").iterdir()):
        path.write_text(HEAD)


@broken("dataset.toml: behaviors: 'groom' = 'ones' should be one of 'one', 'pair', 'scene', did you mean 'one'?")
def an_unknown_scope(folder: Path) -> None:
    edit(folder / "dataset.toml", '"one"', '"ones"')


@broken("dataset.toml: arena: circle, rectangle, expected exactly one of circle = [x, y, radius], rectangle = ")
def two_arenas(folder: Path) -> None:
    with open(folder / "dataset.toml", "a") as file:
        file.write("[arena]\ncircle = [1, 1, 1]\nrectangle = [0, 0, 1, 1]\n")


@broken("dataset.toml: edges: 'tail' is no keypoint, did you mean 'tail_base'?")
def an_edge_to_nothing(folder: Path) -> None:
    edit(folder / "dataset.toml", "fps = 30", 'fps = 30\nedges = [["nose", "tail"]]')


@broken("dataset.toml: behaviors, sleep: no recording of split labelled was looked at for it")
def a_behavior_that_nobody_looked_for(folder: Path) -> None:
    edit(folder / "dataset.toml", "[behaviors]", '[behaviors]\nsleep = "one"')
    whole = "groom,*,*,0,40\nchase,*,*,0,40\nquiet,,,0,40\n"
    (folder / "annotated" / "day1.csv").write_text(HEAD + whole)


# recordings.csv


@broken("recordings.csv: line 2, fps: '29,97' should be a number above 0, with a point for decimals, such as 29.97")
def a_decimal_comma(folder: Path) -> None:
    text = REGISTER.replace("animals", "animals,fps").replace("white\n", "white,\n").replace("day4,,,", "day4,,,,")
    (folder / "recordings.csv").write_text(text.replace("white,\n", 'white,"29,97"\n', 1))


@broken("recordings.csv: line 2, fps: is empty, expected frames a second here, or for all as fps in dataset.toml")
def no_fps(folder: Path) -> None:
    edit(folder / "dataset.toml", "fps = 30\n", "")
    text = REGISTER.replace("animals", "animals,fps").replace("white\n", "white,30\n").replace("day4,,,", "day4,,,,30")
    (folder / "recordings.csv").write_text(text.replace("white,30\n", "white,\n", 1))


@broken("recordings.csv: line 1: the columns are separated by semicolons, expected commas; save it as CSV with commas")
def semicolons(folder: Path) -> None:
    (folder / "recordings.csv").write_text(REGISTER.replace(";", "|").replace(",", ";"))


@broken("recordings.csv: line 1: the columns are separated by tabs, expected commas; save it as CSV with commas")
def tabs(folder: Path) -> None:
    (folder / "recordings.csv").write_text(REGISTER.replace(",", "\t"))


@broken("recordings.csv: is not UTF-8 but UTF-16; save it as UTF-8")
def utf_16(folder: Path) -> None:
    (folder / "recordings.csv").write_text(REGISTER, encoding="utf-16")


@broken("recordings.csv: is not UTF-8; save it as UTF-8")
def latin_1(folder: Path) -> None:
    (folder / "recordings.csv").write_text(REGISTER.replace("cage1", "Käfig"), encoding="latin-1")


@broken("recordings.csv: is empty, expected a first line with the columns id,group,split,fps,")
def an_empty_register(folder: Path) -> None:
    (folder / "recordings.csv").write_text("")


@broken("recordings.csv: has no recordings, expected a line for each below the first")
def a_register_without_recordings(folder: Path) -> None:
    (folder / "recordings.csv").write_text("id\n")


@broken("recordings.csv: line 1: has no column id; it has name, group, split, animals")
def no_ids(folder: Path) -> None:
    edit(folder / "recordings.csv", "id,", "name,")


@broken("recordings.csv: line 1: column 'Group': name it group, or something else altogether")
def a_column_called_almost_so(folder: Path) -> None:
    edit(folder / "recordings.csv", "group", "Group")


@broken("recordings.csv: line 1: column group is there 2 times, expected once")
def a_column_twice(folder: Path) -> None:
    edit(folder / "recordings.csv", "split", "group")


@broken("recordings.csv: line 3, id: 'DAY1' is that of line 2, as some disks take names for the same")
def ids_alike_but_for_case(folder: Path) -> None:
    edit(folder / "recordings.csv", "day2", "DAY1")


@broken("recordings.csv: line 5, id: 'a/b' has /, which no file can have in its name; write - instead")
def an_id_with_a_slash(folder: Path) -> None:
    edit(folder / "recordings.csv", "day4", "a/b")


@broken("recordings.csv: line 5, id: '" + 96 * "a" + "... has 300 characters, expected at most 150")
def a_long_id(folder: Path) -> None:
    edit(folder / "recordings.csv", "day4", 300 * "a")


@broken("recordings.csv: line 5, id: 'con' is what Windows takes for a device; add a letter")
def an_id_of_a_device(folder: Path) -> None:
    edit(folder / "recordings.csv", "day4", "con")


@broken("recordings.csv: line 5, id: 'day4.' should neither begin nor end in a space, nor end in a dot")
def an_id_that_ends_in_a_dot(folder: Path) -> None:
    edit(folder / "recordings.csv", "day4", "day4.")


@broken("poses/2024-01-05.npz: no such file, which line 5 of recordings.csv asks for; it looks like a date that a ")
def a_date_for_an_id(folder: Path) -> None:
    edit(folder / "recordings.csv", "day4", "2024-01-05")
    (folder / "poses" / "day4.npz").unlink()


@broken("recordings.csv: line 3, split: 'train' should be one of labelled, unlabelled, test, or empty")
def an_unknown_split(folder: Path) -> None:
    edit(folder / "recordings.csv", "day2,cage1,", "day2,cage1,train")


@broken("recordings.csv: line 5, split: is labelled, but there is no labels/day4.csv and no annotated/day4.csv")
def labelled_without_labels(folder: Path) -> None:
    edit(folder / "recordings.csv", "day4,,", "day4,,labelled")


@broken("/labels/day2.csv; expected labelled, or test where they are for scoring only")
def unlabelled_with_labels(folder: Path) -> None:
    edit(folder / "recordings.csv", "day2,cage1,", "day2,cage1,unlabelled")


@broken("recordings.csv: line 2, animals: names 3: black, white, grey; expected 2, as ")
def an_animal_too_many(folder: Path) -> None:
    edit(folder / "recordings.csv", "black;white", "black;white;grey")


@broken("recordings.csv: line 2, animals: 'black' is there 2 times, expected once")
def an_animal_twice(folder: Path) -> None:
    edit(folder / "recordings.csv", "black;white", "black;black")


@broken("recordings.csv: line 5: has 3 cells, expected 4 as in the first line")
def a_cell_too_few(folder: Path) -> None:
    edit(folder / "recordings.csv", "day4,,,", "day4,,")


# Labels


@broken("labels/day1.csv: line 6, stop_frame: 12 is not after start_frame 14; the stop frame is the first one without")
def a_stop_before_the_start(folder: Path) -> None:
    label(folder, "groom,black,,14,12\n")


@broken("labels/day1.csv: line 6, stop_frame: 41 is past the end; the recording has 40 frames")
def a_stop_past_the_end(folder: Path) -> None:
    label(folder, "groom,black,,14,41\n")


@broken("labels/day1.csv: line 6, start_frame: -1 is before the first frame, which is 0")
def a_start_before_the_first_frame(folder: Path) -> None:
    label(folder, "groom,black,,-1,4\n")


@broken("labels/day1.csv: line 6, start_frame: '14.5' should be a whole number, such as 14")
def a_frame_that_is_not_whole(folder: Path) -> None:
    label(folder, "groom,black,,14.5,20\n")


@broken("labels/day1.csv: line 6, stop_frame: is empty, expected a whole number")
def no_stop(folder: Path) -> None:
    label(folder, "groom,black,,14,\n")


@broken("labels/day1.csv: line 6: has 6 cells, expected 5 as in the first line; a comma inside a cell needs quotes ")
def a_decimal_comma_among_frames(folder: Path) -> None:
    label(folder, "groom,black,,14,20,5\n")


@broken("labels/day1.csv: line 6: overlaps line 2 (frames 0 to 10), of the same behavior and animals; make one of both")
def overlapping_bouts(folder: Path) -> None:
    label(folder, "groom,black,black,9,12\n")


@broken(
    "labels/day1.csv: line 6, behavior: 'grom' is no behavior, did you mean 'groom'?; there are groom, chase, quiet"
)
def an_unknown_behavior(folder: Path) -> None:
    label(folder, "grom,black,,14,20\n")


@broken(
    "labels/day1.csv: line 6, behavior: '01-Mar' is no behavior; there are groom, chase, quiet; it looks like a date"
)
def a_date_for_a_behavior(folder: Path) -> None:
    label(folder, "01-Mar,black,,14,20\n")


@broken("labels/day1.csv: line 6, agent: 'blak' is no animal, did you mean 'black'?; there are black, white")
def an_unknown_animal(folder: Path) -> None:
    label(folder, "groom,blak,,14,20\n")


@broken("labels/day1.csv: line 6, target: is the agent 'black', expected another animal, as chase is of a pair")
def a_chase_of_itself(folder: Path) -> None:
    label(folder, "chase,black,black,14,20\n")


@broken("labels/day1.csv: line 6, target: is empty, expected an animal, as chase is of a pair")
def a_chase_of_nobody(folder: Path) -> None:
    label(folder, "chase,black,,14,20\n")


@broken("labels/day1.csv: line 6, agent: is empty, expected an animal, as groom is of one")
def a_groom_by_nobody(folder: Path) -> None:
    label(folder, "groom,,,14,20\n")


@broken("labels/day1.csv: line 6, target: is 'white', expected the agent or an empty cell, as groom is of one")
def a_groom_of_another(folder: Path) -> None:
    label(folder, "groom,black,white,14,20\n")


@broken("labels/day1.csv: line 6, agent: is 'black', expected an empty cell, as quiet is of the scene")
def a_scene_by_somebody(folder: Path) -> None:
    label(folder, "quiet,black,,24,30\n")


@broken("labels/day1.csv: line 6, behavior: '*' is no behavior; there are groom, chase, quiet")
def a_star_among_labels(folder: Path) -> None:
    label(folder, "*,black,,14,20\n")


@broken("labels/day1.csv: line 6: a quote is opened and not closed")
def an_open_quote(folder: Path) -> None:
    label(folder, 'groom,"black,,14,20\n')


@broken("labels/day1.csv: line 6: holds a NUL byte, so it is no text; write the file anew")
def a_nul_byte(folder: Path) -> None:
    label(folder, "groom,black,\0,14,20\n")


@broken("labels/day1.csv: line 1: unknown column 'note'; it takes behavior, agent, target, start_frame, stop_frame")
def an_unknown_column(folder: Path) -> None:
    edit(folder / "labels" / "day1.csv", "stop_frame", "stop_frame,note")


@broken("labels/day1.csv: line 1: has no column target; it has behavior, agent, start_frame, stop_frame")
def a_column_too_few(folder: Path) -> None:
    (folder / "labels" / "day1.csv").write_text("behavior,agent,start_frame,stop_frame\ngroom,black,0,10\n")


@broken(
    "labels/day1.csv: is empty, expected a first line with the columns behavior,agent,target,start_frame,stop_frame"
)
def empty_labels(folder: Path) -> None:
    (folder / "labels" / "day1.csv").write_text("\n")


@broken(
    "annotated/day2.csv: line 5: overlaps line 2 (frames 0 to 8), of the same behavior and animals; make one of both"
)
def overlapping_ranges(folder: Path) -> None:
    with open(folder / "annotated" / "day2.csv", "a") as file:
        file.write("groom,*,*,7,9\n")


@broken("annotated/day2.csv: line 5, agent: is empty beside the target 'white', expected an animal or *")
def a_range_of_nobody(folder: Path) -> None:
    with open(folder / "annotated" / "day2.csv", "a") as file:
        file.write("*,,white,7,9\n")


# Poses


@broken("poses/day4.npz: damaged, cut short, or no .npz file: ")
def poses_cut_short(folder: Path) -> None:
    content = (folder / "poses" / "day4.npz").read_bytes()
    (folder / "poses" / "day4.npz").write_bytes(content[: len(content) // 2])


@broken("poses/day4.npz: damaged, cut short, or no .npz file: ")
def empty_poses(folder: Path) -> None:
    (folder / "poses" / "day4.npz").write_bytes(b"")


@broken("poses/day4.npz: damaged, cut short, or no .npz file: ")
def a_single_array(folder: Path) -> None:
    with open(folder / "poses" / "day4.npz", "wb") as file:
        np.save(file, tracks(3))


@broken("poses/day4.npz: keypoints holds Python objects, which are never read; expected numbers (names, for parts)")
def pickled_poses(folder: Path) -> None:
    save(folder, keypoints=np.array([None, {}], dtype=object))


@broken("poses/day4.npz: holds 'scores'; it takes keypoints, confidence, parts")
def an_unknown_array(folder: Path) -> None:
    save(folder, keypoints=tracks(3), scores=np.ones(3))


@broken("poses/day4.npz: holds no 'keypoints'; it has nothing")
def no_keypoints(folder: Path) -> None:
    save(folder)


@broken("poses/day4.npz: keypoints are an array of int64 (40, 2, 2, 3), expected float32; keypoints.astype(np.float32)")
def whole_keypoints(folder: Path) -> None:
    save(folder, keypoints=np.ones((40, 2, 2, 3), np.int64))


@broken(
    "poses/day4.npz: keypoints are (40, 2, 3, 2), expected (frames, animals, 2 for x and y, parts); x and y are the "
)
def keypoints_in_another_order(folder: Path) -> None:
    save(folder, keypoints=tracks(3).transpose(0, 1, 3, 2))


@broken("poses/day4.npz: has no frames")
def no_frames(folder: Path) -> None:
    save(folder, keypoints=np.zeros((0, 2, 2, 3), np.float32))


@broken("poses/day4.npz: keypoints are infinite at frame 7, expected pixels up to 1,000,000, in either direction; NaN")
def infinite_keypoints(folder: Path) -> None:
    keypoints = tracks(3)
    keypoints[7, 1, 0, 2] = np.inf
    save(folder, keypoints=keypoints)


@broken("poses/day4.npz: confidence is (40, 2), expected (40, 2, 3) beside keypoints (40, 2, 2, 3)")
def confidence_of_another_shape(folder: Path) -> None:
    save(folder, keypoints=tracks(3), confidence=np.ones((40, 2), np.float32))


@broken("poses/day4.npz: part 'nose' is there 2 times, expected once")
def a_part_twice(folder: Path) -> None:
    save(folder, keypoints=tracks(3), parts=np.array(["nose", "nose", "tail_base"]))


@broken("poses/day4.npz: keypoints have 4 parts, expected 3 as dataset.toml names; an array 'parts' in the file gives")
def parts_without_names(folder: Path) -> None:
    save(folder, keypoints=tracks(3, parts=4))


@broken("dataset.toml: no part that all recordings have; give the same parts the same names")
def no_part_in_common(folder: Path) -> None:
    save(folder, keypoints=tracks(3), parts=np.array(["a", "b", "c"]))


@broken("poses/day4.npz: has 3 animals, expected 2 as in ")
def more_animals_in_a_scene(folder: Path) -> None:
    save(folder, keypoints=tracks(3, animals=3))


@broken("poses/day2.npz: the same poses as day1, expected each recording once")
def the_same_poses_twice(folder: Path) -> None:
    (folder / "poses" / "day2.npz").write_bytes((folder / "poses" / "day1.npz").read_bytes())


@broken("poses/day4.npz: damaged, cut short, or no .npz file: keypoints claims more bytes than it can hold")
def a_bomb(folder: Path) -> None:
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f4", "fortran_order": False, "shape": (10**9, 2, 2, 3)})
    with zipfile.ZipFile(folder / "poses" / "day4.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("keypoints.npy", head.getvalue())
        archive.infolist()[0].file_size = 48 * 10**9 + 128


@broken("poses/day4.npz: keypoints is encrypted or packed in another way than np.savez and np.savez_compressed do")
def poses_packed_in_another_way(folder: Path) -> None:
    head = io.BytesIO()
    np.save(head, tracks(3))
    with zipfile.ZipFile(folder / "poses" / "day4.npz", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("keypoints.npy", head.getvalue())


@broken(
    "dataset.toml: behaviors, chase: is of a pair, but day1 has one animal; no recording of two or more was looked at"
)
def pairs_where_there_is_one_animal(folder: Path) -> None:
    (folder / "dataset.toml").write_text(SETUP.replace('groom = "one"\n', "").replace('quiet = "scene"\n', ""))
    (folder / "recordings.csv").write_text("id,split\nday1,labelled\nday2,labelled\nday3,test\nday4,\n")
    for seed, name in enumerate(("day1", "day2", "day3", "day4")):
        np.savez(folder / "poses" / f"{name}.npz", keypoints=tracks(seed, animals=1))
    (folder / "annotated" / "day2.csv").unlink()
    for name in LABELS:
        (folder / "labels" / f"{name}.csv").write_text(HEAD)
