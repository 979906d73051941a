"""The damped Gauss-Newton step against NumPy and SciPy, and where descents end."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ptx.geometry.fitting.energy import Observations, energy
from ptx.geometry.fitting.kinematics import pose_skeleton
from ptx.geometry.fitting.model import BETAS, State
from ptx.geometry.fitting.normal_equations import normal_equations
from ptx.geometry.fitting.solver import LARGEST_TURN, allocate_scratch, copy_state, descend, solve, take_step
from ptx.geometry.rotation import rotation_matrices
from tests.geometry.fitting.states import DOFS, MODEL, PRIOR, SEARCH, SIZE, observed, random_state


def test_solver_is_numpys() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=(20, 20))
    hessian, gradient = a @ a.T + np.eye(20), rng.normal(size=20)
    factor, step = np.zeros((20, 20)), np.zeros(20)
    assert solve(hessian, 0.1, gradient, factor, step)
    assert np.allclose(step, np.linalg.solve(hessian + 0.1 * np.diag(np.diag(hessian)), -gradient))
    assert not solve(-hessian, 0.0, gradient, factor, step)


def test_steps() -> None:
    """The root turns about world axes, everything else is added."""
    rng = np.random.default_rng(0)
    state, out = random_state(0), random_state(1)
    step = rng.normal(0, 0.1, SIZE)
    take_step(state, step, DOFS, out)
    expected = Rotation.from_rotvec(step[:3]).as_matrix() @ state.root
    np.testing.assert_allclose(out.root, expected, atol=1e-12)
    np.testing.assert_allclose(out.params, state.params + step[3:], rtol=1e-14)


def test_long_steps_are_shortened_by_their_angles() -> None:
    state, out = random_state(0), random_state(1)
    step = np.zeros(SIZE)
    step[5], step[3 + DOFS], step[-1] = -7.0, 2.0, 20.0  # an angle, a beta, the scale of the 3D keypoints
    take_step(state, step, DOFS, out)
    np.testing.assert_allclose(out.params - state.params, step[3:] * LARGEST_TURN / 7, atol=1e-12)
    step[5] = 0
    take_step(state, step, DOFS, out)
    np.testing.assert_allclose(out.params - state.params, step[3:], atol=1e-12)  # only angles shorten it


def test_copies_of_states() -> None:
    state, out = random_state(0), random_state(1)
    copy_state(state, out)
    assert (out.root == state.root).all()
    assert (out.params == state.params).all()


@pytest.mark.parametrize("seed", range(5))
def test_descent_never_climbs_and_ends_where_the_gradient_vanishes(seed: int) -> None:
    """From near a body whose exact keypoints it sees."""
    rng = np.random.default_rng(seed)
    root = rotation_matrices(rng.normal(0, 0.5, 3)).astype(np.float64)
    params = np.concatenate([PRIOR.mean + rng.normal(0, 0.2, DOFS), rng.normal(0, 0.5, BETAS), np.zeros(4)])
    scratch = allocate_scratch(PRIOR)
    posed, system = scratch.posed, scratch.system
    pose_skeleton(MODEL, State(root, params), posed)
    points, ones = posed.points.copy(), np.ones(18)
    obs, sigmas = Observations(points[:, :2].copy(), ones, points, ones), SEARCH.fine.sigmas
    root = rotation_matrices(rng.normal(0, 0.2, 3)).astype(np.float64) @ root
    state = State(root, params + rng.normal(0, 0.1, len(params)))
    before = energy(MODEL, obs, sigmas, state, posed)
    descent = SEARCH.fine._replace(iterations=5, tolerance=0.0)
    values = [before] + [descend(MODEL, obs, descent, state, scratch) for _ in range(20)]
    assert all(b <= a + 1e-12 for a, b in pairwise(values))
    assert values[-1] < 0.2 * before
    energy(MODEL, obs, sigmas, state, posed)
    normal_equations(MODEL, obs, sigmas, state, posed, system)
    assert np.abs(system.gradient).max() < 1e-3


def test_descent_stops_at_its_tolerance_and_its_iterations() -> None:
    obs, scratch = observed(0, True), allocate_scratch(PRIOR)
    start = random_state(0)
    none, some, loose = (random_state(0) for _ in range(3))
    value = energy(MODEL, obs, SEARCH.fine.sigmas, start, scratch.posed)
    assert descend(MODEL, obs, SEARCH.fine._replace(iterations=0), none, scratch) == value
    assert (none.params == start.params).all()
    far = descend(MODEL, obs, SEARCH.fine._replace(iterations=40, tolerance=0.0), some, scratch)
    near = descend(MODEL, obs, SEARCH.fine._replace(iterations=40, tolerance=0.5), loose, scratch)
    assert far < near < value
    assert energy(MODEL, obs, SEARCH.fine.sigmas, some, scratch.posed) == far
