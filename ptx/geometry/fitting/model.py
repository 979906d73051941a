"""The body that is fitted, and the layout of its parameters.

A body's state is the rotation of its root, carried as a matrix, and a vector of parameters: the degrees of freedom of
`priors` (D), the betas (10), and log scale, cx, cy of the camera and the log scale of the 3D keypoints. Steps and
derivatives have P = 3 + D + 10 + 4 components: a left increment of the root's rotation (radians, world axes), then the
parameters.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.fitting.priors import Prior
from ptx.geometry.joints import JOINT_COUNT, KEYPOINT_COUNT, PARENTS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROOT_TURN = 3
"""Components of a step before those of the parameters: the left increment of the root's rotation."""

BETAS = 10
"""Shape coefficients among the parameters."""

CAMERA_PARAMS = 4
"""Parameters after the betas: those of the four indices below."""

LOG_SCALE = -4
"""Index, in parameters and in steps, of the logarithm of the camera's scale over the first guess of it."""

CX = -3
"""Index of the camera's cx, metres at the body."""

CY = -2
"""Index of the camera's cy, metres at the body, y up."""

LOG_SCALE_3D = -1
"""Index of the logarithm of the scale of the 3D keypoints."""


class SkeletonArrays(Protocol):
    """The arrays of a `Body` that a fit needs; metres and metres per unit of beta."""

    @property
    def joint_template(self) -> NDArray[np.floating]:
        """(24, 3) joints of the mean shape in rest."""
        ...

    @property
    def joint_shapedirs(self) -> NDArray[np.floating]:
        """(24, 3, 10) derivative of the joints by the betas."""
        ...

    @property
    def keypoint_joints(self) -> NDArray[np.integer]:
        """(18, 2) joints to which each keypoint is attached."""
        ...

    @property
    def keypoint_weights(self) -> NDArray[np.floating]:
        """(18, 2) weights of these joints."""
        ...

    @property
    def keypoint_offset(self) -> NDArray[np.floating]:
        """(18, 3) offset in the frame of the first joint."""
        ...

    @property
    def keypoint_offset_dirs(self) -> NDArray[np.floating]:
        """(18, 3, 10) derivative of the offset by the betas."""
        ...


class Skeleton(NamedTuple):
    """A body without its skin: joints in rest and the keypoints attached to them, all linear in the betas."""

    parents: Ints
    """(24,) parent of each joint, -1 of the root."""
    bones: Floats
    """(24, 3) joint minus parent in rest, metres; the root's own position for joint 0."""
    bone_dirs: Floats
    """(24, 3, 10) derivative of `bones` by the betas."""
    keypoint_joints: Ints
    """(18, 2) joints to which each keypoint is attached."""
    keypoint_weights: Floats
    """(18, 2) weights of these joints; rows sum to 1."""
    keypoint_offset: Floats
    """(18, 3) metres, in the frame of the first joint."""
    keypoint_offset_dirs: Floats
    """(18, 3, 10) derivative of `keypoint_offset` by the betas."""


class FitModel(NamedTuple):
    """Model that is fitted: a body's skeleton, and the degrees of freedom it may move with."""

    skeleton: Skeleton
    prior: Prior


class State(NamedTuple):
    """Pose, shape and camera of one body."""

    root: Floats
    """(3, 3) world rotation of the pelvis."""
    params: Floats
    """(D + 14,) degrees of freedom in radians, betas, log scale, cx, cy, log scale of the 3D keypoints."""


class PosedSkeleton(NamedTuple):
    """A skeleton in one state: arrays that are written over and over."""

    rotations: Floats
    """(24, 3, 3) world rotations."""
    joints: Floats
    """(24, 3) metres."""
    joint_dirs: Floats
    """(24, 3, 10) derivative of the joints by the betas."""
    axes: Floats
    """(E, 3) world axis about which each entry of the prior turns its joint."""
    points: Floats
    """(18, 3) keypoints, metres."""
    jacobian: Floats
    """(18, 3, 3 + D + 10) derivative of the keypoints by a step's components before the camera's."""


def skeleton_of(body: SkeletonArrays) -> Skeleton:
    """Copy the joints and keypoints of a `Body` as float64, positions of joints relative to their parents."""
    template = np.array(body.joint_template, np.float64)
    dirs = np.array(body.joint_shapedirs, np.float64)
    parents = np.array(PARENTS, np.int64)
    bones = template.copy()
    bones[1:] -= template[parents[1:]]
    bone_dirs = dirs.copy()
    bone_dirs[1:] -= dirs[parents[1:]]
    return Skeleton(
        parents=parents,
        bones=bones,
        bone_dirs=bone_dirs,
        keypoint_joints=np.ascontiguousarray(body.keypoint_joints, np.int64),
        keypoint_weights=np.ascontiguousarray(body.keypoint_weights, np.float64),
        keypoint_offset=np.ascontiguousarray(body.keypoint_offset, np.float64),
        keypoint_offset_dirs=np.ascontiguousarray(body.keypoint_offset_dirs, np.float64),
    )


def parameter_count(prior: Prior) -> int:
    """Length of `State.params`: D + 14."""
    return len(prior.mean) + BETAS + CAMERA_PARAMS


def mean_state(prior: Prior) -> State:
    """The mean pose of the mean shape facing the viewer, camera and scales at the first guess."""
    params = np.zeros(parameter_count(prior))
    params[: len(prior.mean)] = prior.mean
    return State(np.eye(3), params)


def allocate_posed(prior: Prior) -> PosedSkeleton:
    """Arrays for one posed skeleton."""
    return PosedSkeleton(
        rotations=np.zeros((JOINT_COUNT, 3, 3)),
        joints=np.zeros((JOINT_COUNT, 3)),
        joint_dirs=np.zeros((JOINT_COUNT, 3, BETAS)),
        axes=np.zeros((len(prior.dof), 3)),
        points=np.zeros((KEYPOINT_COUNT, 3)),
        jacobian=np.zeros((KEYPOINT_COUNT, 3, ROOT_TURN + len(prior.mean) + BETAS)),
    )
