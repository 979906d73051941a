"""GarmentNet and SynthesisNet of system B: what the target wears where, then how it looks.

Pose flow learning (Zheng et al., TIP 2021) names both and their multi-scale alignment of features; their layers are not
published. These are ours: the dual path of system A with other inputs and heads.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from ptx.labels import GARMENTS
from ptx.models.blocks import Head, initialise, widths
from ptx.models.compositing import compose, count_layers, layers_of
from ptx.models.dual_path import DualPath
from ptx.models.pose_maps import pose_channels
from ptx.models.variants import Background, Fusion

KINDS = len(GARMENTS)


class GarmentNet(nn.Module):
    """From the source's picture, aligned by flow, and the target's pose to the target's garments."""

    def __init__(
        self, base: int = 32, most: int = 128, scales: int = 6, warped_scales: int = 4, fusion: Fusion = "soft_gate"
    ) -> None:
        super().__init__()
        channels = widths(base, scales, most)
        self.path = DualPath(18, 3, channels, warped_scales, fusion)
        self.head = nn.Conv2d(channels[0], KINDS, 3, padding=1)
        initialise(self)

    def forward(self, image: Tensor, pose: Tensor, flow: Tensor, visibility: Tensor) -> Tensor:
        """Logits (B, labels, H, W); arguments as for `Generator`."""
        return self.head(torch.relu(self.path(image, pose, flow, visibility)[-1]))


class SynthesisNet(nn.Module):
    """From the source's picture, aligned by flow, the target's pose and its garments to the picture, coarse to fine."""

    def __init__(
        self,
        base: int = 32,
        most: int = 128,
        scales: int = 6,
        warped_scales: int = 4,
        fusion: Fusion = "soft_gate",
        background: Background = "paint",
        garments: bool = True,
        pictures: Literal[1, 2, 3] = 3,
    ) -> None:
        """`garments`: see what the target wears; `pictures`: how many are painted, each half the size of the one before;
        the rest as for `Generator`."""
        super().__init__()
        channels = widths(base, scales, most)
        self.garments = garments
        self.background: Background = background
        self.aligned = fusion not in ("single", "no_flow")
        self.path = DualPath(pose_channels(background) + KINDS * garments, 3, channels, warped_scales, fusion)
        outputs = 3 + count_layers(background, self.aligned)
        self.heads = nn.ModuleList(Head(channels[level], outputs) for level in range(pictures))
        initialise(self)

    def forward(self, image: Tensor, pose: Tensor, kinds: Tensor, flow: Tensor, visibility: Tensor) -> list[Tensor]:
        """Pictures (B, 3, H/2^i, W/2^i) in -1..1, finest first.

        kinds: (B, labels, H, W) probabilities of the target's garments; the rest as for `Generator`.
        """
        given = torch.cat([pose, kinds], dim=1) if self.garments else pose
        features = self.path(image, given, flow, visibility)
        layers = layers_of(self.background, self.aligned, image, pose, flow, visibility)
        return [
            compose(head(x), None if layers is None else layers.smaller(level))
            for level, (head, x) in enumerate(zip(self.heads, reversed(features), strict=False))
        ]
