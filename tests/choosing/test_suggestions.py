"""What to label next, of stretches that are made up."""

import math
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harness.choosing.suggestions import FAR, Stretch, best_first, disagreement, spread_out, worth_of
from harness.recording import Array


def stretch(
    recording: str = "one", start: int = 0, *, doubt: float = 0.5, motion: float = 0.0, **more: object
) -> Stretch:
    plain = Stretch(recording, "", "", recording, start, start + 10, doubt, 0.1, 1.0, np.array([motion, 0.0]))
    return replace(plain, **more)  # type: ignore[arg-type]


def divergence(p: float, q: float) -> float:
    """Of two members that count alike, by the definition: the mean Kullback-Leibler divergence to their middle."""
    middle = (p + q) / 2

    def of(one: float) -> float:
        return sum(a * math.log2(a / b) for a, b in ((one, middle), (1 - one, 1 - middle)) if a)

    return (of(p) + of(q)) / 2


def test_members_disagree_by_the_jensen_shannon_divergence() -> None:
    first, second = np.array([0.9, 0.5, 0.2, 0.99]), np.array([0.1, 0.5, 0.3, 0.98])
    found = disagreement([first, second], [1, 1], 0.5)
    wanted = [divergence(p, q) for p, q in zip(first.tolist(), second.tolist(), strict=True)]
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    assert found[1] == 0


def test_only_the_side_of_the_threshold_matters() -> None:
    """A tenth is to a twentieth, at a threshold of a tenth, what a half is to what has half the odds of a tenth."""
    (near,) = disagreement([np.array([0.2]), np.array([0.05])], [1, 1], 0.1)
    (far,) = disagreement([np.array([0.002]), np.array([0.0005])], [1, 1], 0.1)
    (high,) = disagreement([np.array([0.2]), np.array([0.05])], [1, 1], 0.9)
    assert near > 10 * far
    assert near > 10 * high


@given(
    st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=1, max_size=5),
    st.integers(1, 5),
    st.floats(0.01, 0.99),
)
def test_disagreement_is_of_a_bit_at_most_and_none_of_one_opinion(
    said: list[list[float]], weight: int, threshold: float
) -> None:
    members: list[Array] = [np.array(one, dtype=np.float32) for one in said]
    found = disagreement(members, [weight] * len(members), threshold)
    assert ((found >= 0) & (found <= 1)).all()
    same = disagreement([members[0]] * 3, [1, weight, 2], threshold)
    np.testing.assert_allclose(same, 0, atol=1e-6)


def chosen(stretches: list[Stretch], count: int) -> list[Stretch]:
    return [stretches[place] for place in spread_out(stretches, count)]


def test_the_best_comes_first_and_what_is_like_it_later() -> None:
    best = stretch("one", doubt=0.9, motion=0.0)
    like_it = stretch("two", doubt=0.85, motion=0.01)
    other = stretch("three", doubt=0.6, motion=5.0)
    assert chosen([other, like_it, best], 3) == [best, other, like_it]
    assert chosen([other, like_it, best], 1) == [best]
    assert best_first([other, like_it, best]) == [best, like_it, other]
    assert chosen([], 3) == best_first([]) == []


def test_stretches_of_a_group_make_room_for_others() -> None:
    here = [stretch("one", 100 * place, doubt=0.9, motion=10.0 * place) for place in range(4)]
    elsewhere = stretch("two", doubt=0.6, motion=100.0)
    assert elsewhere in chosen([*here, elsewhere], 3)
    assert elsewhere.recording not in [one.recording for one in chosen([*here, replace(elsewhere, group="one")], 2)]


def test_what_overlaps_is_chosen_once_but_for_another_animal() -> None:
    first, second = stretch(doubt=0.9), stretch(start=5, doubt=0.8, motion=9.0)
    assert chosen([first, second], 2) == [first]
    by_other = replace(second, agent="black", target="white")
    assert chosen([first, by_other], 2) == [first, by_other]


def test_members_that_are_much_alike_are_as_telling_as_others() -> None:
    """What counts is where they disagree most, not by how many bits."""
    few = [stretch(str(number), doubt=0.001 * number, novelty=4 - number) for number in (1, 2, 3)]
    many = [replace(one, disagreement=100 * one.disagreement) for one in few]
    assert spread_out(few, 3) == spread_out(many, 3)
    assert best_first(few)[0] == few[2]


def test_new_motion_is_worth_more_up_to_a_bound() -> None:
    doubt, new = worth_of([stretch(doubt=0.0, novelty=one) for one in (0.0, 1.0, FAR, 100.0)])
    assert doubt.tolist() == [0, 0, 0, 0]
    assert new[0] == 0 < new[1] < new[2] == new[3]
