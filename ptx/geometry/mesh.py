"""Vertex normals of triangle meshes, and values of vertices interpolated on faces."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.kernel import kernel

FloatArray = NDArray[np.float32]


@kernel
def vertex_normals(vertices: FloatArray, faces: NDArray[np.int32]) -> FloatArray:
    """Sum the normals of the faces around each vertex, each as long as twice its face's area.

    Args:
        vertices: (V, 3).
        faces: (F, 3) vertex indices, counter-clockwise from outside.

    Returns:
        (V, 3) outwards, not normalised, in the square of the vertices' unit.
    """
    out = np.zeros_like(vertices)
    for f in range(len(faces)):
        i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
        ax, bx = vertices[j, 0] - vertices[i, 0], vertices[k, 0] - vertices[i, 0]
        ay, by = vertices[j, 1] - vertices[i, 1], vertices[k, 1] - vertices[i, 1]
        az, bz = vertices[j, 2] - vertices[i, 2], vertices[k, 2] - vertices[i, 2]
        nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
        for v in (i, j, k):
            out[v, 0] += nx
            out[v, 1] += ny
            out[v, 2] += nz
    return out


def unit_normals(vertices: FloatArray, faces: NDArray[np.int32]) -> FloatArray:
    """Compute the normals (V, 3) of `vertex_normals` with length 1; 0 where all faces around a vertex have no area."""
    normals = vertex_normals(vertices, faces)
    return np.asarray(normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12), np.float32)


@kernel
def interpolate(
    owner: NDArray[np.int32], weights: FloatArray, faces: NDArray[np.int32], values: FloatArray
) -> FloatArray:
    """Interpolate values of vertices at points on faces.

    Args:
        owner: (M,) face of each point.
        weights: (M, 2) barycentric weights of the face's vertices 0 and 1.
        faces: (F, 3) vertex indices.
        values: (V, K) of the vertices.

    Returns:
        (M, K) float32.
    """
    out = np.empty((len(owner), values.shape[1]), np.float32)
    for m in range(len(owner)):
        f = owner[m]
        a, b = weights[m, 0], weights[m, 1]
        c = np.float32(1) - a - b
        for k in range(values.shape[1]):
            out[m, k] = a * values[faces[f, 0], k] + b * values[faces[f, 1], k] + c * values[faces[f, 2], k]
    return out
