"""Long hair: a curtain that hangs from the head behind the shoulders and lies on the back, and a lock before either shoulder."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree

from ptx.geometry.body import Body
from ptx.geometry.joints import joint
from ptx.geometry.layers.sheet import Floats, Sheet, smoothstep

ROWS = 24
"""Rows of hair, from above the ears down to the waist."""

ABOVE_EARS = 0.35
"""Share of the way from the ears to the crown at which the curtain begins."""

SLACK, ON_TRUNK = 0.006, 0.02
"""Metres between the hair and the skin of the head, and of the trunk."""

SUNK = 0.03, 0.1
"""Metres that a sheet's first row lies deeper, and below it within which it comes out of the hair of the head."""

ROUND, TUFTS = 0.06, 0.03
"""Metres by which hair ends higher at a sheet's edges than in its middle, and at most between its points."""

HEAD = tuple(joint(name) for name in ("head", "neck"))
TRUNK = tuple(
    joint(name)
    for name in (
        "pelvis", "spine1", "spine2", "spine3", "neck", "left_collar", "right_collar", "left_shoulder", "right_shoulder",
    )
)  # fmt: skip
"""Joints of what hair hangs from, and of what it lies on."""

BELOW = 0.02
"""Metres above the shoulders from which the trunk alone moves it, which it then lies on."""


def chin_and_shoulders(body: Body) -> tuple[float, float]:
    """Heights of chin and shoulders of a body in rest, metres."""
    shoulders = float(body.joint_template[[joint("left_shoulder"), joint("right_shoulder")], 1].mean())
    nose, _, _, right_ear, left_ear = body.v_template[body.landmarks]
    ears, neck = (right_ear[1] + left_ear[1]) / 2, float(body.joint_template[joint("neck"), 1])
    return float(min(nose[1], ears) + neck) / 2, shoulders


class Fall(NamedTuple):
    """Where hair falls: from which part of the head, to which part of the trunk."""

    angles: tuple[float, float]
    """Degrees from the middle of the back of the head, to the left, from column to column."""
    across: tuple[float, float]
    """x below the shoulders, in distances from the middle to a shoulder."""
    columns: int
    """Vertices of each row."""
    front: bool
    """Before the shoulders, or behind them."""


FALLS = (
    Fall((110, -110), (0.52, -0.52), 25, front=False),
    Fall((125, 70), (0.2, 0.75), 9, front=True),
    Fall((-70, -125), (-0.75, -0.2), 9, front=True),
)
"""The curtain on the back, and the locks before the left and the right shoulder."""


def make_hair(body: Body, fall: Fall) -> Sheet:
    """Hang hair from the head of a body in rest."""
    _, _, _, right_ear, left_ear = body.v_template[body.landmarks].astype(np.float64)
    axis = (right_ear + left_ear) / 2
    head = np.flatnonzero(body.weights[:, list(HEAD)].sum(axis=1) > 0.6)
    crown = float(body.v_template[head, 1].max())
    top, waist = axis[1] + ABOVE_EARS * (crown - axis[1]), float(body.joint_template[joint("spine1"), 1])
    heights = np.linspace(top, waist, ROWS)
    angles = np.radians(np.linspace(*fall.angles, fall.columns))
    away = np.stack([np.sin(angles), np.zeros(fall.columns), -np.cos(angles)], axis=1)
    chin, shoulders = chin_and_shoulders(body)
    reach = np.stack([_reach(body.v_template[head], max(height, chin), away, axis) for height in heights])
    hang = np.maximum.accumulate(gaussian_filter1d(reach, 1.0, axis=1), axis=0) + SLACK
    hang -= SUNK[0] * (1 - smoothstep((heights[0] - heights) / SUNK[1]))[:, None]
    vertices = axis + hang[..., None] * away
    vertices[..., 1] = heights[:, None]
    low = smoothstep((chin - heights) / (chin - shoulders - BELOW))[:, None]
    half = float(np.ptp(body.joint_template[[joint("left_shoulder"), joint("right_shoulder")], 0])) / 2
    vertices[..., 0] += low * (axis[0] + half * np.linspace(*fall.across, fall.columns) - vertices[..., 0])
    trunk = np.flatnonzero(body.weights[:, list(TRUNK)].sum(axis=1) > 0.6)
    sign = 1.0 if fall.front else -1.0
    lying = _outermost(body.v_template[trunk] * (1, 1, sign), vertices[..., :2]) + ON_TRUNK
    beyond = sign * np.maximum(sign * vertices[..., 2], lying)
    vertices[..., 2] += low * (beyond - vertices[..., 2])
    outwards = away + low[..., None] * (np.array([0, 0, sign]) - away)
    skin = np.union1d(head, trunk)
    near = skin[cKDTree(body.v_template[skin]).query(vertices.reshape(-1, 3))[1]].reshape(ROWS, fall.columns)
    weights = np.zeros((ROWS, fall.columns, body.weights.shape[1]))
    weights[..., joint("head")], weights[..., joint("spine3")] = 1 - low, low
    shapedirs = body.shapedirs[near].astype(np.float64)
    columns = np.arange(fall.columns)
    return Sheet(
        vertices=vertices,
        closed=False,
        down=heights[0] - heights,
        outwards=outwards / np.linalg.norm(outwards, axis=-1, keepdims=True),
        near=near,
        weights=weights,
        shapedirs=gaussian_filter1d(gaussian_filter1d(shapedirs, 2.0, axis=1), 2.0, axis=0),
        mirrored=columns if fall.front else columns[::-1].copy(),
        opposite=False,
        ends=_points(fall.columns),
    )


def _points(columns: int) -> Floats:
    """`Sheet.ends` of hair: round, and in points; alike on both sides."""
    points = np.random.default_rng(0).random(columns)
    return np.asarray(ROUND * np.linspace(-1, 1, columns) ** 2 + TUFTS * (points + points[::-1]) / 2, np.float64)


def _reach(points: NDArray[np.float32], height: float, away: Floats, axis: Floats) -> Floats:
    """How far points (N, 3) near a height reach from the axis in directions (C, 3): (C,) metres."""
    count = max(24, len(points) // 20)
    band = points[np.argsort(np.abs(points[:, 1] - height), kind="stable")[:count]]
    return np.asarray((away @ (band - axis).T).max(axis=1), np.float64)


def _outermost(points: NDArray[np.floating], at: Floats) -> Floats:
    """The largest z of points (N, 3) about x, y (R, C, 2): of two dozen neighbours, metres."""
    _, nearest = cKDTree(points[:, :2]).query(at.reshape(-1, 2), k=24)
    return np.asarray(points[nearest, 2].max(axis=1), np.float64).reshape(at.shape[:-1])
