"""What AlphaTracker writes as JSON: tracks, and the labels of images that it learns from.

Tracks (`alphapose-results-forvis-tracked.json`) have for each frame, called `frame_N` by its number in the video from
0, what was found on it: `keypoints` as x, y and score of each part, and `idx`, the number of the animal, from 1; where
nothing was found of an animal there is an empty entry. For one animal alone there is only `alphapose-results.json`, a
list of finds. Labels, made with Sloth, are a list of images with boxes (`Face`), each before the points of its animal;
they are tracks only where the images are frames one after another. A part that could not be seen is at -1, -1. Parts
have no names in either.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from harness.data.entry import MOST_ANIMALS
from harness.data.incoming.pieces import refuse_pieces
from harness.data.incoming.unseen import unseen
from harness.files.source import Source
from harness.plugins.readers import Tracks, pose_reader
from harness.recording import Array
from harness.words import counted, numbered, shown

TOOL = "AlphaTracker"

TRACKED = "alphapose-results-forvis-tracked.json"

FARTHEST = 1e9
"""Pixels: what is farther is no number that a tracker writes."""

_NUMBER = re.compile(r"(\d{1,9})(?:\.\w{1,5})?$")
_TRACKS = re.compile(r'\s*(?:\{\s*"[^"\\]{1,300}"\s*:\s*\[|\[\s*\{)')
_LABELS = re.compile(r"\s*\[\s*\{")


class Find(NamedTuple):
    frame: int
    animal: int
    """From 1."""
    parts: Array
    """x, y and score, float64 (parts, 3)."""


def _holds(source: Source, *names: str) -> bool:
    return all(f'"{name}"' in source.top for name in names)


@pose_reader(
    "alphatracker",
    tool=TOOL,
    endings=(".json",),
    recognises=lambda source: _TRACKS.match(source.top) is not None and _holds(source, "keypoints", "box"),
)
def alphatracker(source: Source) -> Iterator[Tracks]:
    """Animals by their numbers."""
    content = source.json()
    finds = list(_tracked(source, content.items() if isinstance(content, dict) else _by_image(source, content)))
    yield _tracks(source, finds)


@pose_reader(
    "alphatracker_labels",
    tool=TOOL,
    endings=(".json",),
    recognises=lambda source: _LABELS.match(source.top) is not None and _holds(source, "annotations", "class", "point"),
)
def alphatracker_labels(source: Source) -> Iterator[Tracks]:
    """Animals by their order on an image."""
    finds = list(_labelled(source, source.json()))
    source.settle()
    frames = list(dict.fromkeys(one.frame for one in finds))
    if len(frames) < 2 or frames != list(range(frames[0], frames[0] + len(frames))):
        images = f"labels of {counted(len(frames), 'image')} that are not frames one after another"
        raise source.refusal(f"{images}, not tracks of a video; give what tracking has written, {TRACKED}")
    yield _tracks(source, finds, "labels of images, taken for frames by their numbers; animals are told by their order")


def _by_image(source: Source, content: Any) -> Iterator[tuple[str, list[Any]]]:
    """The finds of a list, by the name of the image; where it tells no animals, there must be one."""
    images: dict[str, list[Any]] = {}
    for one in content if isinstance(content, list) else []:
        name = one.get("image_id", one.get("file_name")) if isinstance(one, dict) else None
        if not isinstance(name, str):
            raise source.refusal("holds something without image_id or file_name, expected finds of images")
        images.setdefault(name, []).append(one)
    for name, found in images.items():
        if len(found) > 1 and any("idx" not in one for one in found):
            raise source.refusal(f"{shown(name)}: {len(found)} animals that nothing tells apart; give {TRACKED}")
        yield name, [{"idx": 1, **one} for one in found]


def _tracked(source: Source, images: Any) -> Iterator[Find]:
    for name, found in images:
        frame = _frame(source, name)
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            source.report(f"{shown(name)}: is no list of what was found on the frame")
            continue
        for place, one in enumerate(found, start=1):
            if not one:
                continue
            animal, numbers = one.get("idx", place), one.get("keypoints")
            if type(animal) is not int or not 0 < animal <= MOST_ANIMALS:
                source.report(f"{shown(name)}: idx is {shown(repr(animal), 40)}, expected the number of an animal")
            elif not _are_numbers(numbers) or not numbers or len(numbers) % 3:
                source.report(f"{shown(name)}: keypoints of animal {animal} are not x, y and score of each part")
            elif frame is not None:
                yield Find(frame, animal, np.array(numbers, dtype=np.float64).reshape(-1, 3))


def _labelled(source: Source, content: Any) -> Iterator[Find]:
    for place, image in enumerate(content if isinstance(content, list) else []):
        name = image.get("filename") if isinstance(image, dict) else None
        notes = image.get("annotations") if isinstance(image, dict) else None
        if not isinstance(name, str) or not isinstance(notes, list) or not all(isinstance(one, dict) for one in notes):
            source.report(f"entry {place + 1} is no image with filename and annotations")
            continue
        frame = _frame(source, name)
        animals: list[list[tuple[float, float, float]]] = []
        for one in notes:
            x, y = one.get("x"), one.get("y")
            if one.get("class") == "Face":
                animals.append([])
            elif one.get("class") != "point" or not animals or not _are_numbers([x, y]):
                source.report(f"{shown(name)}: a point should have x and y, and stand behind the Face of its animal")
            else:
                animals[-1].append((float(x), float(y), 1.0))
        for animal, parts in enumerate(animals, start=1):
            if frame is not None:
                yield Find(frame, animal, np.array(parts, dtype=np.float64).reshape(-1, 3))


def _frame(source: Source, name: str) -> int | None:
    match = _NUMBER.search(name)
    if match is None:
        source.report(f"{shown(repr(name))} does not end with the number of a frame, as frame_12 does")
    return int(match[1]) if match else None


def _are_numbers(found: Any) -> bool:
    return isinstance(found, list) and all(type(one) in (int, float) and not abs(one) > FARTHEST for one in found)


def _tracks(source: Source, finds: Sequence[Find], note: str = "") -> Tracks:
    source.settle()
    if not finds:
        raise source.refusal("holds no animal on any frame")
    parts = len(finds[0].parts)
    taken: set[tuple[int, int]] = set()
    for one in finds:
        if len(one.parts) != parts or not parts:
            has = counted(len(one.parts), "part")
            source.report(f"frame {one.frame}: animal {one.animal} has {has}, expected {parts or 'more'}")
        if (one.frame, one.animal) in taken:
            source.report(f"frame {one.frame}: animal {one.animal} is there twice, expected once")
        taken.add((one.frame, one.animal))
    source.settle()
    animals = sorted({one.animal for one in finds})
    frames = {animal: np.array([one.frame for one in finds if one.animal == animal]) for animal in animals}
    refuse_pieces(source, list(frames.values()), "track them with the number of animals (max_pid_id_setting)")
    last = max(one.frame for one in finds)
    keypoints, confidence = unseen(source, last + 1, len(animals), parts, rows=len(finds))
    for one in finds:
        x, y, score = one.parts.T
        gone = ((x == 0) & (y == 0) & (score == 0)) | ((x == -1) & (y == -1)) | np.isnan(x) | np.isnan(y)
        keypoints[one.frame, animals.index(one.animal)] = np.where(gone, np.nan, one.parts[:, :2].T)
        confidence[one.frame, animals.index(one.animal)] = np.where(gone, 0.0, score)
    return Tracks(
        tool=TOOL,
        animals=tuple(f"animal{one}" for one in animals),
        parts=numbered("part", parts),
        keypoints=keypoints,
        confidence=None if note else confidence,
        ends_early=True,
        notes=(note,) if note else (),
    )
