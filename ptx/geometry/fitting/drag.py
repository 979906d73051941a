"""A body whose joint is dragged in the picture: the pose nearest to the one before that has it there.

The energy of the fit, about the pose that is there: its angles are the mean of the prior, shape and scale are held, and what the degrees of
freedom cannot say (turned hands and feet) stays as it is, as the rotation of the joint at rest. Keypoints that do not go along with the
dragged one are observed where they are, in 3D, so that depth does not jump.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.fitting.energy import Observations, Sigmas
from ptx.geometry.fitting.kinematics import pose_skeleton
from ptx.geometry.fitting.model import CX, CY, FitModel, Skeleton, State, parameter_count, skeleton_of
from ptx.geometry.fitting.priors import Prior, build_prior
from ptx.geometry.fitting.search import write_pose
from ptx.geometry.fitting.solver import Descent, allocate_scratch, descend
from ptx.geometry.joints import JOINT_COUNT, KEYPOINT_COUNT, SHOULDERS, joint, keypoint
from ptx.geometry.landmarks import HEAD_KEYPOINTS
from ptx.geometry.rotation import axis_angles, rotation_matrices
from ptx.geometry.viewpoint import FittedBody

Floats = NDArray[np.float64]

HELD = 1e-4
"""Standard deviation of shape and scale, which stay as they are."""

FREE = 1e3
"""Standard deviation, or cutoff in metres, of what counts for nothing."""

TURN = np.radians(30.0)
"""Standard deviation, radians, of a limb's angle about the one before."""

STIFF_TURN = np.radians(8.0)
"""The same of the trunk and the collar bones, which follow where a limb does not reach."""

STIFF = ("spine1", "spine2", "spine3", "left_collar", "right_collar")

POINT_SIGMA, POINT3D_SIGMA = 0.01, 0.03
"""Standard deviations, metres, of the dragged keypoint, and of those that stay."""

SMALLEST_WEIGHT = 1e-3
"""Weight of keypoints that go along with the dragged one: enough that the energy has one least point."""

DESCENT = Descent(
    Sigmas(
        keypoint=POINT_SIGMA,
        keypoint_cutoff=FREE,
        keypoint3d=POINT3D_SIGMA,
        keypoint3d_cutoff=FREE,
        depth_factor=2.0,
        joint_limit=0.1,
        upright=FREE,
        lean=FREE,
        lean_cutoff=FREE,
        betas=HELD,
        log_scale=HELD,
        log_scale_3d=HELD,
    ),
    iterations=25,
    tolerance=1e-3,
)
"""How a pose is looked for."""


def _limb(side: str, *names: str) -> tuple[int, ...]:
    return tuple(keypoint(f"{side}_{name}") for name in names)


def _going_along() -> dict[int, tuple[int, ...]]:
    """Keypoints that go along with each that is dragged, and need not stay where they are."""
    arms = _limb("left", "shoulder", "elbow", "wrist") + _limb("right", "shoulder", "elbow", "wrist")
    along = dict.fromkeys(HEAD_KEYPOINTS, HEAD_KEYPOINTS)
    along[keypoint("neck")] = (*SHOULDERS, *arms, *HEAD_KEYPOINTS)
    for side in ("left", "right"):
        arm, leg = _limb(side, "shoulder", "elbow", "wrist"), _limb(side, "hip", "knee", "ankle")
        along[arm[0]] = (keypoint("neck"), *arm, *HEAD_KEYPOINTS)
        along[arm[1]] = along[arm[2]] = arm[1:]
        along[leg[1]] = along[leg[2]] = leg[1:]
        standing = {*_limb("left", "ankle"), *_limb("right", "ankle")}
        along[leg[0]] = tuple(k for k in range(KEYPOINT_COUNT) if k not in standing)
    return along


GOING_ALONG = _going_along()
"""Keypoint → those that go along with it: an arm with its hand, everything but the feet with a hip."""


def drag(fitted: FittedBody, dragged: int, to: tuple[float, float]) -> FittedBody:
    """Pose a body so that one keypoint comes to a place in the picture, as far as limbs reach.

    Args:
        fitted: the body in the pose before.
        dragged: index of the keypoint.
        to: x, y px.

    Returns:
        The body in the nearest pose within the ranges of its joints; shape and scale stay.
    """
    skeleton = _shaped(skeleton_of(fitted.body), fitted.betas.astype(np.float64))
    prior, angles = _about(build_prior(), fitted.pose)
    model, scratch = FitModel(skeleton, prior), allocate_scratch(prior)
    params = np.zeros(parameter_count(prior))
    params[: len(angles)] = angles
    state = State(np.ascontiguousarray(rotation_matrices(fitted.pose[0].astype(np.float64))), params)
    unit, origin = float(fitted.camera[0]), fitted.camera[1:].astype(np.float64)
    pose_skeleton(model, state, scratch.posed)
    points = scratch.posed.points.copy()
    stays = np.ones(KEYPOINT_COUNT)
    stays[list(GOING_ALONG[dragged])] = SMALLEST_WEIGHT
    stays[dragged] = 0.0
    at, weight = points[:, :2].copy(), stays * (POINT_SIGMA / POINT3D_SIGMA) ** 2
    at[dragged], weight[dragged] = (np.asarray(to, np.float64) - origin) / unit * (1, -1), 1.0
    descend(model, Observations(at, weight, points, stays), DESCENT, state, scratch)
    pose = np.zeros((JOINT_COUNT, 3))
    write_pose(prior, state, pose)
    still = np.diff(prior.first) == 0
    still[0] = False
    pose[still] = fitted.pose[still]
    camera = fitted.camera + np.array([0, unit * state.params[CX], -unit * state.params[CY]], np.float32)
    return replace(fitted, pose=pose.astype(np.float32), camera=camera.astype(np.float32))


def _shaped(skeleton: Skeleton, betas: Floats) -> Skeleton:
    """Bring a skeleton to a shape, about which its betas then count."""
    return skeleton._replace(
        bones=skeleton.bones + skeleton.bone_dirs @ betas,
        keypoint_offset=skeleton.keypoint_offset + skeleton.keypoint_offset_dirs @ betas,
    )


def _about(prior: Prior, pose: NDArray[np.floating]) -> tuple[Prior, Floats]:
    """Bring a prior to a pose (24, 3): its mean the angles (D,) that come nearest, its rest what they cannot say."""
    local = rotation_matrices(np.asarray(pose, np.float64))
    wanted = axis_angles(local @ prior.rest.swapaxes(1, 2))
    count = len(prior.mean)
    columns = np.zeros((JOINT_COUNT, 3, count))
    for index in range(JOINT_COUNT):
        for entry in range(prior.first[index], prior.first[index + 1]):
            columns[index, :, prior.dof[entry]] += prior.axis[entry]
    flat = columns.reshape(-1, count)
    angles = np.linalg.lstsq(flat, wanted.reshape(-1), rcond=None)[0]
    said = rotation_matrices((columns @ angles).astype(np.float64))
    sigma = np.full(count, TURN)
    for name in STIFF:
        sigma[np.abs(columns[joint(name)]).sum(0) > 0] = STIFF_TURN
    rest = np.ascontiguousarray(said.swapaxes(1, 2) @ local)
    about = prior._replace(
        mean=angles,
        sigma=sigma,
        lower=np.minimum(prior.lower, angles),
        upper=np.maximum(prior.upper, angles),
        rest=rest,
    )
    return about, angles
