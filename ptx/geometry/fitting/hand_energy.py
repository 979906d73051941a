"""The energy of a hand: how far its points are from those of the picture, and how unlikely it is; with exact derivatives, float64."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.fitting.hand_priors import HandPrior
from ptx.geometry.fitting.kinematics import clear_matrix, copy_matrix, left_jacobian, multiply
from ptx.geometry.hands import HAND_POINTS, POINT_FINGERS
from ptx.geometry.kernel import kernel
from ptx.geometry.rotation import exponential

Floats = NDArray[np.float64]

ROBUST = 3.0
"""Standard deviations from which a point counts less (Cauchy's loss)."""

PALM_SIGMA = (np.radians(40), np.radians(40), np.radians(40), 0.05, 0.05, 0.12)
"""Standard deviations of what the body has wrong: turn of the palm (radians, world axes), its place (metres), logarithm of its size."""

PALM = len(PALM_SIGMA)
"""Parameters before those of the fingers."""

LIMIT_SIGMA = np.radians(3)
"""Standard deviation, radians, of what an angle is beyond its limits."""


class SeenHand(NamedTuple):
    """One hand: how the body holds it, and its points in the picture."""

    joints: Floats
    """(15, 3) finger joints in rest, metres, from the joint that they hang on."""
    tips: Floats
    """(5, 3) tip of each finger from its last joint in rest."""
    wrist: Floats
    """(3,) likewise, from the joint that the fingers hang on."""
    turn: Floats
    """(3, 3) rotation of that joint in the body frame."""
    xy: Floats
    """(21, 2) points of the picture, metres from that joint, y up."""
    weight: Floats
    """(21,) confidence over variance, 1/m²; 0 where missing."""


class Work(NamedTuple):
    """Arrays that are written over and over; P parameters: those of the palm, then the degrees of freedom of the fingers."""

    hessian: Floats
    """(P, P) lower triangle."""
    gradient: Floats
    """(P,)."""
    factor: Floats
    """(P, P)."""
    step: Floats
    """(P,)."""
    trial: Floats
    """(P,) parameters."""
    row: Floats
    """(2, P) derivative of one point."""
    axes: Floats
    """(E, 3) world axis of each turn."""


def allocate_work(prior: HandPrior) -> Work:
    """Arrays for one hand."""
    size = PALM + len(prior.mean)
    square, row = (size, size), np.zeros((2, size))
    vectors = (np.zeros(size) for _ in range(3))
    gradient, step, trial = vectors
    return Work(np.zeros(square), gradient, np.zeros(square), step, trial, row, np.zeros((len(prior.dof), 3)))


@kernel
def copy_vector(source: Floats, target: Floats) -> None:
    """Copy element by element, as `copy_matrix`."""
    for k in range(len(source)):
        target[k] = source[k]


@kernel
def clear_vector(out: Floats) -> None:
    """Write zeros element by element."""
    for k in range(len(out)):
        out[k] = 0.0


@kernel
def finger_vector(prior: HandPrior, side: int, joint: int, params: Floats, out: Floats) -> None:
    """Write the axis-angle vector (3,) of a finger joint."""
    for k in range(3):
        out[k] = prior.straight[side, joint, k]
    for turn in range(prior.first[joint], prior.first[joint + 1]):
        angle = params[PALM + prior.dof[turn]]
        for k in range(3):
            out[k] += angle * prior.axis[side, turn, k]


@kernel
def hand_energy(prior: HandPrior, side: int, hand: SeenHand, params: Floats, work: Work) -> tuple[float, float]:
    """Compute the energy, and write half of its gradient and Gauss-Newton's Hessian to `work`.

    Args:
        prior: of the fingers.
        side: 0 left, 1 right.
        hand: what is seen of it.
        params: (P,) turn of the palm (axis-angle, world axes), its place (x, y in metres), logarithm of its size; angles of the fingers.
        work: from `allocate_work`.

    Returns:
        The energy; and the weighted mean square distance of the points, in variances.
    """
    clear_matrix(work.hessian)
    total = _priors(prior, params, work)
    jacobian, palm, turned, local = np.empty((3, 3)), np.empty((3, 3)), np.empty((3, 3)), np.empty((3, 3))
    exponential(params[0], params[1], params[2], local)
    multiply(local, hand.turn, palm)
    left_jacobian(params[0], params[1], params[2], jacobian)
    point, bone, vector = np.zeros(3), np.empty(3), np.empty(3)
    centres, R = np.zeros((3, 3)), np.empty((3, 3))
    size = np.exp(params[5])
    misfit = weight = 0.0
    for number in range(HAND_POINTS):
        finger, level = (-1, 0) if number == 0 else (POINT_FINGERS[(number - 1) // 4], (number - 1) % 4)
        if level == 0:
            clear_vector(point)
            copy_matrix(palm, R)
        for k in range(3):
            if finger < 0:
                bone[k] = hand.wrist[k]
            elif level == 3:
                bone[k] = hand.tips[finger, k]
            else:
                joint = 3 * finger + level
                bone[k] = hand.joints[joint, k] - (hand.joints[joint - 1, k] if level > 0 else 0.0)
        for k in range(3):
            point[k] += R[k, 0] * bone[0] + R[k, 1] * bone[1] + R[k, 2] * bone[2]
        w = hand.weight[number]
        if w > 0.0:
            first, last = (0, 0) if finger < 0 else (prior.finger_first[finger], prior.finger_first[finger + 1])
            _point_row(prior, jacobian, point, centres, finger, level, size, work)
            dx = size * point[0] + params[3] - hand.xy[number, 0]
            dy = size * point[1] + params[4] - hand.xy[number, 1]
            square = w * (dx * dx + dy * dy)
            total += ROBUST**2 * np.log(1.0 + square / ROBUST**2)
            misfit += square
            weight += 1.0
            w /= 1.0 + square / ROBUST**2
            for a in range(PALM + last):
                if PALM <= a < PALM + first:
                    continue
                ja, jb = w * work.row[0, a], w * work.row[1, a]
                work.gradient[a] += ja * dx + jb * dy
                for b in range(a + 1):
                    if b < PALM or b >= PALM + first:
                        work.hessian[a, b] += ja * work.row[0, b] + jb * work.row[1, b]
        if number > 0 and level < 3:
            joint = 3 * finger + level
            copy_vector(point, centres[level])
            finger_vector(prior, side, joint, params, vector)
            exponential(vector[0], vector[1], vector[2], turned)
            left_jacobian(vector[0], vector[1], vector[2], local)
            for turn in range(prior.first[joint], prior.first[joint + 1]):
                for k in range(3):
                    vector[k] = 0.0
                    for m in range(3):
                        vector[k] += local[k, m] * prior.axis[side, turn, m]
                for k in range(3):
                    work.axes[turn, k] = R[k, 0] * vector[0] + R[k, 1] * vector[1] + R[k, 2] * vector[2]
            multiply(R, turned, local)
            copy_matrix(local, R)
    return total, misfit / max(weight, 1.0)


@kernel
def _point_row(
    prior: HandPrior, jacobian: Floats, point: Floats, centres: Floats, finger: int, level: int, size: float, work: Work
) -> None:
    """Write the derivative of a point's x and y by the parameters of the palm and of its finger to `work.row`."""
    row = work.row
    for k in range(3):
        row[0, k] = size * (jacobian[1, k] * point[2] - jacobian[2, k] * point[1])
        row[1, k] = size * (jacobian[2, k] * point[0] - jacobian[0, k] * point[2])
    row[0, 3], row[0, 4], row[0, 5] = 1.0, 0.0, size * point[0]
    row[1, 3], row[1, 4], row[1, 5] = 0.0, 1.0, size * point[1]
    if finger < 0:
        return
    for a in range(PALM + prior.finger_first[finger], PALM + prior.finger_first[finger + 1]):
        row[0, a] = row[1, a] = 0.0
    for joint in range(3 * finger, 3 * finger + level):
        centre = centres[joint - 3 * finger]
        x, y, z = point[0] - centre[0], point[1] - centre[1], point[2] - centre[2]
        for turn in range(prior.first[joint], prior.first[joint + 1]):
            a, axis = PALM + prior.dof[turn], work.axes[turn]
            row[0, a] += size * (axis[1] * z - axis[2] * y)
            row[1, a] += size * (axis[2] * x - axis[0] * z)


@kernel
def _priors(prior: HandPrior, params: Floats, work: Work) -> float:
    """Return the energy of the parameters, and write its derivatives to `work`, whose Hessian is 0."""
    total = 0.0
    for a in range(len(params)):
        if a < PALM:
            excess, mean, sigma = 0.0, 0.0, PALM_SIGMA[a]
        else:
            mean, sigma = prior.mean[a - PALM], prior.sigma[a - PALM]
            lower, upper = prior.lower[a - PALM], prior.upper[a - PALM]
            excess = min(params[a] - lower, 0.0) + max(params[a] - upper, 0.0)
        z = (params[a] - mean) / sigma
        total += z * z + (excess / LIMIT_SIGMA) ** 2
        work.gradient[a] = z / sigma + excess / LIMIT_SIGMA**2
        work.hessian[a, a] = 1.0 / sigma**2 + (1.0 / LIMIT_SIGMA**2 if excess != 0.0 else 0.0)
    return total
