"""Columns whose names tell their animals, and what they become when nobody knows which animal is which."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.columns.identities import renamed, sources, unordered, with_unordered
from harness.features.kinematics import kinematics
from harness.features.social_geometry import social_geometry
from harness.recording import Array
from tests.toy import toy_recordings


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("0 speed", "1 speed"),
        ("0 to 1 ahead", "1 to 0 ahead"),
        ("1 sees 1 nose x", "0 sees 0 nose x"),
        ("0-1 distance", "0-1 distance"),
        ("0-1 nose to tail_base", "0-1 tail_base to nose"),
        ("component 3", "component 3"),
        ("2 speed", "2 speed"),
        ("0", "0"),
    ],
)
def test_two_animals_that_change_places_change_names(name: str, expected: str) -> None:
    assert renamed(name, [1, 0]) == expected
    assert renamed(expected, [1, 0]) == name


def test_three_animals_are_renamed_by_their_new_numbers() -> None:
    assert renamed("0-2 nose to tail", [2, 1, 0]) == "0-2 tail to nose"
    assert renamed("0-1 nose to tail", [2, 0, 1]) == "0-2 tail to nose"
    assert renamed("2 to 0 ahead", [2, 0, 1]) == "1 to 2 ahead"


def test_unordered_columns_hold_the_smaller_and_the_larger_value() -> None:
    names = ["0 speed", "0-1 distance", "1 speed", "0 to 1 ahead", "1 to 0 ahead", "wall"]
    block = np.array([[3, 9, 1, 5, np.nan, 7], [1, 8, 3, np.nan, np.nan, 6]], dtype=np.float32)
    expected = [[1, 9, 3, 5, np.nan, 7], [1, 8, 3, np.nan, np.nan, 6]]
    assert unordered(names, block) == pytest.approx(np.array(expected), nan_ok=True)


def test_both_are_the_block_and_what_sorting_changes() -> None:
    names = ["0 speed", "0-1 distance", "1 speed"]
    block = np.array([[3.0, 9.0, 1.0], [1.0, 8.0, 3.0]])
    assert with_unordered(names, block).tolist() == [[3, 9, 1, 1, 3], [1, 8, 3, 1, 3]]


def test_the_block_given_stays_as_it_is() -> None:
    block = np.array([[2.0, 1.0]])
    unordered(["0 speed", "1 speed"], block)
    assert block.tolist() == [[2, 1]]


def table(numbers: list[int], keypoints: Array) -> tuple[list[str], Array]:
    """Names and columns of the recording whose animal `numbers[i]` stands at place i."""
    recording = replace(toy_recordings(1, len(keypoints))[0], keypoints=keypoints[:, numbers], labels=None)
    columns = {**kinematics(recording), **social_geometry(recording)}
    return list(columns), np.stack(list(columns.values()), axis=1)


@pytest.mark.parametrize("numbers", list(permutations(range(3))))
def test_unordered_columns_do_not_depend_on_which_animal_is_which(numbers: tuple[int, ...]) -> None:
    pair = toy_recordings(1, 60)[0].keypoints
    keypoints = np.concatenate([pair, pair[::-1, :1] + 50], axis=1)
    expected = unordered(*table([0, 1, 2], keypoints))
    found = unordered(*table(list(numbers), keypoints))
    assert found == pytest.approx(expected, abs=1e-5, nan_ok=True)


@given(st.lists(st.floats(-10, 10) | st.just(float("nan")), min_size=3, max_size=3))
def test_three_alike_are_sorted_with_missing_values_last(values: list[float]) -> None:
    (row,) = unordered(["0 speed", "1 speed", "2 speed"], np.array([values]))
    assert row == pytest.approx(np.sort(values), nan_ok=True)


def test_every_column_has_its_source_in_the_block_or_in_its_unordered_columns() -> None:
    keypoints = toy_recordings(1, 60, missing=0.2)[0].keypoints
    names, block = table([0, 1], keypoints)
    blocks = {False: block, True: unordered(names, block)}
    ways = {"kept": block, "unordered": unordered(names, block), "both": with_unordered(names, block)}
    for way, expected in ways.items():
        found = np.stack([blocks[is_unordered][:, column] for is_unordered, column in sources(names, way)], axis=1)
        np.testing.assert_array_equal(found, expected)
