"""Accelerations of a motion: second differences between frames, and their exact derivatives.

    r_t = log(R_{t+1} R_t') - log(R_t R_{t-1}')     of the root's rotation, radians about the world's axes
    r_t = x_{t+1} - 2 x_t + x_{t-1}                  of angles and camera; of its place over the size at which the person is seen

A motion of constant speed, a turn about one axis among them, has none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.fitting.model import BETAS, CAMERA_PARAMS, ROOT_TURN
from ptx.geometry.kernel import kernel
from ptx.geometry.rotation import logarithm

Floats = NDArray[np.float64]


@kernel
def full_index(unknown: int, dofs: int) -> int:
    """Component of a step of the fit (`fitting.model`) that is a frame's unknown: all but the betas, which a motion shares."""
    return unknown if unknown < ROOT_TURN + dofs else unknown + BETAS


@kernel
def relative_turn(after: Floats, before: Floats, out: Floats) -> None:
    """Write the axis-angle vector (3,) about the world's axes of the rotation from `before` to `after`, both (3, 3)."""
    product = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            product[i, j] = after[i, 0] * before[j, 0] + after[i, 1] * before[j, 1] + after[i, 2] * before[j, 2]
    logarithm(product, out)


@kernel
def inverse_left_jacobian(w: Floats, out: Floats) -> None:
    """Write the inverse (3, 3) of the left Jacobian of SO(3): log(exp(d) exp(w)) = w + J^-1 d to first order.

    Its transpose is the inverse of the right one: log(exp(w) exp(d)) = w + J^-T d.
    """
    square = w[0] * w[0] + w[1] * w[1] + w[2] * w[2]
    if square < 1e-4:
        b = 1.0 / 12.0 + square / 720.0
    else:
        half = 0.5 * np.sqrt(square)
        b = (1.0 - half / np.tan(half)) / square
    x, y, z = w[0], w[1], w[2]
    a = 1.0 - b * square
    out[0, 0], out[0, 1], out[0, 2] = a + b * x * x, b * x * y + 0.5 * z, b * x * z - 0.5 * y
    out[1, 0], out[1, 1], out[1, 2] = b * x * y - 0.5 * z, a + b * y * y, b * y * z + 0.5 * x
    out[2, 0], out[2, 1], out[2, 2] = b * x * z + 0.5 * y, b * y * z - 0.5 * x, a + b * z * z


@kernel
def acceleration(roots: Floats, params: Floats, t: int, dofs: int, size: float, out: Floats) -> None:
    """Write the second difference (3 + D + 4,) at frame t.

    Args:
        roots: (T, 3, 3) rotations of the root.
        params: (T, D + 14) as `State.params`.
        t: 1..T - 2.
        dofs: D.
        size: how large the person is seen.
        out: is written.
    """
    ahead, behind = np.empty(3), np.empty(3)
    relative_turn(roots[t + 1], roots[t], ahead)
    relative_turn(roots[t], roots[t - 1], behind)
    for i in range(ROOT_TURN):
        out[i] = ahead[i] - behind[i]
    for i in range(ROOT_TURN, ROOT_TURN + dofs + CAMERA_PARAMS):
        p = full_index(i, dofs) - ROOT_TURN
        out[i] = params[t + 1, p] - 2.0 * params[t, p] + params[t - 1, p]
    for i in range(2):
        out[ROOT_TURN + dofs + 1 + i] /= size


@kernel
def turn_derivatives(roots: Floats, t: int, out: Floats) -> None:
    """Write the derivatives (3, 3, 3) of the root's part of `acceleration` by left increments of frames t - 1, t and t + 1."""
    turn, ahead, behind = np.empty(3), np.empty((3, 3)), np.empty((3, 3))
    relative_turn(roots[t + 1], roots[t], turn)
    inverse_left_jacobian(turn, ahead)
    relative_turn(roots[t], roots[t - 1], turn)
    inverse_left_jacobian(turn, behind)
    for i in range(3):
        for j in range(3):
            out[0, i, j] = behind[j, i]
            out[1, i, j] = -ahead[j, i] - behind[i, j]
            out[2, i, j] = ahead[i, j]


@kernel
def add_acceleration(
    roots: Floats,
    params: Floats,
    t: int,
    dofs: int,
    size: float,
    weights: Floats,
    first: int,
    band: Floats,
    gradient: Floats,
) -> None:
    """Add the terms of frame t to the normal equations.

    Args:
        roots: as for `acceleration`.
        params: as for `acceleration`.
        t: as for `acceleration`.
        dofs: D.
        size: as for `acceleration`.
        weights: (3 + D + 4,) of the squares.
        first: frame of the first unknowns; earlier ones are given.
        band: (N, W) upper band of half the Hessian.
        gradient: (N,) half the gradient.
    """
    count = len(weights)
    r, turns, factors = np.empty(count), np.empty((3, 3, 3)), np.array([1.0, -2.0, 1.0])
    acceleration(roots, params, t, dofs, size, r)
    turn_derivatives(roots, t, turns)
    for a in range(3):
        row = (t - 1 + a - first) * count
        if row < 0:
            continue
        for i in range(ROOT_TURN, count):
            inverse = 1.0 / size if ROOT_TURN + dofs < i < ROOT_TURN + dofs + 3 else 1.0
            gradient[row + i] += weights[i] * factors[a] * inverse * r[i]
            for b in range(a, 3):
                band[row + i, (b - a) * count] += weights[i] * factors[a] * factors[b] * inverse * inverse
        for i in range(ROOT_TURN):
            for k in range(ROOT_TURN):
                gradient[row + i] += weights[k] * turns[a, k, i] * r[k]
            for b in range(a, 3):
                for j in range(i if b == a else 0, ROOT_TURN):
                    total = 0.0
                    for k in range(ROOT_TURN):
                        total += weights[k] * turns[a, k, i] * turns[b, k, j]
                    band[row + i, (b - a) * count + j - i] += total
