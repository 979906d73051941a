"""PG²'s two stages and its discriminator, layer by layer as its code has them (Ma et al., NIPS 2017; system C).

No normalisation, no dropout; ReLU everywhere but at the bottleneck and the output, which is linear.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from ptx.geometry.labels import HIDDEN, VISIBLE
from ptx.models.distributed import BatchNorm
from ptx.models.pixels import IMAGE_CHANNELS
from ptx.models.pose_maps import KEYPOINT_CHANNELS
from ptx.models.scales import double, half

TEXTURE_CHANNELS = IMAGE_CHANNELS + 2
"""The warped source, and whether each pixel is visible in the source or hidden."""


def conv_relu(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """(B, inputs, H, W) → (B, outputs, H/stride, W/stride)."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2), nn.ReLU())


class ConvPair(nn.Module):
    """Two convolutions of one width, added to their input where `residual`."""

    def __init__(self, inputs: int, outputs: int, residual: bool) -> None:
        super().__init__()
        self.residual = residual
        self.body = nn.Sequential(conv_relu(inputs, outputs), conv_relu(outputs, outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) → (B, outputs, H, W)."""
        out: Tensor = x + self.body(x) if self.residual else self.body(x)
        return out


class CoarseNet(nn.Module):
    """G1: from the source's picture and the target's pose to a coarse picture, through a narrow bottleneck.

    Args:
        size: (height, width) of the pictures, px.
        base_channels: at the finest scale; each coarser one has so many more.
        scales: blocks of encoder and decoder; the picture is halved one time less.
        latent: numbers in the bottleneck.
    """

    def __init__(self, size: tuple[int, int], base_channels: int, scales: int, latent: int = 64) -> None:
        super().__init__()
        height, width = size
        for _ in range(scales - 1):
            height, width = half(height), half(width)
        self.bottom = (base_channels, height, width)
        cells = self.bottom[1] * self.bottom[2]
        channels = [base_channels * (level + 1) for level in range(scales)]
        self.first = conv_relu(IMAGE_CHANNELS + KEYPOINT_CHANNELS, base_channels)
        self.encoder = nn.ModuleList(ConvPair(c, c, True) for c in channels)
        self.downs = nn.ModuleList(conv_relu(a, b, stride=2) for a, b in itertools.pairwise(channels))
        self.squeeze = nn.Linear(channels[-1] * cells, latent)
        self.spread = nn.Linear(latent, base_channels * cells)
        entering = [base_channels, *channels[-2::-1]]  # channels that come from below into each block of the decoder
        joined = [below + skip for below, skip in zip(entering, channels[::-1], strict=True)]
        self.decoder = nn.ModuleList(ConvPair(c, c, True) for c in joined)
        self.ups = nn.ModuleList(conv_relu(a, b, 1) for a, b in zip(joined[:-1], entering[1:], strict=True))
        self.last = nn.Conv2d(joined[-1], IMAGE_CHANNELS, 3, padding=1)

    def forward(self, image: Tensor, pose: Tensor) -> Tensor:
        """image (B, 3, H, W) in -1..1, pose (B, 18, H, W) in 0..1 of the target → coarse picture (B, 3, H, W), about -1..1."""
        x = self.first(torch.cat([image, 2 * pose - 1], dim=1))  # (B, base, H, W)
        skips = []
        for level, block in enumerate(self.encoder):
            x = block(x)
            skips.append(x)  # (B, (level + 1) base, H/2^level, W/2^level), rounded up
            if level < len(self.downs):
                x = self.downs[level](x)
        x = self.spread(self.squeeze(x.flatten(1))).unflatten(1, self.bottom)
        for level, block in enumerate(self.decoder):
            x = block(torch.cat([x, skips[-1 - level]], dim=1))
            if level < len(self.ups):
                x = self.ups[level](double(x, skips[-2 - level].shape[-2:], "nearest"))
        coarse: Tensor = self.last(x)
        return coarse


class RefineNet(nn.Module):
    """G2: a difference to the coarse picture, from it and the source's picture.

    The published code has two: that of DeepFashion hands a skip across at every scale, that of Market-1501 none at full size.
    Ours is `texture`: it also sees the source's own pixels warped into the target's pose, and whether the source shows them; so
    patterns and writing are moved and not remembered.

    Args:
        base_channels: at the finest scale; each coarser one has so many more.
        scales: blocks of encoder and decoder; the picture is halved one time less.
        texture: see the warped source.
        full_size_skip: hand the features at the picture's size across to the decoder too.
    """

    def __init__(self, base_channels: int, scales: int, texture: bool = False, full_size_skip: bool = True) -> None:
        super().__init__()
        self.texture = texture
        self.full_size_skip = full_size_skip
        channels = [base_channels * (level + 1) for level in range(scales)]
        self.first = conv_relu(2 * IMAGE_CHANNELS + TEXTURE_CHANNELS * texture, base_channels)
        self.encoder = nn.ModuleList(
            ConvPair(a, b, False) for a, b in zip([base_channels, *channels[:-1]], channels, strict=True)
        )
        self.downs = nn.ModuleList(conv_relu(c, c, stride=2) for c in channels[:-1])
        # The first block of the decoder sees the bottleneck twice, as in the published code.
        entering = [channels[-1], *[base_channels] * (scales - 1)]
        across = [base_channels if full_size_skip else 0, *channels[1:]]
        self.decoder = nn.ModuleList(
            ConvPair(below + skip, base_channels, False) for below, skip in zip(entering, across[::-1], strict=True)
        )
        self.last = nn.Conv2d(base_channels, IMAGE_CHANNELS, 3, padding=1)

    def forward(
        self, coarse: Tensor, image: Tensor, warped: Tensor | None = None, visibility: Tensor | None = None
    ) -> Tensor:
        """Refine.

        Args:
            coarse: (B, 3, H, W) of `CoarseNet`.
            image: (B, 3, H, W) of the source, -1..1.
            warped: (B, 3, H, W) source in the target's pose; needed with `texture` only.
            visibility: (B, 1, H, W) labels of the target's pixels; needed with `texture` only.

        Returns:
            The refined picture (B, 3, H, W), about -1..1.
        """
        inputs = [coarse, image]
        if self.texture:
            assert warped is not None
            assert visibility is not None
            inputs += [warped, (visibility == VISIBLE).to(warped.dtype), (visibility == HIDDEN).to(warped.dtype)]
        x = self.first(torch.cat(inputs, dim=1))  # (B, base, H, W)
        skips = []
        for level, block in enumerate(self.encoder):
            x = block(x)
            skips.append(x)  # (B, (level + 1) base, H/2^level, W/2^level), rounded up
            if level < len(self.downs):
                x = self.downs[level](x)
        for level, block in enumerate(self.decoder):
            finest = level == len(self.downs)
            x = block(x if finest and not self.full_size_skip else torch.cat([x, skips[-1 - level]], dim=1))
            if not finest:
                x = double(x, skips[-2 - level].shape[-2:], "nearest")
        refined: Tensor = coarse + self.last(x)
        return refined


class PairDiscriminator(nn.Module):
    """The DCGAN discriminator on pairs of pictures: it sees the change from the source, not one picture alone (PG², §3.2).

    Args:
        size: (height, width) of the pictures, px.
        base: channels of the first convolution; each later one has twice as many, up to 8 times `base`.
    """

    def __init__(self, size: tuple[int, int], base: int = 64) -> None:
        super().__init__()
        halvings = 5 if min(size) >= 256 else 4
        channels = [min(base * 2**level, 8 * base) for level in range(halvings)]
        layers: list[nn.Module] = [nn.Conv2d(2 * IMAGE_CHANNELS, channels[0], 5, 2, 2), nn.LeakyReLU(0.2)]
        for a, b in itertools.pairwise(channels):
            layers += [nn.Conv2d(a, b, 5, 2, 2), BatchNorm(b), nn.LeakyReLU(0.2)]
        cells = (-(-size[0] // 2**halvings)) * (-(-size[1] // 2**halvings))
        self.body = nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels[-1] * cells, 1))
        for part in self.modules():
            if isinstance(part, nn.Conv2d | nn.Linear):
                nn.init.normal_(part.weight, std=0.02)

    def forward(self, pair: Tensor) -> Tensor:
        """A picture and the source's, one after the other in (B, 6, H, W) → logits (B, 1)."""
        logits: Tensor = self.body(pair)
        return logits
