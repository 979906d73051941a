"""The Poisson equation in a hole: colours whose differences are given, and which go on from the hole's edge without a seam."""

from __future__ import annotations

import numpy as np

from ptx.geometry.kernel import kernel
from ptx.pictures.hole import AVOIDED, HOLE, Field, Floats, Status

OVERRELAXATION = 1.8
"""Factor of successive over-relaxation, 1 to 2."""


@kernel
def gradients_of_copies(colours: Floats, status: Status, offset: Field) -> Floats:
    """Compute the sum of the differences (h, w, 3) that pixels of the hole should have to their neighbours.

    That between two pixels is what is seen where the one is copied from, or the mean of this and what is seen where the other is.
    """
    height, width = status.shape
    out = np.zeros(colours.shape, np.float32)
    for y in range(height):
        for x in range(width):
            if status[y, x] != HOLE:
                continue
            v, u = y + offset[y, x, 0], x + offset[y, x, 1]
            for i, j in ((y, x - 1), (y, x + 1), (y - 1, x), (y + 1, x)):
                if not (0 <= i < height and 0 <= j < width) or status[i, j] == AVOIDED:
                    continue
                row, column = i + offset[i, j, 0], j + offset[i, j, 1]
                for c in range(3):
                    seen = colours[v, u, c] - colours[v + i - y, u + j - x, c]
                    if status[i, j] == HOLE:
                        seen = 0.5 * (seen + colours[row + y - i, column + x - j, c] - colours[row, column, c])
                    out[y, x, c] += seen
    return out


@kernel
def relax(picture: Floats, status: Status, push: Floats, screen: float, sweeps: int) -> None:
    """Solve the screened Poisson equation in the hole, in place, by successive over-relaxation.

    (n + screen) u = sum of the n neighbours + push, for each channel; what lies outside the picture or is AVOIDED does not count.

    Args:
        picture: (h, w, C) the values to start from.
        status: (h, w).
        push: (h, w, C).
        screen: 0 or more.
        sweeps: number of passes.
    """
    height, width, channels = picture.shape
    for _ in range(sweeps):
        for y in range(height):
            for x in range(width):
                if status[y, x] != HOLE:
                    continue
                for c in range(channels):
                    total, count = push[y, x, c], screen
                    for i, j in ((y, x - 1), (y, x + 1), (y - 1, x), (y + 1, x)):
                        if 0 <= i < height and 0 <= j < width and status[i, j] != AVOIDED:
                            total += picture[i, j, c]
                            count += 1.0
                    if count > 0:
                        picture[y, x, c] += OVERRELAXATION * (total / count - picture[y, x, c])
