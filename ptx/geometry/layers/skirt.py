"""The skirt: a tube from the waist to the ankles, around the convex outline of the body's sections in rest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ptx.geometry.body import Body
from ptx.geometry.joints import joint
from ptx.geometry.layers.sheet import Floats, Sheet, smooth_around, smoothstep

RINGS, SIDES = 32, 48
"""Rings from the waist down, and vertices of each, counter-clockwise from above, beginning in front."""

TOP, BOTTOM = 0.12, 0.97
"""Thighs above the hips at which the tube begins, and share of the way from the hips to the ankles at which it ends."""

SLACK, SLACK_AT_TOP = 0.015, 0.004
"""Metres between the tube and the skin; the least, at its first ring."""

LYING = 0.1
"""Metres below its first ring within which the tube lies on the skin less and less: it begins without a step."""

THIGHS = 0.1, 0.8
"""Thighs below the hips from which the tube begins to follow the thighs, and does fully."""

SHINS, SHIN_SHARE = (0.8, 1.5), 0.6
"""The same of the shins, and the share of their turn that it follows at most."""

BLEND = 1.4
"""Width, in distances between the hips, of the blend from the right leg to the left."""

LEGS = tuple(
    joint(name)
    for name in (
        "pelvis", "spine1", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle", "left_foot", "right_foot",
    )
)  # fmt: skip
"""Joints of what a skirt can be around."""


def legs_of(body: Body) -> NDArray[np.bool_]:
    """Vertices (V,) of hips and legs."""
    return np.asarray(body.weights[:, list(LEGS)].sum(axis=1) > 0.6)


def lying(down: Floats) -> Floats:
    """Share (R,) by which rings so far below the first, metres, lie on the skin."""
    return 1 - smoothstep(down / LYING)


def make_skirt(body: Body) -> Sheet:
    """Hang a tube around the hips and both legs of a body in rest."""
    hips, knees, ankles = (_height(body, name) for name in ("hip", "knee", "ankle"))
    thigh = hips - knees
    heights = np.linspace(hips + TOP * thigh, hips - BOTTOM * (hips - ankles), RINGS)
    angles = 2 * np.pi * np.arange(SIDES) / SIDES
    around = np.stack([np.sin(angles), np.zeros(SIDES), np.cos(angles)], axis=1)
    axis = body.joint_template[[joint("left_hip"), joint("right_hip")]].astype(np.float64).mean(axis=0)
    reach, farthest = _reach(body, heights, around, axis)
    free = 1 - lying(heights[0] - heights)[:, None]
    outline = _convex(reach, angles)
    round_about = np.maximum(outline, free * smooth_around(outline))
    slack = SLACK_AT_TOP + free * (SLACK - SLACK_AT_TOP)
    radius = np.maximum.accumulate(round_about + slack, axis=0)  # cloth does not come in again below the widest ring
    vertices = axis + radius[..., None] * around
    vertices[..., 1] = heights[:, None]
    skin = np.flatnonzero(legs_of(body))
    near = skin[cKDTree(body.v_template[skin]).query(vertices.reshape(-1, 3))[1]].reshape(RINGS, SIDES)
    return Sheet(
        vertices=vertices,
        closed=True,
        down=heights[0] - heights,
        outwards=np.broadcast_to(around, vertices.shape),
        near=near,
        weights=free[..., None] * _weights(vertices, body, hips, thigh)
        + (1 - free[..., None]) * smooth_around(body.weights[near].astype(np.float64)),
        shapedirs=smooth_around(body.shapedirs[farthest].astype(np.float64), 4),
        mirrored=-np.arange(SIDES) % SIDES,
        opposite=True,
        ends=np.zeros(SIDES),
    )


def _height(body: Body, name: str) -> float:
    return float(body.joint_template[[joint(f"left_{name}"), joint(f"right_{name}")], 1].mean())


def _reach(body: Body, heights: Floats, around: Floats, axis: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Find how far the body reaches from the axis at each height in each direction, metres, and the vertex that does, both (R, C)."""
    skin = np.flatnonzero(legs_of(body))
    count = max(24, len(body.v_template) // 120)
    reach, farthest = np.empty((len(heights), len(around))), np.empty((len(heights), len(around)), np.int64)
    for row, height in enumerate(heights):
        band = skin[np.argsort(np.abs(body.v_template[skin, 1] - height), kind="stable")[:count]]
        along = around @ (body.v_template[band] - axis).T
        reach[row], farthest[row] = along.max(axis=1), band[along.argmax(axis=1)]
    return reach, farthest


def _convex(reach: Floats, angles: Floats) -> Floats:
    """Turn how far something reaches in each direction, (R, C) at angles (C,), to the distance (R, C) of its convex outline there."""
    along = np.cos(angles[:, None] - angles)
    return np.asarray(np.where(along > 0.1, reach[:, None] / np.maximum(along, 0.1), np.inf).min(axis=2))


def _weights(points: Floats, body: Body, hips: float, thigh: float) -> Floats:
    """Skinning weights (R, C, 24) of the tube: the pelvis above, below the thighs and then the shins, left and right by their side."""
    below = (hips - points[..., 1]) / thigh
    legs = smoothstep((below - THIGHS[0]) / (THIGHS[1] - THIGHS[0]))
    shins = SHIN_SHARE * smoothstep((below - SHINS[0]) / (SHINS[1] - SHINS[0]))
    apart = float(np.ptp(body.joint_template[[joint("left_hip"), joint("right_hip")], 0]))
    left = smoothstep(points[..., 0] / (BLEND * apart) + 0.5)
    out = np.zeros((*below.shape, body.weights.shape[1]))
    out[..., joint("pelvis")] = 1 - legs
    for side, share in (("left", left), ("right", 1 - left)):
        out[..., joint(f"{side}_hip")] = legs * (1 - shins) * share
        out[..., joint(f"{side}_knee")] = legs * shins * share
    return out
