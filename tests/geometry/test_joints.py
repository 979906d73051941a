"""Names and orders against `smplx`, OpenPose's COCO skeleton and the published body parts."""

from __future__ import annotations

import pytest
from smplx.joint_names import JOINT_NAMES

from ptx.geometry.joints import (
    ANKLES,
    JOINT_COUNT,
    JOINT_PART,
    KEYPOINT_COUNT,
    KEYPOINTS,
    LIMBS,
    PARENTS,
    PARTS,
    SMPL_JOINTS,
    TORSO,
    joint,
    keypoint,
)

OPENPOSE_COCO = (
    "Nose", "Neck", "RShoulder", "RElbow", "RWrist", "LShoulder", "LElbow", "LWrist", "RHip", "RKnee", "RAnkle", "LHip", "LKnee",
    "LAnkle", "REye", "LEye", "REar", "LEar",
)  # fmt: skip
"""POSE_COCO_BODY_PARTS of OpenPose."""


def test_joints_are_smpls() -> None:
    assert SMPL_JOINTS[:22] == tuple(JOINT_NAMES[:22])  # the hands are joints of their own in SMPL-X
    assert JOINT_COUNT == len(SMPL_JOINTS) == len(PARENTS) == len(JOINT_PART) == 24


def test_parents_come_first_and_mirror() -> None:
    assert PARENTS[0] == -1
    assert all(0 <= parent < child for child, parent in enumerate(PARENTS) if child)
    for child, parent in enumerate(PARENTS):
        if SMPL_JOINTS[child].startswith("left_"):
            mirrored = PARENTS[joint(SMPL_JOINTS[child].replace("left_", "right_"))]
            assert SMPL_JOINTS[mirrored] == SMPL_JOINTS[parent].replace("left_", "right_")


def test_every_joint_hangs_on_the_one_before_it() -> None:
    """The chains of a human skeleton, by name."""
    chains = ["pelvis spine1 spine2 spine3 neck head"]
    for side in ("left", "right"):
        leg, arm = ("hip knee ankle foot", "collar shoulder elbow wrist hand")
        for base, limb in (("pelvis", leg), ("spine3", arm)):
            chains.append(" ".join([base, *(f"{side}_{name}" for name in limb.split())]))
    parents = {
        child: parent for chain in chains for parent, child in zip(chain.split(), chain.split()[1:], strict=False)
    }
    assert {name: SMPL_JOINTS[PARENTS[joint(name)]] for name in SMPL_JOINTS[1:]} == parents


def test_keypoints_are_openposes() -> None:
    short = [name.replace("right_", "R").replace("left_", "L").replace("_", "") for name in KEYPOINTS]
    assert [name.lower() for name in short] == [name.lower() for name in OPENPOSE_COCO]
    assert KEYPOINT_COUNT == 18


def test_limbs_are_openposes() -> None:
    """The pairs of OpenPose's COCO model (0-based) but the two from shoulder to ear, which are for matching only."""
    assert set(LIMBS) == {
        (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13), (1, 0), (0, 14),
        (14, 16), (0, 15), (15, 17),
    }  # fmt: skip
    assert len(LIMBS) == 17


def test_groups_of_keypoints() -> None:
    assert [KEYPOINTS[k] for k in TORSO] == ["right_shoulder", "left_shoulder", "right_hip", "left_hip"]
    assert [KEYPOINTS[k] for k in ANKLES] == ["right_ankle", "left_ankle"]


def test_parts_are_the_published_ones() -> None:
    """Joints of system A's parts, 1-based as published; what is left are the right leg and ankles, feet, toes with it."""
    published = {
        "torso": {1, 4, 7, 10}, "head": {13, 16}, "left_arm": {14, 17, 19, 21, 23}, "right_arm": {15, 18, 20, 22, 24},
        "left_leg": {2, 5, 8, 11}, "right_leg": {3, 6, 9, 12},
    }  # fmt: skip
    for name, joints in published.items():
        assert {j + 1 for j in range(24) if PARTS[JOINT_PART[j]] == name} == joints


def test_unknown_names() -> None:
    assert (keypoint("left_ear"), joint("right_hand")) == (17, 23)
    with pytest.raises(ValueError, match="not in tuple"):
        keypoint("tail")
    with pytest.raises(ValueError, match="not in tuple"):
        joint("tail")
