"""Poses as people take them before a camera: a stance for the legs, a gesture for each arm, and random variation.

Independent of the fitter's prior, so that the fitter is not tested on poses that it assumes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import Body
from ptx.geometry.joints import joint, keypoint
from ptx.geometry.rotation import axis_angles, rotation_matrices
from ptx.geometry.skinning import pose_keypoints

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Leg:
    """Angles of a leg in degrees; all 0 stands straight."""

    forward: float
    """The thigh is lifted forward."""
    outward: float
    """The thigh is lifted sideways."""
    turned: float
    """The thigh is turned outwards about its axis."""
    bent: float
    """The knee is bent."""


@dataclass(frozen=True)
class Arm:
    """Angles of an arm in degrees; all 0 is the T-pose."""

    lowered: float
    """The arm is lowered; 90 hangs."""
    forward: float
    """The arm is swung forward."""
    turned: float
    """The arm is turned about its axis, the palm up."""
    bent: float
    """The elbow is bent."""


@dataclass(frozen=True)
class Stance:
    """Angles of the legs and the trunk."""

    left: Leg
    """Left leg."""
    right: Leg
    """Right leg."""
    trunk: tuple[float, float, float]
    """Degrees by which the trunk is bent forward, turned, and bent to the side."""
    weight: float
    """Relative frequency."""


STANCES = (
    Stance(Leg(0, 2, 5, 3), Leg(0, 2, 5, 3), (0, 0, 0), 5),  # upright
    Stance(Leg(4, 6, 8, 4), Leg(-3, 5, 8, 4), (0, 0, 3), 4),  # weight on one leg
    Stance(Leg(22, 1, 3, 12), Leg(-18, 1, 3, 22), (4, 8, 0), 4),  # walking
    Stance(Leg(35, 1, 3, 18), Leg(-25, 1, 3, 40), (8, -10, 0), 1.5),  # long step
    Stance(Leg(2, 16, 12, 5), Leg(2, 16, 12, 5), (0, 0, 0), 2),  # legs apart
    Stance(Leg(8, -6, 10, 14), Leg(-2, -3, 5, 2), (0, 0, -2), 1.5),  # legs crossed
    Stance(Leg(70, 5, 5, 85), Leg(-12, 2, 5, 15), (5, 0, 0), 0.7),  # lunge, or a foot on a step
    Stance(Leg(82, 8, 5, 88), Leg(80, 10, 5, 85), (6, 0, 0), 0.8),  # sitting
    Stance(Leg(55, 18, 15, 75), Leg(55, 18, 15, 75), (18, 0, 0), 0.4),  # squatting
    Stance(Leg(15, 30, 20, 20), Leg(0, 3, 5, 3), (2, 0, -10), 0.6),  # dancing
)
"""Stances; half of them are taken with left and right swapped."""

ARMS = (
    (Arm(78, 5, 0, 15), 5),  # hanging
    (Arm(72, 22, 0, 25), 2),  # swung forward
    (Arm(76, -18, 0, 12), 2),  # swung back
    (Arm(50, -12, 35, 85), 2),  # hand on the hip
    (Arm(68, 25, -70, 95), 1.5),  # forearm before the body
    (Arm(60, 45, -60, 120), 0.8),  # hand at the face
    (Arm(5, 10, 0, 12), 0.8),  # stretched out
    (Arm(-55, 10, -60, 45), 0.8),  # raised
    (Arm(10, 25, -70, 95), 0.8),  # waving
    (Arm(5, 75, 0, 12), 0.6),  # pointing forward
)
"""Gestures of an arm, each with its relative frequency."""

SPREAD = 9.0
"""Standard deviation of the noise that is added to every angle, degrees."""

MAX_TRIES = 40
"""Number of poses that are sampled before one is taken although a hand is inside the trunk."""

SAME_GESTURE = 0.45
"""Probability that both arms make the same gesture for sure; else they may do so by chance."""

TRUNK_RADII = (0.20, 0.15)
"""Half the width and half the depth of the trunk that hands and elbows stay out of, metres."""

HEAD_RADIUS = 0.13
"""Radius of the head that hands and elbows stay out of, metres."""

MIN_WRIST_DISTANCE = 0.1
"""Smallest distance of the wrists, metres."""


def sample_pose(body: Body, betas: Floats, rng: np.random.Generator) -> Floats:
    """Sample a plausible pose; hands and elbows stay outside the trunk, but for a pose in many.

    Args:
        body: body model.
        betas: (10,) shape of the body.
        rng: source of all choices.

    Returns:
        (24, 3) axis-angle in radians, with the root unturned.
    """
    for _ in range(MAX_TRIES):
        pose = _sample_pose(rng)
        if not _collides(pose_keypoints(body, pose[None], betas[None])[0].astype(np.float64)):
            break
    return pose


def _sample_pose(rng: np.random.Generator) -> Floats:
    """Sample a pose (24, 3), with hands anywhere."""
    rotations = np.tile(np.eye(3), (24, 1, 1))
    stance = STANCES[rng.choice(len(STANCES), p=_probabilities([s.weight for s in STANCES]))]
    legs = [stance.left, stance.right]
    if rng.random() < 0.5:
        legs.reverse()
    probabilities = _probabilities([weight for _, weight in ARMS])
    left = rng.choice(len(ARMS), p=probabilities)
    right = left if rng.random() < SAME_GESTURE else rng.choice(len(ARMS), p=probabilities)
    arms = [ARMS[left][0], ARMS[right][0]]
    for side, sign, leg, arm in zip(("left", "right"), (1, -1), legs, arms, strict=True):
        _turn_leg(rotations, side, sign, leg, rng)
        turn_arm(rotations, side, sign, arm, rng)
    forward, turned, aside = (np.array(stance.trunk) + _noise(rng, 3) * (0.6, 1, 0.5)) / 3
    for name in ("spine1", "spine2", "spine3"):
        rotations[joint(name)] = about_y(turned) @ about_x(forward) @ about_z(aside)
    nod, look, tilt = _noise(rng, 3) * (0.5, 1.1, 0.5)
    for name in ("neck", "head"):
        rotations[joint(name)] = about_y(look - turned) @ about_x(nod - 0.5 * forward) @ about_z(tilt)
    return axis_angles(rotations).astype(np.float64)


def _turn_leg(rotations: Floats, side: str, sign: int, leg: Leg, rng: np.random.Generator) -> None:
    """Set the rotations (24, 3, 3) of a leg, with noise; sign: 1 left, -1 right."""
    forward, outward, turned, bent = np.array([leg.forward, leg.outward, leg.turned, leg.bent]) + _noise(rng, 4)
    rotations[joint(f"{side}_hip")] = about_x(-forward) @ about_z(sign * outward) @ about_y(sign * turned)
    rotations[joint(f"{side}_knee")] = about_x(np.clip(bent, 2, 140))
    rotations[joint(f"{side}_ankle")] = about_x(0.35 * (forward - bent) + _noise(rng, 1)[0] * 0.5)


def turn_arm(
    rotations: Floats, side: str, sign: int, arm: Arm, rng: np.random.Generator, spread: float = SPREAD
) -> None:
    """Set the rotations (24, 3, 3) of an arm, with noise of `spread` degrees; sign: 1 left, -1 right."""
    lowered, swung, turned, bent = np.array([arm.lowered, arm.forward, arm.turned, arm.bent]) + _noise(rng, 4, spread)
    lift = np.clip(0.25 * (20 - lowered), 0, 25)  # a raised arm takes the collar bone along
    rotations[joint(f"{side}_collar")] = about_z(sign * lift)
    swing = about_y(-sign * swung) if lowered < 40 else about_x(-swung)
    rotations[joint(f"{side}_shoulder")] = swing @ about_z(-sign * (min(lowered, 84) + lift)) @ about_x(turned)
    rotations[joint(f"{side}_elbow")] = about_y(-sign * np.clip(bent, 3, 140))
    rotations[joint(f"{side}_wrist")] = about_z(_noise(rng, 1, spread)[0])


def turn_root(pose: Floats, yaw: float, pitch: float, roll: float) -> Floats:
    """Set the root of a pose (24, 3): degrees about the vertical, then towards the viewer, then sideways."""
    out = pose.copy()
    out[0] = axis_angles(about_z(roll) @ about_x(pitch) @ about_y(yaw))
    return out


def _collides(points: Floats) -> bool:
    """Return True if a wrist or an elbow is inside the trunk or the head, or the wrists inside each other.

    Args:
        points: (18, 3) keypoints, metres.
    """
    neck = points[keypoint("neck")]
    hips = (points[keypoint("left_hip")] + points[keypoint("right_hip")]) / 2
    head = points[keypoint("nose")] * 0.5 + (points[keypoint("left_ear")] + points[keypoint("right_ear")]) / 4
    across = points[keypoint("left_shoulder")] - points[keypoint("right_shoulder")]
    across /= np.linalg.norm(across)
    for name in ("left_wrist", "right_wrist", "left_elbow", "right_elbow"):
        point = points[keypoint(name)]
        along = np.clip((point - hips) @ (neck - hips) / ((neck - hips) @ (neck - hips)), -0.25, 1)
        off = point - hips - along * (neck - hips)
        aside = off @ across
        deep = np.linalg.norm(off - aside * across)
        in_trunk = (aside / TRUNK_RADII[0]) ** 2 + (deep / TRUNK_RADII[1]) ** 2 < 1
        if in_trunk or np.linalg.norm(point - head) < HEAD_RADIUS:
            return True
    wrists = points[keypoint("left_wrist")] - points[keypoint("right_wrist")]
    return bool(np.linalg.norm(wrists) < MIN_WRIST_DISTANCE)


def _probabilities(weights: list[float]) -> Floats:
    """Normalise relative frequencies (K,) to a sum of 1."""
    return np.asarray(np.array(weights) / np.sum(weights), np.float64)


def _noise(rng: np.random.Generator, count: int, spread: float = SPREAD) -> Floats:
    """Sample variations (count,) of angles, degrees, of at most two standard deviations, which are `spread`."""
    return np.clip(rng.normal(0, spread, count), -2 * spread, 2 * spread)


def about_x(degrees: float) -> Floats:
    return _rotation((1, 0, 0), degrees)


def about_y(degrees: float) -> Floats:
    return _rotation((0, 1, 0), degrees)


def about_z(degrees: float) -> Floats:
    return _rotation((0, 0, 1), degrees)


def _rotation(axis: tuple[float, float, float], degrees: float) -> Floats:
    """Return the rotation (3, 3) about an axis of length 1."""
    return rotation_matrices(np.radians(degrees) * np.array(axis, np.float64)).astype(np.float64)
