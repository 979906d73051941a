"""The plain U-Net that the released DeepFashion regressor is built on (`FlowUnet` of the code of Li, Huang and Loy, CVPR 2019)."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ptx.models.blocks import conv
from ptx.models.distributed import BatchNorm
from ptx.models.scales import cut, pad_to_even

HEAD_SLOPE = 0.1
"""Slope below zero of the leaky ReLU before and after the U-Net: in its entry and before every head."""

DOWN_SLOPE = 0.2
"""Slope below zero of the leaky ReLU on the way down."""


class UNet(nn.Module):
    """Two entry convolutions to half the size, then 4×4 convolutions of stride 2 down and transposed ones up, with skips.

    Args:
        inputs: channels of the input.
        base_channels: at the picture's size; twice as many at each smaller scale.
        max_channels: at the coarsest scales.
        scales: halvings below half the picture's size.
    """

    def __init__(self, inputs: int, base_channels: int, max_channels: int, scales: int) -> None:
        super().__init__()
        self.channels = [min(base_channels * 2**level, max_channels) for level in range(1, scales + 2)]
        """At half the size, and after each of the halvings below."""
        leaky = nn.LeakyReLU(HEAD_SLOPE)
        self.entry = nn.Sequential(
            conv(inputs, base_channels, 7), leaky, conv(base_channels, self.channels[0], 3, 2), leaky
        )
        pairs = list(itertools.pairwise(self.channels))
        self.downs = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1, bias=False) for a, b in pairs)
        self.down_norms = nn.ModuleList(BatchNorm(b) for _, b in pairs[:-1])  # none at the bottom
        self.ups = nn.ModuleList(
            nn.ConvTranspose2d(b if level == scales - 1 else 2 * b, a, 4, 2, 1, bias=level == 0)
            for level, (a, b) in enumerate(pairs)
        )
        self.up_norms = nn.ModuleList(BatchNorm(a) for a, _ in pairs)

    def forward(self, x: Tensor) -> list[Tensor]:
        """(B, inputs, H, W) → features on the way up, coarsest first: [(B, channels[i], H/2^(i+1), W/2^(i+1))], rounded up."""
        x = self.entry(x)
        skips = []
        for level, down in enumerate(self.downs):
            skips.append(x)
            x = down(pad_to_even(F.leaky_relu(x, DOWN_SLOPE) if level else x))
            if level < len(self.down_norms):
                x = self.down_norms[level](x)
        features: list[Tensor] = []
        for up, norm, skip in reversed(list(zip(self.ups, self.up_norms, skips, strict=True))):
            features.append(cut(norm(up(torch.relu(x))), skip.shape[-2:]))
            x = torch.cat([skip, features[-1]], dim=1)
        return features
