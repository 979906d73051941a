"""Metrics of single pictures. Pictures are (B, 3, H, W) in -1..1 and are rounded to 8 bits as files would be."""

from __future__ import annotations

import torch
from torch import Tensor

from ptx.geometry.labels import BACKGROUND, HIDDEN, VISIBLE
from ptx.models.pixels import to_levels
from ptx.models.ssim import FIELD, SsimRule, ssim, ssim_map

BLACK = -1.0
"""Value of a black pixel."""

WHITE_LEVEL = 255
"""8-bit value of a white pixel."""

EQUAL_PSNR = 100.0
"""PSNR in dB that equal pictures get, whose true one is infinite."""


def body_ssim(a: Tensor, b: Tensor, body: Tensor, rule: SsimRule = FIELD) -> Tensor:
    """Compute the mean structural similarity (B,) of the windows centred on the body (B, 1, H, W); 1 where there is no body."""
    margin = rule.window // 2
    inner = body[..., margin:-margin, margin:-margin].float()
    values = ssim_map(a, b, rule).mean(1, keepdim=True)
    count = inner.sum((1, 2, 3))
    return torch.where(count > 0, (values * inner).sum((1, 2, 3)) / count.clamp(min=1), torch.ones_like(count))


def black_outside(x: Tensor, mask: Tensor) -> Tensor:
    """Make pictures black outside the mask (B, 1, H, W): the input of the field's mask-SSIM and mask-IS."""
    return torch.where(mask, x, torch.full_like(x, BLACK))


def masked_ssim(a: Tensor, b: Tensor, mask: Tensor, rule: SsimRule = FIELD) -> Tensor:
    """Compute the field's mask-SSIM (B,): of whole pictures, black outside the mask (B, 1, H, W). High where bodies are small."""
    return ssim(black_outside(a, mask), black_outside(b, mask), rule)


def l1(a: Tensor, b: Tensor) -> Tensor:
    """Compute the mean absolute difference (B,), 0..1."""
    return (to_levels(a) - to_levels(b)).abs().mean((1, 2, 3)) / WHITE_LEVEL


def psnr(a: Tensor, b: Tensor) -> Tensor:
    """Compute the peak signal-to-noise ratio (B,) in dB; 100 for equal pictures."""
    mse = (to_levels(a) - to_levels(b)).square().mean((1, 2, 3))
    ratio = 10 * torch.log10(WHITE_LEVEL**2 / mse)
    return torch.where(mse > 0, ratio, torch.full_like(mse, EQUAL_PSNR))


def visibility_iou(labels: Tensor, truth: Tensor) -> Tensor:
    """Compute the mean intersection over union (B,) of visible, hidden and background; a label that neither has does not count.

    labels, truth (B, 1, H, W): visibility labels (`ptx.geometry.labels`).
    """
    classes = torch.tensor((VISIBLE, HIDDEN, BACKGROUND), device=truth.device)[:, None, None]
    a = labels == classes  # (B, 3, H, W)
    b = truth == classes
    union = (a | b).sum((2, 3))
    overlap = (a & b).sum((2, 3)) / union.clamp(min=1)
    return (overlap * (union > 0)).sum(1) / (union > 0).sum(1)
