"""One person's body in another's pose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.camera import project
from ptx.geometry.skinning import pose_keypoints
from ptx.geometry.viewpoint import FittedBody
from ptx.surface.proportions import at_home, core_points, in_pose, in_sight, with_camera
from tests.surface.scenes import fitted


def test_the_same_person_lies_on_their_own_body() -> None:
    found = in_pose(fitted(0), fitted(3))
    np.testing.assert_allclose(found.points, fitted(3).points, atol=1e-2)


def test_another_person_stands_where_the_pose_stands_and_is_as_tall() -> None:
    source = replace(fitted(0), betas=np.array([2, -2, 1, 0, 0, 0, 0, 0, 0, 0], np.float32))
    target = fitted(13)
    found = in_pose(source, target)
    np.testing.assert_array_equal(found.pose, target.pose)
    np.testing.assert_array_equal(found.betas, source.betas)
    assert found.size == target.size
    assert found.points[:, 1].max() == pytest.approx(target.points[:, 1].max(), abs=1e-2)
    mine, theirs = (
        project(body.camera, pose_keypoints(body.body, body.pose[None], body.betas)[0]) for body in (found, target)
    )
    assert np.abs(mine - theirs)[:, :2].max() < 0.05 * np.ptp(theirs[:, 1])


def test_feet_outside_of_the_picture_do_not_count() -> None:
    source = replace(fitted(0), betas=np.array([2, -2, 1, 0, 0, 0, 0, 0, 0, 0], np.float32))
    target = fitted(13)
    low = replace(target, camera=target.camera + np.array([0, 0, 60], np.float32))
    moved = in_pose(source, low)
    centres = [
        project(body.camera, pose_keypoints(body.body, body.pose[None], body.betas)[0])[:, :2].mean(0)
        for body in (moved, low)
    ]
    np.testing.assert_allclose(*centres, atol=1.0)


def test_at_home_the_pelvis_and_the_ground_stay() -> None:
    """Whoever stood at one place stands there in the other pose, as large, and keypoints go with the body."""
    body = load_body("small")
    pose = np.zeros((24, 3), np.float32)
    source = FittedBody(body, pose, np.zeros(10, np.float32), np.array([200, 150, 260], np.float32), (512, 384))
    bent = pose.copy()
    bent[4, 0] = bent[1, 0] = 0.4
    elsewhere = replace(source, pose=bent, camera=np.array([90, 40, 300], np.float32), size=(640, 300))
    home = at_home(source, elsewhere)
    assert home.camera[0] == 200
    assert home.size == (512, 384)
    assert home.points[:, 1].max() == pytest.approx(source.points[:, 1].max(), abs=0.01)
    hips = [one.keypoints[[8, 11], 0].mean() for one in (source, home)]
    assert hips[0] == pytest.approx(hips[1], abs=0.01)
    moved = with_camera(elsewhere.keypoints, elsewhere.camera, home.camera)
    flat = project(home.camera, pose_keypoints(body, home.pose[None], home.betas)[0])
    there = moved[:, 2] > 0
    np.testing.assert_allclose(moved[there, :2], flat[there, :2], atol=0.01)


def test_in_anothers_proportions_they_stand_as_the_other() -> None:
    """The other's shape, limbs and place; the clothes, which are metres on the skin, stay theirs."""
    source = replace(fitted(0), betas=np.array([2, -2, 1, 0, 0, 0, 0, 0, 0, 0], np.float32))
    target = fitted(13)
    found = in_pose(source, target, "pose")
    np.testing.assert_array_equal(found.betas, target.betas)
    assert found.offset is source.offset
    np.testing.assert_allclose(found.camera, replace(target, offset=source.offset).camera, atol=1.5)
    kept = in_pose(source, target)
    limbs = [
        project(body.camera, pose_keypoints(body.body, body.pose[None], body.betas)[0])[:, :2]
        for body in (found, kept, target)
    ]
    assert np.abs(limbs[0] - limbs[2]).max() < np.abs(limbs[1] - limbs[2]).max()


def test_at_home_anothers_proportions_are_as_tall() -> None:
    """Whoever is given a taller body stays as tall as their photograph has them."""
    source = fitted(0)
    rest = replace(source, pose=np.zeros((24, 3), np.float32), offset=None)
    tall = replace(rest, betas=np.array([3, 0, 0, 0, 0, 0, 0, 0, 0, 0], np.float32))
    heights = [np.ptp(body.points[:, 1]) for body in (rest, at_home(source, tall))]
    assert np.ptp(tall.points[:, 1]) > 1.05 * heights[0]
    assert heights[1] == pytest.approx(heights[0], rel=0.02)


def test_head_and_trunk_are_brought_into_sight() -> None:
    """As far as needed, and no further; of a body that is higher than the photograph the head is kept."""
    body = fitted(0)
    low, high = np.array([10, 8], np.float32), np.array([180, 240], np.float32)
    np.testing.assert_array_equal(in_sight(body, low, high).camera, body.camera)
    away = replace(body, camera=body.camera + np.array([0, -150, -120], np.float32))
    moved = core_points(in_sight(away, low, high)).min(0)
    np.testing.assert_allclose(moved, low, atol=1e-2)
    right = replace(body, camera=body.camera + np.array([0, 150, 0], np.float32))
    assert core_points(in_sight(right, low, high))[:, 0].max() == pytest.approx(180, abs=1e-2)
    large = replace(body, camera=body.camera * np.array([4, 1, 1], np.float32))
    assert core_points(in_sight(large, low, high))[:, 1].min() == pytest.approx(8, abs=1e-2)
