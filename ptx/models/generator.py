"""The dual-path generator of system A and its published variants (CVPR 2019, §3.3, §3.4 and the ablation)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ptx.models.blocks import Decoder, Encoder, Head, Residual, conv, initialise, widths
from ptx.models.variants import Background, Fusion
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


class Generator(nn.Module):
    """Encoders of pose and appearance, warped appearance skips, one decoder.

    Unlike the released code, in which both encoders share their down-sampling layers by mistake, each has its own.
    """

    def __init__(
        self,
        base: int = 32,
        most: int = 128,
        scales: int = 7,
        warped_scales: int = 5,
        fusion: Fusion = "residual",
        background: Background = "paint",
        trunk: int = 0,
    ) -> None:
        """`background` "keep" gives the picture an opacity, under which the source shows (ours; as in GANimation, ECCV 2018)."""
        super().__init__()
        channels = widths(base, scales, most)
        self.fusion = fusion
        if fusion == "single":
            self.pose = Encoder(21, channels)
            self.appearance = self.join = None
        else:
            self.pose, self.appearance = Encoder(18, channels), Encoder(3, channels)
            self.join = conv(2 * channels[-1], channels[-1], 1)
        self.trunk = nn.Sequential(*(Residual(channels[-1]) for _ in range(trunk)))
        warped = 0 if fusion in ("single", "no_flow") else warped_scales
        self.fuse = nn.ModuleList(nn.ModuleList(Fuse(c, fusion) for _ in range(2)) for c in channels[:warped])
        self.decoder = Decoder(channels, 1 if fusion == "single" else 2)
        self.head = Head(channels[0], 4 if background == "keep" else 3)
        initialise(self)

    def forward(self, image: Tensor, pose: Tensor, flow: Tensor, visibility: Tensor) -> Tensor:
        """Paint the person of `image` in another pose.

        Args:
            image: (B, 3, H, W) source, -1..1; H and W divisible by 2^scales.
            pose: (B, 18, H, W) the target's pose map.
            flow: (B, 2, H, W) px, target to source.
            visibility: (B, 1, H, W) labels of the target's pixels.

        Returns:
            (B, 3, H, W) in -1..1.
        """
        if self.appearance is None:
            deepest, skips = self.pose(torch.cat([image, pose], dim=1))
        else:
            assert self.join is not None
            x_pose, pose_skips = self.pose(pose)
            x_appearance, appearance_skips = self.appearance(image)
            for level, fuse in enumerate(self.fuse):
                scaled, labels = pool_flow(flow, visibility, level), pool_visibility(visibility, level)
                pair = zip(fuse, appearance_skips[level], strict=True)
                appearance_skips[level] = [block(skip, scaled, labels) for block, skip in pair]
            deepest = self.join(torch.cat([x_pose, x_appearance], dim=1))
            skips = [
                [torch.cat(two, dim=1) for two in zip(a, b, strict=True)]
                for a, b in zip(pose_skips, appearance_skips, strict=True)
            ]
        out = self.head(self.decoder(self.trunk(deepest), skips)[-1])  # (B, 3 or 4, H, W)
        painted = torch.tanh(out[:, :3])
        if out.shape[1] == 3:
            return painted
        opacity = torch.sigmoid(out[:, 3:])
        return opacity * painted + (1 - opacity) * image


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


def warp_pixels(image: Tensor, flow: Tensor, visibility: Tensor) -> Tensor:
    """The source warped into the target's pose; background black (-1)."""
    warped = warp(image + 1, flow) - 1
    return torch.where(visibility < BACKGROUND, warped, torch.full_like(warped, -1))
