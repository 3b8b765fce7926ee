"""FLAML (Wang et al. 2021) on a table: run by an interpreter that has it.

    python flaml_peer.py FOLDER SECONDS CORES SEED

FOLDER holds X.npy (frames, columns) float32, y.npy (frames,) of 0 and 1, folds.npy (frames,), and test.npy with more
frames. Leaves out_of_fold.npy and labelled.npy there: probabilities of the frames, from models that were fitted without
their fold, and of the test frames.
"""

import sys
from copy import deepcopy
from pathlib import Path

import numpy as np


def main(folder: Path, seconds: float, cores: int, seed: int) -> None:
    import pandas as pd
    from flaml import AutoML  # type: ignore[import-not-found]

    X, y, folds, test = (np.load(folder / f"{name}.npy") for name in ("X", "y", "folds", "test"))
    # Of a frame with names, FLAML fills what is missing; some of its learners fail without.
    frames = pd.DataFrame(X).add_prefix("column ")
    search = AutoML()
    search.fit(
        frames,
        y,
        task="classification",
        metric="ap",
        time_budget=seconds,
        eval_method="cv",
        split_type="group",
        groups=folds,
        n_splits=len(np.unique(folds)),
        n_jobs=cores,
        seed=seed,
        verbose=0,
    )
    np.save(folder / "labelled.npy", search.predict_proba(pd.DataFrame(test).add_prefix("column "))[:, 1])
    filled = search.preprocess(frames)
    out_of_fold = np.zeros(len(y))
    for fold in np.unique(folds):
        rest = folds != fold
        if len(np.unique(y[rest])) == 2:
            # Not the learner inside: what the model does to the columns is fitted with it.
            model = deepcopy(search.model)
            model.fit(filled[rest], y[rest])
            out_of_fold[~rest] = model.predict_proba(filled[~rest])[:, 1]
    np.save(folder / "out_of_fold.npy", out_of_fold)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
