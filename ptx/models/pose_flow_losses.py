"""Losses without flow supervision: pairs of pictures, their garments, and warps made on purpose (system B).

Pose flow learning (Zheng et al., TIP 2021) names a texture-preserving objective, occlusion, stages from coarse to fine and
self-supervision by augmentation; its formulas are not published. All formulas here are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from ptx.geometry.labels import BACKGROUND, VISIBLE
from ptx.labels import GARMENTS
from ptx.models.distributed import draw_global, weighted_mean
from ptx.models.flow_net import FlowPrediction
from ptx.models.losses import pyramid_loss
from ptx.models.pose_maps import valid_keypoints
from ptx.models.scales import pool_mean
from ptx.models.warping import FLOW_UNIT, pixel_grid, sample, warp, warp_picture

LEVELS = (0, 1, 2)
"""Halvings at which pictures are compared, finest first. On pairs with a known flow, the right flow's looks are told from
those of moved limbs best at full size (by a third), hardly at 1/8."""

PLAIN_DEVIATION = 0.1
"""Deviation of brightness (pictures span 2) below which cloth counts as plain."""

OUTLINE_WEIGHT = 0.1
"""Weight of the outline's cross-entropy beside the flow's error on known warps."""

MAX_ANGLE = 0.5
"""Radians by which a known warp turns a picture at most."""

MAX_STRETCH = 0.2
"""Fraction by which a known warp makes a picture wider, narrower, higher or lower at most."""

MAX_SHIFT = (0.1, 0.05)
"""Fractions of the width and of the height by which a known warp moves a picture right and down at most."""

KNOTS = (5, 4)
"""Rows and columns of the control points of a known warp's bend."""

INVERSION_STEPS = 12
"""Fixed-point steps by which the keypoints of a warped picture are found."""


class PairWeights(NamedTuple):
    """Weights of the terms of `pair_loss`."""

    texture: float
    garments: float
    hidden: float
    """Cost of a pixel that is called hidden."""
    smooth: float


def active_levels(progress: float, first_finest: float, levels: int) -> list[float]:
    """1 for levels that take part, 0 for those that do not yet, finest first.

    The coarsest takes part from the start, the finest from `first_finest` (0 to 1) of the training on, those between at equal
    distances. `progress`: fraction of the training that is done, 0 to 1.
    """
    starts = [first_finest * (levels - 1 - level) / max(levels - 1, 1) for level in range(levels)]
    return [float(progress >= start) for start in starts]


def pair_loss(
    prediction: FlowPrediction,
    source: Tensor,
    target: Tensor,
    source_parsing: Tensor,
    target_parsing: Tensor,
    weights: PairWeights,
    levels: Sequence[float],
) -> dict[str, Tensor]:
    """Terms that hold between two pictures of a person, without a known flow.

    Where the target shows a person, the warped source should look as the target does and be the same garment, or the pixel be
    called hidden, which costs `weights.hidden`. Flow is smooth within a garment. The outline is that of the parsing.

    source, target (B, 3, H, W) in -1..1; parsings (B, H, W) labels of `ptx.labels.GARMENTS`; `levels`: weight of each of `LEVELS`.
    """
    person = (target_parsing > 0).float()[:, None]  # (B, 1, H, W)
    source_labels = _one_hot(source_parsing)  # (B, labels, H, W)
    target_labels = _one_hot(target_parsing)
    visible, hidden, background = prediction.logits.float().softmax(1).chunk(3, dim=1)
    certain = visible / (visible + hidden).clamp(min=1e-6)  # probability that a body pixel is visible
    fit = source.new_zeros(())
    bend = source.new_zeros(())
    total = max(sum(levels), 1.0)
    flows = [prediction.dense / FLOW_UNIT, *prediction.pyramid]
    for level, weight in zip(LEVELS, levels, strict=True):
        if not weight:
            continue
        flow = flows[level]
        here = pool_mean(person, level)
        shown = pool_mean(certain, level)
        labels = pool_mean(target_labels, level)
        flow_px = flow * (FLOW_UNIT / 2**level)
        looks = texture_distance(warp_picture(pool_mean(source, level), flow_px), pool_mean(target, level))
        same = (warp(pool_mean(source_labels, level), flow_px) * labels).sum(1, keepdim=True)
        error = weights.texture * looks + weights.garments * (1 - same)  # (B, 1, h, w)
        fit = fit + weight / total * weighted_mean(shown * error + (1 - shown) * weights.hidden, here)
        bend = bend + weight / total * _second_differences(flow, labels)
    body = (visible + hidden).clamp(min=1e-6)
    outline = -(person * body.log() + (1 - person) * background.clamp(min=1e-6).log()).mean()
    return {"fit": fit, "smooth": weights.smooth * bend, "outline": outline}


def texture_distance(a: Tensor, b: Tensor) -> Tensor:
    """Difference in looks of two pictures (B, 3, H, W), (B, 1, H, W), about 1 where cloth differs: colour, pattern, light.

    Colour is that of the logarithm less its mean over channels, which shading leaves alone. Pattern is brightness less its
    mean over 5×5, divided by its deviation there: a stripe on the wrong pixel costs as much in the shade as in the light.
    Brightness itself, which another pose lights otherwise, counts least.
    """
    hue = _charbonnier((_hue(a) - _hue(b)).abs().mean(1, keepdim=True))
    pattern = _charbonnier((_pattern(a) - _pattern(b)).abs())
    light = _charbonnier((a - b).abs().mean(1, keepdim=True))
    return 5 * hue + 0.25 * pattern + 0.5 * light


def _hue(x: Tensor) -> Tensor:
    logarithm = (x + 1.2).clamp(min=0.2).log()
    return logarithm - logarithm.mean(1, keepdim=True)


def _pattern(x: Tensor) -> Tensor:
    grey = F.pad(x.mean(1, keepdim=True), (2, 2, 2, 2), mode="replicate")
    mean = F.avg_pool2d(grey, 5, 1)
    square = F.avg_pool2d(grey * grey, 5, 1)
    deviation = (square - mean * mean).clamp(min=0).add(PLAIN_DEVIATION**2).sqrt()
    return (x.mean(1, keepdim=True) - mean) / deviation


def _charbonnier(x: Tensor, rounding: float = 0.01) -> Tensor:
    return (x * x + rounding**2).sqrt() - rounding


def _second_differences(flow: Tensor, labels: Tensor) -> Tensor:
    """Mean second difference of flow (B, 2, h, w) within a garment, a scalar; labels (B, C, h, w) fractions of each cell."""
    total = flow.new_zeros(())
    for dim in (-2, -1):
        length = flow.shape[dim] - 2
        before, middle, after = (flow.narrow(dim, k, length) for k in range(3))
        a, b, c = (labels.narrow(dim, k, length) for k in range(3))
        same = (a * b * c)[:, 1:].sum(1, keepdim=True)  # background does not count
        total = total + weighted_mean((before - 2 * middle + after).abs().sum(1, keepdim=True), same)
    return total


def _one_hot(parsing: Tensor) -> Tensor:
    """(B, H, W) labels → (B, labels, H, W) of 0 and 1."""
    return F.one_hot(parsing.long(), len(GARMENTS)).permute(0, 3, 1, 2).float()


class KnownWarp(NamedTuple):
    """A picture warped on purpose."""

    flow: Tensor
    """(B, 2, H, W) px from the warped picture back to the source."""
    keypoints: Tensor
    """(B, 18, 3) in the warped picture; those outside it are missing."""
    visibility: Tensor
    """(B, 1, H, W) labels: visible where the warped picture shows the person, else background."""


def known_warp(keypoints: Tensor, parsing: Tensor, bend: float = 0.04) -> KnownWarp:
    """Draw a random turn, stretch and shift, and a smooth bend on top.

    Args:
        keypoints: (B, 18, 3) of the source: x, y px, confidence (0 or NaN coordinates: missing).
        parsing: (B, H, W) garment labels of the source.
        bend: standard deviation of the bend's control points, as a fraction of the picture's height.
    """
    count, height, width = parsing.shape
    device = keypoints.device
    angle = (draw_global(torch.rand, count) * 2 - 1) * MAX_ANGLE
    stretch = 1 + (draw_global(lambda n: torch.rand(n, 2), count) * 2 - 1) * MAX_STRETCH
    reach = torch.tensor([MAX_SHIFT[0] * width, MAX_SHIFT[1] * height])
    shift = (draw_global(lambda n: torch.rand(n, 2), count) * 2 - 1) * reach
    rotation = torch.stack([torch.cos(angle), -torch.sin(angle), torch.sin(angle), torch.cos(angle)], 1).view(-1, 2, 2)
    affine = (rotation * stretch[:, None]).to(device)
    knots = draw_global(lambda n: torch.randn(n, 2, *KNOTS), count).to(device) * (bend * height)
    bends = F.interpolate(knots, size=(height, width), mode="bicubic", align_corners=True)  # (B, 2, H, W) px
    middle = torch.tensor([(width - 1) / 2, (height - 1) / 2]).to(keypoints)
    offset = shift.to(keypoints) + middle  # (B, 2)
    pixels = pixel_grid(height, width, device)
    xy = torch.einsum("bij,hwj->bihw", affine, pixels - middle) + offset[:, :, None, None] + bends  # in the source
    inside = sample((parsing > 0).float()[:, None], xy.permute(0, 2, 3, 1), mode="nearest")
    visibility = torch.where(inside > 0, VISIBLE, BACKGROUND).to(torch.uint8)
    warped_keypoints = _warp_keypoints(keypoints, affine, offset, middle, bends)
    return KnownWarp(xy - pixels.permute(2, 0, 1), warped_keypoints, visibility)


def _warp_keypoints(keypoints: Tensor, affine: Tensor, offset: Tensor, middle: Tensor, bends: Tensor) -> Tensor:
    """The source's keypoints in the warped picture: p of affine (p - middle) + offset + bends(p) = keypoint, by fixed-point steps."""
    height, width = bends.shape[-2:]
    valid, xy = valid_keypoints(keypoints)
    wanted = torch.where(valid[..., None], xy, middle) - offset[:, None]
    inverse = torch.linalg.inv(affine)
    bend = torch.zeros_like(wanted)  # (B, 18, 2)
    for _ in range(INVERSION_STEPS):
        point = torch.einsum("bij,bkj->bki", inverse, wanted - bend) + middle
        bend = sample(bends, point[:, :, None], outside="border")[..., 0].transpose(1, 2)
    inside = (point >= -0.5).all(-1) & (point < point.new_tensor([width - 0.5, height - 0.5])).all(-1)
    return torch.where((valid & inside)[..., None], torch.cat([point, keypoints[..., 2:]], -1), 0.0)


def known_warp_loss(prediction: FlowPrediction, known: KnownWarp) -> Tensor:
    """Multi-scale end-point error of the flow that was made, and that all of the person is visible: a scalar."""
    labels = known.visibility.squeeze(1).long()
    outline = F.cross_entropy(prediction.logits.float(), labels)
    return pyramid_loss(prediction.pyramid, known.flow, known.visibility) + OUTLINE_WEIGHT * outline
