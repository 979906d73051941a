"""Rotations against SciPy's."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from ptx.geometry.rotation import SMALL_ANGLE, axis_angles, exponential, logarithm, rotation_matrices

unit = st.floats(-1, 1)


@given(unit, unit, unit, st.sampled_from([0.0, 1e-12, 1e-6, 0.1, 1.0, 3.0, np.pi - 1e-9, np.pi, 4.0]))
def test_matrices_are_scipys(x: float, y: float, z: float, angle: float) -> None:
    axis = np.array([x, y, z])
    length = np.linalg.norm(axis)
    vector = axis / length * angle if length > 1e-3 else np.array([angle, 0.0, 0.0])
    assert np.abs(rotation_matrices(vector) - Rotation.from_rotvec(vector).as_matrix()).max() < 1e-12


@given(st.integers(0, 10**6), st.sampled_from([1e-9, 1e-3, 1.0, np.pi - 1e-6, np.pi]))
def test_axis_angles_come_back(seed: int, angle: float) -> None:
    rng = np.random.default_rng(seed)
    axis = rng.normal(size=(7, 3))
    vectors = axis / np.linalg.norm(axis, axis=1, keepdims=True) * angle
    matrices = rotation_matrices(vectors)
    found = axis_angles(matrices)
    assert (np.linalg.norm(found, axis=1) <= np.pi + 1e-6).all()
    assert np.abs(rotation_matrices(found) - matrices).max() < 1e-7
    if angle < np.pi - 1e-3:
        assert np.abs(found - vectors).max() < 1e-6


@given(st.integers(0, 10**6), st.sampled_from([0.0, 1e-9, 1e-5, 1e-3, 1.0, 3.0, np.pi - 1e-6, np.pi]))
def test_kernels_of_one_rotation_are_scipys(seed: int, angle: float) -> None:
    """`exponential` and `logarithm`, which fits are computed with, and that the other pair agrees with them to rounding."""
    rng = np.random.default_rng(seed)
    axis = rng.normal(size=3)
    vector = axis / np.linalg.norm(axis) * angle
    matrix, back = np.empty((3, 3)), np.empty(3)
    exponential(*vector, matrix)
    assert np.abs(matrix - Rotation.from_rotvec(vector).as_matrix()).max() < 1e-12
    logarithm(matrix, back)
    assert np.abs(Rotation.from_rotvec(back).as_matrix() - matrix).max() < 1e-7
    assert np.linalg.norm(back) <= np.pi + 1e-12
    if angle < np.pi - 1e-3:
        assert np.abs(back - vector).max() < 1e-6
        assert np.abs(back - axis_angles(matrix)).max() < 1e-9


def test_the_logarithm_keeps_turns_of_a_picoradian() -> None:
    """The differences of a matrix's entries across its diagonal are twice the turn; up to 1e-12 of them are none."""
    matrix, back = np.empty((3, 3)), np.empty(3)
    for turn, kept in ((7e-13, 7e-13), (4e-13, 0.0)):
        exponential(0.0, turn, 0.0, matrix)
        logarithm(matrix, back)
        np.testing.assert_allclose(back, (0.0, kept, 0.0), rtol=1e-6)


def test_small_rotations_are_their_series() -> None:
    """Just below the angle from which sine and cosine are taken: sin x = x - x³/6, 1 - cos x = x²/2 - x⁴/24, to rounding."""
    angle = 0.9 * SMALL_ANGLE
    out = np.zeros((3, 3))
    exponential(angle, 0.0, 0.0, out)
    assert abs(out[2, 1] - (angle - angle**3 / 6)) < 1e-19
    assert abs((1 - out[1, 1]) - (angle**2 / 2 - angle**4 / 24)) < 3e-16
