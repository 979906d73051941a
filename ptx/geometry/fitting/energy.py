"""What a fit minimises, and its Gauss-Newton normal equations.

    E = sum_k c_k G(|project(p_k) - x_k|^2 / s2^2) + sum_k d_k G(|p'_k - S q'_k|^2 / s3^2)
        + sum_j ((a_j - mean_j) / width_j)^2 + (overshoot of a_j's range / s_limit)^2
        + |betas|^2 + |up - y|^2 / s_up^2 + (log S / s_S)^2

with G(e) = t^2 e / (t^2 + e), Geman and McClure's robust penalty; p', q' relative to their weighted means, so that the
3D keypoints' origin is free; S their scale. Observations are in metres at the body: pixels relative to a centre, over a
first guess of the camera's scale, y up. So one set of widths serves pictures of every size.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from ptx.geometry.fitting.kinematics import BETAS, Skeleton, Work, differentiate, pose_skeleton
from ptx.geometry.fitting.priors import Prior

Floats = NDArray[np.float64]


class Observation(NamedTuple):
    """One person's keypoints, metres at the body."""

    xy: Floats
    """(18, 2); 0 where missing."""
    weight: Floats
    """(18,) confidence 0..1; 0 where missing."""
    xyz: Floats
    """(18, 3); 0 where missing."""
    weight3: Floats
    """(18,)."""


class Widths(NamedTuple):
    """Standard deviations of the terms (lengths in metres, angles in radians) and turning points of G."""

    image: float
    image_turn: float
    space: float
    space_turn: float
    limit: float
    upright: float
    betas: float
    camera: float
    space_scale: float


class State(NamedTuple):
    """A body: root's rotation (3, 3) and the parameters of `kinematics` after its three (D + 10 + 4)."""

    root: Floats
    rest: Floats


@nb.njit(cache=True, nogil=True)
def space_means(seen: Observation, points: Floats, mine: Floats, theirs: Floats) -> float:
    """Weighted means of fitted and observed 3D keypoints where observed; returns the sum of weights."""
    mine[:] = 0.0
    theirs[:] = 0.0
    total = 0.0
    for k in range(18):
        w = seen.weight3[k]
        total += w
        for i in range(3):
            mine[i] += w * points[k, i]
            theirs[i] += w * seen.xyz[k, i]
    if total > 0.0:
        mine /= total
        theirs /= total
    return total


@nb.njit(cache=True, nogil=True)
def energy(
    skeleton: Skeleton, prior: Prior, seen: Observation, widths: Widths, root: Floats, rest: Floats, work: Work
) -> float:
    """E at a state; poses `work`."""
    dofs_count = len(prior.mean)
    dofs, betas = rest[:dofs_count], rest[dofs_count : dofs_count + BETAS]
    pose_skeleton(skeleton, prior, root, dofs, betas, work)
    scale, cx, cy = np.exp(rest[-4]), rest[-3], rest[-2]
    total = 0.0
    turn2 = (widths.image_turn / widths.image) ** 2
    for k in range(18):
        if seen.weight[k] > 0.0:
            u = (scale * work.points[k, 0] + cx - seen.xy[k, 0]) / widths.image
            v = (scale * work.points[k, 1] + cy - seen.xy[k, 1]) / widths.image
            square = u * u + v * v
            total += seen.weight[k] * turn2 * square / (turn2 + square)
    mine, theirs = np.empty(3), np.empty(3)
    if space_means(seen, work.points, mine, theirs) > 0.0:
        scale3 = np.exp(rest[-1])
        turn2 = (widths.space_turn / widths.space) ** 2
        for k in range(18):
            square = 0.0
            for i in range(3):
                r = work.points[k, i] - mine[i] - scale3 * (seen.xyz[k, i] - theirs[i])
                square += (r / widths.space) ** 2
            total += seen.weight3[k] * turn2 * square / (turn2 + square)
    return total + prior_energy(prior, widths, root, rest)


@nb.njit(cache=True, nogil=True)
def prior_energy(prior: Prior, widths: Widths, root: Floats, rest: Floats) -> float:
    """The terms of E that need no picture."""
    total = 0.0
    dofs_count = len(prior.mean)
    for d in range(dofs_count):
        total += ((rest[d] - prior.mean[d]) / prior.sigma[d]) ** 2
        beyond = max(rest[d] - prior.upper[d], prior.lower[d] - rest[d], 0.0)
        total += (beyond / widths.limit) ** 2
    for b in range(BETAS):
        total += (rest[dofs_count + b] / widths.betas) ** 2
    total += (root[0, 1] ** 2 + (root[1, 1] - 1.0) ** 2 + root[2, 1] ** 2) / widths.upright**2
    return total + (rest[-4] / widths.camera) ** 2 + (rest[-1] / widths.space_scale) ** 2


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
    turn2 = (widths.image_turn / widths.image) ** 2
    for k in range(18):
        if seen.weight[k] <= 0.0:
            continue
        u = scale * work.points[k, 0] + cx - seen.xy[k, 0]
        v = scale * work.points[k, 1] + cy - seen.xy[k, 1]
        square = (u * u + v * v) / widths.image**2
        weight = seen.weight[k] * (turn2 / (turn2 + square)) ** 2 / widths.image**2
        for i in range(2):
            for p in range(wide):
                rows[i, p] = scale * work.jacobian[k, i, p]
            rows[i, wide] = scale * work.points[k, i]
            rows[i, wide + 1 + i] = 1.0
        add_row(rows[0], u, weight, hessian, gradient)
        add_row(rows[1], v, weight, hessian, gradient)
    add_space(seen, widths, rest, work, hessian, gradient)
    add_priors(prior, widths, root, rest, hessian, gradient)


@nb.njit(cache=True, nogil=True)
def add_space(seen: Observation, widths: Widths, rest: Floats, work: Work, hessian: Floats, gradient: Floats) -> None:
    """Add the 3D keypoints' rows."""
    mine, theirs = np.empty(3), np.empty(3)
    total = space_means(seen, work.points, mine, theirs)
    if total <= 0.0:
        return
    size, wide = len(gradient), work.jacobian.shape[2]
    mean, row, scale = np.zeros((3, wide)), np.zeros(size), np.exp(rest[-1])
    for k in range(18):
        if seen.weight3[k] > 0.0:
            mean += (seen.weight3[k] / total) * work.jacobian[k]
    turn2 = (widths.space_turn / widths.space) ** 2
    residual = np.empty(3)
    for k in range(18):
        if seen.weight3[k] <= 0.0:
            continue
        square = 0.0
        for i in range(3):
            residual[i] = work.points[k, i] - mine[i] - scale * (seen.xyz[k, i] - theirs[i])
            square += (residual[i] / widths.space) ** 2
        weight = seen.weight3[k] * (turn2 / (turn2 + square)) ** 2 / widths.space**2
        for i in range(3):
            for p in range(wide):
                row[p] = work.jacobian[k, i, p] - mean[i, p]
            row[size - 1] = -scale * (seen.xyz[k, i] - theirs[i])
            add_row(row, residual[i], weight, hessian, gradient)


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
