"""A texture's layout: which point of the body each texel shows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import Body
from ptx.geometry.rasterizer import rasterize
from ptx.surface.points import Floats, Ints, SurfacePoints
from ptx.surface.symmetry import CACHED_BODIES

Scalar = TypeVar("Scalar", bound=np.generic)

BORDER = 4
"""Texels around the charts that get their nearest chart's colour, since textures are read between texels."""


@dataclass(frozen=True)
class Atlas:
    """Texels of a square texture, and where faces lie in it."""

    side: int
    """Side of the texture, px."""
    texels: Ints
    """(N,) indices y * side + x of the texels that show a point."""
    points: SurfacePoints
    """(N) the points that they show."""
    faces: Ints
    """(N,) the faces on which these lie."""
    uv: Floats
    """(F, 3, 2) px of the faces' corners in the texture."""
    border: tuple[Ints, Ints]
    """(M,) indices of texels beside the charts, and of the nearest texel of a chart to each."""

    def image(self, values: NDArray[Scalar], empty: float) -> NDArray[Scalar]:
        """Lay values (N, ...) of the texels into a texture (side, side, ...), with its border; `empty` elsewhere."""
        out = np.full((self.side * self.side, *values.shape[1:]), empty, values.dtype)
        out[self.texels] = values
        out[self.border[0]] = out[self.border[1]]
        return out.reshape(self.side, self.side, *values.shape[1:])


@lru_cache(maxsize=CACHED_BODIES)
def body_atlas(body: Body, side: int) -> Atlas:
    """Lay out a body's texture: by its own texture coordinates, or, where it has none, with two faces in each of many square cells."""
    if body.uv is None or body.face_uv is None:
        return _cells(body, side)
    corners = body.uv * side - 0.5
    flat = np.stack([corners[:, 0], side - 1 - corners[:, 1], np.zeros(len(corners))], axis=1).astype(np.float32)
    face, bary, _ = rasterize(flat, body.face_uv, side, side)
    texels = np.flatnonzero(face >= 0).astype(np.int32)
    shown = face.reshape(-1)[texels]
    points = SurfacePoints(np.ascontiguousarray(body.faces[shown]), np.ascontiguousarray(bary.reshape(-1, 2)[texels]))
    return Atlas(side, texels, points, shown, np.ascontiguousarray(flat[body.face_uv][..., :2]), _border(face >= 0))


def _border(inside: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """List the texels (M,) outside of the charts (H, W) but near one, and the nearest texel (M,) of a chart to each."""
    distance, label = cv2.distanceTransformWithLabels(
        (~inside).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    owner = np.zeros(int(label.max()) + 1, np.int32)
    texels = np.flatnonzero(inside)
    owner[label.reshape(-1)[texels]] = texels
    near = np.flatnonzero(~inside & (distance < BORDER)).astype(np.int32)
    return near, owner[label.reshape(-1)[near]]


def _cells(body: Body, side: int) -> Atlas:
    """Two faces in each cell, right angles in opposite corners; texels beside a face show the nearest point of it."""
    count = len(body.faces)
    across = int(np.ceil(np.sqrt((count + 1) // 2)))
    cell = side // across
    if cell < 6:
        raise ValueError(f"a texture of {side} px has no room for {count} faces")
    leg = cell - 4  # two texels between the faces, one beside each cell's edge
    lower = np.array([[1, 1], [1 + leg, 1], [1, 1 + leg]], np.float32)
    number = np.arange(count)
    origin = np.stack([number // 2 % across * cell, number // 2 // across * cell], axis=1).astype(np.float32)
    corners = np.where((number % 2 == 0)[:, None, None], lower, cell - 1 - lower)
    uv = origin[:, None] + corners
    y, x = np.mgrid[:cell, :cell].astype(np.float32)
    first = x + y <= cell - 1
    a, b = np.where(first, x, cell - 1 - x) - 1, np.where(first, y, cell - 1 - y) - 1  # along the two legs, px
    weights = np.maximum(np.stack([leg - a - b, a, b], axis=-1), 0)
    weights /= weights.sum(-1, keepdims=True)
    rows, columns = (origin[::2, i].astype(np.int64) for i in (1, 0))
    texels = (rows[:, None, None] + y.astype(np.int64)) * side + columns[:, None, None] + x.astype(np.int64)
    face = 2 * np.arange(len(rows))[:, None, None] + np.where(first, 0, 1)
    used = (face < count).reshape(-1)
    spread = np.broadcast_to(weights[..., :2], (len(rows), cell, cell, 2)).reshape(-1, 2)
    shown = face.reshape(-1)[used].astype(np.int32)
    points = SurfacePoints(np.ascontiguousarray(body.faces[shown]), np.ascontiguousarray(spread[used], np.float32))
    nothing = np.empty(0, np.int32)
    return Atlas(
        side, texels.reshape(-1)[used].astype(np.int32), points, shown, uv.astype(np.float32), (nothing, nothing)
    )
