"""Which choice from a run's trials is worth most: the best trial, or a blend, and by which ranking?

    python -m benchmarks.what_to_export RUN [RUN ...]

For finished runs (with their data where they were): the F1 of each way of choosing, every unit judged by what would
have been chosen without it, from training labels alone. `single` is a blend of one, ranked by F1.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

import numpy as np

from harness.data.challenge import load_dataset
from harness.decisions import candidates_of
from harness.export import evidence_of
from harness.registry import load_plugins
from harness.selection import MEMBERS, RANKINGS, select
from harness.spaces import Spaces
from harness.store import Run


def main(folders: Sequence[str]) -> None:
    load_plugins()
    for folder in folders:
        run = Run(Path(folder))
        candidates = candidates_of(Spaces.from_json(run.description["identity"]["ranges"]))
        dataset = load_dataset(Path(run.description["about"]["data"]))
        records = run.records()
        known = {
            behavior: evidence_of(run, [one for one in records if one.behavior == behavior], recordings)
            for behavior, recordings in dataset.labelled.items()
        }
        standing = {behavior: evidence.standings() for behavior, evidence in known.items()}
        print(f"{folder}\nbehavior             trials  single  " + "  ".join(RANKINGS))
        means = []
        for behavior, evidence in known.items():
            elsewhere = [one for other, one in standing.items() if other != behavior]
            with patch.dict(MEMBERS, {"f1": 1}):
                scores = [select(evidence, candidates, ranking="f1").pooled.f1]
            scores += [select(evidence, candidates, ranking=one, elsewhere=elsewhere).pooled.f1 for one in RANKINGS]
            means.append(scores)
            trials = len(evidence.records)
            print(f"{behavior:20s} {trials:6d}" + "".join(f"   {score:.3f}" for score in scores), flush=True)
        print(f"{'mean':27s}" + "".join(f"   {score:.3f}" for score in np.mean(means, axis=0)))


if __name__ == "__main__":
    main(sys.argv[1:])
