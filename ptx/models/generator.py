"""The dual-path generator of system A and its published variants (CVPR 2019, §3.3, §3.4 and the ablation)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ptx.models.blocks import Decoder, Encoder, Head, conv, initialise, widths
from ptx.models.dual_path import DualPath
from ptx.models.variants import Background, Fusion
from ptx.models.warping import BACKGROUND, warp


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
        both_poses: bool = False,
    ) -> None:
        """Ours are `background` and `both_poses`.

        background: "keep" gives the picture an opacity, under which the source shows (as in GANimation, ECCV 2018);
        both_poses: the pose encoder sees the source's pose as well, so that it knows what to take away (as in PATN, CVPR 2019).
        """
        super().__init__()
        self.both_poses = both_poses
        channels = widths(base, scales, most)
        self.path = DualPath(36 if both_poses else 18, 3, channels, warped_scales, fusion)
        self.head = Head(channels[0], 4 if background == "keep" else 3)
        initialise(self)

    def forward(self, image: Tensor, pose: Tensor, flow: Tensor, visibility: Tensor) -> Tensor:
        """Paint the person of `image` in another pose.

        Args:
            image: (B, 3, H, W) source, -1..1; H and W divisible by 2^scales.
            pose: (B, 18, H, W) the target's pose map; (B, 36, H, W) with the source's behind it for `both_poses`.
            flow: (B, 2, H, W) px, target to source.
            visibility: (B, 1, H, W) labels of the target's pixels.

        Returns:
            (B, 3, H, W) in -1..1.
        """
        return over(self.head(self.path(image, pose, flow, visibility)[-1]), image)


def over(out: Tensor, image: Tensor) -> Tensor:
    """A head's output (B, 3, H, W), or with an opacity (B, 4, H, W), as a picture in -1..1, laid over `image` (B, 3, H, W)."""
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
