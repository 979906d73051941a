"""`fit_hands`: the fingers of fitted bodies, from the points of their hands in the picture.

The hand is held as the body's pose says. What a body fitted to 18 keypoints has wrong, turn and place of the palm and size of the hand, is
found along with the fingers; place and size are thrown away, the turn becomes that of the wrist. Of the two ways
that a finger can point in depth the priors take the one that hands can bend. Robust reprojection with priors, minimised by damped
Gauss-Newton from several hands, one after another, float64.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import Body
from ptx.geometry.fitting.hand_energy import (
    PALM,
    SeenHand,
    Work,
    allocate_work,
    copy_vector,
    finger_vector,
    hand_energy,
)
from ptx.geometry.fitting.hand_priors import HandPrior, build_hand_prior, relaxed_hands
from ptx.geometry.fitting.solver import solve
from ptx.geometry.hands import CARRIERS, FINGER_JOINTS, FINGERS, HAND_JOINTS, HAND_POINTS, WRISTS, Hands
from ptx.geometry.joints import PARENTS
from ptx.geometry.kernel import kernel
from ptx.geometry.keypoints import valid_keypoints
from ptx.geometry.rotation import axis_angles, rotation_matrices
from ptx.geometry.skinning import joint_transforms

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SMALLEST_HAND = 16.0
"""Diagonal, px, of the box around a hand's points below which they tell nothing of its fingers."""

POINT_SIGMA = 0.006
"""Standard deviation, metres, of a point of a large hand: what a detector calls a knuckle is not where the body's joint is."""

PIXEL_SIGMA = 1.0
"""Standard deviation, px, of a point besides."""

MOST_WRONG = 3.0
"""Root mean square distance of the points, standard deviations, from which a fit says nothing: the hand is relaxed."""

ITERATIONS = 25
"""Steps of Gauss-Newton at most, tried ones included."""

LEAST_GAIN = 1e-3
"""Share of the energy below which a step is the last."""

FIRST_DAMPING, LEAST_DAMPING, MOST_DAMPING = 1e-2, 1e-6, 1e6
"""Damping of the first step, and its range."""

MOST_TURN = np.radians(110)
"""Largest turn of a wrist, radians, that is taken over."""


class FittedHands(NamedTuple):
    """Hands of N bodies."""

    pose: NDArray[np.float32]
    """(N, 24, 3) as it was, but for wrists whose hands are found turned otherwise."""
    hands_pose: NDArray[np.float32]
    """(N, 30, 3) axis-angle of the finger joints, radians."""


def fit_hands(
    body: Body,
    pose: NDArray[np.floating],
    betas: NDArray[np.floating],
    camera: NDArray[np.floating],
    points: NDArray[np.floating],
    *,
    keep_wrists: bool = False,
) -> FittedHands:
    """Fit the fingers of bodies to the points of their hands, and their wrists.

    Args:
        body: a body with fingers.
        pose: (N, 24, 3) axis-angle, radians, of the fitted bodies.
        betas: (N, 10).
        camera: (N, 3) px per metre, px, px.
        points: (N, 2, 21, 3) x, y in px and confidence 0..1 of the left and the right hand; missing is NaN with confidence 0.
        keep_wrists: turn only wrists that are at rest, as where the pose is another tool's.

    Returns:
        `FittedHands`. A hand that is not there, is too small or meets its points nowhere is relaxed.

    Raises:
        ValueError: the body has no fingers, or an array has the wrong shape.
    """
    hands, count = body.fingers, len(pose)
    if points.shape != (count, 2, HAND_POINTS, 3):
        raise ValueError(f"points of hands {points.shape} must be ({count}, 2, {HAND_POINTS}, 3)")
    prior = build_hand_prior(body.joint_template, hands)
    out = np.tile(relaxed_hands(prior), (count, 1, 1)).reshape(count, 2, HAND_JOINTS, 3)
    turns = np.zeros((count, 2, 3))
    seen, usable = _seen_hands(body, hands, pose, betas, camera, np.asarray(points, np.float64))
    _fit_all(prior, seen, np.argwhere(usable), allocate_work(prior), out, turns)
    hands_pose = out.reshape(count, FINGER_JOINTS, 3).astype(np.float32)
    found = np.linalg.norm(turns, axis=2)
    taken = (found > 0) & (found <= MOST_TURN)
    if keep_wrists:
        taken &= ~np.asarray(pose)[:, list(WRISTS)].any(axis=2)
    return FittedHands(_turn_wrists(body, pose, betas, turns, taken), hands_pose)


def _turn_wrists(
    body: Body, pose: NDArray[np.floating], betas: NDArray[np.floating], turns: Floats, taken: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Return the pose with hands turned by `turns` (N, 2, 3), axis-angle about the world's axes, those that are taken (N, 2)."""
    out = np.array(pose, np.float32)
    R = joint_transforms(body, pose, betas)[0].astype(np.float64)
    forearms = R[:, [PARENTS[wrist] for wrist in WRISTS]]
    wrists = axis_angles(np.swapaxes(forearms, -1, -2) @ rotation_matrices(turns) @ R[:, list(WRISTS)])
    for hand, wrist in enumerate(WRISTS):
        out[taken[:, hand], wrist] = wrists[taken[:, hand], hand]
    return out


def _seen_hands(
    body: Body,
    hands: Hands,
    pose: NDArray[np.floating],
    betas: NDArray[np.floating],
    camera: NDArray[np.floating],
    points: Floats,
) -> tuple[SeenHand, NDArray[np.bool_]]:
    """Hands of all bodies, in arrays of (N, 2, ...), and (N, 2) which of them can be fitted."""
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
    return SeenHand(rest, tips.reshape(count, 2, len(FINGERS), 3), wrist, turn, metres, weight), usable


@kernel
def _fit_all(prior: HandPrior, seen: SeenHand, rows: Ints, work: Work, out: Floats, turns: Floats) -> None:
    """Fit hands one after another, each as if alone.

    Args:
        prior: of the fingers.
        seen: all hands, in arrays of (N, 2, ...).
        rows: (M, 2) body and hand of those that are fitted.
        work: from `allocate_work`.
        out: (N, 2, 15, 3) axis-angle; written where the fit meets the points.
        turns: (N, 2, 3) axis-angle by which the hand is seen turned against the pose; likewise.
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
            energy = _descend(prior, side, hand, params, work)
            if energy < least:
                least = energy
                copy_vector(params, best)
        if not least < np.inf or hand_energy(prior, side, hand, best, work)[1] > MOST_WRONG**2:
            continue
        for k in range(3):
            turns[n, side, k] = best[k]
        for joint in range(HAND_JOINTS):
            finger_vector(prior, side, joint, best, vector)
            for k in range(3):
                out[n, side, joint, k] = vector[k]


@kernel
def _descend(prior: HandPrior, side: int, hand: SeenHand, params: Floats, work: Work) -> float:
    """Minimise the energy from `params`, in place; returns it, never above that of the start."""
    damping = FIRST_DAMPING
    current = hand_energy(prior, side, hand, params, work)[0]
    for _ in range(ITERATIONS):
        if not solve(work.hessian, damping, work.gradient, work.factor, work.step):
            damping *= 10.0
            if damping > MOST_DAMPING:
                break
            continue
        for k in range(len(params)):
            work.trial[k] = params[k] + work.step[k]
        value = hand_energy(prior, side, hand, work.trial, work)[0]
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
            hand_energy(prior, side, hand, params, work)
    return current
