"""Poses: stances by hand, hands outside the trunk, every angle possible."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.datasets.people.poses import ARMS, STANCES, Arm, Leg, _turn_leg, sample_pose, turn_arm, turn_root
from ptx.geometry.body import load_body
from ptx.geometry.joints import joint, keypoint
from ptx.geometry.rotation import axis_angles, rotation_matrices
from ptx.geometry.skinning import pose_keypoints


class Quiet(np.random.Generator):
    """A generator without noise."""

    def __init__(self) -> None:
        super().__init__(np.random.PCG64(0))

    def normal(self, loc: float = 0.0, scale: float = 1.0, size: int | None = None) -> np.ndarray:
        return np.full(size or 1, loc)


def keypoints_of(rotations: np.ndarray) -> np.ndarray:
    return pose_keypoints(load_body("small"), axis_angles(rotations)[None].astype(np.float32), np.zeros(10))[0]


def at(points: np.ndarray, name: str) -> np.ndarray:
    return points[keypoint(name)]


@pytest.mark.parametrize(("side", "sign"), [("left", 1), ("right", -1)])
def test_legs_by_hand(side: str, sign: int) -> None:
    """A thigh lifted by 90 degrees points forward, the bent shank hangs; a thigh outward goes to its own side."""
    rotations = np.tile(np.eye(3), (24, 1, 1))
    _turn_leg(rotations, side, sign, Leg(90, 0, 0, 90), Quiet())
    points = keypoints_of(rotations)
    thigh = at(points, f"{side}_knee") - at(points, f"{side}_hip")
    shank = at(points, f"{side}_ankle") - at(points, f"{side}_knee")
    assert thigh[2] / np.linalg.norm(thigh) > 0.98
    assert shank[1] / np.linalg.norm(shank) < -0.98
    rotations = np.tile(np.eye(3), (24, 1, 1))
    _turn_leg(rotations, side, sign, Leg(0, 45, 0, 0), Quiet())
    thigh = at(keypoints_of(rotations), f"{side}_knee") - at(keypoints_of(rotations), f"{side}_hip")
    assert sign * thigh[0] > 0.5 * np.linalg.norm(thigh)


@pytest.mark.parametrize(("side", "sign"), [("left", 1), ("right", -1)])
def test_arms_by_hand(side: str, sign: int) -> None:
    """The T-pose points sideways; an arm that is lowered by 80 degrees hangs; swung forward it points to the viewer."""
    for arm, axis, direction in ((Arm(0, 0, 0, 3), 0, sign), (Arm(80, 0, 0, 3), 1, -1), (Arm(5, 80, 0, 3), 2, 1)):
        rotations = np.tile(np.eye(3), (24, 1, 1))
        turn_arm(rotations, side, sign, arm, Quiet())
        points = keypoints_of(rotations)
        upper = at(points, f"{side}_elbow") - at(points, f"{side}_shoulder")
        assert direction * upper[axis] / np.linalg.norm(upper) > 0.9


def test_hands_stay_outside_the_trunk() -> None:
    body = load_body("small")
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(200):
        points = pose_keypoints(body, sample_pose(body, np.zeros(10), rng)[None], np.zeros(10))[0]
        hips = (at(points, "left_hip") + at(points, "right_hip")) / 2
        spine = at(points, "neck") - hips
        for side in ("left", "right"):
            hand = at(points, f"{side}_wrist") - hips
            along = hand @ spine / (spine @ spine)
            inside += 0 < along < 1 and np.linalg.norm(hand - along * spine) < 0.12
    assert inside == 0


def test_poses_vary_and_the_root_does_not() -> None:
    body = load_body("small")
    rng = np.random.default_rng(1)
    poses = np.stack([sample_pose(body, np.zeros(10), rng) for _ in range(60)])
    assert (poses[:, 0] == 0).all()
    degrees = np.degrees(np.linalg.norm(poses, axis=-1))
    assert degrees[:, joint("left_knee")].max() > 60
    assert degrees[:, joint("left_shoulder")].std() > 10
    assert (degrees[:, [joint("left_knee"), joint("right_elbow")]] < 141).all()
    again = sample_pose(body, np.zeros(10), np.random.default_rng(1))
    assert (again == poses[0]).all()


def test_turned_root() -> None:
    """Yaw turns the body's front (+z) to its own left (+x); pitch then leans it towards the viewer."""
    pose = np.random.default_rng(2).normal(size=(24, 3))
    turned = turn_root(pose, 90, 0, 0)
    np.testing.assert_allclose(rotation_matrices(turned[0]) @ (0, 0, 1), (1, 0, 0), atol=1e-9)
    assert (turned[1:] == pose[1:]).all()
    leaning = rotation_matrices(turn_root(pose, 90, 30, 0)[0]) @ (0, 1, 0)
    np.testing.assert_allclose(leaning, (0, np.cos(np.radians(30)), 0.5), atol=1e-9)


def test_frequencies_are_positive() -> None:
    assert all(stance.weight > 0 for stance in STANCES)
    assert all(weight > 0 for _, weight in ARMS)
