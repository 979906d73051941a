"""Cholesky of a symmetric banded matrix, row by row along memory: the same bits on every machine with the same compiler."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.kernel import kernel

Floats = NDArray[np.float64]


@kernel
def solve_banded(band: Floats, damping: float, gradient: Floats, factor: Floats, step: Floats) -> bool:
    """Solve (A + damping diag A) step = -gradient.

    Args:
        band: (N, W) upper band of A: band[i, j] = A[i, i + j]; what lies beyond the last column is 0.
        damping: at least 0.
        gradient: (N,).
        factor: (N, W) is written: the upper band of the Cholesky factor U, A = U'U.
        step: (N,) is written.

    Returns:
        False if the matrix is not positive definite; `step` then means nothing.
    """
    size, width = band.shape
    for i in range(size):
        for j in range(width):
            factor[i, j] = band[i, j]
        factor[i, 0] = band[i, 0] * (1.0 + damping) + 1e-9
        step[i] = -gradient[i]
    for k in range(size):
        row = factor[k]
        if not row[0] > 1e-12:
            return False
        inverse = 1.0 / np.sqrt(row[0])
        for j in range(width):
            row[j] *= inverse
        step[k] *= inverse
        for i in range(1, min(width, size - k)):
            a = row[i]
            if a != 0.0:
                step[k + i] -= a * step[k]
                target = factor[k + i]
                for j in range(width - i):
                    target[j] -= a * row[i + j]
    for i in range(size - 1, -1, -1):
        total = step[i]
        for j in range(1, min(width, size - i)):
            total -= factor[i, j] * step[i + j]
        step[i] = total / factor[i, 0]
    return True
