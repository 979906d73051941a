from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ptx.avatar.person import Avatar as OwnAvatar
from ptx.avatar.write import encode_avatar
from ptx.datasets.avatars.avatar import Avatar, read_avatar
from ptx.datasets.avatars.posing import joint_frames, pose_avatar, with_collars
from ptx.datasets.gltf.gltf_file import open_gltf
from ptx.geometry.body import load_body
from ptx.geometry.joints import KEYPOINTS, joint, keypoint
from ptx.geometry.skinning import joint_transforms, pose_vertices
from ptx.geometry.viewpoint import FittedBody
from ptx.pictures.provenance import Provenance
from tests.datasets.gltf.files import joint_places, person, write_glb


def made(folder: Path, a_pose: float = 0.0) -> Avatar:
    return read_avatar(open_gltf(write_glb(folder / "a.glb", *person(a_pose))))


def test_rest_is_the_mesh_as_it_was_bound(tmp_path: Path) -> None:
    """Without a pose the T-pose of the file stays, but for the slope of our own rest's limbs."""
    avatar = made(tmp_path)
    straight = replace(avatar, straight=np.tile(np.eye(3), (24, 1, 1)))
    posed = pose_avatar(straight, np.zeros((24, 3)))
    assert posed.vertices == pytest.approx(avatar.vertices, abs=1e-6)
    places = joint_places()
    for name, bone in (("left_wrist", "LeftHand"), ("right_knee", "RightLeg"), ("left_ankle", "LeftFoot")):
        assert posed.keypoints[keypoint(name)] == pytest.approx(places[bone] - places["Hips"], abs=1e-5)


@pytest.mark.parametrize("a_pose", [0.0, 45.0])
def test_an_elbow_bends_where_it_is(a_pose: float, tmp_path: Path) -> None:
    avatar = made(tmp_path, a_pose=a_pose)
    target = load_body("builtin").joint_template
    pose = np.zeros((24, 3))
    pose[joint("left_elbow")] = 0, -np.pi / 2, 0  # the left forearm forward
    posed = pose_avatar(avatar, pose)
    at = {name: posed.keypoints[keypoint(name)] for name in KEYPOINTS}
    upper = target[joint("left_elbow")] - target[joint("left_shoulder")]
    shoulder = joint_places()["LeftArm"] - joint_places()["Hips"]
    assert at["left_elbow"] == pytest.approx(shoulder + 0.28 * upper / np.linalg.norm(upper), abs=1e-5)
    lower = target[joint("left_wrist")] - target[joint("left_elbow")]
    turned = np.array([-lower[2], lower[1], lower[0]])  # a quarter turn about y that brings +x to +z
    assert at["left_wrist"] == pytest.approx(at["left_elbow"] + 0.25 * turned / np.linalg.norm(turned), abs=1e-5)


def test_weights_are_blended(tmp_path: Path) -> None:
    """A vertex of two joints is the mean of where each alone would bring it."""
    avatar = made(tmp_path)
    pose = np.random.default_rng(0).normal(0, 0.5, (24, 3))
    alone = [pose_avatar(replace(avatar, joints=np.full_like(avatar.joints, one)), pose).vertices for one in (5, 8)]
    joints, weights = np.full_like(avatar.joints, 5), np.zeros_like(avatar.weights)
    joints[:, 1], weights[:, :2] = 8, (0.25, 0.75)
    both = pose_avatar(replace(avatar, joints=joints, weights=weights), pose).vertices
    assert both == pytest.approx(alone[0] * 0.25 + alone[1] * 0.75, abs=1e-5)


def own(folder: Path, hips: tuple[float, float, float]) -> tuple[FittedBody, Avatar]:
    """A body written by `ptx avatar`, and read as anybody's."""
    body = load_body("builtin")
    pose = np.random.default_rng(3).normal(0, 0.2, (24, 3)).astype(np.float32)
    pose[0] = hips
    camera = np.array([100, 64, 64], np.float32)
    fitted = FittedBody(body, pose, np.zeros(10, np.float32), camera, (128, 128))
    texture = np.full((64, 64, 3), 200, np.uint8)
    path = folder / "own.glb"
    path.write_bytes(encode_avatar(OwnAvatar(fitted, texture), Provenance("compositeSynthetic", "ptx avatar")))
    return fitted, read_avatar(open_gltf(path))


@pytest.mark.slow
def test_our_own_body_as_anybodys_file(tmp_path: Path) -> None:
    """Skinned by `ptx.geometry.skinning` the body of `ptx avatar` is where it is as a rigged file, though that stands in another pose."""
    fitted, avatar = own(tmp_path, (0, 0, 0))
    body, pose = fitted.body, np.random.default_rng(4).normal(0, 0.4, (24, 3))
    posed = pose_avatar(avatar, pose)
    vertices = pose_vertices(replace(body, posedirs=None), pose[None], fitted.betas)[0]
    vertices = vertices - joint_transforms(body, pose[None], fitted.betas)[1][0, 0]
    rest = body.v_template - body.joint_template[0]
    hands = [joint(f"{side}_{name}") for side in ("left", "right") for name in ("wrist", "hand")]
    whole = np.flatnonzero(~np.isin(avatar.joints[:, 0], hands))[::50]  # fingers are relaxed
    nearest = np.array([np.linalg.norm(rest - point, axis=1).argmin() for point in avatar.vertices[whole]])
    away = np.linalg.norm(posed.vertices[whole] - vertices[nearest], axis=1)
    assert np.median(away) < 1e-4
    assert away.max() < 0.01  # where more than four joints move a vertex


@pytest.mark.slow
def test_a_file_that_stands_turned_is_brought_upright(tmp_path: Path) -> None:
    upright, turned = own(tmp_path, (0, 0, 0))[1], own(tmp_path, (0.1, 2.0, 0.2))[1]
    assert np.abs(turned.vertices - upright.vertices).max() < 0.06
    assert turned.skeleton.rest[joint("head"), 1] > 0.4


@pytest.mark.parametrize("a_pose", [0.0, 60.0])
def test_collars_are_lowered_under_hanging_arms_that_stay_where_they_are(a_pose: float, tmp_path: Path) -> None:
    avatar = made(tmp_path, a_pose)
    pose = np.random.default_rng(1).normal(0, 0.1, (24, 3))
    pose[joint("left_shoulder")], pose[joint("right_shoulder")] = (0, 0, -1.3), (0, 0, -0.4)  # hanging, and raised
    lowered = with_collars(avatar, pose)
    before, after = joint_frames(avatar, pose)[0], joint_frames(avatar, lowered)[0]
    for name in ("left_shoulder", "left_wrist", "right_shoulder", "right_elbow"):
        assert after[joint(name)] == pytest.approx(before[joint(name)], abs=1e-6)
    turned = np.degrees(
        np.arccos((np.einsum("ab,ab->", before[joint("left_collar")], after[joint("left_collar")]) - 1) / 2)
    )
    assert turned == pytest.approx(13.3, abs=1) if not a_pose else turned < 2
    assert after[joint("right_collar")] == pytest.approx(before[joint("right_collar")], abs=1e-6)
