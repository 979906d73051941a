"""Garment labels of an avatar's pieces, by the names of their materials and meshes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.joints import JOINT_PART, PARTS
from ptx.labels import garment


class Part(IntEnum):
    """Kind of a piece of mesh."""

    UNTOLD = 0
    """Names say nothing."""
    SKIN = 1
    """Bare skin: face, arms or legs by the joints that move it."""
    HAIR = 2
    """Hair, beard, brows and lashes."""
    EYES = 3
    """Eyeballs."""
    FACE = 4
    """Teeth, tongue, head."""
    TOP = 5
    COAT = 6
    DRESS = 7
    TROUSERS = 8
    SKIRT = 9
    SHOES = 10
    ACCESSORY = 11
    """Glasses, hats, gloves, bags."""
    OUTFIT = 12
    """All clothes in one: top, trousers or shoes by the joints that move it."""


WORDS: tuple[tuple[Part, str], ...] = (
    (Part.ACCESSORY, "glass|sunglass|eyeglass|goggle|hat|cap|helmet|headwear|mask|glove|bag|backpack|watch|necklace|scarf|tie|belt"),
    (Part.EYES, "eye|eyeball|cornea|iris|eyel|eyer"),
    (Part.HAIR, "hair|wig|beard|moustache|mustache|brow|eyebrow|lash|eyelash|ponytail|bangs|scalp"),
    (Part.FACE, "head|face|teeth|tooth|tongue|mouth|gum|gland|facemouth|faceeyeline"),
    (Part.SHOES, "shoe|boot|footwear|sneaker|sandal|heel|sock"),
    (Part.DRESS, "dress|gown|onepiece"),
    (Part.SKIRT, "skirt"),
    (Part.COAT, "coat|jacket|blazer|hoodie|cardigan|parka"),
    (Part.TROUSERS, "bottom|pant|trouser|jean|short|legging"),
    (Part.TOP, "top|shirt|tshirt|blouse|sweater|pullover|vest|upper|torso"),
    (Part.OUTFIT, "outfit|cloth|clothe|clothing|costume|uniform|suit|overall"),
    (Part.SKIN, "skin|body|arm|leg|hand|foot|nail"),
)  # fmt: skip
"""Kind → words of names that tell it, in the singular; the first that is met is taken."""

_ARMS, _LEGS = ([PARTS.index(f"{side}_{limb}") for side in ("left", "right")] for limb in ("arm", "leg"))


def part_of(names: Sequence[str]) -> Part:
    """Tell what a piece is by the names of its material, its mesh and its node: by the first that says more than body or outfit."""
    told = [_told(name) for name in names]
    exact = [part for part in told if part not in (Part.UNTOLD, Part.SKIN, Part.OUTFIT)]
    return next(iter([*exact, *(part for part in told if part != Part.UNTOLD)]), Part.UNTOLD)


def _told(name: str) -> Part:
    """Tell what one name says."""
    words = {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}
    words |= {word.removesuffix("es") for word in words} | {word.removesuffix("s") for word in words}
    return next((part for part, known in WORDS if words & set(known.split("|"))), Part.UNTOLD)


def label_faces(part: NDArray[np.int64], joint: NDArray[np.int32]) -> NDArray[np.uint8] | None:
    """Label faces by what they are and what moves them.

    Args:
        part: (F,) of `Part`.
        joint: (F,) joint that moves each face most.

    Returns:
        (F,) labels of `ptx.labels`; None where names leave open what is cloth and what is skin: a piece that they say nothing of, or
        clothes nowhere, since then skin and clothes are one.
    """
    if (part == Part.UNTOLD).any() or not ((part >= Part.TOP) & (part != Part.ACCESSORY)).any():
        return None
    region = np.array(JOINT_PART)[joint]
    on_arms, on_legs = np.isin(region, _ARMS), np.isin(region, _LEGS)
    # Neck and chest are labelled as the face is, and no other skin of the trunk shows.
    skin = np.where(on_arms, garment("arms"), np.where(on_legs, garment("legs"), garment("face")))
    feet = np.isin(joint, [7, 8, 10, 11])
    outfit = np.where(feet, garment("shoes"), np.where(on_legs | (joint == 0), garment("trousers"), garment("top")))
    plain = {
        Part.HAIR: "hair", Part.EYES: "face", Part.FACE: "face", Part.TOP: "top", Part.COAT: "coat", Part.DRESS: "dress",
        Part.TROUSERS: "trousers", Part.SKIRT: "skirt", Part.SHOES: "shoes", Part.ACCESSORY: "accessory",
    }  # fmt: skip
    out = np.where(part == Part.OUTFIT, outfit, skin)
    for kind, name in plain.items():
        out[part == kind] = garment(name)
    return out.astype(np.uint8)
