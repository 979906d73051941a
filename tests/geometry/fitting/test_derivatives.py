"""Analytic derivatives of the fit against finite differences, and its kinematics against the body's own."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.fitting.energy import Observation, energy
from ptx.geometry.fitting.fit import FitOptions, _widths
from ptx.geometry.fitting.kinematics import BETAS, allocate, differentiate, pose_skeleton, skeleton_of
from ptx.geometry.fitting.normal_equations import normal_equations
from ptx.geometry.fitting.priors import build_prior
from ptx.geometry.fitting.search import write_pose
from ptx.geometry.fitting.solver import allocate_system, descend, solve, take_step
from ptx.geometry.rotation import rotation_matrices
from ptx.geometry.skinning import pose_keypoints

PRIOR = build_prior()
DOFS = len(PRIOR.mean)
SKELETON = skeleton_of(load_body("small"))
SIZE = 3 + DOFS + BETAS + 4
STEP = 1e-6


def state(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Root (3, 3) and the other parameters, some of them outside their ranges."""
    rng = np.random.default_rng(seed)
    root = rotation_matrices(rng.normal(0, 1, 3)).astype(np.float64)
    rest = np.concatenate([PRIOR.mean + rng.normal(0, 0.7, DOFS), rng.normal(0, 1, BETAS), rng.normal(0, 0.2, 4)])
    return root, rest


def seen(seed: int, space: bool) -> Observation:
    """Keypoints near the body, a few missing."""
    rng = np.random.default_rng([seed, 1])
    weight, weight3 = rng.uniform(0.2, 1, 18), rng.uniform(0.2, 1, 18) * space
    weight[rng.choice(18, 4)] = 0
    weight3[rng.choice(18, 4)] = 0
    return Observation(rng.normal(0, 0.5, (18, 2)), weight, rng.normal(0, 0.5, (18, 3)), weight3)


def moved(root: np.ndarray, rest: np.ndarray, parameter: int, by: float) -> tuple[np.ndarray, np.ndarray]:
    step = np.zeros(SIZE)
    step[parameter] = by
    new_root, new_rest = np.empty((3, 3)), np.empty(len(rest))
    take_step(root, rest, step, DOFS, new_root, new_rest)
    return new_root, new_rest


@pytest.mark.parametrize("seed", range(4))
def test_keypoints_are_the_bodys(seed: int) -> None:
    root, rest = state(seed)
    work = allocate(PRIOR)
    pose_skeleton(SKELETON, PRIOR, root, rest[:DOFS], rest[DOFS:-4], work)
    pose = np.zeros((24, 3))
    write_pose(PRIOR, root, rest, pose)
    expected = pose_keypoints(load_body("small"), pose[None], rest[None, DOFS:-4])[0]
    shift = work.points - expected  # the fit's own origin is the pelvis
    assert np.abs(shift - shift.mean(0)).max() < 1e-5


@pytest.mark.parametrize("seed", range(4))
def test_jacobian_of_keypoints(seed: int) -> None:
    root, rest = state(seed)
    work = allocate(PRIOR)

    def points(root: np.ndarray, rest: np.ndarray) -> np.ndarray:
        pose_skeleton(SKELETON, PRIOR, root, rest[:DOFS], rest[DOFS:-4], work)
        return work.points.copy()

    points(root, rest)
    differentiate(SKELETON, PRIOR, rest[:DOFS], work)
    analytic = work.jacobian.copy()
    for parameter in range(3 + DOFS + BETAS):
        ahead, behind = (points(*moved(root, rest, parameter, by)) for by in (STEP, -STEP))
        assert np.abs((ahead - behind) / (2 * STEP) - analytic[:, :, parameter]).max() < 1e-7


@pytest.mark.parametrize("space", [False, True])
@pytest.mark.parametrize("widths", [0, 1])
@pytest.mark.parametrize("seed", range(3))
def test_gradient_of_the_energy(seed: int, widths: int, space: bool) -> None:
    """`normal_equations` gives half the gradient; its Hessian is symmetric by construction and positive definite."""
    root, rest = state(seed)
    observation, width = seen(seed, space), _widths(FitOptions())[widths]
    work, system = allocate(PRIOR), allocate_system(PRIOR)

    def value(root: np.ndarray, rest: np.ndarray) -> float:
        return energy(SKELETON, PRIOR, observation, width, root, rest, work)

    value(root, rest)
    normal_equations(SKELETON, PRIOR, observation, width, root, rest, work, system.hessian, system.gradient)
    numeric = np.array(
        [(value(*moved(root, rest, p, STEP)) - value(*moved(root, rest, p, -STEP))) / (4 * STEP) for p in range(SIZE)]
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
    rest = np.concatenate([PRIOR.mean + rng.normal(0, 0.2, DOFS), rng.normal(0, 0.5, BETAS), np.zeros(4)])
    work, system = allocate(PRIOR), allocate_system(PRIOR)
    pose_skeleton(SKELETON, PRIOR, root, rest[:DOFS], rest[DOFS:-4], work)
    points, ones = work.points.copy(), np.ones(18)
    observation, width = Observation(points[:, :2].copy(), ones, points, ones), _widths(FitOptions())[1]
    root = rotation_matrices(rng.normal(0, 0.2, 3)).astype(np.float64) @ root
    rest = rest + rng.normal(0, 0.1, len(rest))
    before = energy(SKELETON, PRIOR, observation, width, root, rest, work)
    arguments: list[Any] = [SKELETON, PRIOR, observation, width, root, rest, work, system]
    values = [before] + [descend(*arguments, 5, 0.0) for _ in range(20)]
    assert all(b <= a + 1e-12 for a, b in pairwise(values))
    assert values[-1] < 0.2 * before
    energy(SKELETON, PRIOR, observation, width, root, rest, work)
    normal_equations(SKELETON, PRIOR, observation, width, root, rest, work, system.hessian, system.gradient)
    assert np.abs(system.gradient).max() < 1e-3
