"""A hole in a photograph: from the photograph to a small working picture, and copies of its pixels back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.kernel import kernel

Image = NDArray[np.uint8]
"""(H, W, 3) RGB."""
Floats = NDArray[np.float32]
Field = NDArray[np.int64]
"""(h, w, 2) rows and columns: of places, or of offsets."""
Status = NDArray[np.uint8]
"""(H, W) KNOWN, AVOIDED or HOLE."""

KNOWN, AVOIDED, HOLE = 0, 1, 2
"""Status of a pixel: may be copied; stays, but is not copied; is filled. Of pixels that become one, the highest counts."""


@kernel
def shrink(picture: Image | Floats, status: Status, factor: int) -> tuple[Floats, Status]:
    """Make one pixel of each block of factor x factor; blocks at the lower and right edge may be smaller.

    Args:
        picture: (H, W, 3).
        status: (H, W).
        factor: pixels.

    Returns:
        (h, w, 3) the mean of the pixels of the block's least status, and (h, w) its highest status.
    """
    height, width = -(-picture.shape[0] // factor), -(-picture.shape[1] // factor)
    out = np.zeros((height, width, 3), np.float32)
    kind = np.zeros((height, width), np.uint8)
    for y in range(height):
        for x in range(width):
            r, g, b, count = 0.0, 0.0, 0.0, 0
            low = HOLE
            for i in range(y * factor, min((y + 1) * factor, picture.shape[0])):
                for j in range(x * factor, min((x + 1) * factor, picture.shape[1])):
                    kind[y, x] = max(kind[y, x], status[i, j])
                    if status[i, j] < low:
                        low, r, g, b, count = int(status[i, j]), 0.0, 0.0, 0.0, 0
                    if status[i, j] == low:
                        r += picture[i, j, 0]
                        g += picture[i, j, 1]
                        b += picture[i, j, 2]
                        count += 1
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = r / count, g / count, b / count
    return out, kind


@kernel
def copy_pixels(
    image: Image, out: Image, fade: Floats, status: Status, offset: Field, correction: Floats, factor: int
) -> None:
    """Fill the hole of a photograph with its own pixels.

    Between the middles of working pixels the copies of up to four of them are mixed; where these come from the same place the
    copies are one, and sharp.

    Args:
        image: (H, W, 3) the photograph that is copied from.
        out: (H, W, 3) the photograph that is changed.
        fade: (H, W) 0 to 1, the share of the copies.
        status: (h, w) of the working picture.
        offset: (h, w, 2) in working pixels.
        correction: (h, w, 3) to add to the copies.
        factor: pixels of the photograph to a working pixel.
    """
    height, width = image.shape[:2]
    for y in range(height):
        for x in range(width):
            if fade[y, x] == 0:
                continue
            v, u = (y + 0.5) / factor - 0.5, (x + 0.5) / factor - 0.5
            top, left = int(np.floor(v)), int(np.floor(u))
            r, g, b, total = 0.0, 0.0, 0.0, 0.0
            for i in range(max(top, 0), min(top + 2, status.shape[0])):
                for j in range(max(left, 0), min(left + 2, status.shape[1])):
                    if status[i, j] == HOLE:
                        w = (1 - abs(v - i)) * (1 - abs(u - j)) + 1e-9
                        row, column = y + factor * offset[i, j, 0], x + factor * offset[i, j, 1]
                        r += w * (image[row, column, 0] + correction[i, j, 0])
                        g += w * (image[row, column, 1] + correction[i, j, 1])
                        b += w * (image[row, column, 2] + correction[i, j, 2])
                        total += w
            share = fade[y, x] / total
            rest = 1 - fade[y, x]
            out[y, x, 0] = min(max(share * r + rest * out[y, x, 0] + 0.5, 0), 255)
            out[y, x, 1] = min(max(share * g + rest * out[y, x, 1] + 0.5, 0), 255)
            out[y, x, 2] = min(max(share * b + rest * out[y, x, 2] + 0.5, 0), 255)
