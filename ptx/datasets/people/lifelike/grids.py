"""Things that are made, not modelled: surfaces that are grids of points around the mean body in rest, bound to its skin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.people.lifelike.pack import Piece
from ptx.geometry.body import Body
from ptx.geometry.joints import joint
from ptx.labels import garment

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Mask = NDArray[np.bool_]

BOUND = 9
"""Vertices of the body that a vertex is bound to: what is made has none of the skin's small forms."""


def bind_grid(
    body: Body,
    label: str,
    grid: Floats,
    near: Mask,
    skin: Floats | None = None,
    kind: str = "made",
    left_out: Mask | None = None,
) -> Piece:
    """Make a piece of a grid.

    Args:
        body: that it is bound to.
        label: its name in `ptx.labels`.
        grid: (R, S, 3) points in rest, metres; rings one below the other, each closed, counter-clockwise seen from above.
        near: (B,) the body's vertices that it may be bound to.
        skin: (24,) or (R S, 24) skinning weights; None: those of the skin.
        kind: as of `Piece`.
        left_out: (S,) sides, each to the next, that have no surface.
    """
    rings, sides = grid.shape[:2]
    flat = np.ascontiguousarray(grid.reshape(-1, 3), np.float32)
    corners = _nearest(body, flat, near)
    ring, side = (a.ravel() for a in np.meshgrid(np.arange(rings - 1), np.arange(sides), indexing="ij"))
    if left_out is not None:
        ring, side = ring[~left_out[side]], side[~left_out[side]]
    a, b = ring * sides + side, ring * sides + (side + 1) % sides
    faces = np.concatenate([np.stack([a, a + sides, b], 1), np.stack([b, a + sides, b + sides], 1)]).astype(np.int32)
    v, u = np.meshgrid(np.linspace(0, 1, rings), np.arange(sides) / sides, indexing="ij")
    return Piece(
        name=f"{kind}.{label}",
        kind=kind,
        label=garment(label),
        sex="",
        texture="",
        corners=corners,
        weights=np.full(corners.shape, 1 / BOUND, np.float32),
        offset=(flat - body.v_template[corners].mean(1)).astype(np.float32),
        faces=faces,
        uv=np.stack([u.ravel(), v.ravel()], axis=1).astype(np.float32),
        face_uv=faces,
        groups=np.zeros(0, np.uint8),
        hides=np.zeros(len(body.v_template), np.bool_),
        skin=None if skin is None else np.broadcast_to(skin, (len(flat), skin.shape[-1])).astype(np.float32),
    )


def moved_by(*shares: tuple[str, float]) -> Floats:
    """Make skinning weights (24,) of joints by name and their shares."""
    out = np.zeros(24, np.float32)
    for name, share in shares:
        out[joint(name)] += share
    return out


def around(count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return angles (S,), the first in front, growing to the body's left, and their directions (S, 2), x and z."""
    angles = 2 * np.pi * np.arange(count) / count
    return angles, np.stack([np.sin(angles), np.cos(angles)], axis=1)


def box(centre: tuple[float, float, float], size: tuple[float, float, float], round_: float = 0.35) -> Floats:
    """Make a box (R, S, 3) with rounded edges: a superellipsoid of the exponent `round_`, 0 sharp to 1 an ellipsoid."""
    tall = np.linspace(np.pi / 2, -np.pi / 2, 13)[:, None]
    angles = around(32)[0][None]

    def power(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.sign(values) * np.abs(values) ** round_, np.float64)

    unit = [power(np.cos(tall)) * power(np.sin(angles)), power(np.sin(tall)) + 0 * angles]
    unit.append(power(np.cos(tall)) * power(np.cos(angles)))
    return np.stack([c + s / 2 * one for c, s, one in zip(centre, size, unit, strict=True)], axis=2).astype(np.float32)


def band(path: Floats, across: Floats, thick: float) -> Floats:
    """Make a strap (R, 4, 3) along a path (R, 3): a flat loop of section, half as wide as `across` (3,) says, `thick` metres."""
    along = np.gradient(path, axis=0)
    away = np.cross(along, across)
    away *= thick / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-9)
    return np.stack([path + across + away, path + across - away, path - across - away, path - across + away], axis=1)


def _nearest(body: Body, points: Floats, near: Mask) -> Ints:
    """Find the `BOUND` vertices (V, BOUND), of every fourth that is `near` (B,), nearest to each point (V, 3)."""
    candidates = np.flatnonzero(near)[::4]
    place = body.v_template[candidates]
    away = (points**2).sum(1)[:, None] - 2 * points @ place.T + (place**2).sum(1)
    return candidates[np.argpartition(away, BOUND, axis=1)[:, :BOUND]].astype(np.int32)
