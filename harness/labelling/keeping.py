"""Write fitted pipelines to a folder, as `labelling.detectors` reads them."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from harness.choosing.reliability import Reliability
from harness.dataset import Dataset
from harness.errors import HarnessError
from harness.files.arrays import arrays_in, bytes_of
from harness.files.atomic import reason, write_atomically
from harness.labelling.detectors import COLUMNS, FILE, FORMAT, TAUGHT, LearnedKey, Part, Trained
from harness.labelling.matching import body_of, made_with
from harness.labelling.taught import marks_of_all
from harness.plugins.contract import Fitted
from harness.recording import Array
from harness.spec import Decision, PipelineSpec


@dataclass
class DetectorFiles:
    """A folder that fitted pipelines are written to, one after the other, and then what they are."""

    folder: Path
    sums: dict[str, str] = field(default_factory=dict)
    """File to SHA-256."""
    members: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    """Behavior and place to what `models.json` says of the member."""
    learned: dict[LearnedKey, str] = field(default_factory=dict)
    of_sets: list[Fitted] = field(default_factory=list)
    """The arrays of these."""
    shared: dict[str, str] = field(default_factory=dict)
    """What a model of several behaviors is kept in, in short, to the folder it is in."""

    def add(self, behavior: str, place: int, part: Part, trained: Trained) -> None:
        """Write what was fitted of a behavior's member. Raises `HarnessError` where there is no room."""
        folder, new = f"{len(self.members):04}", True
        if trained.output is not None and trained.files is not None:
            whole = hashlib.sha256(b"".join(trained.files[name] for name in sorted(trained.files))).hexdigest()
            new, folder = whole not in self.shared, self.shared.setdefault(whole, folder)
        if trained.files is not None and new:
            if trained.columns is not None:
                self._write(f"{folder}/{COLUMNS}", bytes_of({"columns": trained.columns}))
            for name, content in trained.files.items():
                self._write(f"{folder}/model/{name}", content)
        for key, arrays in trained.learned.items():
            if key not in self.learned:
                self.learned[key] = f"learned-{len(self.learned):02}.npz"
                self._write(self.learned[key], bytes_of(arrays))
                self.of_sets.append(arrays)
        self.members[behavior, place] = {
            "weight": part.weight,
            "rounds": part.rounds,
            "pipeline": part.spec.as_json(),
            "constant": trained.constant,
            "table_columns": trained.width,
            "folder": None if trained.files is None else folder,
        } | ({} if trained.output is None else {"output": trained.output})

    def finish(
        self,
        decisions: Mapping[str, Decision],
        dataset: Dataset,
        overlaps: str = "none",
        reliability: Mapping[str, Reliability] = MappingProxyType({}),
    ) -> None:
        """Write `models.json`: from now on the folder can be read. `dataset` is what was learned from, `overlaps` the
        rule by which a frame is left to one of several behaviors, `reliability` what is known of each.

        Raises `HarnessError` where there is no room.
        """
        self._write(TAUGHT, bytes_of({"marks": self._taught_by(dataset)}))
        plain = {
            "format": FORMAT,
            "body": body_of(dataset),
            "made_with": made_with(self._specs(), decisions.values()),
            "overlaps": overlaps,
            "behaviors": [
                {
                    "behavior": behavior,
                    "of": dataset.scope(behavior),
                    "decision": decision.as_json(),
                    "members": [self.members[key] for key in sorted(self.members) if key[0] == behavior],
                }
                | ({"reliability": reliability[behavior].as_json()} if behavior in reliability else {})
                for behavior, decision in decisions.items()
            ],
            "learned": [
                {"features": json.loads(choice), "interpolate": interpolate, "top_speed": top_speed, "file": file}
                for (choice, interpolate, top_speed), file in self.learned.items()
            ],
            "sha256": dict(sorted(self.sums.items())),
        }
        self._put(FILE, (json.dumps(plain, indent=1) + "\n").encode())

    def _taught_by(self, dataset: Dataset) -> Array:
        """Marks of all that is labelled, and of what taught helpers that are columns here."""
        helpers = [arrays[TAUGHT] for arrays in self.of_sets if TAUGHT in arrays]
        theirs = [arrays_in(one.tobytes())["marks"] for one in helpers]
        return np.unique(np.concatenate([marks_of_all(dataset.every_labelled), *theirs]))

    def _specs(self) -> list[PipelineSpec]:
        return [PipelineSpec.from_json(member["pipeline"]) for member in self.members.values()]

    def _put(self, name: str, content: bytes) -> None:
        try:
            write_atomically(self.folder / name, lambda file: file.write(content))
        except OSError as error:
            raise HarnessError(f"{self.folder}: models cannot be written ({reason(error)}); make room there") from error

    def _write(self, name: str, content: bytes) -> None:
        self._put(name, content)
        self.sums[name] = hashlib.sha256(content).hexdigest()
