"""Two encoders and one decoder, the appearance's skips warped into the target's pose (CVPR 2019, §3.3 and §3.4).

Every network that paints or parses a target is built on it; they differ in inputs and heads.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ptx.geometry.labels import BACKGROUND, HIDDEN, VISIBLE
from ptx.models.blocks import Decoder, Encoder, Residual, conv
from ptx.models.variants import FeatureAlignment, Fusion
from ptx.models.warping import pool_flow, pool_visibility, warp

UNALIGNED: tuple[Fusion, ...] = ("single", "no_flow")
"""The variants that warp nothing."""


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
        """x (B, C, h, w), flow (B, 2, h, w) px of that size, visibility (B, 1, h, w) labels → (B, C, h, w)."""
        warped = warp(x, flow)
        if self.kind == "no_visibility":
            return warped
        if self.kind == "hard_gate":
            return warped * (visibility < BACKGROUND)
        if self.kind == "residual_no_visibility":
            assert self.residual is not None
            changed: Tensor = self.residual(warped)
            return changed
        # Visible and hidden features in channels of their own, so that they have weights of their own.
        apart = torch.cat([warped * (visibility == VISIBLE), warped * (visibility == HIDDEN)], dim=1)  # (B, 2C, h, w)
        if self.gate is not None:
            return warped * torch.sigmoid(self.gate(torch.relu(apart)))
        assert self.residual is not None
        fused: Tensor = self.residual(warped, apart)
        return fused


class DualPath(nn.Module):
    """Encoders of pose and appearance, warped appearance skips, one decoder.

    Unlike the released code, in which both encoders share their down-sampling layers by mistake, each has its own.

    Args:
        pose: channels of the pose's input.
        appearance: channels of the appearance's input.
        channels: of features, from the finest scale to the coarsest and the bottleneck.
        warped_scales: scales, from the finest, whose appearance is warped.
        fusion: how the two meet; "single" has one encoder for both, "no_flow" does not warp.
        alignment: where flow is read for the features of smaller scales.
    """

    def __init__(
        self,
        pose: int,
        appearance: int,
        channels: Sequence[int],
        warped_scales: int,
        fusion: Fusion,
        alignment: FeatureAlignment = "published",
    ) -> None:
        super().__init__()
        self.alignment: FeatureAlignment = alignment
        single = fusion == "single"
        self.pose = Encoder(pose + appearance if single else pose, channels)
        self.appearance = None if single else Encoder(appearance, channels)
        self.join = None if single else conv(2 * channels[-1], channels[-1], 1)
        warped = 0 if fusion in UNALIGNED else warped_scales
        self.fuse = nn.ModuleList(nn.ModuleList(Fuse(c, fusion) for _ in range(2)) for c in channels[:warped])
        self.decoder = Decoder(channels, 1 if single else 2)

    def forward(self, appearance: Tensor, pose: Tensor, flow: Tensor, visibility: Tensor) -> list[Tensor]:
        """Features of the target from the coarsest scale to the finest, [(B, channels[i], H/2^i, W/2^i)], rounded up, finest last.

        Args:
            appearance: (B, A, H, W) of the source.
            pose: (B, P, H, W) of the target.
            flow: (B, 2, H, W) px, target to source.
            visibility: (B, 1, H, W) labels of the target's pixels.
        """
        if self.appearance is None:
            deepest, skips = self.pose(torch.cat([appearance, pose], dim=1))
        else:
            assert self.join is not None
            x_pose, pose_skips = self.pose(pose)
            x_appearance, appearance_skips = self.appearance(appearance)
            appearance_skips = self._warp_skips(appearance_skips, flow, visibility)
            deepest = self.join(torch.cat([x_pose, x_appearance], dim=1))
            skips = [
                [torch.cat(two, dim=1) for two in zip(a, b, strict=True)]
                for a, b in zip(pose_skips, appearance_skips, strict=True)
            ]
        features: list[Tensor] = self.decoder(deepest, skips)
        return features

    def _warp_skips(self, skips: list[list[Tensor]], flow: Tensor, visibility: Tensor) -> list[list[Tensor]]:
        """The appearance's skips, those of the finest scales warped into the target's pose."""
        out = list(skips)
        for level, pair in enumerate(self.fuse):
            assert isinstance(pair, nn.ModuleList)
            scaled = pool_flow(flow, visibility, level, self.alignment)
            labels = pool_visibility(visibility, level, self.alignment)
            out[level] = [fuse(skip, scaled, labels) for fuse, skip in zip(pair, skips[level], strict=True)]
        return out
