"""Values of pictures between their pixels: kernels that other kernels call."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.geometry.kernel import kernel
from ptx.surface.points import Floats

PIECE = 16384
"""Points that OpenCV looks up at once."""


@kernel
def linear_weight(values: Floats, u: float, v: float) -> float:
    """Value of a map (H, W) at (u, v) px, bilinear; 0 outside."""
    height, width = values.shape
    if not (0 <= u < width - 1 and 0 <= v < height - 1):  # also where it is not a number
        return 0.0
    x, y = int(u), int(v)
    s, t = u - x, v - y
    above = (1 - s) * values[y, x] + s * values[y, x + 1]
    return float((1 - t) * above + t * ((1 - s) * values[y + 1, x] + s * values[y + 1, x + 1]))


@kernel
def linear_colour(image: NDArray[np.uint8], u: float, v: float, out: Floats) -> None:
    """Write the colour of a picture (H, W, 3) at (u, v) px, bilinear, to `out` (3,); that of the border outside."""
    height, width = image.shape[:2]
    u, v = min(max(u, 0.0), width - 1.0), min(max(v, 0.0), height - 1.0)
    x, y = min(int(u), width - 2), min(int(v), height - 2)
    s, t = np.float32(u - x), np.float32(v - y)
    for c in range(3):
        above = image[y, x, c] + s * (np.float32(image[y, x + 1, c]) - image[y, x, c])
        below = image[y + 1, x, c] + s * (np.float32(image[y + 1, x + 1, c]) - image[y + 1, x, c])
        out[c] = above + t * (below - above)


@kernel
def cubic_colour(image: NDArray[np.uint8], u: float, v: float, out: Floats) -> None:
    """Write the colour of a picture (H, W, 3) at (u, v) px to `out` (3,): Catmull-Rom splines (Keys, 1981), bilinear at the border."""
    height, width = image.shape[:2]
    if not (1 <= u < width - 2 and 1 <= v < height - 2):
        linear_colour(image, u, v, out)
        return
    x, y = int(u), int(v)
    s, t = np.float32(u - x), np.float32(v - y)
    half = np.float32(0.5)
    a0, a3 = -half * s * (1 - s) * (1 - s), -half * s * s * (1 - s)
    a1, a2 = 1 + s * s * (np.float32(1.5) * s - np.float32(2.5)), half * s * (1 + s * (4 - 3 * s))
    b0, b3 = -half * t * (1 - t) * (1 - t), -half * t * t * (1 - t)
    b1, b2 = 1 + t * t * (np.float32(1.5) * t - np.float32(2.5)), half * t * (1 + t * (4 - 3 * t))
    for c in range(3):
        total = np.float32(0)
        for row in range(4):
            b = b0 if row == 0 else b1 if row == 1 else b2 if row == 2 else b3
            line = image[y + row - 1]
            total += b * (a0 * line[x - 1, c] + a1 * line[x, c] + a2 * line[x + 1, c] + a3 * line[x + 2, c])
        out[c] = min(max(total, np.float32(0)), np.float32(255))


def remap_points(picture: Floats, at: Floats) -> Floats:
    """Values (N, ...) of a picture (H, W, ...) at (N, 2) px, bilinear; in pieces, since OpenCV's sides are limited."""
    out = np.empty((len(at), *picture.shape[2:]), np.float32)
    for first in range(0, len(at), PIECE):
        part = at[first : first + PIECE]
        found = cv2.remap(picture, part[:, None, 0], part[:, None, 1], cv2.INTER_LINEAR)
        out[first : first + PIECE] = found.reshape(len(part), *picture.shape[2:])
    return out
