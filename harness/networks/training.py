"""How a network learns: AdamW, one cycle of the learning rate, and the moving average of its weights is kept."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from harness.networks.device import held
from harness.networks.schedule import Schedule
from harness.recording import Array


def train(
    build: Callable[[], nn.Module],
    draw: Callable[[int], tuple[Array, Array]],
    *,
    batches: int,
    weight: Array,
    schedule: Schedule,
    seed: int,
    device: str,
) -> nn.Module:
    """A network that was fitted on so many batches of inputs and shares (..., behaviors), NaN where unknown.

    It comes back on the processor, whatever the `device` that it has learned on.

    What is unknown has no part in the loss, which is cross-entropy; a positive counts `weight` (behaviors,) times.
    Raises `FloatingPointError` where the loss is no number.
    """
    with held(device) as there, torch.random.fork_rng(devices=[there] if there.type == "cuda" else []):
        torch.manual_seed(seed)
        counts = torch.from_numpy(weight.astype(np.float32)).to(there)
        network = build().to(there)
        optimizer = torch.optim.AdamW(network.parameters(), lr=schedule.learning_rate, weight_decay=schedule.decay)
        cycle = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, schedule.learning_rate, total_steps=batches, pct_start=1 / 6
        )
        averaged = torch.optim.swa_utils.AveragedModel(
            network,
            multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(schedule.average),
            use_buffers=True,
        )
        network.train()
        for _ in range(batches):
            X, y = (torch.from_numpy(one).to(there) for one in draw(schedule.batch))
            known = ~torch.isnan(y)
            each = binary_cross_entropy_with_logits(
                network(X), torch.where(known, y, 0.0), reduction="none", pos_weight=counts
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
        fitted: nn.Module = averaged.module.cpu()
    return fitted.eval()


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


def log_odds_of_windows(network: nn.Module, inputs: Array, window: int, every: int, at_once: int) -> Array:
    """What the network says of windows whose starts lie `every` so many steps: (windows, behaviors) float32."""
    torch.set_num_threads(1)
    windows = np.lib.stride_tricks.sliding_window_view(inputs, window, axis=0)[::every]  # (windows, width, window)
    with torch.inference_mode():
        parts = [
            network(torch.from_numpy(windows[start : start + at_once].transpose(0, 2, 1).copy()))
            for start in range(0, len(windows), at_once)
        ]
    return np.concatenate([part.numpy() for part in parts])
