"""Gauss-Newton normal equations of the fit's energy: every term's residuals times their exact derivatives."""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

from ptx.geometry.fitting.energy import Observation, Widths, robust, space_means, space_residual, unbalance
from ptx.geometry.fitting.kinematics import BETAS, Skeleton, Work, differentiate
from ptx.geometry.fitting.priors import Prior

Floats = NDArray[np.float64]


@nb.njit(cache=True, nogil=True)
def add_row(row: Floats, residual: float, weight: float, hessian: Floats, gradient: Floats) -> None:
    """Add one weighted residual's row to the lower triangle of the normal equations."""
    for i in range(len(row)):
        a = weight * row[i]
        if a != 0.0:
            gradient[i] += a * residual
            target = hessian[i]
            for j in range(i + 1):
                target[j] += a * row[j]


@nb.njit(cache=True, nogil=True)
def normal_equations(
    skeleton: Skeleton, prior: Prior, seen: Observation, widths: Widths, root: Floats, rest: Floats, work: Work,
    hessian: Floats, gradient: Floats,
) -> None:  # fmt: skip
    """Half of E's Gauss-Newton Hessian (P, P; lower triangle) and gradient (P,), after `energy` at the same state."""
    dofs_count = len(prior.mean)
    differentiate(skeleton, prior, rest[:dofs_count], work)
    hessian[:] = 0.0
    gradient[:] = 0.0
    size, wide = len(gradient), 3 + dofs_count + BETAS
    scale, cx, cy = np.exp(rest[-4]), rest[-3], rest[-2]
    rows = np.zeros((2, size))
    for k in range(18):
        if seen.weight[k] <= 0.0:
            continue
        u = scale * work.points[k, 0] + cx - seen.xy[k, 0]
        v = scale * work.points[k, 1] + cy - seen.xy[k, 1]
        weight = seen.weight[k] * robust(u * u + v * v, widths.image * prior.spread[k], widths.image_turn)[1]
        for i in range(2):
            for p in range(wide):
                rows[i, p] = scale * work.jacobian[k, i, p]
            rows[i, wide] = scale * work.points[k, i]
            rows[i, wide + 1 + i] = 1.0
        add_row(rows[0], u, weight, hessian, gradient)
        add_row(rows[1], v, weight, hessian, gradient)
    add_space(prior, seen, widths, rest, work, hessian, gradient)
    add_balance(widths, work, hessian, gradient)
    add_priors(prior, widths, root, rest, hessian, gradient)


@nb.njit(cache=True, nogil=True)
def add_space(
    prior: Prior, seen: Observation, widths: Widths, rest: Floats, work: Work, hessian: Floats, gradient: Floats
) -> None:
    """Add the 3D keypoints' rows."""
    mine, theirs = np.empty(3), np.empty(3)
    total = space_means(seen, work.points, mine, theirs)
    if total <= 0.0:
        return
    size, wide = len(gradient), work.jacobian.shape[2]
    mean, row, scale = np.zeros((3, wide)), np.zeros(size), np.exp(rest[-1])
    for k in range(18):
        if seen.weight3[k] > 0.0:
            for i in range(3):
                for p in range(wide):
                    mean[i, p] += (seen.weight3[k] / total) * work.jacobian[k, i, p]
    residual, shrink = np.empty(3), np.array([1.0, 1.0, 1.0 / widths.depth])
    for k in range(18):
        if seen.weight3[k] <= 0.0:
            continue
        square = space_residual(seen, widths, work.points, mine, theirs, scale, k, residual)
        weight = seen.weight3[k] * robust(square, widths.space * prior.spread[k], widths.space_turn)[1]
        for i in range(3):
            for p in range(wide):
                row[p] = shrink[i] * (work.jacobian[k, i, p] - mean[i, p])
            row[size - 1] = -shrink[i] * scale * (seen.xyz[k, i] - theirs[i])
            add_row(row, residual[i], weight, hessian, gradient)


@nb.njit(cache=True, nogil=True)
def add_balance(widths: Widths, work: Work, hessian: Floats, gradient: Floats) -> None:
    """Add the row of `unbalance`."""
    row, z = np.zeros(len(gradient)), work.jacobian[:, 2]
    for p in range(z.shape[1]):
        row[p] = 0.25 * (z[2, p] + z[5, p] + z[8, p] + z[11, p]) - 0.5 * (z[10, p] + z[13, p])
    residual = unbalance(work.points)
    add_row(row, residual, robust(residual**2, widths.balance, widths.balance_turn)[1], hessian, gradient)


@nb.njit(cache=True, nogil=True)
def add_priors(prior: Prior, widths: Widths, root: Floats, rest: Floats, hessian: Floats, gradient: Floats) -> None:
    """Add the terms of `prior_energy`."""
    dofs_count, size = len(prior.mean), len(gradient)
    for d in range(dofs_count):
        weight = 1.0 / prior.sigma[d] ** 2
        hessian[3 + d, 3 + d] += weight
        gradient[3 + d] += weight * (rest[d] - prior.mean[d])
        beyond = max(rest[d] - prior.upper[d], 0.0) + min(rest[d] - prior.lower[d], 0.0)
        if beyond != 0.0:
            hessian[3 + d, 3 + d] += 1.0 / widths.limit**2
            gradient[3 + d] += beyond / widths.limit**2
    for b in range(3 + dofs_count, 3 + dofs_count + BETAS):
        hessian[b, b] += 1.0 / widths.betas**2
        gradient[b] += rest[b - 3] / widths.betas**2
    # up - y turns by delta x up: rows (0, up_z, -up_y), (-up_z, 0, up_x), (up_y, -up_x, 0).
    weight, row = 1.0 / widths.upright**2, np.zeros(size)
    x, y, z = root[0, 1], root[1, 1], root[2, 1]
    row[0], row[1], row[2] = 0.0, z, -y
    add_row(row, x, weight, hessian, gradient)
    row[0], row[1], row[2] = -z, 0.0, x
    add_row(row, y - 1.0, weight, hessian, gradient)
    row[0], row[1], row[2] = y, -x, 0.0
    add_row(row, z, weight, hessian, gradient)
    hessian[size - 4, size - 4] += 1.0 / widths.camera**2
    gradient[size - 4] += rest[-4] / widths.camera**2
    hessian[size - 1, size - 1] += 1.0 / widths.space_scale**2
    gradient[size - 1] += rest[-1] / widths.space_scale**2
