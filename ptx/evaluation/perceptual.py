"""The distance pd between pictures: EfficientNet-Lite0's features of a white square of 224 px, at five depths.

No published figure is of pd, and it is not LPIPS: neither AlexNet's features nor weights that people's judgements taught.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ptx.models.efficientnet_lite import EfficientNetLite0, unit_features
from ptx.models.pixels import to_tensor, to_uint8

SIDE = 224
"""Height and width in px at which pictures are compared, those that the network was trained at."""

WHITE = 255
"""8-bit value of a white pixel."""


def square_features(network: EfficientNetLite0, pictures: Tensor) -> list[Tensor]:
    """Compute the features by which pd compares pictures (B, 3, H, W) in -1..1: each (B, C, h, w) of unit length."""
    squares = np.stack([white_square(pixels) for pixels in to_uint8(pictures)])
    return unit_features(network(to_tensor(squares).to(pictures.device)))


def white_square(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay a picture (H, W, 3) in the middle of a white square, and resize that to `SIDE` by Pillow's bicubic filter."""
    height, width = pixels.shape[:2]
    side = max(height, width)
    top = (side - height) // 2
    left = (side - width) // 2
    square = np.full((side, side, 3), WHITE, np.uint8)
    square[top : top + height, left : left + width] = pixels
    return np.asarray(Image.fromarray(square).resize((SIDE, SIDE), Image.Resampling.BICUBIC))
