"""Commands that are printed to be pasted hold each option once."""

import pytest

from harness.cli.search_command import longer, with_options


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["search"], "harness search --trial-memory 2GB --results b"),
        (["search", "--trial-memory", "1MB", "--seed", "3"], "harness search --seed 3 --trial-memory 2GB --results b"),
        (["search", "--results=a", "--trial-memory=1MB"], "harness search --trial-memory 2GB --results b"),
        (["search", "--data", "my data"], "harness search --data 'my data' --trial-memory 2GB --results b"),
    ],
)
def test_an_option_takes_the_place_of_the_one_before(words: list[str], expected: str) -> None:
    assert with_options(words, trial_memory="2GB", results="b") == expected


def test_a_search_by_time_is_longer_by_going_on() -> None:
    assert longer(["search", "--timeout", "5m"], 20) == "harness search --timeout 5m"
    assert longer(["search", "--trials", "5"], 20) == "harness search --trials 20"
