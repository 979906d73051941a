"""Render a posed body: the rasteriser's pixels, coloured by the person's look under one light with cast shadows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.datasets.people.looks import Look
from ptx.datasets.people.scenes import Light, Picture
from ptx.geometry.body import Body
from ptx.geometry.mesh import interpolate, vertex_normals
from ptx.geometry.rasterizer import rasterize

Floats = NDArray[np.float32]

Image = NDArray[np.uint8]
"""(H, W, 3) RGB."""

SUPERSAMPLING = 2
"""Side of the square of samples whose mean is a pixel."""

SHADOW_SIDE = 384
"""Side of the light's depth map, px."""

SHADOW_BIAS = 0.012
"""Distance in metres by which something must be nearer to the light to cast a shadow: the depth map has finite pixels."""

SHADOW_SAMPLES = ((-0.7, -0.7), (0.7, -0.7), (-0.7, 0.7), (0.7, 0.7), (0.0, 0.0))
"""Offsets, px of the depth map, of the samples whose mean is the shadow of a point: soft edges."""

SHADOW_STRENGTH = 0.55
"""Share of the distant light that a shadow takes away."""

FOLD_RELIEF = 0.07
"""Weight of the folds of cloth and skin against the direction of the surface, in shading."""


@dataclass(frozen=True)
class Wearer:
    """A person as geometry: the body with hair and loose clothes, and their look."""

    body: Body
    """In rest, dressed."""
    look: Look
    """Colours and labels of its surface."""
    cloth: NDArray[np.bool_]
    """(V,) True for vertices of loose cloth."""

    @cached_property
    def rest(self) -> Floats:
        """(V, 5) point of the mean body in rest, z of its normal, and 1 on loose cloth: what a look is a function of."""
        normals = vertex_normals(self.body.v_template, self.body.faces)
        return np.concatenate([self.body.v_template, normals[:, 2:], self.cloth[:, None]], axis=1).astype(np.float32)


def render_labels(wearer: Wearer, points: Floats, height: int, width: int) -> NDArray[np.uint8]:
    """Render garment labels (height, width) (`ptx.labels`) at the pixels' centres; points (V, 3) as for `render`."""
    face, bary, _ = rasterize(points, wearer.body.faces, height, width)
    rows, columns = np.nonzero(face >= 0)
    out = np.zeros((height, width), np.uint8)
    if len(rows):
        rest = interpolate(face[rows, columns], bary[rows, columns], wearer.body.faces, wearer.rest)
        out[rows, columns] = wearer.look.labels(rest[:, :3], rest[:, 3] > 0, rest[:, 4] > 0.5)
    return out


def render(wearer: Wearer, light: Light, points: Floats, scale: float, background: Picture) -> Image:
    """Render one image.

    Args:
        wearer: the person.
        light: of the scene.
        points: (V, 3) vertices of the wearer's body as the camera sees them: u, v in px, depth in m.
        scale: of the camera, px per metre.
        background: (S H, S W, 3) in 0..1, where S is `SUPERSAMPLING`.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    fine = supersampled(points)
    height, width = background.shape[:2]
    face, bary, _ = rasterize(fine, wearer.body.faces, height, width)
    rows, columns = np.nonzero(face >= 0)
    out = background.copy()
    if len(rows):
        vertices = np.stack([points[:, 0] / scale, -points[:, 1] / scale, -points[:, 2]], axis=-1)
        out[rows, columns] = _colours(wearer, light, vertices, face[rows, columns], bary[rows, columns])
    return reduced(out)


def supersampled(points: Floats) -> Floats:
    """Bring points (V, 3) u, v px, depth m to the samples of a picture, `SUPERSAMPLING` along a pixel's side."""
    fine = points.copy()
    fine[:, :2] = (points[:, :2] + 0.5) * SUPERSAMPLING - 0.5
    return fine


def reduced(fine: Picture) -> Image:
    """Average the samples (S H, S W, 3) of a picture to its pixels (H, W, 3) uint8, where S is `SUPERSAMPLING`."""
    height, width = fine.shape[:2]
    size = (width // SUPERSAMPLING, height // SUPERSAMPLING)
    small = cv2.resize(np.clip(fine, 0, 1), size, interpolation=cv2.INTER_AREA)
    return np.rint(small * 255).astype(np.uint8)


def _colours(wearer: Wearer, light: Light, vertices: Floats, face: NDArray[np.int32], bary: Floats) -> Floats:
    """Compute the colours (M, 3) of points on the surface.

    Args:
        wearer: the person.
        light: of the scene.
        vertices: (V, 3) metres, x right, y up, z towards the viewer.
        face: (M,) face of each point.
        bary: (M, 2) barycentric weights of each point.
    """
    faces = wearer.body.faces
    attributes = np.concatenate([wearer.rest, vertex_normals(vertices, faces), vertices], axis=1)
    values = interpolate(face, bary, faces, np.ascontiguousarray(attributes, np.float32))
    rest, facing, cloth, normals, positions = np.split(values, (3, 4, 5, 8), axis=1)
    albedo = wearer.look.colours(rest, facing[:, 0] > 0, cloth[:, 0] > 0.5)
    total = lit(vertices, faces, normals, positions, wearer.look.folds(rest * 2.5), light)
    return np.asarray(albedo * total * light.tint, np.float32)


def lit(
    vertices: Floats, faces: NDArray[np.int32], normals: Floats, positions: Floats, folds: Floats, light: Light
) -> Floats:
    """Compute the light (M, 1), without its tint, at points of a mesh that casts shadows on itself.

    Args:
        vertices: (V, 3) metres, x right, y up, z towards the viewer.
        faces: (F, 3).
        normals: (M, 3) of the points.
        positions: (M, 3) of the points, as `vertices`.
        folds: (M,) relief against the direction of the surface, about ±1.
        light: of the scene.
    """
    direct = _direct_light(normals, folds, light)
    direct[:, 0] *= 1 - SHADOW_STRENGTH * _shadow(vertices, faces, positions, light)
    return np.asarray(light.ambient * (0.85 + 0.15 * normals[:, 1:2]) + direct, np.float32)


def _direct_light(normals: Floats, folds: Floats, light: Light) -> Floats:
    """Compute the light (M, 1) from the distant source at points with normals (M, 3) and folds (M,), without shadows."""
    unit = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    cosine = unit @ light.direction + np.float32(FOLD_RELIEF) * folds
    return np.asarray(light.strength * np.clip(cosine, 0, 1)[:, None], np.float32)


def _shadow(vertices: Floats, faces: NDArray[np.int32], positions: Floats, light: Light) -> Floats:
    """Compute the share (M,) in 0..1 of the distant light that other parts of the body hide from positions (M, 3).

    The body is rasterised as the light sees it; what lies behind that depth map is in shadow.
    """
    forward = light.direction
    right = np.cross((0, 1, 0), forward)
    right /= np.linalg.norm(right)
    frame = np.stack([right, np.cross(right, forward), -forward]).astype(np.float32)  # u right, v down, depth away
    body = vertices @ frame.T
    lit = positions @ frame.T
    low = body[:, :2].min(0)
    scale = np.float32((SHADOW_SIDE - 3) / (body[:, :2].max(0) - low).max())
    body[:, :2] = (body[:, :2] - low) * scale + 1
    lit[:, :2] = (lit[:, :2] - low) * scale + 1
    _, _, depth = rasterize(body, faces, SHADOW_SIDE, SHADOW_SIDE)
    hidden = np.zeros(len(lit), np.float32)
    for dx, dy in SHADOW_SAMPLES:
        column = np.clip(np.rint(lit[:, 0] + dx), 0, SHADOW_SIDE - 1).astype(np.intp)
        row = np.clip(np.rint(lit[:, 1] + dy), 0, SHADOW_SIDE - 1).astype(np.intp)
        hidden += depth[row, column] < lit[:, 2] - SHADOW_BIAS
    return np.asarray(hidden / len(SHADOW_SAMPLES), np.float32)
