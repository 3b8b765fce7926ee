"""How a search comes to where an earlier one of the same run ended."""

from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.errors import HarnessError
from harness.runs.studies import StoredTrial
from harness.searching.behavior import BehaviorSearch


def resume(state: BehaviorSearch, stored: Mapping[str, Sequence[StoredTrial]], run: Path) -> None:
    """Bring a behavior's search to where the trials end that are `stored`, by study, in the folder `run`.

    Whole batches are read, a broken-off one is asked again. Raises `HarnessError` where this search would have asked
    other trials.
    """
    left = [deque(stored.get(study.name, ())) for study in state.studies]
    while any(left):
        turns = state.plan()
        arms = [turn.arm for turn in turns]
        there = sum(arms[: place + 1].count(arm) <= len(left[arm]) for place, arm in enumerate(arms))
        if there == 0:
            raise _refusal(state, run)
        if there == len(arms):
            for arm in arms:
                state.studies[arm].recall(left[arm].popleft())
            continue
        # The samplers saw this batch's earlier trials as running; telling them only now keeps it so.
        state.ask(turns[: max(there, state.trials - state.told)])
        for _ in range(there):
            asked = state.withdraw()
            if not left[asked.arm]:
                raise _refusal(state, run)
            one = left[asked.arm].popleft()
            if one.trial.params != asked.trial.params:
                raise HarnessError(f"{run}: trial {asked.number} of {state.behavior} is not repeatable here")
            state.studies[asked.arm].tell(asked.trial, one.record)
        if any(left):
            raise _refusal(state, run)


def _refusal(state: BehaviorSearch, run: Path) -> HarnessError:
    return HarnessError(f"{run}: {state.behavior} has trials this search would not have asked")
