"""Accelerations of known motions, and their derivatives against finite differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ptx.geometry.motion.smoothness import (
    acceleration,
    add_acceleration,
    full_index,
    inverse_left_jacobian,
    relative_turn,
    turn_derivatives,
)
from ptx.geometry.rotation import rotation_matrices
from tests.geometry.motion.scenes import DOFS, UNKNOWNS, random_path

STEP = 1e-6


def test_unknowns_leave_out_the_betas() -> None:
    assert [full_index(i, DOFS) for i in range(UNKNOWNS)] == [*range(3 + DOFS), *range(13 + DOFS, 17 + DOFS)]


def test_relative_turn() -> None:
    before, after = Rotation.random(2, random_state=0)
    out = np.empty(3)
    relative_turn(after.as_matrix(), before.as_matrix(), out)
    np.testing.assert_allclose(out, (after * before.inv()).as_rotvec(), atol=1e-12)


@pytest.mark.parametrize("angle", [0.0, 1e-5, 5e-3, 1.2e-2, 0.5, 3.0])
def test_inverse_left_jacobian(angle: float) -> None:
    vector = angle * np.array([0.6, -0.48, 0.64])
    out, numeric = np.empty((3, 3)), np.empty((3, 3))
    inverse_left_jacobian(vector, out)
    base = Rotation.from_rotvec(vector)
    for i in range(3):
        ahead, behind = (Rotation.from_rotvec(sign * STEP * np.eye(3)[i]) * base for sign in (1, -1))
        numeric[:, i] = (ahead.as_rotvec() - behind.as_rotvec()) / (2 * STEP)
    np.testing.assert_allclose(out, numeric, atol=1e-8)


def test_constant_speed_has_none() -> None:
    """A turn about any axis, however fast, and parameters that grow steadily."""
    path = random_path(3, 0)
    spin = np.array([0.3, 1.1, -0.4])
    for t in (1, 2):
        path.roots[t] = rotation_matrices(spin) @ path.roots[t - 1]
        path.params[t] = path.params[t - 1] + 0.37
    out = np.empty(UNKNOWNS)
    acceleration(path.roots, path.params, 1, DOFS, 1.0, out)
    np.testing.assert_allclose(out, 0, atol=1e-12)


def test_second_difference() -> None:
    path, out = random_path(3, 0), np.empty(UNKNOWNS)
    acceleration(path.roots, path.params, 1, DOFS, 1.0, out)
    expected = np.diff(path.params, 2, axis=0)[0]
    np.testing.assert_allclose(out[3:], np.concatenate([expected[:DOFS], expected[-4:]]))
    larger = np.empty(UNKNOWNS)
    acceleration(path.roots, path.params, 1, DOFS, 4.0, larger)
    np.testing.assert_allclose(larger / out, [*[1.0] * (4 + DOFS), 0.25, 0.25, 1.0])
    turns = [Rotation.from_matrix(path.roots[i + 1] @ path.roots[i].T).as_rotvec() for i in range(2)]
    np.testing.assert_allclose(out[:3], turns[1] - turns[0], atol=1e-12)


def test_derivatives_of_the_root() -> None:
    path, out = random_path(3, 1), np.empty((3, 3, 3))
    turn_derivatives(path.roots, 1, out)
    ahead, behind = np.empty(UNKNOWNS), np.empty(UNKNOWNS)
    for frame in range(3):
        for i in range(3):
            for sign, r in ((1, ahead), (-1, behind)):
                roots = path.roots.copy()
                roots[frame] = rotation_matrices(sign * STEP * np.eye(3)[i]) @ roots[frame]
                acceleration(roots, path.params, 1, DOFS, 1.0, r)
            np.testing.assert_allclose(out[frame, :, i], (ahead - behind)[:3] / (2 * STEP), atol=1e-8)


@pytest.mark.parametrize("first", [0, 1, 2])
def test_normal_equations(first: int) -> None:
    """Those of all three frames, or of the last two or one with the earlier ones given: J'WJ and J'Wr."""
    path, weights = random_path(3, 2), np.random.default_rng(0).uniform(0.5, 2, UNKNOWNS)
    size, width = 3 * UNKNOWNS, 2 * UNKNOWNS + 3
    r, turns = np.empty(UNKNOWNS), np.empty((3, 3, 3))
    acceleration(path.roots, path.params, 1, DOFS, 2.0, r)
    turn_derivatives(path.roots, 1, turns)
    jacobian = np.concatenate([factor * np.eye(UNKNOWNS) for factor in (1, -2, 1)], axis=1)
    jacobian[-3:-1] /= 2.0  # the camera's place, over the size
    for frame in range(3):
        jacobian[:3, frame * UNKNOWNS : frame * UNKNOWNS + 3] = turns[frame]
    jacobian = jacobian[:, first * UNKNOWNS :]
    band, gradient = np.zeros((size - first * UNKNOWNS, width)), np.zeros(size - first * UNKNOWNS)
    add_acceleration(path.roots, path.params, 1, DOFS, 2.0, weights, first, band, gradient)
    np.testing.assert_allclose(gradient, jacobian.T @ (weights * r), atol=1e-12)
    dense = jacobian.T @ (weights[:, None] * jacobian)
    for j in range(width):
        diagonal = np.diagonal(dense, j)
        np.testing.assert_allclose(band[: len(diagonal), j], diagonal, atol=1e-12)
    assert not np.triu(dense, width).any()
