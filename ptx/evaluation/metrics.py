"""Scores of pictures, one a picture. Pictures are (B, 3, H, W) in -1..1 and are rounded to 8 bits as files would be."""

from __future__ import annotations

import torch
from torch import Tensor

from ptx.models.pixels import to_levels
from ptx.models.ssim import FIELD, SsimRule, ssim, ssim_map


def body_ssim(a: Tensor, b: Tensor, body: Tensor, rule: SsimRule = FIELD) -> Tensor:
    """Mean structural similarity (B,) of the windows centred on the body (B, 1, H, W); 1 where there is none."""
    margin = rule.window // 2
    inner = body[..., margin:-margin, margin:-margin].float()
    values = ssim_map(a, b, rule).mean(1, keepdim=True)
    count = inner.sum((1, 2, 3))
    return torch.where(count > 0, (values * inner).sum((1, 2, 3)) / count.clamp(min=1), torch.ones_like(count))


def masked(x: Tensor, mask: Tensor) -> Tensor:
    """Pictures that are black outside the mask (B, 1, H, W): what the field's mask-SSIM and mask-IS look at."""
    return torch.where(mask, x, torch.full_like(x, -1))


def masked_ssim(a: Tensor, b: Tensor, mask: Tensor, rule: SsimRule = FIELD) -> Tensor:
    """The field's mask-SSIM (B,): of whole pictures, black outside the mask (B, 1, H, W). High where bodies are small."""
    return ssim(masked(a, mask), masked(b, mask), rule)


def l1(a: Tensor, b: Tensor) -> Tensor:
    """Mean absolute difference (B,), 0..1."""
    return (to_levels(a) - to_levels(b)).abs().mean((1, 2, 3)) / 255


def psnr(a: Tensor, b: Tensor) -> Tensor:
    """Peak signal to noise ratio (B,) in dB; 100 for equal pictures."""
    mse = (to_levels(a) - to_levels(b)).square().mean((1, 2, 3))
    return torch.where(mse > 0, 10 * torch.log10(255**2 / mse.clamp(min=1e-9)), torch.full_like(mse, 100.0))


def visibility_iou(labels: Tensor, truth: Tensor) -> Tensor:
    """Mean over visible, hidden, background of intersection over union (B,); a class that neither has does not count.

    labels, truth (B, 1, H, W) of 0, 1, 2.
    """
    classes = torch.arange(3, device=truth.device)[:, None, None]
    a, b = labels == classes, truth == classes  # (B, 3, H, W)
    union = (a | b).sum((2, 3))
    share = (a & b).sum((2, 3)) / union.clamp(min=1)
    return (share * (union > 0)).sum(1) / (union > 0).sum(1)
