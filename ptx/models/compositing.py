"""What a picture is laid of: painted pixels, and others that are there already, mixed by weights that the network gives."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from ptx.models.variants import Background
from ptx.models.warping import VISIBLE, warp_pixels

MARGIN = 20
"""Of the picture's height, the part by which a person is taken to be wider than the keypoints say: cloth, hair, hands."""

SURE = 4.0
"""Logit by which what is behind counts outside the target's silhouette more than inside, before the network has learned."""


class Layers(NamedTuple):
    """Pictures that are not painted."""

    pictures: Tensor
    """(B, L, 3, H, W) in -1..1."""
    prior: Tensor
    """(B, L, H, W) logits against the painted one, before the network's own."""

    def smaller(self, level: int) -> Layers:
        """At 1/2^level of the size."""
        if level == 0:
            return self
        pictures = F.avg_pool2d(self.pictures.flatten(1, 2), 2**level).unflatten(1, (-1, 3))
        return Layers(pictures, F.avg_pool2d(self.prior, 2**level) if self.prior.shape[1] else self.prior)


def count_layers(background: Background, aligned: bool) -> int:
    """How many layers there are besides the painted one; `aligned`: the network has a flow to fetch the source by."""
    return {"paint": 0, "keep": 1, "layers": 1 + aligned}[background]


def layers_of(
    background: Background, aligned: bool, image: Tensor, pose: Tensor, flow: Tensor, visibility: Tensor
) -> Layers | None:
    """The layers that a kind of background has; None for those that paint every pixel.

    keep: the source as it is (after GANimation, ECCV 2018). layers: what is behind the person, and the source's own pixels where
    the flow brings them; whether a place is the person's is told by the silhouettes in `pose`.

    Arguments as for `Generator`.
    """
    if background == "paint":
        return None
    if background == "keep":
        return Layers(image[:, None], torch.zeros_like(image[:, :1]))
    target, source = pose[:, 36:37], pose[:, 37:38]
    pictures, prior = [behind(image, source)], [SURE * (1 - target) - 1]
    if aligned:
        pictures.append(warp_pixels(image, flow, visibility))
        prior.append(2 * target * (visibility == VISIBLE) - 1)
    return Layers(torch.stack(pictures, dim=1), torch.cat(prior, dim=1))


def compose(out: Tensor, layers: Layers | None) -> Tensor:
    """A head's output (B, 3 + L, H, W), colours and one logit a layer, as a picture (B, 3, H, W) in -1..1."""
    painted = torch.tanh(out[:, :3])
    if layers is None:
        return painted
    logits = torch.cat([torch.zeros_like(out[:, :1]), out[:, 3:] + layers.prior], dim=1)
    every = torch.cat([painted[:, None], layers.pictures.to(painted.dtype)], dim=1)  # (B, 1 + L, 3, H, W)
    return (logits.softmax(1)[:, :, None] * every).sum(1)


def behind(image: Tensor, person: Tensor) -> Tensor:
    """The picture without the person: their place is filled smoothly from around it (push-pull, Gortler et al., SIGGRAPH 1996).

    image (B, 3, H, W); person (B, 1, H, W) 0 to 1, widened here by 1/`MARGIN` of the height.
    """
    reach = max(1, image.shape[-2] // (2 * MARGIN))
    weight = 1 - F.max_pool2d(person, 2 * reach + 1, 1, reach)
    sums, weights = [image * weight], [weight]
    while min(sums[-1].shape[-2:]) > 1:
        sums.append(F.avg_pool2d(sums[-1], 2, ceil_mode=True))
        weights.append(F.avg_pool2d(weights[-1], 2, ceil_mode=True))
    filled = sums[-1] / weights[-1].clamp(min=1e-4)
    for colours, known in zip(sums[-2::-1], weights[-2::-1], strict=True):
        coarse = F.interpolate(filled, size=colours.shape[-2:], mode="bilinear", align_corners=False)
        filled = colours + (1 - known) * coarse
    return filled
