"""First guesses: the person's size in the picture and the ways it may face."""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

from ptx.geometry.fitting.energy import Observation
from ptx.geometry.fitting.kinematics import Skeleton, Work, pose_skeleton
from ptx.geometry.fitting.priors import Prior
from ptx.geometry.joints import KEYPOINTS

Floats = NDArray[np.float64]

FRONT, LEFT, BACK, RIGHT, SPACE = 0, 1, 2, 3, 4
"""Codes of starts: the pelvis faces the viewer, the picture's right, away, the picture's left; as 3D keypoints say."""

YAWS = (0.0, 90.0, 180.0, -90.0)
"""Degrees about y of starts 0..3."""

_BONE_NAMES = (
    ("right_shoulder", "right_elbow"), ("right_elbow", "right_wrist"), ("left_shoulder", "left_elbow"),
    ("left_elbow", "left_wrist"), ("right_hip", "right_knee"), ("right_knee", "right_ankle"), ("left_hip", "left_knee"),
    ("left_knee", "left_ankle"), ("right_shoulder", "right_hip"), ("left_shoulder", "left_hip"),
    ("right_shoulder", "left_shoulder"), ("neck", "right_hip"), ("neck", "left_hip"), ("nose", "neck"),
)  # fmt: skip
RIGID = np.array([[KEYPOINTS.index(a), KEYPOINTS.index(b)] for a, b in _BONE_NAMES])
"""Pairs of keypoints whose distance hardly changes with the pose."""

TORSO = np.array([KEYPOINTS.index(n) for n in ("right_shoulder", "left_shoulder", "right_hip", "left_hip")])


def guess_scale(xy: NDArray[np.floating], weight: NDArray[np.floating], rest_points: Floats) -> NDArray[np.float64]:
    """Pixels per metre from the lengths of bones: foreshortening only shortens, so the second longest ratio counts.

    Args:
        xy: (N, 18, 2) px, finite.
        weight: (N, 18) 0 where missing.
        rest_points: (18, 3) keypoints of the mean body, metres.

    Returns:
        (N,) px per metre; nan where no pair of `RIGID` is seen.
    """
    first, second = RIGID.T
    lengths = np.linalg.norm(rest_points[first] - rest_points[second], axis=-1)
    ratios = np.linalg.norm(xy[:, first] - xy[:, second], axis=-1) / lengths
    ratios[(weight[:, first] <= 0) | (weight[:, second] <= 0)] = -1
    ratios.sort(axis=1)
    best = np.where(ratios[:, -2] > 0, ratios[:, -2], ratios[:, -1])
    return np.where(best > 0, best, np.nan)


@nb.njit(cache=True, nogil=True)
def face(yaw: float, root: Floats) -> None:
    """Rotation (3, 3) of a body that stands upright and is turned by yaw radians about y."""
    c, s = np.cos(yaw), np.sin(yaw)
    root[:] = 0.0
    root[0, 0], root[0, 2], root[1, 1], root[2, 0], root[2, 2] = c, s, 1.0, -s, c


@nb.njit(cache=True, nogil=True)
def centre_camera(skeleton: Skeleton, prior: Prior, seen: Observation, root: Floats, rest: Floats, work: Work) -> None:
    """Set cx, cy in `rest` to the mean offset of the seen keypoints, the scale as it is."""
    dofs = len(prior.mean)
    pose_skeleton(skeleton, prior, root, rest[:dofs], rest[dofs:-4], work)
    scale, total = np.exp(rest[-4]), 0.0
    rest[-3] = rest[-2] = 0.0
    for k in range(18):
        w = seen.weight[k]
        total += w
        rest[-3] += w * (seen.xy[k, 0] - scale * work.points[k, 0])
        rest[-2] += w * (seen.xy[k, 1] - scale * work.points[k, 1])
    rest[-3] /= total
    rest[-2] /= total


@nb.njit(cache=True, nogil=True)
def facing_in_space(seen: Observation, root: Floats) -> bool:
    """Orientation of the torso from its four 3D keypoints into `root`; False if they are not all there."""
    for k in TORSO:
        if seen.weight3[k] <= 0.0:
            return False
    across, up = np.empty(3), np.empty(3)
    for i in range(3):
        a, b, c, d = seen.xyz[TORSO[0], i], seen.xyz[TORSO[1], i], seen.xyz[TORSO[2], i], seen.xyz[TORSO[3], i]
        across[i], up[i] = b - a + d - c, a + b - c - d
    length = np.sqrt(up[0] ** 2 + up[1] ** 2 + up[2] ** 2)
    if length < 1e-3:
        return False
    along = (up[0] * across[0] + up[1] * across[1] + up[2] * across[2]) / length
    for i in range(3):
        up[i] /= length
        across[i] -= along * up[i]
    length = np.sqrt(across[0] ** 2 + across[1] ** 2 + across[2] ** 2)
    if length < 1e-3:
        return False
    for i in range(3):
        across[i] /= length
        root[i, 0], root[i, 1] = across[i], up[i]
    root[0, 2] = across[1] * up[2] - across[2] * up[1]
    root[1, 2] = across[2] * up[0] - across[0] * up[2]
    root[2, 2] = across[0] * up[1] - across[1] * up[0]
    return True
