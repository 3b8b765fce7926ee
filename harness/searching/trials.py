"""Ask, evaluate, tell: the search over every behavior's arms.

A behavior's trials are asked in batches. The first is the `opening`: the portfolio and what it left out; a later one is
shared out by `next_arms`. Which trials a batch holds depends on earlier batches alone, each sampler is seeded anew from
(seed, study, trial), and results are told in the order they were asked. So any number of workers, and any number of
kills and resumes, give the same trials, and a longer search begins with the trials of a shorter one.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial

from harness.columns.cache import BlockCache
from harness.engines.interface import UNLIMITED, Engine, Limits
from harness.errors import HarnessError
from harness.files.atomic import reason
from harness.plugins.loading import PluginFile
from harness.runs.records import TrialRecord
from harness.runs.store import Run
from harness.searching.behavior import Asked, BehaviorSearch, Told
from harness.searching.evaluating import Bench, Evaluated, evaluate, result_of, start
from harness.searching.resuming import Past
from harness.searching.setup import Search

PATIENCE_SECONDS = 0.2
"""How long to wait for a trial before asking whether to stop."""


def search_trials(
    search: Search,
    run: Run,
    *,
    trials: int | None,
    behaviors: Sequence[str],
    engine: Engine,
    cache: BlockCache,
    limits: Limits = UNLIMITED,
    plugins: Sequence[PluginFile] = (),
    stop: Callable[[], bool] = lambda: False,
    note: Callable[[str], None] = lambda line: None,
) -> Iterator[TrialRecord]:
    """Bring each of `behaviors` up to `trials` finished trials, and yield each new one once it is stored.

    Without a number of trials it goes on until `stop` says so, which is asked several times a second; what runs then is
    evaluated again under its own number when the search goes on. `note` is told, once each, what slows the search down.

    Raises `EngineError` where no more trials can be run, and `HarnessError` where one cannot be stored; those yielded
    before are stored.
    """
    noted: set[str] = set()

    def note_once(line: str) -> None:
        if line not in noted:
            noted.add(line)
            note(line)

    stored = run.finished()
    pasts = [Past.of(name, stored, run.folder) for name in behaviors]
    states = [BehaviorSearch(past.behavior, search, trials or sys.maxsize, past) for past in pasts]
    bench = Bench(search.folds, search.candidates, search.seed, search.pool, cache, tuple(plugins), search.device)
    with engine.open(partial(start, bench), evaluate, limits) as workers:
        running: dict[Future[Evaluated], tuple[BehaviorSearch, Asked]] = {}
        while True:
            # Twice as many in flight as workers, so that none is idle while results are told and written.
            while len(running) < 2 * max(workers.count, 1):
                waiting = [state for state in states if state.has_work()]
                if not waiting:
                    break
                state = min(waiting, key=lambda state: state.sent)
                asked = state.take()
                running[workers.submit(state.behavior, asked.spec, asked.rival)] = (state, asked)
            if not running:
                break
            if not workers.count:
                note_once("there are no workers; the search goes on with the first that comes")
            done, _ = wait(running, timeout=PATIENCE_SECONDS, return_when=FIRST_COMPLETED)
            for future in done:
                state, asked = running.pop(future)
                asked.result = result_of(future)
                if isinstance(asked.result, Evaluated) and asked.result.not_kept:
                    note_once(f"{asked.result.not_kept}; what cannot be kept is computed again, with the same result")
                for told in state.tell():
                    _store(run, told)
                    yield told.record
            if stop():
                return


def _store(run: Run, told: Told) -> None:
    """Raises `HarnessError` where there is no room, say; then nothing of the trial is stored."""
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import SQLAlchemyError

    record = told.record
    try:
        run.add(record, told.trial, told.out_of_fold)
    except (OSError, StorageInternalError, SQLAlchemyError) as error:
        cause = error.__cause__ or error  # Optuna's own words are those of a guess
        why = reason(cause) if isinstance(cause, OSError) else str(cause).partition("\n")[0]
        raise HarnessError(
            f"{run.folder}: trial {record.trial} of {record.behavior} cannot be stored ({why}); "
            "those told before are kept, and the same command goes on"
        ) from error
