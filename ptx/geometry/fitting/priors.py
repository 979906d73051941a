"""Degrees of freedom of the fitted skeleton, and the prior on each of them.

The pose is not fitted as 72 free numbers: elbows and knees are hinges, the three spine joints share their turn and
side bend, as do neck and head, while the upper back and the neck bend forward on their own (who looks down in profile
has the nose a hand's length before the shoulders); and joints that nothing observes (wrists and ankles without
landmarks of hands and feet; hands and feet themselves) stay at zero. Each degree of freedom has a mean, a Gaussian
width, and a range outside which a stiff quadratic penalty begins.

Ranges are the textbook ranges of motion (American Academy of Orthopaedic Surgeons, "Joint Motion", 1965, as tabulated
in Norkin and White, "Measurement of Joint Motion"): hip flexion 120, extension 30, abduction 45, adduction 30,
rotation 45 each way; knee 0..135 (150 when squatting); shoulder flexion and abduction 180, extension 60, rotation 70
and 90; elbow 0..150; wrist flexion 80, extension 70, radial deviation 20, ulnar deviation 30; forearm pronation and
supination 80; ankle plantar flexion 50, dorsiflexion 20; thoracolumbar flexion 80, extension 25, side bend 35,
rotation 45; neck flexion and extension 45, side bend 45, rotation 60..80. Means and widths are ours: a person who
stands at ease, arms hanging, joints slightly bent, the head in line with the neck.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.detected_landmarks import LANDMARKS, SIGMA_FACTORS
from ptx.geometry.joints import JOINT_COUNT, KEYPOINTS, SMPL_JOINTS, joint

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Axis = tuple[float, float, float]


class Dof(NamedTuple):
    """One degree of freedom: an angle that turns one joint, or several in fixed proportions."""

    name: str
    """A word for messages, such as "left_knee_flexion"."""
    axes: dict[str, Axis]
    """Joint name → axis-angle vector per unit of the angle."""
    mean: float
    """Degrees."""
    sigma: float
    """Standard deviation, degrees."""
    lower: float
    """Least angle without a penalty, degrees."""
    upper: float
    """Greatest angle without a penalty, degrees."""


HANGING_ARM = 76.0
"""Degrees by which the mean pose lowers the arms from SMPL's T-pose."""

SPINE = ("spine1", "spine2", "spine3")
"""Joints of the back, from the pelvis up."""

HEAD = ("neck", "head")
"""Joints above the shoulders."""


def _mirrored(name: str, joint_name: str, axis: Axis, *numbers: float) -> list[Dof]:
    """The same degree of freedom left and right; a rotation's y and z components change sign under the mirror."""
    x, y, z = axis
    return [
        Dof(f"left_{name}", {f"left_{joint_name}": axis}, *numbers),
        Dof(f"right_{name}", {f"right_{joint_name}": (x, -y, -z)}, *numbers),
    ]


def _shared(name: str, joint_names: tuple[str, ...], axis: Axis, *numbers: float) -> Dof:
    """One degree of freedom that turns several joints by equal fractions of its angle."""
    fraction = 1 / len(joint_names)
    x, y, z = axis
    return Dof(name, dict.fromkeys(joint_names, (x * fraction, y * fraction, z * fraction)), *numbers)


DOFS: tuple[Dof, ...] = (
    *_mirrored("hip_flexion", "hip", (-1, 0, 0), 8, 35, -30, 125),
    *_mirrored("hip_abduction", "hip", (0, 0, 1), 2, 14, -30, 55),
    *_mirrored("hip_rotation", "hip", (0, 1, 0), 3, 16, -45, 50),
    *_mirrored("knee_flexion", "knee", (1, 0, 0), 12, 40, 0, 150),
    _shared("spine_flexion", SPINE[:2], (1, 0, 0), 2, 12, -20, 60),
    _shared("upper_flexion", SPINE[2:], (1, 0, 0), 2, 20, -15, 45),
    _shared("spine_rotation", SPINE, (0, 1, 0), 0, 14, -45, 45),
    _shared("spine_side", SPINE, (0, 0, 1), 0, 12, -35, 35),
    _shared("neck_flexion", HEAD[:1], (1, 0, 0), 4, 30, -35, 60),
    _shared("head_flexion", HEAD[1:], (1, 0, 0), 0, 20, -40, 40),
    _shared("head_rotation", HEAD, (0, 1, 0), 0, 25, -75, 75),
    _shared("head_side", HEAD, (0, 0, 1), 0, 12, -45, 45),
    *_mirrored("collar_lift", "collar", (0, 0, 1), 0, 8, -12, 35),
    *_mirrored("collar_forward", "collar", (0, -1, 0), 0, 8, -20, 30),
    *_mirrored("shoulder_flexion", "shoulder", (-1, 0, 0), 3, 45, -60, 180),
    *_mirrored("shoulder_abduction", "shoulder", (0, 0, 1), 0, 40, -60, 175),
    *_mirrored("shoulder_rotation", "shoulder", (0, 1, 0), 0, 40, -90, 90),
    *_mirrored("elbow_flexion", "elbow", (0, -1, 0), 14, 45, 0, 150),
)  # fmt: skip
"""Degrees of freedom that the 18 keypoints observe: name, joints, axis, then mean, sigma, lower and upper in degrees."""

LIMB_DOFS: tuple[Dof, ...] = (
    *_mirrored("ankle_flexion", "ankle", (1, 0, 0), 0, 16, -25, 50),
    *_mirrored("ankle_turn", "ankle", (0, 1, 0), 0, 12, -30, 30),
    *_mirrored("wrist_flexion", "wrist", (0, 0, -1), 0, 18, -70, 80),
    *_mirrored("wrist_twist", "wrist", (1, 0, 0), 0, 35, -85, 85),
    *_mirrored("wrist_deviation", "wrist", (0, 1, 0), 0, 10, -20, 30),
)
"""Those that landmarks of feet and hands observe besides, in the same form."""

KEYPOINT_SIGMA_FACTORS = {
    "nose": 1.2, "neck": 1.6, "right_shoulder": 1.4, "left_shoulder": 1.4, "right_hip": 2.5, "left_hip": 2.5,
    "right_knee": 1.2, "left_knee": 1.2, "right_ankle": 1.2, "left_ankle": 1.2,
    "right_eye": 2.0, "left_eye": 2.0, "right_ear": 2.0, "left_ear": 2.0,
}  # fmt: skip
"""Factors on the standard deviation of a keypoint, 1 for elbows and wrists.

Ours: what annotators call a hip is centimetres away from the joint's centre; the neck is not a measurement of its own
but the middle of the shoulders.
"""


class Prior(NamedTuple):
    """`DOFS` as arrays: D degrees of freedom, E entries (joint, degree of freedom) sorted by joint."""

    first: Ints
    """(25,) the entries of joint j are first[j]:first[j + 1]."""
    dof: Ints
    """(E,) degree of freedom of each entry."""
    axis: Floats
    """(E, 3) axis-angle vector, radians per radian of the degree of freedom."""
    mean: Floats
    """(D,) radians."""
    sigma: Floats
    """(D,) standard deviation, radians."""
    lower: Floats
    """(D,) radians; below it a penalty begins."""
    upper: Floats
    """(D,) radians; above it a penalty begins."""
    rest: Floats
    """(24, 3, 3) rotation of a joint whose degrees of freedom are zero: local rotation = exp(dofs) rest."""
    sigma_factor: Floats
    """(K,) factor on the standard deviation of each keypoint, and of each landmark if they are fitted."""


def build_prior(*, landmarks: bool = False) -> Prior:
    """Write degrees of freedom and factors as arrays, degrees as radians.

    Args:
        landmarks: with `LIMB_DOFS`, and the factors of `LANDMARKS` after those of the keypoints.
    """
    dofs = (*DOFS, *LIMB_DOFS) if landmarks else DOFS
    factors = [KEYPOINT_SIGMA_FACTORS.get(name, 1.0) for name in KEYPOINTS]
    first: list[int] = [0]
    dof: list[int] = []
    axis: list[Axis] = []
    for name in SMPL_JOINTS:
        for index, entry in enumerate(dofs):
            if name in entry.axes:
                dof.append(index)
                axis.append(entry.axes[name])
        first.append(len(dof))
    rest = np.tile(np.eye(3), (JOINT_COUNT, 1, 1))
    c = np.cos(np.radians(HANGING_ARM))
    s = np.sin(np.radians(HANGING_ARM))
    rest[joint("left_shoulder")] = [[c, s, 0], [-s, c, 0], [0, 0, 1]]
    rest[joint("right_shoulder")] = [[c, -s, 0], [s, c, 0], [0, 0, 1]]
    numbers = np.radians([[d.mean, d.sigma, d.lower, d.upper] for d in dofs])
    mean, sigma, lower, upper = (np.ascontiguousarray(numbers[:, i]) for i in range(4))
    return Prior(
        first=np.array(first, np.int64),
        dof=np.array(dof, np.int64),
        axis=np.array(axis, np.float64),
        mean=mean,
        sigma=sigma,
        lower=lower,
        upper=upper,
        rest=rest,
        sigma_factor=np.array([*factors, *(SIGMA_FACTORS[name] for name in LANDMARKS)] if landmarks else factors),
    )
