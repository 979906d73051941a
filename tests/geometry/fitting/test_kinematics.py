"""The posed skeleton against the body's own skinning and SciPy, its derivatives against finite differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ptx.geometry.fitting.kinematics import (
    clear_matrix,
    copy_matrix,
    differentiate,
    joint_vector,
    left_jacobian,
    multiply,
    pose_skeleton,
)
from ptx.geometry.fitting.model import BETAS, State, allocate_posed
from ptx.geometry.fitting.search import write_pose
from ptx.geometry.joints import SMPL_JOINTS, joint
from ptx.geometry.skinning import joint_transforms, pose_keypoints
from tests.geometry.fitting.scripted_poses import forward_kinematics
from tests.geometry.fitting.states import BODY, DOFS, MODEL, PRIOR, STEP, moved, points_of, random_state


@pytest.mark.parametrize("seed", range(4))
def test_keypoints_are_the_bodys(seed: int) -> None:
    state, posed = random_state(seed), allocate_posed(PRIOR)
    pose_skeleton(MODEL, state, posed)
    pose = np.zeros((24, 3))
    write_pose(PRIOR, state, pose)
    betas = state.params[DOFS:-4]
    expected = pose_keypoints(BODY, pose[None], betas[None])[0]
    shift = posed.points - expected  # the fit's own origin is the pelvis
    assert np.abs(shift - shift.mean(0)).max() < 1e-5
    np.testing.assert_allclose(posed.points, forward_kinematics(BODY, pose, betas), atol=1e-6)
    rotations, joints = joint_transforms(BODY, pose[None], betas[None])
    np.testing.assert_allclose(posed.rotations, rotations[0], atol=1e-5)
    np.testing.assert_allclose(posed.joints - posed.joints[0], joints[0] - joints[0, 0], atol=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_jacobian_of_keypoints(seed: int) -> None:
    state, posed = random_state(seed), allocate_posed(PRIOR)
    pose_skeleton(MODEL, state, posed)
    differentiate(MODEL, state.params, posed)
    analytic = posed.jacobian.copy()
    for parameter in range(3 + DOFS + BETAS):
        ahead, behind = (points_of(moved(state, parameter, by)) for by in (STEP, -STEP))
        assert np.abs((ahead - behind) / (2 * STEP) - analytic[:, :, parameter]).max() < 1e-7


@pytest.mark.parametrize("angle", [0.0, 1e-6, 9e-4, 1.1e-3, 0.5, 3.0])
def test_left_jacobian_moves_the_exponential(angle: float) -> None:
    """exp(w + dw) = exp(J dw) exp(w) to first order, by SciPy's exponential."""
    rng = np.random.default_rng(0)
    vector, jacobian = np.array([0.6, 0.0, -0.8]) * angle, np.empty((3, 3))
    left_jacobian(*vector, jacobian)
    for change in rng.normal(size=(5, 3)) * 1e-5:
        ahead = Rotation.from_rotvec(vector + change) * Rotation.from_rotvec(vector).inv()
        np.testing.assert_allclose(ahead.as_rotvec(), jacobian @ change, atol=2e-10)


def test_small_matrices() -> None:
    rng = np.random.default_rng(0)
    a, b, out = rng.normal(size=(3, 3)), rng.normal(size=(3, 3)), np.empty((3, 3))
    multiply(a, b, out)
    np.testing.assert_allclose(out, a @ b, rtol=1e-14)
    copy_matrix(a, out)
    assert (out == a).all()
    clear_matrix(out)
    assert not out.any()


def test_degrees_of_freedom_turn_the_joints_that_they_name() -> None:
    """One radian of a degree of freedom gives each of its joints its own axis, all others nothing."""
    from ptx.geometry.fitting.priors import DOFS as TABLE

    for index, dof in enumerate(TABLE):
        params = np.zeros(DOFS)
        params[index] = 1
        for j, name in enumerate(SMPL_JOINTS):
            assert joint_vector(PRIOR, params, j) == pytest.approx(dof.axes.get(name, (0, 0, 0)))


def test_anatomy() -> None:
    """What the names of the degrees of freedom promise of somebody who faces +z with their left at +x."""
    from ptx.geometry.fitting.priors import DOFS as TABLE

    def joints(name: str, degrees: float) -> dict[str, np.ndarray]:
        params = np.zeros(DOFS + 14)
        params[[dof.name for dof in TABLE].index(name)] = np.radians(degrees)
        posed = allocate_posed(PRIOR)
        pose_skeleton(MODEL, State(np.eye(3), params), posed)
        return {name: posed.joints[joint(name)] for name in SMPL_JOINTS}

    rest = joints("spine_flexion", 0)
    assert rest["left_wrist"][1] < rest["left_shoulder"][1] - 0.3  # arms hang
    assert joints("left_hip_flexion", 60)["left_knee"][2] > rest["left_knee"][2] + 0.2  # forward
    assert joints("right_hip_abduction", 40)["right_knee"][0] < rest["right_knee"][0] - 0.1  # outwards
    assert joints("left_knee_flexion", 90)["left_ankle"][2] < rest["left_ankle"][2] - 0.2  # backward
    assert joints("spine_flexion", 50)["neck"][2] > rest["neck"][2] + 0.1  # forward
    assert joints("right_elbow_flexion", 90)["right_wrist"][2] > rest["right_wrist"][2] + 0.1  # forward
    assert joints("left_shoulder_abduction", 90)["left_wrist"][0] > rest["left_wrist"][0] + 0.2  # outwards
    assert joints("right_shoulder_flexion", 90)["right_wrist"][2] > rest["right_wrist"][2] + 0.3  # forward
    assert joints("left_collar_lift", 30)["left_shoulder"][1] > rest["left_shoulder"][1] + 0.02  # up
