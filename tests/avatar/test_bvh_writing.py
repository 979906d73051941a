"""BVH files, posed by forward kinematics of the file's own hierarchy: joints are where the body's are."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from ptx.avatar.bvh_writing import encode_bvh
from ptx.geometry.body import load_body
from ptx.geometry.joints import SMPL_JOINTS
from ptx.geometry.skinning import joint_transforms


def posed(text: str) -> list[dict[str, np.ndarray]]:
    """Joints by name of each frame, in the file's units, by a reading of the format of its own."""
    head, motion = text.split("MOTION\n")
    rows = [[float(word) for word in line.split()] for line in motion.splitlines()[2:]]
    out = []
    for row in rows:
        values, joints, stack, name = iter(row), {}, [], ""
        for line in head.splitlines()[1:]:
            words = line.split()
            if words[0] in ("ROOT", "JOINT", "End"):
                name = words[1]
            elif words[0] == "OFFSET":
                offset = np.array([float(word) for word in words[1:]])
                turn, place = stack[-1] if stack else (Rotation.identity(), np.zeros(3))
                stack.append((turn, place + turn.apply(offset)))
            elif words[0] == "CHANNELS":
                turn, place = stack[-1]
                for channel in words[2:]:
                    value = next(values)
                    if channel.endswith("position"):
                        place = place + value * np.eye(3)["XYZ".index(channel[0])]
                    else:
                        turn = turn * Rotation.from_euler(channel[0].lower(), value, degrees=True)
                stack[-1] = turn, place
                joints[name] = place
            elif words[0] == "}":
                stack.pop()
        out.append(joints)
    return out


def test_joints_are_where_the_body_has_them() -> None:
    body, rng = load_body("small"), np.random.default_rng(0)
    pose, betas = rng.normal(0, 0.6, (4, 24, 3)), rng.normal(0, 1, 10)
    root = rng.normal(0, 1, (4, 3))
    rest = joint_transforms(body, np.zeros((1, 24, 3)), betas)[1][0].astype(np.float64)
    text = encode_bvh(rest, pose, root, 25.0)
    wanted = joint_transforms(body, pose, np.tile(betas, (4, 1)))[1] + root[:, None]
    for frame, joints in zip(wanted, posed(text), strict=True):
        # the root's offset stands in the hierarchy and in its place: the file moves by it twice unless the offset is zero
        shown = np.array([joints[name] for name in SMPL_JOINTS]) / 100
        np.testing.assert_allclose(shown, frame, atol=2e-4)


def test_the_head_of_the_motion() -> None:
    body = load_body("small")
    rest = joint_transforms(body, np.zeros((1, 24, 3)), np.zeros(10))[1][0]
    lines = encode_bvh(rest, np.zeros((3, 24, 3)), np.zeros((3, 3)), 30.0).splitlines()
    assert lines[0] == "HIERARCHY"
    assert "Frames: 3" in lines
    assert "Frame Time: 0.0333333" in lines
    assert sum(line.strip().startswith(("ROOT", "JOINT")) for line in lines) == 24
