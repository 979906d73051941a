"""Conversions between axis-angle vectors and rotation matrices, the two forms of a pose."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ptx.geometry.kernel import kernel

SMALL_ANGLE = 1e-4
"""Radians below which the first terms of the series are exact in float64."""


def rotation_matrices(axis_angle: ArrayLike) -> NDArray[np.floating]:
    """Convert axis-angle vectors by Rodrigues' formula, computed in float64.

    Args:
        axis_angle: (..., 3) direction = axis, length = angle in radians, of any size.

    Returns:
        (..., 3, 3) float32 if the input is float32, else float64. R @ v turns v counter-clockwise about the axis.

    Raises:
        ValueError: the last dimension is not 3.
    """
    vectors = np.asarray(axis_angle)
    if vectors.ndim == 0 or vectors.shape[-1] != 3:
        raise ValueError(f"axis-angle vectors {vectors.shape} must be (..., 3)")
    flat = np.ascontiguousarray(vectors, np.float64).reshape(-1, 3)
    out = np.empty((len(flat), 3, 3), np.float64)
    _rotate_all(flat, out)
    return out.reshape(*vectors.shape, 3).astype(_float_type(vectors), copy=False)


def axis_angles(rotations: ArrayLike) -> NDArray[np.floating]:
    """Invert `rotation_matrices`, by way of the quaternion's largest component (exact near 0 and near π alike).

    Args:
        rotations: (..., 3, 3) rotation matrices.

    Returns:
        (..., 3) float32 if the input is float32, else float64; lengths in 0..π. At exactly π either sign is right.

    Raises:
        ValueError: the last two dimensions are not 3 by 3.
    """
    matrices = np.asarray(rotations)
    if matrices.ndim < 2 or matrices.shape[-2:] != (3, 3):
        raise ValueError(f"rotation matrices {matrices.shape} must be (..., 3, 3)")
    quaternion = _quaternions(matrices.astype(np.float64).reshape(-1, 3, 3))
    xyz = quaternion[:, 1:]
    sine = np.linalg.norm(xyz, axis=1)  # of half the angle
    half = np.arctan2(sine, quaternion[:, 0])
    tiny = sine < SMALL_ANGLE
    factor = np.where(tiny, 2.0 + sine**2 / 3.0, 2.0 * half / np.where(tiny, 1.0, sine))
    vectors: NDArray[np.float64] = (xyz * factor[:, None]).reshape(matrices.shape[:-1])
    return vectors.astype(_float_type(matrices), copy=False)


def _float_type(array: NDArray[np.generic]) -> type[np.floating]:
    return np.float32 if array.dtype == np.float32 else np.float64


def _quaternions(R: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit quaternions (M, 4) w, x, y, z with w ≥ 0 of matrices (M, 3, 3), by Shepperd's method: divide by the largest component."""
    m = R.reshape(-1, 9).T
    candidates = np.array(
        [
            [1 + m[0] + m[4] + m[8], m[7] - m[5], m[2] - m[6], m[3] - m[1]],
            [m[7] - m[5], 1 + m[0] - m[4] - m[8], m[1] + m[3], m[2] + m[6]],
            [m[2] - m[6], m[1] + m[3], 1 - m[0] + m[4] - m[8], m[5] + m[7]],
            [m[3] - m[1], m[2] + m[6], m[5] + m[7], 1 - m[0] - m[4] + m[8]],
        ]
    )  # row i = 4 q_i (w, x, y, z)
    best = np.argmax(candidates[np.arange(4), np.arange(4)], axis=0)
    chosen = candidates[best, :, np.arange(len(R))]
    chosen /= np.linalg.norm(chosen, axis=1, keepdims=True)
    return chosen * np.where(chosen[:, :1] < 0, -1.0, 1.0)


@kernel
def exponential(x: float, y: float, z: float, out: NDArray[np.float64]) -> None:
    """Write the rotation of one axis-angle vector into `out` (3, 3)."""
    square = x * x + y * y + z * z
    angle = np.sqrt(square)
    if angle < SMALL_ANGLE:
        a, b = 1.0 - square / 6.0, 0.5 - square / 24.0
    else:
        a, b = np.sin(angle) / angle, 2.0 * (np.sin(0.5 * angle) / angle) ** 2
    out[0, 0], out[0, 1], out[0, 2] = 1.0 - b * (y * y + z * z), b * x * y - a * z, b * x * z + a * y
    out[1, 0], out[1, 1], out[1, 2] = b * x * y + a * z, 1.0 - b * (x * x + z * z), b * y * z - a * x
    out[2, 0], out[2, 1], out[2, 2] = b * x * z - a * y, b * y * z + a * x, 1.0 - b * (x * x + y * y)


@kernel
def logarithm(matrix: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Write the axis-angle vector (3,), length in 0..π, of one rotation matrix (3, 3) into `out`: undoes `exponential`.

    As `axis_angles` by way of the quaternion's largest component, but not normalised first: the two differ by up to 5 units in the
    last place of float64. Fits are stored with this one, other poses with that one, so both stay as they are.
    """
    quaternion = np.empty(4)
    trace = matrix[0, 0] + matrix[1, 1] + matrix[2, 2]
    quaternion[0] = 1.0 + trace
    for i in range(3):
        quaternion[1 + i] = 1.0 + 2.0 * matrix[i, i] - trace
    best = int(np.argmax(quaternion))
    if best == 0:
        quaternion[1] = matrix[2, 1] - matrix[1, 2]
        quaternion[2] = matrix[0, 2] - matrix[2, 0]
        quaternion[3] = matrix[1, 0] - matrix[0, 1]
    else:
        i, j, k = best - 1, best % 3, (best + 1) % 3
        quaternion[0] = matrix[k, j] - matrix[j, k]
        quaternion[1 + j] = matrix[j, i] + matrix[i, j]
        quaternion[1 + k] = matrix[k, i] + matrix[i, k]
    sine = np.sqrt(quaternion[1] ** 2 + quaternion[2] ** 2 + quaternion[3] ** 2)
    sign = -1.0 if quaternion[0] < 0.0 else 1.0
    angle = 2.0 * np.arctan2(sine, sign * quaternion[0])
    factor = sign * angle / sine if sine > 1e-12 else 0.0
    for i in range(3):
        out[i] = factor * quaternion[1 + i]


@kernel
def _rotate_all(vectors: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    for n in range(len(vectors)):
        exponential(vectors[n, 0], vectors[n, 1], vectors[n, 2], out[n])
