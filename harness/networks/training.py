"""How a network learns: AdamW, one cycle of the learning rate, and the moving average of its weights is kept."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from harness.networks.chunks import Changes, Chunks
from harness.networks.schedule import Schedule
from harness.recording import Array

FEWEST_BATCHES = 100


def train(
    build: Callable[[], nn.Module],
    inputs: Sequence[Array],
    shares: Sequence[Array],
    *,
    schedule: Schedule,
    changes: Changes,
    seed: int,
) -> nn.Module:
    """A network that was fitted on series of inputs (steps, width) and shares (steps, behaviors), NaN where unknown.

    What is unknown has no part in the loss, which is cross-entropy; positive steps weigh the more the rarer they are,
    by the root of how many others there are for each. Raises `FloatingPointError` where the loss is no number.
    """
    torch.set_num_threads(1)
    weight = torch.from_numpy(_rarity(shares))
    chunks = Chunks(inputs, shares, schedule.length, changes, seed)
    steps = sum(map(len, inputs))
    batches = max(FEWEST_BATCHES, round(schedule.passes * steps / (schedule.length * schedule.batch)))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build()
        optimizer = torch.optim.AdamW(network.parameters(), lr=schedule.learning_rate, weight_decay=schedule.decay)
        cycle = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, schedule.learning_rate, total_steps=batches, pct_start=1 / 6
        )
        averaged = torch.optim.swa_utils.AveragedModel(
            network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(schedule.average)
        )
        network.train()
        for _ in range(batches):
            X, y = map(torch.from_numpy, chunks.batch(schedule.batch))
            known = ~torch.isnan(y)
            said = network(X)
            each = binary_cross_entropy_with_logits(
                said, torch.where(known, y, torch.zeros(())), reduction="none", pos_weight=weight
            )
            loss = (each * known).sum() / known.sum().clamp(min=1)
            if not torch.isfinite(loss):
                raise FloatingPointError(f"the network diverged: its loss is {loss.item()}")
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            cycle.step()
            averaged.update_parameters(network)
    fitted: nn.Module = averaged.module
    return fitted.eval()


def _rarity(shares: Sequence[Array]) -> Array:
    """(behaviors,) float32, the root of how many steps without each behavior there are for one with it."""
    positive = sum(np.nansum(one, axis=0) for one in shares)
    known = sum((~np.isnan(one)).sum(axis=0) for one in shares)
    others = np.maximum(np.asarray(known) - positive, 0)
    return np.asarray(np.sqrt(np.where(positive > 0, others / np.maximum(positive, 1e-9), 1.0)), dtype=np.float32)


def log_odds(network: nn.Module, inputs: Array, at_once: int, margin: int) -> Array:
    """What the network says of each step: inputs (steps, width) to (steps, behaviors) float32.

    It is shown `at_once` steps and a `margin` on both sides, of which nothing is taken.
    """
    torch.set_num_threads(1)
    found = []
    with torch.inference_mode():
        for start in range(0, len(inputs), at_once):
            first, stop = max(0, start - margin), start + at_once
            said = network(torch.from_numpy(inputs[first : stop + margin])[None])
            found.append(said[0, start - first : min(stop, len(inputs)) - first].numpy())
    return np.concatenate(found)
