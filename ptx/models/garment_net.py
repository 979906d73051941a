"""GarmentNet and SynthesisNet of system B: garment labels of the target, then its picture.

Pose flow learning (Zheng et al., TIP 2021) names both and their multi-scale alignment of features; their layers are not
published. These are ours: the dual path of system A with other inputs and heads.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from ptx.labels import GARMENTS
from ptx.models.blocks import Head, initialise, scale_channels
from ptx.models.compositing import compose, source_layer_count, source_layers
from ptx.models.dual_path import UNALIGNED, DualPath
from ptx.models.pixels import IMAGE_CHANNELS
from ptx.models.pose_maps import KEYPOINT_CHANNELS, PoseMaps, pose_channels
from ptx.models.variants import Background, FeatureAlignment, Fusion

GARMENT_CHANNELS = len(GARMENTS)
"""Labels of `ptx.labels.GARMENTS`, background included."""


class GarmentNet(nn.Module):
    """From the source's picture, aligned by flow, and the target's pose to the target's garments.

    Args:
        base_channels: at the picture's size.
        max_channels: at the coarsest scales.
        scales: halvings of the picture.
        warped_scales: scales, from the finest, whose appearance is aligned by the flow.
        fusion: how aligned appearance meets the pose.
        alignment: where flow is read for the features of smaller scales.
    """

    def __init__(
        self,
        base_channels: int,
        max_channels: int,
        scales: int,
        warped_scales: int,
        fusion: Fusion = "soft_gate",
        alignment: FeatureAlignment = "published",
    ) -> None:
        super().__init__()
        channels = scale_channels(base_channels, scales, max_channels)
        self.path = DualPath(KEYPOINT_CHANNELS, IMAGE_CHANNELS, channels, warped_scales, fusion, alignment)
        self.head = nn.Conv2d(channels[0], GARMENT_CHANNELS, 3, padding=1)
        initialise(self)

    def forward(self, image: Tensor, pose: Tensor, flow: Tensor, visibility: Tensor) -> Tensor:
        """Predict garments.

        Args:
            image: (B, 3, H, W) source, -1..1.
            pose: (B, 18, H, W) pose map of the target.
            flow: (B, 2, H, W) px, target to source.
            visibility: (B, 1, H, W) labels of the target's pixels.

        Returns:
            Logits (B, 12, H, W), one channel a label of `ptx.labels.GARMENTS`.
        """
        logits: Tensor = self.head(torch.relu(self.path(image, pose, flow, visibility)[-1]))
        return logits


class SynthesisNet(nn.Module):
    """From the source's picture, aligned by flow, the target's pose and its garments to the picture, coarse to fine.

    Args:
        base_channels: at the picture's size.
        max_channels: at the coarsest scales.
        scales: halvings of the picture.
        warped_scales: scales, from the finest, whose appearance is aligned by the flow.
        fusion: how aligned appearance meets the pose.
        background: as for `Generator`.
        garments: see the target's garments.
        pictures: number of pictures that are painted, each half the size of the one before.
        alignment: where flow is read for the features of smaller scales.
    """

    def __init__(
        self,
        base_channels: int,
        max_channels: int,
        scales: int,
        warped_scales: int,
        fusion: Fusion = "soft_gate",
        background: Background = "paint",
        garments: bool = True,
        pictures: Literal[1, 2, 3] = 3,
        alignment: FeatureAlignment = "published",
    ) -> None:
        super().__init__()
        channels = scale_channels(base_channels, scales, max_channels)
        self.garments = garments
        self.background: Background = background
        self.aligned = fusion not in UNALIGNED
        inputs = pose_channels(background) + GARMENT_CHANNELS * garments
        self.path = DualPath(inputs, IMAGE_CHANNELS, channels, warped_scales, fusion, alignment)
        outputs = IMAGE_CHANNELS + source_layer_count(background, self.aligned)
        self.heads = nn.ModuleList(Head(channels[level], outputs) for level in range(pictures))
        initialise(self)

    def forward(
        self, image: Tensor, poses: PoseMaps, garments: Tensor, flow: Tensor, visibility: Tensor
    ) -> list[Tensor]:
        """Paint.

        Args:
            image: (B, 3, H, W) source, -1..1.
            poses: maps of (B, ..., H, W) as `pose_maps` gives them for this background.
            garments: (B, 12, H, W) probabilities of the target's labels.
            flow: (B, 2, H, W) px, target to source.
            visibility: (B, 1, H, W) labels of the target's pixels.

        Returns:
            Pictures (B, 3, H/2^i, W/2^i), rounded up, in -1..1, finest first.
        """
        pose = poses.channels()
        if self.garments:
            pose = torch.cat([pose, garments], dim=1)
        features = self.path(image, pose, flow, visibility)
        layers = source_layers(self.background, self.aligned, image, poses, flow, visibility)
        return [
            compose(head(x), None if layers is None else layers.downsample(level))
            for level, (head, x) in enumerate(zip(self.heads, reversed(features), strict=False))
        ]
