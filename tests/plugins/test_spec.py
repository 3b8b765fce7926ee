"""Plain values that are stored and sent."""

import json

import pytest

from harness.spec import Choice, Decision, PipelineSpec, Preparation


def test_windows_are_named_by_their_widths() -> None:
    widths = [Preparation(windows=windows).window_seconds for windows in ("none", "0.5", "0.5+2")]
    assert widths == [(), (0.5,), (0.5, 2.0)]


def test_statistics_are_named_one_by_one() -> None:
    assert Preparation().window_statistics == ("mean", "std", "change")
    assert Preparation(statistics="max+min").window_statistics == ("max", "min")


def test_a_pipeline_stored_before_there_was_a_choice_of_statistics_has_those_of_then() -> None:
    plain = PipelineSpec((Choice("kinematics"),), Choice("lightgbm")).as_json()
    assert plain["preparation"].pop("statistics") == "mean+std+change"
    assert PipelineSpec.from_json(plain).preparation == Preparation()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"windows": "0.5,2"}, "windows = '0.5,2' should be `none`, or seconds joined by + such as 0.5+2"),
        ({"windows": "-1"}, "windows = '-1' should be"),
        ({"windows": "nan"}, "windows = 'nan' should be"),
        (
            {"statistics": "mean+median"},
            "statistics = 'mean+median' should be some of mean, std, min, max, range, past, future, change, each once, "
            "joined by + such as mean+std",
        ),
        ({"statistics": "mean+std+mean"}, "statistics = 'mean+std+mean' should be some of"),
        ({"statistics": ""}, "statistics = '' should be some of"),
        ({"negatives": 0}, "negatives = 0 should be 1 or more"),
        ({"interpolate": float("nan")}, "interpolate = nan should be a number of seconds, 0 or more"),
    ],
)
def test_a_preparation_that_means_nothing_is_refused(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the message is what is compared
        Preparation(**wrong)  # type: ignore[arg-type]
    assert str(raised.value).startswith(says)


def test_a_pipeline_and_a_decision_survive_being_stored() -> None:
    choice = Choice("lightgbm", {"leaves": 7, "learning_rate": 0.1})
    preparation = Preparation(interpolate=0.2, windows="none", negatives=8)
    spec = PipelineSpec((Choice("kinematics", {"lag": 0.2}),), choice, preparation)
    assert PipelineSpec.from_json(json.loads(json.dumps(spec.as_json()))) == spec
    decision = Decision(Choice("mean", {"seconds": 0.5}), 0.1234, 0.15, 0.5)
    assert Decision.from_json(json.loads(json.dumps(decision.as_json()))) == decision
