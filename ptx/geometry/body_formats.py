"""SMPL-H and SMPL-X bodies with SMPL's 24 joints, and their fingers beside them.

The three formats share joints 0 to 21 and their tree. SMPL has a joint for each hand after them (22, 23), SMPL-H 15 for the fingers of
each hand, SMPL-X these, the jaw and two eyes:

    SMPL     24 joints, 6,890 vertices (Loper et al., SIGGRAPH Asia 2015)
    SMPL-H   52 joints, 6,890 vertices (Romero, Tzionas and Black, SIGGRAPH Asia 2017)
    SMPL-X   55 joints, 10,475 vertices (Pavlakos et al., CVPR 2019)

Here all of a hand moves with one joint in the middle of the joints that hang on the wrist, and jaw and eyes with the head. As long as
jaw and eyes are at rest, and the hands do not turn at the wrist's end, which keypoints do not tell anyway, the body is exactly the
format's own: a joint that does not turn moves with its parent, and its pose blend shapes are zero. The fingers then take the hand's skin
again (`hands.Hands`) where they are posed. At rest means flat hands, and not the relaxed ones that smplx adds by default. Of SMPL-X's
blend shapes the first ten are of the shape in every release, the expressions come later and are left out.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.hands import CARRIERS, FINGER_JOINTS, HAND_JOINTS, WRISTS
from ptx.geometry.joints import JOINT_COUNT, PARENTS, joint

Arrays = Mapping[str, NDArray[np.number]]
"""Arrays by SMPL's names."""

COMMON = joint("left_hand")
"""Number of joints that the formats share: those before SMPL's hands."""

FORMATS = {JOINT_COUNT: "SMPL", 52: "SMPL-H", 55: "SMPL-X"}
"""Number of joints → the format that has as many."""

FOLDED = {
    joint("left_wrist"): joint("left_hand"),
    joint("right_wrist"): joint("right_hand"),
    joint("head"): joint("head"),
}
"""Shared joint that others hang on → the joint of SMPL that they become."""


def pose_shape_count(joints: int) -> int:
    """Components of the pose blend shapes of a tree: nine, a rotation matrix, for each joint but the root."""
    return 9 * (joints - 1)


def carrier(parents: NDArray[np.integer], number: int) -> int:
    """Return the shared joint that a joint hangs on, over however many others."""
    while number >= COMMON:
        number = int(parents[number])
    return number


def is_known_tree(parents: NDArray[np.integer]) -> bool:
    """Return True if the parents (J,) are those of SMPL, or of SMPL-H or SMPL-X: fingers hang on wrists, the face on the head."""
    if len(parents) not in FORMATS or tuple(parents[1:COMMON].tolist()) != PARENTS[1:COMMON]:
        return False
    if len(parents) == JOINT_COUNT:
        return tuple(parents[COMMON:].tolist()) == PARENTS[COMMON:]
    if any(not 0 <= parents[number] < number for number in range(COMMON, len(parents))):
        return False
    carriers = {carrier(parents, number) for number in range(COMMON, len(parents))}
    return {joint("left_wrist"), joint("right_wrist")} <= carriers <= set(FOLDED)


def with_smpl_joints(arrays: Arrays) -> Arrays:
    """Fold a body of SMPL-H or SMPL-X to SMPL's 24 joints; one of SMPL is returned as it is.

    Args:
        arrays: of J joints, checked (`body_checks`).

    Returns:
        The same with weights (V, 24), J_regressor (24, V), kintree_table (2, 24) and, where there are pose blend shapes, posedirs
        (V, 3, 207) with zeros for the hands; and the arrays of fingers (`hands.build_hands`) where these are as in the official files.
    """
    parents = arrays["kintree_table"][0].astype(np.int64)
    if len(parents) == JOINT_COUNT:
        return arrays
    regressor = np.zeros((JOINT_COUNT, len(arrays["v_template"])))
    regressor[:COMMON] = arrays["J_regressor"][:COMMON]
    given = arrays["weights"].astype(np.float64)
    weights = np.zeros((len(given), JOINT_COUNT))
    weights[:, :COMMON] = given[:, :COMMON]
    for number in range(COMMON, len(parents)):
        weights[:, FOLDED[carrier(parents, number)]] += given[:, number]
    for wrist, hand in FOLDED.items():
        if hand != wrist:
            regressor[hand] = arrays["J_regressor"][COMMON:][parents[COMMON:] == wrist].mean(axis=0)
    folded = {**arrays, "weights": weights, "J_regressor": regressor}
    folded["kintree_table"] = np.array([PARENTS, range(JOINT_COUNT)], np.int64)
    if "posedirs" in arrays:
        kept = pose_shape_count(COMMON)
        posedirs = np.zeros((*arrays["v_template"].shape, pose_shape_count(JOINT_COUNT)))
        posedirs[..., :kept] = arrays["posedirs"][..., :kept]
        folded["posedirs"] = posedirs
    return {**folded, **_finger_arrays(arrays, weights)}


def _finger_arrays(arrays: Arrays, weights: NDArray[np.float64]) -> Arrays:
    """Arrays of the fingers (`hands.build_hands`) of a body of J joints whose weights folded to 24 joints are `weights`.

    Empty where the last 30 joints are no fingers of three joints each, those of the left hand first, or have no skin.
    """
    parents = arrays["kintree_table"][0].astype(np.int64)
    first = len(parents) - FINGER_JOINTS
    expected = [WRISTS[k // HAND_JOINTS] if k % 3 == 0 else first + k - 1 for k in range(FINGER_JOINTS)]
    if parents[first:].tolist() != expected:
        return {}
    regressor = arrays["J_regressor"][first:].astype(np.float64)
    own = arrays["weights"][:, first:].astype(np.float64).reshape(-1, 2, HAND_JOINTS)
    hand = np.argmax(weights[:, CARRIERS], axis=1)  # the one that a vertex moves with most
    whole = weights[np.arange(len(weights)), np.array(CARRIERS)[hand]]
    vertices = np.flatnonzero(whole > 0)
    if not len(vertices):
        return {}
    out = {
        "hand_joints": regressor @ arrays["v_template"],
        "hand_joint_dirs": np.einsum("jv,vcs->jcs", regressor, arrays["shapedirs"], optimize=True),
        "hand_vertices": vertices,
        "hand_shares": own[vertices, hand[vertices]] / whole[vertices, None],
    }
    if "posedirs" in arrays:
        out["hand_posedirs"] = arrays["posedirs"][..., pose_shape_count(first) :]
    return out
