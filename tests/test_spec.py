"""Plain values that are stored and sent."""

import json

import pytest

from harness.spec import Choice, Decision, PipelineSpec, Preparation


def test_windows_are_named_by_their_widths() -> None:
    widths = [Preparation(windows=windows).window_seconds for windows in ("none", "0.5", "0.5+2")]
    assert widths == [(), (0.5,), (0.5, 2.0)]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"windows": "0.5,2"}, "windows = '0.5,2' should be `none`, or seconds joined by + such as 0.5+2"),
        ({"windows": "-1"}, "windows = '-1' should be"),
        ({"windows": "nan"}, "windows = 'nan' should be"),
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
    spec = PipelineSpec((Choice("kinematics", {"lag": 0.2}),), choice, Preparation(0.2, "none", 8))
    assert PipelineSpec.from_json(json.loads(json.dumps(spec.as_json()))) == spec
    decision = Decision(Choice("mean", {"seconds": 0.5}), 0.1234, 0.15, 0.5)
    assert Decision.from_json(json.loads(json.dumps(decision.as_json()))) == decision
