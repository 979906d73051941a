"""PyTorch3D's coordinates, and where it is installed, its rasteriser against ours."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.pytorch3d_rasterizer import rasterize_pytorch3d, to_ndc
from ptx.geometry.rasterizer import rasterize
from tests.geometry.scenes import posed


def test_coordinates() -> None:
    """The documented convention: pixel centre (0, 0) of a 4 × 8 picture is at x = 2 - 1/4, y = 1 - 1/4."""
    corners = np.array([(0, 0, 5.0), (7, 3, 6.0)], np.float32)
    assert to_ndc(corners, 4, 8).tolist() == [[1.75, 0.75, 1.0], [-1.75, -0.75, 2.0]]


@pytest.mark.parametrize(("height", "width"), [(64, 64), (64, 48)])
def test_same_as_ours(height: int, width: int) -> None:
    pytest.importorskip("pytorch3d")
    scene = posed(1, 64)
    ours = rasterize(scene.points[0], scene.faces, height, width)
    theirs = rasterize_pytorch3d(scene.points[0], scene.faces, height, width)
    assert ((ours[0] >= 0) == (theirs[0] >= 0)).all()
    assert (ours[0] == theirs[0]).mean() > 0.999
