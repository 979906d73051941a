"""Where a network sees a person: the box around them, brought into the middle of a picture of its size."""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]
Value = TypeVar("Value", np.uint8, np.float32)

COARSE = 0.6
"""Scale below which a picture is blurred first: `cv2.warpAffine` alone would skip pixels."""

BLUR = 0.4
"""Standard deviation of that blur, px of the result."""


def frame_box(low: ArrayLike, high: ArrayLike, size: tuple[int, int], margin: float) -> Floats:
    """Compute the matrix (2, 3) from px of a picture to those of a picture of another size that has a box in its middle.

    Args:
        low: (2,) x, y of the first pixel of the box.
        high: (2,) of its last.
        size: height, width of the other picture, px.
        margin: room around the box on each side, in its sides.
    """
    first, last, wanted = np.asarray(low, np.float64), np.asarray(high, np.float64), np.array(size[::-1])
    scale = (wanted / ((last - first + 1) * (1 + 2 * margin))).min()
    offset = (wanted - 1) / 2 - scale * (first + last) / 2
    return np.array([[scale, 0, offset[0]], [0, scale, offset[1]]], np.float32)


def warp_picture(
    picture: NDArray[Value],
    matrix: Floats,
    size: tuple[int, int],
    border: int = cv2.BORDER_CONSTANT,
    value: tuple[int, ...] = (0,),
) -> NDArray[Value]:
    """Warp a picture or plane (H, W) or (H, W, C), C at most 4, by a similarity (2, 3) to a size (height, width).

    `border` and `value` say what lies beyond its edges, as for `cv2.warpAffine`.
    """
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < COARSE:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), BLUR / scale), picture.dtype)
    out = cv2.warpAffine(picture, matrix, size[::-1], flags=cv2.INTER_LINEAR, borderMode=border, borderValue=value)
    return np.asarray(out, picture.dtype)
