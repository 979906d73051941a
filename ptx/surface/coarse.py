"""Photographs reduced to pixels of some millimetres, in which pieces of cloth are compared."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.geometry.rasterizer import rasterize
from ptx.surface.finer_mesh import GROUPS, vertex_groups
from ptx.surface.merge import Views
from ptx.surface.points import Floats
from ptx.surface.sampling import remap_points

PIXEL = 0.006
"""Metres of a pixel."""

WELL = 0.6
"""Confidence from which a photograph shows cloth well enough to take patches from."""

SMOOTH = 0.03
"""Metres over which smooth colours are averaged."""


class Coarse(NamedTuple):
    """The photographs, side by side and reduced; G groups of `FinerMesh`."""

    group: NDArray[np.uint8]
    """(h, w) the group that is well seen there, or 0."""
    smooth: Floats
    """(G, h, w, 3) smooth colours of each group."""
    detail: Floats
    """(h, w, 3) colours less the smooth ones of the group that is seen."""
    structure: Floats
    """(h, w) grey levels, standard deviation of the detail about there."""
    factor: int
    """Pixels of the photographs along a pixel's side."""

    def pixels(self, at: Floats) -> Floats:
        """Bring px (N, 2) of the photographs to its own."""
        return np.asarray((at + np.float32(0.5)) / np.float32(self.factor) - np.float32(0.5), np.float32)

    def looks(self, group: NDArray[np.uint8], at: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Look groups (N,) up at px (N, 2) of the photographs: smooth colours (N, 3), structure (N,), and whether they are well seen."""
        pixels, colour = self.pixels(at), np.zeros((len(group), 3), np.float32)
        for number in range(1, GROUPS + 1):
            mine = group == number
            if mine.any():
                colour[mine] = remap_points(self.smooth[number - 1], pixels[mine])
        x, y = np.rint(pixels.T).astype(int)
        height, width = self.group.shape
        inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
        x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
        return colour, self.structure[y, x], inside & (group > 0) & (self.group[y, x] == group)


def reduce_views(views: Views) -> Coarse:
    """Reduce photographs, and find which group they show well at each pixel."""
    layer, scale = views.whole.seen, views.whole.scale
    factor = max(1, round(min(PIXEL * scale, min(layer.confidence.shape) / 4)))
    height, width = (side // factor for side in layer.confidence.shape)
    part = slice(0, factor * height), slice(0, factor * width)
    image, confidence = (
        cv2.resize(np.ascontiguousarray(values[part]), (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
        for values in (layer.image, layer.confidence)
    )
    shown = _groups(views, factor, (height, width)) * (confidence > WELL)
    smooth = np.zeros((GROUPS, height, width, 3), np.float32)
    detail, structure = np.zeros_like(image), np.zeros_like(confidence)
    sigma = max(0.5, SMOOTH * scale / factor)
    for number in range(1, GROUPS + 1):
        mine = shown == number
        if not mine.any():
            continue
        share = mine.astype(np.float32)
        norm = cv2.GaussianBlur(share, (0, 0), sigma) + np.float32(1e-6)
        smooth[number - 1] = cv2.GaussianBlur(image * share[..., None], (0, 0), sigma) / norm[..., None]
        detail[mine] = image[mine] - smooth[number - 1][mine]
        power = cv2.GaussianBlur((detail**2).mean(2) * share, (0, 0), sigma) / norm
        structure[mine] = np.sqrt(np.maximum(power[mine], 0))
    return Coarse(shown, smooth, detail, structure, factor)


def _groups(views: Views, factor: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Groups (h, w) that are seen, surely or not, in photographs reduced by a factor to a size (h, w)."""
    out, group = np.zeros(size, np.uint8), vertex_groups(views.whole.fitted.body)
    for source, points in zip(views.sources, views.points, strict=True):
        reduced, faces = points.copy(), source.fitted.faces
        reduced[:, :2] = (points[:, :2] + np.float32(0.5)) / np.float32(factor) - np.float32(0.5)
        of_corners = group[faces]
        of_face = of_corners[:, 0] * ((of_corners[:, 0] == of_corners[:, 1]) & (of_corners[:, 0] == of_corners[:, 2]))
        face = rasterize(reduced, faces, *size)[0]
        out[face >= 0] = of_face[face[face >= 0]]
    return out
