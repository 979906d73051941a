"""Maps at several scales, of pictures of any size.

Every halving rounds up, as a convolution of stride 2 does: a map of 11 columns has one of 6 below it, whose last cell stands for
one column, and enlarged again it is cut to 11. Sizes that can be halved lose and gain nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from torch import Tensor
from torch.nn import functional as F


def half(length: int) -> int:
    """Half a length in px, rounded up."""
    return -(-length // 2)


def pool_mean(x: Tensor, level: int) -> Tensor:
    """Means over cells of 2^level px: (B, C, H, W) → (B, C, H/2^level, W/2^level), rounded up; of what is there at the edges."""
    return F.avg_pool2d(x, 2**level, ceil_mode=True) if level else x


def cut(x: Tensor, size: Sequence[int]) -> Tensor:
    """The upper left of (..., H, W), of a size (height, width) px."""
    height, width = size
    return x[..., :height, :width]


def double(x: Tensor, size: Sequence[int], mode: Literal["nearest", "bilinear"]) -> Tensor:
    """Twice as large, (B, C, h, w) → (B, C, height, width) for a size of which h and w are the halves.

    Bilinear values lie at the cells' middles: cell i between the pixels 2i and 2i + 1.
    """
    larger = F.interpolate(x, scale_factor=2, mode=mode, align_corners=None if mode == "nearest" else False)
    return cut(larger, size)


def pad_to_even(x: Tensor) -> Tensor:
    """Add a row and a column of zeros below and at the right of (B, C, H, W) where H and W are odd."""
    height, width = x.shape[-2:]
    return F.pad(x, (0, width % 2, 0, height % 2)) if height % 2 or width % 2 else x
