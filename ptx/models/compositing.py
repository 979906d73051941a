"""Soft compositing: the painted picture, an inpainted background and the warped source, blended by predicted per-pixel logits."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from ptx.geometry.labels import VISIBLE
from ptx.models.pixels import IMAGE_CHANNELS
from ptx.models.pose_maps import PoseMaps
from ptx.models.scales import pool_mean
from ptx.models.variants import Background
from ptx.models.warping import warp_pixels

MARGIN_DIVISOR = 40
"""A silhouette is widened by this fraction (1/40) of the picture's height before it is inpainted: cloth, hair and hands reach beyond
the keypoints."""

OUTSIDE_LOGIT = 4.0
"""Logit that the inpainted background has outside the target's silhouette and not inside, before the network has learned."""


class SourceLayers(NamedTuple):
    """Pictures that are blended with the painted one."""

    pictures: Tensor
    """(B, L, 3, H, W) in -1..1."""
    prior: Tensor
    """(B, L, H, W) logits against the painted picture's 0, to which the network's own are added."""

    def downsample(self, level: int) -> SourceLayers:
        """The layers at 1/2^level of the size."""
        if level == 0:
            return self
        pictures = pool_mean(self.pictures.flatten(1, 2), level).unflatten(1, (-1, IMAGE_CHANNELS))
        prior = pool_mean(self.prior, level) if self.prior.shape[1] else self.prior
        return SourceLayers(pictures, prior)


def source_layer_count(background: Background, aligned: bool) -> int:
    """Number of layers besides the painted one; `aligned`: the network has a flow to warp the source by."""
    return {"paint": 0, "keep": 1, "layers": 1 + aligned}[background]


def source_layers(
    background: Background,
    aligned: bool,
    image: Tensor,
    poses: PoseMaps,
    flow: Tensor,
    visibility: Tensor,
    drawn: Tensor | None = None,
) -> SourceLayers | None:
    """The layers of a kind of background; None for the one that paints every pixel.

    keep: the source as it is (after GANimation, ECCV 2018). layers: the source with its person inpainted, and, where the network is
    `aligned`, the source's own pixels warped into the target's pose, or their surface that is `drawn` there.

    Other arguments as for `Generator`.
    """
    if background == "paint":
        return None
    if background == "keep":
        return SourceLayers(image[:, None], torch.zeros_like(image[:, :1]))
    assert poses.target_mask is not None
    assert poses.source_mask is not None
    pictures = [inpaint_background(image, poses.source_mask)]
    prior = [OUTSIDE_LOGIT * (1 - poses.target_mask) - 1]  # (B, 1, H, W)
    if aligned and drawn is not None:
        pictures.append(drawn[:, :IMAGE_CHANNELS])
        prior.append(2 * drawn[:, IMAGE_CHANNELS:] - 1)
    elif aligned:
        pictures.append(warp_pixels(image, flow, visibility))
        prior.append(2 * poses.target_mask * (visibility == VISIBLE) - 1)
    return SourceLayers(torch.stack(pictures, dim=1), torch.cat(prior, dim=1))


def compose(out: Tensor, layers: SourceLayers | None) -> Tensor:
    """Blend a head's output (B, 3 + L, H, W), colours and one logit a layer, to a picture (B, 3, H, W) in -1..1."""
    painted = torch.tanh(out[:, :IMAGE_CHANNELS])
    if layers is None:
        return painted
    logits = torch.cat([torch.zeros_like(out[:, :1]), out[:, IMAGE_CHANNELS:] + layers.prior], dim=1)
    pictures = torch.cat([painted[:, None], layers.pictures.to(painted.dtype)], dim=1)  # (B, 1 + L, 3, H, W)
    return (logits.softmax(1)[:, :, None] * pictures).sum(1)


def inpaint_background(image: Tensor, person: Tensor) -> Tensor:
    """Fill the person's place smoothly from around it (push-pull, Gortler et al., SIGGRAPH 1996).

    image (B, 3, H, W); person (B, 1, H, W) 0 to 1, widened here by 1/`MARGIN_DIVISOR` of the height. Where a person fills the whole
    picture, the result is 0.
    """
    margin = max(1, image.shape[-2] // MARGIN_DIVISOR)
    weight = 1 - F.max_pool2d(person, 2 * margin + 1, 1, margin)
    sums = [image * weight]  # down to one pixel: colours times weights
    weights = [weight]
    while min(sums[-1].shape[-2:]) > 1:
        sums.append(F.avg_pool2d(sums[-1], 2, ceil_mode=True))
        weights.append(F.avg_pool2d(weights[-1], 2, ceil_mode=True))
    filled = sums[-1] / weights[-1].clamp(min=1e-4)
    for colours, known in zip(
        sums[-2::-1], weights[-2::-1], strict=True
    ):  # and up again: the coarser fills what is unknown
        coarse = F.interpolate(filled, size=colours.shape[-2:], mode="bilinear", align_corners=False)
        filled = colours + (1 - known) * coarse
    return filled
