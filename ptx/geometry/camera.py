"""The weak-perspective camera: the only module that converts metres to pixels.

A camera is (scale, cx, cy): pixels per metre, and the pixel on which the body frame's origin falls. The body frame has y up and
the viewer on +z; the image has y down and pixel centres at integers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def project(
    camera: NDArray[np.floating], xyz: NDArray[np.floating], out: NDArray[np.floating] | None = None
) -> NDArray[np.floating]:
    """Project points of the body frame into the image.

    Args:
        camera: (..., 3) scale in px per metre, cx and cy in px.
        xyz: (..., M, 3) metres, body frame.
        out: array for the result; may be `xyz` itself.

    Returns:
        (..., M, 3) of the inputs' dtype: u and v in px, depth = -z in metres (smaller is nearer).
    """
    scale = camera[..., None, 0]
    if out is None:
        out = np.empty_like(xyz)
    for i, factor in enumerate((scale, -scale)):
        np.multiply(xyz[..., i], factor, out=out[..., i])
        out[..., i] += camera[..., None, i + 1]
    np.negative(xyz[..., 2], out=out[..., 2])
    return out


def unproject(camera: NDArray[np.floating], points: NDArray[np.floating]) -> NDArray[np.floating]:
    """Invert `project`.

    Args:
        camera: (..., 3) scale in px per metre, cx and cy in px.
        points: (..., M, 3) u and v in px, depth in metres.

    Returns:
        (..., M, 3) metres, body frame.
    """
    scale = camera[..., None, 0]
    out = np.empty_like(points)
    out[..., 0] = (points[..., 0] - camera[..., None, 1]) / scale
    out[..., 1] = (camera[..., None, 2] - points[..., 1]) / scale
    out[..., 2] = -points[..., 2]
    return out


def place_camera(
    xyz: NDArray[np.floating], xy: NDArray[np.floating], weight: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Find the camera that projects points closest to given pixels, by weighted least squares.

    Args:
        xyz: (M, 3) metres, body frame.
        xy: (M, 2) px; rows of weight 0 may hold anything.
        weight: (M,) at least 0, two of them above 0.

    Returns:
        (3,) scale in px per metre, cx and cy in px. A scale of 0 or less: the points are upside down or coincide.
    """
    fraction = np.asarray(weight, np.float64)[:, None] / np.sum(weight)
    flat = np.asarray(xyz, np.float64)[:, :2] * (1, -1)
    pixels = np.where(fraction > 0, xy, 0.0)
    flat_mean = (fraction * flat).sum(0)
    pixel_mean = (fraction * pixels).sum(0)
    centred = flat - flat_mean
    scale = (fraction * centred * (pixels - pixel_mean)).sum() / max((fraction * centred**2).sum(), 1e-12)
    return np.array([scale, *(pixel_mean - scale * flat_mean)])
