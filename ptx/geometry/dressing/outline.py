"""Outlines of masks and of projected bodies, and which points of the one belong to which of the other."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ptx.geometry.rasterizer import rasterize

Floats = NDArray[np.float64]

BLUR = 2.0
"""Standard deviation, px, of the blur that normals of an outline are taken from."""

SHORTEST = 40
"""Contours of fewer pixels than this are specks."""

BORDER = 3
"""Points nearer than this, px, to the edge of the picture are not the person's outline but the picture's."""


class Outline(NamedTuple):
    """Points of an outline."""

    xy: Floats
    """(M, 2) px."""
    normals: Floats
    """(M, 2) unit vectors that point outwards."""


class BodyOutline(NamedTuple):
    """Points of a projected body's outline, and where they are on its surface."""

    outline: Outline
    vertices: NDArray[np.int32]
    """(M, 3) vertices of the face."""
    weights: Floats
    """(M, 3) barycentric weights."""

    def only(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> BodyOutline:
        """Some of the points."""
        outline = Outline(self.outline.xy[chosen], self.outline.normals[chosen])
        return BodyOutline(outline, self.vertices[chosen], self.weights[chosen])


def mask_outline(mask: NDArray[np.floating], step: int = 1, area: NDArray[np.bool_] | None = None) -> Outline:
    """Trace the outline of a mask, at one half.

    Args:
        mask: (H, W) 0 to 1.
        step: every so many pixels of it are taken.
        area: (H, W) False beyond the edge of the photograph, which is the picture's where it is None; near it nothing is an outline.
    """
    smooth = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), BLUR)
    slope_x, slope_y = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    contours, _ = cv2.findContours((mask > 0.5).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    long_ones = [contour[:, 0] for contour in contours if len(contour) > SHORTEST]
    if not long_ones:
        return Outline(np.zeros((0, 2)), np.zeros((0, 2)))
    x, y = np.concatenate(long_ones).T
    whole = np.ones(mask.shape, np.uint8) if area is None else area.astype(np.uint8)
    kernel = np.ones((2 * BORDER + 1, 2 * BORDER + 1), np.uint8)
    inside = cv2.erode(whole, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)[y, x] > 0
    x, y = x[inside][::step], y[inside][::step]
    normals = -np.stack([slope_x[y, x], slope_y[y, x]], axis=1).astype(np.float64)
    length = np.linalg.norm(normals, axis=1)
    clear = length > 1e-3
    return Outline(np.stack([x, y], axis=1)[clear].astype(np.float64), normals[clear] / length[clear, None])


def body_outline(
    points: NDArray[np.floating],
    faces: NDArray[np.int32],
    size: tuple[int, int],
    step: int = 1,
    area: NDArray[np.bool_] | None = None,
) -> BodyOutline:
    """Trace the outline of a projected body.

    Args:
        points: (V, 3) u, v px, depth.
        faces: (F, 3) vertex indices.
        size: (H, W) of the picture, px.
        step: as for `mask_outline`.
        area: as for `mask_outline`.
    """
    face, bary, _ = rasterize(points, faces, *size)
    outline = mask_outline((face >= 0).astype(np.float32), step, area)
    x, y = outline.xy.astype(np.int64).T
    two = bary[y, x].astype(np.float64)
    return BodyOutline(outline, faces[face[y, x]], np.column_stack([two, 1 - two.sum(axis=1)]))


class Matches(NamedTuple):
    """Pairs of a point of the body's outline and one of the mask's."""

    body: NDArray[np.int64]
    """(M,) row of the body's outline."""
    mask: NDArray[np.int64]
    """(M,) row of the mask's."""
    nearest: int
    """The first so many are the mask's points nearest to each of the body's; the others the body's nearest to each of the mask's."""


def match(body: Outline, mask: Outline, turn: float) -> Matches:
    """Find for each point of either outline the nearest of the other.

    Args:
        body: of the body.
        mask: of the mask.
        turn: px that a unit of difference between normals counts.
    """
    ours, theirs = (np.hstack([outline.xy, turn * outline.normals]) for outline in (body, mask))
    _, near = cKDTree(theirs).query(ours)
    _, back = cKDTree(ours).query(theirs)
    rows = np.arange(len(ours)), np.arange(len(theirs))
    return Matches(np.concatenate([rows[0], back]), np.concatenate([near, rows[1]]), len(ours))
