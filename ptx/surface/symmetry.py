"""Where the body in rest has the same thing again: on its other side from left to right, and from front to back."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import Body
from ptx.geometry.layers.layered_body import LayeredBody
from ptx.geometry.layers.sheet import Sheet
from ptx.geometry.mesh import vertex_normals
from ptx.geometry.rasterizer import rasterize
from ptx.surface.points import Floats, Ints, SurfacePoints, closest_points

SCALE = 700.0
"""Pixels per metre of the views in which opposite points are looked up."""

JUMP = 0.02, 3.0
"""Metres, and lengths of an edge, by which opposites of its two ends may be apart; more is another part of the body."""

CACHED_BODIES = 4
"""Body models whose maps are kept."""


@lru_cache(maxsize=CACHED_BODIES)
def mirrored_points(body: Body) -> SurfacePoints:
    """Points (V) of the surface at the vertices' mirror images in the plane x = 0; of a sheet, its own."""
    if isinstance(body, LayeredBody):
        return _with_sheets(mirrored_points(body.base), body, [sheet.mirrored for sheet in body.sheets])
    return closest_points(body.v_template, body.faces, body.v_template * np.array([-1, 1, 1], np.float32))


class Opposite(NamedTuple):
    """The other side of the body in rest, seen from the front or from behind."""

    points: SurfacePoints
    """(V) points at the same x and y as the vertices."""
    valid: Floats
    """(V,) 1 where there is one, and neighbours have theirs beside it; else 0."""


@lru_cache(maxsize=CACHED_BODIES)
def opposite_points(body: Body) -> Opposite:
    """Look through the body in rest: from each vertex of its front to the back, and from the back to the front; a sheet's to its own."""
    if isinstance(body, LayeredBody):
        across = opposite_points(body.base)
        points = _with_sheets(across.points, body, [sheet.opposite_columns for sheet in body.sheets])
        every = [np.full(sheet.shape[0] * sheet.shape[1], sheet.opposite, np.float32) for sheet in body.sheets]
        return Opposite(points, np.concatenate([across.valid, *every]))
    vertices, faces = body.v_template, body.faces
    low, high = vertices.min(0), vertices.max(0)
    width, height = (int(np.ceil(SCALE * (high[i] - low[i]))) + 3 for i in (0, 1))
    u, v = SCALE * (vertices[:, 0] - low[0]) + 1.3, SCALE * (high[1] - vertices[:, 1]) + 1.3
    column, row = np.rint(u).astype(int), np.rint(v).astype(int)
    front = rasterize(np.stack([u, v, -vertices[:, 2]], axis=1), faces, height, width)
    back = rasterize(np.stack([u, v, vertices[:, 2]], axis=1), faces, height, width)
    facing = vertex_normals(vertices, faces)[:, 2] > 0
    face = np.where(facing, back[0][row, column], front[0][row, column])
    weights = np.where(facing[:, None], back[1][row, column], front[1][row, column])
    points = SurfacePoints(faces[np.maximum(face, 0)], np.ascontiguousarray(weights, np.float32))
    valid = (face >= 0).astype(np.float32)
    there = points.of(vertices)
    for a, b in ((0, 1), (1, 2), (2, 0)):
        i, j = faces[:, a], faces[:, b]
        edge, apart = (np.linalg.norm(x[i] - x[j], axis=1) for x in (vertices, there))
        far = apart > JUMP[0] + JUMP[1] * edge
        valid[i[far]] = valid[j[far]] = 0
    return Opposite(points, valid)


def _with_sheets(points: SurfacePoints, body: LayeredBody, columns: list[NDArray[np.int64]]) -> SurfacePoints:
    """Add the vertices of sheets to points of the body alone: those of the same row in other columns."""
    corners = [points.corners]
    for n, (sheet, other) in enumerate(zip(body.sheets, columns, strict=True)):
        corners.append(_own_vertices(sheet, body.first(n), other))
    count = sum(map(len, corners[1:]))
    whole = np.tile(np.array([1, 0], np.float32), (count, 1))
    return SurfacePoints(np.concatenate(corners), np.concatenate([points.weights, whole]))


def _own_vertices(sheet: Sheet, first: int, columns: NDArray[np.int64]) -> Ints:
    rows, count = sheet.shape
    vertices = first + np.arange(rows)[:, None] * count + columns
    return np.repeat(vertices.reshape(-1, 1), 3, axis=1).astype(np.int32)
