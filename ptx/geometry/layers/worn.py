"""Which layers somebody wears: imported where bodies are but read, without the geometry."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.quantization import decode_sheets

SKIRT, BACK_HAIR, LEFT_LOCK, RIGHT_LOCK = 1, 2, 3, 4
"""Layers of the skirt, of long hair behind the shoulders, and before the left and the right one; that of the body itself is 0."""

LOCKS = (LEFT_LOCK, RIGHT_LOCK)


class Worn(NamedTuple):
    """How much of each sheet somebody wears: metres from its top to its end on the mean body in rest; 0: nothing."""

    skirt: float = 0.0
    back_hair: float = 0.0
    left_lock: float = 0.0
    right_lock: float = 0.0


NOTHING = Worn()
"""No sheet at all."""


def worn_by_both(first: Worn, second: Worn) -> Worn:
    """What the second wears of the sheets that the first wears too."""
    return Worn(*(b if a > 0 else 0.0 for a, b in zip(first, second, strict=True)))


def stored_sheets(code: NDArray[np.int16]) -> tuple[Worn, NDArray[np.float64]]:
    """Decode what is stored of somebody's sheets (L,): what they wear, and its displacements, metres."""
    values = decode_sheets(code)
    count = len(NOTHING)
    return Worn(*values[:count].tolist()), values[count:]
