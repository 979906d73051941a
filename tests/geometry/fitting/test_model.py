"""The fitted skeleton against the body that it is taken from, and the layout of parameters."""

from __future__ import annotations

import numpy as np

from ptx.geometry.fitting.model import (
    BETAS,
    CAMERA_PARAMS,
    CX,
    CY,
    LOG_SCALE,
    LOG_SCALE_3D,
    allocate_posed,
    mean_state,
    parameter_count,
    skeleton_of,
)
from ptx.geometry.joints import PARENTS
from tests.geometry.fitting.states import BODY, DOFS, PRIOR


def test_bones_add_up_to_the_joints() -> None:
    skeleton = skeleton_of(BODY)
    joints, dirs = np.zeros((24, 3)), np.zeros((24, 3, 10))
    for j, parent in enumerate(PARENTS):
        joints[j] = skeleton.bones[j] + (joints[parent] if j else 0)
        dirs[j] = skeleton.bone_dirs[j] + (dirs[parent] if j else 0)
    np.testing.assert_allclose(joints, BODY.joint_template, atol=1e-12)
    np.testing.assert_allclose(dirs, BODY.joint_shapedirs, atol=1e-12)
    assert tuple(skeleton.parents) == PARENTS
    for name in ("keypoint_joints", "keypoint_weights", "keypoint_offset", "keypoint_offset_dirs"):
        assert np.array_equal(getattr(skeleton, name), getattr(BODY, name))
    assert {array.dtype for array in skeleton} == {np.dtype(np.int64), np.dtype(np.float64)}


def test_the_body_stays_as_it_is() -> None:
    skeleton = skeleton_of(BODY)
    skeleton.bones[:] = 0
    assert BODY.joint_template.any()


def test_parameters_end_with_the_camera() -> None:
    state = mean_state(PRIOR)
    assert len(state.params) == parameter_count(PRIOR) == DOFS + BETAS + CAMERA_PARAMS == DOFS + 14
    order = np.arange(parameter_count(PRIOR))
    assert [order[i] for i in (LOG_SCALE, CX, CY, LOG_SCALE_3D)] == list(range(DOFS + BETAS, DOFS + 14))
    assert (state.root == np.eye(3)).all()
    assert (state.params[:DOFS] == PRIOR.mean).all()
    assert not state.params[DOFS:].any()


def test_shapes_of_a_posed_skeleton() -> None:
    shapes = {name: array.shape for name, array in allocate_posed(PRIOR)._asdict().items()}
    assert shapes == {
        "rotations": (24, 3, 3), "joints": (24, 3), "joint_dirs": (24, 3, 10), "axes": (len(PRIOR.dof), 3), "points": (18, 3),
        "jacobian": (18, 3, 3 + DOFS + 10),
    }  # fmt: skip
