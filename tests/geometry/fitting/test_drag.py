"""A joint that is dragged in the picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from ptx.geometry.body import load_body
from ptx.geometry.camera import project
from ptx.geometry.fitting.drag import GOING_ALONG, drag
from ptx.geometry.joints import KEYPOINT_COUNT, SMPL_JOINTS, joint, keypoint
from ptx.geometry.rotation import rotation_matrices
from ptx.geometry.skinning import joint_transforms, pose_keypoints
from ptx.geometry.viewpoint import FittedBody

Floats = NDArray[np.floating]

SCALE = 250.0
"""px per metre of the camera."""

LIMBS = [
    ("right_shoulder", "right_elbow"),
    ("right_elbow", "right_wrist"),
    ("left_hip", "left_knee"),
    ("left_knee", "left_ankle"),
]
"""Bones, by joints of SMPL."""


@pytest.fixture
def standing() -> FittedBody:
    """Somebody with hanging arms whose hands and feet are turned, as no degree of freedom of the fit says."""
    rng = np.random.default_rng(3)
    pose = rng.normal(0, 0.08, (24, 3)).astype(np.float32)
    for side, sign in (("left", -1), ("right", 1)):
        pose[joint(f"{side}_shoulder")] += (0, 0, sign * 1.1)
        pose[joint(f"{side}_elbow")] = (0, sign * 0.5, 0)
        pose[joint(f"{side}_knee")] = (0.25, 0, 0)
        pose[joint(f"{side}_wrist")] = (0.3, sign * 0.2, 0.1)
    pose[0] = (0.05, 0.3, 0)
    betas = rng.normal(0, 0.7, 10).astype(np.float32)
    return FittedBody(load_body("small"), pose, betas, np.array([SCALE, 200, 240], np.float32), (480, 400))


def keypoints(fitted: FittedBody) -> Floats:
    """(18, 3) px, px, metres."""
    return project(fitted.camera, pose_keypoints(fitted.body, fitted.pose[None], fitted.betas)[0])


def steps(fitted: FittedBody, name: str, dx: float, dy: float, count: int = 8) -> Iterator[FittedBody]:
    """Yield the bodies on the way."""
    start = keypoints(fitted)[keypoint(name)]
    for step in range(1, count + 1):
        share = step / count
        fitted = drag(fitted, keypoint(name), (float(start[0] + dx * share), float(start[1] + dy * share)))
        yield fitted


@pytest.mark.parametrize("index", range(KEYPOINT_COUNT))
def test_a_joint_that_is_not_moved_changes_nothing(standing: FittedBody, index: int) -> None:
    x, y, _ = keypoints(standing)[index]
    after = drag(standing, index, (float(x), float(y)))
    np.testing.assert_allclose(rotation_matrices(after.pose), rotation_matrices(standing.pose), atol=2e-4)
    np.testing.assert_allclose(after.camera, standing.camera, atol=0.02)


@pytest.mark.parametrize(
    ("name", "dx", "dy"),
    [
        ("right_wrist", -40, -90), ("left_wrist", 60, -60), ("right_elbow", -30, -40), ("left_ankle", 40, -30),
        ("right_knee", -30, -40), ("left_hip", 20, 25), ("nose", 15, 8), ("neck", 25, 10), ("left_shoulder", 10, -8),
    ],
)  # fmt: skip
def test_it_comes_where_it_is_dragged_and_the_others_stay(
    standing: FittedBody, name: str, dx: float, dy: float
) -> None:
    before = keypoints(standing)
    *_, after = steps(standing, name, dx, dy)
    moved = keypoints(after) - before
    at = keypoint(name)
    np.testing.assert_allclose(moved[at, :2], (dx, dy), atol=0.02 * SCALE)
    others = [k for k in range(KEYPOINT_COUNT) if k != at and k not in GOING_ALONG[at]]
    assert np.abs(moved[others, :2]).max() < 0.06 * SCALE
    depth = moved[others, 2] - moved[others, 2].mean()  # the whole body may be nearer: the camera sees it in parallel
    assert np.abs(depth).max() < 0.1  # metres


def test_bones_keep_their_lengths_and_the_shape_stays(standing: FittedBody) -> None:
    def lengths(fitted: FittedBody) -> list[float]:
        at = joint_transforms(fitted.body, fitted.pose[None], fitted.betas)[1][0]
        return [float(np.linalg.norm(at[joint(a)] - at[joint(b)])) for a, b in LIMBS]

    *_, after = steps(standing, "right_wrist", -80, -120)
    np.testing.assert_allclose(lengths(after), lengths(standing), atol=1e-5)
    assert after.camera[0] == standing.camera[0]
    np.testing.assert_array_equal(after.betas, standing.betas)


def test_a_limb_reaches_as_far_as_it_is_long(standing: FittedBody) -> None:
    """Ten metres away is out of reach: the arm is stretched towards it, and everything is finite."""
    start = keypoints(standing)
    at = keypoint("right_wrist")
    fitted = standing
    for _ in range(5):
        fitted = drag(fitted, at, (float(start[at, 0]) - 10 * SCALE, float(start[at, 1])))
    assert np.isfinite(fitted.pose).all()
    joints = joint_transforms(fitted.body, fitted.pose[None], fitted.betas)[1][0]
    shoulder, elbow, wrist = (joints[joint(f"right_{name}")] for name in ("shoulder", "elbow", "wrist"))
    straight = np.linalg.norm(wrist - shoulder) / (np.linalg.norm(elbow - shoulder) + np.linalg.norm(wrist - elbow))
    assert straight > 0.97


def test_joints_bend_as_people_can(standing: FittedBody) -> None:
    """A knee does not bend forwards, whatever its ankle is dragged to."""
    for fitted in steps(standing, "left_ankle", 0, -60, 12):
        bend = fitted.pose[joint("left_knee")]
        assert bend[0] > -0.15


def test_a_step_is_small_where_the_drag_is(standing: FittedBody) -> None:
    """The picture follows smoothly: a drag of 2 px turns no joint by more than 6 degrees."""
    before = standing
    for after in steps(standing, "right_wrist", -60, -60, 40):
        turn = rotation_matrices(before.pose).swapaxes(1, 2) @ rotation_matrices(after.pose)
        angle = np.degrees(np.arccos(np.clip((np.trace(turn, axis1=1, axis2=2) - 1) / 2, -1, 1)))
        assert angle.max() < 6, SMPL_JOINTS[int(angle.argmax())]
        before = after


def test_hands_and_feet_stay_as_they_were_turned(standing: FittedBody) -> None:
    *_, after = steps(standing, "right_elbow", -30, -30)
    for name in ("right_wrist", "left_wrist", "left_ankle", "right_foot"):
        np.testing.assert_array_equal(after.pose[joint(name)], standing.pose[joint(name)])


def test_clothes_and_fingers_are_kept(standing: FittedBody) -> None:
    worn = np.zeros((len(standing.body.v_template), 3), np.float32)
    after = drag(replace(standing, offset=worn), 4, (100.0, 100.0))
    assert after.offset is worn
