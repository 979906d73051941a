"""The flow network: from two poses (and, for system B, the source's picture) to dense flow and visibility."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ptx.geometry.labels import BACKGROUND
from ptx.models.blocks import Decoder, Down, Encoder, Residual, conv, initialise, scale_channels
from ptx.models.part_affine import PartFlows, part_flows
from ptx.models.part_motion import MAPS, PartMotion
from ptx.models.pixels import IMAGE_CHANNELS
from ptx.models.pose_maps import KEYPOINT_CHANNELS, pose_map
from ptx.models.warping import FLOW_CHANNELS, FLOW_UNIT, pixel_grid

VISIBILITY_LABELS = 3
"""Visible, hidden, background."""

PART_DISTANCE_SCALE_PX = 2.0
"""Distance in px by which a body part becomes less likely by a factor e, before the network has learned otherwise."""


class FlowPrediction(NamedTuple):
    """Output of `FlowNet` for a batch."""

    pyramid: list[Tensor]
    """Flows (B, 2, H/2^i, W/2^i), i from 1, finest first, all in px of the full size over `FLOW_UNIT`."""
    logits: Tensor
    """(B, 3, H, W) of visible, hidden, background."""
    parts: Tensor | None = None
    """(B, P, H/2, W/2) logits of the part that each pixel moves with (`part_flows`), from a network with `limbs`."""

    @property
    def dense(self) -> Tensor:
        """(B, 2, H, W) flow in px, everywhere."""
        size = self.logits.shape[-2:]
        return F.interpolate(self.pyramid[0], size=size, mode="bilinear", align_corners=False) * FLOW_UNIT

    @property
    def flow(self) -> Tensor:
        """(B, 2, H, W) in px, 0 where background is predicted."""
        return self.dense * (self.visibility < BACKGROUND)

    @property
    def visibility(self) -> Tensor:
        """(B, 1, H, W) the likeliest label, uint8."""
        visible, hidden, background = self.logits.split(1, dim=1)  # argmax over so few channels is slow on a CPU
        body = (hidden > visible).to(torch.uint8)
        return torch.where(background > torch.maximum(visible, hidden), BACKGROUND, body)


class FlowNet(nn.Module):
    """Residual U-Net from the pose maps of source and target to multi-scale flow and visibility.

    The improved regressor of the published code (its `unet_v2`) with flow heads at every scale; flow and visibility are
    predicted at half the picture's size and enlarged. Ours are `limbs` and `picture`.

    Args:
        base_channels: at the picture's size.
        max_channels: at the coarsest scales.
        scales: halvings below half the picture's size.
        radius: of the poses' discs, px.
        limbs: predict which body part each pixel moves with (`part_flows`, corrected by `PartMotion`), blend the parts' flows by
            that, and add a residual flow.
        picture: see the source's picture too, since cloth moves otherwise than skin.
    """

    def __init__(
        self,
        base_channels: int,
        max_channels: int,
        scales: int,
        radius: float = 8.0,
        limbs: bool = False,
        picture: bool = False,
    ) -> None:
        super().__init__()
        self.radius = radius
        self.picture = picture
        channels = scale_channels(base_channels, scales + 1, max_channels)
        inputs = 2 * KEYPOINT_CHANNELS + FLOW_CHANNELS * limbs + IMAGE_CHANNELS * picture
        self.entry = nn.Sequential(conv(inputs, channels[0], 1), Residual(channels[0]), Down(channels[0], channels[1]))
        self.encoder = Encoder(None, channels[1:])
        self.decoder = Decoder(channels[1:], 1)
        self.flows = nn.ModuleList(nn.Conv2d(c, FLOW_CHANNELS, 3, padding=1) for c in channels[1:-1])
        self.visibility = nn.Conv2d(channels[1], VISIBILITY_LABELS, 3, padding=1)
        self.motion = PartMotion() if limbs else None
        self.parts = nn.Conv2d(channels[1], MAPS, 3, padding=1) if limbs else None
        initialise(self)
        heads = [*self.flows, self.parts]
        for head in heads:
            if isinstance(head, nn.Conv2d):
                nn.init.normal_(head.weight, std=1e-3)

    def forward(self, source: Tensor, target: Tensor, image: Tensor) -> FlowPrediction:
        """Predict flow and visibility of a target.

        Args:
            source: (B, 18, 3) keypoints: x, y px, confidence (0 or NaN coordinates: missing).
            target: (B, 18, 3) keypoints, likewise.
            image: (B, 3, H, W) of the source, -1..1; H and W divisible by 2^(scales + 1). Without `picture` only its size counts.
        """
        height, width = image.shape[-2:]
        inputs = [pose_map(pose, height, width, self.radius) for pose in (source, target)]  # (B, 18, H, W) each
        parts = None
        if self.motion is not None:
            parts = self.motion(source, target, *half_size_part_flows(source, target, height, width))
            inputs.append(F.interpolate(parts.nearest / FLOW_UNIT, scale_factor=2, mode="nearest"))  # (B, 2, H, W)
        if self.picture:
            inputs.append(image)
        x, skips = self.encoder(self.entry(torch.cat(inputs, dim=1)))
        features = self.decoder(x, skips)
        pyramid = [head(torch.relu(f)).float() for head, f in zip(self.flows, reversed(features), strict=True)]
        finest = torch.relu(features[-1])  # (B, C, H/2, W/2)
        part_logits = None
        if self.parts is not None:
            assert parts is not None
            part_logits = self.parts(finest).float() - parts.distance / PART_DISTANCE_SCALE_PX  # (B, P, H/2, W/2)
            mixed = (part_logits.softmax(1)[:, :, None] * parts.flows).sum(1) / FLOW_UNIT  # (B, 2, H/2, W/2)
            pyramid = [flow + F.avg_pool2d(mixed, 2**level) for level, flow in enumerate(pyramid)]
        logits = F.interpolate(self.visibility(finest), scale_factor=2, mode="bilinear", align_corners=False)
        return FlowPrediction(pyramid, logits, part_logits)


def half_size_part_flows(source: Tensor, target: Tensor, height: int, width: int) -> tuple[PartFlows, Tensor]:
    """`part_flows` of keypoints (B, 18, 3) at half the size, in px of the full size, and the centres of its cells (H/2, W/2, 2) px
    in the full picture."""
    half_source, half_target = (
        torch.cat([(pose[..., :2] - 0.5) / 2, pose[..., 2:]], dim=-1) for pose in (source, target)
    )
    parts = part_flows(half_source, half_target, height // 2, width // 2)
    centres = pixel_grid(height // 2, width // 2, source.device) * 2 + 0.5
    return PartFlows(2 * parts.flows, 2 * parts.distance), centres
