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
from ptx.models.scales import double, half, pool_mean
from ptx.models.unet import HEAD_SLOPE, UNet
from ptx.models.variants import Regressor
from ptx.models.warping import FLOW_CHANNELS, FLOW_UNIT, pixel_grid

VISIBILITY_LABELS = 3
"""Visible, hidden, background."""

PART_DISTANCE_SCALE_PX = 2.0
"""Distance in px by which a body part becomes less likely by a factor e, before the network has learned otherwise."""


class FlowPrediction(NamedTuple):
    """Output of `FlowNet` for a batch."""

    pyramid: list[Tensor]
    """Flows (B, 2, H/2^i, W/2^i), rounded up, i from 1, finest first, all in px of the full size over `FLOW_UNIT`."""
    logits: Tensor
    """(B, 3, H, W) of visible, hidden, background."""
    parts: Tensor | None = None
    """(B, P, H/2, W/2), rounded up, logits of the part that each pixel moves with (`part_flows`), from a network with `limbs`."""

    @property
    def dense(self) -> Tensor:
        """(B, 2, H, W) flow in px, everywhere."""
        return double(self.pyramid[0], self.logits.shape[-2:], "bilinear") * FLOW_UNIT

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
    """U-Net from the pose maps of source and target to multi-scale flow and visibility, with flow heads at every scale.

    Flow and visibility are predicted at half the picture's size and enlarged. Ours are `limbs` and `picture`.

    Args:
        base_channels: at the picture's size.
        max_channels: at the coarsest scales.
        scales: halvings below half the picture's size.
        radius: of the poses' discs, px.
        regressor: which of the two of the published code, "unet_v2" of residual blocks or the released "unet".
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
        regressor: Regressor = "unet_v2",
    ) -> None:
        super().__init__()
        self.radius = radius
        self.picture = picture
        inputs = 2 * KEYPOINT_CHANNELS + FLOW_CHANNELS * limbs + IMAGE_CHANNELS * picture
        self.unet = None
        if regressor == "unet":
            self.unet = UNet(inputs, base_channels, max_channels, scales)
            channels = self.unet.channels  # at half the size and below
        else:
            finest, *channels = scale_channels(base_channels, scales + 1, max_channels)
            self.entry = nn.Sequential(conv(inputs, finest, 1), Residual(finest), Down(finest, channels[0]))
            self.encoder = Encoder(None, channels)
            self.decoder = Decoder(channels, 1)
        self.flows = nn.ModuleList(nn.Conv2d(c, FLOW_CHANNELS, 3, padding=1) for c in channels[:-1])
        self.visibility = nn.Conv2d(channels[0], VISIBILITY_LABELS, 3, padding=1)
        self.motion = PartMotion() if limbs else None
        self.parts = nn.Conv2d(channels[0], MAPS, 3, padding=1) if limbs else None
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
            image: (B, 3, H, W) of the source, -1..1. Without `picture` only its size counts.
        """
        height, width = image.shape[-2:]
        inputs = [pose_map(pose, height, width, self.radius) for pose in (source, target)]  # (B, 18, H, W) each
        parts = None
        if self.motion is not None:
            parts = self.motion(source, target, *half_size_part_flows(source, target, height, width))
            inputs.append(double(parts.nearest / FLOW_UNIT, (height, width), "nearest"))  # (B, 2, H, W)
        if self.picture:
            inputs.append(image)
        features = self.features(torch.cat(inputs, dim=1))
        pyramid = [head(f).float() for head, f in zip(self.flows, features, strict=True)]
        finest = features[0]  # (B, C, H/2, W/2)
        part_logits = None
        if self.parts is not None:
            assert parts is not None
            part_logits = self.parts(finest).float() - parts.distance / PART_DISTANCE_SCALE_PX  # (B, P, H/2, W/2)
            mixed = (part_logits.softmax(1)[:, :, None] * parts.flows).sum(1) / FLOW_UNIT  # (B, 2, H/2, W/2)
            pyramid = [flow + pool_mean(mixed, level) for level, flow in enumerate(pyramid)]
        logits = double(self.visibility(finest), (height, width), "bilinear")
        return FlowPrediction(pyramid, logits, part_logits)

    def features(self, x: Tensor) -> list[Tensor]:
        """(B, inputs, H, W) → what the heads see, finest first: [(B, C, H/2^i, W/2^i)], rounded up, i from 1."""
        if self.unet is not None:
            return [F.leaky_relu(feature, HEAD_SLOPE) for feature in reversed(self.unet(x))]
        return [torch.relu(feature) for feature in reversed(self.decoder(*self.encoder(self.entry(x))))]


def half_size_part_flows(source: Tensor, target: Tensor, height: int, width: int) -> tuple[PartFlows, Tensor]:
    """`part_flows` of keypoints (B, 18, 3) at half the size, rounded up, in px of the full size, and the centres of its cells
    (H/2, W/2, 2) px in the full picture."""
    half_source, half_target = (
        torch.cat([(pose[..., :2] - 0.5) / 2, pose[..., 2:]], dim=-1) for pose in (source, target)
    )
    parts = part_flows(half_source, half_target, half(height), half(width))
    centres = pixel_grid(half(height), half(width), source.device) * 2 + 0.5
    return PartFlows(2 * parts.flows, 2 * parts.distance), centres
