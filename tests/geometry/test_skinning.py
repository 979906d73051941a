"""Posed bodies against the `smplx` package, an implementation that is not ours."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ptx.geometry.body import Body, build_body, load_body
from ptx.geometry.joints import KEYPOINTS, joint, keypoint
from ptx.geometry.skinning import joint_transforms, pose_keypoints, pose_vertices


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


def test_one_betas_for_all_and_wrong_shapes() -> None:
    body = load_body("small")
    pose = np.zeros((3, 24, 3))
    assert np.abs(pose_vertices(body, pose, np.zeros(10)) - body.v_template).max() < 1e-5
    with pytest.raises(ValueError, match="must be"):
        pose_vertices(body, np.zeros((3, 23, 3)), np.zeros(10))
    with pytest.raises(ValueError, match="must be"):
        pose_vertices(body, pose, np.zeros((2, 10)))
