"""The flow regressor of system A: from two poses alone to dense flow and visibility."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ptx.models.blocks import Decoder, Down, Encoder, Residual, conv, initialise, widths
from ptx.models.part_affine import PARTS, PartFlows, part_flows
from ptx.models.part_motion import PartMotion
from ptx.models.pose_maps import pose_map
from ptx.models.warping import BACKGROUND

UNIT = 20.0
"""Pixels of one unit that the network predicts."""

NEAR = 2.0
"""Pixels of distance that make a body part less likely by a factor e, before the network has learned otherwise."""


class FlowPrediction(NamedTuple):
    """What the regressor says of a batch."""

    pyramid: list[Tensor]
    """Flows (B, 2, H/2^i, W/2^i), finest first, all in full-size pixels over `UNIT`."""
    logits: Tensor
    """(B, 3, H, W) of visible, hidden, background."""
    parts: Tensor | None = None
    """(B, P, H/2, W/2) logits of the part that each place moves with (`part_flows`), where the network knows parts."""

    @property
    def dense(self) -> Tensor:
        """(B, 2, H, W) flow in pixels, everywhere."""
        size = self.logits.shape[-2:]
        return F.interpolate(self.pyramid[0], size=size, mode="bilinear", align_corners=False) * UNIT

    @property
    def flow(self) -> Tensor:
        """(B, 2, H, W) in pixels, 0 where background is predicted."""
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
    predicted at half the picture's size and enlarged.
    """

    def __init__(
        self,
        base: int = 32,
        most: int = 128,
        scales: int = 5,
        radius: float = 8.0,
        limbs: bool = False,
        picture: bool = False,
    ) -> None:
        """Ours are `limbs` and `picture`.

        radius: of the poses' discs, px; limbs: say which body part each pixel moves with (`part_flows` as `PartMotion`
        corrects them, mixed), and how it differs from that; picture: see the source's picture, since cloth moves otherwise than skin.
        """
        super().__init__()
        self.radius, self.picture = radius, picture
        channels = widths(base, scales + 1, most)
        inputs = 36 + 2 * limbs + 3 * picture
        self.entry = nn.Sequential(conv(inputs, channels[0], 1), Residual(channels[0]), Down(channels[0], channels[1]))
        self.encoder = Encoder(None, channels[1:])
        self.decoder = Decoder(channels[1:], 1)
        self.flows = nn.ModuleList(nn.Conv2d(c, 2, 3, padding=1) for c in channels[1:-1])
        self.visibility = nn.Conv2d(channels[1], 3, 3, padding=1)
        self.motion = PartMotion() if limbs else None
        self.parts = nn.Conv2d(channels[1], len(PARTS) + 1, 3, padding=1) if limbs else None
        initialise(self)
        for head in (*self.flows, *([self.parts] if self.parts is not None else [])):
            nn.init.normal_(head.weight, std=1e-3)

    def forward(self, source: Tensor, target: Tensor, image: Tensor) -> FlowPrediction:
        """Flow and visibility of a target.

        source, target: (B, 18, 3) keypoints: x, y px, confidence (0 or NaN places: missing).
        image: (B, 3, H, W) of the source, -1..1; H and W divisible by 2^(scales + 1). Only its size counts but for `picture`.
        """
        height, width = image.shape[-2:]
        seen = [pose_map(pose, height, width, self.radius) for pose in (source, target)]
        if self.motion is not None:
            limbs = self.motion(source, target, *limb_flows(source, target, height, width))
            seen.append(F.interpolate(limbs.nearest / UNIT, scale_factor=2, mode="nearest"))
        if self.picture:
            seen.append(image)
        x, skips = self.encoder(self.entry(torch.cat(seen, dim=1)))
        features = self.decoder(x, skips)
        pyramid = [head(torch.relu(f)).float() for head, f in zip(self.flows, reversed(features), strict=True)]
        finest, likely = torch.relu(features[-1]), None
        if self.parts is not None:
            likely = self.parts(finest).float() - limbs.distance / NEAR
            mixed = (likely.softmax(1)[:, :, None] * limbs.flows).sum(1) / UNIT  # (B, 2, H/2, W/2)
            pyramid = [flow + F.avg_pool2d(mixed, 2**level) for level, flow in enumerate(pyramid)]
        logits = F.interpolate(self.visibility(finest), scale_factor=2, mode="bilinear", align_corners=False)
        return FlowPrediction(pyramid, logits, likely)


def limb_flows(source: Tensor, target: Tensor, height: int, width: int) -> tuple[PartFlows, Tensor]:
    """`part_flows` of keypoints (B, 18, 3) at half the size, in pixels of the full size, and where the cells' centres
    (H/2, W/2, 2) lie in the full picture."""
    half = [torch.cat([(pose[..., :2] - 0.5) / 2, pose[..., 2:]], dim=-1) for pose in (source, target)]
    found = part_flows(*half, height // 2, width // 2)
    rows, columns = (torch.arange(n // 2, device=source.device, dtype=torch.float32) * 2 + 0.5 for n in (height, width))
    return PartFlows(2 * found.flows, 2 * found.distance), torch.stack(torch.meshgrid(columns, rows, indexing="xy"), -1)
