"""Linear blend skinning: vertices, joints and keypoints of a pose and a shape, as SMPL defines them.

    Loper et al., "SMPL: A Skinned Multi-Person Linear Model", SIGGRAPH Asia 2015.

Joints are regressed from the shaped rest body, rotations are about joints, no global translation is added: the same as `smplx`.
A body is small and its joints few, so vertices are processed in runs that stay in the first-level cache: shape a run, then skin it.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from ptx.geometry.body import SHAPES, Body, FloatArray, IntArray
from ptx.geometry.joints import JOINT_COUNT, PARENTS
from ptx.geometry.kernel import kernel
from ptx.geometry.rotation import exponential

_PARENTS = np.array(PARENTS, np.int32)

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
    local = np.empty((len(poses), JOINT_COUNT, 3, 3))
    return _pose_joints(body, poses, shapes, local)


def pose_vertices(body: Body, pose: ArrayLike, betas: ArrayLike, offset: FloatArray | None = None) -> FloatArray:
    """Compute the vertices (N, V, 3) float32 in metres, body frame; arguments and errors as in `joint_transforms`.

    Args:
        body: as there.
        pose: as there.
        betas: as there.
        offset: (N, V, 3) metres, added to the shaped vertices in rest, or None.
    """
    poses, shapes = _parameters(pose, betas)
    local = np.empty((len(poses), JOINT_COUNT, 3, 3))
    R, t = _pose_joints(body, poses, shapes, local)
    rest = body.joint_template + np.einsum("jcs,ns->njc", body.joint_shapedirs, shapes)
    shift = (t - np.einsum("njab,njb->nja", R, rest)).astype(np.float32)
    moves = np.ascontiguousarray(np.concatenate([R.reshape(*t.shape[:2], 9), shift], axis=2))
    out = np.zeros((len(poses), *body.v_template.shape), np.float32)
    if body.pose_rows is not None:
        bends = (local[:, 1:] - np.eye(3)).reshape(len(poses), -1).astype(np.float32)
        np.matmul(bends, body.pose_rows, out=out.reshape(len(poses), -1))
    if offset is not None:
        out += offset
    joints, weights = body.influences
    _skin(body.v_template.reshape(-1), body.shape_rows, shapes.astype(np.float32), joints, weights, moves, out)
    return out


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


def _pose_joints(
    body: Body, pose: NDArray[np.float64], betas: NDArray[np.float64], local: NDArray[np.float64]
) -> tuple[FloatArray, FloatArray]:
    """Rotations and positions of the joints in the body frame; writes their own rotations (N, 24, 3, 3) to `local`."""
    rest = body.joint_template + np.einsum("jcs,ns->njc", body.joint_shapedirs, betas)
    R, t = np.empty(local.shape, np.float32), np.empty(rest.shape, np.float32)
    _chain(pose, rest, _PARENTS, local, R, t)
    return R, t


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
        moves: (N, 24, 12) of each joint: its rotation in rows, then its shift.
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
