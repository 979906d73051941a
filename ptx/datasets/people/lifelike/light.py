"""Light of lifelike pictures: surroundings as spherical harmonics of second order, one distant light, and what the body hides of both.

Ramamoorthi and Hanrahan, "An Efficient Representation for Irradiance Environment Maps", SIGGRAPH 2001.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.rasterizer import rasterize

Floats = NDArray[np.float32]
Colours = NDArray[np.float32]
Ball = tuple[Floats, float]
"""Middle (3,) and radius, metres."""

COSINE_LOBE = np.array([1.0, 2 / 3, 2 / 3, 2 / 3, 0.25, 0.25, 0.25, 0.25, 0.25], np.float32)
"""Factors of the nine coefficients that turn radiance into irradiance / π: a cosine lobe."""

OCCLUSION_SIDES = 12
"""Directions from which is looked at what is hidden from the surroundings."""

OCCLUSION_MAP = 80
"""Side of the depth map of each of these directions, px."""

OCCLUSION_BIAS = 0.02
"""Distance in metres by which something must be nearer to hide: the maps have pixels of 2 cm."""

SHADOW_MAP = 320
"""Side of the depth map of the distant light, px."""

SHADOW_BIAS = 0.014
"""Distance in metres by which something must be nearer to the light to cast a shadow."""

LEAST_AMBIENT = 0.06
"""Least share of the surroundings' light that comes everywhere."""


STUDIO = 0.5
"""Share of pictures in a studio's soft light: what turns away from the viewer is hardly darker, as in most fashion photographs."""


@dataclass(frozen=True)
class Lighting:
    """The light of one picture, in the camera's frame: x right, y up, z towards the viewer."""

    ambient: Floats
    """(9, 3) radiance of the surroundings."""
    yaw: float
    """Radians by which the surroundings are turned."""
    direction: Floats
    """(3,) towards the distant light, length 1."""
    strength: Colours
    """(3,) irradiance / π of the distant light on what faces it."""


def harmonics(directions: NDArray[np.floating]) -> NDArray[np.floating]:
    """Evaluate the nine real spherical harmonics (..., 9) in directions (..., 3) of length 1, in Ramamoorthi and Hanrahan's order."""
    x, y, z = np.moveaxis(directions, -1, 0)
    return np.stack([
        np.full_like(x, 0.282095), 0.488603 * y, 0.488603 * z, 0.488603 * x,
        1.092548 * x * y, 1.092548 * y * z, 0.315392 * (3 * z * z - 1), 1.092548 * x * z, 0.546274 * (x * x - y * y),
    ], axis=-1)  # fmt: skip


def sample_lighting(lights: Floats, rng: np.random.Generator) -> Lighting:
    """Sample light: surroundings of `lights` (L, 9, 3), or a made room where there are none, and a lamp, a window or the sun;
    or a studio's.

    What faces the viewer gets about 1 in all.
    """
    studio = rng.random() < STUDIO
    if studio:
        ambient = _studio(rng)
    elif len(lights) and rng.random() < 0.75:
        ambient = lights[rng.integers(len(lights))].astype(np.float32)
        ambient = ambient * np.float32(rng.uniform(0.5, 1)) + _room(rng) * np.float32(0.35)
    else:
        ambient = _room(rng)
    grey = ambient.mean(1, keepdims=True)
    ambient = np.asarray(grey + (ambient - grey) * rng.uniform(0.25, 0.8), np.float32)  # cameras balance white
    side, height = rng.normal(0, 45), np.clip(rng.normal(35, 15), 5, 75)
    a, b = np.radians(side), np.radians(height)
    direction = np.array([np.sin(a) * np.cos(b), np.sin(b), np.cos(a) * np.cos(b)], np.float32)
    warmth = np.float32(rng.normal(0, 0.05))
    lamp = np.array([1 + warmth, 1, 1 - warmth], np.float32) * np.float32(rng.choice([0.25, 0.6, 1.1, 1.8]))
    lamp *= np.float32(0.15 if studio else 1)
    lighting = Lighting(ambient, float(rng.uniform(-np.pi, np.pi)), direction, lamp)
    facing = np.array([[0, 0, 1], [0.5, 0, 0.866], [-0.5, 0, 0.866], [0, 0.5, 0.866]], np.float32)
    total = (surrounding(lighting, facing) + lamp * np.maximum(facing @ direction, 0)[:, None]).mean()
    return Lighting(ambient / total, lighting.yaw, direction, np.asarray(lamp / total, np.float32))


def _room(rng: np.random.Generator) -> Floats:
    """Make the surroundings (9, 3) of a room or a street: bright above, dim below, a bright side."""
    out = np.zeros((9, 3), np.float32)
    tint = 1 + rng.normal(0, 0.04, 3)
    out[0] = tint * 3.54
    out[1] = tint * rng.uniform(0.3, 1.6)
    out[2:4] = rng.normal(0, 0.8, (2, 1)) * tint
    return out


def _studio(rng: np.random.Generator) -> Floats:
    """Make the surroundings (9, 3) of white walls and large lamps: a little brighter above and on one side."""
    out = np.zeros((9, 3), np.float32)
    out[0] = 3.54
    out[1:4] = np.array([[rng.uniform(0, 0.4)], [rng.normal(0, 0.3)], [rng.normal(0, 0.3)]])
    return out


def surrounding(lighting: Lighting, normals: Floats) -> Colours:
    """Compute irradiance / π (M, 3) of the surroundings on surfaces with normals (M, 3) of length 1."""
    sine, cosine = np.float32(np.sin(lighting.yaw)), np.float32(np.cos(lighting.yaw))
    turned = normals.copy()
    turned[:, 0] = cosine * normals[:, 0] + sine * normals[:, 2]
    turned[:, 2] = cosine * normals[:, 2] - sine * normals[:, 0]
    light = harmonics(turned).astype(np.float32) @ (COSINE_LOBE[:, None] * lighting.ambient)
    return np.asarray(np.maximum(light, LEAST_AMBIENT), np.float32)


def occlusion(
    vertices: Floats, faces: NDArray[np.int32], normals: Floats, asked: NDArray[np.intp], ball: Ball
) -> Floats:
    """Compute the share (A,) in 0..1 of the surroundings that vertices see: depth maps from all sides.

    Args:
        vertices: (V, 3) metres.
        faces: (F, 3).
        normals: (V, 3) of length 1.
        asked: (A,) vertices that are wanted.
        ball: around the mesh.
    """
    seen, whole = np.zeros(len(asked), np.float32), np.full(len(asked), 1e-6, np.float32)
    points, outwards = vertices[asked], normals[asked]
    for direction in _sides():
        cosine = np.maximum(outwards @ direction, 0)
        whole += cosine
        seen += cosine * ~hidden(vertices, faces, points, direction, ball, OCCLUSION_MAP, OCCLUSION_BIAS)
    return np.asarray(seen / whole, np.float32)


def hidden(
    vertices: Floats,
    faces: NDArray[np.int32],
    points: Floats,
    direction: Floats,
    ball: Ball,
    side: int = SHADOW_MAP,
    bias: float = SHADOW_BIAS,
) -> NDArray[np.bool_]:
    """Mark the points (M, 3) that a mesh in a ball hides from a distant light in `direction` (3,), by a depth map of `side` px."""
    up = np.array([0, 1, 0] if abs(direction[1]) < 0.9 else [0, 0, 1], np.float32)
    right = np.cross(up, direction)
    right /= np.linalg.norm(right)
    frame = np.stack([right, np.cross(right, direction), -direction]).astype(np.float32)  # right, down, away
    centre = frame @ ball[0]
    scale = np.float32((side - 1) / (2 * ball[1]))
    frame[:2] *= scale
    move = np.array([*((side - 1) / 2 - scale * centre[:2]), 0], np.float32)
    mesh, at = vertices @ frame.T + move, points @ frame.T + move
    depth = rasterize(mesh, faces, side, side)[2]
    column, row = np.rint(at[:, :2].T).astype(np.intp).clip(0, side - 1)
    return np.asarray(depth[row, column] < at[:, 2] - bias, np.bool_)


def ball_around(vertices: Floats) -> Ball:
    """Return the middle (3,) of vertices (V, 3), and the distance of the farthest."""
    columns = np.ascontiguousarray(vertices.T)
    centre = (columns.min(1) + columns.max(1)) / 2
    away = columns - centre[:, None]
    return centre, float(np.sqrt(np.einsum("cv,cv->v", away, away).max()))


def _sides() -> Floats:
    """Spread directions (`OCCLUSION_SIDES`, 3) evenly over the sphere, by the golden angle."""
    k = np.arange(OCCLUSION_SIDES) + 0.5
    y = 1 - 2 * k / OCCLUSION_SIDES
    angle = np.pi * (1 + 5**0.5) * k
    flat = np.sqrt(1 - y * y)
    return np.stack([flat * np.cos(angle), y, flat * np.sin(angle)], axis=1).astype(np.float32)
