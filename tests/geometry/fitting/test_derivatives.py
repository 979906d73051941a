"""Analytic derivatives of the fit against finite differences, and its kinematics against the body's own."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.fitting import FitOptions
from ptx.geometry.fitting.energy import Observations, energy
from ptx.geometry.fitting.kinematics import differentiate, pose_skeleton
from ptx.geometry.fitting.model import BETAS, FitModel, State, allocate_posed, skeleton_of
from ptx.geometry.fitting.normal_equations import allocate_system, normal_equations
from ptx.geometry.fitting.priors import build_prior
from ptx.geometry.fitting.search import write_pose
from ptx.geometry.fitting.solver import allocate_scratch, descend, solve, take_step
from ptx.geometry.rotation import rotation_matrices
from ptx.geometry.skinning import pose_keypoints

PRIOR = build_prior()
DOFS = len(PRIOR.mean)
MODEL = FitModel(skeleton_of(load_body("small")), PRIOR)
SIZE = 3 + DOFS + BETAS + 4
STEP = 1e-6
SEARCH = FitOptions().search()
SIGMAS = (SEARCH.coarse.sigmas, SEARCH.fine.sigmas)


def random_state(seed: int) -> State:
    """Any root, and parameters some of which are outside their ranges."""
    rng = np.random.default_rng(seed)
    root = rotation_matrices(rng.normal(0, 1, 3)).astype(np.float64)
    params = np.concatenate([PRIOR.mean + rng.normal(0, 0.7, DOFS), rng.normal(0, 1, BETAS), rng.normal(0, 0.2, 4)])
    return State(root, params)


def observed(seed: int, space: bool) -> Observations:
    """Keypoints near the body, a few missing."""
    rng = np.random.default_rng([seed, 1])
    weight, weight3 = rng.uniform(0.2, 1, 18), rng.uniform(0.2, 1, 18) * space
    weight[rng.choice(18, 4)] = 0
    weight3[rng.choice(18, 4)] = 0
    return Observations(rng.normal(0, 0.5, (18, 2)), weight, rng.normal(0, 0.5, (18, 3)), weight3)


def moved(state: State, parameter: int, by: float) -> State:
    """The state after a step along one parameter."""
    step = np.zeros(SIZE)
    step[parameter] = by
    out = State(np.empty((3, 3)), np.empty(len(state.params)))
    take_step(state, step, DOFS, out)
    return out


@pytest.mark.parametrize("seed", range(4))
def test_keypoints_are_the_bodys(seed: int) -> None:
    state, posed = random_state(seed), allocate_posed(PRIOR)
    pose_skeleton(MODEL, state, posed)
    pose = np.zeros((24, 3))
    write_pose(PRIOR, state, pose)
    expected = pose_keypoints(load_body("small"), pose[None], state.params[None, DOFS:-4])[0]
    shift = posed.points - expected  # the fit's own origin is the pelvis
    assert np.abs(shift - shift.mean(0)).max() < 1e-5


@pytest.mark.parametrize("seed", range(4))
def test_jacobian_of_keypoints(seed: int) -> None:
    state, posed = random_state(seed), allocate_posed(PRIOR)

    def points(state: State) -> np.ndarray:
        pose_skeleton(MODEL, state, posed)
        return posed.points.copy()

    points(state)
    differentiate(MODEL, state.params, posed)
    analytic = posed.jacobian.copy()
    for parameter in range(3 + DOFS + BETAS):
        ahead, behind = (points(moved(state, parameter, by)) for by in (STEP, -STEP))
        assert np.abs((ahead - behind) / (2 * STEP) - analytic[:, :, parameter]).max() < 1e-7


@pytest.mark.parametrize("space", [False, True])
@pytest.mark.parametrize("sigmas", [0, 1])
@pytest.mark.parametrize("seed", range(3))
def test_gradient_of_the_energy(seed: int, sigmas: int, space: bool) -> None:
    """`normal_equations` gives half the gradient; its Hessian is symmetric by construction and positive definite."""
    state, obs = random_state(seed), observed(seed, space)
    posed, system = allocate_posed(PRIOR), allocate_system(PRIOR)

    def value(state: State) -> float:
        return energy(MODEL, obs, SIGMAS[sigmas], state, posed)

    value(state)
    normal_equations(MODEL, obs, SIGMAS[sigmas], state, posed, system)
    numeric = np.array(
        [(value(moved(state, p, STEP)) - value(moved(state, p, -STEP))) / (4 * STEP) for p in range(SIZE)]
    )
    scale = 1 + np.abs(numeric).max()
    assert np.abs(numeric - system.gradient).max() / scale < 1e-6
    whole = np.tril(system.hessian) + np.tril(system.hessian, -1).T
    assert np.linalg.eigvalsh(whole).min() > -1e-9 * np.abs(whole).max()


def test_solver_is_numpys() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=(20, 20))
    hessian, gradient = a @ a.T + np.eye(20), rng.normal(size=20)
    factor, step = np.zeros((20, 20)), np.zeros(20)
    assert solve(hessian, 0.1, gradient, factor, step)
    assert np.allclose(step, np.linalg.solve(hessian + 0.1 * np.diag(np.diag(hessian)), -gradient))
    assert not solve(-hessian, 0.0, gradient, factor, step)


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
