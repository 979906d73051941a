"""Losses of system A (Li, Huang and Loy, CVPR 2019, and their code) and the terms of adversarial training, means over the batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ptx.geometry.joints import PARTS as BODY_LABELS
from ptx.geometry.labels import BACKGROUND, VISIBLE
from ptx.models.distributed import weighted_mean
from ptx.models.flow_net import FlowPrediction
from ptx.models.part_motion import PART_LABELS
from ptx.models.scales import pool_mean
from ptx.models.variants import AdversarialKind, PyramidWeights
from ptx.models.warping import FLOW_UNIT, warp

PYRAMID_WEIGHTS: dict[PyramidWeights, tuple[float, ...]] = {
    "fine_first": (0.32, 0.16, 0.08, 0.04, 0.02),
    "coarse_first": (0.005, 0.01, 0.02, 0.08, 0.32),
}
"""Weights of the flow pyramid's levels, finest first: of the published code's last state, and of its state when the paper was published.
Of a pyramid of fewer levels the first ones are taken, as there."""

MAX_ASSIGNMENT_NLL = 8.0
"""Largest negative log likelihood (nats) of a pixel's body part, where its logits make the part impossible."""


def end_point_error(flow: Tensor, truth: Tensor, visibility: Tensor) -> Tensor:
    """Mean length in px of flow - truth over body pixels (visible and hidden) of each picture: (B,).

    flow, truth (B, 2, H, W) px, visibility (B, 1, H, W) labels.
    """
    body = (visibility < BACKGROUND).squeeze(1).to(flow.dtype)
    length: Tensor = (flow - truth).norm(dim=1)
    return (length * body).sum((1, 2)) / body.sum((1, 2)).clamp(min=1)


def pyramid_loss(
    pyramid: Sequence[Tensor],
    truth: Tensor,
    visibility: Tensor,
    weights: Sequence[float] = PYRAMID_WEIGHTS["fine_first"],
) -> Tensor:
    """Multi-scale end-point error in units of `FLOW_UNIT`: a scalar.

    The published code pools the truth together with the background's zeros; here cells are means of body pixels only.

    pyramid [(B, 2, H/2^i, W/2^i)], i from 1, finest first; truth (B, 2, H, W) px; visibility (B, 1, H, W) labels.
    """
    body = (visibility < BACKGROUND).to(truth.dtype)
    scaled = truth * body / FLOW_UNIT
    loss = truth.new_zeros(())
    for level, (flow, weight) in enumerate(zip(pyramid, weights, strict=False), 1):
        fraction = pool_mean(body, level)  # of each cell that is body
        mean = pool_mean(scaled, level) / fraction.clamp(min=1e-6)
        mask = (fraction > 0).squeeze(1).to(flow.dtype)
        length = (flow - mean).norm(dim=1)
        loss = loss + weight * ((length * mask).sum((1, 2)) / mask.sum((1, 2)).clamp(min=1)).mean()
    return loss


def part_loss(flow: Tensor, truth: Tensor, visibility: Tensor, source_part: Tensor, target_part: Tensor) -> Tensor:
    """Segmentation-sensitive flow loss: |flow - truth| where a visible pixel's flow ends outside its own body part; a scalar.

    flow, truth (B, 2, H, W) px; visibility (B, 1, H, W) labels; source_part, target_part (B, H, W) labels of
    `ptx.geometry.joints.PARTS`.
    """
    with torch.no_grad():
        reached = warp(_part_masks(source_part).to(flow.dtype), flow) > 0  # (B, 6, H, W)
        own = _part_masks(target_part).bool()
        missed = (own & ~reached).any(1, keepdim=True) & (visibility == VISIBLE)
    return ((flow - truth).abs() / FLOW_UNIT * missed).mean()


def _part_masks(labels: Tensor) -> Tensor:
    """(B, H, W) body part labels → (B, 6, H, W) of 0 and 1, without the background."""
    return F.one_hot(labels.long(), len(BODY_LABELS)).permute(0, 3, 1, 2)[:, 1:]


def assignment_loss(parts: Tensor, target_part: Tensor) -> Tensor:
    """Negative log likelihood, in nats, that body pixels move with the part that they show (ours): a scalar.

    A mixture of parts learns slowly from the flow's error alone which leg a pixel belongs to. Where the target's keypoints
    do not show the part, no logit could be right: such pixels count as a constant.

    parts (B, P, H/2, W/2) logits of `FlowPrediction`, target_part (B, H, W) labels of `ptx.geometry.joints.PARTS`.
    """
    labels = target_part[:, ::2, ::2].long()
    log_likelihood = parts.log_softmax(1)
    map_labels = torch.tensor(PART_LABELS, device=parts.device)
    by_label = [log_likelihood[:, map_labels == label].logsumexp(1) for label in range(1, len(BODY_LABELS))]
    nll = F.nll_loss(torch.stack(by_label, dim=1), (labels - 1).clamp(min=0), reduction="none")  # (B, H/2, W/2)
    return weighted_mean(nll.clamp(max=MAX_ASSIGNMENT_NLL), (labels > 0).to(nll.dtype))


def flow_loss(
    prediction: FlowPrediction,
    truth: Tensor,
    visibility: Tensor,
    source_part: Tensor,
    target_part: Tensor,
    *,
    weights: Sequence[float],
    part_weight: float,
    assign_weight: float,
) -> dict[str, Tensor]:
    """The terms that system A's flow network is trained on, by name; their sum is minimised. Arguments as for the terms."""
    terms = {
        "flow": pyramid_loss(prediction.pyramid, truth, visibility, weights),
        "visibility": F.cross_entropy(prediction.logits, visibility.squeeze(1).long()),
        "part": part_weight * part_loss(prediction.dense, truth, visibility, source_part, target_part),
    }
    if assign_weight > 0 and prediction.parts is not None:
        terms["assignment"] = assign_weight * assignment_loss(prediction.parts, target_part)
    return terms


def gradient_loss(a: Tensor, b: Tensor, scales: int = 3) -> Tensor:
    """Mean difference of neighbouring pixels' differences at some scales: keeps edges where there is no perceptual loss.

    a, b (B, 3, H, W) → scalar. Ours; after the gradient difference loss of Mathieu et al., ICLR 2016.
    """
    loss = a.new_zeros(())
    for _ in range(scales):
        for axis in (-1, -2):
            loss = loss + F.l1_loss(a.diff(dim=axis), b.diff(dim=axis))
        a = F.avg_pool2d(a, 2)
        b = F.avg_pool2d(b, 2)
    return loss / scales


def adversarial_loss(logits: Tensor, real: bool, kind: AdversarialKind) -> Tensor:
    """Distance of a discriminator's logits (any shape) from calling everything real, or everything painted: a scalar."""
    wanted = torch.full_like(logits, float(real))
    return F.binary_cross_entropy_with_logits(logits, wanted) if kind == "bce" else F.mse_loss(logits, wanted)


class GanTerms(NamedTuple):
    """The terms of one adversarial step."""

    generator: Tensor
    """Scalar that the generator minimises: low where its pictures pass for real."""
    discriminator: dict[str, Tensor]
    """Scalars `real` and `painted` that the discriminator minimises."""


def gan_terms(
    discriminator: nn.Module,
    real: Tensor,
    painted: Tensor,
    *,
    weight: float,
    discriminator_weight: float,
    kind: AdversarialKind,
) -> GanTerms:
    """The terms of generator and discriminator, of inputs (B, C, H, W) of the discriminator that are real and painted.

    Gradients of the generator's term do not reach the discriminator, those of the discriminator's not the generator.
    """
    discriminator.requires_grad_(False)
    passing = adversarial_loss(discriminator(painted), True, kind)
    discriminator.requires_grad_(True)
    real_logits = discriminator(real)
    painted_logits = discriminator(painted.detach())
    return GanTerms(
        weight * passing,
        {
            "real": discriminator_weight * adversarial_loss(real_logits, True, kind),
            "painted": discriminator_weight * adversarial_loss(painted_logits, False, kind),
        },
    )
