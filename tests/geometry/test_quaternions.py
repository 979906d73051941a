"""Quaternions against SciPy's rotations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ptx.geometry.quaternions import axis_angles_of, continuous, quaternions

VECTORS = np.concatenate(
    [np.random.default_rng(0).normal(0, size, (50, 3)) for size in (1e-9, 1e-5, 0.1, 1, 5)]
    + [np.zeros((1, 3)), np.eye(3) * np.pi * 0.999999]
)


def test_rotations_are_those_of_scipy() -> None:
    found, true = quaternions(VECTORS), Rotation.from_rotvec(VECTORS)
    np.testing.assert_allclose(Rotation.from_quat(found).as_matrix(), true.as_matrix(), atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-12)


@pytest.mark.parametrize("factor", [1, -1, 0.6])
def test_axis_angles_come_back(factor: float) -> None:
    """Of either sign and of any length."""
    found = axis_angles_of(factor * quaternions(VECTORS))
    np.testing.assert_allclose(found, Rotation.from_rotvec(VECTORS).as_rotvec(), atol=1e-9)


def test_any_axes_come_before_those_of_a_rotation() -> None:
    """A joint of a frame, joints of one, frames of joints."""
    alone = [quaternions(vector) for vector in VECTORS[:6]]
    frames = quaternions(VECTORS[:6].reshape(2, 3, 3))
    np.testing.assert_array_equal(frames.reshape(6, 4), alone)
    np.testing.assert_array_equal(
        axis_angles_of(-frames).reshape(6, 3), [axis_angles_of(-quaternion) for quaternion in alone]
    )


def test_signs_follow_each_other() -> None:
    """A joint that turns three times round: each step goes the short way, and the rotations stay what they are."""
    turns = np.linspace(0, 6 * np.pi, 40)[:, None, None] * np.array([[0, 0.6, 0.8], [1, 0, 0]])
    plain = quaternions(np.stack([axis_angles_of(quaternions(step)) for step in turns]))
    assert ((plain[1:] * plain[:-1]).sum(-1) < 0).any()
    found = continuous(plain)
    assert ((found[1:] * found[:-1]).sum(-1) > 0).all()
    np.testing.assert_allclose(np.abs(found), np.abs(plain), atol=1e-15)
    np.testing.assert_array_equal(continuous(plain[:1]), plain[:1])
