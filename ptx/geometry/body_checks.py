"""Checks of the arrays of a body model before they are used."""

from __future__ import annotations

import numpy as np

from ptx.geometry.body_formats import FORMATS, Arrays, is_known_tree, pose_shape_count
from ptx.geometry.hands import FINGER_JOINTS, HAND_JOINTS, HAND_KEYS
from ptx.geometry.joints import JOINT_COUNT
from ptx.geometry.landmarks import HEAD_KEYPOINTS
from ptx.geometry.smpl_pickle import SMPL_KEYS

POSE_SHAPES = pose_shape_count(JOINT_COUNT)
"""Components of SMPL's pose blend shapes: 207."""

WEIGHT_TOLERANCE = 1e-3
"""How far the skinning weights of a vertex may sum to other than 1."""

OTHER_MODEL = "; is this SMPL, SMPL-H or SMPL-X? (others differ)"


def check_arrays(arrays: Arrays) -> None:
    """Refuse arrays that are no body in the format of SMPL, SMPL-H or SMPL-X.

    Args:
        arrays: as for `build_body`.

    Raises:
        ValueError: one line for the first thing that is wrong.
    """
    missing = [key for key in SMPL_KEYS if key not in arrays and key != "posedirs"]
    if missing:
        raise ValueError(f"no array {', '.join(missing)}{OTHER_MODEL}")
    _check_shapes(arrays)
    parents = arrays["kintree_table"][0].astype(np.int64)
    if not is_known_tree(parents):
        raise ValueError(f"kintree_table is not {FORMATS[len(parents)]}'s tree of joints{OTHER_MODEL}")
    if ("vt" in arrays) != ("ft" in arrays):
        raise ValueError("has one of vt and ft: texture coordinates need both, or neither")
    if any(key in arrays for key in HAND_KEYS) and not all(key in arrays for key in HAND_KEYS):
        raise ValueError(f"has some of {', '.join(HAND_KEYS)}: fingers need all of them, or none")
    vertices = len(arrays["v_template"])
    texture = len(arrays["vt"]) if "vt" in arrays else 0
    for key, limit in (("f", vertices), ("landmarks", vertices), ("hand_vertices", vertices), ("ft", texture)):
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
    tree = arrays["kintree_table"]
    J = tree.shape[1] if tree.ndim == 2 else 0
    if J not in FORMATS:
        known = ", ".join(f"{name} (2, {joints})" for joints, name in FORMATS.items())
        raise ValueError(f"kintree_table has shape {tree.shape}, expected that of {known}")
    expected: dict[str, tuple[int | None, ...]] = {
        "v_template": (V, 3),
        "f": (F, 3),
        "weights": (V, J),
        "J_regressor": (J, V),
        "kintree_table": (2, J),
        "shapedirs": (V, 3, None),
        "posedirs": (V, 3, pose_shape_count(J)),
        "vt": (None, 2),
        "ft": (F, 3),
        "landmarks": (len(HEAD_KEYPOINTS),),
        "hand_joints": (FINGER_JOINTS, 3),
        "hand_joint_dirs": (FINGER_JOINTS, 3, None),
        "hand_vertices": (None,),
        "hand_shares": (len(np.atleast_1d(arrays.get("hand_vertices", 0))), HAND_JOINTS),
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
