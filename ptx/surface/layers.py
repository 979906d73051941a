"""Layers of a photograph: colours of each pixel, and how surely they are those of the body's surface there."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import Body
from ptx.geometry.kernel import kernel
from ptx.geometry.mesh import interpolate
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.zones import ARM_JOINTS, TRUNK_JOINTS
from ptx.surface.points import Floats, Ints
from ptx.surface.sampling import linear_colour, linear_weight
from ptx.surface.symmetry import CACHED_BODIES

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]

NOTHING = 99.0
"""Depth, m, where there is no body."""

SLACK = 0.012
"""Metres by which a vertex may be behind what is seen at its pixel and is still seen; gone at twice that."""

GRAZING, FULL_FACING = 0.12, 0.57
"""Cosines to the viewer from which a surface begins to be believed, and is fully."""

EDGE = 0.003, 0.013
"""Metres from an outline or a fold from which pixels begin to be believed, and are fully."""

INSIDE = 0.9
"""Share of a pixel that is the person's from which it is believed."""

SMOOTH = 0.006
"""Metres over which colours of vertices are averaged."""


class Layer(NamedTuple):
    """Colours of a photograph with what is needed to look points up in it."""

    image: Image
    """(H, W, 3); outside of the person the nearest pixel of theirs."""
    smooth: Image
    """(H, W, 3) averaged over `SMOOTH`."""
    confidence: Floats
    """(H, W) 0..1."""
    depth: Floats
    """(H, W) m, `NOTHING` without body."""


class PixelMaps(NamedTuple):
    """The surface that each pixel shows."""

    surface: Ints
    """(H, W) faces, -1 = none."""
    bary: Floats
    """(H, W, 2)."""
    depth: Floats
    """(H, W) m, `NOTHING` without body."""
    faces: Ints
    """(F, 3) the faces that were drawn."""

    @property
    def on(self) -> Mask:
        """(H, W) where there is body."""
        return self.surface >= 0

    def of(self, values: Floats) -> Floats:
        """Draw values (V, K) of the vertices: (K, H, W), 0 without body."""
        on = self.on
        out = np.zeros((values.shape[1], *on.shape), np.float32)
        table = np.ascontiguousarray(values, np.float32)
        out[:, on] = interpolate(self.surface[on], self.bary[on], self.faces, table).T
        return out


def draw_maps(points: Floats, faces: Ints, size: tuple[int, int]) -> PixelMaps:
    """Rasterise vertices (V, 3)."""
    surface, bary, depth = rasterize(points, faces, *size)
    return PixelMaps(surface, bary, np.where(surface >= 0, depth, np.float32(NOTHING)), faces)


def facing(cosine: Floats) -> Floats:
    """Confidence of a surface by its cosine to the viewer."""
    return ramp_map(cosine, GRAZING, FULL_FACING)


def ramp_map(values: Floats, low: float, high: float) -> Floats:
    """Bring values to 0..1: 0 up to `low`, 1 from `high` on, linear between."""
    return np.asarray(np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1), np.float32)


def edge_confidence(inside: Mask, scale: float) -> Floats:
    """Confidence (H, W) by the distance to the edge of what is inside (H, W)."""
    away = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3)
    return ramp_map(np.asarray(away, np.float32), EDGE[0] * scale, EDGE[1] * scale)


def disc(radius: int) -> Image:
    """A disc as structuring element, of at least one pixel around its middle."""
    side = 2 * max(1, radius) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)


@lru_cache(maxsize=CACHED_BODIES)
def face_groups(body: Body) -> tuple[Mask, Mask]:
    """Faces (F,) of the arms, and (F,) of trunk and legs."""
    weights = body.weights[body.faces].mean(1)
    arm = weights[:, list(ARM_JOINTS)].sum(1) > 0.5
    return arm, ~arm & (weights[:, list(TRUNK_JOINTS)].sum(1) > 0.5)


def fill_outside(image: Image, inside: Mask) -> Image:
    """Give the pixels that are not inside (H, W) the colour of the nearest that is."""
    if not inside.any():
        return image
    _, label = cv2.distanceTransformWithLabels(
        (~inside).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3, labelType=cv2.DIST_LABEL_PIXEL
    )
    out = image.copy()
    _copy_nearest(np.asarray(label, np.int32), inside, np.empty(int(label.max()) + 1, np.int64), out)
    return out


@kernel
def _copy_nearest(label: Ints, inside: Mask, place: NDArray[np.int64], image: Image) -> None:
    """Copy to each pixel that is not inside (H, W) the colour of the one inside that has its label (H, W); `place` is scratch."""
    height, width = label.shape
    for y in range(height):
        for x in range(width):
            if inside[y, x]:
                place[label[y, x]] = y * width + x
    for y in range(height):
        for x in range(width):
            if not inside[y, x]:
                at = place[label[y, x]]
                for c in range(3):
                    image[y, x, c] = image[at // width, at % width, c]


def weighted_blur(image: Image, weight: Floats, sigma: float) -> Image:
    """Blur an image (H, W, 3) in which pixels count by a weight (H, W)."""
    weights = np.maximum(weight, np.float32(1e-4))
    total = cv2.GaussianBlur(image * weights[..., None], (0, 0), max(0.3, sigma))
    norm = cv2.GaussianBlur(weights, (0, 0), max(0.3, sigma))
    return np.asarray(total / norm[..., None] + np.float32(0.5), np.uint8)


@kernel
def confidence_at(confidence: Floats, nearest: Floats, u: float, v: float, depth: float) -> float:
    """Confidence of a point at (u, v) px and a depth, m: that of the pixel, less where it shows something nearer.

    Args:
        confidence: (H, W) of the pixels.
        nearest: (H, W) depth that they show, m.
        u: px.
        v: px.
        depth: m.
    """
    here = linear_weight(confidence, u, v)
    if here <= 0:
        return 0.0
    gap = abs(depth - nearest[int(v + 0.5), int(u + 0.5)])
    return float(here * min(1.0, max(0.0, 2.0 - gap / SLACK)))


@kernel
def look_up(layer: Layer, u: float, v: float, depth: float) -> float:
    """`confidence_at` a point of a layer."""
    return confidence_at(layer.confidence, layer.depth, u, v, depth)


@kernel
def _sample(points: Floats, share: Floats, layer: Layer, colours: Floats, confidence: Floats) -> None:
    for n in range(len(points)):
        linear_colour(layer.smooth, points[n, 0], points[n, 1], colours[n])
        confidence[n] = share[n] * look_up(layer, points[n, 0], points[n, 1], points[n, 2])


def sample_vertices(points: Floats, share: Floats, layer: Layer) -> tuple[Floats, Floats]:
    """Look points (N, 3) of a photograph up in a layer.

    Returns:
        Smooth colours (N, 3) and confidences (N,), these times a share (N,).
    """
    colours, confidence = np.empty((len(points), 3), np.float32), np.empty(len(points), np.float32)
    _sample(np.ascontiguousarray(points, np.float32), share, layer, colours, confidence)
    return colours, confidence
