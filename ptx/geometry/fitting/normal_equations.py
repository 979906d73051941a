"""Gauss-Newton normal equations of the fit's energy: every term's residuals times their exact derivatives."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.fitting.energy import Observations, Sigmas, forward_lean, residuals_3d, robust
from ptx.geometry.fitting.kinematics import clear_matrix, differentiate
from ptx.geometry.fitting.model import (
    BETAS,
    CX,
    LOG_SCALE,
    LOG_SCALE_3D,
    ROOT_TURN,
    FitModel,
    PosedSkeleton,
    State,
    parameter_count,
)
from ptx.geometry.fitting.priors import Prior
from ptx.geometry.joints import KEYPOINT_COUNT
from ptx.geometry.kernel import kernel

Floats = NDArray[np.float64]


class System(NamedTuple):
    """The normal equations of one step; arrays that are written over and over."""

    hessian: Floats
    """(P, P) half of E's Gauss-Newton Hessian; only the lower triangle counts."""
    gradient: Floats
    """(P,) half of E's gradient."""
    factor: Floats
    """(P, P) Cholesky factor, upper triangle."""
    step: Floats
    """(P,) solution: increment of the root's rotation, then of the parameters."""


def allocate_system(prior: Prior) -> System:
    """Arrays for a system of P = 3 + D + 14 unknowns."""
    size = ROOT_TURN + parameter_count(prior)
    return System(np.zeros((size, size)), np.zeros(size), np.zeros((size, size)), np.zeros(size))


@kernel
def add_row(row: Floats, residual: float, weight: float, hessian: Floats, gradient: Floats) -> None:
    """Add one weighted residual and its derivative (P,) to the lower triangle of the normal equations."""
    for i in range(len(row)):
        a = weight * row[i]
        if a != 0.0:
            gradient[i] += a * residual
            target = hessian[i]
            for j in range(i + 1):
                target[j] += a * row[j]


@kernel
def normal_equations(
    model: FitModel, obs: Observations, sigmas: Sigmas, state: State, posed: PosedSkeleton, system: System
) -> None:
    """Write the Hessian and the gradient of `system`, after `energy` at the same state; differentiates `posed`."""
    params, hessian, gradient = state.params, system.hessian, system.gradient
    differentiate(model, params, posed)
    clear_matrix(hessian)
    for p in range(len(gradient)):
        gradient[p] = 0.0
    points, jacobian = posed.points, posed.jacobian
    size, columns = len(gradient), jacobian.shape[2]
    scale = np.exp(params[LOG_SCALE])
    rows, residual = np.zeros((2, size)), np.empty(2)
    for k in range(len(obs.weight)):
        if obs.weight[k] <= 0.0:
            continue
        for i in range(2):
            residual[i] = scale * points[k, i] + params[CX + i] - obs.xy[k, i]
        square = residual[0] * residual[0] + residual[1] * residual[1]
        sigma = sigmas.keypoint * model.prior.sigma_factor[k]
        weight = obs.weight[k] * robust(square, sigma, sigmas.keypoint_cutoff)[1]
        for i in range(2):
            for p in range(columns):
                rows[i, p] = scale * jacobian[k, i, p]
            rows[i, LOG_SCALE] = scale * points[k, i]
            rows[i, CX + i] = 1.0
        for i in range(2):
            add_row(rows[i], residual[i], weight, hessian, gradient)
    _add_keypoints_3d(model.prior, obs, sigmas, state, posed, system)
    _add_lean(sigmas, posed, system)
    _add_priors(model.prior, sigmas, state, system)


@kernel
def _add_keypoints_3d(
    prior: Prior, obs: Observations, sigmas: Sigmas, state: State, posed: PosedSkeleton, system: System
) -> None:
    """Add the 3D keypoints' rows."""
    jacobian = posed.jacobian
    size, columns = len(system.gradient), jacobian.shape[2]
    scale = np.exp(state.params[LOG_SCALE_3D])
    residual, centred = np.empty((KEYPOINT_COUNT, 3)), np.empty((KEYPOINT_COUNT, 3))
    total = residuals_3d(obs, sigmas, posed.points, scale, residual, centred)
    if total <= 0.0:
        return
    mean, row = np.zeros((3, columns)), np.zeros(size)
    for k in range(KEYPOINT_COUNT):
        if obs.weight3[k] > 0.0:
            for i in range(3):
                for p in range(columns):
                    mean[i, p] += (obs.weight3[k] / total) * jacobian[k, i, p]
    shrink = np.array([1.0, 1.0, 1.0 / sigmas.depth_factor])
    for k in range(KEYPOINT_COUNT):
        if obs.weight3[k] <= 0.0:
            continue
        r = residual[k]
        square = r[0] * r[0] + r[1] * r[1] + r[2] * r[2]
        sigma = sigmas.keypoint3d * prior.sigma_factor[k]
        weight = obs.weight3[k] * robust(square, sigma, sigmas.keypoint3d_cutoff)[1]
        for i in range(3):
            for p in range(columns):
                row[p] = shrink[i] * (jacobian[k, i, p] - mean[i, p])
            row[LOG_SCALE_3D] = -shrink[i] * scale * centred[k, i]
            add_row(row, r[i], weight, system.hessian, system.gradient)


@kernel
def _add_lean(sigmas: Sigmas, posed: PosedSkeleton, system: System) -> None:
    """Add the row of `forward_lean`."""
    row, dz = np.zeros(len(system.gradient)), posed.jacobian[:, 2]
    for p in range(dz.shape[1]):
        row[p] = forward_lean(dz[:, p])
    residual = forward_lean(posed.points[:, 2])
    weight = robust(residual**2, sigmas.lean, sigmas.lean_cutoff)[1]
    add_row(row, residual, weight, system.hessian, system.gradient)


@kernel
def _add_priors(prior: Prior, sigmas: Sigmas, state: State, system: System) -> None:
    """Add the terms of `prior_energy`."""
    root = state.root
    params = state.params
    hessian = system.hessian
    gradient = system.gradient
    for d in range(len(prior.mean)):
        weight = 1.0 / prior.sigma[d] ** 2
        i = ROOT_TURN + d
        hessian[i, i] += weight
        gradient[i] += weight * (params[d] - prior.mean[d])
        beyond = max(params[d] - prior.upper[d], 0.0) + min(params[d] - prior.lower[d], 0.0)
        if beyond != 0.0:
            hessian[i, i] += 1.0 / sigmas.joint_limit**2
            gradient[i] += beyond / sigmas.joint_limit**2
    for b in range(len(prior.mean), len(prior.mean) + BETAS):
        i = ROOT_TURN + b
        hessian[i, i] += 1.0 / sigmas.betas**2
        gradient[i] += params[b] / sigmas.betas**2
    # up - y turns by delta x up: rows (0, up_z, -up_y), (-up_z, 0, up_x), (up_y, -up_x, 0).
    weight, row = 1.0 / sigmas.upright**2, np.zeros(len(gradient))
    x, y, z = root[0, 1], root[1, 1], root[2, 1]
    row[0], row[1], row[2] = 0.0, z, -y
    add_row(row, x, weight, hessian, gradient)
    row[0], row[1], row[2] = -z, 0.0, x
    add_row(row, y - 1.0, weight, hessian, gradient)
    row[0], row[1], row[2] = y, -x, 0.0
    add_row(row, z, weight, hessian, gradient)
    hessian[LOG_SCALE, LOG_SCALE] += 1.0 / sigmas.log_scale**2
    gradient[LOG_SCALE] += params[LOG_SCALE] / sigmas.log_scale**2
    hessian[LOG_SCALE_3D, LOG_SCALE_3D] += 1.0 / sigmas.log_scale_3d**2
    gradient[LOG_SCALE_3D] += params[LOG_SCALE_3D] / sigmas.log_scale_3d**2
