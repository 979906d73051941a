"""LPIPS with AlexNet (Zhang et al., CVPR 2018), versions 0.1 and 0.0, from weights that the user names.

Version 0.0 shows AlexNet -1..1 as they are; 0.1 first shifts and scales them as ImageNet's pictures are. Each has linear layers of its
own (richzhang/PerceptualSimilarity, lpips/lpips.py: `LPIPS.forward`, and lpips/weights/v0.0 and v0.1).
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from ptx.models.weights import fill, read_weights


class ConvLayer(NamedTuple):
    """A convolution of AlexNet, as torchvision builds it."""

    number: int
    """Position in torchvision's `features`."""
    inputs: int
    """Channels in."""
    outputs: int
    """Channels out."""
    kernel: int
    stride: int
    padding: int


ALEXNET = (
    ConvLayer(0, 3, 64, 11, 4, 2),
    ConvLayer(3, 64, 192, 5, 1, 2),
    ConvLayer(6, 192, 384, 3, 1, 1),
    ConvLayer(8, 384, 256, 3, 1, 1),
    ConvLayer(10, 256, 256, 3, 1, 1),
)
"""The convolutions after each of which, and its ReLU, features are compared."""

POOLED = (1, 2)
"""Positions in `ALEXNET` of the layers before which features are max-pooled."""

SHIFT = (-0.030, -0.088, -0.188)
"""Subtracted from red, green and blue in -1..1."""

SCALE = (0.458, 0.448, 0.450)
"""Divisors of red, green and blue after the shift."""

ALEXNET_WEIGHTS = "AlexNet's weights under torchvision's names (features.0.weight ...)"
LINEAR_WEIGHTS = "LPIPS's linear weights (lin0.model.1.weight ..., its alex.pth)"

Version = Literal["0.1", "0.0"]
"""Version of LPIPS."""


class Lpips(nn.Module):
    """Weighted difference of AlexNet's features at five depths."""

    shift: Tensor
    scale: Tensor

    def __init__(self, version: Version = "0.1") -> None:
        super().__init__()
        shift, scale = (SHIFT, SCALE) if version == "0.1" else ((0.0,) * 3, (1.0,) * 3)
        self.features = nn.ModuleDict(
            {
                str(layer.number): nn.Conv2d(layer.inputs, layer.outputs, layer.kernel, layer.stride, layer.padding)
                for layer in ALEXNET
            }
        )
        self.linear = nn.ParameterList(torch.zeros(1, layer.outputs, 1, 1) for layer in ALEXNET)
        self.register_buffer("shift", torch.tensor(shift)[:, None, None], persistent=False)
        self.register_buffer("scale", torch.tensor(scale)[:, None, None], persistent=False)

    @classmethod
    def load(cls, alexnet: Path, linear: Path, version: Version = "0.1") -> Lpips:
        """Read the user's weights of AlexNet and of the linear layers, which must be those of the version.

        Raises:
            PtxError: a file is missing or holds other weights.
        """
        net = cls(version)
        weights = read_weights(linear, LINEAR_WEIGHTS)
        state = read_weights(alexnet, ALEXNET_WEIGHTS)
        for level in range(len(ALEXNET)):
            name = f"lin{level}.model.1.weight"
            if name in weights:
                state[f"linear.{level}"] = weights[name]
        fill(net, state, alexnet, f"{ALEXNET_WEIGHTS}, or {linear.name} not {LINEAR_WEIGHTS}")
        return net

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Compute the distance (B,) of pictures (B, 3, H, W) in -1..1; H and W at least 32."""
        x = (a - self.shift) / self.scale
        y = (b - self.shift) / self.scale
        total = a.new_zeros(len(a))
        for level, (conv, weight) in enumerate(zip(self.features.values(), self.linear, strict=True)):
            if level in POOLED:
                x = nn.functional.max_pool2d(x, 3, 2)
                y = nn.functional.max_pool2d(y, 3, 2)
            x = torch.relu(conv(x))
            y = torch.relu(conv(y))
            difference = (_unit(x) - _unit(y)).square() * weight
            total = total + difference.sum(1).mean((1, 2))
        return total


def _unit(features: Tensor) -> Tensor:
    """Scale the channels of every pixel to a vector of length 1."""
    return features / (features.square().sum(1, keepdim=True).sqrt() + 1e-10)
