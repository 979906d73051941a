"""Displacements of the skin along its normals in rest, so that they travel with the body: clothes and hair.

They are smooth functions of the values at a few hundred control vertices: what is solved for is small, and so is what is stored.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ptx.geometry.body import Body
from ptx.geometry.joints import PARENTS
from ptx.geometry.mesh import unit_normals
from ptx.geometry.mesh_graph import mesh_adjacency, mesh_edges
from ptx.geometry.quantization import CONTROLS
from ptx.geometry.zones import body_zones

Floats = NDArray[np.float64]

SPREAD_ROUNDS = 24
"""Rounds of averaging with neighbours that make the functions of the control vertices smooth, for `STANDARD` vertices."""

NEAREST = 6
"""Control vertices that each vertex depends on, at most."""

STANDARD = 13718
"""Number of vertices of the mesh on which weights of smoothness were chosen; they are scaled for others."""

SMOOTH = 20.0
"""Weight of the squared bilaplacian, against a squared distance of outlines in metres."""

HOLD = 0.01
"""Weight of the squared displacement itself."""

SCALP_HOLD = 0.005
"""Share of `HOLD` on the scalp, where hair may be thick."""

STIFF_HANDS, STIFF_FACE = 15.0, 5.0
"""Added stiffness of hands and of the face, which keep their form; hair above a face that is stiffer does not reach its outline."""

HAIR = 2.0
"""Weight of the squared gradient on the scalp: hair is as thick behind as it is seen to be above and beside."""

MOST = 0.2
"""Metres at which a displacement outwards ends: a coat's skirt stands off the legs as far."""

MOST_ARMS, MOST_SHOULDERS, MOST_SCALP = 0.25, 0.4, 0.5
"""Share of `MOST` on arms, on the trunk's upper end, where long hair would make a cape, and on the scalp."""

LEAST, THINNEST = -0.05, 0.35
"""Metres at which a displacement inwards ends, and the share of the distance to the bone: a shin that something hides is no peg."""


class ControlBasis(NamedTuple):
    """Displacements as a linear function of the values at K control vertices, and their cost."""

    weights: sp.csr_matrix
    """(V, K) rows sum to 1."""
    normals: NDArray[np.float32]
    """(V, 3) unit normals of the body in rest."""
    penalty: Floats
    """(K, K) half the Hessian of what displacements cost."""
    lower: Floats
    """(K,) metres."""
    upper: Floats
    """(K,) metres."""
    faces: NDArray[np.int32]
    """(F, 3) that are drawn."""
    hung: NDArray[np.float32] | None = None
    """(V, 3) displacements without any height, metres; None: none."""

    def offset(self, heights: NDArray[np.floating]) -> NDArray[np.float32]:
        """Displacements (V, 3), metres, of heights (K or more,) at the control vertices, metres."""
        along = np.asarray(self.weights @ heights[: self.weights.shape[1]], np.float32)
        out = along[:, None] * self.normals
        return np.asarray(out if self.hung is None else out + self.hung, np.float32)


@lru_cache(maxsize=4)
def control_basis(body: Body) -> ControlBasis:
    """Choose `CONTROLS` control vertices of a body, at most a third of all, and make the basis."""
    vertices = body.v_template.astype(np.float64)
    laplacian = mesh_laplacian(body.faces, len(vertices))
    controls = farthest_vertices(vertices, min(CONTROLS, len(vertices) // 3))
    weights = _spread(vertices, controls, laplacian)
    regions = body_zones(body)
    stiff = 1 + STIFF_HANDS * regions.hands + STIFF_FACE * regions.face
    mesh = len(vertices) / STANDARD
    bends = sp.diags(stiff) @ laplacian @ weights
    held = sp.diags(stiff * np.sqrt(1 - (1 - SCALP_HOLD) * regions.scalp)) @ weights
    edges = mesh_edges(body.faces)
    both = np.sqrt(regions.scalp[edges[:, 0]] * regions.scalp[edges[:, 1]])
    rows = np.arange(len(edges))
    gradient = sp.csr_matrix(
        (np.concatenate([both, -both]), (np.concatenate([rows, rows]), edges.T.reshape(-1))),
        (len(edges), len(vertices)),
    )
    hair = gradient @ weights
    penalty = SMOOTH * mesh * (bends.T @ bends) + HOLD / mesh * (held.T @ held) + HAIR * (hair.T @ hair)
    limited = (
        (1 - MOST_ARMS) * regions.arms + (1 - MOST_SHOULDERS) * regions.shoulders + (1 - MOST_SCALP) * regions.scalp
    )
    most = MOST * (1 - np.minimum(limited, 1 - MOST_ARMS))[controls]
    normals = unit_normals(body.v_template, body.faces)
    cost = penalty.toarray() + 1e-6 * np.eye(len(controls))  # of a control vertex that no other depends on
    least = np.maximum(LEAST, -THINNEST * bone_distance(body, vertices[controls]))
    return ControlBasis(weights, normals, cost, least, most, body.faces)


def bone_distance(body: Body, points: Floats) -> Floats:
    """Distance (N,) of points (N, 3) of a body in rest from its nearest bone, metres."""
    ends = body.joint_template.astype(np.float64)
    starts = ends[list(PARENTS[1:])]
    along = ends[1:] - starts
    length = np.maximum((along**2).sum(axis=1), 1e-12)
    share = np.clip(((points[:, None] - starts) * along).sum(axis=2) / length, 0, 1)
    apart = points[:, None] - starts - share[..., None] * along
    return np.asarray(np.linalg.norm(apart, axis=2).min(axis=1), np.float64)


def mesh_laplacian(faces: NDArray[np.int32], count: int) -> sp.csr_matrix:
    """Uniform Laplacian (V, V) of a mesh: the mean of a vertex's neighbours minus its own value."""
    adjacent = mesh_adjacency(faces, count)
    degree = np.maximum(np.asarray(adjacent.sum(axis=1)).reshape(-1), 1)
    return sp.csr_matrix(sp.diags(1 / degree) @ adjacent - sp.eye(count))


def farthest_vertices(vertices: Floats, count: int) -> NDArray[np.int64]:
    """Choose vertices one after the other, each the farthest from those before: evenly spread, and always the same."""
    chosen = np.zeros(count, np.int64)
    distance = np.full(len(vertices), np.inf)
    for n in range(count):
        chosen[n] = np.argmax(distance) if n else np.argmax(vertices[:, 1])
        distance = np.minimum(distance, ((vertices - vertices[chosen[n]]) ** 2).sum(axis=1))
    return np.sort(chosen)


def _spread(vertices: Floats, controls: NDArray[np.int64], laplacian: sp.csr_matrix) -> sp.csr_matrix:
    """Functions (V, K) of the control vertices: that of the nearest, averaged with neighbours again and again."""
    count = len(vertices)
    _, nearest = cKDTree(vertices[controls]).query(vertices)
    weights = sp.csr_matrix((np.ones(count), (np.arange(count), nearest)), (count, len(controls)))
    average = sp.csr_matrix(sp.eye(count) + 0.5 * laplacian)
    for _ in range(max(2, round(SPREAD_ROUNDS * count / STANDARD))):
        weights = sp.csr_matrix(average @ weights)
    return _largest(weights)


def _largest(weights: sp.csr_matrix) -> sp.csr_matrix:
    """Keep the `NEAREST` largest entries of each row, and make the rows sum to 1."""
    for row in range(weights.shape[0]):
        values = weights.data[weights.indptr[row] : weights.indptr[row + 1]]
        values[np.argsort(-values, kind="stable")[NEAREST:]] = 0
    weights.eliminate_zeros()
    total = np.asarray(weights.sum(axis=1)).reshape(-1)
    return sp.csr_matrix(sp.diags(1 / total) @ weights)
