"""Nearest-neighbour fields of patches, and the pictures that they vote for: the kernels of `background`.

PatchMatch (Barnes et al., SIGGRAPH 2009) finds for each patch that overlaps a hole one like it outside; the hole is then filled with
the weighted mean of what these patches show (Wexler, Shechtman and Irani, TPAMI 2007).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.kernel import kernel
from ptx.pictures.hole import Field, Floats

Mask = NDArray[np.bool_]
"""(h, w)."""

REACH = 3
"""Pixels from the middle of a patch to its edge: patches are 7 x 7."""

SHRINK = 0.5
"""Factor by which the window of the random search becomes smaller from one try to the next."""


@kernel
def improve_field(
    picture: Floats,
    weight: Floats,
    targets: NDArray[np.int64],
    allowed: Mask,
    rows: float,
    field: Field,
    cost: Floats,
    seed: int,
) -> None:
    """Improve a field in place by one pass of PatchMatch: neighbours' offsets, then places at random about the best.

    Args:
        picture: (h, w, 3).
        weight: (h, w) of each pixel in the comparison.
        targets: (N, 2) rows and columns of the patches to find, in order of rows.
        allowed: (h, w) middles of patches that may be found.
        rows: cost of a patch from another row, per squared pixel.
        field: changed; set at all targets.
        cost: (h, w) changed: the cost of what was found.
        seed: of the random places; odd ones go through the targets backwards.
    """
    height, width = allowed.shape
    step = -1 if seed % 2 else 1
    state = np.uint32(seed * 747796405 + 2891336453)
    for n in range(len(targets)):
        t = n if step > 0 else len(targets) - 1 - n
        y, x = int(targets[t, 0]), int(targets[t, 1])
        v, u = int(field[y, x, 0]), int(field[y, x, 1])
        best = _compare(picture, weight, rows, y, x, v, u, np.inf)
        for i, j in ((y, x - step), (y - step, x)):
            if 0 <= i < height and 0 <= j < width and field[i, j, 0] >= 0:
                row, column = field[i, j, 0] + y - i, field[i, j, 1] + x - j
                if 0 <= row < height and 0 <= column < width and allowed[row, column] and (row != v or column != u):
                    other = _compare(picture, weight, rows, y, x, row, column, best)
                    if other < best:
                        best, v, u = other, row, column
        window = float(max(height, width))
        while window >= 1:
            state = np.uint32(state * np.uint32(1664525) + np.uint32(1013904223))
            row = v + int(window * ((state >> np.uint32(20)) / 2048.0 - 1.0))
            column = u + int(window * (((state >> np.uint32(8)) & np.uint32(4095)) / 2048.0 - 1.0))
            if 0 <= row < height and 0 <= column < width and allowed[row, column]:
                other = _compare(picture, weight, rows, y, x, row, column, best)
                if other < best:
                    best, v, u = other, row, column
            window *= SHRINK
        field[y, x, 0], field[y, x, 1] = v, u
        cost[y, x] = best


@kernel
def _compare(picture: Floats, weight: Floats, rows: float, y: int, x: int, v: int, u: int, enough: float) -> float:
    """Return the weighted squared difference of the patches about (y, x) and (v, u), or something above `enough`."""
    total = np.float32(rows * (v - y) * (v - y))
    for i in range(-REACH, REACH + 1):
        if total >= enough:
            break
        for j in range(-REACH, REACH + 1):
            a = picture[y + i, x + j, 0] - picture[v + i, u + j, 0]
            b = picture[y + i, x + j, 1] - picture[v + i, u + j, 1]
            c = picture[y + i, x + j, 2] - picture[v + i, u + j, 2]
            total += weight[y + i, x + j] * (a * a + b * b + c * c)
    return float(total)


@kernel
def settle_field(
    picture: Floats,
    weight: Floats,
    targets: NDArray[np.int64],
    allowed: Mask,
    rows: float,
    field: Field,
    cost: Floats,
    price: float,
) -> None:
    """Make a field smoother in place: each patch may take the offset of one of its neighbours.

    Least is the cost of the patch plus `price` for each of the four neighbours whose offset differs (a Potts model, by iterated
    conditional modes). Arguments as for `improve_field`.
    """
    height, width = allowed.shape
    down, right = (0, 0, -1, 1), (-1, 1, 0, 0)
    for n in range(len(targets)):
        y, x = int(targets[n, 0]), int(targets[n, 1])
        v, u = int(field[y, x, 0]), int(field[y, x, 1])
        own = cost[y, x]
        least = own + price * _differing(field, y, x, v - y, u - x)
        for k in range(4):
            i, j = y + down[k], x + right[k]
            if not (0 <= i < height and 0 <= j < width) or field[i, j, 0] < 0:
                continue
            row, column = field[i, j, 0] + y - i, field[i, j, 1] + x - j
            if not (0 <= row < height and 0 <= column < width) or not allowed[row, column]:
                continue
            if row == v and column == u:
                continue
            joints = price * _differing(field, y, x, row - y, column - x)
            other = _compare(picture, weight, rows, y, x, row, column, least - joints)
            if other + joints < least:
                least, own, v, u = other + joints, other, row, column
        field[y, x, 0], field[y, x, 1] = v, u
        cost[y, x] = own


@kernel
def _differing(field: Field, y: int, x: int, down: int, right: int) -> int:
    """Count the four neighbours of (y, x) that are looked for and whose offset is not (down, right)."""
    count = 0
    for i, j in ((y, x - 1), (y, x + 1), (y - 1, x), (y + 1, x)):
        if 0 <= i < field.shape[0] and 0 <= j < field.shape[1] and field[i, j, 0] >= 0:
            count += field[i, j, 0] - i != down or field[i, j, 1] - j != right
    return count


@kernel
def vote(picture: Floats, field: Field, trust: Floats, hole: NDArray[np.int64]) -> None:
    """Fill a hole in place with the weighted mean of what the patches show that overlap each pixel.

    Args:
        picture: (h, w, 3); nothing is read from the hole.
        field: (h, w, 2).
        trust: (h, w) weight of each patch.
        hole: (N, 2) rows and columns of the pixels to fill.
    """
    height, width = trust.shape
    for n in range(len(hole)):
        y, x = hole[n]
        r, g, b, total = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
        for i in range(max(y - REACH, 0), min(y + REACH + 1, height)):
            for j in range(max(x - REACH, 0), min(x + REACH + 1, width)):
                if field[i, j, 0] >= 0:
                    v, u = field[i, j, 0] + y - i, field[i, j, 1] + x - j
                    w = trust[i, j]
                    r += w * picture[v, u, 0]
                    g += w * picture[v, u, 1]
                    b += w * picture[v, u, 2]
                    total += w
        picture[y, x, 0], picture[y, x, 1] = r / total, g / total
        picture[y, x, 2] = b / total
