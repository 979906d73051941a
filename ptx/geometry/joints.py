"""Names, order and relations of joints, keypoints and body parts: the only place that says them."""

from __future__ import annotations

SMPL_JOINTS = (
    "pelvis",
    "left_hip",
    "right_hip",
    "spine1",
    "left_knee",
    "right_knee",
    "spine2",
    "left_ankle",
    "right_ankle",
    "spine3",
    "left_foot",
    "right_foot",
    "neck",
    "left_collar",
    "right_collar",
    "head",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hand",
    "right_hand",
)
"""The 24 joints of SMPL's kinematic tree, in its order."""

PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21)
"""Parent of each SMPL joint; every parent comes before its children."""

KEYPOINTS = (
    "nose",
    "neck",
    "right_shoulder",
    "right_elbow",
    "right_wrist",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    "right_hip",
    "right_knee",
    "right_ankle",
    "left_hip",
    "left_knee",
    "left_ankle",
    "right_eye",
    "left_eye",
    "right_ear",
    "left_ear",
)
"""The 18 keypoints in OpenPose's COCO order."""

LIMBS = (
    (1, 2), (2, 3), (3, 4), (1, 5), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10),
    (1, 11), (11, 12), (12, 13), (1, 0), (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip
"""Pairs of keypoints that a drawn skeleton joins."""

PARTS = ("background", "head", "torso", "left_arm", "right_arm", "left_leg", "right_leg")
"""Body part labels 0..6."""

JOINT_PART = (2, 5, 6, 2, 5, 6, 2, 5, 6, 2, 5, 6, 1, 3, 4, 1, 3, 4, 3, 4, 3, 4, 3, 4)
"""Part of the skin that each SMPL joint moves (collars count to the arms, as published for system A: papers' 1-based
torso {1,4,7,10}, head {13,16}, left arm {14,17,19,21,23}, right arm {15,18,20,22,24}, left leg {2,5,8,11})."""


def keypoint(name: str) -> int:
    """Index of a keypoint by name."""
    return KEYPOINTS.index(name)


def joint(name: str) -> int:
    """Index of an SMPL joint by name."""
    return SMPL_JOINTS.index(name)
