"""Landmarks off the person's silhouette, on silhouettes whose shape is known."""

from __future__ import annotations

import numpy as np

from ptx.detector.correction import correct_landmarks
from ptx.geometry.joints import keypoint


def test_landmarks_beside_the_person() -> None:
    """Hips in the air are moved to the middle of the trunk, in 3D by as much; a knee in the air is dropped."""
    silhouette = np.zeros((200, 100), np.float32)
    silhouette[20:, 40:61] = 1
    flat, deep = np.zeros((18, 3)), np.zeros((18, 4))
    flat[:, :2], flat[:, 2], deep[:, 3] = (50, 30), 1, 1
    for name, x, y in (("left_hip", 75, 130), ("right_hip", 69, 130), ("left_knee", 90, 180), ("right_knee", 50, 180)):
        flat[keypoint(name), :2] = x, y
    deep[[keypoint("left_hip"), keypoint("right_hip")], :2] = (0.11, -0.5)
    deep[[keypoint("left_shoulder"), keypoint("right_shoulder")], :2] = (0.0, 0.0)
    before = deep.copy()
    correct_landmarks(flat, deep, silhouette)
    hips = [keypoint("left_hip"), keypoint("right_hip")]
    assert np.allclose(flat[hips, :2].mean(0) @ (22, 100), (72, 130) @ np.array((22, 100)))  # only across the trunk
    assert 45 < flat[hips, 0].mean() < 55
    assert np.all(flat[hips, 2] == 1)
    moved = (deep - before)[hips, :2]
    pixels = flat[hips, :2] - ((75, 130), (69, 130))
    assert np.allclose(moved * (1, -1), pixels * np.hypot(0.11, 0.5) / np.hypot(22, 100))
    assert flat[keypoint("left_knee"), 2] == deep[keypoint("left_knee"), 3] == 0
    assert flat[keypoint("right_knee"), 2] == 1


def test_landmarks_without_a_silhouette_near() -> None:
    flat, deep = np.full((18, 3), 50.0), np.ones((18, 4))
    correct_landmarks(flat, deep, np.zeros((100, 100), np.float32))
    assert np.all(flat[:, 2] == 0)
    assert np.all(deep[:, 3] == 0)


def test_landmarks_on_the_person_or_outside_the_picture_stay() -> None:
    silhouette = np.zeros((200, 100), np.float32)
    silhouette[20:, 40:61] = 1
    flat, deep = np.zeros((18, 3)), np.ones((18, 4))
    flat[:] = (50, 100, 0.9)
    flat[keypoint("left_ankle"), :2] = (50, 230)  # below the picture
    before, before3d = flat.copy(), deep.copy()
    correct_landmarks(flat, deep, silhouette)
    np.testing.assert_array_equal(flat, before)
    np.testing.assert_array_equal(deep, before3d)
