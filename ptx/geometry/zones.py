"""Soft zones of any body: where hair grows, the face and its features, hands, feet, arms, trunk; from its rest form and its weights."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import Body
from ptx.geometry.joints import joint
from ptx.geometry.layers.layered_body import LayeredBody
from ptx.geometry.layers.worn import SKIRT

Floats = NDArray[np.float32]

CACHED_BODIES = 4
"""Bodies whose zones are kept."""

ARM_JOINTS = tuple(
    joint(f"{side}_{name}") for side in ("left", "right") for name in ("shoulder", "elbow", "wrist", "hand")
)
"""Joints below a shoulder."""

HAND_JOINTS = tuple(joint(f"{side}_{name}") for side in ("left", "right") for name in ("wrist", "hand"))
FOREARM_JOINTS = tuple(joint(f"{side}_elbow") for side in ("left", "right"))
UPPER_ARM_JOINTS = tuple(joint(f"{side}_shoulder") for side in ("left", "right"))
FOOT_JOINTS = tuple(joint(f"{side}_{name}") for side in ("left", "right") for name in ("ankle", "foot"))
TRUNK_JOINTS = tuple(
    joint(name) for name in ("pelvis", "spine1", "spine2", "spine3", "left_hip", "right_hip", "left_knee", "right_knee")
)
"""Joints of trunk and legs, without feet and shoulders."""

NAPE_HIGHER = 0.035
"""Metres by which it begins higher at its back."""

COLLARS = joint("left_collar"), joint("right_collar")

THROAT, THROAT_ACROSS = (0.015, 0.045), (0.07, 0.09)
"""Metres above the collar bones between which the neck begins, and from the middle between which the shoulders do."""

SHOULDER_JOINTS = tuple(joint(name) for name in ("spine3", "left_collar", "right_collar", "neck"))
"""Joints of the trunk's upper end."""


@dataclass(frozen=True)
class Zones:
    """Shares (V,) 0..1 of the vertices in each zone."""

    head: Floats
    """Head and the neck's upper part."""
    scalp: Floats
    """Where hair grows."""
    face: Floats
    """The head's front below the hairline."""
    features: Floats
    """Brows, eyes, nose and mouth."""
    front: Floats
    """The face from the mouth up to the hairline, without its sides: what a profile shows aslant."""
    hands: Floats
    feet: Floats
    arms: Floats
    """From the shoulders down, with the hands."""
    forearms: Floats
    upper_arms: Floats
    trunk: Floats
    """Trunk and legs, without feet and shoulders."""
    shoulders: Floats
    """The trunk's upper end, from the chest up, and the neck."""
    chest: Floats
    neck: Floats

    @property
    def under_arms(self) -> Floats:
        """What can be under an arm: all that is none."""
        return np.asarray(np.clip((0.65 - self.arms) / 0.3, 0, 1), np.float32)


@lru_cache(maxsize=CACHED_BODIES)
def body_zones(body: Body) -> Zones:
    """Compute the zones of a body, from where its nose, eyes and ears are; a skirt is part of the trunk, long hair of the scalp."""
    if isinstance(body, LayeredBody):
        return _with_sheets(body_zones(body.base), body.layer)
    x, y, z = head_coordinates(body).T

    def share(*joints: int) -> Floats:
        return np.asarray(np.clip(body.weights[:, list(joints)].sum(1), 0, 1), np.float32)

    head = share(joint("head"), joint("neck")) * ramp(y, -0.55, -0.42)
    hairline = -0.13 + 0.81 * ramp(z, 0.34, 0.48)  # behind the ears; from the temples on the forehead's end
    hairline -= 0.17 * ramp(-z, 0.1, 0.6)  # the nape
    scalp = head * ramp(y, hairline - 0.04, hairline + 0.04)
    face = head * (1 - scalp) * ramp(z, 0.23, 0.37)
    features = face * ramp(z, 0.52, 0.70) * ramp(y, -0.36, -0.26) * (1 - ramp(y, 0.52, 0.65))
    return Zones(
        head=head,
        scalp=scalp,
        face=face,
        features=features * (1 - ramp(np.abs(x), 0.56, 0.70)),
        front=face * ramp(z, 0.36, 0.54) * ramp(y, -0.40, -0.28),
        hands=share(*HAND_JOINTS),
        feet=share(*FOOT_JOINTS),
        arms=share(*ARM_JOINTS),
        forearms=share(*FOREARM_JOINTS),
        upper_arms=share(*UPPER_ARM_JOINTS),
        trunk=share(*TRUNK_JOINTS),
        shoulders=share(*SHOULDER_JOINTS),
        chest=share(joint("spine3")),
        neck=share(joint("neck")),
    )


def _with_sheets(zones: Zones, layer: NDArray[np.uint8]) -> Zones:
    """Zones of a body with sheets, of those of the body alone and the layer (V,) of each vertex."""
    sheets = layer[layer > 0]
    shares = {field.name: np.zeros(len(sheets), np.float32) for field in fields(zones)}
    shares["trunk"] = (sheets == SKIRT).astype(np.float32)
    shares["head"] = shares["scalp"] = (sheets > SKIRT).astype(np.float32)
    return Zones(**{name: np.concatenate([getattr(zones, name), share]) for name, share in shares.items()})


@lru_cache(maxsize=CACHED_BODIES)
def throat(body: Body) -> Floats:
    """Share (V,) of the neck, all around, from above the shoulders up to the head."""
    if isinstance(body, LayeredBody):
        return np.concatenate([throat(body.base), np.zeros(len(body.layer) - len(body.base.v_template), np.float32)])
    across, up, forward = (body.v_template - body.joint_template[list(COLLARS)].mean(0)).T
    up = up - NAPE_HIGHER * ramp(-forward, 0, 0.04)
    return ramp(up, *THROAT) * (1 - ramp(np.abs(across), *THROAT_ACROSS)) * (1 - body_zones(body).head)


def head_coordinates(body: Body) -> Floats:
    """Coordinates (V, 3) of the vertices in rest that are alike for all heads.

    x: 0 in the middle, 1 at the left ear; y: 0 at the nose, 1 at the crown; z: 0 at the ears, 1 at the nose's tip.
    """
    nose, _, _, right_ear, left_ear = body.v_template[body.landmarks]
    ears = (left_ear + right_ear) / 2
    crown = body.v_template[body.weights[:, joint("head")] > 0.5, 1].max()
    origin = np.array([ears[0], nose[1], ears[2]], np.float32)
    unit = np.array([(left_ear - right_ear)[0] / 2, crown - nose[1], nose[2] - ears[2]], np.float32)
    return np.asarray((body.v_template - origin) / unit, np.float32)


def ramp(values: Floats, low: Floats | float, high: Floats | float) -> Floats:
    """Bring values to 0..1: 0 up to `low`, 1 from `high` on, linear between."""
    return np.asarray(np.clip((values - low) / (np.asarray(high, np.float32) - low), 0, 1), np.float32)
