"""States and keypoints to fit, with the small body, for the tests of the fitter's parts."""

from __future__ import annotations

import numpy as np

from ptx.geometry.body import load_body
from ptx.geometry.fitting import FitOptions
from ptx.geometry.fitting.energy import Observations
from ptx.geometry.fitting.kinematics import pose_skeleton
from ptx.geometry.fitting.model import BETAS, FitModel, State, allocate_posed, skeleton_of
from ptx.geometry.fitting.priors import build_prior
from ptx.geometry.fitting.solver import take_step
from ptx.geometry.rotation import rotation_matrices

BODY = load_body("small")
PRIOR = build_prior()
DOFS = len(PRIOR.mean)
MODEL = FitModel(skeleton_of(BODY), PRIOR)
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


def likely_state(rng: np.random.Generator, yaw: float = 0.0) -> State:
    """An upright person near the mean pose, turned by yaw radians."""
    root = rotation_matrices(np.array([0, yaw, 0]) + rng.normal(0, 0.05, 3)).astype(np.float64)
    params = np.concatenate([PRIOR.mean + rng.normal(0, 0.15, DOFS), rng.normal(0, 0.3, BETAS), np.zeros(4)])
    return State(root, params)


def points_of(state: State) -> np.ndarray:
    """Keypoints (18, 3) of a state, metres."""
    posed = allocate_posed(PRIOR)
    pose_skeleton(MODEL, state, posed)
    return posed.points


def exact(state: State, space: bool = True) -> Observations:
    """The keypoints of a state as a camera of scale 1 sees them, all certain."""
    points = points_of(state)
    weight = np.ones(18)
    return Observations(points[:, :2].copy(), weight, points * space, weight * space)


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
