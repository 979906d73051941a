"""The surface that a picture of an avatar shows, with hair and lashes cut out by the opacity of their texture, and its colours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.avatars.avatar import Avatar
from ptx.datasets.avatars.posing import Posed
from ptx.datasets.avatars.textures import CUT_OFF, level_of, levels_of_detail, look_up, wrapped
from ptx.datasets.people.render import SUPERSAMPLING, Image, lit, reduced, supersampled
from ptx.datasets.people.scenes import Light, Picture
from ptx.geometry.flow import flow_between
from ptx.geometry.kernel import kernel
from ptx.geometry.labels import HIDDEN, VISIBLE
from ptx.geometry.mesh import interpolate
from ptx.geometry.rasterizer import Surface, rasterize
from ptx.geometry.visibility import visible_exact

Floats = NDArray[np.float32]

ONE_CUT = np.full((2, 2), CUT_OFF, np.float32)
"""Opacity, by row and column of a pixel modulo 2, from which on a point is there."""

GRADED_CUTS = np.array([[0.2, 0.6], [0.8, 0.4]], np.float32)
"""The same of the four samples of a pixel: so many are covered as the texture is opaque."""

BEHIND = 0.004
"""Metres by which a cut-out must be nearer than a point to hide it: those of hair lie on each other."""


def draw_surface(avatar: Avatar, points: Floats, height: int, width: int, cuts: Floats = ONE_CUT) -> Surface:
    """Rasterise an avatar.

    Args:
        avatar: the person.
        points: (V, 3) vertices as the camera sees them: u, v px, depth m.
        height, width: px.
        cuts: (2, 2) of `ONE_CUT` or `GRADED_CUTS`.

    Returns:
        As `rasterize`, without what the textures' opacity cuts out.
    """
    face, bary, depth = rasterize(points, avatar.solid, height, width)
    if len(avatar.cut_outs):
        level = levels_of_detail(points, avatar.faces, avatar.texel_areas)
        look = avatar.textures
        _draw_cut_outs(
            points, avatar.faces, avatar.cut_outs, avatar.uv, avatar.material, level, look.texels, look.levels, look.wraps, cuts,
            face, bary, depth,
        )  # fmt: skip
    return face, bary, depth


def render_avatar(
    avatar: Avatar, posed: Posed, light: Light, points: Floats, scale: float, background: Picture
) -> Image:
    """Render one image.

    Args:
        avatar: the person.
        posed: in the pose.
        light: of the scene.
        points: (V, 3) its vertices as the camera sees them: u, v px, depth m.
        scale: of the camera, px per metre.
        background: (S H, S W, 3) in 0..1, where S is `SUPERSAMPLING`.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    fine = supersampled(points)
    height, width = background.shape[:2]
    face, bary, _ = draw_surface(avatar, fine, height, width, GRADED_CUTS)
    rows, columns = np.nonzero(face >= 0)
    out = background.copy()
    if len(rows):
        vertices = np.stack([points[:, 0] / scale, -points[:, 1] / scale, -points[:, 2]], axis=-1)
        attributes = np.concatenate([avatar.uv, avatar.shades, posed.normals, vertices], axis=1)
        shown, weights = face[rows, columns], bary[rows, columns]
        values = interpolate(shown, weights, avatar.faces, np.ascontiguousarray(attributes, np.float32))
        uv, shades, normals, positions = np.split(values, (2, 5, 8), axis=1)
        level = levels_of_detail(fine, avatar.faces, avatar.texel_areas)
        look = avatar.textures
        colours = look_up(shown, np.ascontiguousarray(uv), avatar.material, level, look.texels, look.levels, look.wraps)
        brightness = lit(
            vertices.astype(np.float32), avatar.solid, normals, positions, np.zeros(len(rows), np.float32), light
        )
        out[rows, columns] = colours[:, :3] * shades * brightness * light.tint
    return reduced(out)


def render_labels(avatar: Avatar, points: Floats, height: int, width: int) -> NDArray[np.uint8] | None:
    """Render garment labels (H, W) at the pixels' centres; None where the avatar has none."""
    if avatar.labels is None:
        return None
    face, _, _ = draw_surface(avatar, points, height, width)
    return np.where(face >= 0, avatar.labels[np.maximum(face, 0)], 0).astype(np.uint8)


def flow_of(
    avatar: Avatar, target: Floats, source: Floats, height: int, width: int
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Find each pixel of one picture of an avatar in another: the same face and barycentric point.

    Args:
        avatar: the person.
        target: (V, 3) vertices in the target picture: u, v px, depth m.
        source: (V, 3) in the source picture.
        height, width: of both, px.

    Returns:
        Flow (H, W, 2) px and visibility (H, W) of `ptx.geometry.labels`: exact behind what is opaque; behind what the opacity of a texture
        cuts out, as the source's nearest sample at twice its size is.
    """
    face, bary, _ = draw_surface(avatar, target, height, width)
    flow = flow_between(face, bary, source, avatar.faces)
    seen = visible_exact(face, bary, source, avatar.faces, drawn=avatar.solid)
    if len(avatar.cut_outs):
        _hide_behind_cut_outs(avatar, source, face, bary, seen)
    return flow, seen


def _hide_behind_cut_outs(
    avatar: Avatar, source: Floats, face: NDArray[np.int32], bary: Floats, seen: NDArray[np.uint8]
) -> None:
    """Mark as hidden, in place, what lies behind hair in the source."""
    fine = supersampled(source)
    height, width = (side * SUPERSAMPLING for side in seen.shape)
    before, _, depth = draw_surface(avatar, fine, height, width)
    cut_out = np.append(avatar.textures.see_through[avatar.material], False)[before]
    rows, columns = np.nonzero(seen == VISIBLE)
    place = interpolate(face[rows, columns], bary[rows, columns], avatar.faces, fine)
    column = np.clip(np.rint(place[:, 0]), 0, width - 1).astype(np.intp)
    row = np.clip(np.rint(place[:, 1]), 0, height - 1).astype(np.intp)
    hidden = cut_out[row, column] & (depth[row, column] < place[:, 2] - BEHIND)
    seen[rows[hidden], columns[hidden]] = HIDDEN


@kernel
def _draw_cut_outs(
    points: Floats,
    faces: NDArray[np.int32],
    chosen: NDArray[np.int32],
    uv: Floats,
    material: NDArray[np.int32],
    level: Floats,
    texels: NDArray[np.uint8],
    levels: NDArray[np.int64],
    wraps: NDArray[np.int64],
    cuts: Floats,
    face: NDArray[np.int32],
    bary: Floats,
    depth: Floats,
) -> None:
    """Draw the chosen faces into a surface, where their texture is at least as opaque as a pixel's cut; rules as of `rasterize`."""
    height, width = face.shape
    for f in chosen:
        i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
        u0, v0, z0 = float(points[i, 0]), float(points[i, 1]), float(points[i, 2])
        u1, v1, z1 = float(points[j, 0]), float(points[j, 1]), float(points[j, 2])
        u2, v2, z2 = float(points[k, 0]), float(points[k, 1]), float(points[k, 2])
        area = (u1 - u0) * (v2 - v0) - (u2 - u0) * (v1 - v0)
        if not abs(area) > 0.0:
            continue
        m = material[f]
        n = level_of(level, f, levels.shape[1])
        start, rows, columns = levels[m, n, 0], levels[m, n, 1], levels[m, n, 2]
        top, bottom = max(0, int(np.ceil(min(v0, v1, v2)))), min(height - 1, int(np.floor(max(v0, v1, v2))))
        left, right = max(0, int(np.ceil(min(u0, u1, u2)))), min(width - 1, int(np.floor(max(u0, u1, u2))))
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                w0 = ((u1 - x) * (v2 - y) - (u2 - x) * (v1 - y)) / area
                w1 = ((u2 - x) * (v0 - y) - (u0 - x) * (v2 - y)) / area
                w2 = 1.0 - w0 - w1
                if not (w0 > 0.0 and w1 > 0.0 and w2 > 0.0):
                    continue
                z = w0 * z0 + w1 * z1 + w2 * z2
                if not z < depth[y, x]:
                    continue
                s, t = w0 * uv[i, 0] + w1 * uv[j, 0] + w2 * uv[k, 0], w0 * uv[i, 1] + w1 * uv[j, 1] + w2 * uv[k, 1]
                column = wrapped(int(np.floor(s * columns)), columns, wraps[m, 0])
                row = wrapped(int(np.floor(t * rows)), rows, wraps[m, 1])
                if texels[start + row * columns + column, 3] >= 255 * cuts[y % 2, x % 2]:
                    face[y, x], depth[y, x] = f, z
                    bary[y, x, 0], bary[y, x, 1] = w0, w1
