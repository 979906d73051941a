"""Scores of pictures, one a picture. Pictures are (B, 3, H, W) in -1..1 and are rounded to 8 bits as files would be."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

WINDOW = 7


def eight_bit(x: Tensor) -> Tensor:
    """0..255 in steps of 1, as float32."""
    return ((x.float().clamp(-1, 1) + 1) * 127.5).round()


def ssim_map(a: Tensor, b: Tensor) -> Tensor:
    """Structural similarity (B, 3, H - 6, W - 6) of windows of 7×7, sample covariances, data range 255.

    As scikit-image computes it by default (Wang et al., 2004, with uniform windows): the rule of this field.
    """
    x, y = eight_bit(a), eight_bit(b)
    c1, c2, n = (0.01 * 255) ** 2, (0.03 * 255) ** 2, WINDOW**2
    mean_x, mean_y = F.avg_pool2d(x, WINDOW, 1), F.avg_pool2d(y, WINDOW, 1)
    factor = n / (n - 1)
    var_x = factor * (F.avg_pool2d(x * x, WINDOW, 1) - mean_x**2)
    var_y = factor * (F.avg_pool2d(y * y, WINDOW, 1) - mean_y**2)
    both = factor * (F.avg_pool2d(x * y, WINDOW, 1) - mean_x * mean_y)
    return (2 * mean_x * mean_y + c1) * (2 * both + c2) / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))


def ssim(a: Tensor, b: Tensor) -> Tensor:
    """Mean structural similarity (B,)."""
    return ssim_map(a, b).mean((1, 2, 3))


def body_ssim(a: Tensor, b: Tensor, body: Tensor) -> Tensor:
    """Mean structural similarity (B,) of the windows centred on the body (B, 1, H, W); 1 where there is none."""
    margin = WINDOW // 2
    inner = body[..., margin:-margin, margin:-margin].float()
    values = ssim_map(a, b).mean(1, keepdim=True)
    count = inner.sum((1, 2, 3))
    return torch.where(count > 0, (values * inner).sum((1, 2, 3)) / count.clamp(min=1), torch.ones_like(count))


def l1(a: Tensor, b: Tensor) -> Tensor:
    """Mean absolute difference (B,), 0..1."""
    return (eight_bit(a) - eight_bit(b)).abs().mean((1, 2, 3)) / 255


def psnr(a: Tensor, b: Tensor) -> Tensor:
    """Peak signal to noise ratio (B,) in dB; 100 for equal pictures."""
    mse = (eight_bit(a) - eight_bit(b)).square().mean((1, 2, 3))
    return torch.where(mse > 0, 10 * torch.log10(255**2 / mse.clamp(min=1e-9)), torch.full_like(mse, 100.0))
