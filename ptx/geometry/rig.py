"""Rigs: what poses the vertices of a body, by its 24 joints or by these and those of the fingers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.hands import FINGER_PARENTS, Hands
from ptx.geometry.joints import PARENTS

if TYPE_CHECKING:
    from ptx.geometry.body import Body

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]


BODY_BENDS = 9 * (len(PARENTS) - 1)
"""Pose blend shapes of the 24 joints."""


class Rig(NamedTuple):
    """Tree of J joints and the skin of V vertices that moves with them."""

    parents: IntArray
    """(J,) parent of each joint, -1 of the root."""
    joint_template: FloatArray
    """(J, 3) joints of the mean shape in rest, metres."""
    joint_shapedirs: FloatArray
    """(J, 3, 10) metres per unit of each beta."""
    joints: IntArray
    """(V, K) joints that move each vertex, heaviest first; K = the most that any vertex has."""
    weights: FloatArray
    """(V, K) their weights."""
    pose_rows: FloatArray | None
    """(B, 3V) pose blend shapes by component, so that a weighted sum runs along memory: the first B = 9 (J - 1), or those of the 24 joints
    where the fingers have none; None when all zero."""

    def rest_joints(self, betas: NDArray[np.float64]) -> NDArray[np.float64]:
        """Joints (N, J, 3) of shapes (N, 10) in rest, metres."""
        return np.asarray(self.joint_template + np.einsum("jcs,ns->njc", self.joint_shapedirs, betas))


def body_rig(body: Body) -> Rig:
    """Rig of a body's 24 joints."""
    return Rig(
        np.array(PARENTS, np.int32),
        body.joint_template,
        body.joint_shapedirs,
        *_influences(body.weights),
        _rows(body.posedirs),
    )


def finger_rig(body: Body, hands: Hands) -> Rig:
    """Rig of a body's 24 joints and the 30 of its fingers."""
    return Rig(
        np.array([*PARENTS, *FINGER_PARENTS], np.int32),
        np.concatenate([body.joint_template, hands.joint_template]),
        np.concatenate([body.joint_shapedirs, hands.joint_shapedirs]),
        *_influences(hands.split_weights(body.weights)),
        _rows(body.posedirs, hands.posedirs),
    )


def _influences(weights: FloatArray) -> tuple[IntArray, FloatArray]:
    """Joints (V, K) that move each vertex and their weights (V, K) of all weights (V, J)."""
    count = max(1, int(np.count_nonzero(weights, axis=1).max()))
    order = np.argsort(-weights, axis=1, kind="stable")[:, :count]
    return order.astype(np.int32), np.take_along_axis(weights, order, axis=1)


def _rows(body: FloatArray | None, hands: FloatArray | None = None) -> FloatArray | None:
    """Pose blend shapes (V, 3, 207) of a body, and (V, 3, 270) of its fingers, by component; None is all zero."""
    given = [posedirs for posedirs in (body, hands) if posedirs is not None]
    if not given:
        return None
    if body is None:
        given.insert(0, np.zeros((*given[0].shape[:2], BODY_BENDS), np.float32))
    rows = np.concatenate(given, axis=2)
    return np.ascontiguousarray(rows.reshape(-1, rows.shape[-1]).T)
