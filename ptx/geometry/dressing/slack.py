"""A skirt in another pose. Skinned to the thighs a tube closes and opens as trousers do; cloth hangs from the hips and has slack: it goes
with legs in part as long as they have room in it, and all the way where they push it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.joints import joint
from ptx.geometry.layers.layered_body import LayeredBody
from ptx.geometry.layers.sheet import smoothstep
from ptx.geometry.layers.skirt import lying
from ptx.geometry.skinning import joint_transforms
from ptx.geometry.viewpoint import FittedBody

Floats = NDArray[np.float64]

SHARE = 0.6
"""Share of a leg's turn against the pelvis that a skirt follows which has room for it. Of cloth that hung by physics (four
lengths, straight to wide) .4 and .6 were alike."""

ROOM, TAUT = np.radians(15.0), np.radians(35.0)
"""Angle of a thigh with the pelvis up to which there is room, and from which there is none, radians: a knee that is farther is beyond the
cloth of a straight skirt."""

SIDES = tuple([joint(f"{side}_{name}") for name in ("hip", "knee", "ankle", "foot")] for side in ("left", "right"))
"""Joints of either leg."""


def with_slack(before: FittedBody, after: FittedBody) -> FittedBody:
    """Hang the skirt of somebody who has come to another pose as cloth with slack hangs there.

    Args:
        before: the person.
        after: the same, in the same clothes, in another pose.

    Returns:
        The person in the other pose, the skirt's displacements changed; who wears none is returned as they are.
    """
    body = after.body
    if not isinstance(body, LayeredBody) or after.offset is None or not _wears_skirt(body, after):
        return after
    tube = slice(body.first(0), body.first(1))
    stiff, loose = ([_skinning(body, person, slack=slack) for person in (before, after)] for slack in (False, True))
    cloth = loose[0].to_rest(before.vertices[tube].astype(np.float64))
    moved = stiff[1].to_rest(loose[1].to_pose(cloth)) - stiff[0].to_rest(before.vertices[tube].astype(np.float64))
    offset = after.offset.copy()
    offset[tube] += moved.astype(np.float32)
    return replace(after, offset=offset)


def _wears_skirt(body: LayeredBody, person: FittedBody) -> bool:
    """Whether any face of the tube is drawn."""
    first = len(body.base.faces)
    return bool(person.faces[first : first + len(body.sheets[0].face_rows)].any())


class _Skinning(NamedTuple):
    """Affine maps of a skirt's V vertices from rest to a pose."""

    turn: Floats
    """(V, 3, 3)."""
    shift: Floats
    """(V, 3) metres."""

    def to_pose(self, points: Floats) -> Floats:
        """Pose points (V, 3) in rest, metres."""
        return np.asarray(np.einsum("vab,vb->va", self.turn, points) + self.shift, np.float64)

    def to_rest(self, points: Floats) -> Floats:
        """Bring posed points (V, 3) back to rest, metres."""
        return np.asarray(np.linalg.solve(self.turn, (points - self.shift)[..., None])[..., 0], np.float64)


def _skinning(body: LayeredBody, person: FittedBody, *, slack: bool) -> _Skinning:
    """Compute the maps of somebody's skirt: as the tube is skinned, or as cloth with slack hangs."""
    both = np.stack([person.pose, np.zeros_like(person.pose)])
    (turns, _), (joints, rest) = (part.astype(np.float64) for part in joint_transforms(body, both, person.betas))
    weights = _slack_weights(body, turns) if slack else body.sheets[0].weights
    flat = weights.reshape(-1, weights.shape[-1])
    return _Skinning(np.einsum("vj,jab->vab", flat, turns), flat @ (joints - np.einsum("jab,jb->ja", turns, rest)))


def _slack_weights(body: LayeredBody, turns: Floats) -> Floats:
    """Skinning weights (R, C, 24) of a skirt in a pose of joint rotations (24, 3, 3): the pelvis has what is not followed."""
    pelvis, sheet = joint("pelvis"), body.sheets[0]
    out = sheet.weights.copy()
    free = 1 - lying(sheet.down)[:, None, None]
    for side in SIDES:
        turned = np.arccos(np.clip(turns[pelvis, :, 1] @ turns[side[0], :, 1], -1, 1))
        share = SHARE + (1 - SHARE) * float(smoothstep(np.asarray((turned - ROOM) / (TAUT - ROOM))))
        lost = (1 - share) * free * sheet.weights[..., side]
        out[..., side] -= lost
        out[..., pelvis] += lost.sum(axis=2)
    return out
