"""The dual-path generator of system A and its published variants, its pixel warping and its discriminator.

Li, Huang and Loy, CVPR 2019, §3.3 to §3.5 and the ablation.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ptx.models.blocks import Decoder, Encoder, Head, conv, initialise, scale_channels
from ptx.models.compositing import compose, source_layer_count, source_layers
from ptx.models.distributed import BatchNorm
from ptx.models.dual_path import UNALIGNED, DualPath
from ptx.models.pixels import ALPHA_CHANNELS, IMAGE_CHANNELS
from ptx.models.pose_maps import KEYPOINT_CHANNELS, PoseMaps, pose_channels
from ptx.models.variants import Background, FeatureAlignment, Fusion, PixelWarpInputs
from ptx.models.warping import FLOW_CHANNELS, FLOW_UNIT, VISIBILITY_CHANNELS, warp_pixels


class Generator(nn.Module):
    """The dual path with a picture at its end.

    Args:
        base_channels: at the finest scale.
        max_channels: at the coarsest scales.
        scales: halvings of the picture.
        warped_scales: scales, from the finest, whose appearance is warped by the flow.
        fusion: how appearance meets the pose.
        background: "keep" and "layers" are ours (`source_layers`).
        alignment: where flow is read for the features of smaller scales; "exact" is ours.
        surface: see the source's completed surface, drawn in the target's pose, beside that pose (ours).
    """

    def __init__(
        self,
        base_channels: int,
        max_channels: int,
        scales: int,
        warped_scales: int,
        fusion: Fusion = "residual",
        background: Background = "paint",
        alignment: FeatureAlignment = "published",
        surface: bool = False,
    ) -> None:
        super().__init__()
        self.background: Background = background
        self.surface = surface
        self.aligned = fusion not in UNALIGNED
        channels = scale_channels(base_channels, scales, max_channels)
        drawn = (IMAGE_CHANNELS + ALPHA_CHANNELS) * surface
        self.path = DualPath(
            pose_channels(background) + drawn, IMAGE_CHANNELS, channels, warped_scales, fusion, alignment
        )
        self.head = Head(channels[0], IMAGE_CHANNELS + source_layer_count(background, self.aligned))
        initialise(self)

    def forward(
        self, image: Tensor, poses: PoseMaps, flow: Tensor, visibility: Tensor, drawn: Tensor | None = None
    ) -> Tensor:
        """Paint the person of `image` in another pose.

        Args:
            image: (B, 3, H, W) source, -1..1.
            poses: maps of (B, ..., H, W) as `pose_maps` gives them for this background.
            flow: (B, 2, H, W) px, target to source.
            visibility: (B, 1, H, W) labels of the target's pixels.
            drawn: (B, 4, H, W) the source's surface in the target's pose, colours in -1..1 and alpha, for a network with `surface`.

        Returns:
            (B, 3, H, W) in -1..1.
        """
        pose = poses.channels()
        if self.surface:
            assert drawn is not None
            pose = torch.cat([pose, drawn], dim=1)
        out = self.head(self.path(image, pose, flow, visibility)[-1])  # (B, 3 + L, H, W)
        seen = drawn if self.surface else None
        return compose(out, source_layers(self.background, self.aligned, image, poses, flow, visibility, seen))


class PixelWarp(nn.Module):
    """A U-Net that chooses for every pixel between the generated picture and the source warped by the flow (§3.5).

    Args:
        base_channels, max_channels, scales: as for `Generator`.
        inputs: as what visibility and flow are seen; "scaled" is ours.
    """

    def __init__(self, base_channels: int, max_channels: int, scales: int, inputs: PixelWarpInputs = "scaled") -> None:
        super().__init__()
        self.inputs: PixelWarpInputs = inputs
        channels = scale_channels(base_channels, scales, max_channels)
        self.encoder = Encoder(2 * IMAGE_CHANNELS + VISIBILITY_CHANNELS + FLOW_CHANNELS, channels)
        self.decoder = Decoder(channels, 1)
        self.head = nn.Sequential(conv(channels[0], channels[0], 1), nn.ReLU(), Head(channels[0], 1))
        initialise(self)

    def forward(self, generated: Tensor, image: Tensor, flow: Tensor, visibility: Tensor) -> tuple[Tensor, Tensor]:
        """Mix.

        Args:
            generated: (B, 3, H, W) of the generator.
            image: (B, 3, H, W) source, -1..1.
            flow: (B, 2, H, W) px, target to source.
            visibility: (B, 1, H, W) labels of the target's pixels.

        Returns:
            The mixed picture (B, 3, H, W), and the weight (B, 1, H, W) in 0..1 of the warped source.
        """
        warped = warp_pixels(image, flow, visibility)
        labels = visibility.to(flow.dtype)
        seen = [labels - 1, flow / FLOW_UNIT] if self.inputs == "scaled" else [labels, flow]
        inputs = torch.cat([generated, warped, *seen], dim=1)
        deepest, skips = self.encoder(inputs)
        weight = torch.sigmoid(self.head(self.decoder(deepest, skips)[-1]))
        return weight * warped + (1 - weight) * generated, weight


class PatchDiscriminator(nn.Module):
    """Real or painted, a logit for every patch of 70×70 px of (source, target pose, picture) (Isola et al., CVPR 2017).

    Args:
        inputs: channels of the input.
        base: channels of the first convolution; each later one has twice as many, up to 8 times `base`.
        layers: convolutions after the first; the last of them does not halve the picture.
    """

    def __init__(self, inputs: int = 2 * IMAGE_CHANNELS + KEYPOINT_CHANNELS, base: int = 64, layers: int = 3) -> None:
        super().__init__()
        parts: list[nn.Module] = [nn.Conv2d(inputs, base, 4, 2, 1), nn.LeakyReLU(0.2)]
        width = base
        for layer in range(1, layers + 1):
            wider = min(base * 2**layer, 8 * base)
            stride = 2 if layer < layers else 1
            parts += [nn.Conv2d(width, wider, 4, stride, 1, bias=False), BatchNorm(wider), nn.LeakyReLU(0.2)]
            width = wider
        self.body = nn.Sequential(*parts, nn.Conv2d(width, 1, 4, 1, 1))
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) → logits (B, 1, about H/8, about W/8)."""
        logits: Tensor = self.body(x)
        return logits
