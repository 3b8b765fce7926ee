"""The networks themselves, as PyTorch modules: (batch, steps, width) to log-odds (batch, steps, behaviors).

Channels come last, so that a convolution over time is one product of matrices, which is twice as fast on a processor.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.functional import pad, relu

Tensor = Any
"""A `torch.Tensor`."""


class ChannelDropout(nn.Module):
    """Hides whole channels of a chunk, as neighboring steps tell the same (Tompson et al. 2015, section 3.2)."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or not self.share:
            return x
        kept = torch.rand(x.shape[0], 1, x.shape[2], device=x.device) >= self.share
        return x * (kept / (1 - self.share))


class Residual(nn.Module):
    """A dilated convolution of three steps that is added to what it is given."""

    def __init__(self, channels: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.dilation = dilation
        self.norm = nn.LayerNorm(channels)
        self.across = nn.Linear(3 * channels, channels)
        self.mixed = nn.Linear(channels, channels)
        self.dropout = ChannelDropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        h = relu(self.norm(x))
        wide, steps = pad(h, (0, 0, self.dilation, self.dilation)), h.shape[1]
        h = torch.cat([wide[:, :steps], h, wide[:, 2 * self.dilation :]], dim=-1)
        return x + self.dropout(self.mixed(relu(self.across(h))))


class TemporalConvolution(nn.Module):
    """Residual dilated convolutions over time (Bai et al. 2018, section 3), looking both ways, one output a step."""

    def __init__(self, width: int, behaviors: int, channels: int, dilations: Sequence[int], dropout: float) -> None:
        super().__init__()
        self.enter = nn.Linear(width, channels)
        self.dropout = ChannelDropout(dropout)
        self.blocks = nn.Sequential(*(Residual(channels, one, dropout) for one in dilations))
        self.norm = nn.LayerNorm(channels)
        self.leave = nn.Linear(channels, behaviors)

    def forward(self, x: Tensor) -> Tensor:
        return self.leave(relu(self.norm(self.blocks(self.dropout(self.enter(x))))))


class Baseline(nn.Module):
    """Three convolutions, each with a batch norm and a pooling by two, and one layer on all that is left of a window.

    As MABe 2021 gave it out: (batch, window, width) to log-odds (batch, behaviors) of the frame in the middle.
    """

    CHANNELS = (128, 64, 32)

    def __init__(self, width: int, behaviors: int, window: int, dropout: float) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.BatchNorm1d(width)]
        for entering, leaving in zip((width, *self.CHANNELS), self.CHANNELS, strict=False):
            layers += [nn.Conv1d(entering, leaving, 5, padding=2), nn.BatchNorm1d(leaving), nn.ReLU()]
            layers += [nn.MaxPool1d(2, ceil_mode=True), nn.Dropout(dropout)]
            window = -(-window // 2)
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(window * self.CHANNELS[-1], behaviors))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x.transpose(1, 2))
