"""Displacements of a posed body's skin that bring its outline to that of a mask: one step of Gauss-Newton."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from ptx.geometry.body import Body
from ptx.geometry.camera import project
from ptx.geometry.dressing.displacements import ControlBasis
from ptx.geometry.dressing.outline import BodyOutline, Outline, body_outline, match
from ptx.geometry.dressing.refine import Person, Posed
from ptx.geometry.dressing.skirt_edges import WEIGHT, SkirtEdges, pair_edges
from ptx.geometry.kernel import kernel
from ptx.geometry.skinning import pose_vertices

Floats = NDArray[np.float64]

TURN = 0.05
"""Metres that a unit of difference between normals counts in the search of the nearest point."""

AGREE = 0.6
"""Least cosine between the normals of a pair."""

FARTHEST, SIDEWAYS = 0.25, 0.06
"""Largest distance of a pair, metres, along the mask's normal and across it."""

DEEP = 0.2
"""The body's outline farther within the mask, metres, than this is none of the person's."""

CUTOFF = 0.08
"""Metres of distance beyond which a pair counts less."""

METRES_APART = 1 / 350
"""Distance of points on outlines, metres, at which each counts one: at other sizes of the picture they count in proportion."""


class PosedSkin(NamedTuple):
    """A posed body whose skin is displaced: its vertices are linear in the displacements."""

    basis: ControlBasis
    """Of the displacements."""
    camera: NDArray[np.float32]
    """(3,) px per metre, px, px."""
    still: NDArray[np.float32]
    """(V, 3) vertices without displacement, metres."""
    turned: NDArray[np.float32]
    """(V, 3) the posed normals, along which they are displaced."""

    def points(self, heights: Floats) -> NDArray[np.floating]:
        """Project the vertices: (V, 3) u, v px, depth m, displaced by heights (K,) at the control vertices, metres."""
        along = np.asarray(self.basis.weights @ heights, np.float32)
        return project(self.camera, self.still + along[:, None] * self.turned)


def pose_skin(body: Body, basis: ControlBasis, posed: Posed) -> PosedSkin:
    """Pose a body once, for all displacements of a basis."""
    rest = np.zeros_like(basis.normals) if basis.hung is None else basis.hung
    poses = np.stack([posed.pose, posed.pose])
    fingers = None if posed.hands_pose is None else np.stack([posed.hands_pose, posed.hands_pose])
    still, moved = pose_vertices(body, poses, posed.betas, fingers, np.stack([rest, rest + basis.normals]))
    return PosedSkin(basis, posed.camera, still, moved - still)


def displace(
    skin: PosedSkin, heights: Floats, target: Outline, person: Person, edges: SkirtEdges | None = None
) -> Floats:
    """Solve once for the displacements that bring the body's outline to the mask's.

    Args:
        skin: the posed body.
        heights: (K,) displacements so far, metres.
        target: outline of the mask.
        person: size and area of their picture count.
        edges: of the skirt that is worn; the mask's outline is then without it. None: none is.

    Returns:
        (K,) metres, within the basis's limits.
    """
    basis, points = skin.basis, skin.points(heights)
    ours = body_outline(points, basis.faces, person.size, area=person.area)
    if not len(ours.weights):
        return heights
    rows = [_outline_rows(skin, ours, target)]
    if edges is not None:
        tube = edges.has(ours.vertices[:, 0])
        rows = [
            _outline_rows(skin, ours.only(~tube), target),
            _outline_rows(skin, ours.only(tube), edges.outline),
            _edge_rows(skin, edges, points),
        ]
    hessian, right = np.array(basis.penalty, order="F"), np.zeros(len(heights))
    table = basis.weights
    for row in rows:
        _add_pairs(*row, table.indptr, table.indices, table.data, heights, hessian, right)
    factor = scipy.linalg.cho_factor(hessian, lower=True, overwrite_a=True, check_finite=False)
    solution = scipy.linalg.cho_solve(factor, right, overwrite_b=True, check_finite=False)
    return np.asarray(np.clip(solution, basis.lower, basis.upper), np.float64)


class _Rows(NamedTuple):
    """Rows of the normal equations: the first arguments of `_add_pairs`."""

    vertices: NDArray[np.int32]
    along: Floats
    gap: Floats
    weight: Floats


def _outline_rows(skin: PosedSkin, ours: BodyOutline, target: Outline) -> _Rows:
    """Rows of the pairs of an outline of the body and one of the mask."""
    scale = float(skin.camera[0])
    if not len(ours.weights) or not len(target.xy):
        return _Rows(np.zeros((0, 3), np.int32), np.zeros((0, 3)), np.zeros(0), np.zeros(0))
    chosen, partner = _pairs(ours, target, scale)
    normals = target.normals[partner]
    gap = ((target.xy[partner] - chosen.outline.xy) * normals).sum(axis=1) / scale
    moves = skin.turned[chosen.vertices][..., :2].astype(np.float64) * (1, -1)  # (M, 3, 2), px axes over px per metre
    along = (moves * normals[:, None]).sum(axis=-1) * chosen.weights
    return _Rows(chosen.vertices, along, gap, 1 / (1 + (gap / CUTOFF) ** 2) * (1 / (METRES_APART * scale)))


def _edge_rows(skin: PosedSkin, edges: SkirtEdges, points: NDArray[np.floating]) -> _Rows:
    """Rows of the vertices (V, 3), as they are drawn, that should lie on a skirt's edges."""
    pairs = pair_edges(edges, points, float(skin.camera[0]))
    along = np.zeros((len(pairs.vertices), 3))
    along[:, 0] = (skin.turned[pairs.vertices][:, :2] * (1, -1) * pairs.direction).sum(axis=1)
    vertices = np.repeat(pairs.vertices[:, None], 3, axis=1).astype(np.int32)
    return _Rows(vertices, along, pairs.gap, np.full(len(pairs.gap), WEIGHT))


def _pairs(ours: BodyOutline, target: Outline, scale: float) -> tuple[BodyOutline, NDArray[np.int64]]:
    """Pair the body's outline with the mask's, both ways: a point of the body each (M), and the row (M,) of the mask's."""
    pairs = match(ours.outline, target, TURN * scale)
    normals = target.normals[pairs.mask]
    apart = (target.xy[pairs.mask] - ours.outline.xy[pairs.body]) / scale
    gap = (apart * normals).sum(axis=1)
    across = np.linalg.norm(apart - gap[:, None] * normals, axis=1)
    agree = (ours.outline.normals[pairs.body] * normals).sum(axis=1) > AGREE
    keep = agree & (np.abs(gap) < FARTHEST) & (across < SIDEWAYS)
    keep[: pairs.nearest] &= np.abs(gap[: pairs.nearest]) < DEEP
    return ours.only(pairs.body[keep]), pairs.mask[keep]


@kernel
def _add_pairs(
    vertices: NDArray[np.int32],
    along: Floats,
    gap: Floats,
    weight: Floats,
    first: NDArray[np.int32],
    column: NDArray[np.int32],
    share: Floats,
    heights: Floats,
    hessian: Floats,
    right: Floats,
) -> None:
    """Add pairs to the normal equations of the heights.

    Args:
        vertices: (M, 3) of the face that a point of the body's outline is on.
        along: (M, 3) metres by which a unit of displacement of each moves the point along the mask's normal.
        gap: (M,) metres that are missing.
        weight: (M,).
        first: (V + 1,) where each vertex's control vertices begin in `column`.
        column: (N,) control vertices.
        share: (N,) their weights.
        heights: (K,) displacements so far, metres.
        hessian: (K, K), added to.
        right: (K,), added to.
    """
    columns, values = np.empty(len(heights), np.int64), np.zeros(len(heights))
    for m in range(len(gap)):
        count, wanted = 0, gap[m]
        for corner in range(3):
            vertex = vertices[m, corner]
            for n in range(first[vertex], first[vertex + 1]):
                value, k = along[m, corner] * share[n], np.int64(column[n])
                wanted += value * heights[k]
                at = 0
                while at < count and columns[at] != k:
                    at += 1
                if at == count:
                    columns[count], values[count] = k, 0.0
                    count += 1
                values[at] += value
        for i in range(count):
            part = weight[m] * values[i]
            right[columns[i]] += part * wanted
            for j in range(count):
                hessian[columns[i], columns[j]] += part * values[j]
