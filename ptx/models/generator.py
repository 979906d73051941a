"""The dual-path generator of system A and its published variants (CVPR 2019, §3.3, §3.4 and the ablation)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ptx.models.blocks import Decoder, Encoder, Head, conv, initialise, widths
from ptx.models.compositing import compose, count_layers, layers_of
from ptx.models.dual_path import DualPath
from ptx.models.pose_maps import pose_channels
from ptx.models.variants import Background, Fusion
from ptx.models.warping import warp_pixels


class Generator(nn.Module):
    """The dual path with a picture at its end."""

    def __init__(
        self,
        base: int = 32,
        most: int = 128,
        scales: int = 7,
        warped_scales: int = 5,
        fusion: Fusion = "residual",
        background: Background = "paint",
    ) -> None:
        """Ours are the backgrounds "keep" and "layers" (`layers_of`); "layers" sees both poses, so that it knows what to take
        away (as in PATN, CVPR 2019)."""
        super().__init__()
        self.background: Background = background
        self.aligned = fusion not in ("single", "no_flow")
        channels = widths(base, scales, most)
        self.path = DualPath(pose_channels(background), 3, channels, warped_scales, fusion)
        self.head = Head(channels[0], 3 + count_layers(background, self.aligned))
        initialise(self)

    def forward(self, image: Tensor, pose: Tensor, flow: Tensor, visibility: Tensor) -> Tensor:
        """Paint the person of `image` in another pose.

        Args:
            image: (B, 3, H, W) source, -1..1; H and W divisible by 2^scales.
            pose: (B, C, H, W) as `pose_maps` gives it for this background.
            flow: (B, 2, H, W) px, target to source.
            visibility: (B, 1, H, W) labels of the target's pixels.

        Returns:
            (B, 3, H, W) in -1..1.
        """
        out = self.head(self.path(image, pose, flow, visibility)[-1])
        return compose(out, layers_of(self.background, self.aligned, image, pose, flow, visibility))


class PixelWarp(nn.Module):
    """Decides for every pixel between the generated picture and the source warped by the flow (§3.5)."""

    def __init__(self, base: int = 32, most: int = 128, scales: int = 7) -> None:
        super().__init__()
        channels = widths(base, scales, most)
        self.encoder = Encoder(9, channels)
        self.decoder = Decoder(channels, 1)
        self.head = nn.Sequential(conv(channels[0], channels[0], 1), nn.ReLU(), Head(channels[0], 1))
        initialise(self)

    def forward(self, generated: Tensor, image: Tensor, flow: Tensor, visibility: Tensor) -> tuple[Tensor, Tensor]:
        """Mix.

        Args:
            generated: (B, 3, H, W) of the generator.
            image, flow, visibility: as for `Generator`.

        Returns:
            The mixed picture (B, 3, H, W), and the weight (B, 1, H, W) in 0..1 of the warped source.
        """
        warped = warp_pixels(image, flow, visibility)
        inputs = torch.cat([generated, warped, visibility.to(flow.dtype) - 1, flow / 20], dim=1)
        deepest, skips = self.encoder(inputs)
        weight = torch.sigmoid(self.head(self.decoder(deepest, skips)[-1]))
        return weight * warped + (1 - weight) * generated, weight
