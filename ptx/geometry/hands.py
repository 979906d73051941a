"""The fingers of a body: 15 joints a hand in SMPL-H's order, which hang on SMPL's joint of the hand, and the 21 points of a hand.

    Romero, Tzionas and Black, "Embodied Hands", SIGGRAPH Asia 2017 (MANO, SMPL-H).

A body of SMPL has one joint a hand. Its fingers are kept beside its 24 joints: where none of them turns, the body is that of the 24.
Their pose `hands_pose` (30, 3) is axis-angle in radians, each joint relative to its parent, left hand first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.frozen_arrays import arrays_digest, frozen
from ptx.geometry.joints import JOINT_COUNT, joint

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]

FINGERS = ("index", "middle", "little", "ring", "thumb")
"""Fingers of a hand in SMPL-H's order; each has three joints, from the hand outwards."""

HAND_JOINTS = 3 * len(FINGERS)
"""Finger joints of one hand: 15."""

FINGER_JOINTS = 2 * HAND_JOINTS
"""Finger joints of both hands: 30, those of the left hand first."""

CARRIERS = (joint("left_hand"), joint("right_hand"))
"""Joints that the fingers of the left and of the right hand hang on."""

WRISTS = (joint("left_wrist"), joint("right_wrist"))
"""Joints of the wrists, the first of a hand's points."""

FINGER_PARENTS = tuple(
    CARRIERS[number // HAND_JOINTS] if number % 3 == 0 else JOINT_COUNT + number - 1 for number in range(FINGER_JOINTS)
)
"""Parents of the finger joints in the tree of 54: SMPL's 24 joints, then the 30."""

HAND_POINTS = 21
"""Points of a hand as MediaPipe has them: wrist, then of each finger from the thumb to the little one its three joints and its tip."""

POINT_FINGERS = tuple(FINGERS.index(name) for name in ("thumb", "index", "middle", "ring", "little"))
"""Fingers, by number in `FINGERS`, in the order of the points."""

HAND_KEYS = ("hand_joints", "hand_joint_dirs", "hand_vertices", "hand_shares")
"""Names of the arrays of fingers in a file: all are there, or none."""


ROUNDING = 1e-6
"""Skinning weights below this are what rounding leaves of 0."""


@dataclass(frozen=True, eq=False)
class Hands:
    """The fingers of a `Body`: read-only arrays, metres, linear in the shape coefficients `betas` (10,).

    M vertices move with fingers.
    """

    joint_template: FloatArray
    """(30, 3) joints of the mean shape in rest."""
    joint_shapedirs: FloatArray
    """(30, 3, 10) metres per unit of each beta."""
    vertices: IntArray
    """(M,) vertices of the body."""
    shares: FloatArray
    """(M, 15) what each finger joint takes of the skinning weight that its hand's joint has for the vertex; that one keeps the rest."""
    tip_offset: FloatArray
    """(10, 3) from the last joint of each finger to its tip, in rest."""
    tip_offset_dirs: FloatArray
    """(10, 3, 10) metres per unit of each beta."""
    posedirs: FloatArray | None
    """(V, 3, 270) metres per unit of (R - 1) of the joints, as `Body.posedirs`; None when all zero."""

    @cached_property
    def digest(self) -> str:
        """Hex SHA-256 of all arrays."""
        return arrays_digest((field.name, getattr(self, field.name)) for field in fields(self))

    def split_weights(self, weights: FloatArray) -> FloatArray:
        """Return the skinning weights (V, 54) of all joints, of those (V, 24) of a body: hands give up what their fingers take."""
        out = np.zeros((len(weights), JOINT_COUNT + FINGER_JOINTS), np.float32)
        out[:, :JOINT_COUNT] = weights
        for hand, carrier in enumerate(CARRIERS):
            own = weights[self.vertices, carrier, None]
            first = JOINT_COUNT + hand * HAND_JOINTS
            out[self.vertices, first : first + HAND_JOINTS] = self.shares * own
            kept = own[:, 0] * np.maximum(1 - self.shares.sum(axis=1), 0)
            out[self.vertices, carrier] = np.where(kept < ROUNDING, 0, kept)
        return out


def build_hands(
    arrays: Mapping[str, NDArray[np.number]], v_template: FloatArray, shapedirs: FloatArray
) -> Hands | None:
    """Complete the arrays of fingers.

    Args:
        arrays: of `HAND_KEYS`: joints (30, 3), their dirs (30, 3, S) of any S, vertices (M,), shares (M, 15); optionally hand_posedirs
            (V, 3, 270).
        v_template: (V, 3) as in `Body`.
        shapedirs: (V, 3, 10) as in `Body`.

    Returns:
        The fingers, or None where there are no such arrays.
    """
    if HAND_KEYS[0] not in arrays:
        return None
    joints, given, vertices, shares = (arrays[key] for key in HAND_KEYS)
    dirs = np.zeros((FINGER_JOINTS, *shapedirs.shape[1:]), np.float32)
    dirs[..., : given.shape[2]] = given[..., : dirs.shape[2]]
    vertices = vertices.astype(np.int32)
    last = np.arange(2, FINGER_JOINTS, 3)
    tips = vertices[finger_tips(v_template[vertices], joints, shares)]
    posedirs = arrays.get("hand_posedirs")
    return Hands(
        joint_template=frozen(joints, np.float32),
        joint_shapedirs=frozen(dirs, np.float32),
        vertices=frozen(vertices, np.int32),
        shares=frozen(shares, np.float32),
        tip_offset=frozen(v_template[tips] - joints[last], np.float32),
        tip_offset_dirs=frozen(shapedirs[tips] - dirs[last], np.float32),
        posedirs=frozen(posedirs, np.float32) if posedirs is not None and posedirs.any() else None,
    )


def finger_tips(
    vertices: NDArray[np.floating], joints: NDArray[np.number], shares: NDArray[np.number]
) -> NDArray[np.int64]:
    """Find the tips of the fingers: of the vertices that move with the last joint, the farthest along the finger.

    Args:
        vertices: (M, 3) of both hands, in rest.
        joints: (30, 3) of the fingers, in rest.
        shares: (M, 15) as in `Hands`.

    Returns:
        (10,) indices of vertices, in the order of the joints.
    """
    tips = []
    for last in range(2, FINGER_JOINTS, 3):
        share = np.where(vertices[:, 0] * joints[last, 0] > 0, shares[:, last % HAND_JOINTS], 0)
        along = (vertices - joints[last]) @ (joints[last] - joints[last - 1])
        tips.append(int(np.where(share >= share.max() / 2, along, -np.inf).argmax()))
    return np.array(tips)
