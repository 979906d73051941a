"""Find SMPL's joints in another skeleton: by the names of its ends, and by what hangs on what."""

from __future__ import annotations

import re

import numpy as np

from ptx.avatar.bvh import END, Bvh
from ptx.pipeline.errors import PtxError

SIDES = {"left": "left", "l": "left", "right": "right", "r": "right"}
"""Word of a joint's name → side of the body."""

ENDS = {"hand": ("wrist", "hand"), "foot": ("ankle", "foot"), "head": ("head",)}
"""End of a limb → words for the joint there, the surer one first. The joints above are its parents, whatever their names."""

LEFT_OUT = {"twist", "roll", "helper", "leaf"}
"""Words of joints that bodies do not have; those above and below are neighbours."""


def find_joints(bvh: Bvh) -> dict[str, int]:
    """Find SMPL's joints in CMU's, Mixamo's, Rokoko's, LAFAN1's, SFU's, Xsens' skeletons and the like.

    Returns:
        SMPL's name → number of the joint; `spine3` is the one that arms hang on. Other joints of the spine are not told apart; collars
        and toes (`left_foot`) may be missing.

    Raises:
        PtxError: a hand, a foot or the head has no name that is known, or too few joints lie above it; names no file.
    """
    head = _end(bvh, "", "head")
    trunk = _body_joints(bvh, head)
    found = {"head": head}
    for side in ("left", "right"):
        foot, hand = _end(bvh, side, "foot"), _end(bvh, side, "hand")
        leg = [number for number in _body_joints(bvh, foot) if number not in trunk]
        arm = [number for number in _body_joints(bvh, hand) if number not in trunk]
        if len(leg) < 2 or len(arm) < 2:
            raise PtxError(f"its {side} {'leg' if len(leg) < 2 else 'arm'} has too few joints")
        found |= {f"{side}_ankle": foot, f"{side}_knee": leg[0], f"{side}_hip": leg[1]}
        found |= {f"{side}_wrist": hand, f"{side}_elbow": arm[0], f"{side}_shoulder": arm[1]}
        if len(arm) > 2:
            found[f"{side}_collar"] = arm[2]
        toes = [child for child, parent in enumerate(bvh.parents) if parent == foot and np.any(bvh.offsets[child])]
        if toes:
            found[f"{side}_foot"] = toes[0]
    pelvis, chest = _fork(bvh, trunk, found, "hip"), _fork(bvh, trunk, found, "shoulder")
    if trunk.index(chest) >= trunk.index(pelvis):
        raise PtxError("its arms do not hang on a spine above its legs")
    between = trunk[: trunk.index(chest)]
    return found | {"pelvis": pelvis, "spine3": chest, "neck": between[-1] if between else head}


def _end(bvh: Bvh, side: str, limb: str) -> int:
    """Return the joint that a limb ends in, by its surest name."""
    for word in ENDS[limb]:
        for number, name in enumerate(bvh.names):
            if not name.endswith(END) and _described(name) == (side, word):
                return number
    wanted = " or ".join(f"{side.capitalize()}{word.capitalize()}" for word in ENDS[limb])
    raise PtxError(f"it has no joint named like {wanted}")


def _described(name: str) -> tuple[str, str]:
    """Return side and last word of a joint's name: `mixamorig:LeftHand`, `hand_l`, `lHand`, `Bip01 L Hand`, `lhand` are left, hand."""
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name.split(":")[-1])]
    if len(words) == 1 and words[0][:1] in SIDES and any(words[0][1:] in ends for ends in ENDS.values()):
        words = [words[0][0], words[0][1:]]
    others = [word for word in words if word not in SIDES]
    return next((SIDES[word] for word in words if word in SIDES), ""), others[-1] if others else ""


def _body_joints(bvh: Bvh, joint: int) -> list[int]:
    """Return the joints from the parent of one up to the root that bodies have."""
    return [
        number for number in bvh.above(joint) if not LEFT_OUT & set(re.findall("[a-z]+", bvh.names[number].lower()))
    ]


def _fork(bvh: Bvh, trunk: list[int], found: dict[str, int], limb: str) -> int:
    """Return the lowest joint of the trunk that a pair of limbs hangs on."""
    forks = [
        next(number for number in bvh.above(found[f"{side}_{limb}"]) if number in trunk) for side in ("left", "right")
    ]
    return max(forks, key=trunk.index)
