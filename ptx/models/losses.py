"""Losses of system A (Li, Huang and Loy, CVPR 2019, and their code), each a mean over the batch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from ptx.models.distributed import weighted_mean
from ptx.models.flow_net import UNIT, FlowPrediction
from ptx.models.part_motion import GROUPS
from ptx.models.warping import BACKGROUND, VISIBLE, warp

FINE_FIRST = (0.32, 0.16, 0.08, 0.04, 0.02)
"""Weights of the flow pyramid, finest first, as in the published code's last state."""


LOST = 8.0
"""Most that a pixel counts whose part is thought impossible."""


def end_point_error(flow: Tensor, truth: Tensor, visibility: Tensor) -> Tensor:
    """Mean length in px of flow - truth over body pixels (visible and hidden) of each picture: (B,).

    flow, truth (B, 2, H, W), visibility (B, 1, H, W).
    """
    body = (visibility < BACKGROUND).squeeze(1).to(flow.dtype)
    length = (flow - truth).norm(dim=1)
    return (length * body).sum((1, 2)) / body.sum((1, 2)).clamp(min=1)


def pyramid_loss(
    pyramid: Sequence[Tensor], truth: Tensor, visibility: Tensor, weights: Sequence[float] = FINE_FIRST
) -> Tensor:
    """Multi-scale end-point error in the network's unit.

    The published code pools the truth together with the background's zeros; here cells are means of body pixels only.

    pyramid [(B, 2, H/2^(i+1), W/2^(i+1))] finest first, truth (B, 2, H, W) px, visibility (B, 1, H, W).
    """
    body = (visibility < BACKGROUND).to(truth.dtype)
    scaled = truth * body / UNIT
    total = truth.new_zeros(())
    for level, (flow, weight) in enumerate(zip(pyramid, weights, strict=False), 1):
        share = F.avg_pool2d(body, 2**level)
        mean = F.avg_pool2d(scaled, 2**level) / share.clamp(min=1e-6)
        here = (share > 0).squeeze(1).to(flow.dtype)
        length = (flow - mean).norm(dim=1)
        total = total + weight * ((length * here).sum((1, 2)) / here.sum((1, 2)).clamp(min=1)).mean()
    return total


def part_loss(flow: Tensor, truth: Tensor, visibility: Tensor, source_part: Tensor, target_part: Tensor) -> Tensor:
    """Segmentation-sensitive flow loss: |flow - truth| where a visible pixel's flow lands outside its own body part.

    flow, truth (B, 2, H, W) px; visibility (B, 1, H, W); source_part, target_part (B, H, W) labels 0..6, 0 background.
    """
    with torch.no_grad():
        parts = F.one_hot(source_part.long(), 7).permute(0, 3, 1, 2)[:, 1:].to(flow.dtype)  # (B, 6, H, W)
        reached = warp(parts, flow) > 0
        own = F.one_hot(target_part.long(), 7).permute(0, 3, 1, 2)[:, 1:].bool()
        missed = (own & ~reached).any(1, keepdim=True) & (visibility == VISIBLE)
    return ((flow - truth).abs() / UNIT * missed).mean()


def assignment_loss(parts: Tensor, target_part: Tensor) -> Tensor:
    """How unlikely the network finds it that body pixels move with the part that they show (ours).

    A mixture of parts learns slowly from the flow's error alone which leg a pixel belongs to. Where the target's keypoints
    do not show the part, no logit could be right: such pixels count as a constant.

    parts (B, P, H/2, W/2) logits of `FlowPrediction`, target_part (B, H, W) labels 0..6, 0 background.
    """
    shown, likely = target_part[:, ::2, ::2].long(), parts.log_softmax(1)
    groups = torch.tensor(GROUPS, device=parts.device)
    each = [likely[:, groups == label].logsumexp(1) for label in range(1, 7)]
    unlikely = F.nll_loss(torch.stack(each, dim=1), (shown - 1).clamp(min=0), reduction="none")
    return weighted_mean(unlikely.clamp(max=LOST), (shown > 0).to(unlikely.dtype))


def flow_loss(
    prediction: FlowPrediction,
    truth: Tensor,
    visibility: Tensor,
    source_part: Tensor,
    target_part: Tensor,
    *,
    part_weight: float = 5.0,
    assign_weight: float = 0.0,
) -> dict[str, Tensor]:
    """Everything the flow regressor is trained on, by name; their sum is what is minimised."""
    terms = {
        "flow": pyramid_loss(prediction.pyramid, truth, visibility),
        "visibility": F.cross_entropy(prediction.logits, visibility.squeeze(1).long()),
        "part": part_weight * part_loss(prediction.dense, truth, visibility, source_part, target_part),
    }
    if assign_weight > 0 and prediction.parts is not None:
        terms["assignment"] = assign_weight * assignment_loss(prediction.parts, target_part)
    return terms


def adversarial(logits: Tensor, real: bool, kind: str = "bce") -> Tensor:
    """How far a discriminator's logits (any shape) are from calling all patches real or painted; bce or lsgan."""
    wanted = torch.full_like(logits, float(real))
    return F.binary_cross_entropy_with_logits(logits, wanted) if kind == "bce" else F.mse_loss(logits, wanted)
