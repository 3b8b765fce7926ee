"""What the results were made with, to the byte, and how to say so in a paper."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.dataset import Dataset
from harness.plugins.spaces import Spaces
from harness.recording import CALMS21
from harness.reporting.page import Html, Section, joined, table, tag
from harness.runs.description import Description
from harness.runs.records import TrialRecord
from harness.scores.amounts import Amounts, held_out_by_group

CITATIONS = {
    "optuna": "Akiba T, Sano S, Yanase T, Ohta T, Koyama M (2019). Optuna: A next-generation hyperparameter "
    "optimization framework. Proceedings of KDD 2019, 2623–2631.",
    "lightgbm": "Ke G, Meng Q, Finley T, et al. (2017). LightGBM: A highly efficient gradient boosting decision tree. "
    "Advances in Neural Information Processing Systems 30.",
    "catboost": "Prokhorenkova L, Gusev G, Vorobev A, Dorogush AV, Gulin A (2018). CatBoost: unbiased boosting with "
    "categorical features. Advances in Neural Information Processing Systems 31.",
    "scikit-learn": "Pedregosa F, Varoquaux G, Gramfort A, et al. (2011). Scikit-learn: Machine learning in Python. "
    "Journal of Machine Learning Research 12, 2825–2830.",
    "ensembles": "Caruana R, Niculescu-Mizil A, Crew G, Ksikes A (2004). Ensemble selection from libraries of models. "
    "Proceedings of ICML 2004.",
    "honest": "Tsamardinos I, Greasidou E, Borboudakis G (2018). Bootstrapping the out-of-sample predictions for "
    "efficient and accurate cross-validation. Machine Learning 107, 1895–1922.",
    "calms21": "Sun JJ, Karigo T, Chakraborty D, et al. (2021). The multi-agent behavior dataset: Mouse dyadic social "
    "interactions. NeurIPS Datasets and Benchmarks.",
}

SHORT = {
    "optuna": "Akiba et al. 2019",
    "lightgbm": "Ke et al. 2017",
    "catboost": "Prokhorenkova et al. 2018",
    "scikit-learn": "Pedregosa et al. 2011",
    "ensembles": "Caruana et al. 2004",
    "honest": "Tsamardinos et al. 2018",
    "calms21": "Sun et al. 2021",
}

MODELS = {
    "lightgbm": ("LightGBM", "lightgbm"),
    "catboost": ("CatBoost", "catboost"),
    "extra_trees": ("extremely randomized trees", "scikit-learn"),
    "logistic_regression": ("logistic regression", "scikit-learn"),
}
"""Model family to its name in a sentence and what to cite for it."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a run and its report were made with."""

    description: Description
    """Of the run, as `run.json` has it."""
    dataset: Dataset
    records: Sequence[TrialRecord]
    ways: frozenset[str]
    """Of choosing what is exported: `ensemble`, `single` or `leading`."""
    command: str
    """That made this report."""
    submission: str | None
    """Where the submission lies that is shown."""
    manifest: Mapping[str, Any] | None
    """What `export-best` wrote beside it."""


def provenance(made: Made) -> Section:
    """Digests, seeds, versions, commands and ranges, and a paragraph for a paper."""
    identity, about = made.description.identity, made.description.about
    paragraph, cited = methods(made)
    facts: list[tuple[str, str]] = [
        ("search command", about["command"]),
        ("report command", made.command),
        ("data", about["data"]),
        ("seed", str(identity["seed"])),
        ("trials asked at once", str(identity["batch"])),
        ("trials finished", f"{len(made.records):,}"),
        ("submission shown", made.submission or "none"),
    ]
    facts += [(f"version of {name}", version) for name, version in identity["versions"].items()]
    digests = [
        (f"{kind}: {name}", version) for kind, used in identity["plugins"].items() for name, version in used.items()
    ]
    digests += [
        (f"{name} of {behavior}", digest)
        for behavior, theirs in identity["data"].items()
        for name, digest in theirs.items()
    ]
    if made.manifest:
        digests += [(f"labels of {name}", one["labels_sha256"]) for name, one in made.manifest["behaviors"].items()]
    body = [
        tag("h3", "Methods, for a paper"),
        tag("p", paragraph, id="methods", class_="methods"),
        tag("button", "Copy", type="button", data_copies="methods"),
        tag("ol", *[tag("li", CITATIONS[key]) for key in cited], class_="citations"),
        tag("h3", "How it was made"),
        table("Commands, data, seed and versions", ("what", "value"), [[what, code(value)] for what, value in facts]),
        _folded(
            "Digests of plugins, recordings and labels",
            ("what", "SHA-256"),
            [[what, code(value)] for what, value in digests],
        ),
        _folded("Ranges that were searched", ("parameter", "range"), ranges(identity["ranges"])),
        _folded(
            "Pipelines that were searched",
            ("pipeline", "feature sets"),
            [[name, ", ".join(sets) or "none"] for name, sets in identity["arms"].items()],
        ),
    ]
    return Section("provenance", "Provenance", joined(body))


def code(value: str) -> Html:
    return tag("code", value)


def _folded(caption: str, header: Sequence[str], rows: Sequence[Sequence[str | Html]]) -> Html:
    return tag("details", tag("summary", caption), table(caption, header, rows))


def ranges(plain: Mapping[str, Any]) -> list[list[str | Html]]:
    """Every parameter that was searched, and between which values."""
    spaces = Spaces.from_json(plain)
    kinds = {"features": spaces.features, "model": spaces.models, "smoother": spaces.smoothers}
    rows: list[list[str | Html]] = [
        [f"{kind} {plugin}: {name}", str(one)]
        for kind, plugins in kinds.items()
        for plugin, parameters in plugins.items()
        for name, one in parameters.items()
    ]
    rows += [[f"preparation: {name}", str(one)] for name, one in spaces.preparation.items()]
    rows.append(["decision: longest gap (s)", ", ".join(map(str, spaces.gaps))])
    rows.append(["decision: shortest bout (s)", ", ".join(map(str, spaces.bouts))])
    return rows


def methods(made: Made) -> tuple[str, list[str]]:
    """A paragraph that says what was done, and the keys of `CITATIONS` that it cites, in order."""
    cited: list[str] = []

    def cite(*keys: str) -> str:
        cited.extend(key for key in keys if key not in cited)
        return f"({'; '.join(SHORT[key] for key in keys)})"

    dataset, identity = made.dataset, made.description.identity
    labelled = dataset.every_labelled
    films = len({one.source_id for one in labelled}) if dataset.scopes else len(labelled)
    frames, positive = sum(one.labelled_frames for one in labelled), sum(one.positives for one in labelled)
    example = dataset.any_recording
    animals = len({example.agent, example.target}) + len(example.others) if example.agent else example.animals
    versions = identity["versions"]
    families = sorted({arm.rpartition("/")[2] for arm in identity["arms"]} - {"random"})
    named = []
    for family in families:
        words, key = MODELS.get(family, (family, ""))
        named.append(f"{words} {cite(key)}" if key else words)
    searched = sorted({len([one for one in made.records if one.behavior == name]) for name in dataset.labelled})
    trials = f"{searched[0]}" if len(searched) == 1 else f"{searched[0]} to {searched[-1]}"
    data = f" The poses are in the format of CalMS21 {cite('calms21')}." if is_calms21(dataset) else ""
    blocked = sorted({one.behavior for one in made.records if one.folds == "blocked"})
    parts = ""
    if blocked:
        parts = (
            f" For {_listed(blocked)}, which fewer than two of them show, contiguous blocks of one recording, or the "
            "recordings of one group, were held out instead, with a gap around blocks."
        )
    groups = held_out_by_group({name: Amounts.of(theirs) for name, theirs in dataset.labelled.items()})
    parts += f" Recordings were {groups[0]}." if groups else ""
    way = (
        "For each behavior an ensemble of trials was selected"
        f" {cite('ensembles')}; members are averaged in log-odds and were refitted on all labelled recordings."
        if "ensemble" in made.ways
        else "For each behavior the best trial was taken and refitted on all labelled recordings."
    )
    sentences = (
        f"Detectors of {len(dataset.labelled)} {_plural('behavior', len(dataset.labelled))} were searched with harness "
        f"{versions['harness']} on {films} labelled {_plural('recording', films)} of poses "
        f"({frames:,} frames at {example.fps:g} per second, {positive:,} of them positive; {animals} "
        f"{_plural('animal', animals)}, {len(example.skeleton.keypoints)} keypoints each).{data} "
        f"For each behavior {trials} pipelines of feature sets, windows and a model ({', '.join(named)}) were tried; "
        f"parameters were sampled with Optuna {versions['optuna']} {cite('optuna')}, seed {identity['seed']}. "
        f"Every pipeline was judged by F1 on pooled frames of recordings that were held out.{parts} Smoothing, "
        "threshold, shortest bout and longest gap were chosen on the other recordings than the one judged. "
        f"Scores corrected for the selection, with 90% intervals, are from bootstrap bias-corrected cross-validation "
        f"over recordings {cite('honest')}. {way}"
    )
    return sentences, cited


def is_calms21(dataset: Dataset) -> bool:
    """Whether the data look like CalMS21: its skeleton, as it is where nothing else is said of the recordings, whose
    animals have no names.
    """
    return dataset.skeleton == CALMS21 and not dataset.any_recording.names


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _plural(noun: str, number: int) -> str:
    return noun if number == 1 else f"{noun}s"
