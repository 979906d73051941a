"""PG²'s two stages, layer by layer as its code has them (Ma et al., NIPS 2017; system C's stages II and III).

No normalisation, no dropout; ReLU everywhere but at the bottleneck and the output, which is linear.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ptx.geometry.labels import HIDDEN, VISIBLE
from ptx.models.distributed import BatchNorm
from ptx.pipeline.errors import PtxError


def conv_relu(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """(B, inputs, H, W) → (B, outputs, H/stride, W/stride)."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2), nn.ReLU())


class Pair(nn.Module):
    """Two convolutions of one width, added to their input where `residual`."""

    def __init__(self, inputs: int, outputs: int, residual: bool) -> None:
        super().__init__()
        self.residual = residual
        self.body = nn.Sequential(conv_relu(inputs, outputs), conv_relu(outputs, outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) → (B, outputs, H, W)."""
        return x + self.body(x) if self.residual else self.body(x)


class CoarseNet(nn.Module):
    """G1: from the source's picture and the target's pose to a coarse picture, through a bottleneck of few numbers."""

    def __init__(self, size: tuple[int, int] = (256, 256), base: int = 128, scales: int = 6, latent: int = 64) -> None:
        """`size`: (height, width) of the pictures; `scales`: blocks of encoder and decoder, the picture is halved one time less.

        Raises:
            PtxError: the size cannot be halved so often.
        """
        super().__init__()
        shrink = 2 ** (scales - 1)
        if size[0] % shrink or size[1] % shrink:
            raise PtxError(
                f"train_coarse: {size[1]}×{size[0]} px cannot be halved {scales - 1} times: lower scales, or use a size "
                f"that {shrink} divides"
            )
        self.bottom = (base, size[0] // shrink, size[1] // shrink)
        cells = self.bottom[1] * self.bottom[2]
        widths = [base * (level + 1) for level in range(scales)]
        self.first = conv_relu(21, base)
        self.encoder = nn.ModuleList(Pair(width, width, True) for width in widths)
        self.downs = nn.ModuleList(conv_relu(a, b, stride=2) for a, b in itertools.pairwise(widths))
        self.squeeze = nn.Linear(widths[-1] * cells, latent)
        self.spread = nn.Linear(latent, base * cells)
        entering = [base, *widths[-2::-1]]  # channels that come from below into each block of the decoder
        joined = [below + skip for below, skip in zip(entering, widths[::-1], strict=True)]
        self.decoder = nn.ModuleList(Pair(width, width, True) for width in joined)
        self.ups = nn.ModuleList(conv_relu(a, b, 1) for a, b in zip(joined[:-1], entering[1:], strict=True))
        self.last = nn.Conv2d(joined[-1], 3, 3, padding=1)

    def forward(self, image: Tensor, pose: Tensor) -> Tensor:
        """image (B, 3, H, W) in -1..1, pose (B, 18, H, W) in 0..1 of the target → coarse picture (B, 3, H, W), about -1..1."""
        x, skips = self.first(torch.cat([image, 2 * pose - 1], dim=1)), []
        for level, block in enumerate(self.encoder):
            x = block(x)
            skips.append(x)
            if level < len(self.downs):
                x = self.downs[level](x)
        x = self.spread(self.squeeze(x.flatten(1))).unflatten(1, self.bottom)
        for level, block in enumerate(self.decoder):
            x = block(torch.cat([x, skips[-1 - level]], dim=1))
            if level < len(self.ups):
                x = self.ups[level](F.interpolate(x, scale_factor=2, mode="nearest"))
        return self.last(x)


class RefineNet(nn.Module):
    """G2: what is to be added to the coarse picture, from it and the source's picture.

    Ours is `texture`: it also sees the source's own pixels where the fitted body, turned, brings them, and whether the source
    shows them; so patterns and writing are moved and not remembered.
    """

    def __init__(self, base: int = 128, scales: int = 4, texture: bool = False) -> None:
        super().__init__()
        self.texture = texture
        widths = [base * (level + 1) for level in range(scales)]
        self.first = conv_relu(11 if texture else 6, base)
        self.encoder = nn.ModuleList(Pair(a, b, False) for a, b in zip([base, *widths[:-1]], widths, strict=True))
        self.downs = nn.ModuleList(conv_relu(width, width, stride=2) for width in widths[:-1])
        # The first block of the decoder sees the bottleneck twice, as in the published code.
        entering = [widths[-1], *[base] * (scales - 1)]
        self.decoder = nn.ModuleList(
            Pair(below + skip, base, False) for below, skip in zip(entering, widths[::-1], strict=True)
        )
        self.last = nn.Conv2d(base, 3, 3, padding=1)

    def forward(self, coarse: Tensor, image: Tensor, warped: Tensor, visibility: Tensor) -> Tensor:
        """The refined picture (B, 3, H, W).

        coarse (B, 3, H, W) of `CoarseNet`, image (B, 3, H, W) of the source; for `texture`: warped (B, 3, H, W) source in the
        target's pose, visibility (B, 1, H, W) labels.
        """
        seen = [coarse, image]
        if self.texture:
            seen += [warped, (visibility == VISIBLE).to(warped.dtype), (visibility == HIDDEN).to(warped.dtype)]
        x, skips = self.first(torch.cat(seen, dim=1)), []
        for level, block in enumerate(self.encoder):
            x = block(x)
            skips.append(x)
            if level < len(self.downs):
                x = self.downs[level](x)
        for level, block in enumerate(self.decoder):
            x = block(torch.cat([x, skips[-1 - level]], dim=1))
            if level < len(self.downs):
                x = F.interpolate(x, scale_factor=2, mode="nearest")
        return coarse + self.last(x)


class PairJudge(nn.Module):
    """The DCGAN discriminator on pairs of pictures: looks at the change, not at the source's own truth (PG², §3.2)."""

    def __init__(self, size: tuple[int, int] = (256, 256), base: int = 64) -> None:
        super().__init__()
        halvings = 5 if min(size) >= 256 else 4
        widths = [min(base * 2**level, 8 * base) for level in range(halvings)]
        layers: list[nn.Module] = [nn.Conv2d(6, widths[0], 5, 2, 2), nn.LeakyReLU(0.2)]
        for a, b in itertools.pairwise(widths):
            layers += [nn.Conv2d(a, b, 5, 2, 2), BatchNorm(b), nn.LeakyReLU(0.2)]
        cells = (-(-size[0] // 2**halvings)) * (-(-size[1] // 2**halvings))
        self.body = nn.Sequential(*layers, nn.Flatten(), nn.Linear(widths[-1] * cells, 1))
        for part in self.modules():
            if isinstance(part, nn.Conv2d | nn.Linear):
                nn.init.normal_(part.weight, std=0.02)

    def forward(self, picture: Tensor, image: Tensor) -> Tensor:
        """picture and the source's image (B, 3, H, W) → logits (B, 1)."""
        return self.body(torch.cat([picture, image], dim=1))
