"""Avatars in our poses: linear blend skinning by the weights of their file."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.avatars.avatar import Avatar
from ptx.geometry.joints import JOINT_COUNT, KEYPOINTS, PARENTS, joint
from ptx.geometry.kernel import kernel
from ptx.geometry.rotation import axis_angles, rotation_matrices

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

KEYPOINT_JOINTS = tuple(
    f"{side}_{name}" for side in ("left", "right") for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
)
"""Keypoints that are joints, by the name of both."""

FACE_KEYPOINTS = ("nose", "right_eye", "left_eye", "right_ear", "left_ear")
"""Keypoints of the face, in the order of `Avatar.face`."""


COLLAR_DROP = np.radians(14)
"""Radians by which a collar bone is lowered under an arm that hangs."""


class Posed(NamedTuple):
    """An avatar in a pose."""

    vertices: Floats
    """(V, 3) metres."""
    normals: Floats
    """(V, 3) length 1, or nearly."""
    keypoints: Floats
    """(18, 3) metres."""


def pose_avatar(avatar: Avatar, pose: Doubles) -> Posed:
    """Pose an avatar.

    Args:
        avatar: the person.
        pose: (24, 3) axis-angle relative to the parent, radians, as of our own body: zeros are the T-pose.
    """
    turns, places = joint_frames(avatar, pose)
    shifts = places - np.einsum("jab,jb->ja", turns, avatar.skeleton.rest)
    moves = np.concatenate([turns.reshape(JOINT_COUNT, 9), shifts], axis=1).astype(np.float32)
    vertices, normals = np.empty_like(avatar.vertices), np.empty_like(avatar.normals)
    _skin(avatar.vertices, avatar.normals, avatar.joints, avatar.weights, moves, vertices, normals)
    head = joint("head")
    face = (avatar.face - avatar.skeleton.rest[head]) @ turns[head].T + places[head]
    return Posed(vertices, normals, _keypoints(places, face))


def with_collars(avatar: Avatar, pose: Doubles) -> Doubles:
    """Lower the collar bones of a pose (24, 3) with arms that hang, as people do; where the arms are stays the same.

    Our own poses leave them at rest, of a body whose skin was made for it; shoulders of a mesh bound in a T-pose would stand square. Of one
    that was bound with lowered arms the collars are lowered already.
    """
    local = rotation_matrices(pose).astype(np.float64)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        collar, shoulder = joint(f"{side}_collar"), joint(f"{side}_shoulder")
        arm, outwards = local[collar] @ local[shoulder], np.array([sign, 0, 0])
        hanging = -float((arm @ outwards)[1])  # sine of the angle below the horizontal
        bound = -float((avatar.straight[shoulder].T @ outwards)[1])
        drop = COLLAR_DROP * max(0.0, hanging - max(0.0, bound))
        local[collar] = rotation_matrices(np.array([0, 0, -sign * drop])) @ local[collar]
        local[shoulder] = local[collar].T @ arm
    return np.asarray(axis_angles(local), np.float64)


def joint_frames(avatar: Avatar, pose: Doubles) -> tuple[Doubles, Doubles]:
    """Rotation (24, 3, 3) of each joint from rest, and its place (24, 3), metres; the pelvis stays at the origin."""
    local = rotation_matrices(pose)
    rest = avatar.skeleton.rest
    turns, whole, places = np.empty((JOINT_COUNT, 3, 3)), np.empty((JOINT_COUNT, 3, 3)), np.empty((JOINT_COUNT, 3))
    for number, parent in enumerate(PARENTS):
        turns[number] = local[number] if parent < 0 else turns[parent] @ local[number]
        whole[number] = turns[number] @ avatar.straight[number]
        places[number] = rest[number] if parent < 0 else places[parent] + whole[parent] @ (rest[number] - rest[parent])
    return whole, places


def _keypoints(places: Doubles, face: Doubles) -> Floats:
    """Keypoints (18, 3) of joints (24, 3) and the five points of the face; the neck is the middle of the shoulders."""
    at = {name: places[joint(name)] for name in KEYPOINT_JOINTS}
    at["neck"] = (at["left_shoulder"] + at["right_shoulder"]) / 2
    at |= dict(zip(FACE_KEYPOINTS, face, strict=True))
    return np.array([at[name] for name in KEYPOINTS], np.float32)


@kernel
def _skin(
    vertices: Floats,
    normals: Floats,
    joints: NDArray[np.int32],
    weights: Floats,
    moves: Floats,
    out: Floats,
    out_normals: Floats,
) -> None:
    """Blend the moves (24, 12), a rotation in rows and a shift, of each vertex's joints, and apply them."""
    move = np.empty(12, np.float32)
    for v in range(len(vertices)):
        for i in range(12):
            move[i] = 0
        for k in range(joints.shape[1]):
            weight = weights[v, k]
            for i in range(12):
                move[i] += weight * moves[joints[v, k], i]
        for a in range(3):
            out[v, a] = move[9 + a]
            out_normals[v, a] = 0
            for b in range(3):
                out[v, a] += move[3 * a + b] * vertices[v, b]
                out_normals[v, a] += move[3 * a + b] * normals[v, b]
