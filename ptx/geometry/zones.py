"""Regions of a body's surface, by its form in rest: where hair grows, the face, hands, arms, legs.

Heights on the head are told in the distance from the eyes to the chin, depths in that from the ears to the tip of the nose, so that they
hold for any body in SMPL's format.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import Body
from ptx.geometry.detected_landmarks import LANDMARKS, attach_landmarks
from ptx.geometry.joints import joint

Floats = NDArray[np.float64]

ARM = ("shoulder", "elbow", "wrist", "hand")
"""Joints, of either side, whose skin is the arm's."""

HAND = ("wrist", "hand")
"""Joints whose skin is the hand's."""

LEG = ("hip", "knee", "ankle", "foot")
"""Joints whose skin is the leg's."""

NAPE, HAIRLINE = -0.57, 0.56
"""Heights, over the eyes, above which hair grows: behind the ears, and on the forehead."""

TEMPLES = (0.34, 0.48)
"""Depths between which the hair's border rises from the one to the other."""

HAIR_BORDER = 0.054
"""Half the breadth of the hair's border."""

THROAT = (-1.15, -0.97)
"""Heights over the eyes between which the head begins."""

FACE_FRONT = (0.41, 0.63)
"""Depths between which the face begins."""

FOREHEAD = (0.38, 0.65)
"""Heights over the eyes between which it ends."""


class Zones(NamedTuple):
    """Soft masks (V,) 0 to 1."""

    scalp: Floats
    """Where hair grows."""
    face: Floats
    """The face's front, from the chin to the forehead."""
    hands: Floats
    arms: Floats
    """Arms, hands among them."""
    legs: Floats
    """Legs, feet among them."""


@lru_cache(maxsize=8)
def zones(body: Body) -> Zones:
    """Find the regions of a body."""
    _, y, z = body.v_template.astype(np.float64).T
    eyes, chin = _height(body, "left_eye_centre"), _height(body, "chin")
    ear, nose = (float(body.v_template[body.landmarks[k], 2]) for k in (3, 0))
    up, forwards = (y - eyes) / (eyes - chin), (z - ear) / (nose - ear)
    weight = {name: body.weights[:, joint(name)].astype(np.float64) for name in ("head", "neck")}
    head = np.clip(weight["head"] + weight["neck"], 0, 1) * ramp(up, *THROAT)
    border = NAPE + ramp(forwards, *TEMPLES) * (HAIRLINE - NAPE)
    return Zones(
        scalp=head * ramp(up, border - HAIR_BORDER, border + HAIR_BORDER),
        face=ramp(forwards, *FACE_FRONT) * (weight["head"] > 0.5) * ramp(up, *FOREHEAD[::-1]),
        hands=limbs(body, HAND),
        arms=limbs(body, ARM),
        legs=limbs(body, LEG),
    )


def ramp(values: Floats, start: float | Floats, end: float | Floats) -> Floats:
    """Return 0 up to `start`, 1 from `end`, linear between; `end` may be the smaller one."""
    return np.asarray(np.clip((values - start) / (np.asarray(end) - start), 0, 1), np.float64)


def limbs(body: Body, names: tuple[str, ...]) -> Floats:
    """Sum the skinning weights (V,) of joints of both sides."""
    columns = [joint(f"{side}_{name}") for side in ("left", "right") for name in names]
    return np.asarray(np.clip(body.weights[:, columns].sum(axis=1), 0, 1), np.float64)


def _height(body: Body, landmark: str) -> float:
    """Height of a landmark in rest, metres."""
    points, row = attach_landmarks(body), LANDMARKS.index(landmark)
    return float(body.joint_template[points.joints[row], 1] + points.offset[row, 1])
