"""From one posed body in two pictures to flow and visibility between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ptx.geometry.flow import flow_between
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.visibility import visible_exact


def correspond(
    target: ArrayLike, source: ArrayLike, faces: ArrayLike, height: int, width: int
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Where each pixel of the target lies in the source, and whether the source shows it.

    Args:
        target, source: (V, 3) vertices of the same mesh in both pictures: u, v px and depth m.
        faces: (F, 3) vertex indices.
        height, width: of both pictures, px.

    Returns:
        Flow (height, width, 2) px from target to source, 0 on the background; labels (height, width) 0 visible, 1 hidden,
        2 background.
    """
    face, bary, _ = rasterize(target, faces, height, width)
    return flow_between(face, bary, source, faces), visible_exact(face, bary, source, faces)
