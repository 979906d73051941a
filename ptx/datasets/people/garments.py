"""Loose clothes: cloth that hangs from the body and leaves its surface, as geometry of its own.

A skirt or the tail of a coat is a tube around hips and legs, skinned to the pelvis and, the lower the more, to the thighs.
It is added to the body's mesh, so that rendering, exact flow and exact visibility need nothing of their own for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import Body
from ptx.geometry.joints import joint
from ptx.geometry.mesh import vertex_normals

Floats = NDArray[np.float32]

RINGS, SIDES = 24, 64
"""Vertices of a tube: rings from waist to hem, points around."""
SLACK = 0.012
"""Metres by which cloth stays off the skin."""
FOLLOW = 0.7
"""How much of the thighs' turn the cloth at knee height and below follows."""
HIPS = 0.0
"""y of the hips on the mean body in rest: cloth above moves with the pelvis alone."""


@dataclass(frozen=True)
class Loose:
    """One loose garment."""

    kind: str
    """skirt, dress (a skirt that goes on from the top) or coat."""
    top: float
    """y on the mean body at which the tube begins."""
    hem: float
    """y at which it ends."""
    flare: float
    """Metres outwards a metre down."""
    pleats: int
    """Folds around; 0 hangs smoothly."""
    depth: float
    """Metres of the folds at the hem."""
    opening: float
    """Half the angle, radians, by which a coat stands open in front."""
    body_slack: float
    """Metres by which the part above the tube stands off trunk and arms."""


def draw_loose(rng: np.random.Generator) -> Loose:
    """A skirt, a dress or a coat."""
    kind = str(rng.choice(["skirt", "dress", "coat"], p=[0.45, 0.25, 0.3]))
    coat = kind == "coat"
    return Loose(
        kind=kind,
        top=0.05,
        hem=float(rng.uniform(-0.55, -0.25) if coat else rng.choice([-0.28, -0.42, -0.6, -0.78])),
        flare=float(rng.uniform(0.05, 0.2) if coat else rng.uniform(0.1, 0.45)),
        pleats=0 if coat else int(rng.choice([0, 7, 12])),
        depth=float(rng.uniform(0.01, 0.03)),
        opening=float(rng.uniform(0.08, 0.5)) if coat else 0.0,
        body_slack=float(rng.uniform(0.012, 0.03)) if coat else 0.0,
    )


def dress(body: Body, loose: Loose) -> Body:
    """The body wearing a loose garment: its vertices and faces first, then RINGS × SIDES of the tube."""
    heights = np.linspace(loose.top, loose.hem, RINGS)
    angles = 2 * np.pi * np.arange(SIDES) / SIDES  # 0 in front (+z), growing to the body's left (+x)
    around = np.stack([np.sin(angles), np.cos(angles)], axis=-1)  # (SIDES, 2) x, z
    reach, nearest = _support(body, heights, around)
    down = (loose.top - heights)[:, None]
    folds = loose.depth * np.cos(loose.pleats * angles) * down / max(loose.top - loose.hem, 1e-6) if loose.pleats else 0
    radius = np.maximum.accumulate(reach, axis=0) + SLACK + loose.body_slack + loose.flare * np.maximum(down, 0) + folds
    tube = np.empty((RINGS, SIDES, 3))
    tube[..., 0], tube[..., 2] = radius * around[:, 0], radius * around[:, 1] + 0.02
    tube[..., 1] = heights[:, None]
    return replace(
        body,
        v_template=np.concatenate([_puffed(body, loose), tube.reshape(-1, 3)]).astype(np.float32),
        faces=np.concatenate([_uncovered(body, loose), _tube_faces(loose, angles) + len(body.v_template)]).astype(
            np.int32
        ),
        weights=np.concatenate([body.weights, _hang(tube.reshape(-1, 3))]).astype(np.float32),
        shapedirs=np.concatenate([body.shapedirs, _smoothed(body.shapedirs[nearest])]).astype(np.float32),
        posedirs=None if body.posedirs is None else _still(body.posedirs, RINGS * SIDES),
    )


def _still(posedirs: Floats, count: int) -> Floats:
    """Pose-dependent shapes, with so many vertices more that have none."""
    return np.concatenate([posedirs, np.zeros((count, *posedirs.shape[1:]), np.float32)])


def _support(
    body: Body, heights: NDArray[np.float64], around: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """How far the body reaches at each height in each direction (RINGS, SIDES), and the vertices that do."""
    v = body.v_template
    candidates = np.flatnonzero((np.abs(v[:, 0]) < 0.35) & (v[:, 1] < 0.3))
    reach, nearest = np.empty((len(heights), len(around))), np.empty((len(heights), len(around)), np.intp)
    for k, y in enumerate(heights):
        near = candidates[np.argsort(np.abs(v[candidates, 1] - y), kind="stable")[: max(24, len(v) // 120)]]
        far = around @ (v[near][:, [0, 2]] - (0, 0.02)).T
        reach[k], nearest[k] = far.max(1), near[far.argmax(1)]
    return reach, nearest


def _puffed(body: Body, loose: Loose) -> Floats:
    """The body's vertices, trunk and arms pushed outwards under a coat."""
    if loose.body_slack == 0:
        return body.v_template
    v = body.v_template
    normals = vertex_normals(v, body.faces)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    rise = ((v[:, 1] - loose.top + 0.05) / 0.05).clip(0, 1) * ((0.55 - v[:, 1]) / 0.03).clip(0, 1)
    rise *= ((0.68 - np.abs(v[:, 0])) / 0.05).clip(0, 1)
    return v + (loose.body_slack * rise)[:, None] * normals


def _uncovered(body: Body, loose: Loose) -> NDArray[np.int32]:
    """Faces of the body; the thighs under a closed skirt are left out, so that they cannot come through it."""
    if loose.opening > 0:
        return body.faces
    middle = body.v_template[body.faces].mean(1)
    covered = (middle[:, 1] < loose.top - 0.03) & (middle[:, 1] > loose.hem + 0.06) & (np.abs(middle[:, 0]) < 0.4)
    return body.faces[~covered]


def _tube_faces(loose: Loose, angles: NDArray[np.float64]) -> NDArray[np.int64]:
    """(F, 3) triangles of the tube, counter-clockwise from outside, without a coat's opening."""
    ring, side = (a.ravel() for a in np.meshgrid(np.arange(RINGS - 1), np.arange(SIDES), indexing="ij"))
    off = np.abs((angles[side] + np.pi / SIDES + np.pi) % (2 * np.pi) - np.pi)
    keep = off >= loose.opening
    ring, side = ring[keep], side[keep]
    a, b = ring * SIDES + side, ring * SIDES + (side + 1) % SIDES
    c, d = a + SIDES, b + SIDES
    return np.concatenate([np.stack([a, c, b], 1), np.stack([b, c, d], 1)])


def _hang(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Skinning weights (N, 24) of cloth: the pelvis above, the thighs below, left and right by their side."""
    lower = FOLLOW * _smooth((HIPS - points[:, 1]) / 0.3)
    left = _smooth(points[:, 0] / 0.3 + 0.5)
    out = np.zeros((len(points), 24))
    out[:, joint("pelvis")] = 1 - lower
    out[:, joint("left_hip")] = lower * left
    out[:, joint("right_hip")] = lower * (1 - left)
    return out


def _smoothed(values: Floats) -> Floats:
    """(RINGS, SIDES, 3, B) → (RINGS · SIDES, 3, B), the mean of nine neighbours around: cloth has no steps."""
    total = sum(np.roll(values, k, axis=1) for k in range(-4, 5)) / 9
    return np.asarray(total, np.float32).reshape(-1, *values.shape[2:])


def _smooth(t: NDArray[np.float64]) -> NDArray[np.float64]:
    t = t.clip(0, 1)
    return t * t * (3 - 2 * t)
