"""Degrees of freedom of the fingers, and the prior on each of them.

A finger has three: flexion of the knuckle, spread, and flexion of the middle joint, which the last joint follows by `COUPLED`. The thumb
has four: flexion and abduction at its root, and flexion of the two joints beyond. Angles are anatomical whatever the rest pose of the
body: 0 is a straight finger in the plane of the palm, along the middle metacarpal; of the thumb's root 0 is the rest pose.

Ranges are the textbook ranges of motion (American Academy of Orthopaedic Surgeons, "Joint Motion", 1965): knuckle 0..90 and 45 back, of
which 25 here, middle joint 0..100, thumb's joints 0..50 and 0..80. That the last joint turns by two thirds of the middle one is the
usual model of a hand (Rijpkema and Girard, "Computer animation of knowledge-based human grasping", SIGGRAPH 1991). Means and widths are
ours: a relaxed hand, whose nearly parallel fingers are bent by 20 degrees at the knuckle and by 30 and 20 beyond, and the thumb by 10
and 15 at its joints beyond the root.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.hands import FINGERS, HAND_JOINTS, WRISTS, Hands

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

COUPLED = 2 / 3
"""Flexion of the last joint of a finger over that of the middle one."""


FIST = 0.8
"""Flexion of a fist, as a share of the greatest."""


class FingerDof(NamedTuple):
    """One degree of freedom of a finger; angles in degrees."""

    turns: tuple[tuple[int, float], ...]
    """Joints of the finger, 0 to 2, that it turns, and by how much per unit of the angle."""
    spread: bool
    """Turns about the normal of the palm, towards the thumb; else the finger bends."""
    mean: float
    """The angle of a relaxed hand."""
    sigma: float
    """Standard deviation."""
    lower: float
    """Least angle without a penalty."""
    upper: float
    """Greatest angle without a penalty."""


def _finger(spread: float) -> tuple[FingerDof, ...]:
    """The degrees of freedom of a finger that a relaxed hand spreads by some degrees."""
    return (
        FingerDof(((0, 1.0),), False, 20, 30, -25, 90),
        FingerDof(((0, 1.0),), True, spread, 7, -22, 22),
        FingerDof(((1, 1.0), (2, COUPLED)), False, 30, 35, -5, 105),
    )


FINGER_DOFS: dict[str, tuple[FingerDof, ...]] = {
    "index": _finger(3),
    "middle": _finger(0),
    "little": _finger(-9),
    "ring": _finger(-4),
    "thumb": (
        FingerDof(((0, 1.0),), False, 0, 15, -30, 35),
        FingerDof(((0, 1.0),), True, 0, 15, -30, 35),
        FingerDof(((1, 1.0),), False, 10, 15, -10, 55),
        FingerDof(((2, 1.0),), False, 15, 25, -15, 80),
    ),
}
"""Finger → its degrees of freedom, which follow one another in the order of `FINGERS`."""


class HandPrior(NamedTuple):
    """`FINGER_DOFS` as arrays, for both hands of a body: D degrees of freedom, E turns of a joint by one, sorted by joint."""

    finger_first: Ints
    """(6,) degrees of freedom of finger f are finger_first[f]:finger_first[f + 1]."""
    first: Ints
    """(16,) the turns of joint j of a hand are first[j]:first[j + 1]."""
    dof: Ints
    """(E,) degree of freedom of each turn."""
    axis: Floats
    """(2, E, 3) axis-angle vector of each, radians per radian of the degree of freedom, left and right."""
    straight: Floats
    """(2, 15, 3) axis-angle vector of a joint whose degrees of freedom are zero."""
    mean: Floats
    """(D,) radians."""
    sigma: Floats
    """(D,) standard deviation, radians."""
    lower: Floats
    """(D,) radians; below it a penalty begins."""
    upper: Floats
    """(D,) radians; above it a penalty begins."""
    starts: Floats
    """(S, D) radians: hands from which a fit starts, relaxed, straight, a fist."""


def build_hand_prior(joint_template: NDArray[np.floating], hands: Hands) -> HandPrior:
    """Find the axes of the fingers in a body's rest pose, and what straightens them.

    Args:
        joint_template: (24, 3) joints of the body in rest.
        hands: its fingers.
    """
    first, dof, flat = [0], [], []
    finger_first = np.cumsum([0, *(len(FINGER_DOFS[name]) for name in FINGERS)])
    for joint in range(HAND_JOINTS):
        finger, level = divmod(joint, 3)
        for k, entry in enumerate(FINGER_DOFS[FINGERS[finger]]):
            for turned, factor in entry.turns:
                if turned == level:
                    dof.append(int(finger_first[finger]) + k)
                    flat.append((finger, int(entry.spread), factor))
        first.append(len(dof))
    axes, straight = zip(*(_finger_axes(joint_template, hands, hand) for hand in range(2)), strict=True)
    spread = [d.spread for name in FINGERS for d in FINGER_DOFS[name]]
    numbers = np.radians([[d.mean, d.sigma, d.lower, d.upper] for name in FINGERS for d in FINGER_DOFS[name]])
    mean, sigma, lower, upper = (np.ascontiguousarray(numbers[:, i]) for i in range(4))
    return HandPrior(
        finger_first=finger_first.astype(np.int64),
        first=np.array(first, np.int64),
        dof=np.array(dof, np.int64),
        axis=np.array([[factor * own[finger, kind] for finger, kind, factor in flat] for own in axes]),
        straight=np.array(straight),
        mean=mean,
        sigma=sigma,
        lower=lower,
        upper=upper,
        starts=np.stack([mean, np.where(spread, mean, 0), np.where(spread, mean, FIST * upper)]),
    )


def relaxed_hands(prior: HandPrior) -> Floats:
    """Return the pose (30, 3) of relaxed hands."""
    out = prior.straight.copy()
    for joint in range(HAND_JOINTS):
        for turn in range(prior.first[joint], prior.first[joint + 1]):
            out[:, joint] += prior.mean[prior.dof[turn]] * prior.axis[:, turn]
    return out.reshape(-1, 3)


def _finger_axes(joint_template: NDArray[np.floating], hands: Hands, hand: int) -> tuple[Floats, Floats]:
    """Axes (5, 2, 3) about which each finger of a hand bends and spreads, and the vectors (15, 3) that straighten its joints."""
    joints = hands.joint_template[hand * HAND_JOINTS :][:HAND_JOINTS].astype(np.float64).reshape(5, 3, 3)
    tips = joints[:, 2] + hands.tip_offset[hand * 5 :][:5]
    chains = np.concatenate([joints, tips[:, None]], axis=1)
    knuckle = {name: chains[k, 0] for k, name in enumerate(FINGERS)}
    along = _unit(knuckle["middle"] - joint_template[WRISTS[hand]])
    across = knuckle["index"] - knuckle["little"]
    palm = np.cross(along, across) * (-1 if hand else 1)  # the way the palm looks
    palm, across = _unit(palm), _unit(across - (across @ along) * along)
    axes, straight = np.zeros((5, 2, 3)), np.zeros((5, 3, 3))
    for finger, name in enumerate(FINGERS):
        pad = -across if name == "thumb" else palm
        length = _unit(chains[finger, 3] - chains[finger, 0])
        bend = _unit(np.cross(length, pad))
        spread = _unit(np.cross(bend, length))
        spread *= np.sign(np.cross(spread, length) @ (palm if name == "thumb" else across))
        axes[finger] = bend, spread
        bones = np.diff(chains[finger], axis=0)
        if name != "thumb":
            straight[finger, 0] = -_angle(along, bones[0], bend) * bend - _angle(along, length, spread) * spread
        for level in (1, 2):
            straight[finger, level] = -_angle(bones[level - 1], bones[level], bend) * bend
    return axes, straight.reshape(HAND_JOINTS, 3)


def _unit(vector: Floats) -> Floats:
    out: Floats = vector / np.linalg.norm(vector)
    return out


def _angle(start: Floats, end: Floats, axis: Floats) -> float:
    """Angle in radians by which a turn about a unit axis brings one direction to another, as seen along it."""
    return float(np.arctan2(np.cross(start, end) @ axis, start @ end - (start @ axis) * (end @ axis)))
