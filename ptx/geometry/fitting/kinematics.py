"""Keypoints of a posed skeleton and their exact derivatives, one body at a time, float64.

Parameters of a body (P = 3 + D + 10 + 4, in this order): a left increment of the root's rotation (3, radians, world
axes), the degrees of freedom of `priors` (D), betas (10), and log scale, cx, cy of the camera and the log scale of the
3D keypoints. The root's rotation itself is carried as a matrix beside the parameters.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from ptx.geometry.fitting.priors import Prior
from ptx.geometry.joints import PARENTS
from ptx.geometry.rotation import exponential

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BETAS = 10


class Skeleton(NamedTuple):
    """A body without its skin: rest joints and how keypoints hang on them, all linear in the betas."""

    parents: Ints
    bones: Floats
    """(24, 3) joint minus parent in rest, metres; the root's own place for joint 0."""
    bone_dirs: Floats
    """(24, 3, 10) its change per beta."""
    keypoint_joints: Ints
    keypoint_weights: Floats
    keypoint_offset: Floats
    keypoint_offset_dirs: Floats


class Work(NamedTuple):
    """Scratch arrays of one posed body."""

    rotations: Floats
    """(24, 3, 3) world rotations."""
    joints: Floats
    """(24, 3) metres."""
    joint_dirs: Floats
    """(24, 3, 10) derivative of the joints by betas."""
    axes: Floats
    """(E, 3) world axis about which an entry of the prior's table turns its joint."""
    points: Floats
    """(18, 3) keypoints, metres."""
    jacobian: Floats
    """(18, 3, 3 + D + 10) derivative of the keypoints."""


def skeleton_of(body: object) -> Skeleton:
    """Take the joints and keypoints from a `Body` (any object with its joint and keypoint arrays)."""

    def array(name: str) -> Floats:
        return np.ascontiguousarray(getattr(body, name), dtype=np.float64)

    template, dirs = array("joint_template"), array("joint_shapedirs")
    bones, bone_dirs = template.copy(), dirs.copy()
    children, parents = np.arange(1, 24), np.array(PARENTS, dtype=np.int64)
    bones[children] -= template[parents[1:]]
    bone_dirs[children] -= dirs[parents[1:]]
    return Skeleton(
        parents, bones, bone_dirs, np.ascontiguousarray(getattr(body, "keypoint_joints"), dtype=np.int64),  # noqa: B009
        array("keypoint_weights"), array("keypoint_offset"), array("keypoint_offset_dirs"),
    )  # fmt: skip


def allocate(prior: Prior) -> Work:
    """Scratch arrays for one body."""
    entries, dofs = len(prior.dof), len(prior.mean)
    shapes = (24, 3, 3), (24, 3), (24, 3, BETAS), (entries, 3), (18, 3), (18, 3, 3 + dofs + BETAS)
    return Work(*(np.zeros(shape) for shape in shapes))


@nb.njit(cache=True, nogil=True)
def left_jacobian(x: float, y: float, z: float, out: Floats) -> None:
    """SO(3) left Jacobian (3, 3): exp(w + dw) = exp(J dw) exp(w) to first order."""
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


@nb.njit(cache=True, nogil=True)
def copy(source: Floats, target: Floats) -> None:
    """Matrix to matrix, element by element: slices that are assigned take numba seconds more to compile."""
    for i in range(source.shape[0]):
        for j in range(source.shape[1]):
            target[i, j] = source[i, j]


@nb.njit(cache=True, nogil=True)
def multiply(a: Floats, b: Floats, out: Floats) -> None:
    """Product of two (3, 3) matrices; `out` is neither of them."""
    for i in range(3):
        for j in range(3):
            out[i, j] = a[i, 0] * b[0, j] + a[i, 1] * b[1, j] + a[i, 2] * b[2, j]


@nb.njit(cache=True, nogil=True)
def joint_vector(prior: Prior, dofs: Floats, joint: int) -> tuple[float, float, float]:
    """Axis-angle vector that the degrees of freedom give a joint (on top of its `rest`)."""
    x = y = z = 0.0
    for entry in range(prior.first[joint], prior.first[joint + 1]):
        angle = dofs[prior.dof[entry]]
        x += angle * prior.axis[entry, 0]
        y += angle * prior.axis[entry, 1]
        z += angle * prior.axis[entry, 2]
    return x, y, z


@nb.njit(cache=True, nogil=True)
def pose_skeleton(skeleton: Skeleton, prior: Prior, root: Floats, dofs: Floats, betas: Floats, work: Work) -> None:
    """Fill `work.rotations`, `work.joints` and `work.points`.

    Args:
        root: (3, 3) world rotation of the pelvis.
        dofs: (D,) radians.
        betas: (10,).
    """
    local, turned = np.empty((3, 3)), np.empty((3, 3))
    rotations, joints, bone = work.rotations, work.joints, np.empty(3)
    for j in range(24):
        for i in range(3):
            bone[i] = skeleton.bones[j, i]
            for b in range(BETAS):
                bone[i] += skeleton.bone_dirs[j, i, b] * betas[b]
        if j == 0:
            copy(root, rotations[0])
            for i in range(3):
                joints[0, i] = bone[i]
            continue
        parent = skeleton.parents[j]
        for i in range(3):
            r = rotations[parent, i]
            joints[j, i] = joints[parent, i] + r[0] * bone[0] + r[1] * bone[1] + r[2] * bone[2]
        if prior.first[j] == prior.first[j + 1]:
            copy(rotations[parent], rotations[j])
            continue
        x, y, z = joint_vector(prior, dofs, j)
        exponential(x, y, z, turned)
        multiply(turned, prior.rest[j], local)
        multiply(rotations[parent], local, rotations[j])
    place_keypoints(skeleton, betas, work)


@nb.njit(cache=True, nogil=True)
def place_keypoints(skeleton: Skeleton, betas: Floats, work: Work) -> None:
    """Fill `work.points` from rotations and joints."""
    offset = np.empty(3)
    for k in range(18):
        for i in range(3):
            offset[i] = skeleton.keypoint_offset[k, i]
            for b in range(BETAS):
                offset[i] += skeleton.keypoint_offset_dirs[k, i, b] * betas[b]
        first, second = skeleton.keypoint_joints[k, 0], skeleton.keypoint_joints[k, 1]
        for i in range(3):
            r = work.rotations[first, i]
            work.points[k, i] = (
                skeleton.keypoint_weights[k, 0] * work.joints[first, i]
                + skeleton.keypoint_weights[k, 1] * work.joints[second, i]
                + r[0] * offset[0] + r[1] * offset[1] + r[2] * offset[2]
            )  # fmt: skip


@nb.njit(cache=True, nogil=True)
def turning_axes(skeleton: Skeleton, prior: Prior, dofs: Floats, work: Work) -> None:
    """Fill `work.axes`: the world axis of every entry, from the parent's rotation and the left Jacobian."""
    matrix, inner = np.empty((3, 3)), np.empty(3)
    for j in range(1, 24):
        if prior.first[j] == prior.first[j + 1]:
            continue
        x, y, z = joint_vector(prior, dofs, j)
        left_jacobian(x, y, z, matrix)
        r = work.rotations[skeleton.parents[j]]
        for entry in range(prior.first[j], prior.first[j + 1]):
            a = prior.axis[entry]
            for i in range(3):
                inner[i] = matrix[i, 0] * a[0] + matrix[i, 1] * a[1] + matrix[i, 2] * a[2]
            for i in range(3):
                work.axes[entry, i] = r[i, 0] * inner[0] + r[i, 1] * inner[1] + r[i, 2] * inner[2]


@nb.njit(cache=True, nogil=True)
def differentiate(skeleton: Skeleton, prior: Prior, dofs: Floats, work: Work) -> None:
    """Fill `work.jacobian` after `pose_skeleton` at the same parameters."""
    turning_axes(skeleton, prior, dofs, work)
    shape_derivatives(skeleton, work)
    jacobian = work.jacobian
    jacobian[:, :, : 3 + len(dofs)] = 0.0
    origin = work.joints[0]
    for k in range(18):
        ox, oy, oz = work.points[k, 0], work.points[k, 1], work.points[k, 2]
        for part in range(2):
            weight, place = skeleton.keypoint_weights[k, part], work.joints[skeleton.keypoint_joints[k, part]]
            ox, oy, oz = ox - weight * place[0], oy - weight * place[1], oz - weight * place[2]
        for part in range(2):
            weight, joint = skeleton.keypoint_weights[k, part], skeleton.keypoint_joints[k, part]
            if part == 1:
                ox = oy = oz = 0.0
                if weight == 0.0:
                    continue
            x, y, z = work.joints[joint, 0], work.joints[joint, 1], work.joints[joint, 2]
            px, py, pz = weight * (x - origin[0]) + ox, weight * (y - origin[1]) + oy, weight * (z - origin[2]) + oz
            jacobian[k, 1, 0] -= pz
            jacobian[k, 2, 0] += py
            jacobian[k, 0, 1] += pz
            jacobian[k, 2, 1] -= px
            jacobian[k, 0, 2] -= py
            jacobian[k, 1, 2] += px
            while joint > 0:
                place = work.joints[joint]
                px, py, pz = weight * (x - place[0]) + ox, weight * (y - place[1]) + oy, weight * (z - place[2]) + oz
                for entry in range(prior.first[joint], prior.first[joint + 1]):
                    a = work.axes[entry]
                    column = 3 + prior.dof[entry]
                    jacobian[k, 0, column] += a[1] * pz - a[2] * py
                    jacobian[k, 1, column] += a[2] * px - a[0] * pz
                    jacobian[k, 2, column] += a[0] * py - a[1] * px
                joint = skeleton.parents[joint]


@nb.njit(cache=True, nogil=True)
def shape_derivatives(skeleton: Skeleton, work: Work) -> None:
    """Fill `work.joint_dirs` and the betas' columns of `work.jacobian`."""
    dirs, first_column = work.joint_dirs, work.jacobian.shape[2] - BETAS
    copy(skeleton.bone_dirs[0], dirs[0])
    for j in range(1, 24):
        parent = skeleton.parents[j]
        bone = skeleton.bone_dirs[j]
        for i in range(3):
            r = work.rotations[parent, i]
            for b in range(BETAS):
                dirs[j, i, b] = dirs[parent, i, b] + r[0] * bone[0, b] + r[1] * bone[1, b] + r[2] * bone[2, b]
    for k in range(18):
        first, second = skeleton.keypoint_joints[k, 0], skeleton.keypoint_joints[k, 1]
        wa, wb = skeleton.keypoint_weights[k, 0], skeleton.keypoint_weights[k, 1]
        offset = skeleton.keypoint_offset_dirs[k]
        for i in range(3):
            r = work.rotations[first, i]
            for b in range(BETAS):
                turned = r[0] * offset[0, b] + r[1] * offset[1, b] + r[2] * offset[2, b]
                work.jacobian[k, i, first_column + b] = wa * dirs[first, i, b] + wb * dirs[second, i, b] + turned
