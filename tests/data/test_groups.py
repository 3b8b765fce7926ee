"""What is held out together, by a column or by a part of the ids."""

from dataclasses import replace

import pytest

from harness.data.groups import grouped_by
from harness.dataset import Dataset
from harness.errors import HarnessError
from tests.toy import toy_dataset, toy_recordings


def dataset(*ids: str) -> Dataset:
    cages = dict.fromkeys(ids, "1") | {ids[-1]: "2"}
    made = [
        replace(one, id=name, about={"cage": cages[name], "drug": ""})
        for one, name in zip(toy_recordings(len(ids), 40), ids, strict=True)
    ]
    return toy_dataset(approach=made)


def groups(found: Dataset) -> list[str]:
    return [one.group for one in found.labelled["approach"]]


def test_a_column_groups_by_its_values() -> None:
    assert groups(grouped_by(dataset("m1-a", "m1-b", "m2-a"), "cage")) == ["1", "1", "2"]


def test_a_regular_expression_groups_by_what_it_finds_in_the_ids() -> None:
    assert groups(grouped_by(dataset("m1-a", "m1-b", "m2-a"), r"^(m\d)")) == ["m1", "m1", "m2"]


def test_examples_have_the_group_of_their_recording() -> None:
    (film, *_) = dataset("m1-a", "m2-a").labelled["approach"]
    film = replace(film, labels=None, names=("resident", "intruder"))
    seen = film.seen_from("intruder", "resident", toy_recordings(1, 40)[0].labels)
    assert groups(grouped_by(toy_dataset(approach=[seen]), "^(m1)")) == ["m1"]


@pytest.mark.parametrize(
    ("by", "line"),
    [
        ("drug", "--group-by drug: m1-a, m2-a without a drug; fill the column in recordings.csv for each labelled"),
        ("cages", "neither a column (columns are cage, drug) nor a regular expression with one group in it"),
        (r"^(m)(\d)", "nor a regular expression with one group in it, such as '^(m[0-9]+)'"),
        ("(", "nor a regular expression (missing ), unterminated subpattern at position 0)"),
        ("-(b)", "--group-by -(b): finds no group in 2 ids of 2: m1-a, m2-a"),
        ("(x?)", "--group-by (x?): finds no group in 2 ids of 2: m1-a, m2-a"),
    ],
)
def test_what_gives_no_group_is_refused_in_a_line(by: str, line: str) -> None:
    with pytest.raises(HarnessError) as caught:
        grouped_by(dataset("m1-a", "m2-a"), by)
    assert line in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
