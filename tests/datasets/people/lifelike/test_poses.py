"""Gestures put the hands where their names say; crops end where they say."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.datasets.people.lifelike.poses import (
    BEHIND,
    CLASPED,
    CROPS,
    CROSSED,
    HIP,
    POCKET,
    Gesture,
    gesticulate,
    pocket_hands,
    sample_crop,
)
from ptx.datasets.people.poses import about_x, about_z, turn_arm
from ptx.geometry.body import load_body
from ptx.geometry.joints import joint
from ptx.geometry.rotation import axis_angles
from ptx.geometry.skinning import joint_transforms, pose_vertices

BODY = load_body("builtin")


def with_left_arm(gesture: Gesture) -> np.ndarray:
    rotations = np.tile(np.eye(3), (24, 1, 1))
    turn_arm(rotations, "left", 1, gesture.arm, np.random.default_rng(0), 0.0)
    rotations[joint("left_wrist")] = about_z(gesture.raised) @ about_x(gesture.rolled)
    return axis_angles(rotations)


@pytest.mark.parametrize(
    ("gesture", "low", "high"),
    [
        (POCKET, (0.14, -0.1, 0.0), (0.26, 0.04, 0.12)),
        (HIP, (0.1, 0.0, 0.05), (0.22, 0.12, 0.18)),
        (CROSSED, (-0.2, 0.2, 0.1), (-0.05, 0.36, 0.24)),
        (CLASPED, (-0.05, -0.12, 0.1), (0.08, 0.06, 0.25)),
        (BEHIND, (-0.08, -0.1, -0.3), (0.08, 0.1, -0.12)),
    ],
)
def test_hands_are_where_the_name_of_a_gesture_says(gesture: Gesture, low: tuple, high: tuple) -> None:
    hand = joint_transforms(BODY, with_left_arm(gesture)[None], np.zeros(10))[1][0, joint("left_hand")]
    assert (hand > low).all(), hand
    assert (hand < high).all(), hand


def test_a_hand_at_the_pocket_goes_in_and_nothing_else_moves() -> None:
    for gesture, inside in ((POCKET, True), (CROSSED, False)):
        pose = with_left_arm(gesture)[None].astype(np.float32)
        before = pose_vertices(BODY, pose, np.zeros(10))[0]
        after = before.copy()
        rotations, joints = (values[0] for values in joint_transforms(BODY, pose, np.zeros(10)))
        pocket_hands(BODY, after, rotations, joints)
        moved = np.linalg.norm(after - before, axis=1) > 1e-4
        hand = BODY.weights[:, [joint("left_wrist"), joint("left_hand")]].sum(1) > 0.5
        assert moved[hand].mean() > 0.5 if inside else not moved.any()
        assert not moved[~hand].any()
        if inside:
            centre = joints[joint("left_hip")]
            far = [np.linalg.norm(points[moved] - centre, axis=1).mean() for points in (before, after)]
            assert far[1] < far[0] - 0.03


def test_gestures_leave_the_rest_of_the_pose() -> None:
    rng = np.random.default_rng(1)
    pose = rng.normal(0, 0.1, (24, 3))
    arms = [joint(f"{side}_{part}") for side in ("left", "right") for part in ("collar", "shoulder", "elbow", "wrist")]
    others = np.setdiff1d(np.arange(24), arms)
    for _ in range(20):
        out = gesticulate(pose, rng)
        np.testing.assert_array_equal(out[others], pose[others])
        assert (out[arms] != pose[arms]).any()


def test_crops_begin_and_end_within_the_body() -> None:
    stick = np.zeros((400, 3), np.float32)
    stick[:, 1] = np.linspace(-0.95, 0.84, 400)
    stick[::2, 0] = 0.2
    begun = []
    for seed in range(60):
        scale, _, y = sample_crop(stick, (256, 176), np.random.default_rng(seed))
        rows = y - scale * stick[:, 1]
        crown = (0.5 + rows.min()) / scale
        begun.append(crown < 0)
        assert min(low for (low, _), _, _ in CROPS) < -crown < max(high for (_, high), _, _ in CROPS)
        assert scale > 0.9 * 256 / 1.9
    assert 0.3 < np.mean(begun) < 0.9
