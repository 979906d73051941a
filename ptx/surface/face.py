"""Faces: where MediaPipe's points lie on a body, the seen face moved onto its points, and one painted where none is seen.

The head in rest is drawn from the front, (800, 700) px, in units of its own: `face_view`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import Body
from ptx.geometry.mesh import unit_normals
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.zones import body_zones
from ptx.surface.points import Floats, SurfacePoints
from ptx.surface.sampling import remap_points
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

GREY = 3.0
"""Grey levels between the channels of a photograph's colours up to which it has none."""

TURNED_TO = 0.3
"""Cosine to the viewer from which a point of the face is surely seen."""

FEWEST_ANCHORS = 4
"""Fewest points from which a face is moved."""

LIGHT = (0.0, 0.45, 0.9)
"""Direction of the light in which a painted face is shaded."""


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
    scalp = points[zones.scalp > 0.9, :2]
    still = scalp[:: max(1, len(scalp) // 30)]
    gap = np.concatenate([(wanted - at)[use], np.zeros_like(still)])
    at = at[use]
    bent = thin_plate(np.concatenate([at, still]) / size, gap / size, points[head, :2] / size)
    move = size * np.clip(bent, -MOST_MOVED, MOST_MOVED)
    out = points.copy()
    out[head, :2] += zones.face[head, None] * move.astype(np.float32)
    return out


def thin_plate(
    at: NDArray[np.floating], values: NDArray[np.floating], queries: NDArray[np.floating], smoothing: float = 1e-4
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


class PaintedFeatures(NamedTuple):
    """A face as it is painted in the view."""

    dark: Floats
    """(H, W) 0..1 how much lines darken: lids, nostrils, between the lips."""
    brows: Floats
    """(H, W) 0..1 share of the hair's colour."""
    lips: Floats
    """(H, W) 0..1."""
    eyes: Floats
    """(H, W, 4) RGB 0..255 and share."""


@lru_cache(maxsize=1)
def painted_features() -> PaintedFeatures:
    """Paint brows, eyes, nostrils and lips."""
    brows, lips, dark = (np.zeros((HEIGHT, WIDTH), np.float32) for _ in range(3))
    for side in (-1, 1):
        line = [(350 + side * x, y) for x, y in ((42, 352), (70, 341), (98, 340), (124, 352))]
        _draw_line(brows, line, 0.75, 11)
        _draw_line(brows, line[:3], 0.9, 13)
        middle = 350 + side * 83
        cv2.ellipse(dark, (350 + side * 19, 507), (10, 4), 0, 0, 360, 0.6, -1, cv2.LINE_AA)
        cv2.ellipse(dark, (middle, 391), (36, 14), 0, 185, 355, 0.75, 5, cv2.LINE_AA)
        cv2.ellipse(dark, (middle, 384), (40, 18), 0, 200, 340, 0.3, 4, cv2.LINE_AA)
    upper = [(287, 575), (318, 560), (340, 554), (350, 558), (360, 554), (382, 560), (413, 575)]
    lower = [(413, 575), (385, 597), (350, 604), (315, 597), (287, 575)]
    cv2.fillPoly(lips, [np.array(upper + lower, np.int32)], 1.0, cv2.LINE_AA)
    _draw_line(dark, [(289, 575), (320, 574), (350, 576), (380, 574), (411, 575)], 0.6, 4)
    return PaintedFeatures(_soft(dark, 2.2), _soft(brows, 5), _soft(lips, 4), _eyes())


def _eyes() -> Floats:
    out = np.zeros((HEIGHT, WIDTH, 4), np.float32)
    for middle in (267, 433):
        opening = np.zeros((HEIGHT, WIDTH), np.float32)
        cv2.ellipse(opening, (middle, 391), (32, 12), 0, 0, 360, 1.0, -1, cv2.LINE_AA)
        opening = _soft(opening, 1.5)
        ball = np.full((HEIGHT, WIDTH, 3), (222, 212, 206), np.float32)
        cv2.circle(ball, (middle, 390), 13, (70, 52, 40), -1, cv2.LINE_AA)
        cv2.circle(ball, (middle, 390), 6, (20, 16, 14), -1, cv2.LINE_AA)
        cv2.circle(ball, (middle - 4, 386), 2, (240, 240, 240), -1, cv2.LINE_AA)
        out[..., :3] = np.where(opening[..., None] > out[..., 3:], _soft(ball, 1.2), out[..., :3])
        out[..., 3] = np.maximum(out[..., 3], opening)
    return out


def _draw_line(picture: Floats, points: Sequence[tuple[int, int]], value: float, width: int) -> None:
    cv2.polylines(picture, [np.array(points, np.int32)], False, value, width, cv2.LINE_AA)


def _soft(picture: Floats, sigma: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.float32)


def paint_face(body: Body, points: SurfacePoints, skin: Floats, hair: Floats | None) -> Floats:
    """Paint a general face in a person's colours.

    Args:
        body: the body.
        points: (N) of the face.
        skin: (N, 3) colours without features, RGB 0..255.
        hair: (3,) colour of the hair; None: brows are dark skin.

    Returns:
        (N, 3) RGB 0..255.
    """
    features, at = painted_features(), face_view(body, points.of(body.v_template))

    def look_up(picture: Floats) -> Floats:
        return remap_points(picture, at).reshape(len(at), -1)

    out = skin * points.of(_shade(body))[:, None] * (1 - 0.75 * look_up(features.dark))
    lips, brows, eyes = look_up(features.lips), look_up(features.brows), look_up(features.eyes)
    out = out * (1 - lips * (1 - np.array([0.88, 0.66, 0.66], np.float32)))
    dark = np.minimum(skin * 0.45 if hair is None else hair, skin * 0.6)
    out = out * (1 - 0.8 * brows) + dark * 0.8 * brows
    light = np.clip(skin.mean(1, keepdims=True) / 190, 0.45, 1)
    out = out * (1 - eyes[:, 3:]) + eyes[:, :3] * light * eyes[:, 3:]
    if len(skin) and np.ptp(skin, axis=1).max() < GREY:  # lips and eyes of a grey photograph
        out = np.repeat(out.mean(1, keepdims=True), 3, axis=1)
    return np.asarray(out, np.float32)


@lru_cache(maxsize=CACHED_BODIES)
def _shade(body: Body) -> Floats:
    """(V,) light on the body in rest, about 1 where it faces the viewer."""
    light = unit_normals(body.v_template, body.faces) @ np.array(LIGHT, np.float32)
    return np.asarray(0.62 + 0.40 * np.clip(light, 0, None), np.float32)
