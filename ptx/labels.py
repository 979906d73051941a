"""Labels of garment parsing maps, and how the field's own label sets translate. The only place that says them."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

GARMENTS = (
    "background", "hair", "face", "top", "coat", "dress", "trousers", "skirt", "shoes", "arms", "legs", "accessory",
)  # fmt: skip
"""Labels 0..11; face includes the neck, arms and legs are bare skin."""

CLOTHES = ("top", "coat", "dress", "trousers", "skirt", "shoes")
"""Labels that are worn."""

LabelSet = Literal["ptx", "lip", "atr", "deepfashion"]

LABEL_SETS: dict[str, tuple[str, ...]] = {
    "ptx": GARMENTS,
    # LIP (Gong et al., CVPR 2017), 20 labels: background, hat, hair, glove, sunglasses, upper clothes, dress, coat, socks,
    # trousers, jumpsuit, scarf, skirt, face, left and right arm, left and right leg, left and right shoe.
    "lip": (
        "background", "accessory", "hair", "accessory", "accessory", "top", "dress", "coat", "accessory", "trousers", "dress",
        "accessory", "skirt", "face", "arms", "arms", "legs", "legs", "shoes", "shoes",
    ),
    # ATR (Liang et al., 2015), 18: background, hat, hair, sunglasses, upper clothes, skirt, trousers, dress, belt, left and right
    # shoe, face, left and right leg, left and right arm, bag, scarf.
    "atr": (
        "background", "accessory", "hair", "accessory", "top", "skirt", "trousers", "dress", "accessory", "shoes", "shoes", "face",
        "legs", "legs", "arms", "arms", "accessory", "accessory",
    ),
    # DeepFashion's own maps (DeepFashion-MultiModal, Jiang et al., SIGGRAPH 2022), 24: background, top, outer wear, skirt, dress,
    # trousers, leggings, headwear, glasses, neckwear, belt, footwear, bag, hair, face, skin, ring, on the wrist, socks, gloves,
    # necklace, rompers, earrings, tie. Skin of arms and legs is one label there, which is counted to the arms.
    "deepfashion": (
        "background", "top", "coat", "skirt", "dress", "trousers", "trousers", "accessory", "accessory", "accessory", "accessory",
        "shoes", "accessory", "hair", "face", "arms", "accessory", "accessory", "accessory", "accessory", "accessory", "dress",
        "accessory", "accessory",
    ),
}  # fmt: skip
"""Label set → our name of each of its labels, by number."""


def garment(name: str) -> int:
    """Label of a garment by name."""
    return GARMENTS.index(name)


def translate(labels: NDArray[np.integer], label_set: LabelSet) -> NDArray[np.uint8]:
    """Labels of another set, any shape, as ours.

    Raises:
        ValueError: "bad_labels: ...", a number that the set does not have.
    """
    table = np.array([garment(name) for name in LABEL_SETS[label_set]], np.uint8)
    if labels.size and (labels.max() >= len(table) or labels.min() < 0):
        raise ValueError(
            f"bad_labels: label {int(labels.max())} in a map of {label_set}, which has 0 to {len(table) - 1}"
        )
    return table[labels]
