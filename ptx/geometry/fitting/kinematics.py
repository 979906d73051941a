"""Keypoints of a posed skeleton and their exact derivatives, one body at a time, float64."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.fitting.model import BETAS, ROOT_TURN, FitModel, PosedSkeleton, Skeleton, State
from ptx.geometry.fitting.priors import Prior
from ptx.geometry.joints import JOINT_COUNT
from ptx.geometry.kernel import kernel
from ptx.geometry.rotation import exponential

Floats = NDArray[np.float64]


@kernel
def left_jacobian(x: float, y: float, z: float, out: Floats) -> None:
    """Write the left Jacobian (3, 3) of SO(3): exp(w + dw) = exp(J dw) exp(w) to first order."""
    square = x * x + y * y + z * z
    angle = np.sqrt(square)
    if angle < 1e-3:
        a, b = 0.5 - square / 24.0, 1.0 / 6.0 - square / 120.0
    else:
        a, b = (1.0 - np.cos(angle)) / square, (angle - np.sin(angle)) / (square * angle)
    c = 1.0 - b * square
    out[0, 0], out[0, 1], out[0, 2] = c + b * x * x, b * x * y - a * z, b * x * z + a * y
    out[1, 0], out[1, 1], out[1, 2] = b * x * y + a * z, c + b * y * y, b * y * z - a * x
    out[2, 0], out[2, 1], out[2, 2] = b * x * z - a * y, b * y * z + a * x, c + b * z * z


@kernel
def copy_matrix(source: Floats, target: Floats) -> None:
    """Copy element by element: slices that are assigned take numba seconds more to compile."""
    for i in range(source.shape[0]):
        for j in range(source.shape[1]):
            target[i, j] = source[i, j]


@kernel
def clear_matrix(out: Floats) -> None:
    """Write zeros element by element, for the same reason."""
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = 0.0


@kernel
def multiply(a: Floats, b: Floats, out: Floats) -> None:
    """Write the product of two (3, 3) matrices; `out` is neither of them."""
    for i in range(3):
        for j in range(3):
            out[i, j] = a[i, 0] * b[0, j] + a[i, 1] * b[1, j] + a[i, 2] * b[2, j]


@kernel
def joint_vector(prior: Prior, params: Floats, joint: int) -> tuple[float, float, float]:
    """Axis-angle vector that the degrees of freedom give a joint, on top of its rotation in rest."""
    x = y = z = 0.0
    for entry in range(prior.first[joint], prior.first[joint + 1]):
        angle = params[prior.dof[entry]]
        x += angle * prior.axis[entry, 0]
        y += angle * prior.axis[entry, 1]
        z += angle * prior.axis[entry, 2]
    return x, y, z


@kernel
def pose_skeleton(model: FitModel, state: State, posed: PosedSkeleton) -> None:
    """Write rotations, joints and points of `posed`; the camera does not count."""
    skeleton, prior = model.skeleton, model.prior
    rotations, joints = posed.rotations, posed.joints
    first_beta = len(prior.mean)
    betas = state.params[first_beta : first_beta + BETAS]
    local, turned, bone = np.empty((3, 3)), np.empty((3, 3)), np.empty(3)
    for j in range(JOINT_COUNT):
        for i in range(3):
            bone[i] = skeleton.bones[j, i]
            for b in range(BETAS):
                bone[i] += skeleton.bone_dirs[j, i, b] * betas[b]
        if j == 0:
            copy_matrix(state.root, rotations[0])
            for i in range(3):
                joints[0, i] = bone[i]
            continue
        parent = skeleton.parents[j]
        for i in range(3):
            r = rotations[parent, i]
            joints[j, i] = joints[parent, i] + r[0] * bone[0] + r[1] * bone[1] + r[2] * bone[2]
        if prior.first[j] == prior.first[j + 1]:
            copy_matrix(rotations[parent], rotations[j])
            continue
        x, y, z = joint_vector(prior, state.params, j)
        exponential(x, y, z, turned)
        multiply(turned, prior.rest[j], local)
        multiply(rotations[parent], local, rotations[j])
    _pose_keypoints(skeleton, betas, posed)


@kernel
def _pose_keypoints(skeleton: Skeleton, betas: Floats, posed: PosedSkeleton) -> None:
    """Write the points of `posed` from its rotations and joints."""
    offset = np.empty(3)
    for k in range(len(posed.points)):
        for i in range(3):
            offset[i] = skeleton.keypoint_offset[k, i]
            for b in range(BETAS):
                offset[i] += skeleton.keypoint_offset_dirs[k, i, b] * betas[b]
        first, second = skeleton.keypoint_joints[k, 0], skeleton.keypoint_joints[k, 1]
        for i in range(3):
            r = posed.rotations[first, i]
            posed.points[k, i] = (
                skeleton.keypoint_weights[k, 0] * posed.joints[first, i]
                + skeleton.keypoint_weights[k, 1] * posed.joints[second, i]
                + r[0] * offset[0] + r[1] * offset[1] + r[2] * offset[2]
            )  # fmt: skip


@kernel
def differentiate(model: FitModel, params: Floats, posed: PosedSkeleton) -> None:
    """Write the Jacobian of `posed`, after `pose_skeleton` with the same parameters."""
    skeleton, prior, jacobian = model.skeleton, model.prior, posed.jacobian
    _differentiate_rotations(model, params, posed)
    _differentiate_shape(skeleton, posed)
    origin = posed.joints[0]
    for k in range(len(posed.points)):
        for i in range(3):
            for column in range(ROOT_TURN + len(prior.mean)):
                jacobian[k, i, column] = 0.0
        # Of the keypoint the part that turns with its first joint: all but the weighted joints themselves.
        ox, oy, oz = posed.points[k, 0], posed.points[k, 1], posed.points[k, 2]
        for part in range(2):
            weight, centre = skeleton.keypoint_weights[k, part], posed.joints[skeleton.keypoint_joints[k, part]]
            ox, oy, oz = ox - weight * centre[0], oy - weight * centre[1], oz - weight * centre[2]
        for part in range(2):
            weight, joint = skeleton.keypoint_weights[k, part], skeleton.keypoint_joints[k, part]
            if part == 1:
                ox = oy = oz = 0.0
                if weight == 0.0:
                    continue
            x, y, z = posed.joints[joint, 0], posed.joints[joint, 1], posed.joints[joint, 2]
            px, py, pz = weight * (x - origin[0]) + ox, weight * (y - origin[1]) + oy, weight * (z - origin[2]) + oz
            jacobian[k, 1, 0] -= pz
            jacobian[k, 2, 0] += py
            jacobian[k, 0, 1] += pz
            jacobian[k, 2, 1] -= px
            jacobian[k, 0, 2] -= py
            jacobian[k, 1, 2] += px
            while joint > 0:
                centre = posed.joints[joint]
                px, py, pz = weight * (x - centre[0]) + ox, weight * (y - centre[1]) + oy, weight * (z - centre[2]) + oz
                for entry in range(prior.first[joint], prior.first[joint + 1]):
                    a = posed.axes[entry]
                    column = ROOT_TURN + prior.dof[entry]
                    jacobian[k, 0, column] += a[1] * pz - a[2] * py
                    jacobian[k, 1, column] += a[2] * px - a[0] * pz
                    jacobian[k, 2, column] += a[0] * py - a[1] * px
                joint = skeleton.parents[joint]


@kernel
def _differentiate_rotations(model: FitModel, params: Floats, posed: PosedSkeleton) -> None:
    """Write the axes of `posed`: the world axis of every entry, from the parent's rotation and the left Jacobian."""
    prior = model.prior
    matrix, inner = np.empty((3, 3)), np.empty(3)
    for j in range(1, JOINT_COUNT):
        if prior.first[j] == prior.first[j + 1]:
            continue
        x, y, z = joint_vector(prior, params, j)
        left_jacobian(x, y, z, matrix)
        r = posed.rotations[model.skeleton.parents[j]]
        for entry in range(prior.first[j], prior.first[j + 1]):
            a = prior.axis[entry]
            for i in range(3):
                inner[i] = matrix[i, 0] * a[0] + matrix[i, 1] * a[1] + matrix[i, 2] * a[2]
            for i in range(3):
                posed.axes[entry, i] = r[i, 0] * inner[0] + r[i, 1] * inner[1] + r[i, 2] * inner[2]


@kernel
def _differentiate_shape(skeleton: Skeleton, posed: PosedSkeleton) -> None:
    """Write the joint_dirs of `posed` and the betas' columns of its Jacobian."""
    dirs = posed.joint_dirs
    first_column = posed.jacobian.shape[2] - BETAS
    copy_matrix(skeleton.bone_dirs[0], dirs[0])
    for j in range(1, JOINT_COUNT):
        parent = skeleton.parents[j]
        bone = skeleton.bone_dirs[j]
        for i in range(3):
            r = posed.rotations[parent, i]
            for b in range(BETAS):
                dirs[j, i, b] = dirs[parent, i, b] + r[0] * bone[0, b] + r[1] * bone[1, b] + r[2] * bone[2, b]
    for k in range(len(posed.points)):
        first, second = skeleton.keypoint_joints[k, 0], skeleton.keypoint_joints[k, 1]
        wa, wb = skeleton.keypoint_weights[k, 0], skeleton.keypoint_weights[k, 1]
        offset = skeleton.keypoint_offset_dirs[k]
        for i in range(3):
            r = posed.rotations[first, i]
            for b in range(BETAS):
                turned = r[0] * offset[0, b] + r[1] * offset[1, b] + r[2] * offset[2, b]
                posed.jacobian[k, i, first_column + b] = wa * dirs[first, i, b] + wb * dirs[second, i, b] + turned
