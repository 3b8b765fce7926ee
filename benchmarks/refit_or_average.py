"""Is a pipeline better refitted on all labelled recordings, or as the average of the models of its folds?

    python -m benchmarks.refit_or_average DATA [DATA ...]

Nested cross-validation on training data alone. Each labelled recording is held out in turn; on the others, the folds
give out-of-fold probabilities, and those the decision and the rounds. That decision then cuts, on the recording held
out, the probabilities of (a) one model fitted on all the others and (b) the mean of the fold models. Prints the F1 of
the pooled recordings for every behavior, averaged over arms at their defaults.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from harness.columns.cache import BlockCache
from harness.data.challenge import load_dataset
from harness.fitting.decisions import decide, judge
from harness.fitting.evaluation import fit_fold, out_of_fold
from harness.fitting.folds import make_folds
from harness.fitting.pipeline import FeatureTables, FittedPipeline, fit_pipeline
from harness.fitting.pool import pool_of
from harness.plugins.loading import load_plugins
from harness.plugins.spaces import load_spaces
from harness.recording import Array, Recording
from harness.scores.metrics import Counts, count
from harness.searching.arms import Arm
from harness.searching.setup import Search, make_search


def held_out_counts(
    search: Search, arm: Arm, rest: Sequence[Recording], judged: Recording, tables: FeatureTables
) -> tuple[Counts, Counts]:
    """Counts on `judged` of the refitted model and of the average of the fold models, both trained on `rest`."""
    spec = arm.spec(arm.defaults())
    folds = make_folds(rest, 0.0)
    stages = out_of_fold(spec, folds, tables, search.seed)
    verdict = judge(search.candidates, stages, [unit.known_labels for unit in folds.units], folds.rates)

    def probabilities(models: Sequence[FittedPipeline]) -> Array:
        values = [model.probabilities(judged) for model in models]
        return np.asarray(np.mean([one.get(verdict.rounds, next(iter(one.values()))) for one in values], axis=0))

    refitted = fit_pipeline(spec, tables, [(one, slice(0, one.frames)) for one in rest], search.seed)
    averaged = [fit_fold(spec, folds, fold, tables, search.seed) for fold in range(len(folds.held_out))]
    one, other = (
        count(decide(verdict.decision, probabilities(models), judged.fps), judged.known_labels)
        for models in ([refitted], averaged)
    )
    return one, other


def main(folders: Sequence[str]) -> None:
    load_plugins()
    for folder in folders:
        dataset = load_dataset(Path(folder))
        search = make_search(dataset, load_spaces(), features=[], models=[], seed=0, batch=4)
        tables = FeatureTables(BlockCache(Path(tempfile.mkdtemp())), pool_of(dataset))
        print(f"{folder}\nbehavior             arms  refit  average")
        means = []
        for behavior, recordings in dataset.labelled.items():
            if sum(recording.positives > 0 for recording in recordings) < 3:
                continue  # Nested folds by recording need two with positives inside, and one outside.
            scores = []
            for arm in [arm for arm in search.arms if arm.features][:4]:
                pairs = [
                    held_out_counts(search, arm, [*recordings[:i], *recordings[i + 1 :]], recordings[i], tables)
                    for i in range(len(recordings))
                ]
                scores.append([sum(column, Counts()).f1 for column in zip(*pairs, strict=True)])
            refit, average = np.mean(scores, axis=0)
            means.append((refit, average))
            print(f"{behavior:20s} {len(scores):4d}  {refit:.3f}  {average:.3f}", flush=True)
        print("mean                       {:.3f}  {:.3f}".format(*np.mean(means, axis=0)))


if __name__ == "__main__":
    main(sys.argv[1:])
