"""Cloth's part of a body's mesh with every face cut in four: its points are near enough to each other to choose patches for."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from ptx.geometry.body import Body
from ptx.geometry.joints import joint
from ptx.geometry.kernel import kernel
from ptx.geometry.layers.layered_body import layer_of
from ptx.geometry.layers.worn import SKIRT
from ptx.geometry.mesh import unit_normals
from ptx.geometry.zones import body_zones, throat
from ptx.surface.layers import Mask
from ptx.surface.points import Floats, Ints
from ptx.surface.symmetry import CACHED_BODIES

TRUNK, ARMS, TUBE = 1, 2, 3
"""Groups of points that one piece of cloth may cover: trunk and legs, both arms, a skirt."""

GROUPS = 3

LEVEL = 3.0
"""Factor on differences of height, beside those of place."""


class FinerMesh(NamedTuple):
    """M points: the vertices of cloth's faces, and the middles of their edges."""

    ends: Ints
    """(M, 2) the vertices whose mean each point is; of a vertex, itself twice."""
    group: NDArray[np.uint8]
    """(M,) `TRUNK`, `ARMS` or `TUBE`; 0 belongs to none, and takes no patch."""
    first: Ints
    """(M + 1,) where each point's neighbours begin in `other`."""
    other: Ints
    """(E,) neighbours, in order."""
    corners: Ints
    """(F, 6) of each face of the body: the points at its corners i, j, k, and in the middles of ij, jk, ki; -1 of faces without cloth."""

    edge: float
    """Median length of an edge in rest, metres."""

    @property
    def is_vertex(self) -> Mask:
        """(M,) points that are vertices of the body."""
        return np.asarray(self.ends[:, 0] == self.ends[:, 1])

    def of(self, values: Floats) -> Floats:
        """Bring values (V, ...) of the vertices to the points (M, ...)."""
        return np.asarray((values[self.ends[:, 0]] + values[self.ends[:, 1]]) / 2, np.float32)


class Frames(NamedTuple):
    """The M points of a person who stands in rest, and two directions along the skin at each; unrolled, all of a group agree."""

    position: Floats
    """(M, 3) metres."""
    around: Floats
    """(M, 3) unit vectors around the trunk, or the limb."""
    up: Floats
    """(M, 3) unit vectors up the trunk, and from the hands to the shoulders."""
    height: Floats
    """(M,) metres, of the trunk and legs from the ground, of arms from the shoulder."""

    def beside(self, body: Body, known: Mask, wanted: Mask) -> Ints:
        """Find for each wanted vertex (V,) the nearest known one of its group; heights count more, since cloth goes round the body.

        Returns:
            Vertices (V,); those that are not wanted, or of whose group nothing is known, have their own.
        """
        mesh, group = finer_mesh(body), vertex_groups(body)
        out, own = np.arange(len(known), dtype=np.int32), np.flatnonzero(mesh.is_vertex)
        place = np.zeros((len(known), 4), np.float32)
        place[mesh.ends[own, 0]] = np.column_stack([self.position, LEVEL * self.height])[own]
        for number in range(1, GROUPS + 1):
            have, want = (np.flatnonzero((group == number) & some) for some in (known, wanted))
            if len(have) and len(want):
                out[want] = have[cKDTree(place[have]).query(place[want])[1]]
        return out


@lru_cache(maxsize=CACHED_BODIES)
def vertex_groups(body: Body) -> NDArray[np.uint8]:
    """Groups (V,) of the vertices; head, neck, hands and feet have none."""
    zones, layer = body_zones(body), layer_of(body)
    out = np.where(zones.arms > 0.5, ARMS, TRUNK)
    none = np.max([zones.hands, zones.feet, zones.head, throat(body)], axis=0) > 0.5
    out[none | (layer > 0)] = 0
    out[layer == SKIRT] = TUBE
    return out.astype(np.uint8)


@lru_cache(maxsize=CACHED_BODIES)
def finer_mesh(body: Body) -> FinerMesh:
    """Cut the faces of a body that have cloth at a corner."""
    group, count = vertex_groups(body), len(body.v_template)
    chosen = np.flatnonzero((group[body.faces] > 0).any(axis=1))
    faces = body.faces[chosen].astype(np.int64)
    edges = np.sort(np.stack([faces, np.roll(faces, -1, axis=1)], axis=2), axis=2)
    keys = np.concatenate([(faces * (count + 1)).reshape(-1), (edges[..., 0] * count + edges[..., 1]).reshape(-1)])
    # a vertex is an edge from itself to itself
    unique, number = np.unique(keys, return_inverse=True)
    ends = np.stack([unique // count, unique % count], axis=1)
    corners = np.full((len(body.faces), 6), -1, np.int32)
    corners[chosen] = number.reshape(2, -1, 3).transpose(1, 0, 2).reshape(-1, 6)
    i, j, k, ij, jk, ki = corners[chosen].T
    small = np.concatenate([np.stack(face, axis=1) for face in ((i, ij, ki), (ij, j, jk), (ki, jk, k), (ij, jk, ki))])
    adjacency = _adjacency(small, len(ends))
    both, rest = group[ends], body.v_template[ends].mean(axis=1)
    long = np.linalg.norm(rest[adjacency.indices] - np.repeat(rest, np.diff(adjacency.indptr), axis=0), axis=1)
    return FinerMesh(
        ends.astype(np.int32),
        np.where(both[:, 0] > 0, both[:, 0], both[:, 1]).astype(np.uint8),
        adjacency.indptr.astype(np.int32),
        adjacency.indices.astype(np.int32),
        corners,
        float(np.median(long)),
    )


def _adjacency(faces: NDArray[np.int32], count: int) -> csr_array:
    """Return the adjacency matrix (M, M) of faces (F, 3), as `mesh_adjacency`, which takes ten times as long for so many."""
    after = np.roll(faces, -1, axis=1)
    rows, columns = np.concatenate([faces, after]).reshape(-1), np.concatenate([after, faces]).reshape(-1)
    out = csr_array((np.ones(len(rows), np.float32), (rows, columns)), shape=(count, count))
    out.sum_duplicates()
    out.sort_indices()
    return out


def frames_of(body: Body, rest: Floats) -> Frames:
    """Directions at the points of a person in rest (V, 3)."""
    mesh = finer_mesh(body)
    position, normal = mesh.of(rest), mesh.of(unit_normals(rest, body.faces))
    axis = np.tile(np.array([0, 1, 0], np.float32), (len(position), 1))
    height = position[:, 1].copy()
    for side, sign in (("left", 1), ("right", -1)):
        shoulder, wrist = (body.joint_template[joint(f"{side}_{name}")] for name in ("shoulder", "wrist"))
        arm = (mesh.group == ARMS) & (sign * position[:, 0] > 0)
        axis[arm] = (shoulder - wrist) / np.linalg.norm(shoulder - wrist)
        height[arm] = (position[arm] - shoulder) @ axis[arm][0] if arm.any() else 0
    around = np.cross(axis, normal)
    around /= np.maximum(np.linalg.norm(around, axis=1, keepdims=True), 1e-6)
    up = np.cross(normal, around)
    up /= np.maximum(np.linalg.norm(up, axis=1, keepdims=True), 1e-6)
    return Frames(position, around.astype(np.float32), up.astype(np.float32), height.astype(np.float32))


@kernel
def small_face(a: float, b: float, c: float, weights: Floats) -> int:
    """Find which quarter of a face the point with weights a, b, c of its corners lies in, and write its weights (3,) there.

    Returns:
        Row of `QUARTERS`.
    """
    if a >= 0.5:
        weights[0], weights[1], weights[2] = 2 * a - 1, 2 * b, 2 * c
        return 0
    if b >= 0.5:
        weights[0], weights[1], weights[2] = 2 * a, 2 * b - 1, 2 * c
        return 1
    if c >= 0.5:
        weights[0], weights[1], weights[2] = 2 * a, 2 * b, 2 * c - 1
        return 2
    weights[0], weights[1], weights[2] = 1 - 2 * c, 1 - 2 * a, 1 - 2 * b
    return 3


QUARTERS = np.array([[0, 3, 5], [3, 1, 4], [5, 4, 2], [3, 4, 5]], np.int32)
"""Columns of `FinerMesh.corners` that each quarter of a face has."""
