"""Visibility: whether the source image shows the body point that a target pixel shows.

Two rules. `visible_faces` is the published one (Li, Huang and Loy, CVPR 2019): the pixel's face owns at least one
pixel of the source. A face smaller than a pixel often owns none though it is in full view, so 13 % of a body are
called hidden wrongly. `visible_exact` tests the point itself: no other face is before it in the source.

The exact test needs no tree. The points are sorted into the source's pixels (a counting sort), so that those in a run
of pixels of one row are side by side; then every face, once, is tested against the few points within its bounding box.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ptx.geometry.kernel import kernel
from ptx.geometry.labels import BACKGROUND, HIDDEN, VISIBLE
from ptx.geometry.rasterizer import FloatArray, IntArray, mesh_arrays, surface_arrays

TOLERANCE = 1e-4
"""Metres by which a face must be nearer than a point to hide it: above rounding, below any real fold."""

ByteArray = NDArray[np.uint8]


def visible_faces(face_target: ArrayLike, face_source: ArrayLike) -> ByteArray:
    """Apply the published rule: a target pixel is visible if its face owns a pixel of the source.

    Args:
        face_target: (H, W) face of each target pixel, from `rasterize`; negative = none.
        face_source: (H', W') face of each source pixel.

    Returns:
        (H, W) uint8 labels of `ptx.geometry.labels`.
    """
    target = np.ascontiguousarray(face_target, np.int32)
    source = np.ascontiguousarray(face_source, np.int32)
    out = np.empty(target.shape, np.uint8)
    _same_faces(target.reshape(-1), source.reshape(-1), int(target.max(initial=-1)) + 1, out.reshape(-1))
    return out


def visible_exact(
    face: ArrayLike,
    bary: ArrayLike,
    source_points: ArrayLike,
    faces: ArrayLike,
    tolerance: float = TOLERANCE,
    drawn: ArrayLike | None = None,
) -> ByteArray:
    """Apply the true rule: a target pixel is visible if nothing is before its body point in the source.

    Args:
        face: (H, W) face of each target pixel, from `rasterize`; negative = none. The source image has the same size.
        bary: (H, W, 2) barycentric weights of each target pixel, from `rasterize`.
        source_points: (V, 3) vertices in the source: u, v px and depth m.
        faces: (F, 3) vertex indices. The mesh should be closed: a face seen from behind is hidden by the faces before it.
        tolerance: metres by which another face must be nearer to hide the point.
        drawn: (F, 3) the faces that can hide a point in the source, in the same order, others with equal corners; None: all.

    Returns:
        (H, W) uint8 labels of `ptx.geometry.labels`; a point outside the source's frame (-0.5 ≤ u < W - 0.5, v likewise) is hidden. A
        point of a face with a NaN vertex in the source is hidden; such a face hides nothing.

    Raises:
        ValueError: shapes or indices do not fit together.
    """
    surface, weights, points, triangles = surface_arrays(face, bary, source_points, faces)
    before = triangles if drawn is None else mesh_arrays(points, drawn)[1]
    height, width = surface.shape
    out = np.full((height, width), BACKGROUND, np.uint8)
    if out.size:
        pixel, position, start = _sort_points(surface, weights, points, triangles, out)
        packed = _pack_bins(points, height, width)
        _hide(surface, points, before, packed, pixel, position, start, tolerance, out)
    return out


@kernel
def _same_faces(target: IntArray, source: IntArray, count: int, out: ByteArray) -> None:
    shown = np.zeros(count, np.bool_)
    for f in source:
        if 0 <= f < count:
            shown[f] = True
    for p in range(len(target)):
        out[p] = BACKGROUND if target[p] < 0 else VISIBLE if shown[target[p]] else HIDDEN


@kernel
def _sort_points(
    face: IntArray, bary: FloatArray, points: FloatArray, faces: IntArray, out: ByteArray
) -> tuple[IntArray, NDArray[np.float64], IntArray]:
    """Sort the target's body points within the source's frame by the source pixel in which they fall.

    Marks them visible in `out`, other body pixels hidden. Returns the target pixel (N,) of each, its position (N, 3) u,
    v, depth in the source, and start (H * W + 1,): the points of source pixel p are start[p] .. start[p + 1].
    """
    height, width = face.shape
    count = 0
    for y in range(height):
        for x in range(width):
            count += face[y, x] >= 0
    pixel, cell = np.empty(count, np.int32), np.empty(count, np.int32)
    position = np.empty((count, 3), np.float64)
    start = np.zeros(height * width + 1, np.int32)
    n = 0
    for y in range(height):
        for x in range(width):
            f = face[y, x]
            if f < 0:
                continue
            i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
            w0, w1 = float(bary[y, x, 0]), float(bary[y, x, 1])
            w2 = 1.0 - w0 - w1
            u = w0 * points[i, 0] + w1 * points[j, 0] + w2 * points[k, 0]
            v = w0 * points[i, 1] + w1 * points[j, 1] + w2 * points[k, 1]
            z = w0 * points[i, 2] + w1 * points[j, 2] + w2 * points[k, 2]
            out[y, x] = HIDDEN
            if u >= -0.5 and u < width - 0.5 and v >= -0.5 and v < height - 0.5 and z > -np.inf:
                out[y, x] = VISIBLE
                pixel[n] = y * width + x
                cell[n] = int(v + 0.5) * width + int(u + 0.5)
                position[n, 0], position[n, 1], position[n, 2] = u, v, z
                start[cell[n] + 1] += 1
                n += 1
    for p in range(height * width):
        start[p + 1] += start[p]
    sorted_pixel, sorted_position = np.empty(n, np.int32), np.empty((n, 3), np.float64)
    for m in range(n - 1, -1, -1):
        p = cell[m] + 1
        start[p] -= 1
        sorted_pixel[start[p]] = pixel[m]
        sorted_position[start[p], 0], sorted_position[start[p], 1] = position[m, 0], position[m, 1]
        sorted_position[start[p], 2] = position[m, 2]
    for p in range(height * width):
        start[p] = start[p + 1]
    start[height * width] = n
    return sorted_pixel, sorted_position, start


@kernel
def _pack_bins(points: FloatArray, height: int, width: int) -> IntArray:
    """Compute the pixel of every vertex, clipped to the image, packed as row << 16 | column; -1 if not finite."""
    packed = np.empty(len(points), np.int32)
    for i in range(len(points)):
        u, v, z = float(points[i, 0]), float(points[i, 1]), float(points[i, 2])
        column = np.int32(min(max(u + 0.5, 0.0), width - 1.0))
        row = np.int32(min(max(v + 0.5, 0.0), height - 1.0))
        finite = abs(u) < np.inf and abs(v) < np.inf and abs(z) < np.inf
        packed[i] = row << 16 | column if finite else -1
    return packed


@kernel
def _hide(
    face: IntArray,
    points: FloatArray,
    faces: IntArray,
    packed: IntArray,
    pixel: IntArray,
    position: NDArray[np.float64],
    start: IntArray,
    tolerance: float,
    out: ByteArray,
) -> None:
    """Mark the points hidden that another face covers at a depth smaller by more than the tolerance.

    The innermost loop has no branch: about one test in four succeeds, and no processor could predict which.
    """
    width = face.shape[1]
    owner = face.reshape(-1)[pixel]
    hidden = np.zeros(len(pixel), np.bool_)
    for f in range(len(faces)):
        i, j, k = np.uint32(faces[f, 0]), np.uint32(faces[f, 1]), np.uint32(faces[f, 2])
        a, b, c = packed[i], packed[j], packed[k]
        u0, v0, z0 = float(points[i, 0]), float(points[i, 1]), float(points[i, 2]) + tolerance
        u1, v1, z1 = float(points[j, 0]), float(points[j, 1]), float(points[j, 2]) + tolerance
        u2, v2, z2 = float(points[k, 0]), float(points[k, 1]), float(points[k, 2]) + tolerance
        area = (u1 - u0) * (v2 - v0) - (u2 - u0) * (v1 - v0)
        if (a | b | c) < 0 or area == 0.0:
            continue
        scale = 1.0 / area
        left, right = min(a & 0xFFFF, b & 0xFFFF, c & 0xFFFF), max(a & 0xFFFF, b & 0xFFFF, c & 0xFFFF)
        for row in range(min(a >> 16, b >> 16, c >> 16), max(a >> 16, b >> 16, c >> 16) + 1):
            for n in range(np.uint32(start[row * width + left]), np.uint32(start[row * width + right + 1])):
                x0, x1, x2 = u0 - position[n, 0], u1 - position[n, 0], u2 - position[n, 0]
                y0, y1, y2 = v0 - position[n, 1], v1 - position[n, 1], v2 - position[n, 1]
                w0, w1, w2 = (x1 * y2 - x2 * y1) * scale, (x2 * y0 - x0 * y2) * scale, (x0 * y1 - x1 * y0) * scale
                nearer = w0 * z0 + w1 * z1 + w2 * z2 < position[n, 2]
                hidden[n] |= (min(w0, w1, w2) >= 0.0) & nearer & (owner[n] != f)
    mark = out.reshape(-1)
    for n in range(len(pixel)):
        mark[pixel[n]] = HIDDEN if hidden[n] else VISIBLE
