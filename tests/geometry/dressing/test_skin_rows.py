"""Rows of points on the skin, by finite differences of linear blend skinning written out in float64."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.detected_landmarks import attach_landmarks
from ptx.geometry.dressing.skin_rows import SkinPoints, add_skin_rows, shaped_skin
from ptx.geometry.fitting.kinematics import differentiate, pose_skeleton
from ptx.geometry.fitting.model import BETAS, FitModel, State, allocate_posed, skeleton_of
from ptx.geometry.fitting.normal_equations import allocate_system
from ptx.geometry.fitting.priors import build_prior
from ptx.geometry.fitting.solver import take_step
from ptx.geometry.rotation import rotation_matrices

BODY = load_body("small")
PRIOR = build_prior(landmarks=True)
MODEL = FitModel(skeleton_of(BODY, attach_landmarks(BODY)), PRIOR)
COUNT = len(PRIOR.mean)
STEP = 1e-6


def residuals(state: State, offset: np.ndarray, drawn: SkinPoints, wanted: np.ndarray) -> np.ndarray:
    """Distances (M,) of points of the skin along their lines, from linear blend skinning."""
    posed = allocate_posed(PRIOR)
    pose_skeleton(MODEL, state, posed)
    betas = state.params[COUNT : COUNT + BETAS]
    rest = BODY.v_template.astype(float) + BODY.shapedirs.astype(float) @ betas + offset
    joints = BODY.joint_template.astype(float) + BODY.joint_shapedirs.astype(float) @ betas
    moved = np.einsum("jab,vjb->vja", posed.rotations, rest[:, None] - joints) + posed.joints
    vertices = (BODY.weights.astype(float)[..., None] * moved).sum(axis=1)
    points = (vertices[drawn.vertices] * drawn.weights[..., None]).sum(axis=1)
    seen = np.exp(state.params[-4]) * points[:, :2] + state.params[-3:-1]
    return (seen * drawn.direction).sum(axis=1) - wanted


@pytest.mark.parametrize("seed", range(3))
def test_gradient_and_hessian(seed: int) -> None:
    rng = np.random.default_rng(seed)
    root = rotation_matrices(rng.normal(0, 1, 3)).astype(np.float64)
    params = np.concatenate([PRIOR.mean + rng.normal(0, 0.5, COUNT), rng.normal(0, 1, BETAS), rng.normal(0, 0.2, 4)])
    state, count = State(root, params), 40
    offset = rng.normal(0, 0.02, BODY.v_template.shape).astype(np.float32)
    weights, direction = rng.dirichlet((1, 1, 1), count), rng.normal(size=(count, 2))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    weight = rng.uniform(0.5, 2, count)
    weight[:5] = 0
    wanted = rng.normal(0, 0.3, count)
    drawn = SkinPoints(BODY.faces[rng.choice(len(BODY.faces), count)], weights, direction, np.zeros(count), weight)
    drawn = drawn._replace(residual=residuals(state, offset, drawn, wanted))

    posed, system = allocate_posed(PRIOR), allocate_system(PRIOR)
    pose_skeleton(MODEL, state, posed)
    differentiate(MODEL, params, posed)
    add_skin_rows(MODEL, posed, params, shaped_skin(BODY, params[COUNT : COUNT + BETAS], offset), drawn, system)

    columns = []
    for parameter in range(len(system.gradient)):
        values = []
        for by in (STEP, -STEP):
            step = np.zeros(len(system.gradient))
            step[parameter] = by
            moved = State(np.empty((3, 3)), np.empty(len(params)))
            take_step(state, step, COUNT, moved)
            values.append(residuals(moved, offset, drawn, wanted))
        columns.append((values[0] - values[1]) / (2 * STEP))
    jacobian = np.array(columns).T
    np.testing.assert_allclose(system.gradient, jacobian.T @ (weight * drawn.residual), atol=2e-5)
    expected = np.tril(jacobian.T @ (weight[:, None] * jacobian))
    np.testing.assert_allclose(np.tril(system.hessian), expected, atol=2e-5)
