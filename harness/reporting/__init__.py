"""A run as one page to look at: how good, what was missed, where the search went, why, and made with what.

It shows what was found and decides nothing; what it computes of its own, such as why a detector claims a frame, goes no
farther than the page.
"""

from collections.abc import Callable, Mapping, Sequence

from harness.choosing.ensembles import ensemble_rows, kept
from harness.choosing.leaderboard import leaderboard
from harness.columns.cache import BlockCache
from harness.dataset import Dataset
from harness.engines.interface import Told, untold
from harness.fitting.decisions import candidates_of
from harness.fitting.pipeline import FeatureTables
from harness.fitting.pool import pool_of
from harness.plugins.spaces import Spaces
from harness.recording import Array
from harness.reporting.curves import curves
from harness.reporting.detections import by_behavior, chosen
from harness.reporting.ethogram import ethogram
from harness.reporting.page import Section, page
from harness.reporting.provenance import Made, provenance
from harness.reporting.searching import searching
from harness.reporting.summary import Found, summary
from harness.reporting.why import why
from harness.runs.store import Run


def report(
    run: Run,
    dataset: Dataset,
    submission: Mapping[str, Mapping[str, Array]] | None,
    manifest: Mapping[str, object] | None,
    *,
    command: str,
    submission_name: str | None,
    cache: BlockCache,
    told: Told = untold,
) -> str:
    """The page of `run`, finished or not; `told` hears how far it has come.

    Raises `HarnessError` where something stored cannot be read.
    """
    description = run.description
    finished = run.finished()
    records = run.in_order(finished)
    selections = kept(run, records)
    choices = chosen(records, selections)
    spaces, seed = Spaces.from_json(description.identity["ranges"]), description.identity["seed"]
    found = by_behavior(run.out_of_fold, choices, dataset.labelled, candidates_of(spaces))
    tables = FeatureTables(cache, pool_of(dataset, description.identity["pool"]))
    behaviors: Sequence[str] = list(dataset.labelled)
    first = {row.best.behavior: row for row in leaderboard(records) if row.rank == 1}
    ensembles = ensemble_rows(selections, records) if selections else {}
    overview = [
        Found(
            name,
            [record for record in records if record.behavior == name],
            dataset.labelled[name],
            first.get(name),
            ensembles.get(name),
            choices.get(name),
            submission.get(name) if submission else None,
        )
        for name in behaviors
    ]
    ways = frozenset(choice.way for choice in choices.values())
    made = Made(description, dataset, records, ways, command, submission_name, manifest)
    parts: list[Callable[[], Section]] = [
        lambda: summary(overview),
        lambda: ethogram(found, behaviors, dataset.unlabelled, submission),
        lambda: curves(found, choices, behaviors),
        lambda: searching(records, finished, choices, behaviors),
        lambda: why(found, choices, dataset.labelled, tables, spaces, seed),
        lambda: provenance(made),
    ]
    sections = []
    for done, part in enumerate(parts):
        told("report", done, len(parts), "section")
        sections.append(part())
    about = (
        f"{len(behaviors)} behaviors, {dataset.labelled_in_words}, "
        f"{len(dataset.unlabelled)} test recordings, {len(records):,} trials. {description.about['data']}"
    )
    return page(f"{run.folder.name}: behavior detectors", about, sections)
