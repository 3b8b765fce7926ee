"""How much of a score is luck, and how much of a lead: both from bootstrap resamples of the units."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.recording import Array
from harness.scores.metrics import Counts, total
from harness.scores.resampling import resamples

DISBELIEVED = 200
"""Of the best of so many trials, only what is judged on units left out counts."""

CHANCE = 0.05
"""In more than this share of the resamples a lead may be gone before it counts as chance."""


@dataclass(frozen=True, slots=True)
class Honest:
    """F1 with the luck of having been selected taken out, and the 90% interval around it."""

    f1: float
    low: float
    high: float


def f1_of(hits: Array, claimed: Array, actual: Array) -> Array:
    """2 hits / (claimed + actual), 0 where that is 0 / 0; the shapes are broadcast."""
    f1: Array = 2 * hits / np.maximum(claimed + actual, 1)
    return f1


def resampled_f1(counts: Sequence[Counts]) -> Array:
    """F1 on each of the `resamples` of units with these counts: (resamples,)."""
    table = np.array([[unit.hits, unit.claimed, unit.actual] for unit in counts])
    return f1_of(*(resamples(len(counts)).draws @ table).T)


def out_of_bag_weight(trials: int) -> float:
    """How much of the honest score of the best of so many trials is what was judged on units left out.

    A single trial has no luck of selection in its score. The best of many has the more, about with the logarithm of
    their number; and as a search learns from its own scores, a little of it gets even into what is judged on units left
    out, which with few trials is too low. So measured on recordings that no search saw (docs/search.md).
    """
    return min(1.0, math.log(trials) / math.log(DISBELIEVED))


def bias_corrected(left_out: Array, judged: Sequence[Counts], out_of_bag: float) -> Honest | None:
    """What a selection is worth on units that had no say in it; None where no resample leaves out any positives.

    `left_out` (resamples, 2) holds, for the first or all of `resamples`, hits and claims of what is selected on the
    resample, counted on the units that it left out (bootstrap bias-corrected cross-validation, Tsamardinos et al. 2018,
    section 3); `judged` are the cross-fitted counts, by unit, of what is selected on all units. Counts of all resamples
    are pooled, as the challenge pools frames. A selection that knows a resample has seen two thirds of the units and is
    worse for it, while `judged` is the luckier the more was chosen from; so the estimate takes both, as the .632
    estimator does (Efron 1983), the former with the weight `out_of_bag`. The interval goes from where 5% of the
    resamples' F1 on left out units lie below to where 5% of the resampled F1 of `judged` lie above.
    """
    drawn, actual = resamples(len(judged)), np.array([unit.actual for unit in judged])
    (hits, claimed), weights = left_out.T, drawn.weights[: len(left_out)]
    positives = drawn.left_out[: len(left_out)] @ actual
    told = positives > 0  # the others have no F1 of their own, but claims that are wrong
    if not told.any():
        return None
    pooled = 2 * (weights @ hits) / (weights @ (claimed + positives))
    f1 = float(out_of_bag * pooled + (1 - out_of_bag) * total(judged).f1)
    low = weighted_quantile(f1_of(hits, claimed, positives)[told], weights[told], 0.05)
    high = weighted_quantile(resampled_f1(judged), drawn.weights, 0.95)
    return Honest(f1, min(low, f1), max(high, f1))


def weighted_quantile(values: Array, weights: Array, share: float) -> float:
    """The least of `values` (n,) for which it and those below it have this share of the `weights` (n,)."""
    order = np.argsort(values, kind="stable")
    # Weights are rounded, and so is their sum.
    reached = np.cumsum(weights[order]) >= share * weights.sum() - 1e-12
    return float(values[order][np.argmax(reached)])


def tied(one: Sequence[Counts], best: Sequence[Counts]) -> bool:
    """Whether the lead of `best` over `one` may be chance; both are counts of the same units, in the same order.

    Paired bootstrap over units (Efron and Tibshirani 1993, chapter 16), one-sided: the pooled F1 of `one` is at least
    that of `best` in more than `CHANCE` of the resamples.
    """
    ahead = resampled_f1(one) >= resampled_f1(best)
    return bool(resamples(len(best)).weights[ahead].sum() > CHANCE)
