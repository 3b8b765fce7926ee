"""The contract of readers: what the files of trackers and annotators come to, and how readers are found.

A reader is one decorated function in one file. It is given a `Source` and yields `Tracks`, or `Annotations`, one for
each video that the file is of. The file being in `harness/data/readers` registers it; a file of the
user's own is loaded by its path.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.errors import HarnessError
from harness.files.source import Source
from harness.recording import Array

FRAMES, SECONDS = "frames", "seconds"
UNITS = (FRAMES, SECONDS)

EVERY = "*"
"""Stands in what was looked at for every behavior, or every animal."""

XY = 2


@dataclass(frozen=True, eq=False, kw_only=True)
class Tracks:
    """Where the animals of one video were. Raises `ValueError` where the shapes do not agree."""

    tool: str
    """What wrote them, as people call it."""
    animals: tuple[str, ...]
    """Names as the file has them, or `animal1` and so on where it has none."""
    parts: tuple[str, ...]
    keypoints: Array
    """float32 (frames, animals, 2 for x and y, parts), pixels from the top left, y down; NaN where nothing was seen."""
    confidence: Array | None = None
    """float32 (frames, animals, parts), the tracker's own; None where it gave none."""
    video: str = ""
    """What the file calls the video; empty where it is known by the name of the file."""
    fps: float | None = None
    """Frames a second, where the file says it."""
    image_size: tuple[int, int] | None = None
    """Width and height in pixels."""
    pixels_per_cm: float | None = None
    places: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Name to x and y in pixels of what is no part of an animal: corners of the arena, objects."""
    piece: bool = False
    """Whether other files hold the other animals of the video."""
    ends_early: bool = False
    """Whether the file ends with what was last seen, as the video may not."""
    notes: tuple[str, ...] = ()
    """What somebody should know of how it was read, a line each."""

    def __post_init__(self) -> None:
        shape = (len(self.keypoints), len(self.animals), XY, len(self.parts))
        if self.keypoints.shape != shape:
            raise ValueError(f"keypoints {self.keypoints.shape}, expected {shape}")
        if self.confidence is not None and self.confidence.shape != (shape[0], shape[1], shape[3]):
            raise ValueError(f"confidence {self.confidence.shape} for keypoints {shape}")

    @property
    def frames(self) -> int:
        return len(self.keypoints)


@dataclass(frozen=True, slots=True)
class Bout:
    """From when to when somebody does something; in what was looked at, from when to when somebody looked for it."""

    behavior: str
    """As the file has it; in what was looked at also `EVERY`."""
    start: float
    """The first moment with it: a frame, the first being 0, or seconds from the first frame."""
    stop: float | None
    """The first moment without it, in the same unit; None where the file does not say when it ended."""
    agent: str = ""
    """Who does it, as the file has it; empty where it does not say; in what was looked at also `EVERY`."""
    target: str = ""
    """To whom; empty where the file does not say or nobody is, the agent where it is done to oneself."""
    point: bool = False
    """Whether it has no length, as what BORIS calls a point event."""
    line: int = 0
    """Of the file, where it stands in one."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Annotations:
    """What somebody saw in one video."""

    tool: str
    unit: str
    """Of `UNITS`, of all times in it."""
    bouts: tuple[Bout, ...]
    """In any order; they may overlap."""
    video: str = ""
    """What the file calls the video; empty where it is known by the name of the file."""
    fps: float | None = None
    length: float | None = None
    """Of the video, by this file, in `unit`."""
    behaviors: tuple[str, ...] = ()
    """That were scored, where the file says so: also those of which there is no bout."""
    subjects: tuple[str, ...] = ()
    """Whom the file knows, also those of whom there is no bout."""
    looked_at: tuple[Bout, ...] | None = None
    """When somebody looked for what; None where the file does not say it."""
    notes: tuple[str, ...] = ()
    """What somebody should know of how it was read, a line each."""


@dataclass(frozen=True, slots=True)
class Reader:
    """What all readers have."""

    name: str
    tool: str
    """Whose files it reads, as people call it."""
    endings: tuple[str, ...]
    """Of the names of its files, in small letters."""
    recognises: Callable[[Source], bool]
    """Whether a file with such an ending is of this format; looks at its beginning alone."""
    function: Callable[[Source], Iterable[Tracks] | Iterable[Annotations]]
    only_refuses: bool = False
    """Whether it says of files that are given by mistake what they are. In a folder they are passed over."""

    def knows(self, source: Source) -> bool:
        return source.name.lower().endswith(self.endings) and self.recognises(source)


POSE_READERS: dict[str, Reader] = {}
ANNOTATION_READERS: dict[str, Reader] = {}
"""By name; what was registered last is asked first, so that a user's own goes before ours."""

PoseFunction = Callable[[Source], Iterable[Tracks]]
AnnotationFunction = Callable[[Source], Iterable[Annotations]]


def _any(source: Source) -> bool:
    return True


def pose_reader(
    name: str,
    *,
    tool: str,
    endings: Sequence[str],
    recognises: Callable[[Source], bool] = _any,
    only_refuses: bool = False,
) -> Callable[[PoseFunction], PoseFunction]:
    """Register `function(source) -> iterable of Tracks` as the reader `name`; see `Reader`."""

    def register(function: PoseFunction) -> PoseFunction:
        _add(POSE_READERS, Reader(name, tool, tuple(endings), recognises, function, only_refuses))
        return function

    return register


def annotation_reader(
    name: str,
    *,
    tool: str,
    endings: Sequence[str],
    recognises: Callable[[Source], bool] = _any,
    only_refuses: bool = False,
) -> Callable[[AnnotationFunction], AnnotationFunction]:
    """Register `function(source) -> iterable of Annotations` as the reader `name`; see `Reader`."""

    def register(function: AnnotationFunction) -> AnnotationFunction:
        _add(ANNOTATION_READERS, Reader(name, tool, tuple(endings), recognises, function, only_refuses))
        return function

    return register


def _add(registry: dict[str, Reader], reader: Reader) -> None:
    known = registry.get(reader.name)
    if known is not None and known.function.__module__ != reader.function.__module__:
        raise HarnessError(f"reader {reader.name!r} is registered twice; rename one of them")
    registry[reader.name] = reader
