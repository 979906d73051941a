"""Flow of a dressed body, and learned flow where the body does not reach, put together by a small network (ours)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ptx.geometry.labels import BACKGROUND
from ptx.models.blocks import Decoder, Encoder, Head, initialise, scale_channels
from ptx.models.flow_net import VISIBILITY_LABELS, FlowNet, FlowPrediction
from ptx.models.part_affine import part_affine_flow
from ptx.models.pixels import IMAGE_CHANNELS
from ptx.models.pose_maps import KEYPOINT_CHANNELS, pose_map
from ptx.models.warping import FLOW_CHANNELS, FLOW_UNIT, warp_picture

REACHES = (5, 11, 23)
"""Sides of the windows, px, in which the share of the body is seen: how far its outline is away."""

PRIOR_LOGIT = 2.0
"""Logit of the body's flow and labels on the body, before the network has learned; off it the opposite."""

OUTPUTS = 1 + FLOW_CHANNELS + VISIBILITY_LABELS
"""Weight of the body's flow, residual flow, visibility."""


class CarriedFlow(NamedTuple):
    """Flow of a dressed body that is carried into the target's pose."""

    flow: Tensor
    """(B, 2, H, W) px, target to source; 0 off the body."""
    visibility: Tensor
    """(B, 1, H, W) labels, uint8."""

    def dense(self, source: Tensor, target: Tensor) -> Tensor:
        """(B, 2, H, W) px everywhere: off the body that of the nearest body part, by keypoints (B, 18, 3) of source and target."""
        around = part_affine_flow(source, target, *self.flow.shape[-2:])
        return torch.where(self.visibility < BACKGROUND, self.flow, around)


class CombinedPrediction(NamedTuple):
    """Output of `CombinedFlow` for a batch."""

    dense: Tensor
    """(B, 2, H, W) px, everywhere."""
    logits: Tensor
    """(B, 3, H, W) of visible, hidden, background."""
    weight: Tensor
    """(B, 1, H, W) 0 to 1: share of the body's flow."""

    @property
    def visibility(self) -> Tensor:
        """(B, 1, H, W) the likeliest label, uint8."""
        return self.logits.argmax(1, keepdim=True).to(torch.uint8)

    @property
    def flow(self) -> Tensor:
        """(B, 2, H, W) px, 0 where background is predicted."""
        return self.dense * (self.visibility < BACKGROUND)


class FlowBlend(nn.Module):
    """A U-Net that says for every pixel which of two flows to follow, what to add, and what the source shows.

    Args:
        base_channels, max_channels, scales: as for `Generator`.
        radius: of the pose's discs, px.
    """

    def __init__(self, base_channels: int, max_channels: int, scales: int, radius: float) -> None:
        super().__init__()
        self.radius = radius
        channels = scale_channels(base_channels, scales, max_channels)
        seen = 2 * (FLOW_CHANNELS + VISIBILITY_LABELS + IMAGE_CHANNELS) + len(REACHES) + KEYPOINT_CHANNELS
        self.encoder = Encoder(seen, channels)
        self.decoder = Decoder(channels, 1)
        self.head = Head(channels[0], OUTPUTS)
        initialise(self)
        for part in self.head.modules():
            if isinstance(part, nn.Conv2d):
                nn.init.normal_(part.weight, std=1e-3)

    def forward(
        self, carried: CarriedFlow, learned: FlowPrediction, source: Tensor, target: Tensor, image: Tensor
    ) -> CombinedPrediction:
        """Combine the flow of a batch.

        Args:
            carried: of a dressed body.
            learned: of a network.
            source: (B, 18, 3) keypoints: x, y px, confidence (0 or NaN coordinates: missing).
            target: (B, 18, 3) keypoints, likewise.
            image: (B, 3, H, W) of the source, -1..1.
        """
        height, width = image.shape[-2:]
        on = (carried.visibility < BACKGROUND).to(image.dtype)  # (B, 1, H, W)
        body = carried.dense(source, target)
        labels = F.one_hot(carried.visibility[:, 0].long(), VISIBILITY_LABELS).permute(0, 3, 1, 2).to(image.dtype)
        dense, shown = learned.dense, learned.logits.float().softmax(1)
        inputs = [
            body / FLOW_UNIT,
            dense / FLOW_UNIT,
            labels,
            shown,
            warp_picture(image, body),
            warp_picture(image, dense),
            *(F.avg_pool2d(on, side, 1, side // 2) for side in REACHES),
            pose_map(target, height, width, self.radius),
        ]
        deepest, skips = self.encoder(torch.cat(inputs, dim=1))
        out = self.head(self.decoder(deepest, skips)[-1]).float()  # (B, OUTPUTS, H, W)
        choice, residual, logits = out.split((1, FLOW_CHANNELS, VISIBILITY_LABELS), dim=1)
        weight = torch.sigmoid(choice + PRIOR_LOGIT * (2 * on - 1))
        flow = weight * body + (1 - weight) * dense + FLOW_UNIT * residual
        return CombinedPrediction(flow, logits + PRIOR_LOGIT * (labels + shown), weight)


class CombinedFlow(nn.Module):
    """Learned flow and its blend with that of dressed bodies, both trained."""

    def __init__(self, learned: FlowNet, blend: FlowBlend) -> None:
        super().__init__()
        self.learned = learned
        self.blend = blend

    def forward(self, carried: CarriedFlow, source: Tensor, target: Tensor, image: Tensor) -> CombinedPrediction:
        """Predict flow and visibility; arguments as for `FlowBlend`."""
        learned: FlowPrediction = self.learned(source, target, image)
        prediction: CombinedPrediction = self.blend(carried, learned, source, target, image)
        return prediction
