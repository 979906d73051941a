"""Label sets of public data sets, and their translation to the labels of ptx."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ptx.labels import GARMENTS, garment
from ptx.pipeline.errors import BadSample

LabelSet = Literal["ptx", "lip", "atr", "deepfashion"]
"""Name of a label set: ours, or that of a public data set."""

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
"""Label set → our name of each of its labels, in the order of their numbers."""


def translate(labels: NDArray[np.integer], label_set: LabelSet) -> NDArray[np.uint8]:
    """Translate labels of another set, of any shape, to ours.

    Raises:
        BadSample: `bad_labels`, a number that the set does not have.
    """
    table = np.array([garment(name) for name in LABEL_SETS[label_set]], np.uint8)
    if labels.size and (labels.max() >= len(table) or labels.min() < 0):
        raise BadSample(
            "bad_labels", f"label {int(labels.max())} in a map of {label_set}, which has 0 to {len(table) - 1}"
        )
    return np.asarray(table[labels], np.uint8)
