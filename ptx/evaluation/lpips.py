"""LPIPS, version 0.1 with AlexNet (Zhang et al., CVPR 2018), from weights that the user names."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from ptx.models.weights import fill, read_weights

CONVS = (
    (0, 3, 64, 11, 4, 2),
    (3, 64, 192, 5, 1, 2),
    (6, 192, 384, 3, 1, 1),
    (8, 384, 256, 3, 1, 1),
    (10, 256, 256, 3, 1, 1),
)
"""Number in torchvision's `features`, channels in and out, kernel, stride, padding."""

ALEXNET = "AlexNet's weights under torchvision's names (features.0.weight ...)"
LINEAR = "LPIPS 0.1's linear weights (lin0.model.1.weight ..., its alex.pth)"


class Lpips(nn.Module):
    """Weighted difference of AlexNet's features at five depths."""

    shift: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.ModuleDict(
            {
                str(n): nn.Conv2d(inputs, outputs, kernel, stride, padding)
                for n, inputs, outputs, kernel, stride, padding in CONVS
            }
        )
        self.linear = nn.ParameterList(torch.zeros(1, outputs, 1, 1) for _, _, outputs, *_ in CONVS)
        self.register_buffer("shift", torch.tensor([-0.030, -0.088, -0.188])[:, None, None], persistent=False)
        self.register_buffer("scale", torch.tensor([0.458, 0.448, 0.450])[:, None, None], persistent=False)

    @classmethod
    def load(cls, alexnet: Path, linear: Path) -> Lpips:
        """With the user's weights.

        Raises:
            PtxError: a file is missing or holds other weights.
        """
        net = cls()
        known = read_weights(linear, LINEAR)
        state = read_weights(alexnet, ALEXNET)
        state |= {f"linear.{i}": known[name] for i in range(len(CONVS)) if (name := f"lin{i}.model.1.weight") in known}
        fill(net, state, alexnet, f"{ALEXNET}, or {linear.name} not {LINEAR}")
        return net

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Distance (B,) of pictures (B, 3, H, W) in -1..1; H and W at least 32."""
        x, y = ((p - self.shift) / self.scale for p in (a, b))
        total = a.new_zeros(len(a))
        for level, (net, weight) in enumerate(zip(self.features.values(), self.linear, strict=True)):
            if level in (1, 2):
                x, y = (nn.functional.max_pool2d(p, 3, 2) for p in (x, y))
            x, y = (torch.relu(net(p)) for p in (x, y))
            one, other = (p / (p.square().sum(1, keepdim=True).sqrt() + 1e-10) for p in (x, y))
            total = total + ((one - other).square() * weight).sum(1).mean((1, 2))
        return total
