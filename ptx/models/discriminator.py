"""The patch discriminator (Isola et al., CVPR 2017) as system A uses it."""

from __future__ import annotations

from torch import Tensor, nn

from ptx.models.blocks import initialise
from ptx.models.distributed import BatchNorm


class PatchDiscriminator(nn.Module):
    """True or painted, for every patch of 70×70 px of (source, target pose, picture)."""

    def __init__(self, inputs: int = 24, base: int = 64, layers: int = 3) -> None:
        super().__init__()
        parts: list[nn.Module] = [nn.Conv2d(inputs, base, 4, 2, 1), nn.LeakyReLU(0.2)]
        width = base
        for layer in range(1, layers + 1):
            wider, stride = min(base * 2**layer, 8 * base), 2 if layer < layers else 1
            parts += [nn.Conv2d(width, wider, 4, stride, 1, bias=False), BatchNorm(wider), nn.LeakyReLU(0.2)]
            width = wider
        self.body = nn.Sequential(*parts, nn.Conv2d(width, 1, 4, 1, 1))
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) → logits (B, 1, about H/8, about W/8)."""
        return self.body(x)
