"""Gestures and framings of fashion photographs: hands in pockets, on hips, crossed arms; pictures that end at eyes, thighs or knees."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.people.poses import Arm, about_x, about_z, turn_arm
from ptx.geometry.body import Body
from ptx.geometry.joints import joint
from ptx.geometry.rotation import axis_angles, rotation_matrices

Floats = NDArray[np.float32]


class Gesture(NamedTuple):
    """How an arm is held, and its hand."""

    arm: Arm
    """Angles of shoulder and elbow."""
    raised: float
    """Degrees by which the hand is turned up at the wrist."""
    rolled: float
    """Degrees by which it is turned about the forearm."""


POCKET = Gesture(Arm(52, -2, 81, 67), 12, 2)
HIP = Gesture(Arm(52, -16, 56, 88), 20, -2)
CROSSED = Gesture(Arm(84, 10, 66, 103), -17, -1)
CROSSED_OVER = Gesture(Arm(82, 17, 66, 100), -12, -1)
CLASPED = Gesture(Arm(80, 8, 69, 50), -8, 10)
BEHIND = Gesture(Arm(80, -25, 84, 56), -2, -7)
CHIN = Gesture(Arm(80, 48, 47, 130), 16, 12)
HAIR = Gesture(Arm(50, 142, 41, 124), -40, 1)
"""Gestures whose hands are where their names say, found by search on the mean body."""

GESTURES: tuple[tuple[Gesture | None, Gesture | None, float], ...] = (
    (POCKET, None, 2.5),
    (POCKET, POCKET, 2.0),
    (HIP, None, 1.5),
    (HIP, HIP, 1.5),
    (HIP, POCKET, 0.7),
    (CROSSED, CROSSED_OVER, 1.6),
    (CLASPED, CLASPED, 1.2),
    (BEHIND, BEHIND, 1.0),
    (CHIN, CROSSED, 0.4),
    (HAIR, None, 0.6),
    (HAIR, HIP, 0.4),
)
"""Gestures of one arm and of the other, each as often the left; None: as the pose has it; and their relative frequency."""

GESTURED = 0.45
"""Probability of one of these."""

GESTURE_SPREAD = 3.0
"""Standard deviation of what is added to each of their angles, degrees."""

POCKET_AT = (0.2, -0.03, 0.06)
"""Where a hand is that is in the left pocket, metres in the frame of the pelvis."""

IN_POCKET = 0.075
"""Metres from there within which it is in the pocket."""

POCKET_DEPTH = 0.09
"""Metres by which a hand in a pocket lies deeper than one before it."""

CROPS: tuple[tuple[tuple[float, float], tuple[float, float], float], ...] = (
    ((-0.02, -0.01), (-0.5, -0.25), 3.0),  # the whole head to thighs or knees
    ((0.09, 0.13), (-0.5, -0.2), 2.0),  # eyes to thighs
    ((0.09, 0.16), (-1.0, -0.95), 2.0),  # eyes or chin to feet
    ((0.3, 0.55), (-1.0, -0.95), 1.0),  # chest to feet
)
"""Least and most metres below the crown where a picture begins, least and most above the pelvis where it ends, relative frequency."""


def gesticulate(pose: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Let the arms of a pose (24, 3) make a gesture of `GESTURES`."""
    weights = np.array([weight for _, _, weight in GESTURES])
    first, second, _ = GESTURES[rng.choice(len(GESTURES), p=weights / weights.sum())]
    out, rotations = pose.copy(), rotation_matrices(pose).astype(np.float64)
    sides = [("left", 1), ("right", -1)]
    if rng.random() < 0.5:
        sides.reverse()
    for (side, sign), gesture in zip(sides, (first, second), strict=True):
        if gesture is None:
            continue
        turn_arm(rotations, side, sign, gesture.arm, rng, GESTURE_SPREAD)
        rotations[joint(f"{side}_wrist")] = about_z(sign * gesture.raised) @ about_x(gesture.rolled)
        moved = [joint(f"{side}_{part}") for part in ("collar", "shoulder", "elbow", "wrist")]
        out[moved] = axis_angles(rotations[moved])
    return out


def pocket_hands(body: Body, vertices: Floats, rotations: Floats, joints: Floats) -> None:
    """Put hands that are at a pocket into it, in place: towards the middle of the hips, under the cloth.

    Args:
        body: the bare one.
        vertices: (V, 3) of the dressed one, the bare one's first.
        rotations: (24, 3, 3) of the joints.
        joints: (24, 3) their positions.
    """
    for side, sign in (("left", 1), ("right", -1)):
        wrist, hand = joints[joint(f"{side}_wrist")], joints[joint(f"{side}_hand")]
        pocket = joints[0] + rotations[0] @ np.array([sign * POCKET_AT[0], *POCKET_AT[1:]], np.float32)
        if np.linalg.norm(hand - pocket) > IN_POCKET:
            continue
        own = _hand(body, side)
        inwards = joints[joint(f"{side}_hip")] - hand
        inwards /= np.linalg.norm(inwards)
        share = np.clip(np.linalg.norm(vertices[own] - wrist, axis=1) / 0.08 - 0.15, 0, 1)
        vertices[own] += np.float32(POCKET_DEPTH) * share[:, None] * inwards


@lru_cache(maxsize=4)
def _hand(body: Body, side: str) -> NDArray[np.intp]:
    """List the vertices of a hand."""
    joints = [joint(f"{side}_{part}") for part in ("wrist", "hand")]
    return np.flatnonzero(body.weights[:, joints].sum(1) > 0.5)


def sample_crop(vertices: Floats, size: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Sample a camera (3,) whose picture of `size` begins or ends within the body, of whom trunk and legs are (V, 3), as `CROPS` says."""
    weights = np.array([weight for _, _, weight in CROPS])
    begins, ends, _ = CROPS[rng.choice(len(CROPS), p=weights / weights.sum())]
    high = float(vertices[:, 1].max()) - float(rng.uniform(*begins))
    low = max(float(rng.uniform(*ends)), float(vertices[:, 1].min()) - 0.03)
    height, width = size
    shown = vertices[(vertices[:, 1] > low) & (vertices[:, 1] < high), 0]
    scale = min(height / max(high - low, 0.3), width / max(float(np.ptp(shown)), 0.2))
    x = (width - 1) / 2 - scale * (shown.min() + shown.max()) / 2 + rng.uniform(-0.06, 0.06) * width
    return np.array([scale, x, scale * high - 0.5], np.float32)
