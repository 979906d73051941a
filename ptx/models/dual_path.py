"""Two encoders and one decoder, the appearance's skips warped into the target's pose (CVPR 2019, §3.3 and §3.4).

What every network that paints or parses a target is made of; they differ in what goes in and what heads come out.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ptx.models.blocks import Decoder, Encoder, Residual, conv
from ptx.models.variants import Fusion
from ptx.models.warping import BACKGROUND, HIDDEN, VISIBLE, pool_flow, pool_visibility, warp


class Fuse(nn.Module):
    """One skip of the appearance encoder, warped into the target's pose with regard to what the source shows."""

    def __init__(self, channels: int, kind: Fusion) -> None:
        super().__init__()
        self.kind = kind
        self.residual = None
        if kind == "residual":
            self.residual = Residual(channels, 2 * channels)
        elif kind == "residual_no_visibility":
            self.residual = Residual(channels)
        self.gate = nn.Conv2d(2 * channels, channels, 1) if kind == "soft_gate" else None

    def forward(self, x: Tensor, flow: Tensor, visibility: Tensor) -> Tensor:
        """x (B, C, h, w), flow (B, 2, h, w) px of that size, visibility (B, 1, h, w) → (B, C, h, w)."""
        warped = warp(x, flow)
        if self.kind == "no_visibility":
            return warped
        if self.kind == "hard_gate":
            return warped * (visibility < BACKGROUND)
        if self.kind == "residual_no_visibility":
            assert self.residual is not None
            return self.residual(warped)
        # Visible and hidden features in channels of their own, so that they have weights of their own.
        apart = torch.cat([warped * (visibility == VISIBLE), warped * (visibility == HIDDEN)], dim=1)
        if self.gate is not None:
            return warped * torch.sigmoid(self.gate(torch.relu(apart)))
        assert self.residual is not None
        return self.residual(warped, apart)


class DualPath(nn.Module):
    """Encoders of pose and appearance, warped appearance skips, one decoder.

    Unlike the released code, in which both encoders share their down-sampling layers by mistake, each has its own.
    """

    def __init__(self, pose: int, appearance: int, channels: Sequence[int], warped_scales: int, fusion: Fusion) -> None:
        """Channels of the pose's input and of the appearance's, and of features from the finest scale to the coarsest.

        `fusion` "single" has one encoder for both and "no_flow" does not warp.
        """
        super().__init__()
        single = fusion == "single"
        self.pose = Encoder(pose + appearance if single else pose, channels)
        self.appearance = None if single else Encoder(appearance, channels)
        self.join = None if single else conv(2 * channels[-1], channels[-1], 1)
        warped = 0 if fusion in ("single", "no_flow") else warped_scales
        self.fuse = nn.ModuleList(nn.ModuleList(Fuse(c, fusion) for _ in range(2)) for c in channels[:warped])
        self.decoder = Decoder(channels, 1 if single else 2)

    def forward(self, appearance: Tensor, pose: Tensor, flow: Tensor, visibility: Tensor) -> list[Tensor]:
        """Features of the target from the coarsest scale to the finest, [(B, channels[i], H/2^i, W/2^i)], finest last.

        Args:
            appearance: (B, A, H, W) of the source; H and W divisible by 2^scales.
            pose: (B, P, H, W) of the target.
            flow: (B, 2, H, W) px, target to source.
            visibility: (B, 1, H, W) labels of the target's pixels.
        """
        if self.appearance is None:
            deepest, skips = self.pose(torch.cat([appearance, pose], dim=1))
            return self.decoder(deepest, skips)
        assert self.join is not None
        x_pose, pose_skips = self.pose(pose)
        x_appearance, appearance_skips = self.appearance(appearance)
        for level, fuse in enumerate(self.fuse):
            scaled, labels = pool_flow(flow, visibility, level), pool_visibility(visibility, level)
            pair = zip(fuse, appearance_skips[level], strict=True)
            appearance_skips[level] = [block(skip, scaled, labels) for block, skip in pair]
        deepest = self.join(torch.cat([x_pose, x_appearance], dim=1))
        skips = [
            [torch.cat(two, dim=1) for two in zip(a, b, strict=True)]
            for a, b in zip(pose_skips, appearance_skips, strict=True)
        ]
        return self.decoder(deepest, skips)
