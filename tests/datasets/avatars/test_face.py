from __future__ import annotations

import numpy as np
import pytest

from ptx.datasets.avatars.face import face_points
from ptx.geometry.joints import joint


def head(seed: int = 0) -> np.ndarray:
    """An egg about (0, .65, .02) with a nose at (0, .64, .14) and ears at ±.085, .65, -.01."""
    rng = np.random.default_rng(seed)
    ball = rng.normal(0, 1, (4000, 3))
    ball /= np.linalg.norm(ball, axis=1, keepdims=True)
    egg = ball * (0.075, 0.12, 0.1) + (0, 0.65, 0.02)
    nose = np.array([0, 0.64, 0.14]) + rng.normal(0, 0.001, (20, 3))
    ears = np.array([(side * 0.085, 0.65, -0.01) for side in (-1, 1)])
    return np.concatenate([egg, nose, ears]).astype(np.float32)


def eyes() -> np.ndarray:
    ball = np.random.default_rng(1).normal(0, 1, (300, 3))
    ball *= 0.012 / np.linalg.norm(ball, axis=1, keepdims=True)
    return np.concatenate([ball + (side * 0.032, 0.675, 0.09) for side in (1, -1)]).astype(np.float32)


@pytest.mark.parametrize("with_eyes", [True, False])
def test_points_of_a_head(with_eyes: bool) -> None:
    face, balls = head(), eyes()[: None if with_eyes else 0]
    fringe = np.array([(0, 0.66, 0.2)], np.float32)  # hair before the nose
    vertices = np.concatenate([face, balls, fringe])
    kinds = np.repeat([0, 1, 2], [len(face), len(balls), 1])
    rest = np.zeros((24, 3))
    rest[joint("head")] = 0, 0.55, 0
    joints = np.full(len(vertices), joint("head"), np.int32)
    nose, right, left, right_ear, left_ear = face_points(vertices, joints, kinds == 1, kinds == 2, rest)
    assert nose == pytest.approx([0, 0.64, 0.14], abs=0.005)
    assert left == pytest.approx([0.032, 0.675, 0.1], abs=0.015)
    assert right == pytest.approx(left * (-1, 1, 1), abs=0.01)
    assert left_ear == pytest.approx([0.085, 0.65, -0.01], abs=1e-6)
    assert right_ear == pytest.approx([-0.085, 0.65, -0.01], abs=1e-6)


def test_without_a_head_they_are_around_its_joint() -> None:
    rest = np.zeros((24, 3))
    rest[joint("head")] = 0, 0.55, 0
    points = face_points(
        np.zeros((9, 3), np.float32), np.zeros(9, np.int32), np.zeros(9, bool), np.zeros(9, bool), rest
    )
    assert np.linalg.norm(points - rest[joint("head")], axis=1).max() < 0.2
    assert points[1, 0] < 0 < points[2, 0]
