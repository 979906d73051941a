"""The energy against its formula, written a second time in NumPy on bodies posed by SciPy."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.fitting.energy import (
    Observations,
    Sigmas,
    energy,
    forward_lean,
    prior_energy,
    residuals_3d,
    robust,
)
from ptx.geometry.fitting.model import State, allocate_posed
from ptx.geometry.fitting.search import write_pose
from ptx.geometry.joints import keypoint
from tests.geometry.fitting.scripted_poses import forward_kinematics
from tests.geometry.fitting.states import BODY, DOFS, MODEL, PRIOR, SIGMAS, exact, observed, random_state


def by_the_formula(obs: Observations, s: Sigmas, state: State) -> float:
    """E as the head of `energy` has it."""
    params = state.params
    pose, betas, (log_scale, cx, cy, log_scale3) = np.zeros((24, 3)), params[DOFS:-4], params[-4:]
    write_pose(PRIOR, state, pose)
    p = forward_kinematics(BODY, pose, betas)

    def penalty(square: np.ndarray, sigma: np.ndarray | float, cutoff: float) -> np.ndarray:
        return square * cutoff**2 / (cutoff**2 + square) / sigma**2

    off = np.exp(log_scale) * p[:, :2] + (cx, cy) - obs.xy
    total = (obs.weight * penalty((off**2).sum(1), s.keypoint * PRIOR.sigma_factor, s.keypoint_cutoff)).sum()
    if obs.weight3.any():
        fitted, given = (x - np.average(x, axis=0, weights=obs.weight3) for x in (p, obs.xyz))
        off3 = (fitted - np.exp(log_scale3) * given) / (1, 1, s.depth_factor)
        sigma3 = s.keypoint3d * PRIOR.sigma_factor
        total += (obs.weight3 * penalty((off3**2).sum(1), sigma3, s.keypoint3d_cutoff)).sum()
    angles = params[:DOFS]
    beyond = np.maximum(0, np.maximum(angles - PRIOR.upper, PRIOR.lower - angles))
    total += (((angles - PRIOR.mean) / PRIOR.sigma) ** 2).sum() + ((beyond / s.joint_limit) ** 2).sum()
    total += ((betas / s.betas) ** 2).sum() + ((state.root[:, 1] - (0, 1, 0)) ** 2).sum() / s.upright**2
    z = {name: p[keypoint(name), 2] for name in ("left_ankle", "right_ankle")}
    torso = np.mean([p[keypoint(f"{side}_{part}"), 2] for side in ("left", "right") for part in ("shoulder", "hip")])
    total += penalty((torso - np.mean(list(z.values()))) ** 2, s.lean, s.lean_cutoff)
    return float(total + (log_scale / s.log_scale) ** 2 + (log_scale3 / s.log_scale_3d) ** 2)


@pytest.mark.parametrize("space", [False, True])
@pytest.mark.parametrize("sigmas", [0, 1])
@pytest.mark.parametrize("seed", range(3))
def test_energy_is_its_formula(seed: int, sigmas: int, space: bool) -> None:
    state, obs = random_state(seed), observed(seed, space)
    found = energy(MODEL, obs, SIGMAS[sigmas], state, allocate_posed(PRIOR))
    assert found == pytest.approx(by_the_formula(obs, SIGMAS[sigmas], state), rel=1e-6)


def test_exact_keypoints_cost_nothing_but_priors() -> None:
    state = random_state(0)
    state.params[-4:] = 0
    posed = allocate_posed(PRIOR)
    found = energy(MODEL, exact(state), SIGMAS[1], state, posed)
    lean = robust(forward_lean(posed.points[:, 2]) ** 2, SIGMAS[1].lean, SIGMAS[1].lean_cutoff)[0]
    assert found == pytest.approx(prior_energy(PRIOR, SIGMAS[1], state) + lean, rel=1e-12)


def test_the_origin_of_3d_keypoints_is_free_and_their_scale_a_parameter() -> None:
    state, obs, posed = random_state(1), observed(1, True), allocate_posed(PRIOR)
    before = energy(MODEL, obs, SIGMAS[1], state, posed)
    shifted = obs._replace(xyz=obs.xyz + (3, -2, 5))
    assert energy(MODEL, shifted, SIGMAS[1], state, posed) == pytest.approx(before, rel=1e-9)
    scaled, larger = obs._replace(xyz=obs.xyz / 1.1), State(state.root, state.params.copy())
    larger.params[-1] += np.log(1.1)
    change = (larger.params[-1] ** 2 - state.params[-1] ** 2) / SIGMAS[1].log_scale_3d ** 2
    assert energy(MODEL, scaled, SIGMAS[1], larger, posed) - change == pytest.approx(before, rel=1e-9)


def test_geman_mcclure() -> None:
    """A length of one sigma costs nearly 1, a large one the limit; the weight is the derivative by the square."""
    value, weight = robust(0.01**2, 0.01, 0.2)
    assert value == pytest.approx(1, rel=0.01)
    assert weight == pytest.approx(1 / 0.01**2, rel=0.01)
    assert robust(1e9, 0.01, 0.2)[0] == pytest.approx((0.2 / 0.01) ** 2)
    for square in (0.0, 1e-4, 0.03, 2.0):
        slope = (robust(square + 1e-7, 0.1, 0.3)[0] - robust(square, 0.1, 0.3)[0]) / 1e-7
        assert robust(square, 0.1, 0.3)[1] == pytest.approx(slope, rel=1e-5)


def test_lean() -> None:
    z = np.zeros(18)
    z[[keypoint("left_ankle"), keypoint("right_ankle")]] = -0.1, -0.3
    z[[keypoint(f"{side}_{part}") for side in ("left", "right") for part in ("shoulder", "hip")]] = 0.1, 0.2, 0.3, 0.4
    assert forward_lean(z) == pytest.approx(0.25 + 0.2)


def test_residuals_of_3d_keypoints() -> None:
    """Of points that are the observed ones scaled and moved there are none; without any nothing is written."""
    obs, residual, centred = observed(2, True), np.empty((18, 3)), np.empty((18, 3))
    total = residuals_3d(obs, SIGMAS[1], 1.3 * obs.xyz + (1, 2, 3), 1.3, residual, centred)
    assert total == pytest.approx(obs.weight3.sum())
    assert np.abs(residual).max() < 1e-12
    np.testing.assert_allclose((obs.weight3[:, None] * centred).sum(0), 0, atol=1e-12)
    residual[:] = 7
    assert residuals_3d(observed(2, False), SIGMAS[1], obs.xyz, 1.0, residual, centred) == 0
    assert (residual == 7).all()
