"""A z-buffer rasteriser for meshes of many small triangles.

Pixel centres are at integers, x to the right and y down; smaller depth is nearer. A pixel belongs to a face when all
three barycentric weights of its centre are > 0 (a centre exactly on an edge belongs to neither side); the nearest
face wins, of equals the one with the lower index. Both sides of a face are drawn. The same rules as PyTorch3D's
`rasterize_meshes` with one face per pixel and no culling.

Most faces of a body at 256×256 hold no pixel centre at all. So every vertex is first reduced to two small integers,
the ceilings of its coordinates; a face whose three vertices agree in either of them is dismissed by three integer
loads and two compares.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ptx.geometry.kernel import kernel

MAX_SIDE = 32767
"""Largest side of an image, px: two ceilings are packed in one int32, and OpenCV's remap has the same limit."""

NOTES = 1024
"""Covered pixels that are collected before they are written to the image."""

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]
Surface = tuple[IntArray, FloatArray, FloatArray]
"""Arrays face (H, W), bary (H, W, 2) and depth (H, W) of `rasterize`."""


def rasterize(points: ArrayLike, faces: ArrayLike, height: int, width: int, out: Surface | None = None) -> Surface:
    """Rasterise a mesh: the face that every pixel shows, and the point on it.

    Args:
        points: (V, 3) u, v px and depth (smaller is nearer), used as float32. Faces with a NaN or infinite vertex are not drawn.
        faces: (F, 3) vertex indices.
        height: of the image, 1..32767 px.
        width: of the image, 1..32767 px.
        out: arrays of the result's shapes and types to write into, say one sample of a block; new ones cost 0.1 ms.

    Returns:
        face (H, W) int32, -1 = none; bary (H, W, 2) float32, the weights of the face's vertices 0 and 1 in 0..1, 0 where none; depth
        (H, W) float32, +inf where none.

    Raises:
        ValueError: shapes, indices or the image's size do not fit together.
    """
    vertices, triangles = mesh_arrays(points, faces)
    if not (0 < height <= MAX_SIDE and 0 < width <= MAX_SIDE):
        raise ValueError(f"image of {height}×{width} pixels: each side must be 1..{MAX_SIDE}")
    face, bary, depth = out if out is not None else _empty_surface(height, width)
    if (face.shape, bary.shape, depth.shape) != ((height, width), (height, width, 2), (height, width)):
        raise ValueError(f"out holds {face.shape}, {bary.shape}, {depth.shape}; the image is {height}×{width}")
    packed = _pack_ceilings(vertices, height, width)
    _draw(vertices, triangles, packed, _holding_a_centre(triangles, packed), face, depth)
    _barycentric(vertices, triangles, face, bary)
    return face, bary, depth


def _empty_surface(height: int, width: int) -> Surface:
    shape = height, width
    return np.empty(shape, np.int32), np.empty((*shape, 2), np.float32), np.empty(shape, np.float32)


def mesh_arrays(points: ArrayLike, faces: ArrayLike) -> tuple[FloatArray, IntArray]:
    """Convert points (V, 3) to float32 and faces (F, 3) to int32, both contiguous.

    Raises:
        ValueError: the shapes are wrong, or a face names a vertex that is not there.
    """
    vertices = np.ascontiguousarray(points, np.float32)
    triangles = np.ascontiguousarray(faces, np.int32)
    if vertices.ndim != 2 or vertices.shape[1] != 3 or triangles.ndim != 2 or triangles.shape[1] != 3:
        raise ValueError(f"points {vertices.shape} and faces {triangles.shape} must be (V, 3) and (F, 3)")
    if triangles.size and (triangles.min() < 0 or triangles.max() >= len(vertices)):
        raise ValueError(f"faces name vertices {triangles.min()}..{triangles.max()}, but there are {len(vertices)}")
    return vertices, triangles


def surface_arrays(
    face: ArrayLike, bary: ArrayLike, points: ArrayLike, faces: ArrayLike
) -> tuple[IntArray, FloatArray, FloatArray, IntArray]:
    """Convert a rasterised surface and a mesh to contiguous arrays of the kernels' types.

    Args:
        face: (H, W) face of each pixel, negative = none.
        bary: (H, W, 2) barycentric weights of each pixel.
        points: (V, 3) vertices.
        faces: (F, 3) vertex indices.

    Returns:
        The four arrays as int32, float32, float32 and int32.

    Raises:
        ValueError: shapes or indices do not fit together.
    """
    vertices, triangles = mesh_arrays(points, faces)
    surface = np.ascontiguousarray(face, np.int32)
    weights = np.ascontiguousarray(bary, np.float32)
    if surface.ndim != 2 or weights.shape != (*surface.shape, 2):
        raise ValueError(f"face {surface.shape} and bary {weights.shape} must be (H, W) and (H, W, 2)")
    if surface.size and surface.max() >= len(triangles):
        raise ValueError(f"the image shows face {surface.max()}, but there are {len(triangles)} faces")
    return surface, weights, vertices, triangles


@kernel
def _pack_ceilings(points: FloatArray, height: int, width: int) -> IntArray:
    """Compute ceil(u) and ceil(v) of every vertex, clipped to 0..W and 0..H, packed as v << 16 | u; -1 if not finite.

    The integers x with min(u) < x < max(u) over a face lie in [min(ceil u), max(ceil u) - 1]: none if all are equal.
    """
    packed = np.empty(len(points), np.int32)
    for i in range(len(points)):
        u, v, z = points[i, 0], points[i, 1], points[i, 2]
        column = np.int32(np.ceil(min(max(u, np.float32(0)), np.float32(width))))
        row = np.int32(np.ceil(min(max(v, np.float32(0)), np.float32(height))))
        finite = abs(u) < np.inf and abs(v) < np.inf and abs(z) < np.inf
        packed[i] = row << 16 | column if finite else -1
    return packed


@kernel
def _holding_a_centre(faces: IntArray, packed: IntArray) -> IntArray:
    """List the faces whose bounding box holds a pixel centre and whose vertices are finite, in order.

    Written without branches, which no processor could predict.
    """
    chosen = np.empty(len(faces) + 1, np.int32)
    n = 0
    for f in range(len(faces)):
        a, b, c = packed[np.uint32(faces[f, 0])], packed[np.uint32(faces[f, 1])], packed[np.uint32(faces[f, 2])]
        differ = (a ^ b) | (a ^ c)
        chosen[n] = f
        n += (differ >= 1 << 16) & ((differ & 0xFFFF) != 0) & ((a | b | c) >= 0)
    return chosen[:n]


@kernel
def _draw(
    points: FloatArray, faces: IntArray, packed: IntArray, chosen: IntArray, face: IntArray, depth: FloatArray
) -> None:
    """Write the index and depth of the nearest of the chosen faces, in ascending order, into `face` and `depth`.

    Whether a face covers a centre is as hard to predict, so every centre of its box is noted down, and the note kept only
    if covered; the notes are written to the image from time to time. Unsigned indices spare the test for negative ones.
    Differences of float32 are taken in float64: a centre's side of an edge is exact but for rounding two products.
    """
    face[:] = -1
    depth[:] = np.inf
    width = face.shape[1]
    room = NOTES + width
    note_face, note_pixel, note_depth = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.float32)
    n = 0
    for f in chosen:
        i, j, k = np.uint32(faces[f, 0]), np.uint32(faces[f, 1]), np.uint32(faces[f, 2])
        a, b, c = packed[i], packed[j], packed[k]
        u0, v0, z0 = float(points[i, 0]), float(points[i, 1]), float(points[i, 2])
        u1, v1, z1 = float(points[j, 0]), float(points[j, 1]), float(points[j, 2])
        u2, v2, z2 = float(points[k, 0]), float(points[k, 1]), float(points[k, 2])
        area = (u1 - u0) * (v2 - v0) - (u2 - u0) * (v1 - v0)
        scale = 1.0 / area if area != 0.0 else 0.0  # a degenerate face has weights 0: it covers nothing
        left, right = min(a & 0xFFFF, b & 0xFFFF, c & 0xFFFF), max(a & 0xFFFF, b & 0xFFFF, c & 0xFFFF)
        top, bottom = min(a >> 16, b >> 16, c >> 16), max(a >> 16, b >> 16, c >> 16)
        for y in range(top, bottom):
            if n > NOTES:
                n = _write_notes(note_face, note_pixel, note_depth, n, face, depth)
            row = float(y)
            y0, y1, y2 = v0 - row, v1 - row, v2 - row
            for x in range(left, right):
                column = float(x)
                x0, x1, x2 = u0 - column, u1 - column, u2 - column
                w0, w1, w2 = (x1 * y2 - x2 * y1) * scale, (x2 * y0 - x0 * y2) * scale, (x0 * y1 - x1 * y0) * scale
                note_face[n] = f
                note_pixel[n] = y * width + x
                note_depth[n] = w0 * z0 + w1 * z1 + w2 * z2
                n += min(w0, w1, w2) > 0.0
    _write_notes(note_face, note_pixel, note_depth, n, face, depth)


@kernel
def _write_notes(
    note_face: IntArray, note_pixel: IntArray, note_depth: FloatArray, n: int, face: IntArray, depth: FloatArray
) -> int:
    """Write the first n notes to the image, nearest wins, of equals the first; returns 0, the number of notes left."""
    index, nearest = face.reshape(-1), depth.reshape(-1)
    for m in range(n):
        p = np.uint32(note_pixel[m])
        if note_depth[m] < nearest[p]:
            nearest[p] = note_depth[m]
            index[p] = note_face[m]
    return 0


@kernel
def _barycentric(points: FloatArray, faces: IntArray, face: IntArray, bary: FloatArray) -> None:
    """Write the weights of vertices 0 and 1 of each pixel's face into `bary`, 0 where there is none."""
    for y in range(face.shape[0]):
        for x in range(face.shape[1]):
            f = face[y, x]
            if f < 0:
                bary[y, x, 0] = 0.0
                bary[y, x, 1] = 0.0
                continue
            i, j, k = np.uint32(faces[f, 0]), np.uint32(faces[f, 1]), np.uint32(faces[f, 2])
            x0, y0 = float(points[i, 0]) - x, float(points[i, 1]) - y
            x1, y1 = float(points[j, 0]) - x, float(points[j, 1]) - y
            x2, y2 = float(points[k, 0]) - x, float(points[k, 1]) - y
            w0, w1, w2 = x1 * y2 - x2 * y1, x2 * y0 - x0 * y2, x0 * y1 - x1 * y0
            scale = 1.0 / (w0 + w1 + w2)
            bary[y, x, 0] = w0 * scale
            bary[y, x, 1] = w1 * scale
