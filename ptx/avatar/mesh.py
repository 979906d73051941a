"""The mesh of an avatar: a body in rest whose vertices are split where its texture has seams, with at most four joints a vertex."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.rig import Rig

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

INFLUENCES = 4
"""Joints that move a vertex in every viewer of glTF."""


class SplitMesh(NamedTuple):
    """A mesh with one place in the texture for each of its N vertices."""

    origin: NDArray[np.int64]
    """(N,) the body's vertex that each is a copy of."""
    corners: Floats
    """(N, 2) px of the texture."""
    faces: NDArray[np.int64]
    """(F, 3)."""


def split_at_seams(faces: Ints, corners: Floats) -> SplitMesh:
    """Split vertices so that each has one place in the texture; the same mesh always gives the same order.

    Args:
        faces: (F, 3) of a body.
        corners: (F, 3, 2) px of the texture.
    """
    rows = np.concatenate([faces.reshape(-1, 1), corners.reshape(-1, 2)], axis=1, dtype=np.float64)
    kinds, number = np.unique(rows, axis=0, return_inverse=True)
    return SplitMesh(kinds[:, 0].astype(np.int64), kinds[:, 1:].astype(np.float32), number.reshape(faces.shape))


def four_influences(rig: Rig) -> tuple[NDArray[np.uint8], Floats]:
    """Joints (V, 4) and weights (V, 4), which sum to 1, of a rig; joint 0 where there are fewer.

    Where more than four move a vertex, the weight of the lightest goes to the nearest joint above it that stays, or else to the heaviest:
    so a hand whose fingers are at rest moves as one, however its arm is turned.
    """
    count = min(INFLUENCES, rig.weights.shape[1])
    joints, weights = np.zeros((2, len(rig.weights), INFLUENCES))
    joints[:, :count], weights[:, :count] = rig.joints[:, :count], rig.weights[:, :count]
    for vertex, slot in zip(*np.nonzero(rig.weights[:, count:]), strict=True):
        heir = rig.joints[vertex, count + slot]
        while heir >= 0 and heir not in rig.joints[vertex, :count]:
            heir = rig.parents[heir]
        weights[vertex, int((rig.joints[vertex, :count] == heir).argmax())] += rig.weights[vertex, count + slot]
    weights = (weights / weights.sum(1, keepdims=True)).astype(np.float32)
    weights[:, 0] = 1 - weights[:, 1:].sum(1, dtype=np.float64)
    return np.where(weights > 0, joints, 0).astype(np.uint8), weights
