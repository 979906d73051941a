"""Pictures looked up at texture coordinates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.kernel import kernel

Floats = NDArray[np.float32]


@kernel
def sample(picture: Floats, uv: Floats) -> Floats:
    """Look a picture (H, W, C) up at texture coordinates (M, 2), between four texels each; returns (M, C)."""
    height, width, channels = picture.shape
    out = np.empty((len(uv), channels), np.float32)
    for m in range(len(uv)):
        x = min(max(uv[m, 0] * width - np.float32(0.5), np.float32(0)), np.float32(width - 1.001))
        y = min(max(uv[m, 1] * height - np.float32(0.5), np.float32(0)), np.float32(height - 1.001))
        column, row = int(x), int(y)
        right, down = x - column, y - row
        for c in range(channels):
            top = picture[row, column, c] * (1 - right) + picture[row, column + 1, c] * right
            bottom = picture[row + 1, column, c] * (1 - right) + picture[row + 1, column + 1, c] * right
            out[m, c] = top * (1 - down) + bottom * down
    return out
