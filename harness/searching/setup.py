"""What a search is: all that decides which trials are run and what they score."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.dataset import Dataset
from harness.errors import HarnessError
from harness.fitting.decisions import Candidates, candidates_of
from harness.fitting.folds import Folds, make_folds
from harness.fitting.pool import pool_members, pool_of
from harness.fitting.reach import reach_seconds
from harness.networks.device import CPU
from harness.plugins.contract import ModelFamily, SequenceFamily
from harness.plugins.registry import FEATURES, MODELS, feature_set_named, model_family_named
from harness.plugins.spaces import Spaces
from harness.recording import Recording
from harness.searching.arms import Arm, Turn, make_arms, opening, shared_arms, usable_stacks


@dataclass(frozen=True)
class Search:
    """All that decides which trials are run and what they score."""

    dataset: Dataset
    spaces: Spaces
    arms: tuple[Arm, ...]
    opening: tuple[Turn, ...]
    """The first batch of every behavior."""
    seed: int
    batch: int
    folds: Mapping[str, Folds]
    learned_from: Mapping[str, str]
    """Digest to id of the recordings whose poses sets learn from; none where no set learns."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Model families that cannot be used here, and why."""
    device: str = CPU
    """Where networks learn."""

    @property
    def pool(self) -> tuple[Recording, ...]:
        return pool_of(self.dataset, self.learned_from)

    @property
    def candidates(self) -> Candidates:
        return candidates_of(self.spaces)


def make_search(
    dataset: Dataset,
    spaces: Spaces,
    *,
    features: Sequence[str],
    models: Sequence[str],
    seed: int,
    batch: int,
    learned_from: Mapping[str, str] | None = None,
    device: Callable[[], str] = lambda: CPU,
) -> Search:
    """A search of `dataset` with the named feature sets and model families; all registered ones where none is named.

    Feature sets are searched in the stacks of `spaces`, and those in no stack alone as well; where some are named,
    those together and each alone. Sets that learn do so from all recordings, or from those that a run which goes on has
    `learned_from`. Where networks learn is what `device` gives, which is called where there are some.
    Raises `HarnessError` where a name is unknown, or nothing can be computed on the dataset's skeleton.
    """
    wanted = [feature_set_named(name) for name in sorted(set(features) or FEATURES)]
    families = [model_family_named(name) for name in models or sorted(MODELS)]
    sequences, left_out = _sequences(families, asked=bool(models))
    families = [one for one in families if not isinstance(one, SequenceFamily)]
    refused = {one.name: one.refusal(*dataset.every_labelled) for one in wanted}
    usable = [name for name, reason in refused.items() if reason is None]
    if not usable:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in refused.items())
        raise HarnessError(f"no feature set can be computed on these recordings ({reasons})")
    stacked = {name for members in spaces.stacks.values() for name in members}
    alone = [name for name in usable if features or name not in stacked]
    stacks = usable_stacks(usable, {"": tuple(usable)} if features else spaces.stacks, alone)
    arms = make_arms(stacks, {family.name: family.baseline for family in families}, alone)
    arms += shared_arms(sequences, usable, sorted(set(features)))
    reach = reach_seconds(usable, spaces, sequences)
    folds = {behavior: make_folds(recordings, reach) for behavior, recordings in dataset.labelled.items()}
    if learned_from is None:
        learned_from = {digest: one.id for digest, one in pool_members(dataset).items()}
    if all(feature_set_named(name).fit is None for arm in arms for name in arm.features):
        learned_from = {}
    first = tuple(opening(arms, stacks, spaces.starts, lambda arm: arm.varies(spaces)))
    where = device() if any(one.package == "torch" for one in sequences) else CPU
    return Search(dataset, spaces, tuple(arms), first, seed, batch, folds, learned_from, left_out, where)


def _sequences(families: Sequence[ModelFamily], *, asked: bool) -> tuple[list[SequenceFamily], Mapping[str, str]]:
    """The families that see recordings whole and can be used here; and why others cannot.

    Raises `HarnessError` where one cannot that somebody `asked` for.
    """
    sequences = [one for one in families if isinstance(one, SequenceFamily)]
    refused = {one.name: reason for one in sequences if (reason := one.refusal)}
    if asked and refused:
        raise HarnessError(*(f"--model {name}: {reason}" for name, reason in refused.items()))
    return [one for one in sequences if one.name not in refused], refused
