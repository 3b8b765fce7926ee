"""Every model family that sees recordings whole passes the named checks."""

from dataclasses import replace
from functools import partial, update_wrapper

import numpy as np
import pytest

from harness.plugins import Series
from harness.plugins.contract import SequenceFamily
from harness.plugins.loading import load_plugins
from harness.plugins.registry import MODELS
from harness.recording import UNKNOWN
from harness.spec import Value
from harness.testing import SEQUENCE_CHECKS, SequenceCheck

load_plugins()

FAMILIES = [family for _, family in sorted(MODELS.items()) if isinstance(family, SequenceFamily)]

SHORT: dict[str, dict[str, Value]] = {"baseline_network": {"windows": 2000}, "temporal_convolution": {"passes": 20}}
"""Parameters with which a family learns enough of little, and soon."""

COLUMNS = ("0 speed", "1 speed", "0-1 distance", "0 nose x", "0 nose y")


@pytest.fixture
def series() -> list[Series]:
    """Three recordings of two behaviors that two of five wandering columns tell apart; one knows only the second."""
    found = []
    for number in range(3):
        chance = np.random.default_rng(number)
        X = np.cumsum(chance.normal(0, 0.12, (600, 5)), axis=0).astype(np.float32)
        X -= X.mean(axis=0)
        labels = np.stack([X[:, 0] > 0.3, X[:, 2] < -0.3], axis=1).astype(np.int8)
        if number == 2:
            labels[:, 0] = UNKNOWN
        found.append(Series(X, labels, 30.0))
    return found


def test_there_are_some() -> None:
    assert {family.name for family in FAMILIES} == SHORT.keys()


@pytest.mark.parametrize("check", SEQUENCE_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_sequence_family(family: SequenceFamily, check: SequenceCheck, series: list[Series]) -> None:
    if family.refusal:
        pytest.skip(family.refusal)
    function = partial(family.function, **SHORT[family.name])
    check(replace(family, function=update_wrapper(function, family.function)), series, COLUMNS)
