"""What NWB files with the extension ndx-pose say: a group for each animal and camera, in it a series for each part."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PureWindowsPath

import numpy as np

from harness.data.incoming.timestamps import Times
from harness.files.hdf5 import Hdf5
from harness.recording import Array
from harness.words import shown

PIXELS = ("pixels", "pixel", "px")

_DLC2NWB = re.compile(r"Keypoint (.+) from individual (.+)\.", re.DOTALL)
"""How DLC2NWB describes the series `INDIVIDUAL_PART`."""


@dataclass(frozen=True, eq=False, slots=True)
class Series:
    """One part of one animal."""

    animal: str
    """Empty where its name does not hold it."""
    part: str
    points: Array
    """float32 (rows, 2)."""
    confidence: Array | None
    """float32 (rows,)."""
    times: Times


@dataclass(frozen=True, eq=False, slots=True)
class Estimation:
    """What was tracked of an animal by a camera."""

    group: str
    videos: tuple[str, ...]
    """Paths, as the file has them."""
    camera: str
    nodes: tuple[str, ...]
    """Names of its series in the order of the skeleton."""
    image_size: tuple[int, int] | None
    software: str

    @property
    def name(self) -> str:
        return self.group.rpartition("/")[2].removeprefix("track=")  # as sleap-io calls them

    @property
    def view(self) -> tuple[str, ...]:
        """What tells one video from another."""
        return self.videos or (self.camera,)

    @property
    def video(self) -> str:
        """Name of the video, without folder and ending; empty where it has none, or is put together from several."""
        path = PureWindowsPath(self.videos[0] if len(self.videos) == 1 else "")
        return path.stem if path.suffix else ""

    def ordered(self, rows: Iterable[tuple[str, str]]) -> list[str]:
        """The parts of rows, given as animal and part, in the order of the skeleton."""
        places = {node: place for place, node in reversed(list(enumerate(self.nodes)))}
        found: dict[str, int] = {}
        for animal, part in rows:
            place = places.get(part, places.get(f"{animal}_{part}", len(places)))
            found[part] = min(place, found.get(part, place))
        return sorted(found, key=lambda part: found[part])


@dataclass(frozen=True, eq=False)
class Poses:
    """An open file and the types of its groups."""

    file: Hdf5
    types: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "types", {one: self.file.text("neurodata_type", of=one) for one in self.file.groups})

    def groups(self, neurodata_type: str, inside: str = "") -> list[str]:
        """Paths of the groups of a type, everywhere or directly in another group."""
        found = [one for one, kind in self.types.items() if kind == neurodata_type]
        return [one for one in found if not inside or one.rpartition("/")[0] == inside]

    def estimation(self, group: str) -> Estimation:
        """Raises `ValueError`, in words, where something in it cannot be read."""
        leads_to = [where for link, where in self.file.links.items() if link.rpartition("/")[0] == group]
        skeletons = [one for one in leads_to if self.types.get(one) == "Skeleton"]
        cameras = [one.rpartition("/")[2] for one in leads_to if self.types.get(one) == "Device"]
        return Estimation(
            group,
            tuple(one for one in self._texts(f"{group}/original_videos") if one.strip()),
            " ".join(cameras),
            tuple(self._texts(f"{group}/nodes") or (self._texts(f"{skeletons[0]}/nodes") if skeletons else ())),
            self._size(f"{group}/dimensions"),
            " ".join(self._texts(f"{group}/source_software")),
        )

    def described(self, group: str) -> str:
        """The description of a group; empty where it has none."""
        return self.file.text("description", of=group) or " ".join(self._texts(f"{group}/description"))

    def series(self, group: str, *, zero_is_missing: bool) -> Series:
        """Raises `ValueError`, in words, where it is no series of points in pixels.

        With `zero_is_missing` a point of no confidence was not seen; without, only where it is at (0, 0) too.
        """
        name = group.rpartition("/")[2]
        data = self.file.shapes.get(f"{group}/data")
        if data is None:
            raise ValueError(f"{shown(name)}: has no data in this file")
        if not data or not data[0]:
            return Series(*self._whose(group), np.zeros((0, 2), np.float32), None, Times(np.zeros(0)))
        if len(data) == 2 and data[1] == 3:
            raise ValueError(f"{shown(name)}: has x, y and z, expected x and y: poses in space are not read")
        values = self.file.array(f"{group}/data", 2)
        unit = self.file.text("unit", of=f"{group}/data")
        if values.shape[1] != 2 or (unit and unit.lower() not in PIXELS):
            raise ValueError(
                f"{shown(name)}: has {values.shape[1]} columns in {shown(unit)}, expected x and y in pixels"
            )
        with np.errstate(over="ignore", invalid="ignore"):
            points = values.astype(np.float32)
            points[np.isnan(points).any(axis=1)] = np.nan
        confidence = None
        if f"{group}/confidence" in self.file:
            with np.errstate(over="ignore", invalid="ignore"):
                confidence = self.file.array(f"{group}/confidence", 1).astype(np.float32)
            self._same(name, "confidences", confidence, points)
            points[(confidence == 0) & (zero_is_missing | (points == 0).all(axis=1))] = np.nan
        return Series(*self._whose(group), points, confidence, self._times(group, points))

    def _whose(self, group: str) -> tuple[str, str]:
        """Animal and part."""
        name = group.rpartition("/")[2]
        match = _DLC2NWB.fullmatch(self.described(group))
        return (match[2], match[1]) if match and name == f"{match[2]}_{match[1]}" else ("", name)

    def _times(self, group: str, points: Array) -> Times:
        name = group.rpartition("/")[2]
        stamps = f"{group}/timestamps"
        stamps = self.file.links.get(stamps, stamps)
        if stamps in self.file:
            found = self.file.array(stamps, 1).astype(np.float64)
            self._same(name, "timestamps", found, points)
            return Times(found)
        start = f"{group}/starting_time"
        rate = self.file.attribute("rate", of=start) if start in self.file else None
        if not isinstance(rate, int | float):
            raise ValueError(f"{shown(name)}: has neither timestamps nor a starting time with a rate")
        with np.errstate(all="ignore"):
            times = float(self.file.array(start, 0)) + np.arange(len(points)) / np.float64(rate)
        return Times(times, float(rate))

    def _same(self, name: str, what: str, found: Array, points: Array) -> None:
        if len(found) != len(points):
            raise ValueError(
                f"{shown(name)}: has {len(found):,} {what} for {len(points):,} rows, expected one for each"
            )

    def _size(self, name: str) -> tuple[int, int] | None:
        """Width and height of the first video; None where there are none, or they are 0, as DLC2NWB writes them."""
        if len(self.file.shapes.get(name, ())) != 2:
            return None
        sizes = self.file.array(name, 2)
        if not sizes.size or sizes.shape[1] != 2 or not np.isfinite(sizes[0]).all() or not (sizes[0] > 0).all():
            return None
        return int(sizes[0, 0]), int(sizes[0, 1])

    def _texts(self, name: str) -> list[str]:
        return self.file.texts(name) if name in self.file else []
