"""A run's finished trials, in the studies of a storage: one for each behavior and arm."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from harness.errors import HarnessError
from harness.runs.place import Place
from harness.runs.records import TrialRecord
from harness.runs.storage import WAY_OUT, in_one_line, patiently

if TYPE_CHECKING:
    from optuna import Study
    from optuna.storages import RDBStorage
    from optuna.trial import FrozenTrial

RECORD = "record"
"""The user attribute of an Optuna trial that holds what `TrialRecord` says."""


class StoredTrial(NamedTuple):
    """A finished trial: what it says, and what Optuna learns from it."""

    record: TrialRecord
    trial: "FrozenTrial"


def study_name(behavior: str, arm: str) -> str:
    return f"{behavior}/{arm}"


class Studies:
    """The run's studies in an open storage. What only the holder of the run may call says so."""

    def __init__(self, place: Place, storage: "RDBStorage") -> None:
        self.place, self.storage = place, storage
        self._known: dict[str, Study] = {}

    def finished(self) -> dict[str, list[StoredTrial]]:
        """The finished trials by `study_name`, in the order they were told; those that others wrote are left out.

        Raises `HarnessError` where the run is not there, or a trial cannot be read.
        """
        finished: dict[str, list[StoredTrial]] = {}
        for study, trial in self._trials():
            if RECORD not in trial.user_attrs:
                continue
            try:
                record = TrialRecord.from_json(trial.user_attrs[RECORD])
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise HarnessError(
                    f"{self.place}: {study} has a trial that cannot be read "
                    f"({type(error).__name__}: {in_one_line(error)}), as where another version of "
                    f"harness wrote it; {WAY_OUT}"
                ) from error
            finished.setdefault(study_name(record.behavior, record.arm), []).append(StoredTrial(record, trial))
        return finished

    def foreign(self) -> dict[str, int]:
        """By name of their study, how many trials others have written there: with Optuna's dashboard, or its API."""
        return dict(Counter(study for study, trial in self._trials() if RECORD not in trial.user_attrs))

    def _trials(self) -> "Iterator[tuple[str, FrozenTrial]]":
        """All trials with the names of their studies. Raises `HarnessError` where the run is not there."""
        studies = self.storage.get_all_studies()
        self.place.demand([study.study_name for study in studies])
        for study in studies:
            if study.study_name.startswith(self.place.prefix):
                for trial in self.storage.get_all_trials(study._study_id, deepcopy=False):
                    yield study.study_name, trial

    def make_room(self, record: TrialRecord) -> None:
        """Have a study for a trial; for the holder. Waits for a server that is away."""
        patiently(lambda: self._study(record))

    def add(self, record: TrialRecord, finished: "FrozenTrial") -> None:
        """Keep a finished trial, in one transaction; for the holder. Waits for a server that is away."""
        finished.user_attrs = {RECORD: record.as_json(), **record.in_short}
        attempted = False

        def tell() -> None:
            nonlocal attempted
            study = self._study(record)
            # A server may have kept the trial and gone away before it could say so.
            if not attempted or not self._told(study, record):
                attempted = True
                study.add_trial(finished)

        patiently(tell)

    def close(self) -> None:
        """Let go of all connections. What is asked later opens new ones."""
        self.storage.engine.dispose()

    def _study(self, record: TrialRecord) -> "Study":
        """The study of a trial, made where it is not there."""
        import optuna

        name = self.place.stored_name(study_name(record.behavior, record.arm))
        if name not in self._known:
            self._known[name] = optuna.create_study(
                storage=self.storage, study_name=name, direction="maximize", load_if_exists=True
            )
        return self._known[name]

    def _told(self, study: "Study", record: TrialRecord) -> bool:
        stored = self.storage.get_all_trials(study._study_id, deepcopy=False)
        return any(trial.user_attrs.get(RECORD, {}).get("trial") == record.trial for trial in stored)
