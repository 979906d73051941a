"""Unit quaternions, the form of rotations in glTF: x, y, z, w."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ptx.geometry.rotation import SMALL_ANGLE

Doubles = NDArray[np.float64]


def quaternions(axis_angle: ArrayLike) -> Doubles:
    """Convert axis-angle vectors (..., 3), radians, to unit quaternions (..., 4)."""
    vectors = np.asarray(axis_angle, np.float64)
    angle = np.linalg.norm(vectors, axis=-1, keepdims=True)
    half = np.sinc(angle / (2 * np.pi)) / 2  # sin(angle / 2) / angle
    return np.concatenate([vectors * half, np.cos(angle / 2)], axis=-1)


def axis_angles_of(rotations: ArrayLike) -> Doubles:
    """Invert `quaternions`: (..., 4) of any length but 0 to axis-angle vectors (..., 3) of lengths 0..π."""
    q = np.asarray(rotations, np.float64)
    q = q * np.where(q[..., 3:] < 0, -1, 1) / np.linalg.norm(q, axis=-1, keepdims=True)
    sine = np.linalg.norm(q[..., :3], axis=-1, keepdims=True)
    tiny = sine < SMALL_ANGLE
    factor = np.where(tiny, 2 + sine**2 / 3, 2 * np.arctan2(sine, q[..., 3:]) / np.where(tiny, 1, sine))
    return np.asarray(q[..., :3] * factor)


def continuous(rotations: Doubles) -> Doubles:
    """Choose the signs of quaternions (T, ..., 4) so that each is near the one before it: what lies between two is interpolated."""
    steps = np.where((rotations[1:] * rotations[:-1]).sum(-1, keepdims=True) < 0, -1.0, 1.0)
    signs = np.concatenate([np.ones_like(rotations[:1, ..., :1]), np.cumprod(steps, axis=0)])
    return np.asarray(rotations * signs)
