from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from ptx.datasets.avatars.skeleton import Skeleton, find_skeleton, name_joints, to_t_pose
from ptx.datasets.gltf.gltf_file import open_gltf
from ptx.datasets.gltf.scene import read_nodes, read_skins
from ptx.geometry.body import load_body
from ptx.geometry.joints import SMPL_JOINTS, joint
from ptx.geometry.rotation import rotation_matrices
from ptx.pipeline.errors import BadSample
from tests.datasets.gltf.files import MIXAMO_PARENTS, joint_places, person, write_glb

TARGET = load_body("builtin").joint_template.astype(np.float64)

OURS = {
    "Hips": "pelvis", "Spine": "spine1", "Spine1": "spine2", "Spine2": "spine3", "Neck": "neck", "Head": "head",
    **{f"{side}{word}": f"{side.lower()}_{name}" for side in ("Left", "Right") for word, name in (
        ("Shoulder", "collar"), ("Arm", "shoulder"), ("ForeArm", "elbow"), ("Hand", "wrist"), ("UpLeg", "hip"), ("Leg", "knee"),
        ("Foot", "ankle"), ("ToeBase", "foot"),
    )},
}  # fmt: skip
"""Mixamo's bones → our joints, by what they are."""


def renamed(pattern: str, words: dict[str, str], centre: dict[str, str]) -> dict[str, str]:
    """Names of another program for Mixamo's bones: of either side by a pattern with {s} and {n}, and those in the middle."""
    short = {"Left": "L", "Right": "R"}
    sided = {
        f"{side}{word}": pattern.format(s=short[side], l=short[side].lower(), n=name)
        for side in short
        for word, name in words.items()
    }
    return {**centre, **sided}


CONVENTIONS = {
    "mixamo": {bone: f"mixamorig:{bone}" for bone in MIXAMO_PARENTS},
    "mixamo in three.js": {bone: f"mixamorig{bone}" for bone in MIXAMO_PARENTS},
    "vrm": renamed(
        "J_Bip_{s}_{n}",
        {"Shoulder": "Shoulder", "Arm": "UpperArm", "ForeArm": "LowerArm", "Hand": "Hand", "UpLeg": "UpperLeg", "Leg": "LowerLeg",
         "Foot": "Foot", "ToeBase": "ToeBase"},
        {"Hips": "J_Bip_C_Hips", "Spine": "J_Bip_C_Spine", "Spine1": "J_Bip_C_Chest", "Spine2": "J_Bip_C_UpperChest",
         "Neck": "J_Bip_C_Neck", "Head": "J_Bip_C_Head"},
    ),
    "smpl": renamed(
        "m_avg_{s}_{n}",
        {"Shoulder": "Collar", "Arm": "Shoulder", "ForeArm": "Elbow", "Hand": "Wrist", "UpLeg": "Hip", "Leg": "Knee", "Foot": "Ankle",
         "ToeBase": "Foot"},
        {"Hips": "m_avg_Pelvis", "Spine": "m_avg_Spine1", "Spine1": "m_avg_Spine2", "Spine2": "m_avg_Spine3", "Neck": "m_avg_Neck",
         "Head": "m_avg_Head"},
    ),
    "unreal": renamed(
        "{n}_{l}",
        {"Shoulder": "clavicle", "Arm": "upperarm", "ForeArm": "lowerarm", "Hand": "hand", "UpLeg": "thigh", "Leg": "calf", "Foot": "foot",
         "ToeBase": "ball"},
        {"Hips": "pelvis", "Spine": "spine_01", "Spine1": "spine_02", "Spine2": "spine_03", "Neck": "neck_01", "Head": "head"},
    ),
    "3ds max": renamed(
        "Bip01 {s} {n}",
        {"Shoulder": "Clavicle", "Arm": "UpperArm", "ForeArm": "Forearm", "Hand": "Hand", "UpLeg": "Thigh", "Leg": "Calf", "Foot": "Foot",
         "ToeBase": "Toe0"},
        {"Hips": "Bip01 Pelvis", "Spine": "Bip01 Spine", "Spine1": "Bip01 Spine1", "Spine2": "Bip01 Spine2", "Neck": "Bip01 Neck",
         "Head": "Bip01 Head"},
    ),
    "ours": OURS,
}  # fmt: skip


def skeleton(
    folder: Path,
    a_pose: float = 0.0,
    rename: Mapping[str, str] | None = None,
    frame: np.ndarray | None = None,
    drop: Sequence[str] = (),
) -> Skeleton:
    """The skeleton of a person as `person` makes one."""
    file = open_gltf(write_glb(folder / "a.glb", *person(a_pose, rename, frame, drop=drop)))
    return find_skeleton(read_nodes(file), read_skins(file), TARGET)


@pytest.mark.parametrize("names", CONVENTIONS.values(), ids=CONVENTIONS)
def test_every_bone_is_the_joint_that_it_is(names: dict[str, str], tmp_path: Path) -> None:
    found = skeleton(tmp_path, rename=names)
    places = joint_places()
    for bone, name in OURS.items():
        assert found.rest[joint(name)] == pytest.approx(places[bone] - places["Hips"], abs=1e-5), (bone, name)
    known = {name for name, there in zip(SMPL_JOINTS, found.known, strict=True) if there}
    assert known == set(OURS.values())


def test_fingers_and_ends_are_no_joints() -> None:
    names = [
        "LeftHand_end",
        "LeftHandThumb1",
        "LeftHand",
        "LeftForeArm",
        "LeftArm",
        "LeftShoulder",
        "LeftHandMiddle1",
        "upperarm_twist_01_l",
    ]
    found = {name: names[place] for name, place in name_joints(names).items()}
    assert found == {
        "left_wrist": "LeftHand", "left_elbow": "LeftForeArm", "left_shoulder": "LeftArm", "left_collar": "LeftShoulder",
        "left_hand": "LeftHandMiddle1",
    }  # fmt: skip


def test_missing_joints_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadSample, match=r"left_ankle, left_knee|left_knee, left_ankle") as error:
        skeleton(tmp_path, drop=["LeftLeg"])
    assert error.value.problem.code == "unknown_skeleton"
    assert "right" not in str(error.value)
    with pytest.raises(BadSample, match=r"pelvis, left_hip.*\(Bone0, Bone1, Bone2, Bone3 \.\.\.\)"):
        skeleton(tmp_path, rename={bone: f"Bone{number}" for number, bone in enumerate(MIXAMO_PARENTS)})


def test_what_is_not_needed_lies_between_its_neighbours(tmp_path: Path) -> None:
    names = {"LeftShoulder": "x", "RightShoulder": "y", "Neck": "z", "LeftToeBase": "u"}
    found = skeleton(tmp_path, rename=names)
    rest, places = found.rest, joint_places()
    assert not found.known[[joint("left_collar"), joint("left_foot"), joint("left_hand")]].any()
    assert rest[joint("left_collar")] == pytest.approx(
        (places["Spine2"] + places["LeftArm"]) / 2 - places["Hips"], abs=1e-5
    )
    assert rest[joint("left_foot")] == pytest.approx(rest[joint("left_ankle")])


TURNED = np.eye(4)
TURNED[:3, :3] = 100 * rotation_matrices(np.array([-np.pi / 2, 0, 0])) @ rotation_matrices(np.array([0, np.pi, 0]))
TURNED[:3, 3] = 30, -20, 5


def test_files_in_another_frame(tmp_path: Path) -> None:
    """Centimetres, z up, facing the other way: directions are ours, and the size that of our body."""
    found, places = skeleton(tmp_path, frame=TURNED), joint_places()
    scale = (TARGET[joint("head")] - TARGET[joint("left_ankle")])[1] / np.linalg.norm(
        places["Head"] - (places["LeftFoot"] + places["RightFoot"]) / 2
    )
    for bone, name in OURS.items():
        assert found.rest[joint(name)] == pytest.approx((places[bone] - places["Hips"]) * scale, abs=1e-4), name


def test_the_a_pose_is_brought_to_the_t_pose(tmp_path: Path) -> None:
    found = skeleton(tmp_path, a_pose=50.0)
    straight = to_t_pose(found, TARGET)
    for side in ("left", "right"):
        for name, following in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle")):
            a, b = joint(f"{side}_{name}"), joint(f"{side}_{following}")
            bone, ours = straight[a] @ (found.rest[b] - found.rest[a]), TARGET[b] - TARGET[a]
            assert bone / np.linalg.norm(bone) == pytest.approx(ours / np.linalg.norm(ours), abs=1e-6)
            assert np.linalg.det(straight[a]) == pytest.approx(1)
    assert (straight[joint("spine2")] == np.eye(3)).all()
    assert (straight[joint("left_wrist")] == straight[joint("left_elbow")]).all()


def test_a_person_whose_joints_lie_in_one_line(tmp_path: Path) -> None:
    flat = np.diag([1e-9, 1.0, 1.0, 1.0])
    with pytest.raises(BadSample, match="in one line"):
        skeleton(tmp_path, frame=flat)
