"""Pictures as tensors: 8-bit pixels (H, W, 3) and floats (3, H, W) in -1..1."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

IMAGE_CHANNELS = 3
"""Red, green, blue."""

ALPHA_CHANNELS = 1
"""Share of the pixel that is a person's."""


def to_tensor(pixels: NDArray[np.uint8]) -> Tensor:
    """Pixels (..., H, W, 3) of 0..255 → float32 (..., 3, H, W) in -1..1."""
    values = torch.from_numpy(np.ascontiguousarray(np.moveaxis(pixels, -1, -3)))
    return values.float() / 127.5 - 1


def with_alpha(pixels: NDArray[np.uint8]) -> Tensor:
    """Pixels (..., H, W, 4) of 0..255 → float32 (..., 4, H, W): colours in -1..1, alpha in 0..1."""
    values = torch.from_numpy(np.ascontiguousarray(np.moveaxis(pixels, -1, -3))).float()
    colours, alpha = values.split((IMAGE_CHANNELS, ALPHA_CHANNELS), dim=-3)
    return torch.cat([colours / 127.5 - 1, alpha / 255], dim=-3)


def to_levels(x: Tensor) -> Tensor:
    """-1..1 → whole numbers 0..255 as float32, any shape: the pixel values that a file would hold."""
    return ((x.float().clamp(-1, 1) + 1) * 127.5).round()


def to_uint8(x: Tensor) -> NDArray[np.uint8]:
    """(..., 3, H, W) in -1..1 → pixels (..., H, W, 3) of 0..255."""
    levels = to_levels(x.detach()).to(torch.uint8).movedim(-3, -1)
    return np.asarray(levels.cpu().numpy(), np.uint8)


def quantise(x: Tensor) -> Tensor:
    """Round -1..1 to the 256 values that 8-bit pixels can have, any shape."""
    return to_levels(x) / 127.5 - 1
