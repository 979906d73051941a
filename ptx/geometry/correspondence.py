"""Flow and visibility between two pictures of one posed body."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ptx.geometry.flow import flow_between
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.visibility import visible_exact


def correspond(
    target: ArrayLike,
    source: ArrayLike,
    faces: ArrayLike,
    height: int,
    width: int,
    drawn: tuple[ArrayLike, ArrayLike] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Rasterise the target and find each of its pixels in the source.

    Args:
        target: (V, 3) vertices in the target picture: u, v px and depth m.
        source: (V, 3) vertices of the same mesh in the source picture.
        faces: (F, 3) vertex indices.
        height: of both pictures, px.
        width: of both pictures, px.
        drawn: (F, 3) the faces that are drawn of the target, and of the source, in the same order, others with equal corners; None: all.

    Returns:
        Flow (height, width, 2) px from target to source, 0 on the background, and labels (height, width), `VISIBLE`, `HIDDEN` or
        `BACKGROUND` of `ptx.geometry.labels`.
    """
    here, there = (faces, faces) if drawn is None else drawn
    face, bary, _ = rasterize(target, here, height, width)
    return flow_between(face, bary, source, faces), visible_exact(face, bary, source, faces, drawn=there)
