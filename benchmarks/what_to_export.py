"""What is worth most of a run's trials: the best one, those chosen greedily, or these with what is advised elsewhere?

    python -m benchmarks.what_to_export RUN [RUN ...]

For finished runs (with their data where they were): the F1 of each way of choosing, every unit judged by members and a
decision that were chosen without it, from training labels alone. `ensemble` is what the export sets against `single`.
"""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from harness.choosing.elsewhere import Standings
from harness.choosing.ensembles import evidence_of
from harness.choosing.selection import Evidence, select
from harness.data.challenge import load_dataset
from harness.fitting.decisions import Candidates, candidates_of
from harness.plugins.loading import load_plugins
from harness.plugins.spaces import Spaces
from harness.runs.store import Run

WAYS = ("single", "greedy", "ensemble")


def main(folders: Sequence[str]) -> None:
    load_plugins()
    means = []
    for folder in folders:
        run = Run(Path(folder))
        candidates = candidates_of(Spaces.from_json(run.description.identity["ranges"]))
        dataset = load_dataset(Path(run.description.about["data"]))
        records = run.records()
        known = {
            behavior: evidence_of(run.out_of_fold, [one for one in records if one.behavior == behavior], recordings)
            for behavior, recordings in dataset.labelled.items()
        }
        standing = {behavior: evidence.standings() for behavior, evidence in known.items()}
        print(f"{folder}\n{'behavior':20s} trials" + "".join(f"{way:>10s}" for way in WAYS))
        scores = []
        for behavior, evidence in known.items():
            elsewhere = [one for other, one in standing.items() if other != behavior]
            scores.append(nested(evidence, candidates, elsewhere))
            print(f"{behavior:20s} {len(evidence.out_of_fold):6d}" + shown(scores[-1]), flush=True)
        means.append(np.mean(scores, axis=0))
        print(f"{'mean':27s}" + shown(means[-1]))
    if len(folders) > 1:
        print(f"{'median of the means':27s}" + shown(np.median(means, axis=0)))


def nested(evidence: Evidence, candidates: Candidates, elsewhere: Sequence[Standings]) -> list[float]:
    """The F1 of each of `WAYS`."""
    both, alone = select(evidence, candidates, elsewhere), select(evidence, candidates)
    return [one.pooled.f1 for one in (both["single"], alone["ensemble"], both["ensemble"])]


def shown(scores: Iterable[float]) -> str:
    return "".join(f"{score:10.3f}" for score in scores)


if __name__ == "__main__":
    main(sys.argv[1:])
