"""First guesses: the person's size in the picture and the directions it may face."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.fitting.energy import Observations
from ptx.geometry.fitting.kinematics import clear_matrix, pose_skeleton
from ptx.geometry.fitting.model import CX, CY, LOG_SCALE, FitModel, PosedSkeleton, State
from ptx.geometry.joints import TORSO, keypoint
from ptx.geometry.kernel import kernel

Floats = NDArray[np.float64]

FRONT, LEFT, BACK, RIGHT, TORSO_3D = 0, 1, 2, 3, 4
"""Codes of starts: the pelvis faces the viewer, the picture's right, away, the picture's left; as the torso's 3D keypoints say."""

START_COUNT = 5
"""Number of codes."""

YAWS = (0.0, 90.0, 180.0, -90.0)
"""Degrees about y of starts 0..3."""

YAW_RADIANS = np.radians(YAWS)
"""`YAWS` in radians."""

RIGID_PAIRS = tuple(
    (keypoint(start), keypoint(end))
    for start, end in (
        ("right_shoulder", "right_elbow"), ("right_elbow", "right_wrist"), ("left_shoulder", "left_elbow"),
        ("left_elbow", "left_wrist"), ("right_hip", "right_knee"), ("right_knee", "right_ankle"), ("left_hip", "left_knee"),
        ("left_knee", "left_ankle"), ("right_shoulder", "right_hip"), ("left_shoulder", "left_hip"),
        ("right_shoulder", "left_shoulder"), ("neck", "right_hip"), ("neck", "left_hip"), ("nose", "neck"),
    )
)  # fmt: skip
"""Pairs of keypoints whose distance hardly changes with the pose."""

SHORTEST_AXIS = 1e-3
"""Metres: shoulders and hips nearer to each other than this in 3D give no direction."""


def guess_scale(xy: NDArray[np.floating], weight: NDArray[np.floating], rest_points: Floats) -> NDArray[np.float64]:
    """Pixels per metre from the lengths of bones: foreshortening only shortens, so the second longest ratio counts.

    Args:
        xy: (N, 18, 2) px, finite.
        weight: (N, 18) 0 where missing.
        rest_points: (18, 3) keypoints of the mean body, metres.

    Returns:
        (N,) px per metre; NaN where no pair of `RIGID_PAIRS` is complete.
    """
    first, second = np.array(RIGID_PAIRS).T
    lengths = np.linalg.norm(rest_points[first] - rest_points[second], axis=-1)
    ratios = np.linalg.norm(xy[:, first] - xy[:, second], axis=-1) / lengths
    ratios[(weight[:, first] <= 0) | (weight[:, second] <= 0)] = -1
    ratios.sort(axis=1)
    best = np.where(ratios[:, -2] > 0, ratios[:, -2], ratios[:, -1])
    return np.where(best > 0, best, np.nan)


@kernel
def start_state(model: FitModel, obs: Observations, start: int, state: State, posed: PosedSkeleton) -> bool:
    """Write the state of one start: the mean pose in its direction, the camera centred on the keypoints.

    Returns:
        False if there is no such start for this person: `TORSO_3D` without the torso's 3D keypoints.
    """
    if start == TORSO_3D:
        if not orient_by_torso(obs, state.root):
            return False
    else:
        orient_by_yaw(YAW_RADIANS[start], state.root)
    mean, params = model.prior.mean, state.params
    for i in range(len(params)):
        params[i] = mean[i] if i < len(mean) else 0.0
    centre_camera(model, obs, state, posed)
    return True


@kernel
def orient_by_yaw(yaw: float, root: Floats) -> None:
    """Write the rotation (3, 3) of a body that stands upright and is turned by yaw radians about y."""
    c, s = np.cos(yaw), np.sin(yaw)
    clear_matrix(root)
    root[0, 0], root[0, 2], root[1, 1], root[2, 0], root[2, 2] = c, s, 1.0, -s, c


@kernel
def centre_camera(model: FitModel, obs: Observations, state: State, posed: PosedSkeleton) -> None:
    """Set the camera's cx and cy to the weighted mean offset of the 2D keypoints, at the scale that it has."""
    pose_skeleton(model, state, posed)
    params = state.params
    scale, total = np.exp(params[LOG_SCALE]), 0.0
    params[CX] = params[CY] = 0.0
    for k in range(len(obs.weight)):
        w = obs.weight[k]
        total += w
        params[CX] += w * (obs.xy[k, 0] - scale * posed.points[k, 0])
        params[CY] += w * (obs.xy[k, 1] - scale * posed.points[k, 1])
    params[CX] /= total
    params[CY] /= total


@kernel
def orient_by_torso(obs: Observations, root: Floats) -> bool:
    """Write the orientation (3, 3) of the torso from its four 3D keypoints; False if they are not all there."""
    for k in TORSO:
        if obs.weight3[k] <= 0.0:
            return False
    right_shoulder, left_shoulder, right_hip, left_hip = TORSO
    across, up = np.empty(3), np.empty(3)
    for i in range(3):
        a, b = obs.xyz[right_shoulder, i], obs.xyz[left_shoulder, i]
        c, d = obs.xyz[right_hip, i], obs.xyz[left_hip, i]
        across[i], up[i] = b - a + d - c, a + b - c - d
    length = np.sqrt(up[0] ** 2 + up[1] ** 2 + up[2] ** 2)
    if length < SHORTEST_AXIS:
        return False
    along = (up[0] * across[0] + up[1] * across[1] + up[2] * across[2]) / length
    for i in range(3):
        up[i] /= length
        across[i] -= along * up[i]
    length = np.sqrt(across[0] ** 2 + across[1] ** 2 + across[2] ** 2)
    if length < SHORTEST_AXIS:
        return False
    for i in range(3):
        across[i] /= length
        root[i, 0], root[i, 1] = across[i], up[i]
    root[0, 2] = across[1] * up[2] - across[2] * up[1]
    root[1, 2] = across[2] * up[0] - across[0] * up[2]
    root[2, 2] = across[0] * up[1] - across[1] * up[0]
    return True
