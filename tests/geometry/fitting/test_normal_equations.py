"""Gradient and Hessian of the energy against finite differences and NumPy's outer products."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.fitting.energy import energy
from ptx.geometry.fitting.model import State, allocate_posed, mean_state
from ptx.geometry.fitting.normal_equations import add_row, allocate_system, normal_equations
from tests.geometry.fitting.states import (
    DOFS,
    MODEL,
    PRIOR,
    SIGMAS,
    SIZE,
    STEP,
    exact,
    moved,
    observed,
    points_of,
    random_state,
)


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


def test_hessian_where_the_residuals_vanish() -> None:
    """At exact keypoints Gauss-Newton's Hessian is the true one: J' W J of finite differences, and the priors' diagonal."""
    state = mean_state(PRIOR)
    posed, system = allocate_posed(PRIOR), allocate_system(PRIOR)
    sigmas = SIGMAS[1]._replace(lean=1e6, upright=1e6)
    energy(MODEL, exact(state, space=False), sigmas, state, posed)
    normal_equations(MODEL, exact(state, space=False), sigmas, state, posed, system)
    columns = []
    for p in range(SIZE):
        ahead, behind = (moved(state, p, by) for by in (STEP, -STEP))
        xy = [np.exp(s.params[-4]) * points_of(s)[:, :2] + s.params[-3:-1] for s in (ahead, behind)]
        columns.append(((xy[0] - xy[1]) / (2 * STEP)).ravel())
    jacobian = np.array(columns).T
    weight = np.repeat(1 / (sigmas.keypoint * PRIOR.sigma_factor) ** 2, 2)
    priors = np.zeros(SIZE)
    priors[3 : 3 + DOFS] = 1 / PRIOR.sigma**2
    priors[3 + DOFS : -4] = 1 / sigmas.betas**2
    priors[[-4, -1]] = 1 / sigmas.log_scale**2, 1 / sigmas.log_scale_3d**2
    expected = jacobian.T @ (weight[:, None] * jacobian) + np.diag(priors)
    whole = np.tril(system.hessian) + np.tril(system.hessian, -1).T
    np.testing.assert_allclose(whole, expected, atol=1e-5 * np.abs(expected).max())


def test_rows_add_up() -> None:
    rng = np.random.default_rng(0)
    hessian, gradient = np.zeros((6, 6)), np.zeros(6)
    rows, residuals, weights = rng.normal(size=(9, 6)), rng.normal(size=9), rng.uniform(0, 1, 9)
    rows[:, 2] = 0
    for row, residual, weight in zip(rows, residuals, weights, strict=True):
        add_row(row, residual, weight, hessian, gradient)
    np.testing.assert_allclose(hessian, np.tril(rows.T @ (weights[:, None] * rows)), atol=1e-14)
    np.testing.assert_allclose(gradient, rows.T @ (weights * residuals), atol=1e-14)
