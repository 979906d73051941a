"""Fingers and wrists of a clip: those fitted frame by frame (`fit_hands`), smoothed.

    minimise sum_t w_t |x_t - y_t|^2 / s^2 + |x_t+1 - 2 x_t + x_t-1|^2 fps^4 / s_a^2

over axis-angle vectors x, given those fitted y. A hand that is not fitted in a frame pulls weakly to where it is put, at rest: a short
gap is bridged, in a long one the hand relaxes. Frames far from the result are taken to be wrong (Geman and McClure's weights).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import Body
from ptx.geometry.fitting.hand_priors import build_hand_prior, relaxed_hands
from ptx.geometry.fitting.hands import FittedHands
from ptx.geometry.hands import HAND_JOINTS, WRISTS
from ptx.geometry.motion.banded import solve_banded
from ptx.geometry.motion.shots import shots

Floats = NDArray[np.float64]

SIGMA = 0.2
"""Standard deviation of an angle fitted in one frame, radians."""

ACCELERATION = 60.0
"""Standard deviation of an angle's acceleration, rad/s²."""

UNSEEN = 0.02
"""Weight of a frame in which a hand is not fitted."""

CUTOFF = 0.5
"""Root mean square distance, radians, of a hand from the smooth one at which it weighs a quarter."""

ROUNDS = 3
"""Solutions with weights from the one before."""


def smooth_hands(body: Body, hands: FittedHands, cuts: NDArray[np.integer], fps: float) -> FittedHands:
    """Smooth fingers and wrists of T frames.

    Args:
        body: a body with fingers, that of `fit_hands`.
        hands: what `fit_hands` made of a motion's poses.
        cuts: frames at which a new shot begins.
        fps: frames a second.

    Returns:
        The same, with other fingers and wrists; the rest of the pose as it is.

    Raises:
        ValueError: the body has no fingers.
    """
    relaxed = relaxed_hands(build_hand_prior(body.joint_template, body.fingers)).reshape(2, HAND_JOINTS, 3)
    pose, fingers = hands.pose.copy(), hands.hands_pose.copy().reshape(len(hands.pose), 2, HAND_JOINTS, 3)
    fitted = (fingers != relaxed.astype(np.float32)).any(axis=(2, 3))
    for start, stop in shots(len(pose), cuts):
        for side, wrist in enumerate(WRISTS):
            weight = np.where(fitted[start:stop, side], 1.0, UNSEEN)
            both = np.concatenate([pose[start:stop, wrist, None], fingers[start:stop, side]], axis=1)
            smooth = smooth_vectors(both.astype(np.float64), weight, fps)
            pose[start:stop, wrist], fingers[start:stop, side] = smooth[:, 0], smooth[:, 1:]
    return FittedHands(pose, fingers.reshape(hands.hands_pose.shape))


def smooth_vectors(given: Floats, weight: Floats, fps: float) -> Floats:
    """Smooth axis-angle vectors (T, J, 3) of angles well below π, radians, with a weight (T,) above 0 for each frame."""
    count, values = len(given), given.reshape(len(given), -1)
    smoothness, stiff = np.zeros((count, 3)), (fps**2 / ACCELERATION) ** 2
    for first, second_differences in ((0, (1.0, -2.0, 1.0)), (1, (4.0, -2.0)), (2, (1.0,))):
        rows = smoothness[first : count - 2 + first]  # of D'D with D's rows 1, -2, 1
        rows[:, : len(second_differences)] += np.multiply(second_differences, stiff)
    out, factor, step = values.copy(), np.empty((count, 3)), np.empty(count)
    fading = np.ones(count)
    for _ in range(ROUNDS):
        pull = weight * fading / SIGMA**2
        band = smoothness.copy()
        band[:, 0] += pull
        for column in range(values.shape[1]):
            solve_banded(band, 0.0, -pull * values[:, column], factor, step)
            out[:, column] = step
        square = ((out - values) ** 2).reshape(given.shape).sum(axis=2).mean(axis=1)
        fading = (CUTOFF**2 / (CUTOFF**2 + square)) ** 2
    return out.reshape(given.shape)
