"""Motion of another skeleton brought to SMPL's 24 joints."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.avatar.bvh import Bvh
from ptx.avatar.joint_search import find_joints
from ptx.geometry.body import load_body
from ptx.geometry.joints import PARENTS, SMPL_JOINTS, joint
from ptx.geometry.rotation import axis_angles, rotation_matrices

Rotations = NDArray[np.float64]
"""(..., 3, 3)."""

BODY = "builtin"
"""Body whose rest pose is SMPL's: the bones of its models have the same directions to a degree or two."""

LIMBS = {
    "left_hip": "left_knee", "left_knee": "left_ankle", "right_hip": "right_knee", "right_knee": "right_ankle",
    "left_shoulder": "left_elbow", "left_elbow": "left_wrist", "right_shoulder": "right_elbow", "right_elbow": "right_wrist",
}  # fmt: skip
"""Joints of arms and legs → the next one: their bones have the direction that the other skeleton's have."""

SHORT_BONES = {
    "left_ankle": "left_foot", "right_ankle": "right_foot", "left_collar": "left_shoulder", "right_collar": "right_shoulder",
    "neck": "head",
}  # fmt: skip
"""Joints → the next one: skeletons place these differently, so at rest these bones are taken to be the same unless they are far apart."""

FAR_APART = np.cos(np.radians(35))
"""Cosine of the angle between two skeletons' bones at rest from which on it is no matter of placing."""

UPRIGHT = 0.5
"""Least cosine of the legs to the spine's downward direction, of a rest pose that is a person standing."""

MEAN_FRAMES = 500
"""Frames of a motion, at most, that a mean is taken of."""

OVERHEAD = 0.9
"""Cosine to the spine from which on arms point upward: no rest pose of a person."""


class Skeleton(NamedTuple):
    """Another skeleton's joints by SMPL's names."""

    bvh: Bvh
    joints: dict[str, int]
    """SMPL's name → number of the joint, see `find_joints`."""

    def rest(self, name: str) -> NDArray[np.float64]:
        """Place (3,) of a joint at rest."""
        return self.bvh.rest_place(self.joints[name])

    def bone(self, start: str, end: str) -> NDArray[np.float64]:
        """Direction (3,) from one joint to another at rest."""
        return unit(self.rest(end) - self.rest(start))


def retarget(bvh: Bvh) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bring a motion to SMPL's joints.

    Arms and legs get the directions that they have in the other skeleton, whatever its rest pose; the bend of its spine is shared by
    SMPL's three joints; how far a limb turns about itself is what it turns from the rest pose, or, where that is no person standing,
    from what it turns in the mean of the motion. Lengths are scaled by the legs. The motion begins at x = z = 0; the lowest place of its
    feet is the ground that SMPL's body stands on at rest.

    Returns:
        poses (T, 24, 3) axis-angle, root (T, 3) metres by which the body is moved; y up.

    Raises:
        PtxError: the skeleton is not a person's whose joints are known.
    """
    skeleton = Skeleton(bvh, find_joints(bvh))
    rest = load_body(BODY).joint_template.astype(np.float64)
    turned = _whole_rotations(skeleton, rest)
    up = _upward(skeleton, turned["pelvis"])
    root = _root(skeleton, rest, up, up @ turned["pelvis"])
    whole = np.stack([turned[name] for name in SMPL_JOINTS], axis=1)
    local = whole.copy()
    local[:, 0] = up @ whole[:, 0]
    for child, parent in enumerate(PARENTS[1:], 1):
        local[:, child] = whole[:, parent].swapaxes(1, 2) @ whole[:, child]
    return np.asarray(axis_angles(local), np.float64), root


def _whole_rotations(skeleton: Skeleton, rest: NDArray[np.float64]) -> dict[str, Rotations]:
    """Return each SMPL joint's rotation (T, 3, 3) from its rest, in the file's axes."""
    bvh, joints = skeleton.bvh, skeleton.joints
    stands = _stands(skeleton)
    trunk = _trunk_axes(skeleton, stands)
    turned = {
        "pelvis": bvh.rotation(joints["pelvis"]) @ trunk["pelvis"],
        "spine3": bvh.rotation(joints["spine3"]) @ trunk["spine3"],
    }
    bend = np.asarray(axis_angles(turned["pelvis"].swapaxes(1, 2) @ turned["spine3"]), np.float64)
    for part, name in ((1 / 3, "spine1"), (2 / 3, "spine2")):
        turned[name] = turned["pelvis"] @ rotation_matrices(part * bend)
    axes: dict[str, Rotations] = {}
    for number, name in enumerate(SMPL_JOINTS):
        if name in turned:
            continue
        above = SMPL_JOINTS[PARENTS[number]]
        if name not in joints or name.endswith("_hand"):
            turned[name] = turned[above]
            continue
        theirs = bvh.rotation(joints[name])
        after = (LIMBS | SHORT_BONES).get(name)
        ours = None if after is None else unit(rest[joint(after)] - rest[number])
        wanted = None if after is None or after not in joints else skeleton.bone(name, after)
        if not stands:
            axes[name] = _mean_axes(theirs, turned[above], ours, wanted)
        elif ours is None or wanted is None:
            axes[name] = axes.get(above, trunk["pelvis"])
        else:
            apart = name in LIMBS or (trunk["pelvis"] @ ours) @ wanted < FAR_APART
            axes[name] = (shortest(trunk["pelvis"] @ ours, wanted) if apart else np.eye(3)) @ trunk["pelvis"]
        turned[name] = theirs @ axes[name]
    return turned


def _stands(skeleton: Skeleton) -> bool:
    """True where the rest pose is a person standing, arms not overhead; some files have all bones along one axis."""
    up = unit(skeleton.rest("neck") - (skeleton.rest("left_hip") + skeleton.rest("right_hip")) / 2)
    legs = [skeleton.bone(f"{side}_hip", f"{side}_ankle") @ up for side in ("left", "right")]
    arms = [skeleton.bone(f"{side}_shoulder", f"{side}_wrist") @ up for side in ("left", "right")]
    return bool(max(legs) < -UPRIGHT and max(arms) < OVERHEAD)


def _trunk_axes(skeleton: Skeleton, stands: bool) -> dict[str, Rotations]:
    """Return what SMPL's axes, x to the left and y up, are at rest for pelvis and chest, columns in the file's axes."""
    hips = skeleton.rest("left_hip") - skeleton.rest("right_hip")
    if stands:
        upright = axes_of(hips, skeleton.rest("neck") - (skeleton.rest("left_hip") + skeleton.rest("right_hip")) / 2)
        return {"pelvis": upright, "spine3": upright}
    arms = "collar" if "left_collar" in skeleton.joints and "right_collar" in skeleton.joints else "shoulder"
    width = skeleton.rest(f"left_{arms}") - skeleton.rest(f"right_{arms}")
    chest = skeleton.joints["spine3"]
    first = skeleton.bvh.above(chest)[::-1]
    spine = [*first[first.index(skeleton.joints["pelvis"]) + 1 :], chest][0]
    return {
        "pelvis": axes_of(hips, skeleton.bvh.rest_place(spine) - skeleton.rest("pelvis")),
        "spine3": axes_of(width, skeleton.rest("neck") - skeleton.rest("spine3")),
    }


def _mean_axes(
    theirs: Rotations, above: Rotations, ours: NDArray[np.float64] | None, wanted: NDArray[np.float64] | None
) -> Rotations:
    """Return SMPL's axes (3, 3) at a joint's rest by which it turns least against the joint above, in the mean of the motion.

    Args:
        theirs: (T, 3, 3) rotation of the joint.
        above: (T, 3, 3) rotation of SMPL's joint above.
        ours: (3,) direction of SMPL's bone at rest, or None.
        wanted: (3,) direction of the other skeleton's bone at rest, which it shall have, or None.
    """
    step = -(-len(theirs) // MEAN_FRAMES)
    theirs, above = theirs[::step], above[::step]
    unturned = above
    if ours is not None and wanted is not None:
        unturned = np.stack(
            [shortest(one @ ours, other @ wanted) @ one for one, other in zip(above, theirs, strict=True)]
        )
    U, _, V = np.linalg.svd((theirs.swapaxes(1, 2) @ unturned).mean(axis=0))
    axes: Rotations = U @ np.diag((1.0, 1.0, np.linalg.det(U @ V))) @ V
    return axes if ours is None or wanted is None else shortest(axes @ ours, wanted) @ axes


def _upward(skeleton: Skeleton, pelvis: Rotations) -> Rotations:
    """Return the rotation (3, 3) that brings the file's axes to y up: people stand along z in some, above a ground at z = 0."""
    up = pelvis[:, :, 1].mean(axis=0)
    leg = np.linalg.norm(skeleton.rest("left_hip") - skeleton.rest("left_ankle"))
    high = np.median(skeleton.bvh.place(skeleton.joints["pelvis"])[:, 2]) > leg / 2
    if up[2] > abs(up[1]) and high:
        return np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
    return np.eye(3)


def _root(skeleton: Skeleton, rest: NDArray[np.float64], up: Rotations, pelvis: Rotations) -> NDArray[np.float64]:
    """Return the metres (T, 3) by which SMPL's pelvis is moved so that the middle of the hips is where the other skeleton's is."""

    def places(name: str) -> NDArray[np.float64]:
        return skeleton.bvh.place(skeleton.joints[name]) @ up.T

    bones = [(start, end) for start, end in LIMBS.items() if end.endswith(("_knee", "_ankle"))]
    ours = sum(np.linalg.norm(rest[joint(end)] - rest[joint(start)]) for start, end in bones)
    scale = ours / sum(np.linalg.norm(skeleton.rest(end) - skeleton.rest(start)) for start, end in bones)
    hips = scale * (places("left_hip") + places("right_hip")) / 2
    feet = "foot" if {"left_foot", "right_foot"} <= set(skeleton.joints) else "ankle"
    lowest = np.minimum(places(f"left_{feet}")[:, 1], places(f"right_{feet}")[:, 1])
    ground = scale * np.percentile(lowest, 1)
    middle = (rest[joint("left_hip")] + rest[joint("right_hip")]) / 2 - rest[0]
    root: NDArray[np.float64] = hips - (hips[0, 0], ground, hips[0, 2]) - pelvis @ middle - rest[0]
    root[:, 1] += min(rest[joint(f"left_{feet}"), 1], rest[joint(f"right_{feet}"), 1])
    return root


def unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a vector (3,) of length 1."""
    return vector / max(float(np.linalg.norm(vector)), 1e-12)


def axes_of(left: NDArray[np.float64], up: NDArray[np.float64]) -> Rotations:
    """Return x along `left`, y as near to `up` as can be, and z: columns (3, 3)."""
    x = unit(left)
    y = unit(up - (up @ x) * x)
    return np.column_stack([x, y, np.cross(x, y)])


def shortest(start: NDArray[np.float64], end: NDArray[np.float64]) -> Rotations:
    """Return the smallest rotation (3, 3) that brings one unit vector to another; for opposite ones about any axis across."""
    axis = np.cross(start, end)
    sine, cosine = float(np.linalg.norm(axis)), float(start @ end)
    if sine < 1e-9:
        across = unit(np.cross(start, np.eye(3)[int(np.argmin(np.abs(start)))]))
        return np.eye(3) if cosine > 0 else np.asarray(rotation_matrices(np.pi * across), np.float64)
    return np.asarray(rotation_matrices(axis / sine * np.arctan2(sine, cosine)), np.float64)
