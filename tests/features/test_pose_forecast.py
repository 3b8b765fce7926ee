from dataclasses import replace

import numpy as np
import pytest
from sklearn.neural_network import MLPRegressor

from harness.columns.pose_windows import channels
from harness.features.pose_forecast import AHEAD, BEFORE, LEVELS, ROUNDS, WIDE, fit_forecast, pose_forecast
from harness.plugins.contract import Fitted
from harness.plugins.registry import FEATURES
from harness.recording import Array, Recording, Skeleton
from tests.toy import toy_recordings

MICE = toy_recordings(2, 300, missing=0, seed=3)
SET = FEATURES["pose_forecast"]
LEARNED = SET.learned(MICE, SET.defaults)


def explicit_channels(recording: Recording, animal: int, fitted: Fitted, side: int) -> Array:
    """(channel, frames) in standard deviations, in a mirror where `side` is -1."""
    seen = channels(recording)[animal]
    symmetric = (seen.symmetric - fitted["center"][:, None]) / fitted["symmetric scale"][:, None]
    return np.concatenate([symmetric, side * seen.sided / fitted["sided scale"][:, None]])


def network(fitted: Fitted) -> MLPRegressor:
    """scikit-learn's own, with the weights that were kept."""
    inside, outside = fitted["weights 0"].shape[0], fitted["weights 2"].shape[1]
    made = MLPRegressor(hidden_layer_sizes=(WIDE, fitted["weights 1"].shape[1]), activation="tanh", max_iter=1)
    made.fit(np.zeros((2, inside)), np.zeros((2, outside)))
    made.coefs_ = [fitted[f"weights {layer}"] for layer in range(3)]
    made.intercepts_ = [fitted[f"offsets {layer}"] for layer in range(3)]
    return made


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_surprise_is_the_error_of_what_scikit_learn_foretells() -> None:
    recording = MICE[1]
    told, truth = network(LEARNED), np.zeros((len(AHEAD), recording.frames))
    for side in (1, -1):
        values = explicit_channels(recording, 0, LEARNED, side)
        for frame in range(recording.frames):
            seen = [min(max(frame + round(time * 30), 0), recording.frames - 1) for time in BEFORE]
            ahead = [min(frame + round(time * 30), recording.frames - 1) for time in AHEAD]
            change = values[:, ahead] - values[:, [frame]]
            above = (change.reshape(-1)[None] > LEARNED["levels"]).reshape(len(LEVELS), len(values), len(AHEAD))
            foretold = told.predict(values[:, seen].reshape(1, -1)).reshape(above.shape)
            truth[:, frame] += ((foretold - above) ** 2).mean(axis=(0, 1)) / 2
    columns = pose_forecast(recording, LEARNED)
    for time, expected in zip(AHEAD, truth, strict=True):
        assert columns[f"0 surprise {time:g}s"] == pytest.approx(expected, rel=1e-3, abs=1e-4)


def test_it_foretells_better_than_who_knows_only_how_often_each_change_comes() -> None:
    """Who does is wrong by p (1 - p) at a level that a share p of changes lies above."""
    usual = float(np.mean(LEVELS * (1 - LEVELS)))
    columns = pose_forecast(MICE[0], LEARNED)
    surprise = np.mean([values[:-30].mean() for name, values in columns.items() if "surprise" in name])
    assert surprise < 0.95 * usual


def test_a_state_follows_from_the_last_second_and_surprise_from_the_next() -> None:
    """The other animal is moved aside from frame 200 on, which the one sees then, and did not foresee."""
    changed = MICE[0].keypoints.copy()
    changed[200:, 1] += 60
    one, other = (pose_forecast(replace(MICE[0], keypoints=points), LEARNED) for points in (MICE[0].keypoints, changed))
    first = {name: int(np.flatnonzero(np.abs(one[name] - other[name]) > 1e-4)[0]) for name in one if name[0] == "0"}
    assert {frame for name, frame in first.items() if "state" in name} == {200}
    assert [first[f"0 surprise {time:g}s"] for time in AHEAD] == [200 - round(30 * time) for time in AHEAD]
    assert other["0 surprise 0.2s"][194:200].mean() > one["0 surprise 0.2s"][194:200].mean()


def test_rounds_go_on_from_what_was_kept() -> None:
    rounds: list[Fitted] = []
    for number in range(ROUNDS):
        rounds.append(fit_forecast(iter(MICE), rounds[-1] if rounds else None))
        assert int(rounds[-1]["rounds"]) == number + 1
    assert all(np.array_equal(rounds[-1][name], LEARNED[name]) for name in LEARNED)
    asked: list[int] = []

    def kept(number: int, learn: object) -> Fitted:
        """As a cache would that was there when the first four were learned."""
        asked.append(number)
        assert callable(learn)
        return rounds[number] if number < 4 else dict(learn())

    again = SET.learned(MICE, SET.defaults, kept)
    assert asked == list(range(ROUNDS))
    assert all(np.array_equal(again[name], LEARNED[name]) for name in LEARNED)


def test_the_seed_and_the_size_of_the_state_are_heard() -> None:
    other = SET.learned(MICE, {"seed": 1})
    assert not np.allclose(other["weights 0"], LEARNED["weights 0"], atol=1e-3)
    small = SET.learned(MICE, {"state": 4})
    names = [name for name in pose_forecast(MICE[0], small, state=4) if name.startswith("0 ")]
    assert names == [*(f"0 state {n}" for n in range(4)), *(f"0 surprise {time:g}s" for time in AHEAD)]


def test_the_order_of_the_animals_in_the_files_decides_nothing() -> None:
    swapped = [replace(one, keypoints=one.keypoints[:, ::-1].copy()) for one in MICE]
    other = SET.learned(swapped, SET.defaults)
    assert other["weights 2"] == pytest.approx(LEARNED["weights 2"], abs=0.05)


def test_where_less_than_half_of_a_window_was_seen_nothing_is_said() -> None:
    keypoints = MICE[0].keypoints.copy()
    keypoints[100:200, 1] = np.nan
    columns = pose_forecast(replace(MICE[0], keypoints=keypoints), LEARNED)
    missing = np.isnan(columns["1 state 0"])
    assert missing[120:200].all()
    assert not missing[:100].any()
    assert not missing[220:].any()
    assert not np.isnan([values for name, values in columns.items() if name.startswith("0 ")]).any()


def test_nothing_to_learn_from_gives_columns_of_any_recording() -> None:
    unseen = replace(MICE[0], keypoints=np.full_like(MICE[0].keypoints, np.nan))
    for poor in (unseen, MICE[0].cut(0, 1), toy_recordings(1, 2, skeleton=Skeleton.unnamed(7))[0]):
        fitted = SET.learned([poor], SET.defaults)
        assert all(np.isfinite(values).all() for values in fitted.values())
        assert np.isfinite(list(pose_forecast(poor.cut(0, 1), fitted).values())).all() or poor is unseen
