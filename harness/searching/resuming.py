"""What an earlier search of the same run has left, for a search that goes on from there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import HarnessError
from harness.runs.studies import StoredTrial, study_name


@dataclass
class Past:
    """A behavior's stored trials, which are taken batch by batch. Some may be missing: studies can be deleted."""

    behavior: str
    run: Path
    left: dict[int, StoredTrial] = field(default_factory=dict)
    """By number."""

    @classmethod
    def of(cls, behavior: str, stored: Mapping[str, Sequence[StoredTrial]], run: Path) -> "Past":
        """The past of one behavior in what is `stored`, by study, in the folder `run`.

        Raises `HarnessError` where two trials have one number.
        """
        theirs = [one for trials in stored.values() for one in trials if one.record.behavior == behavior]
        past = cls(behavior, run, {one.record.trial: one for one in theirs})
        if len(past.left) < len(theirs):
            raise past.refusal()
        return past

    def batch(self, first: int, studies: Sequence[str]) -> list[StoredTrial | None]:
        """What is left of a batch whose trials have numbers from `first` on, one in each of these studies.

        Raises `HarnessError` where another search asked them.
        """
        found = [self.left.pop(first + place, None) for place in range(len(studies))]
        names = [one and study_name(one.record.behavior, one.record.arm) for one in found]
        if not studies or any(name not in (None, study) for name, study in zip(names, studies, strict=True)):
            raise self.refusal()
        return found

    def refusal(self) -> HarnessError:
        return HarnessError(f"{self.run}: {self.behavior} has trials this search would not have asked")
