"""Points on the surface of a mesh, each by three vertices and their weights."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ptx.geometry.mesh import interpolate

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


class SurfacePoints(NamedTuple):
    """N points; their vertices need not be those of one face."""

    corners: Ints
    """(N, 3) vertex indices."""
    weights: Floats
    """(N, 2) weights of the first two vertices; all three sum to 1."""

    def of(self, values: Floats) -> Floats:
        """Interpolate values (V, K) or (V,) of the vertices at the points: (N, K) or (N,)."""
        table = np.ascontiguousarray(values.reshape(len(values), -1), np.float32)
        rows = np.arange(len(self.corners), dtype=np.int32)
        out = interpolate(rows, self.weights, self.corners, table)
        return out if values.ndim > 1 else out[:, 0]

    def chosen(self, rows: NDArray[np.intp]) -> SurfacePoints:
        """Return some of the points."""
        return SurfacePoints(self.corners[rows], self.weights[rows])


def closest_points(vertices: Floats, faces: Ints, queries: Floats) -> SurfacePoints:
    """Find the points of a mesh (V, 3), (F, 3) that are closest to others (N, 3), on the faces about the closest vertex."""
    _, nearest = cKDTree(vertices).query(queries)
    order = np.argsort(faces, axis=None, kind="stable")
    first = np.searchsorted(faces.reshape(-1)[order], np.arange(len(vertices) + 1))
    best = np.full(len(queries), np.inf)
    corners = np.repeat(nearest[:, None], 3, axis=1).astype(np.int32)
    weights = np.tile(np.array([1, 0], np.float32), (len(queries), 1))
    for slot in range(int(np.diff(first).max())):
        there = np.flatnonzero(first[nearest] + slot < first[nearest + 1])
        face = faces[order[first[nearest[there]] + slot] // 3]
        w = _clipped_barycentric(vertices[face].astype(np.float64), queries[there].astype(np.float64))
        distance = np.linalg.norm(np.einsum("nk,nkc->nc", w, vertices[face]) - queries[there], axis=1)
        nearer = distance < best[there]
        best[there[nearer]], corners[there[nearer]] = distance[nearer], face[nearer]
        weights[there[nearer]] = w[nearer, :2]
    return SurfacePoints(corners, weights)


def _clipped_barycentric(triangles: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights (N, 3) of the points (N, 3) projected into the planes of triangles (N, 3, 3), brought to 0..1."""
    a, b, p = triangles[:, 0] - triangles[:, 2], triangles[:, 1] - triangles[:, 2], points - triangles[:, 2]
    aa, ab, bb = ((x * y).sum(1) for x, y in ((a, a), (a, b), (b, b)))
    pa, pb = (p * a).sum(1), (p * b).sum(1)
    area = np.maximum(aa * bb - ab * ab, 1e-30)
    first, second = (bb * pa - ab * pb) / area, (aa * pb - ab * pa) / area
    weights = np.maximum(np.stack([first, second, 1 - first - second], axis=1), 0)
    return np.asarray(weights / weights.sum(1, keepdims=True))
