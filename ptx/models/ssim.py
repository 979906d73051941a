"""Structural similarity under the several rules that go by its name in this field."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class SsimRule:
    """What an SSIM is, apart from its formula (Wang et al., IEEE TIP 2004)."""

    window: int = 7
    """Pixels across."""
    sigma: float | None = None
    """Deviation of a Gaussian window in px; None is uniform."""
    sample: bool = True
    """Divide covariances by n - 1, not n."""
    painted_range: bool = False
    """Take the range of values, which the formula's constants are shares of, from the painted picture, and not all 255."""
    words: str = "7×7 uniform window, sample covariance, RGB of 8 bits (scikit-image's default)"


FIELD = SsimRule()
"""System A's and most of the field's."""

WANG = SsimRule(11, 1.5, False, words="11×11 Gaussian window of σ 1.5, RGB of 8 bits (Wang et al. 2004)")
"""The inventors'."""

LARGE = SsimRule(51, words="51×51 uniform window, sample covariance")
"""GFLA's first."""

PAINTED_RANGE = SsimRule(11, 1.5, False, True, "11×11 Gaussian window of σ 1.5, range of values of the painted picture")
"""GFLA's second, and CFLD's."""

NARROW = SsimRule(9, 1.2, False, words="9×9 Gaussian window of σ 1.2")
"""PIDM's."""

SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Of the scales of MS-SSIM, finest first (Wang, Simoncelli and Bovik, 2003)."""


def eight_bit(x: Tensor) -> Tensor:
    """-1..1 → 0..255 in steps of 1, as float32: what a file would hold."""
    return ((x.float().clamp(-1, 1) + 1) * 127.5).round()


def ssim_map(a: Tensor, b: Tensor, rule: SsimRule = FIELD) -> Tensor:
    """Similarity (B, 3, H - w + 1, W - w + 1) of all windows inside the pictures (B, 3, H, W) in -1..1; a is the painted one."""
    # Differences of large sums: in 32 bits a window of 51×51 would be wrong in the fourth digit.
    return _parts(eight_bit(a).double(), eight_bit(b).double(), rule)[0].float()


def ssim(a: Tensor, b: Tensor, rule: SsimRule = FIELD) -> Tensor:
    """Mean similarity (B,) of pictures (B, 3, H, W) in -1..1."""
    return ssim_map(a, b, rule).mean((1, 2, 3))


def ms_ssim(a: Tensor, b: Tensor) -> Tensor:
    """Multi-scale similarity (B,) of pictures (B, 3, H, W) in -1..1, with as many of the five scales as fit.

    Wang, Simoncelli and Bovik, Asilomar 2003: contrast and structure at every scale, luminance at the coarsest; pictures too
    small for all five (below 176 px) use the finer ones with their weights brought to a sum of 1.
    """
    x, y = eight_bit(a), eight_bit(b)
    fit = sum(min(x.shape[-2:]) // 2**level >= WANG.window for level in range(len(SCALE_WEIGHTS)))
    weights = torch.tensor(SCALE_WEIGHTS[: max(1, fit)])
    out = torch.ones(len(x), 3)
    for level, weight in enumerate(weights / weights.sum()):
        whole, structure = (part.mean((2, 3)).clamp(min=0) for part in _parts(x, y, WANG))  # (B, 3)
        out = out * (whole if level == len(weights) - 1 else structure) ** weight
        x, y = F.avg_pool2d(x, 2), F.avg_pool2d(y, 2)
    return out.mean(1)


def _parts(x: Tensor, y: Tensor, rule: SsimRule) -> tuple[Tensor, Tensor]:
    """Whole similarity, and its contrast and structure without luminance, of every window; x, y in 0..255."""
    values = torch.full_like(x[:, :1, :1, :1], 255.0)
    if rule.painted_range:
        values = (x.amax((1, 2, 3)) - x.amin((1, 2, 3)))[:, None, None, None]
    c1, c2 = (0.01 * values) ** 2, (0.03 * values) ** 2
    factor = rule.window**2 / (rule.window**2 - 1) if rule.sample else 1.0
    mean_x, mean_y = _mean(x, rule), _mean(y, rule)
    var_x = factor * (_mean(x * x, rule) - mean_x**2)
    var_y = factor * (_mean(y * y, rule) - mean_y**2)
    both = factor * (_mean(x * y, rule) - mean_x * mean_y)
    structure = (2 * both + c2) / (var_x + var_y + c2)
    return structure * (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1), structure


def _mean(x: Tensor, rule: SsimRule) -> Tensor:
    if rule.sigma is None:
        return F.avg_pool2d(F.avg_pool2d(x, (1, rule.window), 1), (rule.window, 1), 1)
    places = torch.arange(rule.window, dtype=x.dtype, device=x.device) - rule.window // 2
    line = torch.exp(-0.5 * (places / rule.sigma) ** 2)
    line = (line / line.sum()).expand(x.shape[1], 1, 1, -1)
    across = F.conv2d(x, line, groups=x.shape[1])
    return F.conv2d(across, line.transpose(-1, -2), groups=x.shape[1])
