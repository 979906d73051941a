"""`fit_hands`: the fingers of fitted bodies, from the points of their hands in the picture.

The hand is where the body's pose has it. What a body fitted to 18 keypoints has a little wrong, the turn and the place of the palm and the
size of the hand, is found along with the fingers, and thrown away. Of the two ways that a finger can point in depth the priors take the one
that hands can bend. Robust reprojection with priors, minimised by damped Gauss-Newton from several hands, one after another, float64.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import Body
from ptx.geometry.fitting.hand_priors import HandPrior, build_hand_prior, relaxed_hands
from ptx.geometry.fitting.kinematics import clear_matrix, copy_matrix, left_jacobian, multiply
from ptx.geometry.fitting.solver import solve
from ptx.geometry.hands import CARRIERS, FINGER_JOINTS, HAND_JOINTS, HAND_POINTS, POINT_FINGERS, WRISTS
from ptx.geometry.kernel import kernel
from ptx.geometry.keypoints import valid_keypoints
from ptx.geometry.rotation import exponential
from ptx.geometry.skinning import joint_transforms

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SMALLEST_HAND = 16.0
"""Diagonal, px, of the box around a hand's points below which they tell nothing of its fingers."""

POINT_SIGMA = 0.006
"""Standard deviation, metres, of a point of a large hand: what a detector calls a knuckle is not where the body's joint is."""

PIXEL_SIGMA = 1.0
"""Standard deviation, px, of a point besides."""

ROBUST = 3.0
"""Standard deviations from which a point counts less (Cauchy's loss)."""

PALM_SIGMA = (np.radians(25), np.radians(25), np.radians(25), 0.05, 0.05, 0.12)
"""Standard deviations of what the body has wrong: turn of the palm (radians, world axes), its place (metres), logarithm of its size."""

PALM = len(PALM_SIGMA)
"""Parameters before those of the fingers."""

LIMIT_SIGMA = np.radians(3)
"""Standard deviation, radians, of what an angle is beyond its limits."""

MOST_WRONG = 3.0
"""Root mean square distance of the points, standard deviations, from which a fit says nothing: the hand is relaxed."""

ITERATIONS = 25
"""Steps of Gauss-Newton at most, tried ones included."""

LEAST_GAIN = 1e-3
"""Share of the energy below which a step is the last."""

FIRST_DAMPING, LEAST_DAMPING, MOST_DAMPING = 1e-2, 1e-6, 1e6
"""Damping of the first step, and its range."""


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


def fit_hands(
    body: Body,
    pose: NDArray[np.floating],
    betas: NDArray[np.floating],
    camera: NDArray[np.floating],
    points: NDArray[np.floating],
) -> NDArray[np.float32]:
    """Fit the fingers of bodies to the points of their hands.

    Args:
        body: a body with fingers.
        pose: (N, 24, 3) axis-angle, radians, of the fitted bodies.
        betas: (N, 10).
        camera: (N, 3) px per metre, px, px.
        points: (N, 2, 21, 3) x, y in px and confidence 0..1 of the left and the right hand; missing is NaN with confidence 0.

    Returns:
        (N, 30, 3) axis-angle, radians. A hand that is not there, is too small or meets its points nowhere is relaxed.

    Raises:
        ValueError: the body has no fingers, or an array has the wrong shape.
    """
    hands = body.hands
    count = len(pose)
    if hands is None:
        raise ValueError("this body has no fingers")
    if points.shape != (count, 2, HAND_POINTS, 3):
        raise ValueError(f"points of hands {points.shape} must be ({count}, 2, {HAND_POINTS}, 3)")
    prior = build_hand_prior(body.joint_template, hands)
    out = np.tile(relaxed_hands(prior), (count, 1, 1)).reshape(count, 2, HAND_JOINTS, 3)
    seen, usable = _seen_hands(body, pose, betas, camera, np.asarray(points, np.float64))
    _fit_all(prior, seen, np.argwhere(usable), np.array(POINT_FINGERS), _allocate(prior), out)
    return out.reshape(count, FINGER_JOINTS, 3).astype(np.float32)


def _seen_hands(
    body: Body, pose: NDArray[np.floating], betas: NDArray[np.floating], camera: NDArray[np.floating], points: Floats
) -> tuple[SeenHand, NDArray[np.bool_]]:
    """Hands of all bodies, in arrays of (N, 2, ...), and (N, 2) which of them can be fitted."""
    hands = body.hands
    if hands is None:
        raise ValueError("this body has no fingers")
    shapes, cameras = np.asarray(betas, np.float64), np.asarray(camera, np.float64)
    R, t = (array.astype(np.float64) for array in joint_transforms(body, pose, betas))
    carriers, wrists = list(CARRIERS), list(WRISTS)
    turn, place = R[:, carriers], t[:, carriers]
    carrier = body.joint_template[carriers] + np.einsum("jcs,ns->njc", body.joint_shapedirs[carriers], shapes)
    joints = hands.joint_template + np.einsum("jcs,ns->njc", hands.joint_shapedirs, shapes)
    tips = hands.tip_offset + np.einsum("jcs,ns->njc", hands.tip_offset_dirs, shapes)
    wrist = np.einsum("nhba,nhb->nha", turn, t[:, wrists] - place)
    count = len(points)
    valid = valid_keypoints(points)
    xy = np.where(valid[..., None], points[..., :2], 0.0)
    box = np.where(valid[..., None], xy, -np.inf).max(2) - np.where(valid[..., None], xy, np.inf).min(2)
    scale = cameras[:, None, None, :1]
    usable = valid.any(2) & (scale[:, :, 0, 0] > 0)
    usable[usable] &= np.hypot(*box[usable].T) >= SMALLEST_HAND
    scale = np.where(scale > 0, scale, 1.0)
    metres = (xy - cameras[:, None, None, 1:]) * (1, -1) / scale - place[:, :, None, :2]
    variance = POINT_SIGMA**2 + (PIXEL_SIGMA / scale[..., 0]) ** 2
    weight = np.where(valid, np.minimum(points[..., 2], 1.0), 0.0) / variance
    rest = joints.reshape(count, 2, HAND_JOINTS, 3) - carrier[:, :, None]
    return SeenHand(rest, tips.reshape(count, 2, -1, 3), wrist, turn, metres, weight), usable


def _allocate(prior: HandPrior) -> Work:
    size = PALM + len(prior.mean)
    square, row = (size, size), np.zeros((2, size))
    vectors = (np.zeros(size) for _ in range(3))
    gradient, step, trial = vectors
    return Work(np.zeros(square), gradient, np.zeros(square), step, trial, row, np.zeros((len(prior.dof), 3)))


@kernel
def _fit_all(prior: HandPrior, seen: SeenHand, rows: Ints, order: Ints, work: Work, out: Floats) -> None:
    """Fit hands one after another, each as if alone.

    Args:
        prior: of the fingers.
        seen: all hands, in arrays of (N, 2, ...).
        rows: (M, 2) body and hand of those that are fitted.
        order: (5,) fingers in the order of the points.
        work: from `_allocate`.
        out: (N, 2, 15, 3) axis-angle; written where the fit meets the points.
    """
    best, params = np.empty(len(work.gradient)), np.empty(len(work.gradient))
    vector = np.empty(3)
    for i in range(len(rows)):
        n, side = rows[i, 0], rows[i, 1]
        hand = SeenHand(
            seen.joints[n, side], seen.tips[n, side], seen.wrist[n, side],
            seen.turn[n, side], seen.xy[n, side], seen.weight[n, side],
        )  # fmt: skip
        least = np.inf
        for start in range(len(prior.starts)):
            for k in range(len(params)):
                params[k] = 0.0 if k < PALM else prior.starts[start, k - PALM]
            energy = _descend(prior, side, hand, order, params, work)
            if energy < least:
                least = energy
                copy_vector(params, best)
        if not least < np.inf or _evaluate(prior, side, hand, order, best, work)[1] > MOST_WRONG**2:
            continue
        for joint in range(HAND_JOINTS):
            _joint_vector(prior, side, joint, best, vector)
            for k in range(3):
                out[n, side, joint, k] = vector[k]


@kernel
def _descend(prior: HandPrior, side: int, hand: SeenHand, order: Ints, params: Floats, work: Work) -> float:
    """Minimise the energy from `params`, in place; returns it, never above that of the start."""
    damping = FIRST_DAMPING
    current = _evaluate(prior, side, hand, order, params, work)[0]
    for _ in range(ITERATIONS):
        if not solve(work.hessian, damping, work.gradient, work.factor, work.step):
            damping *= 10.0
            if damping > MOST_DAMPING:
                break
            continue
        for k in range(len(params)):
            work.trial[k] = params[k] + work.step[k]
        value = _evaluate(prior, side, hand, order, work.trial, work)[0]
        if value < current:
            copy_vector(work.trial, params)
            small = current - value < LEAST_GAIN * current
            current, damping = value, max(damping * 0.2, LEAST_DAMPING)
            if small:
                break
        else:
            damping *= 8.0
            if damping > MOST_DAMPING:
                break
            _evaluate(prior, side, hand, order, params, work)
    return current


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
def _joint_vector(prior: HandPrior, side: int, joint: int, params: Floats, out: Floats) -> None:
    """Write the axis-angle vector (3,) of a finger joint."""
    for k in range(3):
        out[k] = prior.straight[side, joint, k]
    for turn in range(prior.first[joint], prior.first[joint + 1]):
        angle = params[PALM + prior.dof[turn]]
        for k in range(3):
            out[k] += angle * prior.axis[side, turn, k]


@kernel
def _evaluate(
    prior: HandPrior, side: int, hand: SeenHand, order: Ints, params: Floats, work: Work
) -> tuple[float, float]:
    """Compute the energy and write its gradient and Hessian (Gauss-Newton's) to `work`.

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
        finger, level = (-1, 0) if number == 0 else (order[(number - 1) // 4], (number - 1) % 4)
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
            _joint_vector(prior, side, joint, params, vector)
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
