"""Loose clothes: cloth that hangs from the body and leaves its surface, as geometry of its own.

A skirt or the tail of a coat is a tube around hips and legs, skinned to the pelvis and, the lower the more, to the thighs.
It is added to the body's mesh, so that rendering, exact flow and exact visibility treat it like the body.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import Body
from ptx.geometry.joints import joint
from ptx.geometry.mesh import vertex_normals

Floats = NDArray[np.float32]

RINGS = 24
"""Rings of vertices of a tube, from the waist to the hem."""

SIDES = 64
"""Vertices of each ring, counter-clockwise from above, beginning in front."""

SLACK = 0.012
"""Distance of the cloth from the skin, metres."""

AXIS_Z = 0.02
"""z of the tube's axis on the mean body in rest, metres."""

FOLLOW = 0.7
"""Share of the thighs' turn that the cloth at knee height and below follows."""

HIPS_Y = 0.0
"""Height of the hips on the mean body in rest, metres: cloth above moves with the pelvis alone."""

THIGH_LENGTH = 0.3
"""Distance below the hips, metres, at which the cloth follows the thighs fully."""

GarmentKind = Literal["skirt", "dress", "coat"]
"""Kind of a loose garment; a dress is a skirt that goes on from the top."""

GARMENT_KINDS: dict[GarmentKind, float] = {"skirt": 0.45, "dress": 0.25, "coat": 0.3}
"""Kind of loose garment → its probability."""


@dataclass(frozen=True)
class LooseGarment:
    """One loose garment; heights are y on the mean body in rest, metres."""

    kind: GarmentKind
    """Kind; its name is also its label (`ptx.labels`)."""
    top: float
    """Height at which the tube begins."""
    hem: float
    """Height at which it ends."""
    flare: float
    """Metres outwards per metre down."""
    pleats: int
    """Number of folds around; 0 hangs smoothly."""
    depth: float
    """Depth of the folds at the hem, metres."""
    opening: float
    """Half the angle, radians, by which a coat stands open in front."""
    body_slack: float
    """Distance of the part above the tube from trunk and arms, metres."""


def sample_loose_garment(rng: np.random.Generator) -> LooseGarment:
    """Sample a skirt, a dress or a coat."""
    kinds = list(GARMENT_KINDS)
    kind = kinds[rng.choice(len(kinds), p=list(GARMENT_KINDS.values()))]
    coat = kind == "coat"
    return LooseGarment(
        kind=kind,
        top=0.05,
        hem=float(rng.uniform(-0.55, -0.25) if coat else rng.choice([-0.28, -0.42, -0.6, -0.78])),
        flare=float(rng.uniform(0.05, 0.2) if coat else rng.uniform(0.1, 0.45)),
        pleats=0 if coat else int(rng.choice([0, 7, 12])),
        depth=float(rng.uniform(0.01, 0.03)),
        opening=float(rng.uniform(0.08, 0.5)) if coat else 0.0,
        body_slack=float(rng.uniform(0.012, 0.03)) if coat else 0.0,
    )


def dress(body: Body, garment: LooseGarment) -> Body:
    """Add a loose garment to a body: its mesh holds the body's vertices and faces first, then `RINGS` × `SIDES` of the tube."""
    heights = np.linspace(garment.top, garment.hem, RINGS)
    angles = 2 * np.pi * np.arange(SIDES) / SIDES  # 0 in front (+z), growing to the body's left (+x)
    around = np.stack([np.sin(angles), np.cos(angles)], axis=-1)  # (SIDES, 2) x, z
    reach, nearest = _support(body, heights, around)
    radius = _radius(garment, heights, angles, reach)
    tube = np.empty((RINGS, SIDES, 3))
    tube[..., 0] = radius * around[:, 0]
    tube[..., 1] = heights[:, None]
    tube[..., 2] = radius * around[:, 1] + AXIS_Z
    vertices = tube.reshape(-1, 3)
    body_faces = _uncovered_faces(body, garment)
    tube_faces = _tube_faces(garment, angles) + len(body.v_template)
    return replace(
        body,
        v_template=np.concatenate([_padded_vertices(body, garment), vertices]).astype(np.float32),
        faces=np.concatenate([body_faces, tube_faces]).astype(np.int32),
        weights=np.concatenate([body.weights, _skinning_weights(vertices)]).astype(np.float32),
        shapedirs=np.concatenate([body.shapedirs, _smooth_around(body.shapedirs[nearest])]).astype(np.float32),
        posedirs=None if body.posedirs is None else _append_still(body.posedirs, len(vertices)),
    )


def _radius(
    garment: LooseGarment, heights: NDArray[np.float64], angles: NDArray[np.float64], reach: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Compute the tube's radius (RINGS, SIDES) in metres around a body that reaches `reach` (RINGS, SIDES) far."""
    down = (garment.top - heights)[:, None]
    length = max(garment.top - garment.hem, 1e-6)
    folds = garment.depth * np.cos(garment.pleats * angles) * down / length if garment.pleats else 0
    hanging = np.maximum.accumulate(reach, axis=0) + SLACK  # cloth does not come in again below the widest ring
    return np.asarray(hanging + garment.body_slack + garment.flare * np.maximum(down, 0) + folds, np.float64)


def _append_still(posedirs: Floats, count: int) -> Floats:
    """Append `count` vertices without pose-dependent displacements to posedirs (V, 3, P)."""
    return np.concatenate([posedirs, np.zeros((count, *posedirs.shape[1:]), np.float32)])


def _support(
    body: Body, heights: NDArray[np.float64], around: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Find how far the body reaches from the tube's axis at each height in each direction.

    Args:
        body: in rest.
        heights: (RINGS,) y, metres.
        around: (SIDES, 2) x, z of each direction.

    Returns:
        Reach in metres and the vertex that reaches so far, both (RINGS, SIDES).
    """
    vertices = body.v_template
    candidates = np.flatnonzero((np.abs(vertices[:, 0]) < 0.35) & (vertices[:, 1] < 0.3))
    count = max(24, len(vertices) // 120)
    reach = np.empty((len(heights), len(around)))
    nearest = np.empty((len(heights), len(around)), np.intp)
    for ring, y in enumerate(heights):
        by_distance = np.argsort(np.abs(vertices[candidates, 1] - y), kind="stable")
        band = candidates[by_distance[:count]]
        along = around @ (vertices[band][:, [0, 2]] - (0, AXIS_Z)).T
        reach[ring] = along.max(1)
        nearest[ring] = band[along.argmax(1)]
    return reach, nearest


def _padded_vertices(body: Body, garment: LooseGarment) -> Floats:
    """Return the body's vertices (V, 3), trunk and arms pushed outwards under a coat."""
    if garment.body_slack == 0:
        return body.v_template
    vertices = body.v_template
    normals = vertex_normals(vertices, body.faces)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    share = ((vertices[:, 1] - garment.top + 0.05) / 0.05).clip(0, 1) * ((0.55 - vertices[:, 1]) / 0.03).clip(0, 1)
    share *= ((0.68 - np.abs(vertices[:, 0])) / 0.05).clip(0, 1)
    return np.asarray(vertices + (garment.body_slack * share)[:, None] * normals, np.float32)


def _uncovered_faces(body: Body, garment: LooseGarment) -> NDArray[np.int32]:
    """Return the body's faces (F, 3); the thighs under a closed skirt are left out, so that they cannot come through it."""
    if garment.opening > 0:
        return body.faces
    middle = body.v_template[body.faces].mean(1)
    covered = (middle[:, 1] < garment.top - 0.03) & (middle[:, 1] > garment.hem + 0.06) & (np.abs(middle[:, 0]) < 0.4)
    return np.asarray(body.faces[~covered], np.int32)


def _tube_faces(garment: LooseGarment, angles: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the tube's triangles (F, 3), counter-clockwise from outside, without a coat's opening."""
    ring, side = (a.ravel() for a in np.meshgrid(np.arange(RINGS - 1), np.arange(SIDES), indexing="ij"))
    from_front = np.abs((angles[side] + np.pi / SIDES + np.pi) % (2 * np.pi) - np.pi)
    keep = from_front >= garment.opening
    ring, side = ring[keep], side[keep]
    a, b = ring * SIDES + side, ring * SIDES + (side + 1) % SIDES
    c, d = a + SIDES, b + SIDES
    return np.concatenate([np.stack([a, c, b], 1), np.stack([b, c, d], 1)])


def _skinning_weights(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return skinning weights (N, 24) of cloth at points (N, 3): the pelvis above, below the thighs, left and right by their side."""
    thighs = FOLLOW * _smoothstep((HIPS_Y - points[:, 1]) / THIGH_LENGTH)
    left = _smoothstep(points[:, 0] / 0.3 + 0.5)
    out = np.zeros((len(points), 24))
    out[:, joint("pelvis")] = 1 - thighs
    out[:, joint("left_hip")] = thighs * left
    out[:, joint("right_hip")] = thighs * (1 - left)
    return out


def _smooth_around(values: Floats) -> Floats:
    """Average values (RINGS, SIDES, 3, B) over nine neighbours around, since cloth has no steps; returns (RINGS · SIDES, 3, B)."""
    total = sum(np.roll(values, k, axis=1) for k in range(-4, 5)) / 9
    return np.asarray(total, np.float32).reshape(-1, *values.shape[2:])


def _smoothstep(t: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rise smoothly from 0 at t <= 0 to 1 at t >= 1."""
    t = t.clip(0, 1)
    return t * t * (3 - 2 * t)
