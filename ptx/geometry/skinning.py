"""Linear blend skinning: vertices, joints and keypoints of a pose and a shape, as SMPL defines them.

    Loper et al., "SMPL: A Skinned Multi-Person Linear Model", SIGGRAPH Asia 2015.

Joints are regressed from the shaped rest body, rotations are about joints, no global translation is added: the same as `smplx`.
A body is small and its joints few, so vertices are processed in runs that stay in the first-level cache: shape a run, then skin it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from ptx.geometry.body import SHAPES, Body, FloatArray, IntArray
from ptx.geometry.hands import FINGER_JOINTS, FINGERS, HAND_POINTS, POINT_FINGERS, WRISTS
from ptx.geometry.joints import JOINT_COUNT
from ptx.geometry.kernel import kernel
from ptx.geometry.rig import Rig
from ptx.geometry.rotation import exponential

_RUN = 256
"""Vertices that are shaped and skinned together: 3 kB of coordinates."""


def joint_transforms(body: Body, pose: ArrayLike, betas: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Compute rotations and positions of the joints.

    Args:
        body: from `load_body`.
        pose: (N, 24, 3) axis-angle in radians, relative to the parent; the first is the whole body's.
        betas: (N, 10) or (10,) for all.

    Returns:
        R (N, 24, 3, 3) rotation of each joint in the body frame, t (N, 24, 3) its position in metres; float32, computed in float64.

    Raises:
        ValueError: pose or betas have the wrong shape.
    """
    poses, shapes = _parameters(pose, betas)
    posed = _pose_joints(body.rig, poses, shapes)
    return posed.R, posed.t


def pose_vertices(
    body: Body,
    pose: ArrayLike,
    betas: ArrayLike,
    hands_pose: ArrayLike | None = None,
    offset: FloatArray | None = None,
) -> FloatArray:
    """Compute the vertices of posed bodies.

    Args:
        body: as for `joint_transforms`.
        pose: as for `joint_transforms`.
        betas: as for `joint_transforms`.
        hands_pose: (N, 30, 3) axis-angle of the finger joints (`geometry.hands`), of a body that has them; None: at rest.
        offset: (N, V, 3) metres, added to the shaped vertices in rest, or None.

    Returns:
        (N, V, 3) float32 in metres, body frame.

    Raises:
        ValueError: an array has the wrong shape, or the body has no fingers.
    """
    poses, shapes = _parameters(pose, betas)
    rig = body.rig if hands_pose is None else body.finger_rig
    if hands_pose is not None:
        poses = _with_fingers(poses, hands_pose)
    local, rest, R, t = _pose_joints(rig, poses, shapes)
    shift = (t - np.einsum("njab,njb->nja", R, rest)).astype(np.float32)
    moves = np.ascontiguousarray(np.concatenate([R.reshape(*t.shape[:2], 9), shift], axis=2))
    out = np.zeros((len(poses), *body.v_template.shape), np.float32)
    if rig.pose_rows is not None:
        bends = (local[:, 1:] - np.eye(3)).reshape(len(poses), -1).astype(np.float32)
        np.matmul(bends[:, : len(rig.pose_rows)], rig.pose_rows, out=out.reshape(len(poses), -1))
    if offset is not None:
        out += offset
    _skin(body.v_template.reshape(-1), body.shape_rows, shapes.astype(np.float32), rig.joints, rig.weights, moves, out)
    return out


def pose_hand_points(body: Body, pose: ArrayLike, betas: ArrayLike, hands_pose: ArrayLike) -> FloatArray:
    """Compute the points (N, 2, 21, 3) of the left and the right hand as MediaPipe has them; as `pose_vertices` otherwise."""
    hands, rig = body.fingers, body.finger_rig
    poses, shapes = _parameters(pose, betas)
    posed = _pose_joints(rig, _with_fingers(poses, hands_pose), shapes)
    last = np.arange(JOINT_COUNT + 2, JOINT_COUNT + FINGER_JOINTS, 3)
    offset = hands.tip_offset + np.einsum("kcs,ns->nkc", hands.tip_offset_dirs, shapes)
    tips = posed.t[:, last] + np.einsum("nkab,nkb->nka", posed.R[:, last], offset)
    count = len(poses)
    chains = np.concatenate(
        [posed.t[:, JOINT_COUNT:].reshape(count, 2, len(FINGERS), 3, 3), tips.reshape(count, 2, len(FINGERS), 1, 3)],
        axis=3,
    )
    fingers = chains[:, :, POINT_FINGERS].reshape(count, 2, HAND_POINTS - 1, 3)
    points: FloatArray = np.concatenate([posed.t[:, WRISTS, None], fingers], axis=2).astype(np.float32)
    return points


def pose_keypoints(body: Body, pose: ArrayLike, betas: ArrayLike) -> FloatArray:
    """Compute the keypoints (N, 18, 3) float32 in metres, body frame; arguments and errors as in `joint_transforms`."""
    shapes = _parameters(pose, betas)[1].astype(np.float32)
    R, t = joint_transforms(body, pose, betas)
    offset = body.keypoint_offset + np.einsum("kcs,ns->nkc", body.keypoint_offset_dirs, shapes)
    attached = np.einsum("ki,nkic->nkc", body.keypoint_weights, t[:, body.keypoint_joints])
    points: FloatArray = attached + np.einsum("nkab,nkb->nka", R[:, body.keypoint_joints[:, 0]], offset)
    return points


def _parameters(pose: ArrayLike, betas: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Convert pose to (N, 24, 3) and betas to (N, 10), float64, contiguous."""
    poses = np.ascontiguousarray(pose, np.float64)
    shapes = np.asarray(betas, np.float64)
    if poses.ndim != 3 or poses.shape[1:] != (JOINT_COUNT, 3):
        raise ValueError(f"pose {poses.shape} must be (N, {JOINT_COUNT}, 3)")
    if shapes.shape not in ((SHAPES,), (len(poses), SHAPES)):
        raise ValueError(f"betas {shapes.shape} must be ({SHAPES},) or ({len(poses)}, {SHAPES})")
    return poses, np.ascontiguousarray(np.broadcast_to(shapes, (len(poses), SHAPES)))


def _with_fingers(pose: NDArray[np.float64], hands_pose: ArrayLike) -> NDArray[np.float64]:
    """Return the pose (N, 54, 3) of all joints."""
    fingers = np.asarray(hands_pose, np.float64)
    if fingers.shape != (len(pose), FINGER_JOINTS, 3):
        raise ValueError(f"hands_pose {fingers.shape} must be ({len(pose)}, {FINGER_JOINTS}, 3)")
    return np.concatenate([pose, fingers], axis=1)


class _PosedJoints(NamedTuple):
    """Joints of N posed bodies."""

    local: NDArray[np.float64]
    """(N, J, 3, 3) rotation relative to the parent."""
    rest: NDArray[np.float64]
    """(N, J, 3) position in rest, metres."""
    R: FloatArray
    """(N, J, 3, 3) rotation in the body frame."""
    t: FloatArray
    """(N, J, 3) position, metres."""


def _pose_joints(rig: Rig, pose: NDArray[np.float64], betas: NDArray[np.float64]) -> _PosedJoints:
    """Pose the joints of a rig by (N, J, 3)."""
    local = np.empty((*pose.shape, 3))
    rest = rig.rest_joints(betas)
    R, t = np.empty(local.shape, np.float32), np.empty(rest.shape, np.float32)
    _chain(pose, rest, rig.parents, local, R, t)
    return _PosedJoints(local, rest, R, t)


@kernel
def _chain(
    pose: NDArray[np.float64],
    rest: NDArray[np.float64],
    parents: IntArray,
    local: NDArray[np.float64],
    R: FloatArray,
    t: FloatArray,
) -> None:
    """Walk the tree from the root; writes each joint's own rotation `local`, and its rotation R and position t in the body frame."""
    turned, position = np.empty((len(parents), 3, 3)), np.empty((len(parents), 3))
    for n in range(len(pose)):
        for j in range(len(parents)):
            exponential(pose[n, j, 0], pose[n, j, 1], pose[n, j, 2], local[n, j])
            p = parents[j]
            for a in range(3):
                position[j, a] = rest[n, j, a] if p < 0 else position[p, a]
                for b in range(3):
                    turned[j, a, b] = local[n, j, a, b] if p < 0 else 0.0
                    if p >= 0:
                        position[j, a] += turned[p, a, b] * (rest[n, j, b] - rest[n, p, b])
                        for c in range(3):
                            turned[j, a, b] += turned[p, a, c] * local[n, j, c, b]
                    R[n, j, a, b] = turned[j, a, b]  # a slice assigned takes numba seconds more to compile
                t[n, j, a] = position[j, a]


@njit(cache=True, nogil=True, fastmath={"contract", "reassoc", "nsz"})
def _skin(
    template: FloatArray,
    shape_rows: FloatArray,
    betas: FloatArray,
    joints: IntArray,
    weights: FloatArray,
    moves: FloatArray,
    out: FloatArray,
) -> None:
    """Shape and skin every body.

    Args:
        template: (3V,) vertices of the mean shape in rest.
        shape_rows: (10, 3V) shape blend shapes.
        betas: (N, 10).
        joints: (V, K) joints that move each vertex, heaviest first.
        weights: (V, K) their weights.
        moves: (N, J, 12) of each joint: its rotation in rows, then its shift.
        out: (N, V, 3) pose blend shapes (or zeros); the vertices on return.
    """
    count, most = joints.shape
    shaped = np.empty(3 * _RUN, np.float32)
    for n in range(len(out)):
        flat = out[n].reshape(-1)
        for first in range(0, count, _RUN):
            size = min(_RUN, count - first)
            for i in range(3 * size):
                shaped[i] = template[3 * first + i] + flat[3 * first + i]
            for k in range(betas.shape[1]):
                beta = betas[n, k]
                for i in range(3 * size):
                    shaped[i] += beta * shape_rows[k, 3 * first + i]
            for i in range(size):
                v = first + i
                a, b, c = shaped[3 * i], shaped[3 * i + 1], shaped[3 * i + 2]
                x = y = z = np.float32(0)
                for k in range(most):
                    weight = weights[v, k]
                    if weight == 0:
                        break
                    m = moves[n, joints[v, k]]
                    x += weight * (m[0] * a + m[1] * b + m[2] * c + m[9])
                    y += weight * (m[3] * a + m[4] * b + m[5] * c + m[10])
                    z += weight * (m[6] * a + m[7] * b + m[8] * c + m[11])
                flat[3 * v], flat[3 * v + 1], flat[3 * v + 2] = x, y, z
