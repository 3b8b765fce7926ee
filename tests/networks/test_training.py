"""How a network learns, with real PyTorch."""

from typing import Any

import numpy as np
import pytest

torch: Any = pytest.importorskip("torch", reason="networks need PyTorch; pip install 'behavior-harness[torch]'")

from harness.networks.schedule import FEWEST_BATCHES, MOST_BATCHES, Schedule  # noqa: E402
from harness.recording import Array  # noqa: E402


def net() -> Any:
    from harness.networks.nets import TemporalConvolution

    return TemporalConvolution(3, 2, 8, (1, 2), 0.1)


def draw(size: int) -> tuple[Array, Array]:
    chance = np.random.default_rng(0)
    X = chance.normal(size=(size, 16, 3)).astype(np.float32)
    y = (X[:, :, :2] > 0.5).astype(np.float32)
    y[:, :8, 1] = np.nan
    return X, y


def trained(draw: Any = draw, **changes: Any) -> Any:
    from harness.networks.training import train

    settings: dict[str, Any] = {
        "batches": 60,
        "weight": np.ones(2),
        "schedule": Schedule(batch=8),
        "seed": 0,
        "device": "cpu",
    }
    return train(net, draw, **(settings | changes))


def test_a_network_learns_and_unknown_labels_have_no_part_in_it() -> None:
    """Of the second behavior the first half of each chunk is unknown: taken for 0, it would be said half as surely."""
    network = trained(batches=400)
    X, _ = draw(8)
    with torch.inference_mode():
        said = torch.sigmoid(network(torch.from_numpy(X))).numpy()
    for behavior in range(2):
        truth = X[:, :, behavior] > 0.5
        assert said[truth, behavior].mean() > 0.75
        assert said[~truth, behavior].mean() < 0.25


def test_training_leaves_the_generator_of_others_alone_and_repeats_itself() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one, other, another = trained(), trained(), trained(seed=1)
    assert torch.equal(torch.get_rng_state(), before)
    states = [network.state_dict() for network in (one, other, another)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert not all(torch.equal(states[0][name], states[2][name]) for name in states[0])


def test_a_loss_that_is_no_number_ends_the_training_with_a_reason() -> None:
    def infinite(size: int) -> tuple[Array, Array]:
        X, y = draw(size)
        return np.full_like(X, np.inf), y

    with pytest.raises(FloatingPointError, match="the network diverged: its loss is nan"):
        trained(infinite)


def test_what_is_said_of_a_step_does_not_depend_on_how_many_are_shown_at_once() -> None:
    from harness.networks.training import log_odds

    network = trained()
    X = np.random.default_rng(1).normal(size=(100, 3)).astype(np.float32)
    whole = log_odds(network, X, 1000, 3)
    np.testing.assert_allclose(log_odds(network, X, 7, 3), whole, atol=1e-5)
    assert not np.allclose(log_odds(network, X, 7, 0), whole, atol=1e-5)


def test_a_window_is_judged_by_its_middle() -> None:
    from harness.networks.training import log_odds_of_windows

    class Middle(torch.nn.Module):  # type: ignore[misc]
        def forward(self, x: Any) -> Any:
            return x[:, x.shape[1] // 2, :1]

    values = np.arange(20, dtype=np.float32)[:, None]
    said = log_odds_of_windows(Middle(), values, 5, 2, 3)
    np.testing.assert_array_equal(said[:, 0], np.arange(2, 18, 2))


def test_there_are_neither_too_few_batches_nor_too_many() -> None:
    schedule = Schedule(passes=10, length=100, batch=10)
    assert schedule.batches(500 * 100) == 500
    assert schedule.batches(1) == FEWEST_BATCHES
    assert schedule.batches(10**9) == MOST_BATCHES
