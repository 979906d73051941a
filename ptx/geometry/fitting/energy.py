"""The energy that a fit minimises.

    E = sum_k c_k G(|project(p_k) - x_k|^2 / s_k^2) + sum_k d_k G(|W (p'_k - S q'_k)|^2 / s'_k^2)
        + sum_j ((a_j - mean_j) / sigma_j)^2 + (overshoot of a_j's range / s_limit)^2
        + |betas|^2 + |up - y|^2 / s_up^2 + G(z_lean^2 / s_lean^2) + (log s / s_s)^2 + (log S / s_S)^2

with G(e) = t e / (t + e), Geman and McClure's robust penalty; p', q' relative to their weighted means, so that the
3D keypoints' origin is free; S their scale; W trusts their depth less; z_lean how far the torso is nearer to the
viewer than the ankles (who stands is above the feet; what the picture shows of it needs no prior). Observations are in
metres at the body: pixels relative to a centre, over a first guess of the camera's scale, y up. So one set of standard
deviations serves pictures of every size.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.fitting.kinematics import pose_skeleton
from ptx.geometry.fitting.model import BETAS, CX, CY, LOG_SCALE, LOG_SCALE_3D, FitModel, PosedSkeleton, State
from ptx.geometry.fitting.priors import Prior
from ptx.geometry.joints import ANKLES, KEYPOINT_COUNT, TORSO
from ptx.geometry.kernel import kernel

Floats = NDArray[np.float64]


class Observations(NamedTuple):
    """Keypoints of one person, or of N people with N in front of every shape; 0 where missing."""

    xy: Floats
    """(K, 2) metres at the body, y up: the 18 keypoints, then the landmarks if there are any."""
    weight: Floats
    """(K,) confidence 0..1 of these."""
    xyz: Floats
    """(18, 3) metres, any origin."""
    weight3: Floats
    """(18,) confidence 0..1 of the 3D keypoints."""


class Sigmas(NamedTuple):
    """Standard deviations of the terms, lengths in metres and angles in radians, and where G levels off."""

    keypoint: float
    """Of a 2D keypoint."""
    keypoint_cutoff: float
    """Metres beyond which a 2D keypoint costs hardly more."""
    keypoint3d: float
    """Of a 3D keypoint."""
    keypoint3d_cutoff: float
    """Metres beyond which a 3D keypoint costs hardly more."""
    depth_factor: float
    """Factor on the standard deviation of a 3D keypoint's z."""
    joint_limit: float
    """Of an angle beyond its range."""
    upright: float
    """Of the pelvis's up axis from the vertical, as the length of the difference of unit vectors."""
    lean: float
    """Of the forward lean."""
    lean_cutoff: float
    """Metres beyond which a lean costs hardly more."""
    betas: float
    """Of a shape coefficient."""
    log_scale: float
    """Of the logarithm of the camera's scale over its first guess."""
    log_scale_3d: float
    """Of the logarithm of the scale of the 3D keypoints."""


@kernel
def robust(square: float, sigma: float, cutoff: float) -> tuple[float, float]:
    """Geman-McClure penalty of a squared length: (value, weight of the iteratively reweighted least squares).

    A length of `sigma` costs nearly 1; beyond `cutoff` the cost levels off at (cutoff / sigma)^2.
    """
    falloff = cutoff * cutoff / (cutoff * cutoff + square)
    inverse = 1.0 / (sigma * sigma)
    return square * falloff * inverse, falloff * falloff * inverse


@kernel
def forward_lean(z: Floats) -> float:
    """Mean z of shoulders and hips minus that of the ankles; z (18,) of the keypoints, or a derivative of it."""
    torso = 0.0
    for k in TORSO:
        torso += z[k]
    ankles = 0.0
    for k in ANKLES:
        ankles += z[k]
    return 0.25 * torso - 0.5 * ankles


@kernel
def residuals_3d(
    obs: Observations, sigmas: Sigmas, points: Floats, scale: float, residual: Floats, centred: Floats
) -> float:
    """Residuals of the 3D keypoints: fitted minus observed, relative to their weighted means, depth shrunk.

    Args:
        obs: one person's keypoints.
        sigmas: `depth_factor` counts.
        points: (18, 3) fitted keypoints, metres.
        scale: factor on the observed ones.
        residual: (18, 3) is written, metres; rows of weight 0 mean nothing.
        centred: (18, 3) is written: observed keypoints relative to their mean, before scaling.

    Returns:
        Sum of the weights; at 0 nothing is written.
    """
    fitted, observed = np.zeros(3), np.zeros(3)
    total = 0.0
    for k in range(KEYPOINT_COUNT):
        w = obs.weight3[k]
        total += w
        for i in range(3):
            fitted[i] += w * points[k, i]
            observed[i] += w * obs.xyz[k, i]
    if total > 0.0:
        for i in range(3):
            fitted[i] /= total
            observed[i] /= total
        for k in range(KEYPOINT_COUNT):
            for i in range(3):
                centred[k, i] = obs.xyz[k, i] - observed[i]
                residual[k, i] = points[k, i] - fitted[i] - scale * centred[k, i]
            residual[k, 2] /= sigmas.depth_factor
    return total


@kernel
def energy(model: FitModel, obs: Observations, sigmas: Sigmas, state: State, posed: PosedSkeleton) -> float:
    """Compute the energy E of one person at a state; writes `posed` as `pose_skeleton` does."""
    pose_skeleton(model, state, posed)
    params, points, factor = state.params, posed.points, model.prior.sigma_factor
    scale, cx, cy = np.exp(params[LOG_SCALE]), params[CX], params[CY]
    total = 0.0
    for k in range(len(obs.weight)):
        if obs.weight[k] > 0.0:
            u = scale * points[k, 0] + cx - obs.xy[k, 0]
            v = scale * points[k, 1] + cy - obs.xy[k, 1]
            total += obs.weight[k] * robust(u * u + v * v, sigmas.keypoint * factor[k], sigmas.keypoint_cutoff)[0]
    r, centred = np.empty((KEYPOINT_COUNT, 3)), np.empty((KEYPOINT_COUNT, 3))
    if residuals_3d(obs, sigmas, points, np.exp(params[LOG_SCALE_3D]), r, centred) > 0.0:
        for k in range(KEYPOINT_COUNT):
            if obs.weight3[k] > 0.0:
                square = r[k, 0] * r[k, 0] + r[k, 1] * r[k, 1] + r[k, 2] * r[k, 2]
                penalty = robust(square, sigmas.keypoint3d * factor[k], sigmas.keypoint3d_cutoff)[0]
                total += obs.weight3[k] * penalty
    total += robust(forward_lean(points[:, 2]) ** 2, sigmas.lean, sigmas.lean_cutoff)[0]
    return total + prior_energy(model.prior, sigmas, state)


@kernel
def prior_energy(prior: Prior, sigmas: Sigmas, state: State) -> float:
    """The terms of E that do not depend on the keypoints."""
    total: float = 0.0
    root, params = state.root, state.params
    dofs = len(prior.mean)
    for d in range(dofs):
        total += ((params[d] - prior.mean[d]) / prior.sigma[d]) ** 2
        beyond = max(params[d] - prior.upper[d], prior.lower[d] - params[d], 0.0)
        total += (beyond / sigmas.joint_limit) ** 2
    for b in range(BETAS):
        total += (params[dofs + b] / sigmas.betas) ** 2
    total += (root[0, 1] ** 2 + (root[1, 1] - 1.0) ** 2 + root[2, 1] ** 2) / sigmas.upright**2
    total += (params[LOG_SCALE] / sigmas.log_scale) ** 2
    total += (params[LOG_SCALE_3D] / sigmas.log_scale_3d) ** 2
    return total
