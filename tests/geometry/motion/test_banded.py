"""The banded solver against NumPy's dense one."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.motion.banded import solve_banded


def banded(size: int, width: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A positive definite matrix of a band, whole and as `solve_banded` takes it."""
    rng = np.random.default_rng(seed)
    lower = np.tril(np.triu(rng.normal(size=(size, size)), -(width - 1)))
    dense = lower @ lower.T + 0.1 * np.eye(size)
    band = np.zeros((size, width))
    for j in range(width):
        band[: size - j, j] = np.diagonal(dense, j)
    return dense, band


@pytest.mark.parametrize("damping", [0.0, 0.3])
@pytest.mark.parametrize(("size", "width"), [(1, 1), (7, 3), (40, 9), (5, 5), (3, 6)])
def test_same_as_dense(size: int, width: int, damping: float) -> None:
    dense, band = banded(size, min(width, size), 3)
    band = np.pad(band, ((0, 0), (0, width - band.shape[1])))
    gradient, step = np.random.default_rng(1).normal(size=size), np.empty(size)
    assert solve_banded(band, damping, gradient, np.empty_like(band), step)
    np.testing.assert_allclose(step, np.linalg.solve(dense + damping * np.diag(np.diag(dense)), -gradient), rtol=1e-6)


def test_factor() -> None:
    dense, band = banded(12, 4, 0)
    factor = np.empty_like(band)
    solve_banded(band, 0.0, np.zeros(12), factor, np.empty(12))
    upper = np.linalg.cholesky(dense).T
    for j in range(4):
        np.testing.assert_allclose(factor[: 12 - j, j], np.diagonal(upper, j), atol=1e-8)


def test_what_is_not_positive_definite() -> None:
    band = banded(12, 4, 0)[1]
    band[5, 0] = -1.0
    assert not solve_banded(band, 0.0, np.ones(12), np.empty_like(band), np.empty(12))
    band[5, 0] = np.nan
    assert not solve_banded(band, 0.0, np.ones(12), np.empty_like(band), np.empty(12))
