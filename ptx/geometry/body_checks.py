"""Checks of the arrays of a body model before they are used."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.joints import JOINT_COUNT, PARENTS
from ptx.geometry.landmarks import HEAD_KEYPOINTS
from ptx.geometry.smpl_pickle import SMPL_KEYS

Arrays = Mapping[str, NDArray[np.number]]
"""Arrays by SMPL's names."""

POSE_SHAPES = 9 * (JOINT_COUNT - 1)
"""Components of the pose blend shapes: 207, a rotation matrix of each joint but the root."""

WEIGHT_TOLERANCE = 1e-3
"""How far the skinning weights of a vertex may sum to other than 1."""

OTHER_MODEL = "; is this SMPL? (SMPL-H, SMPL-X and others differ)"


def check_arrays(arrays: Arrays) -> None:
    """Refuse arrays that are no body in SMPL's format.

    Args:
        arrays: as for `build_body`.

    Raises:
        ValueError: one line for the first thing that is wrong.
    """
    missing = [key for key in SMPL_KEYS if key not in arrays and key != "posedirs"]
    if missing:
        raise ValueError(f"no array {', '.join(missing)}{OTHER_MODEL}")
    _check_shapes(arrays)
    if tuple(arrays["kintree_table"][0, 1:].astype(np.int64)) != PARENTS[1:]:
        raise ValueError(f"kintree_table is not SMPL's tree of joints{OTHER_MODEL}")
    if ("vt" in arrays) != ("ft" in arrays):
        raise ValueError("has one of vt and ft: texture coordinates need both, or neither")
    vertices = len(arrays["v_template"])
    texture = len(arrays["vt"]) if "vt" in arrays else 0
    for key, limit in (("f", vertices), ("landmarks", vertices), ("ft", texture)):
        index = arrays.get(key)
        if index is not None and index.size and (index.min() < 0 or index.max() >= limit):
            raise ValueError(
                f"{key} names entries {index.min()}..{index.max()}, but there are {limit}; download the file again"
            )
    sums = arrays["weights"].sum(axis=1)
    if np.abs(sums - 1).max() > WEIGHT_TOLERANCE:
        raise ValueError(
            f"weights of a vertex sum to {sums[np.abs(sums - 1).argmax()]:.4f}, expected 1; download the file again"
        )


def _check_shapes(arrays: Arrays) -> None:
    """Refuse arrays of wrong shapes and types, and numbers that are not finite."""
    V = len(np.atleast_1d(arrays["v_template"]))
    F = len(np.atleast_1d(arrays["f"]))
    expected: dict[str, tuple[int | None, ...]] = {
        "v_template": (V, 3),
        "f": (F, 3),
        "weights": (V, JOINT_COUNT),
        "J_regressor": (JOINT_COUNT, V),
        "kintree_table": (2, JOINT_COUNT),
        "shapedirs": (V, 3, None),
        "posedirs": (V, 3, POSE_SHAPES),
        "vt": (None, 2),
        "ft": (F, 3),
        "landmarks": (len(HEAD_KEYPOINTS),),
    }
    for key, shape in expected.items():
        if key not in arrays:
            continue
        array = arrays[key]
        sizes = zip(shape, array.shape, strict=False)
        if array.ndim != len(shape) or any(wanted not in (None, size) for wanted, size in sizes):
            text = ", ".join("any" if wanted is None else str(wanted) for wanted in shape)
            raise ValueError(f"{key} has shape {array.shape}, expected ({text}){OTHER_MODEL}")
        if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
            raise ValueError(f"{key} holds something other than finite numbers; download the file again")
