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
        kept = torch.rand(x.shape[0], 1, x.shape[2]) >= self.share
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
