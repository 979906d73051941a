"""Somebody's motion on another body: feet stand where the other's do, and the person stays in their picture."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.camera import project
from ptx.geometry.joints import joint
from ptx.geometry.skinning import joint_transforms
from ptx.geometry.viewpoint import FittedBody
from ptx.surface.retarget import AROUND, LIFTED, Trajectory, bring_home, fill_picture, near_ground, retarget

BODY = load_body("small")
TALL = np.array([2.0, -1.0, 0.5, 0, 0, 0, 0, 0, 0, 0], np.float32)
FPS = 30.0


def steps(frames: int = 60, camera: tuple[float, float, float] = (200.0, 300.0, 250.0)) -> Trajectory:
    """Somebody who sways on two feet: knees bend by turns, the pelvis moves so that the right foot stays."""
    pose = np.zeros((frames, 24, 3), np.float32)
    bend = 0.6 * np.sin(np.linspace(0, np.pi, frames)).astype(np.float32)
    for side in ("left", "right"):
        pose[:, joint(f"{side}_hip"), 0], pose[:, joint(f"{side}_knee"), 0] = -bend, 2 * bend
    pose[:, 0, 1] = np.linspace(0, 0.4, frames)
    cameras = np.tile(np.array(camera, np.float32), (frames, 1))
    foot = feet(np.zeros(10), Trajectory(pose, np.zeros(10, np.float32), cameras, None, None), cameras)[:, 0]
    cameras[:, 1:] += foot[0] - foot
    contacts = np.tile([True, False], (frames, 1))
    return Trajectory(pose, np.zeros(10, np.float32), cameras, contacts, np.ones(frames, np.bool_))


def feet(betas: np.ndarray, path: Trajectory, camera: np.ndarray) -> np.ndarray:
    """(T, 2, 2) px of the middle of ankle and foot, right and left."""
    joints = joint_transforms(BODY, path.pose, np.tile(betas, (len(path.pose), 1)))[1]
    at = [[joint(f"{side}_ankle"), joint(f"{side}_foot")] for side in ("right", "left")]
    return np.stack([project(camera, joints[:, rows])[..., :2].mean(1) for rows in at], axis=1)


def somebody(betas: np.ndarray = TALL, camera: tuple[float, float, float] = (150.0, 200.0, 180.0)) -> FittedBody:
    return FittedBody(BODY, np.zeros((24, 3), np.float32), betas, np.array(camera, np.float32), (400, 400))


def test_the_same_body_moves_as_it_did() -> None:
    path = steps()
    np.testing.assert_allclose(retarget(somebody(path.betas), path, FPS), path.camera, atol=1e-3)


def test_the_foot_that_stands_stands_where_the_other_stood() -> None:
    path = steps()
    camera = retarget(somebody(), path, FPS)
    mine, theirs = feet(TALL, path, camera)[:, 0], feet(path.betas, path, path.camera)[:, 0]
    assert np.abs(mine - theirs).max() < 0.5
    legs = [np.abs(np.diff(feet(betas, path, camera)[:, 0], axis=0)).max() for betas in (TALL, path.betas)]
    assert legs[0] < 0.05


def test_legs_are_as_long_in_the_picture() -> None:
    path = steps()
    camera = retarget(somebody(), path, FPS)

    def leg(betas: np.ndarray, scale: float) -> float:
        joints = joint_transforms(BODY, np.zeros((1, 24, 3)), betas)[1][0]
        chain = [joint("left_hip"), joint("left_knee"), joint("left_ankle")]
        return scale * float(np.linalg.norm(np.diff(joints[chain], axis=0), axis=1).sum())

    assert leg(TALL, camera[5, 0]) == pytest.approx(leg(path.betas, path.camera[5, 0]), rel=0.02)


@pytest.mark.parametrize("scale", [90.0, 150.0])
def test_at_home_they_are_as_large_and_stand_on_their_floor(scale: float) -> None:
    path, source = steps(), somebody(camera=(scale, 200.0, 180.0))
    camera = bring_home(source, path, retarget(source, path, FPS), np.zeros(2), np.array([400.0, 400.0]))
    assert np.median(camera[:, 0]) == pytest.approx(scale, rel=1e-4)
    lowest = feet(TALL, path, camera)[..., 1].max()
    home = feet(TALL, path._replace(pose=source.pose[None]), source.camera[None])[..., 1].max()
    assert lowest == pytest.approx(home, abs=2.0)
    still = np.diff(feet(TALL, path, camera)[:, 0], axis=0)
    assert np.abs(still).max() < 0.1


def test_who_would_not_fit_above_the_floor_is_smaller() -> None:
    """They sat; standing they would be 1.5 times as tall as the room over their feet."""
    path = steps()
    source = somebody(camera=(150.0, 200.0, 90.0))  # the head of who stands is beyond the upper edge
    camera = bring_home(source, path, retarget(source, path, FPS), np.zeros(2), np.array([400.0, 400.0]))
    joints = joint_transforms(BODY, path.pose, np.tile(TALL, (60, 1)))[1]
    assert np.median(camera[:, 0]) < 150.0
    assert project(camera, joints)[:, joint("head"), 1].min() > 0


def test_who_walks_out_of_the_picture_is_moved_back_if_they_fit() -> None:
    path, source = steps(), somebody(camera=(100.0, 380.0, 180.0))
    camera = bring_home(source, path, retarget(source, path, FPS), np.zeros(2), np.array([400.0, 400.0]))
    pelvis = project(camera, joint_transforms(BODY, path.pose, np.tile(TALL, (60, 1)))[1][:, :1])[:, 0, 0]
    assert pelvis.max() < 400 - 0.1 * 100


def test_frames_without_anybody_do_not_count() -> None:
    path, source = steps(), somebody()
    usable = np.ones(60, np.bool_)
    usable[:20] = False
    broken = path.camera.copy()
    broken[:20] = 0
    partly = path._replace(camera=broken, usable=usable)
    camera = bring_home(source, partly, retarget(source, partly, FPS), np.zeros(2), np.array([400.0, 400.0]))
    assert np.isfinite(camera).all()
    assert np.median(camera[20:, 0]) == pytest.approx(150.0, rel=1e-4)


def test_a_picture_that_just_holds_the_motion() -> None:
    path, source = steps(), somebody()
    camera, (height, width) = fill_picture(source, path, retarget(source, path, FPS), 256)
    assert (max(height, width), height % 2, width % 2) == (256, 0, 0)
    joints = project(camera, joint_transforms(BODY, path.pose, np.tile(TALL, (60, 1)))[1])[..., :2]
    margin = AROUND * camera[0, 0]
    for axis, length in ((0, width), (1, height)):
        assert joints[..., axis].min() == pytest.approx(margin - 0.5, abs=0.01)
        assert joints[..., axis].max() == pytest.approx(length - 0.5 - margin, abs=1.01)


def test_feet_near_the_ground() -> None:
    """Standing, then a jump of 10 and of 40 cm: the shadows become fainter, and go."""
    frames, source = 61, somebody(np.zeros(10, np.float32))
    height = np.zeros(frames)
    height[20], height[40] = 0.1, 0.4
    camera = np.tile(np.float32([200, 300, 250]), (frames, 1))
    camera[:, 2] -= (200 * height).astype(np.float32)
    still = Trajectory(np.zeros((frames, 24, 3), np.float32), source.betas, camera, None, None)
    near = near_ground(source, still, camera, FPS)
    np.testing.assert_allclose(near[[0, 10, 30, 60]], 1.0, atol=0.03)
    np.testing.assert_allclose(near[20], 1 - 0.1 / LIFTED, atol=0.03)
    np.testing.assert_allclose(near[40], 0.0)
