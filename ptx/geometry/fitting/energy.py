"""What a fit minimises.

    E = sum_k c_k G(|project(p_k) - x_k|^2 / s_k^2) + sum_k d_k G(|W (p'_k - S q'_k)|^2 / s'_k^2)
        + sum_j ((a_j - mean_j) / width_j)^2 + (overshoot of a_j's range / s_limit)^2
        + |betas|^2 + |up - y|^2 / s_up^2 + G(z_balance^2 / s_balance^2) + (log s / s_s)^2 + (log S / s_S)^2

with G(e) = t e / (t + e), Geman and McClure's robust penalty; p', q' relative to their weighted means, so that the
3D keypoints' origin is free; S their scale; W trusts their depth less; z_balance how far the torso is nearer to the
viewer than the ankles (who stands is above the feet; what the picture shows of it needs no prior). Observations are in
metres at the body: pixels relative to a centre, over a first guess of the camera's scale, y up. So one set of widths
serves pictures of every size.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from ptx.geometry.fitting.kinematics import BETAS, Skeleton, Work, pose_skeleton
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
    depth: float
    """How many times wider the 3D keypoints' z is."""
    limit: float
    upright: float
    balance: float
    balance_turn: float
    betas: float
    camera: float
    space_scale: float


@nb.njit(cache=True, nogil=True)
def robust(square: float, sigma: float, turn: float) -> tuple[float, float]:
    """Geman-McClure of a squared length: (value, weight of the reweighted least squares).

    A length of `sigma` costs nearly 1; beyond `turn` the cost levels off at (turn / sigma)^2.
    """
    share = turn * turn / (turn * turn + square)
    inverse = 1.0 / (sigma * sigma)
    return square * share * inverse, share * share * inverse


@nb.njit(cache=True, nogil=True)
def unbalance(points: Floats) -> float:
    """Metres by which the middle of shoulders and hips is nearer to the viewer than that of the ankles."""
    torso = points[2, 2] + points[5, 2] + points[8, 2] + points[11, 2]
    return 0.25 * torso - 0.5 * (points[10, 2] + points[13, 2])


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
def space_residual(
    seen: Observation, widths: Widths, points: Floats, mine: Floats, theirs: Floats, scale: float, k: int, out: Floats
) -> float:
    """Fitted minus observed place of a 3D keypoint, both relative to their means, depth shrunk; returns its square."""
    for i in range(3):
        out[i] = points[k, i] - mine[i] - scale * (seen.xyz[k, i] - theirs[i])
    out[2] /= widths.depth
    return out[0] * out[0] + out[1] * out[1] + out[2] * out[2]


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
    for k in range(18):
        if seen.weight[k] > 0.0:
            u = scale * work.points[k, 0] + cx - seen.xy[k, 0]
            v = scale * work.points[k, 1] + cy - seen.xy[k, 1]
            total += seen.weight[k] * robust(u * u + v * v, widths.image * prior.spread[k], widths.image_turn)[0]
    mine, theirs, residual = np.empty(3), np.empty(3), np.empty(3)
    if space_means(seen, work.points, mine, theirs) > 0.0:
        for k in range(18):
            if seen.weight3[k] > 0.0:
                square = space_residual(seen, widths, work.points, mine, theirs, np.exp(rest[-1]), k, residual)
                total += seen.weight3[k] * robust(square, widths.space * prior.spread[k], widths.space_turn)[0]
    total += robust(unbalance(work.points) ** 2, widths.balance, widths.balance_turn)[0]
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
