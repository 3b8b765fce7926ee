"""AutoGluon (Erickson et al. 2020), its tree models alone, on a table: run by an interpreter that has it.

    python autogluon_peer.py FOLDER SECONDS CORES SEED

FOLDER holds X.npy (frames, columns) float32, y.npy (frames,) of 0 and 1, folds.npy (frames,), and test.npy with more
frames. Leaves out_of_fold.npy and labelled.npy there: probabilities of the frames, from models that were fitted without
their fold, and of the test frames.
"""

import sys
from pathlib import Path

import numpy as np

MODELS = ("GBM", "CAT", "XGB", "RF", "XT")
"""All but the neural ones, which are trained for longer than a few minutes allow and need Torch."""


def main(folder: Path, seconds: float, cores: int, seed: int) -> None:
    import pandas as pd
    from autogluon.tabular import TabularPredictor  # type: ignore[import-not-found]

    X, y, folds, test = (np.load(folder / f"{name}.npy") for name in ("X", "y", "folds", "test"))
    columns = [f"column {place}" for place in range(X.shape[1])]
    frames = pd.DataFrame(X, columns=columns)
    predictor = TabularPredictor(
        label="y",
        problem_type="binary",
        eval_metric="average_precision",
        groups="fold",
        path=str(folder / "models"),
        verbosity=0,
    )
    predictor.fit(
        frames.assign(y=y, fold=folds),
        hyperparameters={name: {} for name in MODELS},
        time_limit=seconds,
        num_cpus=cores,
        num_gpus=0,
        num_bag_folds=len(np.unique(folds)),
        ag_args_ensemble={"fold_fitting_strategy": "sequential_local", "model_random_seed": seed},
    )
    np.save(folder / "out_of_fold.npy", predictor.predict_proba_oof()[1].to_numpy())
    np.save(folder / "labelled.npy", predictor.predict_proba(pd.DataFrame(test, columns=columns))[1].to_numpy())


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
