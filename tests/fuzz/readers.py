"""Everything that reads what a user hands us, each with right files to begin from, and ways of spoiling them."""

import io
import json
import pickle
import re
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import numpy.ma  # or NumPy imports it when it is first asked what is in a list of objects
import psutil  # noqa: F401 - or it is imported when a file first claims to be large

from harness.choosing.ensembles import ensemble_rows, keep, kept
from harness.choosing.selection import Member, Selection
from harness.columns.cache import BlockCache
from harness.data.challenge import load_dataset
from harness.data.dataset_toml import read_dataset_toml
from harness.data.layouts import load_dataset as load_either
from harness.data.pickles import read_pickled_npy
from harness.data.submission import (
    disagreements,
    expected_from_sample,
    problems,
    read_predictions,
    read_submission,
    read_truth,
    score,
)
from harness.errors import HarnessError
from harness.files.bounded import read_numbers, read_toml
from harness.files.texts import decoded, encoding_of, separator_of
from harness.plugins.loading import load_plugins
from harness.plugins.spaces import SPACES, load_spaces
from harness.runs.records import TrialRecord
from harness.runs.store import Run
from harness.scores.honest import Honest
from harness.scores.metrics import Counts
from harness.scores.resampling import resamples
from harness.spec import Choice, Decision, PipelineSpec
from tests import folders
from tests.challenge_files import FRAMES, recording, released, save, test_file, train_file
from tests.hostile_pickles import BLUNT, HOSTILE, npy

LONGEST_LINE = 1500
"""Letters of a message, without the folder; some name all feature sets."""

Spoil = Callable[[bytes, Random], bytes]


def nothing_else(folder: Path) -> None:
    pass


@dataclass(frozen=True)
class Reader:
    """One way into the harness."""

    name: str
    file: str
    """Which file in the folder is spoilt."""
    seeds: tuple[bytes, ...]
    """What it may hold when nothing is wrong."""
    read: Callable[[Path], object]
    """Read the folder as a command would, and use what was read."""
    prepare: Callable[[Path], object] = nothing_else
    """Write what else is in the folder."""
    spoil: Spoil | None = None
    """A change of a value rather than of bytes."""
    writes: bool = False
    """Whether reading may write, as a cache does."""


def attempt(reader: Reader, folder: Path, content: bytes) -> str:
    """What became of the file with this content: `accepted` or `refused`."""
    (folder / reader.file).write_bytes(content)
    return outcome(reader, folder)


def outcome(reader: Reader, folder: Path) -> str:
    """`accepted` or `refused`, with lines that can be shown; whatever else is raised is a crash, and not caught."""
    try:
        reader.read(folder)
    except HarnessError as error:
        for line in error.lines:
            said = line.replace(str(folder), "")
            assert said.isprintable(), said
            assert len(said) <= LONGEST_LINE, f"{len(said)} letters: {said[:200]}"
        return "refused"
    return "accepted"


# Spoiling bytes


def spoil_bytes(content: bytes, chance: Random) -> bytes:
    """A few bytes changed, put in, taken out, doubled or cut off."""
    spoilt = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(spoilt) + 1)
        length = min(chance.choice((1, 1, 2, 4, 8, 40)), len(spoilt) - at)
        match chance.randrange(6):
            case 0:
                spoilt[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                spoilt[at : at + length] = chance.randbytes(length)
            case 2:
                del spoilt[at : at + length]
            case 3:
                spoilt[at:at] = spoilt[at : at + length] * chance.choice((1, 2, 100))
            case 4:
                spoilt[at : at + length] = chance.choice((b"\0", b"\xff", b"\x7f", b"9")) * length
            case 5:
                del spoilt[at:]
    return bytes(spoilt)


# Spoiling values

ODD: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 0.5, 2**31, 2**63, -(2**63), 10**300, 1e30, 1e-320, float("nan"), float("inf")),
    *("", "x", "x" * 5000, "\x1b[2J\n", "\u202e", "\ud800", "a/b", "..", "0", "n\u03bfse", b"", b"\xff", b"x" * 5000),
    *([], {}, (), [[]], {"a": {}}, [None], [0] * FRAMES, [1] * FRAMES, [0.5] * FRAMES, ["0"] * FRAMES),
    *([10**200] * FRAMES, [float("nan")] * FRAMES, list(np.zeros(FRAMES, int)), list(np.ones(FRAMES, np.uint8))),
    *(np.int64(1), np.float16("nan"), np.longdouble(2), np.complex64(1j), np.str_("x"), np.bytes_(b"x"), np.bool_(1)),
    *(np.zeros(0), np.array(3), np.array("x"), np.zeros((0, 2, 2, 7)), np.zeros((FRAMES, 2, 2, 0)), np.ones(FRAMES)),
    *(np.full((FRAMES, 2, 2, 7), 1e30), np.full((FRAMES, 2, 2, 7), np.nan), np.full((FRAMES, 2, 2, 7), np.inf)),
    *(np.zeros((FRAMES, 2, 7)), np.zeros((FRAMES, 2, 7, 2)), np.zeros((1, 1, 2, 50_000), np.int8)),
    *(
        np.ones((FRAMES, 2, 2, 7), ">f8"),
        np.asfortranarray(np.ones((FRAMES, 2, 2, 7))),
        np.ones((FRAMES, 2, 2, 7), "g"),
    ),
    *(np.full((FRAMES, 2, 2, 7), "x"), np.zeros((FRAMES, 2, 2, 7), "c8"), np.zeros((FRAMES, 2, 2, 7), bool)),
    *(np.array([None] * FRAMES, dtype=object), np.array(["groom", "chase"]), np.zeros((FRAMES, 2, 7), "f2")),
)
NAMES = ("groom", "chase", "a", "b", "x", "vocabulary", "sequences", "keypoints", "annotations", "scores", "metadata")


def spoilt_value(value: Any, chance: Random) -> Any:
    """`value` with one thing in it replaced, taken out, named otherwise or put elsewhere."""
    if isinstance(value, dict) and value and chance.random() < 0.9:
        key = chance.choice(list(value))
        rest = {name: inner for name, inner in value.items() if name is not key}
        match chance.randrange(12):
            case 0:
                return rest
            case 1:
                return rest | {hashable(chance): value[key]}
            case 2:
                return value | {hashable(chance): value[chance.choice(list(value))]}
            case 3:
                return value | {hashable(chance): chance.choice(ODD)}
            case _:
                return value | {key: spoilt_value(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.5:
        at = chance.randrange(len(value))
        return [*value[:at], spoilt_value(value[at], chance), *value[at + 1 :]]
    if isinstance(value, np.ndarray) and value.ndim and value.size and chance.random() < 0.5:
        changed = value.copy()
        with suppress(OverflowError, ValueError):  # of -1, where there are only numbers above it
            changed.flat[chance.randrange(value.size)] = chance.choice((0, 1, -1, 2, 100))
        return chance.choice((changed, value[1:], value.T, value[..., :1], value.astype(object)))
    return chance.choice(ODD)


def hashable(chance: Random) -> Any:
    plain = [one for one in ODD if isinstance(one, str | int | float | bytes | None | np.generic)]
    return chance.choice((*NAMES, *plain))


def spoil_pickled(content: bytes, chance: Random) -> bytes:
    value = pickle.loads(content[content.index(b"\n") + 1 :])
    plain = value.item()
    for _ in range(chance.choice((1, 1, 2, 5))):
        plain = spoilt_value(plain, chance)
    return pickled(plain, chance.choice((2, 4, 5)))


def spoil_toml(content: bytes, chance: Random) -> bytes:
    """A word, a number or a name replaced by another, or a line doubled or moved."""
    lines = content.decode().splitlines()
    if chance.random() < 0.3:
        lines.insert(
            chance.randrange(len(lines) + 1), chance.choice((*lines, "[a]", "[[start]]", "a.b.c = 1", "=", "#\0"))
        )
    at = chance.randrange(len(lines)) if lines else 0
    if lines and (words := list(re.finditer(r'"[^"]*"|[\w.+-]+|\[[^\]]*\]', lines[at]))):
        word = chance.choice(words)
        lines[at] = lines[at][: word.start()] + chance.choice(TOML_WORDS) + lines[at][word.end() :]
    return "\n".join(lines).encode(errors="surrogatepass")


TOML_WORDS = (
    *("nan", "inf", "-inf", "1e400", "-1", "0", "true", "9223372036854775808", "0x" + "f" * 4000, "1" * 4301, "1e308"),
    *(
        '"\\u001b[2J"',
        '""',
        "''",
        '"' + "x" * 5000 + '"',
        "[]",
        "{}",
        "[[[[[[]]]]]]",
        "[" * 25 + "]" * 25,
        "1979-05-27",
    ),
    *(
        "{a = {b = 1}}",
        "[1, true, 'x']",
        "a.b",
        "x" * 5000,
        '"a/b"',
        "'int'",
        "'float'",
        "'categorical'",
        "[nan, 1e400]",
    ),
    *(
        "{" + "a." * 15 + "a = 1}",
        '"n\u03bfse"',
        "00:00:00",
        "'''\n\n'''",
        '"\\ud800"',
        "low",
        "high",
        "type",
        "stack",
        "model",
    ),
)


def spoil_json(content: bytes, chance: Random) -> bytes:
    plain = json.loads(content)
    for _ in range(chance.choice((1, 1, 3))):
        plain = spoilt_value(plain, chance)
        plain = json.loads(json.dumps(plain, default=str, skipkeys=True))
    return json.dumps(plain).encode()


def spoil_csv(content: bytes, chance: Random) -> bytes:
    """A cell replaced, a line or a column doubled, moved or taken out, or the file written as another program would."""
    text = decoded(content, encoding_of(content))
    separator = separator_of(text)
    rows = [line.split(separator) for line in text.splitlines()]
    for _ in range(chance.choice((1, 1, 3))):
        at, column = chance.randrange(len(rows)), chance.randrange(len(rows[0]))
        match chance.randrange(10):
            case 0:
                rows = [row for row in rows if row is not rows[at]] or [[""]]
            case 1:
                rows.insert(chance.randrange(len(rows) + 1), list(rows[at]))
            case 2:
                rows = [row[:column] + row[column + 1 :] or [""] for row in rows]
            case 3:
                rows = [[*row, *row[column : column + 1]] for row in rows]
            case 4:
                rows[at] = [*rows[at], chance.choice(CELLS)]
            case _:
                rows[at][min(column, len(rows[at]) - 1)] = chance.choice((*CELLS, *chance.choice(rows)))
    between, after, encoding = chance.choice((*[(separator, "\n", "utf-8")] * 6, *SPREADSHEETS))
    return after.join(map(between.join, rows)).encode(
        encoding, errors="surrogatepass" if "f" in encoding else "replace"
    )


SPREADSHEETS = (
    *((",", "\r\n", "utf-8-sig"), (",", "\r", "utf-8"), (";", "\r\n", "cp1252"), ("\t", "\n", "utf-16")),
    *((", ", "\n\n", "utf-8"), (",", "\x85", "utf-8"), (",", "\n", "utf-16-le")),
)
"""Between cells, after lines, and the encoding."""

CELLS = (
    *("", " ", "*", "0", "00", "-1", "-0", "+3", "5", "39", "40", "41", "1e3", "1e400", "nan", "inf", "0x10", "1_000"),
    *("29,97", "29.97", "3.0", "9" * 15, "9" * 16, "9" * 5000, "1e-320", "\u0663", "\u00b2", "\uff11", "1" + "0" * 400),
    *(
        "x" * 5000,
        "x" * 150,
        "x" * 200_000,
        "\u00e4" * 140,
        "e\u0301",
        "\u00e9",
        "\x1b[2J",
        "\u202e",
        "\ud800",
        "\0",
        "\ufeff",
    ),
    *(
        '"',
        '""',
        '"a"b',
        '"a\nb"',
        "'",
        "=1+1",
        "#REF!",
        "01-Mar",
        "2024-01-05",
        "a/b",
        "..",
        ".",
        "con",
        "day1.",
        "DAY1",
    ),
    *("day1", "day2", "day9", "black", "white", "black;white", "white;black", "black;black", ";", "a;b;c", "a to b"),
    *(
        "groom",
        "chase",
        "quiet",
        "labelled",
        "unlabelled",
        "test",
        "train",
        "id",
        "split",
        "Group",
        "fps",
        "stop_frame",
    ),
)


def spoil_poses(content: bytes, chance: Random) -> bytes:
    """Arrays of other values, kinds, orders and names, written as NumPy would."""
    with np.load(io.BytesIO(content)) as found:
        arrays = dict(found)
    for _ in range(chance.choice((1, 1, 3))):
        arrays = spoilt_value(arrays, chance)
        if not isinstance(arrays, dict):
            return numbers(np.array(str(arrays)[:100].encode(errors="replace")))
    named = {str(name).encode(errors="replace").decode(): as_array(value) for name, value in arrays.items()}
    return archive(packed=chance.random() < 0.3, **named)


def as_array(value: Any) -> Any:
    """NumPy's own idea of an array of it, of objects where it has none."""
    try:
        return np.asarray(value)
    except (ValueError, OverflowError):
        return np.array([value, None], dtype=object)


# Readers


def pickled(content: object, protocol: int = 4) -> bytes:
    holder = np.empty((), dtype=object)
    holder[()] = content
    return npy(pickle.dumps(holder, protocol))


def numbers(values: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, values, allow_pickle=False)
    return file.getvalue()


def archive(*, packed: bool = False, **arrays: Any) -> bytes:
    file = io.BytesIO()
    (np.savez_compressed if packed else np.savez)(file, **arrays)
    return file.getvalue()


def training_files() -> tuple[bytes, ...]:
    sequences = {"groom": {"sequences": {"a": recording(1)}, "vocabulary": {"other": 0, "groom": 1}}}
    release = {"groom": {"m1": released("groom", 1), "m2": released("groom", 2)}}
    return tuple(map(pickled, (train_file(), sequences, release)))


LABELS = {"groom": {"x": [0, 1] * (FRAMES // 2), "y": [0] * FRAMES}, "chase": {"x": [1] * FRAMES, "y": [0] * FRAMES}}
EXPECTED = {behavior: {name: len(labels) for name, labels in group.items()} for behavior, group in LABELS.items()}
TRUTH = {
    behavior: {name: np.array(labels, np.int8) for name, labels in group.items()} for behavior, group in LABELS.items()
}
ANNOTATED = {"groom": {"sequences": {"x": {"annotations": LABELS["groom"]["x"]}}}, "vocabulary": ["groom"]}


def write_train(folder: Path) -> None:
    save(folder / "train.npy", train_file())


def check_submission(folder: Path) -> None:
    for line in problems(read_submission(folder / "submission.npy"), EXPECTED):
        assert line.isprintable()
        assert len(line) <= LONGEST_LINE
    score(read_predictions(folder / "submission.npy", TRUTH), TRUTH)


def check_sample(folder: Path) -> None:
    disagreements(expected_from_sample(read_submission(folder / "sample.npy")), EXPECTED)


def read_and_score_truth(folder: Path) -> None:
    truth = read_truth(folder / "truth.npy")
    json.dumps({name: one.f1 for name, one in score(truth, truth).items()})
    assert all("".join(map(str, group)).isprintable() or group for group in truth.values())


def copy_spaces(folder: Path) -> None:
    load_plugins()
    shutil.copytree(SPACES, folder, dirs_exist_ok=True)


def toml(*names: str) -> tuple[bytes, ...]:
    return tuple((SPACES / name).read_bytes() for name in names)


def ranges(name: str, file: str) -> Reader:
    def read(folder: Path) -> None:
        spaces = load_spaces(folder)
        json.dumps(spaces.as_json())
        assert str([str(one) for one in spaces.preparation.values()])

    return Reader(name, file, toml(file), read, copy_spaces, spoil_toml)


def read_dataset_folder(folder: Path) -> None:
    """As a search begins: every example, labelled or not, by what tells it from others."""
    dataset = load_either(folder)
    json.dumps(dict(dataset.digests))
    assert all(one.digest and one.id.isprintable() for name in dataset.labelled for one in dataset.to_label(name))
    assert all(line.isprintable() and len(line) <= LONGEST_LINE for line in (*dataset.notes, *dataset.assumed))


def in_folder(name: str, file: str, *seeds: str | bytes, spoil: Spoil) -> Reader:
    """One file of a dataset folder, the others right."""
    contents = tuple(one.encode() if isinstance(one, str) else one for one in seeds)
    return Reader(f"{name} of a folder", file, contents, read_dataset_folder, folders.write_folder, spoil)


def folder_poses() -> tuple[bytes, bytes]:
    """Keypoints alone, and all that may lie beside them, packed."""
    confidence, parts = np.full((folders.FRAMES, 2, 3), 0.9, np.float32), np.array(["left_ear", "nose", "tail_base"])
    whole = archive(packed=True, keypoints=folders.tracks(0), confidence=confidence, parts=parts)
    return archive(keypoints=folders.tracks(0)), whole


FOLDER_SETUP = folders.SETUP.replace(
    "[behaviors]",
    """\
image_size = [500, 500]
pixels_per_cm = 12.5
edges = [["nose", "tail_base"]]
exclusive = true
copies = "together"
source = "a lab"

[roles]
nose = "left_ear"

[arena]
polygon = [[0, 0], [500, 0], [500, 500]]

[behaviors]""",
)
FOLDER_REGISTER = """\
id,group,split,fps,width,height,pixels_per_cm,animals,source,digest,treatment
day1,cage1,labelled,30,640,480,12.5,black;white,day1.h5,00ff,saline
day2,,,25,,,,black;white,,,
day3,cage2,test,29.97,640,480,,black;white,,,
day4,,unlabelled,,,,11,,,,
"""
OTHER_LABELS = """\
stop_frame,start_frame,behavior,agent,target
14,12,quiet,,
10,0,groom,black,black
40,30,groom,black,
30,20,chase,white,black
"""

SPEC = PipelineSpec((Choice("kinematics"),), Choice("lightgbm"))
DECISION = Decision(Choice("mean", {"seconds": 1.0}), 0.5)
RECORDS = [
    replace(
        TrialRecord("groom", trial, "kinematics/lightgbm", SPEC, "grouped", 1.5, decision=DECISION),
        counts=(Counts(1, 2, 3), Counts(0, 1, 1)),
        bouts=(Counts(1, 1, 1), Counts(0, 1, 1)),
        resampled=((0, 0, 0, 0),) * len(resamples(2).draws),
    )
    for trial in range(3)
]
SETUP = b"""\
fps = 30
image_size = [1024, 570]
keypoints = ["top", "body", "tail"]

[roles]
nose = "top"
tail_base = "tail"
"""
DESCRIPTION = {
    "identity": {
        "data": {"sniff": {"a": "0" * 64}},
        "pool": {"0" * 64: "a"},
        "plugins": {"features": {"kinematics": "0"}},
        "ranges": {"stacks": {}},
        "seed": 0,
    },
    "about": {"data": "/data", "behaviors": ["groom"], "command": "harness search", "plugins": ["mine.py"]},
}


def selections() -> Mapping[str, Mapping[str, Selection]]:
    counts, honest = RECORDS[0].counts, Honest(0.5, 0.4, 0.6)
    members = (Member(RECORDS[0], 2), Member(RECORDS[1], 1))
    one = Selection("groom", "ensemble", members, DECISION, counts, counts, 0.5, honest)
    return {"groom": {"single": replace(one, way="single", members=members[:1]), "ensemble": one}}


def kept_selections() -> bytes:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        keep(Run(Path(folder)), selections(), RECORDS)  # type: ignore[arg-type]
        return (Path(folder) / "ensembles.json").read_bytes()


def read_ensembles(folder: Path) -> None:
    found = kept(Run(folder), RECORDS)
    for row in ensemble_rows(found, RECORDS).values() if found else ():
        json.dumps(row.as_json())
        str(row.selection.decision.in_words)
        assert all(f"{member.weight * 1}" for member in row.selection.members)


def read_run(folder: Path) -> None:
    description = Run(folder).description
    assert all(isinstance(name, str) for name in description.about["behaviors"])
    assert description.about["command"].isascii() in (True, False)


def out_of_fold_file() -> str:
    return str(Run(Path()).out_of_fold.path("groom", 0))


def in_out_of_fold(folder: Path) -> None:
    (folder / out_of_fold_file()).parent.mkdir(parents=True, exist_ok=True)


BLOCK = np.arange(40, dtype=np.float32).reshape(20, 2)
MADE_FROM = {"set": "kinematics"}


def cache_file(suffix: str) -> str:
    return str(BlockCache(Path())._path(MADE_FROM, suffix))


def on_shelf(folder: Path) -> None:
    (folder / cache_file("npy")).parent.mkdir(parents=True, exist_ok=True)


def read_block(folder: Path) -> None:
    assert isinstance(BlockCache(folder).block(MADE_FROM, BLOCK.copy), np.ndarray)


def read_learned(folder: Path) -> None:
    dict(BlockCache(folder).arrays(MADE_FROM, lambda: {"mean": BLOCK, "axes": BLOCK[:2]}))


def bare(read: Callable[[Path], object]) -> Callable[[Path], object]:
    """A reader whose own errors are Python's; whoever calls it makes `HarnessError` of them."""

    def wrapped(folder: Path) -> None:
        try:
            read(folder / "file")
        except (OSError, ValueError) as error:
            raise HarnessError(str(error)) from error

    return wrapped


HOSTILE_SEEDS = tuple(npy(write(Path("/nonexistent/sentinel"))) for write in (HOSTILE | BLUNT).values())

READERS = {
    reader.name: reader
    for reader in (
        Reader("train.npy", "train.npy", training_files(), load_dataset, spoil=spoil_pickled),
        Reader(
            "test.npy",
            "test.npy",
            (pickled(test_file()), pickled({"groom": {"x": recording(11)}})),
            load_dataset,
            write_train,
            spoil_pickled,
        ),
        Reader("submission", "submission.npy", (pickled(LABELS),), check_submission, spoil=spoil_pickled),
        Reader("sample submission", "sample.npy", (pickled(LABELS),), check_sample, spoil=spoil_pickled),
        Reader("truth", "truth.npy", (pickled(LABELS), pickled(ANNOTATED)), read_and_score_truth, spoil=spoil_pickled),
        Reader("any pickle", "file.npy", HOSTILE_SEEDS, lambda folder: read_pickled_npy(folder / "file.npy")),
        Reader(
            "dataset.toml",
            "dataset.toml",
            (SETUP,),
            lambda at: read_dataset_toml(at / "dataset.toml"),
            spoil=spoil_toml,
        ),
        in_folder("dataset.toml", "dataset.toml", folders.SETUP, FOLDER_SETUP, spoil=spoil_toml),
        in_folder("recordings.csv", "recordings.csv", folders.REGISTER, FOLDER_REGISTER, spoil=spoil_csv),
        in_folder("labels", "labels/day1.csv", folders.LABELS["day1"], OTHER_LABELS, spoil=spoil_csv),
        in_folder(
            "annotated", "annotated/day2.csv", folders.ANNOTATED["day2"], folders.HEAD + "*,*,*,0,40\n", spoil=spoil_csv
        ),
        in_folder("poses", "poses/day1.npz", *folder_poses(), spoil=spoil_poses),
        ranges("ranges of features", "features/kinematics.toml"),
        ranges("ranges of a model", "models/lightgbm.toml"),
        ranges("ranges of a smoother", "smoothers/gaussian.toml"),
        ranges("preparation.toml", "preparation.toml"),
        ranges("decision.toml", "decision.toml"),
        ranges("stacks.toml", "stacks.toml"),
        ranges("portfolio.toml", "portfolio.toml"),
        Reader("any TOML", "file", (SETUP, *toml("portfolio.toml")), bare(read_toml), spoil=spoil_toml),
        Reader("run.json", "run.json", (json.dumps(DESCRIPTION).encode(),), read_run, spoil=spoil_json),
        Reader("ensembles.json", "ensembles.json", (kept_selections(),), read_ensembles, spoil=spoil_json),
        Reader(
            "out-of-fold file",
            out_of_fold_file(),
            (numbers(np.full(60, 0.5, np.float32)),),
            lambda folder: Run(folder).out_of_fold.read(RECORDS[0], [40, 20]),
            in_out_of_fold,
        ),
        Reader("any array", "file", (numbers(BLOCK), numbers(BLOCK.T), numbers(np.zeros(3, "?"))), bare(read_numbers)),
        Reader("cache block", cache_file("npy"), (numbers(BLOCK),), read_block, on_shelf, writes=True),
        Reader(
            "learned arrays",
            cache_file("npz"),
            (archive(mean=BLOCK, axes=BLOCK[:2]),),
            read_learned,
            on_shelf,
            writes=True,
        ),
    )
}
