"""The table of degrees of freedom as arrays, and its symmetry."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from ptx.geometry.fitting.priors import DOFS, HANGING_ARM, HEAD, KEYPOINT_SIGMA_FACTORS, SPINE, build_prior
from ptx.geometry.joints import KEYPOINTS, SMPL_JOINTS, joint, keypoint

PRIOR = build_prior()
MIRROR = np.diag([-1.0, 1, 1])


def test_arrays_are_the_table_in_radians() -> None:
    for name in ("mean", "sigma", "lower", "upper"):
        np.testing.assert_allclose(getattr(PRIOR, name), np.radians([getattr(dof, name) for dof in DOFS]))
    assert (PRIOR.first[0], PRIOR.first[-1]) == (0, len(PRIOR.dof))
    entries = {
        (SMPL_JOINTS[j], DOFS[PRIOR.dof[e]].name): tuple(PRIOR.axis[e])
        for j in range(24)
        for e in range(PRIOR.first[j], PRIOR.first[j + 1])
    }
    assert entries == {(name, dof.name): axis for dof in DOFS for name, axis in dof.axes.items()}


def test_means_are_within_ranges() -> None:
    assert len({dof.name for dof in DOFS}) == len(DOFS)
    for dof in DOFS:
        assert dof.lower <= dof.mean <= dof.upper
        assert dof.sigma > 0


def test_who_stands_at_ease_looks_straight_ahead() -> None:
    """Joints of the middle turn neither aside nor about the body's axis, and the head is in line with the neck."""
    for name in (*SPINE, *HEAD):
        turn = sum(dof.mean * np.array(dof.axes[name]) for dof in DOFS if name in dof.axes)
        assert not np.any(turn if name == "head" else turn[1:])


def test_shared_angles_add_up_to_the_whole() -> None:
    """A turn of the spine by an angle is a third of it at each of three joints."""
    for dof in DOFS:
        lengths = [np.linalg.norm(axis) for axis in dof.axes.values()]
        np.testing.assert_allclose(lengths, 1 / len(lengths))


def test_left_and_right_are_mirror_images() -> None:
    """The same angle left and right gives rotations that the mirror x → -x maps onto each other, and the same prior."""
    table = {dof.name: dof for dof in DOFS}
    pairs = [(dof, table[dof.name.replace("left_", "right_")]) for dof in DOFS if dof.name.startswith("left_")]
    assert len(pairs) == 10
    for left, right in pairs:
        assert left[2:] == right[2:]
        (axis,), (mirrored,) = left.axes.values(), right.axes.values()
        a, b = (Rotation.from_rotvec(0.7 * np.array(x)).as_matrix() for x in (axis, mirrored))
        np.testing.assert_allclose(MIRROR @ a @ MIRROR, b, atol=1e-12)
    rest = {name: PRIOR.rest[joint(name)] for name in SMPL_JOINTS}
    for name in SMPL_JOINTS:
        if name.startswith("left_"):
            np.testing.assert_allclose(MIRROR @ rest[name] @ MIRROR, rest[name.replace("left_", "right_")], atol=1e-15)


FORWARDS, BACKWARDS, LEFT, RIGHT, UP, DOWN = (0, 0, 1), (0, 0, -1), (1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0)

MOVES = {
    "left_hip_flexion": (DOWN, FORWARDS), "left_hip_abduction": (DOWN, LEFT), "left_hip_rotation": (FORWARDS, LEFT),
    "left_knee_flexion": (DOWN, BACKWARDS), "spine_flexion": (UP, FORWARDS), "upper_flexion": (UP, FORWARDS),
    "spine_rotation": (FORWARDS, LEFT), "spine_side": (UP, RIGHT), "neck_flexion": (UP, FORWARDS), "head_flexion": (UP, FORWARDS),
    "head_rotation": (FORWARDS, LEFT), "head_side": (UP, RIGHT), "left_collar_lift": (LEFT, UP),
    "left_collar_forward": (LEFT, FORWARDS), "left_shoulder_flexion": (DOWN, FORWARDS), "left_shoulder_abduction": (DOWN, LEFT),
    "left_shoulder_rotation": (FORWARDS, LEFT), "left_elbow_flexion": (LEFT, FORWARDS),
}  # fmt: skip
"""What a positive angle moves where: flexion of the knee brings the shank back, of the elbow (in SMPL's T-pose) the forearm forwards."""


def test_positive_angles_move_limbs_as_anatomy_names_them() -> None:
    assert MOVES.keys() == {dof.name for dof in DOFS if not dof.name.startswith("right_")}
    for dof in DOFS:
        if dof.name in MOVES:
            whole = np.sum(list(dof.axes.values()), axis=0)  # of joints that share the angle
            limb, where = MOVES[dof.name]
            np.testing.assert_allclose(Rotation.from_rotvec(np.pi / 2 * whole).apply(limb), where, atol=1e-12)


def test_arms_hang_in_rest() -> None:
    """SMPL's left arm points along +x in its T-pose."""
    angle = np.radians(HANGING_ARM)
    down = PRIOR.rest[joint("left_shoulder")] @ (1, 0, 0)
    np.testing.assert_allclose(down, (np.cos(angle), -np.sin(angle), 0))
    others = [j for j in range(24) if j not in (joint("left_shoulder"), joint("right_shoulder"))]
    assert (PRIOR.rest[others] == np.eye(3)).all()


def test_factors_of_keypoints() -> None:
    assert set(KEYPOINT_SIGMA_FACTORS) < set(KEYPOINTS)
    for name in KEYPOINTS:
        assert PRIOR.sigma_factor[keypoint(name)] == KEYPOINT_SIGMA_FACTORS.get(name, 1)
    assert PRIOR.sigma_factor.min() == 1
