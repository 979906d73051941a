"""The body that is fitted, and the layout of its parameters.

A body's state is the rotation of its root, carried as a matrix, and a vector of parameters: the degrees of freedom of
`priors` (D), the betas (10), and log scale, cx, cy of the camera and the log scale of the 3D keypoints. Steps and
derivatives have P = 3 + D + 10 + 4 components: a left increment of the root's rotation (radians, world axes), then the
parameters.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import Body
from ptx.geometry.detected_landmarks import AttachedPoints
from ptx.geometry.fitting.priors import Prior
from ptx.geometry.joints import JOINT_COUNT, PARENTS

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


class Skeleton(NamedTuple):
    """A body without its skin: joints in rest and the keypoints attached to them, all linear in the betas."""

    parents: Ints
    """(24,) parent of each joint, -1 of the root."""
    bones: Floats
    """(24, 3) joint minus parent in rest, metres; the root's own position for joint 0."""
    bone_dirs: Floats
    """(24, 3, 10) derivative of `bones` by the betas."""
    keypoint_joints: Ints
    """(K, 2) joints to which each point is attached: the 18 keypoints, then the landmarks if there are any."""
    keypoint_weights: Floats
    """(K, 2) weights of these joints; rows sum to 1."""
    keypoint_offset: Floats
    """(K, 3) metres, in the frame of the first joint."""
    keypoint_offset_dirs: Floats
    """(K, 3, 10) derivative of `keypoint_offset` by the betas."""


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
    """(K, 3) keypoints and landmarks, metres."""
    jacobian: Floats
    """(K, 3, 3 + D + 10) derivative of these points by a step's components before the camera's."""


def skeleton_of(body: Body, landmarks: AttachedPoints | None = None) -> Skeleton:
    """Copy joints and keypoints as float64, positions of joints relative to their parents; landmarks follow the keypoints."""
    template = np.array(body.joint_template, np.float64)
    dirs = np.array(body.joint_shapedirs, np.float64)
    parents = np.array(PARENTS, np.int64)
    bones = template.copy()
    bones[1:] -= template[parents[1:]]
    bone_dirs = dirs.copy()
    bone_dirs[1:] -= dirs[parents[1:]]
    skeleton = Skeleton(
        parents=parents,
        bones=bones,
        bone_dirs=bone_dirs,
        keypoint_joints=np.ascontiguousarray(body.keypoint_joints, np.int64),
        keypoint_weights=np.ascontiguousarray(body.keypoint_weights, np.float64),
        keypoint_offset=np.ascontiguousarray(body.keypoint_offset, np.float64),
        keypoint_offset_dirs=np.ascontiguousarray(body.keypoint_offset_dirs, np.float64),
    )
    if landmarks is None:
        return skeleton
    alone = np.tile((1.0, 0.0), (len(landmarks.joints), 1))
    return skeleton._replace(
        keypoint_joints=np.concatenate([skeleton.keypoint_joints, np.stack([landmarks.joints] * 2, axis=1)]),
        keypoint_weights=np.concatenate([skeleton.keypoint_weights, alone]),
        keypoint_offset=np.concatenate([skeleton.keypoint_offset, landmarks.offset]),
        keypoint_offset_dirs=np.concatenate([skeleton.keypoint_offset_dirs, landmarks.offset_dirs]),
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
    """Arrays for one posed skeleton, with the points that the prior knows."""
    points = len(prior.sigma_factor)
    return PosedSkeleton(
        rotations=np.zeros((JOINT_COUNT, 3, 3)),
        joints=np.zeros((JOINT_COUNT, 3)),
        joint_dirs=np.zeros((JOINT_COUNT, 3, BETAS)),
        axes=np.zeros((len(prior.dof), 3)),
        points=np.zeros((points, 3)),
        jacobian=np.zeros((points, 3, ROOT_TURN + len(prior.mean) + BETAS)),
    )
