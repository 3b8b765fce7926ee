"""What a search came to, behavior by behavior, and what its user could do next."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from harness.choosing.leaderboard import best_records, honest_score
from harness.runs.records import TrialRecord
from harness.scores.amounts import Amounts
from harness.words import counted

LAST = 4
"""A behavior is still improving where the last quarter of its trials, one in so many, made its best F1 better."""

GAIN = 0.01
"""By at least so much."""

FEWEST_TRIALS = 8
"""With fewer trials than this every search is still improving."""

FAILING = 10
"""More than one in so many failed trials are many."""


def best_lines(records: Sequence[TrialRecord], behaviors: Sequence[str]) -> list[str]:
    """The best trial of each behavior, and what its score is worth without the luck of selection."""
    return [
        f"{behavior}: best F1 {best.pooled.f1:.3f}, {_honest(theirs)}{best.in_words}, trial {best.trial}"
        for behavior, theirs in _by_behavior(records, behaviors).items()
        for best in best_records(theirs).values()
    ]


def hints(
    records: Sequence[TrialRecord],
    behaviors: Sequence[str],
    amounts: Mapping[str, Amounts],
    longer: Callable[[int], str],
) -> list[str]:
    """What to do about scores that could be better or surer; `longer` says how to search to so many trials."""
    lines: list[str] = []
    for behavior, theirs in _by_behavior(records, behaviors).items():
        lines += _of_one(behavior, theirs, amounts[behavior].held_out_whole if behavior in amounts else "recording")
        if behavior in amounts:
            scored = [record for record in theirs if record.complete]
            honest = honest_score(scored) if scored else None
            lines += [f"{behavior}: {caution}" for caution in amounts[behavior].cautions(honest)]
    rising = still_improving(records, behaviors)
    if rising:
        those = ", ".join(f"{behavior} (+{gain:.3f})" for behavior, gain in rising.items())
        most = max(len(theirs) for theirs in _by_behavior(records, behaviors).values())
        lines.append(f"still improving: {those}; to search longer: {longer(2 * most)}")
    return lines


def still_improving(records: Sequence[TrialRecord], behaviors: Sequence[str]) -> dict[str, float]:
    """By behavior that a longer search may do better, by how much the last trials made its best F1 better."""
    gains = {behavior: _late_gain(theirs) for behavior, theirs in _by_behavior(records, behaviors).items()}
    return {behavior: gain for behavior, gain in gains.items() if gain >= GAIN}


def _of_one(behavior: str, records: Sequence[TrialRecord], whole: str) -> Iterator[str]:
    failed = [record for record in records if record.error]
    if failed and len(failed) * FAILING > len(records) > len(failed):
        yield f"{behavior}: {len(failed)} of {counted(len(records), 'trial')} failed, the first: {failed[0].error}"
    best = best_records(records).get(behavior)
    if best is None:
        return
    showing = sum(counts.actual > 0 for counts in best.counts)
    if not showing:
        yield f"{behavior}: no recording shows it, so nothing can be learned; label one that does"
    elif best.folds == "blocked":
        yield f"{behavior}: only one {whole} shows it, so its scores are optimistic; label another one that does"
    elif showing == 2:
        yield f"{behavior}: only two {whole}s show it, which says little; label another one that does"


def _by_behavior(records: Sequence[TrialRecord], behaviors: Sequence[str]) -> Mapping[str, list[TrialRecord]]:
    found: dict[str, list[TrialRecord]] = {behavior: [] for behavior in behaviors}
    for record in sorted(records, key=lambda record: record.trial):
        if record.behavior in found:
            found[record.behavior].append(record)
    return found


def _honest(records: Sequence[TrialRecord]) -> str:
    honest = honest_score([record for record in records if record.complete])
    return f"honest F1 {honest.f1:.3f} ({honest.low:.2f}-{honest.high:.2f}), " if honest else ""


def _late_gain(records: Sequence[TrialRecord]) -> float:
    """By how much the last quarter of the trials made the best F1 better; 0 where there are few trials."""
    early = records[: len(records) - len(records) // LAST]
    found = [best_records(some).values() for some in (early, records)]
    if len(records) < FEWEST_TRIALS or not all(found):
        return 0.0
    before, after = (next(iter(best)).pooled.f1 for best in found)
    return after - before
