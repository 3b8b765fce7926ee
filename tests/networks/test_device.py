"""Where networks learn. What needs a graphics card is skipped where there is none."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harness
from harness.errors import HarnessError
from harness.networks.device import CPU, described, device_for, held, in_words
from harness.packages import installed

with_torch = pytest.mark.skipif(not installed("torch"), reason="needs PyTorch; pip install 'behavior-harness[torch]'")
without_torch = pytest.mark.skipif(installed("torch"), reason="PyTorch is here, which this does without")


def cards() -> int:
    if not installed("torch"):
        return 0
    torch: Any = __import__("torch")
    return int(torch.cuda.device_count())


with_card = pytest.mark.skipif(not cards(), reason="needs a graphics card and PyTorch for it")
without_card = pytest.mark.skipif(cards() > 0, reason="there is a graphics card, which this does without")


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "CPU", "", "cuda:-1"])
def test_a_device_that_nobody_knows_is_refused(name: str) -> None:
    with pytest.raises(HarnessError) as refused:
        device_for(name)
    assert str(refused.value) == f"--device {name}: should be cpu, or cuda for a graphics card (cuda:1 for the second)"


def test_it_is_refused_where_nothing_would_learn_there_either(toy_place: Path) -> None:
    with pytest.raises(HarnessError, match="--device gpu: should be cpu, or cuda"):
        harness.search("data", trials=1, models=["random"], device="gpu")


def test_the_processor_is_always_there() -> None:
    assert device_for("cpu") == device_for("cpu", {"name": "cuda", "card": "one"}) == CPU
    assert device_for(None, {"name": "cpu"}) == CPU
    assert described(CPU) == {"name": "cpu"}
    assert in_words(CPU) == "the processor"


@without_torch
def test_without_pytorch_there_is_the_processor_alone() -> None:
    assert device_for(None) == CPU
    with pytest.raises(HarnessError) as refused:
        device_for("cuda")
    assert str(refused.value) == "--device cuda: needs torch, which is not installed"


@with_torch
@without_card
def test_a_card_that_is_not_here_is_refused() -> None:
    assert device_for(None) == CPU
    with pytest.raises(HarnessError) as refused:
        device_for("cuda:1")
    assert str(refused.value) == "--device cuda:1: PyTorch finds no such graphics card here; --device cpu needs none"
    with pytest.raises(HarnessError) as refused:
        device_for(None, {"name": "cuda", "card": "one of theirs"})
    assert str(refused.value) == (
        "--device cuda: PyTorch finds no such graphics card here, on which the networks of this run have learned; "
        "--device cpu needs none"
    )


@with_card
def test_a_card_is_used_where_there_is_one_and_named() -> None:
    assert device_for(None) == "cuda"
    assert device_for(None, {"name": "cpu"}) == CPU
    assert described("cuda")["card"]
    assert in_words("cuda") == f"{described('cuda')['card']} (cuda)"


@with_card
def test_a_network_that_learned_on_a_card_says_what_one_of_the_processor_says() -> None:
    from harness.networks.nets import TemporalConvolution
    from harness.networks.schedule import Schedule
    from harness.networks.training import log_odds, train

    chance = np.random.default_rng(0)
    X = chance.normal(size=(8, 64, 3)).astype(np.float32)
    y = (X[:, :, :2] > 0.5).astype(np.float32)

    def learned(device: str) -> Any:
        network = train(
            lambda: TemporalConvolution(3, 2, 8, (1, 2), 0.0),
            lambda size: (X, y),
            batches=300,
            weight=np.ones(2),
            schedule=Schedule(),
            seed=0,
            device=device,
        )
        return log_odds(network, X[0], 64, 4)

    one, other = learned("cuda"), learned(CPU)
    agree = (one > 0) == (other > 0)
    assert agree.mean() > 0.97
    assert ((one > 0) == (y[0] > 0)).mean() > 0.95


HOLD = """
import sys, time
from harness.networks.device import held
with held("cuda"):
    print(time.time(), flush=True)
    time.sleep(0.5)
    print(time.time(), flush=True)
"""


@with_card
def test_one_process_at_a_time_uses_the_card() -> None:
    two = [subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    spans = sorted([float(word) for word in one.communicate(timeout=120)[0].split()] for one in two)
    assert spans[0][1] <= spans[1][0]


@with_torch
def test_any_number_of_processes_use_the_processor(tmp_path: Path) -> None:
    began = time.monotonic()
    with held(CPU) as one, held(CPU) as other:
        assert one == other
    assert time.monotonic() - began < 5
