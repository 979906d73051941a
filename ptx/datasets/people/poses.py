"""Poses as people take them before a camera: a stance for the legs, a gesture for each arm, and variation.

Independent of the fitter's prior, so that fits are not measured against what they assume.
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
    """Degrees: thigh forward, thigh outward, thigh turned out, knee bent."""

    forward: float
    outward: float
    turned: float
    bent: float


@dataclass(frozen=True)
class Arm:
    """Degrees from the T-pose: arm lowered (90 hangs), swung forward, turned about its axis (palm up), elbow bent."""

    lowered: float
    forward: float
    turned: float
    bent: float


@dataclass(frozen=True)
class Stance:
    """Both legs, left first, and the trunk in degrees (forward, turned, to the side), with how often it is met."""

    left: Leg
    right: Leg
    trunk: tuple[float, float, float]
    weight: float


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

SPREAD = 9.0
"""Degrees: standard deviation added to every angle."""

TRIES = 40
"""Poses drawn before one is taken although a hand is inside the trunk."""


def draw_pose(body: Body, betas: Floats, rng: np.random.Generator) -> Floats:
    """A plausible pose (24, 3) axis-angle in radians, the root unturned; hands and elbows stay outside the trunk."""
    for _ in range(TRIES):
        pose = _draw(rng)
        if not _collides(pose_keypoints(body, pose[None], betas[None])[0].astype(np.float64)):
            break
    return pose


def _draw(rng: np.random.Generator) -> Floats:
    rotations = np.tile(np.eye(3), (24, 1, 1))
    stance = STANCES[rng.choice(len(STANCES), p=_shares([s.weight for s in STANCES]))]
    legs = [stance.left, stance.right]
    if rng.random() < 0.5:
        legs.reverse()
    share = _shares([weight for _, weight in ARMS])
    first = rng.choice(len(ARMS), p=share)
    arms = [ARMS[first][0], ARMS[first if rng.random() < 0.45 else rng.choice(len(ARMS), p=share)][0]]
    for side, sign, leg, arm in zip(("left", "right"), (1, -1), legs, arms, strict=True):
        forward, outward, turned, bent = np.array([leg.forward, leg.outward, leg.turned, leg.bent]) + _noise(rng, 4)
        rotations[joint(f"{side}_hip")] = _x(-forward) @ _z(sign * outward) @ _y(sign * turned)
        rotations[joint(f"{side}_knee")] = _x(np.clip(bent, 2, 140))
        rotations[joint(f"{side}_ankle")] = _x(0.35 * (forward - bent) + _noise(rng, 1)[0] * 0.5)
        lowered, swung, turned, bent = np.array([arm.lowered, arm.forward, arm.turned, arm.bent]) + _noise(rng, 4)
        lift = np.clip(0.25 * (20 - lowered), 0, 25)  # a raised arm takes the collar bone along
        rotations[joint(f"{side}_collar")] = _z(sign * lift)
        upper = _y(-sign * swung) if lowered < 40 else _x(-swung)
        rotations[joint(f"{side}_shoulder")] = upper @ _z(-sign * (min(lowered, 84) + lift)) @ _x(turned)
        rotations[joint(f"{side}_elbow")] = _y(-sign * np.clip(bent, 3, 140))
        rotations[joint(f"{side}_wrist")] = _z(_noise(rng, 1)[0])
    forward, turned, aside = (np.array(stance.trunk) + _noise(rng, 3) * (0.6, 1, 0.5)) / 3
    for name in ("spine1", "spine2", "spine3"):
        rotations[joint(name)] = _y(turned) @ _x(forward) @ _z(aside)
    nod, look, tilt = _noise(rng, 3) * (0.5, 1.1, 0.5)
    for name in ("neck", "head"):
        rotations[joint(name)] = _y(look - turned) @ _x(nod - 0.5 * forward) @ _z(tilt)
    return axis_angles(rotations).astype(np.float64)


def turn_root(pose: Floats, yaw: float, pitch: float, roll: float) -> Floats:
    """The pose seen after turning the body by degrees about y, then tilting it towards the viewer and sideways."""
    out = pose.copy()
    out[0] = axis_angles(_z(roll) @ _x(pitch) @ _y(yaw))
    return out


def _collides(points: Floats) -> bool:
    """Whether a wrist or an elbow is inside the trunk or the head, or the wrists inside each other."""
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
        if (aside / 0.20) ** 2 + (deep / 0.15) ** 2 < 1 or np.linalg.norm(point - head) < 0.13:
            return True
    wrists = points[keypoint("left_wrist")] - points[keypoint("right_wrist")]
    return bool(np.linalg.norm(wrists) < 0.1)


def _shares(weights: list[float]) -> Floats:
    return np.array(weights) / np.sum(weights)


def _noise(rng: np.random.Generator, count: int) -> Floats:
    return np.clip(rng.normal(0, SPREAD, count), -2 * SPREAD, 2 * SPREAD)


def _x(degrees: float) -> Floats:
    return _about((1, 0, 0), degrees)


def _y(degrees: float) -> Floats:
    return _about((0, 1, 0), degrees)


def _z(degrees: float) -> Floats:
    return _about((0, 0, 1), degrees)


def _about(axis: tuple[float, float, float], degrees: float) -> Floats:
    return rotation_matrices(np.radians(degrees) * np.array(axis, np.float64)).astype(np.float64)
