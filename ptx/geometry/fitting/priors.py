"""Degrees of freedom of the fitted skeleton and what is known about them before a picture is seen.

The pose is not fitted as 72 free numbers: elbows and knees are hinges, the three spine joints share their turn and
side bend, as do neck and head, while the upper back and the neck bend forward on their own (who looks down in profile
has the nose a hand's length before the shoulders); and joints that no keypoint observes (wrists, hands, ankles, feet)
stay at zero. Each degree of freedom has a mean, a Gaussian width, and a range outside which a stiff quadratic penalty begins.

Ranges are the textbook ranges of motion (American Academy of Orthopaedic Surgeons, "Joint Motion", 1965, as tabulated
in Norkin and White, "Measurement of Joint Motion"): hip flexion 120, extension 30, abduction 45, adduction 30,
rotation 45 each way; knee 0..135 (150 when squatting); shoulder flexion and abduction 180, extension 60, rotation 70
and 90; elbow 0..150; thoracolumbar flexion 80, extension 25, side bend 35, rotation 45; neck flexion and extension
45, side bend 45, rotation 60..80. Means and widths are ours: a person who stands at ease, arms hanging, joints
slightly bent.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.joints import KEYPOINTS, SMPL_JOINTS, joint

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Dof(NamedTuple):
    """One degree of freedom: `angle` degrees turn every joint of `axes` about its axis-angle vector times `angle`."""

    name: str
    axes: dict[str, tuple[float, float, float]]
    mean: float
    sigma: float
    lower: float
    upper: float


HANGING_ARM = 76.0
"""Degrees by which the mean pose lowers the arms from SMPL's T-pose."""


def _sided(name: str, sides: str, axis: tuple[float, float, float], *numbers: float) -> list[Dof]:
    """The same degree of freedom left and right; a rotation's y and z components change sign under the mirror."""
    x, y, z = axis
    mirrored = (x, -y, -z)
    return [
        Dof(f"left_{name}", {f"left_{sides}": axis}, *numbers),
        Dof(f"right_{name}", {f"right_{sides}": mirrored}, *numbers),
    ]


def _shared(name: str, joints: tuple[str, ...], axis: tuple[float, float, float], *numbers: float) -> Dof:
    share = 1 / len(joints)
    return Dof(name, dict.fromkeys(joints, (axis[0] * share, axis[1] * share, axis[2] * share)), *numbers)


SPINE = ("spine1", "spine2", "spine3")
HEAD = ("neck", "head")

DOFS: tuple[Dof, ...] = (
    *_sided("hip_flexion", "hip", (-1, 0, 0), 8, 35, -30, 125),
    *_sided("hip_abduction", "hip", (0, 0, 1), 2, 14, -30, 55),
    *_sided("hip_rotation", "hip", (0, 1, 0), 3, 16, -45, 50),
    *_sided("knee_flexion", "knee", (1, 0, 0), 12, 40, 0, 150),
    _shared("spine_flexion", SPINE[:2], (1, 0, 0), 2, 12, -20, 60),
    _shared("upper_flexion", SPINE[2:], (1, 0, 0), 2, 20, -15, 45),
    _shared("spine_rotation", SPINE, (0, 1, 0), 0, 14, -45, 45),
    _shared("spine_side", SPINE, (0, 0, 1), 0, 12, -35, 35),
    _shared("neck_flexion", HEAD[:1], (1, 0, 0), 4, 30, -35, 60),
    _shared("head_flexion", HEAD[1:], (1, 0, 0), 0, 20, -40, 40),
    _shared("head_rotation", HEAD, (0, 1, 0), 0, 25, -75, 75),
    _shared("head_side", HEAD, (0, 0, 1), 0, 12, -45, 45),
    *_sided("collar_lift", "collar", (0, 0, 1), 0, 8, -12, 35),
    *_sided("collar_forward", "collar", (0, -1, 0), 0, 8, -20, 30),
    *_sided("shoulder_flexion", "shoulder", (-1, 0, 0), 3, 45, -60, 180),
    *_sided("shoulder_abduction", "shoulder", (0, 0, 1), 0, 40, -60, 175),
    *_sided("shoulder_rotation", "shoulder", (0, 1, 0), 0, 40, -90, 90),
    *_sided("elbow_flexion", "elbow", (0, -1, 0), 14, 45, 0, 150),
)  # fmt: skip


SPREAD = {
    "nose": 1.2, "neck": 1.6, "right_shoulder": 1.4, "left_shoulder": 1.4, "right_hip": 2.5, "left_hip": 2.5,
    "right_knee": 1.2, "left_knee": 1.2, "right_ankle": 1.2, "left_ankle": 1.2,
    "right_eye": 2.0, "left_eye": 2.0, "right_ear": 2.0, "left_ear": 2.0,
}  # fmt: skip
"""How much less a keypoint is trusted than an elbow or a wrist. Ours: what annotators call a hip is centimetres away
from the joint's centre; the neck is not a measurement of its own but the middle of the shoulders."""


class Prior(NamedTuple):
    """The table above as arrays: D degrees of freedom, E (joint, degree of freedom) entries sorted by joint."""

    first: Ints
    """(25,) entries of joint j are first[j]:first[j + 1]."""
    dof: Ints
    """(E,) degree of freedom of an entry."""
    axis: Floats
    """(E, 3) radians of axis-angle per radian of the degree of freedom."""
    mean: Floats
    """(D,) radians, as are all below."""
    sigma: Floats
    lower: Floats
    upper: Floats
    rest: Floats
    """(24, 3, 3) rotation that a joint has when its degrees of freedom are zero: local rotation = exp(dofs) rest."""
    spread: Floats
    """(18,) factors on the standard deviation of each keypoint."""


def build_prior() -> Prior:
    """`DOFS` as arrays."""
    first, dof, axis = [0], [], []
    for name in SMPL_JOINTS:
        for index, entry in enumerate(DOFS):
            if name in entry.axes:
                dof.append(index)
                axis.append(entry.axes[name])
        first.append(len(dof))
    rest = np.tile(np.eye(3), (24, 1, 1))
    c, s = np.cos(np.radians(HANGING_ARM)), np.sin(np.radians(HANGING_ARM))
    rest[joint("left_shoulder")] = [[c, s, 0], [-s, c, 0], [0, 0, 1]]
    rest[joint("right_shoulder")] = [[c, -s, 0], [s, c, 0], [0, 0, 1]]
    numbers = np.radians([[d.mean, d.sigma, d.lower, d.upper] for d in DOFS])
    mean, sigma, lower, upper = (np.ascontiguousarray(numbers[:, i]) for i in range(4))
    spread = np.array([SPREAD.get(name, 1.0) for name in KEYPOINTS])
    return Prior(np.array(first), np.array(dof), np.array(axis, float), mean, sigma, lower, upper, rest, spread)
