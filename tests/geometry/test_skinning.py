"""Posed bodies against the `smplx` package, an implementation that is not ours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from ptx.geometry.body import Body, build_body, load_body
from ptx.geometry.hands import FINGER_PARENTS
from ptx.geometry.joints import KEYPOINTS, PARENTS, joint, keypoint
from ptx.geometry.skinning import joint_transforms, pose_hand_points, pose_keypoints, pose_vertices
from tests.geometry.finger_poses import random_fingers


def with_pose_shapes(body: Body) -> Body:
    """The same body with random pose blend shapes, which ours lack and SMPL has."""
    rng = np.random.default_rng(5)
    kintree = np.array([(-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21), range(24)])
    arrays = {
        "v_template": body.v_template, "f": body.faces, "weights": body.weights, "J_regressor": body.joint_regressor,
        "kintree_table": kintree, "shapedirs": body.shapedirs, "landmarks": body.landmarks,
    }  # fmt: skip
    return build_body({**arrays, "posedirs": rng.normal(0, 0.004, (len(body.v_template), 3, 207))})


@pytest.mark.parametrize("bends", [False, True])
def test_vertices_and_joints_are_smplxs(bends: bool) -> None:
    body = with_pose_shapes(load_body("small")) if bends else load_body("small")
    rng = np.random.default_rng(0)
    pose, betas = rng.normal(0, 0.6, (6, 24, 3)), rng.normal(0, 1, (6, 10))
    model = body.to_smplx(6)
    with torch.no_grad():
        turned = torch.tensor(pose, dtype=torch.float32)
        out = model(
            global_orient=turned[:, 0],
            body_pose=turned[:, 1:].reshape(6, -1),
            betas=torch.tensor(betas, dtype=torch.float32),
        )
    assert np.abs(pose_vertices(body, pose, betas) - out.vertices.numpy()).max() < 1e-5
    assert np.abs(joint_transforms(body, pose, betas)[1] - out.joints[:, :24].numpy()).max() < 1e-5


def test_keypoints_are_joints_and_points_of_the_skin() -> None:
    body = load_body("small")
    rng = np.random.default_rng(1)
    pose, betas = rng.normal(0, 0.4, (4, 24, 3)), rng.normal(0, 1, (4, 10))
    found, vertices = pose_keypoints(body, pose, betas), pose_vertices(body, pose, betas)
    joints = joint_transforms(body, pose, betas)[1]
    for name in KEYPOINTS:
        if name == "neck":
            expected = (joints[:, joint("left_shoulder")] + joints[:, joint("right_shoulder")]) / 2
        elif name in ("nose", "right_eye", "left_eye", "right_ear", "left_ear"):
            order = ("nose", "right_eye", "left_eye", "right_ear", "left_ear").index(name)
            expected = vertices[:, body.landmarks[order]]
            assert np.abs(found[:, keypoint(name)] - expected).max() < 0.02  # the skin also follows the neck a little
            continue
        else:
            expected = joints[:, joint(name)]
        assert np.abs(found[:, keypoint(name)] - expected).max() < 1e-5


def test_what_is_beside_two_joints_turns_with_the_first() -> None:
    """A keypoint a third of the way from the neck to the head, 5 cm before them in the frame of the neck, by SciPy's rotations."""
    small, neck, head = load_body("small"), joint("neck"), joint("head")
    joints, weights, offset = small.keypoint_joints.copy(), small.keypoint_weights.copy(), small.keypoint_offset.copy()
    joints[0], weights[0], offset[0] = (neck, head), (2 / 3, 1 / 3), (0, 0, 0.05)
    dirs = np.zeros_like(small.keypoint_offset_dirs)
    body = replace(
        small, keypoint_joints=joints, keypoint_weights=weights, keypoint_offset=offset, keypoint_offset_dirs=dirs
    )
    pose = np.zeros((1, 24, 3))
    pose[0, neck], pose[0, head] = (0, 0.7, 0), (0.4, -1.2, 0)
    at = joint_transforms(body, pose, np.zeros(10))[1][0]
    expected = (2 * at[neck] + at[head]) / 3 + Rotation.from_rotvec(pose[0, neck]).apply([0, 0, 0.05])
    np.testing.assert_allclose(pose_keypoints(body, pose, np.zeros(10))[0, 0], expected, atol=1e-6)


def test_one_betas_for_all_and_wrong_shapes() -> None:
    body = load_body("small")
    pose = np.zeros((3, 24, 3))
    assert np.abs(pose_vertices(body, pose, np.zeros(10)) - body.v_template).max() < 1e-5
    with pytest.raises(ValueError, match="must be"):
        pose_vertices(body, np.zeros((3, 23, 3)), np.zeros(10))
    with pytest.raises(ValueError, match="must be"):
        pose_vertices(body, pose, np.zeros((2, 10)))


def skinned(body: Body, pose: np.ndarray, betas: np.ndarray, hands_pose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (V, 3) and joints (54, 3) of one body: blend skinning written out, a 4 x 4 matrix a joint."""
    hands = body.fingers
    rest = np.concatenate([body.joint_template, hands.joint_template]).astype(np.float64)
    rest += np.concatenate([body.joint_shapedirs, hands.joint_shapedirs]) @ betas
    parents = [*PARENTS, *FINGER_PARENTS]
    world: list[np.ndarray] = []
    for number, vector in enumerate(np.concatenate([pose, hands_pose])):
        local = np.eye(4)
        local[:3, :3] = Rotation.from_rotvec(vector).as_matrix()
        local[:3, 3] = rest[number] - (rest[parents[number]] if number else 0)
        world.append(world[parents[number]] @ local if number else local)
    joints = np.stack([matrix[:3, 3] for matrix in world])
    weights = np.zeros((len(body.v_template), 54))
    weights[:, :24] = body.weights
    for vertex, shares in zip(hands.vertices, hands.shares, strict=True):
        for hand in (0, 1):
            own = body.weights[vertex, 22 + hand]
            weights[vertex, 24 + 15 * hand : 39 + 15 * hand] = own * shares
            weights[vertex, 22 + hand] = own * (1 - shares.sum())
    shaped = np.concatenate([body.v_template + body.shapedirs @ betas, np.ones((len(weights), 1))], axis=1)
    moves = [matrix @ _shift(-place) for matrix, place in zip(world, rest, strict=True)]
    return np.einsum("vj,jab,vb->va", weights, moves, shaped)[:, :3], joints


def _shift(by: np.ndarray) -> np.ndarray:
    out = np.eye(4)
    out[:3, 3] = by
    return out


@pytest.mark.parametrize("name", ["small", "builtin"])
def test_fingers_are_skinned_as_written_out(name: str) -> None:
    body = load_body(name)
    rng = np.random.default_rng(2)
    pose, betas, fingers = rng.normal(0, 0.4, (3, 24, 3)), rng.normal(0, 1, (3, 10)), random_fingers(body, 3, rng)
    vertices, points = pose_vertices(body, pose, betas, fingers), pose_hand_points(body, pose, betas, fingers)
    for i in range(3):
        expected, joints = skinned(body, pose[i], betas[i], fingers[i])
        assert np.abs(vertices[i] - expected).max() < 2e-5
        thumb, index = joints[24 + 12 : 24 + 15], joints[24:27]
        np.testing.assert_allclose(points[i, 0, [0, 1, 2, 3, 5, 6, 7]], [joints[20], *thumb, *index], atol=2e-5)
        np.testing.assert_allclose(points[i, 1, [17, 18, 19]], joints[39 + 6 : 39 + 9], atol=2e-5)
        tips = points[i, :, 4::4].reshape(-1, 3)
        assert np.linalg.norm(tips[:, None] - expected, axis=2).min(1).max() < 5e-4  # they are on the skin


@pytest.mark.parametrize("name", ["small", "builtin"])
def test_fingers_at_rest_change_nothing(name: str) -> None:
    body = load_body(name)
    rng = np.random.default_rng(3)
    pose, betas = rng.normal(0, 0.6, (4, 24, 3)), rng.normal(0, 1, (4, 10))
    assert (
        np.abs(pose_vertices(body, pose, betas, np.zeros((4, 30, 3))) - pose_vertices(body, pose, betas)).max() < 2e-6
    )


def test_fingers_of_the_wrong_shape() -> None:
    body = load_body("small")
    with pytest.raises(ValueError, match=r"hands_pose \(1, 15, 3\) must be \(1, 30, 3\)"):
        pose_vertices(body, np.zeros((1, 24, 3)), np.zeros(10), np.zeros((1, 15, 3)))
