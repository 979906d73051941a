"""Boxes brought into the middle of a picture of another size."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.framing import frame_box, warp_picture


@pytest.mark.parametrize(
    ("size", "scale"),
    [((100, 100), 0.5), ((20, 100), 0.25), ((100, 50), 0.25)],
)
def test_a_box_is_as_large_as_fits_with_its_margins(size: tuple[int, int], scale: float) -> None:
    """100 x 40 px from x 10, y 20, with half a side of room all round: 200 x 80 px."""
    matrix = frame_box((10, 20), (109, 59), size, 0.5)
    np.testing.assert_allclose(matrix[:, :2], scale * np.eye(2), rtol=1e-6)
    np.testing.assert_allclose(matrix @ (59.5, 39.5, 1), ((size[1] - 1) / 2, (size[0] - 1) / 2), atol=1e-4)


def test_pictures_keep_their_type_and_small_ones_their_mean() -> None:
    stripes = np.zeros((400, 400, 3), np.uint8)
    stripes[:, ::2] = 200
    tenth = np.array([[0.1, 0, 0], [0, 0.1, 0]], np.float32)
    small = warp_picture(stripes, tenth, (40, 40))
    assert (small.shape, small.dtype) == ((40, 40, 3), np.uint8)
    assert np.abs(small[5:35, 5:35].astype(int) - 100).max() <= 2
    assert warp_picture(stripes[..., 0].astype(np.float32), tenth, (40, 40)).dtype == np.float32
    assert (warp_picture(stripes, tenth, (40, 60), value=(7, 8, 9))[:, 45:] == (7, 8, 9)).all()
