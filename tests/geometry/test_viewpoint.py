"""Views of a turned body: against the body's own geometry, and what a camera all round would have seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptx.datasets.people import People, PeopleOptions
from ptx.geometry.body import load_body
from ptx.geometry.joints import joint, keypoint
from ptx.geometry.rotation import axis_angles, rotation_matrices
from ptx.geometry.viewpoint import HIDDEN_CONFIDENCE, FittedBody, turn_keypoints, turn_pose, view_rotation

BODY = load_body("small")
SIZE = (128, 96)


def standing() -> FittedBody:
    """Arms hanging a little outward, facing the viewer."""
    pose = np.zeros((24, 3), np.float32)
    pose[16, 2], pose[17, 2] = -1.0, 1.0
    return FittedBody(BODY, pose, np.zeros(10, np.float32), np.array([55.0, 48.0, 52.0], np.float32), SIZE)


def test_a_person_turned_to_their_left_shows_their_right_side() -> None:
    turned = standing().turned(90)
    nose, neck = (turned.keypoints[keypoint(name)] for name in ("nose", "neck"))
    assert nose[0] > neck[0] + 3  # their left is the viewer's right
    left, right = (turned.keypoints[keypoint(f"{side}_shoulder"), 2] for side in ("left", "right"))
    assert (left, right) == (pytest.approx(HIDDEN_CONFIDENCE), 1)


def test_pitch_shows_more_of_the_top() -> None:
    head, foot = (keypoint(name) for name in ("nose", "right_ankle"))
    tall = standing().keypoints
    tilted = standing().turned(0, 30).keypoints
    assert tilted[foot, 1] - tilted[head, 1] < tall[foot, 1] - tall[head, 1] - 3
    assert (view_rotation(0, 30) @ [0, 1, 0])[2] > 0.4


@settings(max_examples=20, deadline=None)
@given(st.floats(-180, 180), st.floats(-180, 180))
def test_turns_about_the_vertical_add_up(a: float, b: float) -> None:
    twice = turn_pose(turn_pose(standing().pose, a), b)
    once = turn_pose(standing().pose, a + b)
    seen = [FittedBody(BODY, pose, np.zeros(10, np.float32), standing().camera, SIZE).points for pose in (twice, once)]
    np.testing.assert_allclose(*seen, atol=2e-2)


def test_flow_to_the_same_view_is_zero_and_nearly_all_is_visible() -> None:
    flow, labels = standing().flow_from(standing())
    assert np.abs(flow).max() < 1e-3
    assert (labels[labels < 2] == 1).mean() < 0.02  # rays that graze the surface


def test_from_behind_hardly_anything_is_visible() -> None:
    _, labels = standing().turned(180).flow_from(standing())
    body = labels < 2
    assert (labels[body] == 0).mean() < 0.1


def test_a_round_of_views_turns_by_equal_steps_about_the_person() -> None:
    people = People(PeopleOptions(2, 8, seed=3, size=SIZE, half_body=0.0, views=4))
    for first in (0, 4, 8, 12):
        truths = [people.truth(first + k) for k in range(4)]
        assert all(np.array_equal(t.camera, truths[0].camera) for t in truths)
        assert all(np.array_equal(t.pose[1:], truths[0].pose[1:]) for t in truths)
        roots = rotation_matrices(np.stack([t.pose[0] for t in truths]).astype(np.float64))
        steps = axis_angles(roots[1:] @ roots[:-1].transpose(0, 2, 1))
        np.testing.assert_allclose(np.linalg.norm(steps, axis=1), np.pi / 2, atol=1e-5)
        assert (steps[:, 1] > 0.9 * np.pi / 2).all()  # to their left, about the vertical but for the camera's tilt
    assert not np.array_equal(people.truth(0).pose[1:], people.truth(4).pose[1:])


def test_skeletons_turn_as_the_body_does() -> None:
    """2D and 3D keypoints alone give the joints' places that the turned body has."""
    seen = standing()
    truth = People(PeopleOptions(1, 1, seed=1, size=SIZE, half_body=0.0)).truth(0)
    seen = FittedBody(load_body("builtin"), truth.pose, truth.betas, truth.camera, SIZE)
    for yaw in (0, 30, -90):
        turned = turn_keypoints(truth.keypoints, truth.keypoints3d, yaw)
        hips = [keypoint("left_hip"), keypoint("right_hip")]
        there = seen.turned(yaw).keypoints
        shift = there[hips, :2].mean(0) - turned[hips, :2].mean(
            0
        )  # one turns about the pelvis, one about the hips' middle
        assert np.abs(shift).max() < 3
        np.testing.assert_allclose(turned[:, :2] + shift, there[:, :2], atol=0.5)


def test_too_little_to_turn() -> None:
    with pytest.raises(ValueError, match="turning needs a hip, and three keypoints in 2D and in 3D"):
        turn_keypoints(np.full((18, 3), np.nan), np.zeros((18, 4)), 30)


def tilted_by(pitch: float, knee: float = 0.0, spine: float = 0.0) -> FittedBody:
    """A body in rest whose root is tilted towards the viewer, degrees; with bent knees and a bent back."""
    pose = np.zeros((24, 3), np.float32)
    pose[0, 0] = np.radians(pitch)
    pose[[joint("left_knee"), joint("right_knee")], 0] = np.radians(knee)
    pose[joint("spine1"), 0] = np.radians(spine)
    return FittedBody(
        load_body("small"), pose, np.zeros(10, np.float32), np.array([200, 150, 260], np.float32), (512, 384)
    )


def sideways(body: FittedBody) -> float:
    """Degrees by which the line from the feet to the head leans in the picture."""
    points = body.points[:, :2]
    rest = body.body.v_template[:, 1]
    head, feet = (points[rows].mean(0) for rows in (rest > np.quantile(rest, 0.98), rest < np.quantile(rest, 0.02)))
    return float(np.degrees(np.arctan2(head[0] - feet[0], feet[1] - head[1])))


@pytest.mark.parametrize("pitch", [-15, 12])
def test_who_stands_is_upright_from_all_sides(pitch: float) -> None:
    """Whatever the camera's tilt, which stays as it is."""
    tilted = tilted_by(pitch)
    for yaw in (45, 90, 180, 270):
        turned = tilted.turned(yaw, level=True)
        assert abs(sideways(turned)) < 2.5  # heels and noses are not in the middle of the body
        assert np.ptp(turned.points[:, 1]) == pytest.approx(np.ptp(tilted.points[:, 1]), rel=0.03)
    plain = tilted.turned(90)
    assert abs(sideways(plain)) > 8
    np.testing.assert_allclose(tilted.turned(0, level=True).points, tilted.points, atol=1e-2)


@pytest.mark.parametrize("body", [tilted_by(0), tilted_by(10, knee=70), tilted_by(0, spine=80), tilted_by(70)])
def test_who_does_not_stand_or_lean_is_turned_about_the_vertical(body: FittedBody) -> None:
    """Upright, squatting, bent forward, lying."""
    np.testing.assert_allclose(body.turned(90, level=True).points, body.turned(90).points, atol=3.0)
