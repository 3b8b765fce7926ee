"""What a search says of its data before it begins, and of what it came to."""

from collections.abc import Iterator, Sequence

from harness.choosing.ensembles import Selections
from harness.choosing.selection import WAYS
from harness.columns.lengths import odd_lengths
from harness.dataset import Dataset
from harness.engines.interface import Engine
from harness.networks.device import CPU, in_words
from harness.plugins.registry import FEATURES
from harness.runs.store import Run as StoredRun
from harness.scores.amounts import Amounts, held_out_by_group
from harness.scores.metrics import mean_score
from harness.searching.setup import Search
from harness.words import counted, shown

MOST_NAMED = 5
"""Recordings that are told of one by one."""

UNUSUAL = {"others", "scale", "arena"}
"""What few recordings hold, so that sets which need it are left out in one line."""


def odd_lengths_in(dataset: Dataset) -> Iterator[str]:
    """The recordings whose animals are much longer or shorter than elsewhere."""
    every = {one.video.digest: one.video for one in dataset.every_labelled}
    odd = odd_lengths([*every.values(), *dataset.unlabelled])
    for length in odd[:MOST_NAMED]:
        yield (
            f"{shown(length.recording.id)}: an animal is {length.pixels:.3g} pixels long, usually {length.usual:.3g}; "
            "look whether its scale and its points are right"
        )
    if len(odd) > MOST_NAMED:
        yield f"{counted(len(odd) - MOST_NAMED, 'recording')} more with animals of another length than usual"


def one_sided(dataset: Dataset, behaviors: Sequence[str]) -> Iterator[str]:
    """The behaviors whose labels are nearly all of one class."""
    for behavior in behaviors:
        for caution in Amounts.of(dataset.labelled[behavior]).cautions():
            yield f"{behavior}: {caution}"


def announcement(
    search: Search, run: StoredRun, engine: Engine, features: Sequence[str], trials: int | None, done: int
) -> Iterator[str]:
    """What is about to be searched, and what of the data stands in the way."""
    dataset = search.dataset
    labelled = dataset.every_labelled
    sizes = [
        counted(len(dataset.labelled), "behavior"),
        dataset.labelled_in_words,
        counted(sum(recording.frames for recording in labelled), "frame"),
    ]
    looked_at, frames = (sum(getattr(one, name) for one in labelled) for name in ("labelled_frames", "frames"))
    if looked_at < frames:
        sizes.append(f"{looked_at:,} of them labelled")
    assumed = f"; assumed, as nothing says otherwise: {' and '.join(dataset.assumed)}" if dataset.assumed else ""
    yield f"data: {dataset.source or dataset.name}, {', '.join(sizes)}{assumed}"
    yield from held_out_by_group({name: Amounts.of(group) for name, group in dataset.labelled.items()})
    refused = {name: FEATURES[name].refusal(*labelled) for name in features or sorted(FEATURES)}
    reasons = {name: reason for name, reason in refused.items() if reason}
    unusual = [] if features else [name for name in reasons if set(FEATURES[name].needs) & UNUSUAL]
    for name, reason in reasons.items():
        if name not in unusual:
            yield f"without {name}: {reason}"
    if unusual:
        yield f"without {', '.join(f'{name} ({reasons[name]})' for name in unusual)}"
    for name in dict.fromkeys(name for arm in search.arms for name in arm.features):
        yield from FEATURES[name].remarks(*labelled)
    for reason in dict.fromkeys(search.left_out.values()):
        yield f"without {', '.join(name for name, one in search.left_out.items() if one == reason)}: {reason}"
    blocked = [behavior for behavior, folds in search.folds.items() if folds.kind == "blocked"]
    cut = [behavior for behavior in blocked if search.folds[behavior].cut]
    if cut:
        yield f"{', '.join(cut)}: only one recording shows it, so parts of that are held out; scores are optimistic"
    if apart := [behavior for behavior in blocked if behavior not in cut]:
        yield (
            f"{', '.join(apart)}: only one group shows it, so its recordings are held out one by one; scores are "
            "optimistic"
        )
    if search.device != CPU:
        yield f"networks learn on {in_words(search.device)}, where the same seed may give other numbers"
    yield (
        f"search: {counted(len(search.arms), 'pipeline')} (feature sets with a model), "
        f"{counted(trials, 'trial') if trials else 'as many trials as time allows'} for each behavior, "
        f"{engine.where}, seed {search.seed}; "
        f"results in {run.places}" + (f", which has {counted(done, 'trial')} already" if done else "")
    )


def worth(found: Selections) -> str:
    """What the best trials and the ensembles can be expected to score."""
    single, ensemble = (mean_score(theirs[way].pooled.score for theirs in found.values()).f1 for way in WAYS)
    return (
        f"mean F1 of the ensembles {ensemble:.3f}, of the best trials {single:.3f}, "
        "each recording judged by what would have been chosen without it"
    )
