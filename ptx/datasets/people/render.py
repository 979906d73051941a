"""Painting a posed body: the rasteriser's pixels, coloured by the person's look under one light with cast shadows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.datasets.people.looks import Look
from ptx.datasets.people.scenes import Light
from ptx.geometry.body import Body
from ptx.geometry.mesh import interpolate, vertex_normals
from ptx.geometry.rasterizer import rasterize

Floats = NDArray[np.float32]
Image = NDArray[np.uint8]

SUPERSAMPLING = 2
"""Every pixel is the mean of this many squared."""

SHADOW_SIDE = 384
"""Pixels of the square picture that the light sees."""

SHADOW_BIAS = 0.012
"""Metres by which something must be nearer to the light to cast a shadow: the light's picture has finite pixels."""


@dataclass(frozen=True)
class Wearer:
    """A person as geometry: the body with hair and loose clothes, and what it looks like."""

    body: Body
    look: Look
    cloth: NDArray[np.bool_]
    """(V,) vertices of loose cloth."""

    @cached_property
    def rest(self) -> Floats:
        """(V, 5) place on the mean body in rest, its normal's z, and 1 on loose cloth."""
        normals = vertex_normals(self.body.v_template, self.body.faces)
        return np.concatenate([self.body.v_template, normals[:, 2:], self.cloth[:, None]], axis=1).astype(np.float32)


def parse(wearer: Wearer, points: Floats, height: int, width: int) -> NDArray[np.uint8]:
    """Garment labels (height, width) at the pixels' centres; points (V, 3) as for `render`."""
    face, bary, _ = rasterize(points, wearer.body.faces, height, width)
    rows, columns = np.nonzero(face >= 0)
    out = np.zeros((height, width), np.uint8)
    if len(rows):
        at = interpolate(face[rows, columns], bary[rows, columns], wearer.body.faces, wearer.rest)
        out[rows, columns] = wearer.look.labels(at[:, :3], at[:, 3] > 0, at[:, 4] > 0.5)
    return out


def render(wearer: Wearer, light: Light, points: Floats, metre: float, background: Floats) -> Image:
    """One picture.

    Args:
        wearer: whose faces and rest places `points` belong to.
        light: the scene's.
        points: (V, 3) u, v in px, depth in m.
        metre: px a metre, of the camera.
        background: (S H, S W, 3) 0..1, S = SUPERSAMPLING.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    fine = points.copy()
    fine[:, :2] = (points[:, :2] + 0.5) * SUPERSAMPLING - 0.5
    height, width = background.shape[:2]
    body, look = wearer.body, wearer.look
    face, bary, _ = rasterize(fine, body.faces, height, width)
    rows, columns = np.nonzero(face >= 0)
    out = background.copy()
    if len(rows):
        owner, weights = face[rows, columns], bary[rows, columns]
        spatial = np.stack(
            [points[:, 0] / metre, -points[:, 1] / metre, -points[:, 2]], axis=-1
        )  # x right, y up, z near
        normals = vertex_normals(spatial, body.faces)
        attributes = np.concatenate([wearer.rest, normals, spatial], axis=1)
        values = interpolate(owner, weights, body.faces, np.ascontiguousarray(attributes, np.float32))
        albedo = look.colours(values[:, :3], values[:, 3] > 0, values[:, 4] > 0.5)
        brightness = _shade(values[:, 5:8], look.folds(values[:, :3] * 2.5), light)
        brightness[:, 0] *= 1 - 0.55 * _in_shadow(spatial, body.faces, values[:, 8:11], light)
        total = light.ambient * (0.85 + 0.15 * values[:, 6:7]) + brightness
        out[rows, columns] = albedo * total * light.tint
    size = (width // SUPERSAMPLING, height // SUPERSAMPLING)
    small = cv2.resize(np.clip(out, 0, 1), size, interpolation=cv2.INTER_AREA)
    return np.rint(small * 255).astype(np.uint8)


def _shade(normals: Floats, folds: Floats, light: Light) -> Floats:
    """(M, 1) light that each point receives straight from the lamp."""
    normals = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    facing = normals @ light.direction + np.float32(0.07) * folds
    return light.strength * np.clip(facing, 0, 1)[:, None]


def _in_shadow(spatial: Floats, faces: NDArray[np.int32], places: Floats, light: Light) -> Floats:
    """(M,) share 0..1 of the lamp that other parts of the body hide from each point."""
    forward = light.direction
    right = np.cross((0, 1, 0), forward)
    right /= np.linalg.norm(right)
    frame = np.stack([right, np.cross(right, forward), -forward]).astype(np.float32)  # u right, v down, depth away
    seen, asked = spatial @ frame.T, places @ frame.T
    low = seen[:, :2].min(0)
    scale = np.float32((SHADOW_SIDE - 3) / (seen[:, :2].max(0) - low).max())
    seen[:, :2] = (seen[:, :2] - low) * scale + 1
    asked[:, :2] = (asked[:, :2] - low) * scale + 1
    _, _, depth = rasterize(seen, faces, SHADOW_SIDE, SHADOW_SIDE)
    hidden = np.zeros(len(asked), np.float32)
    for dx, dy in ((-0.7, -0.7), (0.7, -0.7), (-0.7, 0.7), (0.7, 0.7), (0, 0)):
        column = np.clip(np.rint(asked[:, 0] + dx), 0, SHADOW_SIDE - 1).astype(np.intp)
        row = np.clip(np.rint(asked[:, 1] + dy), 0, SHADOW_SIDE - 1).astype(np.intp)
        hidden += depth[row, column] < asked[:, 2] - SHADOW_BIAS
    return hidden / 5
