"""What holds for every reader, found through the registry."""

import codecs
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.data.incoming.recognising import load_readers, read_annotations, read_poses
from harness.errors import DataError
from harness.files.source import Source
from harness.plugins.readers import ANNOTATION_READERS, POSE_READERS, Reader
from tests.data.readers.examples import Broken, Example, load_examples

load_readers()
EXAMPLES = load_examples()
READERS = [
    (kind, one) for kind, every in (("poses", POSE_READERS), ("annotations", ANNOTATION_READERS)) for one in every
]
OF: dict[str, Callable[[Path], object]] = {
    "poses": lambda path: list(read_poses(path)),
    "annotations": lambda path: list(read_annotations(path)),
}
REGISTRY = {"poses": POSE_READERS, "annotations": ANNOTATION_READERS}

pairs = [(kind, one) for one in EXAMPLES.values() for kind, name in READERS if name == one.reader]
each = pytest.mark.parametrize(("kind", "one"), pairs, ids=[f"{kind}-{one.file}" for kind, one in pairs])
ways = [(kind, one, way) for kind, one in pairs for way in one.broken if way.kind in ("", kind)]


def refused(kind: str, path: Path) -> list[str]:
    """The lines that reading gives, without the path in front."""
    with pytest.raises(DataError) as caught:
        OF[kind](path)
    lines = list(caught.value.lines)
    assert all(line.startswith(f"{path}: ") and line.isprintable() and len(line) < 500 for line in lines), lines
    return [line.removeprefix(f"{path}: ") for line in lines]


def only_refuses(kind: str, path: Path) -> bool:
    """Whether the file is refused, in lines that can be shown; whatever else is raised is not caught."""
    lines: tuple[str, ...] = ()
    try:
        OF[kind](path)
    except DataError as error:
        lines = error.lines
    assert all(line.startswith(f"{path}: ") and line.isprintable() and len(line) < 500 for line in lines), lines
    return bool(lines)


@pytest.mark.parametrize(("kind", "name"), READERS)
def test_every_reader_has_an_example(kind: str, name: str) -> None:
    assert [one.file for one in EXAMPLES.values() if one.reader == name]


@each
def test_an_example_is_known_by_its_own_reader_alone(kind: str, one: Example, tmp_path: Path) -> None:
    one.write(tmp_path / one.file)
    source = Source.at(tmp_path / one.file)
    assert [reader.name for reader in REGISTRY[kind].values() if reader.knows(source)] == [one.reader]
    if one.refused:
        assert refused(kind, tmp_path / one.file) == [one.refused]
    else:
        OF[kind](tmp_path / one.file)


texts = [
    (kind, one)
    for kind, one in pairs
    if not one.refused and one.file.endswith((".csv", ".txt", ".json", ".annot", ".eaf"))
]


@pytest.mark.parametrize(("kind", "one"), texts, ids=[f"{kind}-{one.file}" for kind, one in texts])
def test_a_line_of_a_gigabyte_ends_in_one_line(kind: str, one: Example, tmp_path: Path) -> None:
    """The last line goes on for so long, in a file that takes no room."""
    path = tmp_path / one.file
    one.write(path)
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    with open(path, "r+b") as file:
        file.seek(1_000_000_000)
        file.write(b"1")
    assert len(refused(kind, path)) == 1


@each
def test_reading_twice_gives_the_same(kind: str, one: Example, tmp_path: Path) -> None:
    path = tmp_path / one.file
    one.write(path)
    if one.refused:
        assert refused(kind, path) == refused(kind, path)
    elif kind == "poses":
        for first, second in zip(read_poses(path), read_poses(path), strict=True):
            np.testing.assert_array_equal(first.keypoints, second.keypoints)
            assert first.keypoints.dtype == np.float32
            assert (first.animals, first.parts, first.fps) == (second.animals, second.parts, second.fps)
    else:
        assert [a.bouts for a in read_annotations(path)] == [a.bouts for a in read_annotations(path)]


@each
def test_an_empty_file_is_called_empty(kind: str, one: Example, tmp_path: Path) -> None:
    (tmp_path / one.file).write_bytes(b"")
    assert refused(kind, tmp_path / one.file) == ["the file is empty"]


@each
def test_a_file_cut_short_is_refused_or_whole_as_far_as_it_goes(kind: str, one: Example, tmp_path: Path) -> None:
    path = tmp_path / one.file
    one.write(path)
    content = path.read_bytes()
    for tenth in range(1, 10):
        path.write_bytes(content[: max(1, len(content) * tenth // 10)])
        assert only_refuses(kind, path) or not one.whole, f"{tenth} tenths were read"


@each
def test_bytes_of_another_encoding_end_in_a_line_or_in_text(kind: str, one: Example, tmp_path: Path) -> None:
    path = tmp_path / one.file
    one.write(path)
    content = path.read_bytes()
    for spoilt in (
        b"\xff\xfe" + content,
        codecs.BOM_UTF8 + content,
        content[: len(content) // 2] + b"\x81\x00\xff\xfe",
    ):
        path.write_bytes(spoilt)
        only_refuses(kind, path)


@each
def test_a_file_of_another_format_under_its_name_is_refused(kind: str, one: Example, tmp_path: Path) -> None:
    path = tmp_path / one.file
    for other in EXAMPLES.values():
        if other.reader == one.reader:
            continue
        (tmp_path / "other").mkdir(exist_ok=True)
        other.write(tmp_path / "other" / other.file)
        path.write_bytes((tmp_path / "other" / other.file).read_bytes())
        only_refuses(kind, path)
    path.write_bytes(b"\x00\x01\x02\x03" * 100)
    assert refused(kind, path)
    path.write_text("these are no data\n" * 3)
    assert refused(kind, path)


@pytest.mark.parametrize(("kind", "one", "way"), ways, ids=[f"{kind}-{one.file}-{way.name}" for kind, one, way in ways])
def test_what_is_wrong_is_said_in_one_line(kind: str, one: Example, way: Broken, tmp_path: Path) -> None:
    path = tmp_path / one.file
    one.write(path)
    way.spoil(path)
    assert refused(kind, path) == [way.says]


def test_names_of_readers_say_what_they_read() -> None:
    every: list[Reader] = [*POSE_READERS.values(), *ANNOTATION_READERS.values()]
    for reader in every:
        assert reader.name.isidentifier()
        assert reader.tool
        assert all("." in ending and ending == ending.lower() for ending in reader.endings)


def test_every_program_whose_files_are_read_is_in_the_docs() -> None:
    page = (Path(__file__).parents[3] / "docs" / "files.md").read_text(encoding="utf-8")
    every = (*POSE_READERS.values(), *ANNOTATION_READERS.values())
    tools = {one.tool for one in every if not one.only_refuses}
    assert [tool for tool in sorted(tools) if f"| {tool} |" not in page] == []
