"""Which face every pixel sees: a z-buffer for meshes of many small triangles.

Pixel centres are at integers, x to the right and y down; smaller depth is nearer. A pixel belongs to a face when all
three barycentric weights of its centre are > 0 (a centre exactly on an edge belongs to neither side); the nearest
face wins, of equals the one with the lower index. Both sides of a face are drawn. The same rules as PyTorch3D's
`rasterize_meshes` with one face per pixel and no culling.

Most faces of a body at 256×256 hold no pixel centre at all. So every vertex is first reduced to two small integers,
the ceilings of its coordinates; a face whose three vertices agree in either of them is dismissed by three integer
loads and two compares.
"""

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

MAX_SIDE = 32767  # of an image in pixels: two ceilings are packed in one int32, and OpenCV's remap has the same limit

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]


def rasterize(points: ArrayLike, faces: ArrayLike, height: int, width: int) -> tuple[IntArray, FloatArray, FloatArray]:
    """Draw a mesh and return the surface that every pixel sees.

    points: (V, 3) u, v in pixels and depth (smaller is nearer), used as float32. Faces with a NaN or infinite vertex
    are not drawn.
    faces: (F, 3) vertex indices.
    height, width: of the image, 1..32767 pixels.

    Returns face (H, W) int32, -1 = none; bary (H, W, 2) float32, the weights of the face's vertices 0 and 1 in
    0..1, 0 where none; depth (H, W) float32, +inf where none.
    """
    vertices, triangles = mesh_arrays(points, faces)
    if not (0 < height <= MAX_SIDE and 0 < width <= MAX_SIDE):
        raise ValueError(f"image of {height}×{width} pixels: each side must be 1..{MAX_SIDE}")
    face = np.full((height, width), -1, np.int32)
    bary = np.zeros((height, width, 2), np.float32)
    depth = np.full((height, width), np.inf, np.float32)
    _draw(vertices, triangles, _pack_ceilings(vertices, height, width), face, depth)
    _weigh(vertices, triangles, face, bary)
    return face, bary, depth


def mesh_arrays(points: ArrayLike, faces: ArrayLike) -> tuple[FloatArray, IntArray]:
    """Points (V, 3) as float32 and faces (F, 3) as int32; refused if a face names a vertex that is not there."""
    vertices = np.ascontiguousarray(points, np.float32)
    triangles = np.ascontiguousarray(faces, np.int32)
    if vertices.ndim != 2 or vertices.shape[1] != 3 or triangles.ndim != 2 or triangles.shape[1] != 3:
        raise ValueError(f"points {vertices.shape} and faces {triangles.shape} must be (V, 3) and (F, 3)")
    if triangles.size and (triangles.min() < 0 or triangles.max() >= len(vertices)):
        raise ValueError(f"faces name vertices {triangles.min()}..{triangles.max()}, but there are {len(vertices)}")
    return vertices, triangles


@njit(cache=True, nogil=True)
def _pack_ceilings(points: FloatArray, height: int, width: int) -> IntArray:
    """ceil(u) and ceil(v) of every vertex, held within the image (0..W, 0..H; NaN becomes 0), packed as v << 16 | u.

    The integers x with min(u) < x < max(u) over a face lie in [min(ceil u), max(ceil u) - 1]: none if all three are
    equal.
    """
    packed = np.empty(len(points), np.int32)
    for i in range(len(points)):
        u, v = points[i, 0], points[i, 1]
        column = np.int32(0)
        if u >= width:
            column = np.int32(width)
        elif u > 0:
            column = np.int32(np.ceil(u))
        row = np.int32(0)
        if v >= height:
            row = np.int32(height)
        elif v > 0:
            row = np.int32(np.ceil(v))
        packed[i] = row << 16 | column
    return packed


@njit(cache=True, nogil=True)
def _draw(points: FloatArray, faces: IntArray, packed: IntArray, face: IntArray, depth: FloatArray) -> None:
    """Write the index and depth of the nearest face into `face` and `depth` (same shape, already cleared)."""
    for f in range(len(faces)):
        i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
        a, b, c = packed[i], packed[j], packed[k]
        differ = (a ^ b) | (a ^ c)
        if differ < 65536 or differ & 0xFFFF == 0:
            continue
        u0, v0, z0 = float(points[i, 0]), float(points[i, 1]), float(points[i, 2])
        u1, v1, z1 = float(points[j, 0]), float(points[j, 1]), float(points[j, 2])
        u2, v2, z2 = float(points[k, 0]), float(points[k, 1]), float(points[k, 2])
        area = (u1 - u0) * (v2 - v0) - (u2 - u0) * (v1 - v0)
        if area == 0.0 or not np.isfinite(area + z0 + z1 + z2):
            continue
        scale = 1.0 / area
        left, right = min(a & 0xFFFF, b & 0xFFFF, c & 0xFFFF), max(a & 0xFFFF, b & 0xFFFF, c & 0xFFFF)
        top, bottom = min(a >> 16, b >> 16, c >> 16), max(a >> 16, b >> 16, c >> 16)
        for y in range(top, bottom):
            for x in range(left, right):
                w0 = ((u1 - x) * (v2 - y) - (u2 - x) * (v1 - y)) * scale
                w1 = ((u2 - x) * (v0 - y) - (u0 - x) * (v2 - y)) * scale
                w2 = ((u0 - x) * (v1 - y) - (u1 - x) * (v0 - y)) * scale
                if w0 > 0.0 and w1 > 0.0 and w2 > 0.0:
                    z = np.float32(w0 * z0 + w1 * z1 + w2 * z2)
                    if z < depth[y, x]:
                        depth[y, x] = z
                        face[y, x] = f


@njit(cache=True, nogil=True)
def _weigh(points: FloatArray, faces: IntArray, face: IntArray, bary: FloatArray) -> None:
    """Write the weights of vertices 0 and 1 of each pixel's face into `bary`."""
    height, width = face.shape
    for y in range(height):
        for x in range(width):
            f = face[y, x]
            if f < 0:
                continue
            i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
            u0, v0 = float(points[i, 0]), float(points[i, 1])
            u1, v1 = float(points[j, 0]), float(points[j, 1])
            u2, v2 = float(points[k, 0]), float(points[k, 1])
            scale = 1.0 / ((u1 - u0) * (v2 - v0) - (u2 - u0) * (v1 - v0))
            bary[y, x, 0] = ((u1 - x) * (v2 - y) - (u2 - x) * (v1 - y)) * scale
            bary[y, x, 1] = ((u2 - x) * (v0 - y) - (u0 - x) * (v2 - y)) * scale
