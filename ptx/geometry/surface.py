"""Surface maps in the form in which they are stored: faces, barycentric weights as uint16, body parts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.kernel import kernel


@kernel
def pack_surface(
    face: NDArray[np.int32],
    weights: NDArray[np.float32],
    face_part: NDArray[np.uint8],
    bary: NDArray[np.uint16],
    part: NDArray[np.uint8],
) -> int:
    """Quantise what a rasteriser drew.

    Args:
        face: (H, W) face of each pixel, -1 = none.
        weights: (H, W, 2) barycentric weights of the face's vertices 0 and 1, 0..1.
        face_part: (F,) body part of each face.
        bary: (H, W, 2), written: the weights in steps of 1/65535, 0 on the background.
        part: (H, W), written: the body part of each pixel, 0 on the background.

    Returns:
        Number of pixels that the body covers.
    """
    covered = 0
    for y in range(face.shape[0]):
        for x in range(face.shape[1]):
            f = face[y, x]
            if f < 0:
                part[y, x] = bary[y, x, 0] = bary[y, x, 1] = 0
                continue
            covered += 1
            part[y, x] = face_part[f]
            bary[y, x, 0] = np.uint16(weights[y, x, 0] * np.float32(65535) + np.float32(0.5))
            bary[y, x, 1] = np.uint16(weights[y, x, 1] * np.float32(65535) + np.float32(0.5))
    return covered
