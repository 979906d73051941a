"""Structural similarity under the several rules that go by its name in this field."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ptx.models.pixels import to_levels


@dataclass(frozen=True)
class SsimRule:
    """The choices that an SSIM leaves open beside its formula (Wang et al., IEEE TIP 2004)."""

    window: int = 7
    """Pixels across."""
    sigma: float | None = None
    """Deviation of a Gaussian window in px; None is uniform."""
    sample_covariance: bool = True
    """Divide covariances by n - 1, not n."""
    painted_range: bool = False
    """Take the range of values, which the formula's constants are fractions of, from the painted picture, and not all 255."""
    description: str = "7×7 uniform window, sample covariance, RGB of 8 bits (scikit-image's default)"
    """The rule in words, for reports."""


FIELD = SsimRule()
"""The rule of system A and most of the field."""

WANG = SsimRule(11, 1.5, False, description="11×11 Gaussian window of σ 1.5, RGB of 8 bits (Wang et al. 2004)")
"""The rule of the inventors."""

LARGE = SsimRule(51, description="51×51 uniform window, sample covariance")
"""The first rule of GFLA (script/metrics.py:335), and of PIDM and CFLD, which took its code over."""

PAINTED_RANGE = SsimRule(11, 1.5, False, True, "11×11 Gaussian window of σ 1.5, range of values of the painted picture")
"""PATN's rule (tool/getMetrics_fashion.py:26), and the second of GFLA (script/metrics.py:342) and CFLD (models/metrics.py:80)."""

NARROW = SsimRule(9, 1.2, False, True, "9×9 Gaussian window of σ 1.2, range of values of the painted picture")
"""The second rule of PIDM (utils/metrics.py:349): a σ of 1.2 with scikit-image's truncation is 4 px to either side."""

LARGE_WINDOW = 16
"""Pixels across of a uniform window from which running sums are faster than adding all of it."""

SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Weights of the scales of MS-SSIM, finest first (Wang, Simoncelli and Bovik, 2003)."""


def ssim_map(a: Tensor, b: Tensor, rule: SsimRule = FIELD) -> Tensor:
    """Similarity of all windows inside pictures (B, 3, H, W) in -1..1, (B, 3, H - w + 1, W - w + 1); a is the painted one."""
    # Differences of large sums: in 32 bits a window of 51×51 would be wrong in the fourth digit.
    return _similarity(to_levels(a).double(), to_levels(b).double(), rule)[0].float()


def ssim(a: Tensor, b: Tensor, rule: SsimRule = FIELD) -> Tensor:
    """Mean similarity (B,) of pictures (B, 3, H, W) in -1..1."""
    return ssim_map(a, b, rule).mean((1, 2, 3))


def ms_ssim(a: Tensor, b: Tensor) -> Tensor:
    """Multi-scale similarity (B,) of pictures (B, 3, H, W) in -1..1, with as many of the five scales as fit.

    Wang, Simoncelli and Bovik, Asilomar 2003: contrast and structure at every scale, luminance at the coarsest; pictures too
    small for all five (below 176 px) use the finer ones with their weights brought to a sum of 1.
    """
    x = to_levels(a)
    y = to_levels(b)
    fitting = sum(min(x.shape[-2:]) // 2**level >= WANG.window for level in range(len(SCALE_WEIGHTS)))
    weights = x.new_tensor(SCALE_WEIGHTS[: max(1, fitting)])
    out = x.new_ones(len(x), 3)
    for level, weight in enumerate(weights / weights.sum()):
        whole, structure = (part.mean((2, 3)).clamp(min=0) for part in _similarity(x, y, WANG))  # (B, 3)
        out = out * (whole if level == len(weights) - 1 else structure) ** weight
        x = F.avg_pool2d(x, 2)
        y = F.avg_pool2d(y, 2)
    return out.mean(1)


def _similarity(x: Tensor, y: Tensor, rule: SsimRule) -> tuple[Tensor, Tensor]:
    """Whole similarity, and its contrast and structure without luminance, of every window; x, y (B, C, H, W) in 0..255."""
    value_range = torch.full_like(x[:, :1, :1, :1], 255.0)
    if rule.painted_range:
        value_range = (x.amax((1, 2, 3)) - x.amin((1, 2, 3)))[:, None, None, None]
    c1 = (0.01 * value_range) ** 2
    c2 = (0.03 * value_range) ** 2
    factor = rule.window**2 / (rule.window**2 - 1) if rule.sample_covariance else 1.0
    mean_x = _window_mean(x, rule)
    mean_y = _window_mean(y, rule)
    var_x = factor * (_window_mean(x * x, rule) - mean_x**2)
    var_y = factor * (_window_mean(y * y, rule) - mean_y**2)
    covariance = factor * (_window_mean(x * y, rule) - mean_x * mean_y)
    structure = (2 * covariance + c2) / (var_x + var_y + c2)
    return structure * (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1), structure


def _window_mean(x: Tensor, rule: SsimRule) -> Tensor:
    """Mean over every window inside: (B, C, H, W) → (B, C, H - w + 1, W - w + 1)."""
    if rule.sigma is None and rule.window >= LARGE_WINDOW:
        return _box_mean(_box_mean(x, rule.window, 3), rule.window, 2)
    if rule.sigma is None:
        return F.avg_pool2d(F.avg_pool2d(x, (1, rule.window), 1), (rule.window, 1), 1)
    offsets = torch.arange(rule.window, dtype=x.dtype, device=x.device) - rule.window // 2
    line = torch.exp(-0.5 * (offsets / rule.sigma) ** 2)
    line = (line / line.sum()).expand(x.shape[1], 1, 1, -1)  # (C, 1, 1, w)
    across = F.conv2d(x, line, groups=x.shape[1])
    return F.conv2d(across, line.transpose(-1, -2), groups=x.shape[1])


def _box_mean(x: Tensor, window: int, axis: int) -> Tensor:
    """Mean over every window inside along an axis, as differences of running sums, at the same cost for any window."""
    sums = x.cumsum(axis)
    first = sums.narrow(axis, window - 1, 1)
    later = sums.narrow(axis, window, sums.shape[axis] - window) - sums.narrow(axis, 0, sums.shape[axis] - window)
    return torch.cat([first, later], axis) / window
