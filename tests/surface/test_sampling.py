"""Values between pixels against SciPy, and polynomials that the splines reproduce."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from ptx.surface.sampling import cubic_colour, linear_colour, linear_weight, remap_points

RNG = np.random.default_rng(0)
IMAGE = RNG.integers(0, 256, (20, 30, 3)).astype(np.uint8)
OUT = np.empty(3, np.float32)


def test_bilinear() -> None:
    grey = IMAGE[..., 0].astype(np.float32)
    for u, v in RNG.uniform((0, 0), (28.9, 18.9), (40, 2)):
        linear_colour(IMAGE, u, v, OUT)
        expected = map_coordinates(grey, [[v], [u]], order=1)[0]
        assert OUT[0] == pytest.approx(expected, abs=1e-3)
        assert linear_weight(grey, u, v) == pytest.approx(expected, abs=1e-3)


def test_outside_is_the_border_s_colour_and_no_weight() -> None:
    linear_colour(IMAGE, -5.0, 7.0, OUT)
    np.testing.assert_array_equal(OUT, IMAGE[7, 0])
    grey = np.ones((20, 30), np.float32)
    assert [linear_weight(grey, u, v) for u, v in ((-0.1, 5), (29.5, 5), (5, 19.2), (np.nan, 5))] == [0] * 4


def test_splines_reproduce_parabolas() -> None:
    """Catmull-Rom splines are exact for polynomials of the second degree (Keys, 1981)."""
    y, x = np.mgrid[:20, :30]
    parabola = (100 + 3 * x - 2 * y + (x - 12) ** 2 / 4 - (y - 8) ** 2 / 4).astype(np.float64)
    image = np.repeat(np.round(parabola * 0 + 4 * x + y)[..., None], 3, 2).astype(np.uint8)
    cubic_colour(image, 11.3, 7.6, OUT)
    assert OUT[1] == pytest.approx(4 * 11.3 + 7.6, abs=1e-3)
    squares = np.repeat(((x - 10) ** 2 + 2 * (y % 7))[..., None], 3, 2).clip(0, 255).astype(np.uint8)
    cubic_colour(squares, 12.5, 3.0, OUT)
    assert OUT[2] == pytest.approx(2.5**2 + 6, abs=1e-3)


def test_points_are_looked_up_in_pieces() -> None:
    picture = IMAGE[..., 0].astype(np.float32)
    at = RNG.uniform((0, 0), (29, 19), (40_000, 2)).astype(np.float32)
    expected = map_coordinates(picture, at.T[::-1], order=1)
    np.testing.assert_allclose(remap_points(picture, at), expected, atol=5)  # OpenCV has 32 steps between pixels
    assert remap_points(picture, at[:0]).shape == (0,)
