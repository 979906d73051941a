"""What flow is learned from where nobody knows it: pairs of pictures, their garments, and warps made on purpose (system B).

Pose flow learning (Zheng et al., TIP 2021) names a texture-preserving objective, occlusion, stages from coarse to fine and
self-supervision by augmentation; its formulas are not published. All formulas here are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from ptx.labels import GARMENTS
from ptx.models.distributed import drawn, weighted_mean
from ptx.models.flow_net import UNIT, FlowPrediction
from ptx.models.losses import pyramid_loss
from ptx.models.warping import BACKGROUND, VISIBLE, warp

LEVELS = (0, 1, 2)
"""Halvings at which pictures are compared, finest first. On pairs with a known flow, the right flow's looks are told from
those of moved limbs best at full size (by a third), hardly at 1/8."""

CONTRAST = 0.1
"""Deviation of brightness (pictures span 2) below which cloth counts as plain."""


class Weights(NamedTuple):
    """How much each term counts."""

    texture: float
    garments: float
    hidden: float
    smooth: float


def unlocked(progress: float, first_finest: float, levels: int) -> list[float]:
    """1 for levels that take part, 0 for those still locked, finest first: the coarsest from the start, the finest from
    `first_finest` (0 to 1) of the training on, those between at equal distances."""
    starts = [first_finest * (levels - 1 - level) / max(levels - 1, 1) for level in range(levels)]
    return [float(progress >= start) for start in starts]


def pair_loss(
    prediction: FlowPrediction,
    source: Tensor,
    target: Tensor,
    source_parsing: Tensor,
    target_parsing: Tensor,
    weights: Weights,
    levels: Sequence[float] = (1.0,) * len(LEVELS),
) -> dict[str, Tensor]:
    """Terms that hold between two pictures of a person, none of which knows the flow.

    Where the target shows a person, what the flow fetches should look as the target does and be the same garment, or be
    called hidden, which costs `weights.hidden`. Flow is smooth within a garment. The outline is that of the parsing.

    source, target (B, 3, H, W) in -1..1; parsings (B, H, W) labels; `levels`: weight of each of `LEVELS`.
    """
    person = (target_parsing > 0).float()[:, None]
    labels = _one_hot(source_parsing), _one_hot(target_parsing)
    seen, hidden, nothing = prediction.logits.float().softmax(1).chunk(3, dim=1)
    visible = seen / (seen + hidden).clamp(min=1e-6)
    fit, turns, total = source.new_zeros(()), source.new_zeros(()), max(sum(levels), 1.0)
    flows = [prediction.dense / UNIT, *prediction.pyramid]
    for level, part in zip(LEVELS, levels, strict=True):
        if not part:
            continue
        size, flow = 2**level, flows[level]
        here, sure = F.avg_pool2d(person, size), F.avg_pool2d(visible, size)
        moved = flow * (UNIT / size)
        looks = texture_distance(warp(F.avg_pool2d(source, size), moved), F.avg_pool2d(target, size))
        kinds = 1 - (warp(F.avg_pool2d(labels[0], size), moved) * F.avg_pool2d(labels[1], size)).sum(1, keepdim=True)
        error = weights.texture * looks + weights.garments * kinds
        fit = fit + part / total * weighted_mean(sure * error + (1 - sure) * weights.hidden, here)
        turns = turns + part / total * _bends(flow, F.avg_pool2d(labels[1], size))
    outline = -(person * (seen + hidden).clamp(min=1e-6).log() + (1 - person) * nothing.clamp(min=1e-6).log()).mean()
    return {"fit": fit, "smooth": weights.smooth * turns, "outline": outline}


def texture_distance(a: Tensor, b: Tensor) -> Tensor:
    """How differently two pictures (B, 3, H, W) look, (B, 1, H, W), about 1 where cloth differs: colour, pattern, light.

    Colour is that of the logarithm less its mean over channels, which shading leaves alone. Pattern is brightness less its
    mean over 5×5, divided by its deviation there: a stripe on the wrong place costs as much in the shade as in the light.
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
    mean, square = F.avg_pool2d(grey, 5, 1), F.avg_pool2d(grey * grey, 5, 1)
    deviation = (square - mean * mean).clamp(min=0).add(CONTRAST**2).sqrt()
    return (x.mean(1, keepdim=True) - mean) / deviation


def _charbonnier(x: Tensor, rounding: float = 0.01) -> Tensor:
    return (x * x + rounding**2).sqrt() - rounding


def _bends(flow: Tensor, labels: Tensor) -> Tensor:
    """Mean second difference of flow (B, 2, h, w) where one garment is all around; labels (B, C, h, w) shares."""
    total = flow.new_zeros(())
    for dim in (-2, -1):
        length = flow.shape[dim] - 2
        before, middle, after = (flow.narrow(dim, k, length) for k in range(3))
        shares = [labels.narrow(dim, k, length) for k in range(3)]
        alike = (shares[0] * shares[1] * shares[2])[:, 1:].sum(1, keepdim=True)  # background does not count
        total = total + weighted_mean((before - 2 * middle + after).abs().sum(1, keepdim=True), alike)
    return total


def _one_hot(parsing: Tensor) -> Tensor:
    """(B, H, W) labels → (B, labels, H, W) of 0 and 1."""
    return F.one_hot(parsing.long(), len(GARMENTS)).permute(0, 3, 1, 2).float()


class KnownWarp(NamedTuple):
    """A picture warped on purpose."""

    flow: Tensor
    """(B, 2, H, W) px from the warped picture back to the source."""
    keypoints: Tensor
    """(B, 18, 3) in the warped picture; what falls outside is missing."""
    visibility: Tensor
    """(B, 1, H, W): visible where the warped picture shows the person, else background."""


def known_warp(keypoints: Tensor, parsing: Tensor, bend: float = 0.04) -> KnownWarp:
    """A random turn, stretch and shift, and a smooth bend on top; keypoints (B, 18, 3), parsing (B, H, W) of the source.

    bend: px of height by which places move more than the affine map says, about.
    """
    count, height, width = parsing.shape
    angle = (drawn(torch.rand, count) * 2 - 1) * 0.5
    stretch = 1 + (drawn(lambda n: torch.rand(n, 2), count) * 2 - 1) * 0.2
    shift = (drawn(lambda n: torch.rand(n, 2), count) * 2 - 1) * torch.tensor([0.1 * width, 0.05 * height])
    rotation = torch.stack([torch.cos(angle), -torch.sin(angle), torch.sin(angle), torch.cos(angle)], 1).view(-1, 2, 2)
    affine = (rotation * stretch[:, None]).to(keypoints.device)
    knots = drawn(lambda n: torch.randn(n, 2, 5, 4), count).to(keypoints.device) * (bend * height)
    bends = F.interpolate(knots, size=(height, width), mode="bicubic", align_corners=True)
    middle = torch.tensor([(width - 1) / 2, (height - 1) / 2]).to(keypoints)
    offset = shift.to(keypoints) + middle
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    pixels = torch.stack([columns, rows], dim=-1).to(keypoints)  # (H, W, 2)
    places = torch.einsum("bij,hwj->bihw", affine, pixels - middle) + offset[:, :, None, None] + bends
    flow = places - pixels.permute(2, 0, 1)
    inside = F.grid_sample(
        (parsing > 0).float()[:, None],
        _grid(places.permute(0, 2, 3, 1), height, width),
        mode="nearest",
        align_corners=True,
    )
    visibility = torch.where(inside > 0, VISIBLE, BACKGROUND).to(torch.uint8)
    return KnownWarp(flow, _bring(keypoints, affine, offset, middle, bends), visibility)


def _bring(keypoints: Tensor, affine: Tensor, offset: Tensor, middle: Tensor, bends: Tensor) -> Tensor:
    """Where source keypoints come to lie: solves affine (p - middle) + offset + bends(p) = keypoint by fixed-point steps."""
    height, width = bends.shape[-2:]
    there = (keypoints[..., 2] > 0) & keypoints[..., :2].isfinite().all(-1)
    wanted = torch.where(there[..., None], keypoints[..., :2], middle) - offset[:, None]
    back, extra = torch.linalg.inv(affine), torch.zeros_like(wanted)
    for _ in range(12):
        place = torch.einsum("bij,bkj->bki", back, wanted - extra) + middle
        extra = F.grid_sample(
            bends, _grid(place, height, width)[:, :, None], padding_mode="border", align_corners=True
        )[..., 0]
        extra = extra.transpose(1, 2)
    inside = (place >= -0.5).all(-1) & (place < place.new_tensor([width - 0.5, height - 0.5])).all(-1)
    return torch.where((there & inside)[..., None], torch.cat([place, keypoints[..., 2:]], -1), 0.0)


def _grid(places: Tensor, height: int, width: int) -> Tensor:
    """Pixel places (..., 2) as grid_sample wants them."""
    return places * 2 / places.new_tensor([max(width - 1, 1), max(height - 1, 1)]) - 1


def known_warp_loss(prediction: FlowPrediction, known: KnownWarp) -> Tensor:
    """Multi-scale end-point error of the flow that was made, and that all of the person is visible."""
    labels = known.visibility.squeeze(1).long()
    outline = F.cross_entropy(prediction.logits.float(), labels)
    return pyramid_loss(prediction.pyramid, known.flow, known.visibility) + 0.1 * outline
