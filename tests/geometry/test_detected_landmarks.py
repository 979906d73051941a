"""Landmarks of face, hands and feet: where they are on a body, and which points of a detector they are."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.detected_landmarks import KNUCKLE, LANDMARKS, attach_landmarks, observe_landmarks
from ptx.geometry.joints import joint
from ptx.geometry.skinning import joint_transforms, pose_vertices

BODY = load_body("small")
SIZE = (256, 256)


def row(name: str) -> int:
    """Index of a landmark."""
    return LANDMARKS.index(name)


@pytest.mark.parametrize("name", ["builtin", "small"])
def test_on_the_body_in_rest(name: str) -> None:
    body = load_body(name)
    points = attach_landmarks(body)
    xyz = body.joint_template[points.joints] + points.offset
    at = {landmark: xyz[k] for k, landmark in enumerate(LANDMARKS)}
    for landmark in LANDMARKS:
        if landmark.startswith("left_"):
            np.testing.assert_allclose(at[landmark], at[landmark.replace("left", "right")] * (-1, 1, 1), atol=0.004)
            assert at[landmark][0] > 0
    # anthropometry (Farkas 1994): from the tip of the nose some 7 cm down to the chin, 4 cm up to the eyes; 6 cm between the eyes
    assert 0.06 < at["nose_tip"][1] - at["chin"][1] < 0.08
    assert 0.03 < at["left_eye_centre"][1] - at["nose_tip"][1] < 0.05
    assert 0.055 < at["left_eye_centre"][0] - at["right_eye_centre"][0] < 0.07
    assert at["nose_tip"][2] > at["chin"][2] > at["left_eye_centre"][2] - 0.01
    ankle, hand = body.joint_template[joint("left_ankle")], body.joint_template[joint("left_hand")]
    assert at["left_heel"][2] < ankle[2] < at["left_toe"][2]
    assert 0.22 < at["left_toe"][2] - at["left_heel"][2] < 0.30
    assert at["left_heel"][1] < ankle[1]
    np.testing.assert_allclose(at["left_index"] - hand, (0, 0, KNUCKLE), atol=1e-6)
    np.testing.assert_allclose(at["left_little"] - hand, (0, 0, -KNUCKLE), atol=1e-6)


def test_vertices_move_with_the_skin() -> None:
    """Of a shaped body with turned head and ankles the landmarks lie on the skinned vertices."""
    points = attach_landmarks(BODY)
    pose, betas = np.zeros((24, 3)), np.linspace(-1.5, 1.5, 10)
    pose[joint("head")], pose[joint("left_ankle")] = (0.2, 0.5, 0.1), (0.4, 0.2, 0)
    vertices = pose_vertices(BODY, pose[None], betas[None])[0]
    rotations, joints = joint_transforms(BODY, pose[None], betas[None])
    offset = points.offset + points.offset_dirs @ betas
    posed = joints[0, points.joints] + np.einsum("lij,lj->li", rotations[0, points.joints], offset)
    for name in ("nose_tip", "chin", "left_eye_centre", "left_heel"):
        assert np.linalg.norm(vertices - posed[row(name)], axis=1).min() < 0.004, name


def test_rows_of_a_detector() -> None:
    """By MediaPipe's published numbering; what is not visible, not confident or outside the picture is missing."""
    landmarks = np.zeros((1, 33, 4))
    landmarks[0, :, 0], landmarks[0, :, 1], landmarks[0, :, 3] = np.arange(33), 100, 0.9
    face, hands = np.zeros((1, 468, 3)), np.zeros((1, 2, 21, 3))
    face[0, :, 0], face[0, :, 1], face[0, :, 2] = np.arange(468) / 2, 50, 0.8
    hands[0, :, :, 0], hands[0, 1, :, 1], hands[0, 1, :, 2] = np.arange(21), 20, 0.7  # the right one is detected
    wanted = {
        "nose_tip": (0.5, 50, 0.8), "right_eye_centre": (41.5, 50, 0.8), "left_eye_centre": (156.25, 50, 0.8),
        "chin": (76, 50, 0.8), "left_heel": (29, 100, 0.9), "right_heel": (30, 100, 0.9), "left_toe": (31, 100, 0.9),
        "right_toe": (32, 100, 0.9), "left_index": (19, 100, 0.9), "left_little": (17, 100, 0.9),
        "right_index": (5, 20, 0.7), "right_little": (17, 20, 0.7),
    }  # fmt: skip
    found = observe_landmarks(landmarks, face, hands, SIZE)
    np.testing.assert_allclose(found[0], [wanted[name] for name in LANDMARKS], rtol=1e-6)
    assert np.isnan(observe_landmarks(landmarks, None, None, SIZE)[0, :4, 0]).all()
    landmarks[0, 29, 3], landmarks[0, 30, 0] = 0.49, 255.6
    hands[0, 1, 5] = (np.nan, np.nan, 0)
    found = observe_landmarks(landmarks, None, hands, SIZE)[0]
    assert np.isnan(found[[row("left_heel"), row("right_heel")], :2]).all()
    assert not found[[row("left_heel"), row("right_heel")], 2].any()
    np.testing.assert_allclose(found[row("right_index")], (20, 100, 0.9), rtol=1e-6)
