"""Names, order and relations of joints, keypoints and body parts: the only module that fixes them.

Imports nothing. Other modules ask for an index by name: `keypoint("left_wrist")`, `joint("pelvis")`.
"""

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

JOINT_COUNT = len(SMPL_JOINTS)
"""Number of SMPL joints: 24."""

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

KEYPOINT_COUNT = len(KEYPOINTS)
"""Number of keypoints: 18."""


def keypoint(name: str) -> int:
    """Index of a keypoint.

    Raises:
        ValueError: no keypoint has this name.
    """
    return KEYPOINTS.index(name)


def joint(name: str) -> int:
    """Index of an SMPL joint.

    Raises:
        ValueError: no joint has this name.
    """
    return SMPL_JOINTS.index(name)


TORSO = (keypoint("right_shoulder"), keypoint("left_shoulder"), keypoint("right_hip"), keypoint("left_hip"))
"""Keypoints of the shoulders and hips, which move least against each other."""

HIPS = (keypoint("left_hip"), keypoint("right_hip"))
"""Keypoints of the hips."""

SHOULDERS = (keypoint("left_shoulder"), keypoint("right_shoulder"))
"""Keypoints of the shoulders."""

ANKLES = (keypoint("right_ankle"), keypoint("left_ankle"))
"""Keypoints of the ankles."""

_LIMB_ENDS = (
    ("neck", "right_shoulder"), ("right_shoulder", "right_elbow"), ("right_elbow", "right_wrist"),
    ("neck", "left_shoulder"), ("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist"),
    ("neck", "right_hip"), ("right_hip", "right_knee"), ("right_knee", "right_ankle"),
    ("neck", "left_hip"), ("left_hip", "left_knee"), ("left_knee", "left_ankle"),
    ("neck", "nose"), ("nose", "right_eye"), ("right_eye", "right_ear"), ("nose", "left_eye"), ("left_eye", "left_ear"),
)  # fmt: skip

LIMBS: tuple[tuple[int, int], ...] = tuple((keypoint(start), keypoint(end)) for start, end in _LIMB_ENDS)
"""Pairs of keypoints joined by a line in a drawn skeleton, in drawing order."""

PARTS = ("background", "head", "torso", "left_arm", "right_arm", "left_leg", "right_leg")
"""Body part labels 0..6."""


def other_side(name: str) -> str:
    """Name of what stands in the place of a part or keypoint where left and right are exchanged."""
    side, _, rest = name.partition("_")
    return {"left": f"right_{rest}", "right": f"left_{rest}"}.get(side, name)


MIRRORED_KEYPOINTS = tuple(keypoint(other_side(name)) for name in KEYPOINTS)
"""Keypoint of a person that is found, in their mirror image, in the place of each keypoint."""

MIRRORED_PARTS = tuple(PARTS.index(other_side(name)) for name in PARTS)
"""Body part label that each label becomes in a mirror image."""

JOINT_PART = (2, 5, 6, 2, 5, 6, 2, 5, 6, 2, 5, 6, 1, 3, 4, 1, 3, 4, 3, 4, 3, 4, 3, 4)
"""Body part label of the skin that each SMPL joint moves.

Collars count as arms, as published for system A (Li, Huang and Loy, CVPR 2019; joints 1-based: torso {1,4,7,10}, head {13,16},
left arm {14,17,19,21,23}, right arm {15,18,20,22,24}, left leg {2,5,8,11}).
"""
