"""Faces: where MediaPipe's points lie on a body, and the seen face moved onto its points.

The head in rest is drawn from the front, (800, 700) px, in units of its own: `face_view`.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import Body
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.zones import body_zones
from ptx.surface.points import Floats, SurfacePoints
from ptx.surface.symmetry import CACHED_BODIES

HEIGHT, WIDTH = 800, 700
"""Size of the view, px."""

EYES_AT = 350.0, 391.0
"""Pixel between the eyes."""

EYE_PIXELS, NOSE_PIXELS = 83.0, 112.0
"""Pixels from there to an eye, and down to the nose's tip."""

ANCHORS = {
    1: (351, 490), 168: (351, 385), 6: (351, 412), 33: (232, 391), 133: (303, 392), 263: (468, 391), 362: (397, 392),
    61: (286, 576), 291: (414, 576), 0: (351, 554), 17: (351, 606), 152: (351, 676), 10: (351, 264), 129: (303, 492),
    358: (397, 492),
}  # fmt: skip
"""Points of MediaPipe's face mesh, by number, and their pixels in the view, picked by eye."""

MOST_MOVED = 0.15
"""Largest move of a face onto its points, as a share of the face's size."""

TURNED_TO = 0.3
"""Cosine to the viewer from which a point of the face is surely seen."""

FEWEST_ANCHORS = 4
"""Fewest points from which a face is moved."""


def face_view(body: Body, points: Floats) -> Floats:
    """Pixels (N, 2) in the view of points (N, 3) of the body in rest."""
    nose, right, left = body.v_template[body.landmarks[:3]]
    eyes = (right + left) / 2
    across, down = (left - right)[0] / 2, eyes[1] - nose[1]
    x = EYES_AT[0] + EYE_PIXELS * (points[:, 0] - eyes[0]) / across
    return np.asarray(np.stack([x, EYES_AT[1] + NOSE_PIXELS * (eyes[1] - points[:, 1]) / down], axis=1), np.float32)


@lru_cache(maxsize=CACHED_BODIES)
def face_anchors(body: Body) -> SurfacePoints:
    """Find the points of the body's surface at `ANCHORS`, in their order."""
    at = np.concatenate([face_view(body, body.v_template), -body.v_template[:, 2:]], axis=1)
    face, bary, _ = rasterize(at, body.faces, HEIGHT, WIDTH)
    x, y = np.array(list(ANCHORS.values())).T
    return SurfacePoints(body.faces[np.maximum(face[y, x], 0)], bary[y, x])


def face_turn(body: Body, seen: Floats) -> float:
    """Degrees by which a face (468, 3) of x, y px, confidence is turned to a side, by the best affine camera of its points.

    Exact for the body's own head. Of photographs it is mostly larger than the turn of the fitted head: 26 to 42 where that is 13 to 22,
    62 to 73 where that is 50 to 69 (nine heads).
    """
    at = face_anchors(body).of(body.v_template).astype(np.float64)
    camera = np.linalg.lstsq(np.column_stack([at - at.mean(0), np.ones(len(at))]), seen[list(ANCHORS), :2], rcond=None)[
        0
    ]
    x, _, z = np.cross(camera[:3, 0], -camera[:3, 1])
    return float(np.degrees(np.arctan2(abs(x), z)))


def settle_face(body: Body, points: Floats, cosine: Floats, seen: Floats | None) -> Floats:
    """Move the face so that eyes, nose and mouth lie where they are seen: a thin plate through the anchors, at rest on the scalp.

    Args:
        body: the body.
        points: (V, 3) its vertices in the picture, u, v px and depth.
        cosine: (V,) of their normals to the viewer; the far side of a face, which a mesh of points only guesses, does not count.
        seen: (468, 3) x, y px, confidence of the face mesh; None or NaN where there is no face.

    Returns:
        (V, 3) points; depths stay.
    """
    if seen is None:
        return points
    anchors, zones = face_anchors(body), body_zones(body)
    at, wanted = anchors.of(points[:, :2]), seen[list(ANCHORS), :2]
    use = (anchors.of(cosine) > TURNED_TO) & np.isfinite(wanted).all(1)
    if use.sum() < FEWEST_ANCHORS:
        return points
    size = np.float32(np.ptp(at, axis=0).max())
    head = np.flatnonzero(zones.face > 0)
    scalp = points[(zones.scalp > 0.9) & (cosine > TURNED_TO), :2]  # what is behind the face would hold it back
    still = scalp[:: max(1, len(scalp) // 30)]
    gap = np.concatenate([(wanted - at)[use], np.zeros_like(still)])
    at = at[use]
    bent = thin_plate(np.concatenate([at, still]) / size, gap / size, points[head, :2] / size)
    move = size * np.clip(bent, -MOST_MOVED, MOST_MOVED)
    out = points.copy()
    out[head, :2] += zones.face[head, None] * move.astype(np.float32)
    return out


def thin_plate(
    at: NDArray[np.floating], values: NDArray[np.floating], queries: NDArray[np.floating], smoothing: float = 1e-3
) -> NDArray[np.float64]:
    """Interpolate values (K, C) at places (K, 2) by thin-plate splines (Duchon, 1977), of the unit in which places are about 1.

    Args:
        at: (K, 2), three of them at least not on a line.
        values: (K, C).
        queries: (N, 2).
        smoothing: weight of the bending energy beside the values.

    Returns:
        (N, C).
    """

    def bending(points: NDArray[np.floating]) -> NDArray[np.float64]:
        """r² log r, (N, K)."""
        squares = ((points[:, None].astype(np.float64) - at[None]) ** 2).sum(-1)
        return np.asarray(squares * np.log(np.maximum(squares, 1e-30)) / 2)

    def plane(points: NDArray[np.floating]) -> NDArray[np.float64]:
        return np.column_stack([np.ones(len(points)), points])

    count = len(at)
    matrix = np.zeros((count + 3, count + 3))
    matrix[:count, :count] = bending(at) + smoothing * np.eye(count)
    matrix[:count, count:], matrix[count:, :count] = plane(at), plane(at).T
    right = np.concatenate([values, np.zeros((3, values.shape[1]))])
    weights = np.linalg.solve(matrix, right)
    return np.asarray(bending(queries) @ weights[:count] + plane(queries) @ weights[count:])
