"""Dense intrinsic appearance flow: for every body pixel of the target, the vector to the same body point in the source.

The flow points from target to source in pixels, `flow[y, x] = (u - x, v - y)`, as Li, Huang and Loy (CVPR 2019)
define it: on every body pixel of the target, also where the source does not show the point, and 0 on the background.
Cameras are weak perspective, so barycentric weights in the target hold in the source as they are.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ptx.geometry.kernel import kernel
from ptx.geometry.rasterizer import FloatArray, IntArray, surface_arrays

Image = NDArray[np.uint8]


def flow_between(face: ArrayLike, bary: ArrayLike, source_points: ArrayLike, faces: ArrayLike) -> FloatArray:
    """Compute the flow from the surface that the target shows to the same body in the source.

    Args:
        face: (H, W) face of each target pixel, from `rasterize`; negative = none.
        bary: (H, W, 2) barycentric weights of each target pixel, from `rasterize`.
        source_points: (V, 3) vertices in the source: u, v px and depth.
        faces: (F, 3) vertex indices.

    Returns:
        (H, W, 2) float32 px, (x, y); 0 on the background. A face with a NaN vertex in the source has NaN flow.

    Raises:
        ValueError: shapes or indices do not fit together.
    """
    surface, weights, points, triangles = surface_arrays(face, bary, source_points, faces)
    flow = np.zeros(weights.shape, np.float32)
    _flow(surface, weights, points, triangles, flow)
    return flow


def encode_flow(flow: ArrayLike) -> NDArray[np.int16]:
    """Encode flow in pixels as int16 in `FLOW_STEP`: rounded to nearest, clipped to the range of int16, NaN as 0."""
    pixels = np.ascontiguousarray(flow, np.float32)
    code = np.empty(pixels.shape, np.int16)
    _encode(pixels.reshape(-1), code.reshape(-1))
    return code


def warp(image: Image, flow: ArrayLike, fill: int | tuple[int, ...] = 0) -> Image:
    """Warp the source image to the target: out[y, x] = image at (x, y) + flow[y, x], sampled bilinearly.

    Args:
        image: (H', W', C) or (H', W') uint8, the source.
        flow: (H, W, 2) px.
        fill: colour 0..255 outside the source's frame, one value for all channels or one per channel (at most 4).

    Returns:
        (H, W, C) or (H, W) uint8. Pixel centres at integers, so zero flow gives the image itself (OpenCV's remap; in torch it is
        grid_sample with align_corners=True).
    """
    pixels = np.asarray(flow, np.float32)
    height, width = pixels.shape[:2]
    columns = pixels[..., 0] + np.arange(width, dtype=np.float32)
    rows = pixels[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    border = (fill,) * 4 if isinstance(fill, int) else tuple(fill)
    out = cv2.remap(image, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=border)
    return np.asarray(out, np.uint8).reshape(height, width, *image.shape[2:])


@kernel
def _flow(face: IntArray, bary: FloatArray, points: FloatArray, faces: IntArray, flow: FloatArray) -> None:
    for y in range(face.shape[0]):
        for x in range(face.shape[1]):
            f = face[y, x]
            if f >= 0:
                i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
                w0, w1 = float(bary[y, x, 0]), float(bary[y, x, 1])
                w2 = 1.0 - w0 - w1
                flow[y, x, 0] = w0 * points[i, 0] + w1 * points[j, 0] + w2 * points[k, 0] - x
                flow[y, x, 1] = w0 * points[i, 1] + w1 * points[j, 1] + w2 * points[k, 1] - y


@kernel
def _quantise(value: float) -> int:
    """Nearest step of one flow component; halves go to even, as NumPy rounds."""
    steps = np.float32(value) * np.float32(32)
    if steps > -32768 and steps < 32767:
        return int(np.rint(steps))
    if steps >= 32767:
        return 32767
    if steps <= -32768:
        return -32768
    return 0  # NaN


@kernel
def _encode(pixels: FloatArray, code: NDArray[np.int16]) -> None:
    for i in range(len(pixels)):
        code[i] = _quantise(pixels[i])
