"""The distance pd between pictures: EfficientNet-Lite0's features of a white square of 224 px, at five depths.

No published figure is of pd, and it is not LPIPS: neither AlexNet's features nor weights that people's judgements taught.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from ptx.models.efficientnet_lite import EfficientNetLite0, unit_features
from ptx.models.pixels import to_levels

SIDE = 224
"""Height and width in px at which pictures are compared, those that the network was trained at."""

WHITE = 1.0
"""Value of a white pixel."""


def square_features(network: EfficientNetLite0, pictures: Tensor) -> list[Tensor]:
    """Compute the features by which pd compares pictures (B, 3, H, W) in -1..1: each (B, C, h, w) of unit length."""
    return unit_features(network(resize(white_square(pictures))))


def white_square(pictures: Tensor) -> Tensor:
    """Lay pictures (B, 3, H, W) in the middle of white squares (B, 3, S, S), S the larger of H and W."""
    height, width = pictures.shape[-2:]
    side = max(height, width)
    top = (side - height) // 2
    left = (side - width) // 2
    return F.pad(pictures, (left, side - width - left, top, side - height - top), value=WHITE)


def resize(squares: Tensor) -> Tensor:
    """Resize (B, 3, S, S) to `SIDE` as Pillow's bicubic filter does: along each row, to 8 bits, along each column, to 8 bits."""
    levels = to_levels(squares)
    for size in ((squares.shape[-2], SIDE), (SIDE, SIDE)):
        levels = F.interpolate(levels, size=size, mode="bicubic", antialias=True).clamp(0, 255).round()
    return levels / 127.5 - 1
