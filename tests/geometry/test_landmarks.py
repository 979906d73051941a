"""Landmarks on a head whose nose, eyes and ears are known, and on SMPL's own mesh as `smplx` lists them."""

from __future__ import annotations

import numpy as np
import pytest
from smplx.vertex_ids import vertex_ids

from ptx.geometry.joints import KEYPOINTS, joint
from ptx.geometry.landmarks import HEAD_KEYPOINTS, OFFICIAL_LANDMARKS, head_landmarks

NOSE, RIGHT_EYE, LEFT_EYE, RIGHT_EAR, LEFT_EAR = range(5)


def head() -> tuple[np.ndarray, np.ndarray]:
    """An ellipsoid of a head with five special vertices in front of its row, on a trunk that moves with another joint."""
    rng = np.random.default_rng(0)
    direction = rng.normal(size=(400, 3))
    skull = direction / np.linalg.norm(direction, axis=1, keepdims=True) * (0.07, 0.12, 0.09) + (0, 1.6, 0)
    special = np.array([(0.001, 1.59, 0.13), (-0.03, 1.63, 0.1), (0.03, 1.63, 0.1), (-0.085, 1.6, 0), (0.085, 1.6, 0)])
    trunk = rng.uniform((-0.3, 0.8, -0.2), (0.3, 1.4, 0.5), (200, 3))
    vertices = np.concatenate([special, skull, trunk])
    weights = np.zeros((len(vertices), 24))
    weights[:, joint("spine3")] = 1
    weights[: len(special) + len(skull)] = 0
    weights[: len(special) + len(skull), joint("head")] = 1
    return vertices, weights


def test_a_head_that_is_known() -> None:
    vertices, weights = head()
    eyes = vertices[[RIGHT_EYE, LEFT_EYE]] - (0, 0, 0.03)
    assert head_landmarks(vertices, weights, eyes).tolist() == [NOSE, RIGHT_EYE, LEFT_EYE, RIGHT_EAR, LEFT_EAR]
    found = head_landmarks(vertices, weights)  # where the eyes are is a guess from nose and ears
    assert found[[0, 3, 4]].tolist() == [NOSE, RIGHT_EAR, LEFT_EAR]
    assert vertices[found[1], 0] < -0.01 < 0.01 < vertices[found[2], 0]
    assert (vertices[found[1:3], 2] > 0.05).all()


def test_of_points_behind_each_other_the_foremost_is_the_eye() -> None:
    vertices, weights = head()
    behind = np.concatenate([vertices, vertices[[RIGHT_EYE]] - (0, 0, 0.02)])
    heavy = np.concatenate([weights, weights[[RIGHT_EYE]]])
    assert head_landmarks(behind, heavy, vertices[[RIGHT_EYE, LEFT_EYE]])[1] == RIGHT_EYE


def test_what_sticks_out_beside_the_mid_plane_is_no_nose() -> None:
    vertices, weights = head()
    lock = np.concatenate([vertices, [(0.03, 1.6, 0.16)]])
    assert head_landmarks(lock, np.concatenate([weights, weights[:1]]))[0] == NOSE


def test_order_and_official_mesh() -> None:
    assert [KEYPOINTS[k] for k in HEAD_KEYPOINTS] == ["nose", "right_eye", "left_eye", "right_ear", "left_ear"]
    for format_, vertices in (("smplh", 6890), ("smplx", 10475)):
        listed = vertex_ids[format_]
        assert tuple(listed[name] for name in ("nose", "reye", "leye", "rear", "lear")) == OFFICIAL_LANDMARKS[vertices]


def test_a_mesh_without_a_head() -> None:
    vertices, weights = head()
    weights[:, joint("head")] *= 0.4
    with pytest.raises(ValueError, match=r"skinning weight above 0\.5 for the head joint"):
        head_landmarks(vertices, weights)
