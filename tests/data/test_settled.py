"""Recordings of one dataset that do not all hold the same."""

from dataclasses import replace

import numpy as np
import pytest

from harness.data.settled import settled
from harness.dataset import Dataset
from harness.recording import Recording
from tests.toy import toy_recordings, with_confidence


def dataset(labelled: str, unlabelled: str) -> Dataset:
    """Recordings with the tracker's confidence (`+`) or without (`-`)."""

    def recordings(which: str, seed: int, prefix: str) -> tuple[Recording, ...]:
        made = toy_recordings(len(which), 40, seed=seed, prefix=prefix)
        return tuple(with_confidence(one) if sign == "+" else one for one, sign in zip(made, which, strict=True))

    return Dataset("toy", {"gather": recordings(labelled, 0, "a")}, recordings(unlabelled, 1, "b"))


@pytest.mark.parametrize(("labelled", "unlabelled"), [("++", "+"), ("--", "-"), ("--", ""), ("+", "")])
def test_recordings_that_are_alike_are_left_as_they_are(labelled: str, unlabelled: str) -> None:
    before = dataset(labelled, unlabelled)
    assert settled(before) == (before, ())


@pytest.mark.parametrize(
    ("labelled", "unlabelled", "lacking"), [("+-", "+", 1), ("-+", "+", 1), ("++", "--", 2), ("+-", "-+", 2)]
)
def test_where_a_labelled_recording_holds_confidence_it_is_missing_in_others(
    labelled: str, unlabelled: str, lacking: int
) -> None:
    before = dataset(labelled, unlabelled)
    after, (note,) = settled(before)
    assert note.startswith(f"{lacking} recording{'s' if lacking > 1 else ''} without the tracker's confidence")
    for old, new in zip(
        [*before.labelled["gather"], *before.unlabelled], [*after.labelled["gather"], *after.unlabelled], strict=True
    ):
        assert new.confidence is not None
        assert new.confidence.shape == (40, 2, 7)
        if old.confidence is None:
            assert np.isnan(new.confidence).all()
        else:
            np.testing.assert_array_equal(new.confidence, old.confidence)
        assert replace(new, confidence=None).digest == replace(old, confidence=None).digest


def test_where_no_labelled_recording_holds_confidence_it_is_left_out() -> None:
    after, (note,) = settled(dataset("--", "+-"))
    assert note == "the tracker's confidence of 1 recording is left out, as no labelled one holds it"
    assert all(one.confidence is None for one in after.unlabelled)


@pytest.mark.parametrize(("sizes", "kept"), [("++", True), ("--", True), ("+-", False), ("-+", False)])
def test_the_size_of_the_image_is_in_all_or_in_none(sizes: str, kept: bool) -> None:
    made = toy_recordings(3, 40)
    labelled = [
        replace(one, image_size=(640, 480) if sign == "+" else None) for one, sign in zip(made, sizes, strict=False)
    ]
    test = replace(made[2], id="t", image_size=labelled[0].image_size)
    before = Dataset("toy", {"gather": tuple(labelled)}, (test,))
    after, notes = settled(before)
    if kept:
        assert (after, notes) == (before, ())
        return
    assert all(one.image_size is None for one in (*after.labelled["gather"], *after.unlabelled))
    (note,) = notes
    assert note.endswith("without the size of the image, which is left out of all others")
