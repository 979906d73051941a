"""The equation in the hole: against scipy's direct solution, and pictures that are known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import lil_matrix
from scipy.sparse.linalg import spsolve

from ptx.pictures.hole import AVOIDED, HOLE, KNOWN
from ptx.pictures.poisson import gradients_of_copies, relax


def solved(
    picture: NDArray[np.float32], status: NDArray[np.uint8], push: NDArray[np.float32], screen: float
) -> NDArray[np.float64]:
    """The same system, assembled and solved directly."""
    pixels = [tuple(pixel) for pixel in np.argwhere(status == HOLE).tolist()]
    number = {pixel: n for n, pixel in enumerate(pixels)}
    matrix, right = lil_matrix((len(pixels), len(pixels))), np.zeros((len(pixels), 3))
    for (y, x), n in number.items():
        matrix[n, n] = screen
        right[n] = push[y, x]
        for near in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            if 0 <= near[0] < status.shape[0] and 0 <= near[1] < status.shape[1] and status[near] != AVOIDED:
                matrix[n, n] += 1
                if near in number:
                    matrix[n, number[near]] = -1
                else:
                    right[n] += picture[near]
    out = picture.astype(np.float64)
    out[status == HOLE] = spsolve(matrix.tocsr(), right)
    return out


def test_the_direct_solution() -> None:
    """With a hole that touches the edge of the picture and something to avoid."""
    rng = np.random.default_rng(0)
    picture = rng.uniform(0, 255, (12, 14, 3)).astype(np.float32)
    push = rng.normal(0, 5, (12, 14, 3)).astype(np.float32)
    status = np.full((12, 14), KNOWN, np.uint8)
    status[4:, 3:11] = HOLE
    status[6:9, 11:13] = AVOIDED
    for screen in (0.0, 0.05):
        expected = solved(picture, status, push, screen)
        found = picture.copy()
        relax(found, status, push, screen, 400)
        np.testing.assert_allclose(found, expected, atol=0.01)
        assert (found[status != HOLE] == picture[status != HOLE]).all()


def test_differences_of_copies_give_the_picture_back() -> None:
    """Copies from elsewhere in a picture of two planes, lighter by 30 there: only their differences count."""
    y, x = np.mgrid[:16, :40].astype(np.float32)
    plane = 3 * (x % 20) + 2 * y + 5 * np.sin(x % 20)
    picture = np.repeat((plane + 30 * (x >= 20))[..., None], 3, -1).astype(np.float32)
    status = np.full((16, 40), KNOWN, np.uint8)
    status[5:11, 4:14] = HOLE
    offset = np.zeros((16, 40, 2), np.int64)
    offset[5:11, 4:14] = (0, 20)
    hidden = picture.copy()
    hidden[status == HOLE] = 0
    relax(hidden, status, gradients_of_copies(picture, status, offset), 0.0, 200)
    np.testing.assert_allclose(hidden, picture, atol=0.01)
